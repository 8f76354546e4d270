/* conf_value.c - numbers, sizes, times, addresses. */
#include "gateway/conf_value.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/un.h>

#include "http/uri.h"

#define TIME_MAX_MS (366ull * 86400 * 1000)
#define SIZE_MAX_BYTES (1ull << 50)

struct unit {
	const char *text;
	uint64_t factor;
};

bool conf_value_number(struct bj_bytes text, uint64_t *out)
{
	return http_decimal(text, out);
}

/* Digits and one of the units; the result is at most `max`. */
static bool with_unit(struct bj_bytes text, const struct unit *units, size_t count, uint64_t max, uint64_t *out)
{
	size_t digits = 0;
	uint64_t value;

	while (digits < text.len && text.ptr[digits] >= '0' && text.ptr[digits] <= '9')
		digits++;
	if (!http_decimal(bytes_of(text.ptr, digits), &value))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!bytes_equal(bytes_of(text.ptr + digits, text.len - digits), bytes_text(units[i].text)))
			continue;
		if (value > max / units[i].factor)
			return false;
		*out = value * units[i].factor;
		return true;
	}
	return false;
}

bool conf_value_size(struct bj_bytes text, uint64_t *out)
{
	static const struct unit units[] = { { "", 1 }, { "k", 1024 }, { "m", 1024 * 1024 }, { "g", 1024 * 1024 * 1024 } };

	return with_unit(text, units, ARRAY_COUNT(units), SIZE_MAX_BYTES, out);
}

bool conf_value_time(struct bj_bytes text, uint64_t *out_ms)
{
	static const struct unit units[] = { { "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 }, { "d", 86400000 } };

	return with_unit(text, units, ARRAY_COUNT(units), TIME_MAX_MS, out_ms);
}

bool conf_value_percent(struct bj_bytes text, uint64_t *out)
{
	static const struct unit units[] = { { "%", 1 } };

	return with_unit(text, units, ARRAY_COUNT(units), 100, out);
}

bool conf_value_rate(struct bj_bytes text, uint64_t *out_per_min)
{
	static const struct unit units[] = { { "/s", 60 }, { "/m", 1 } };
	uint64_t per_min;

	if (!with_unit(text, units, ARRAY_COUNT(units), CONF_RATE_MAX, &per_min) || per_min == 0)
		return false;
	*out_per_min = per_min;
	return true;
}

/* An IP address alone, as text with a final zero for the system's parser. */
static bool ip_parse(struct bj_bytes text, struct conf_network *out)
{
	char copy[INET6_ADDRSTRLEN + 1];

	if (text.len == 0 || text.len >= sizeof(copy))
		return false;
	memcpy(copy, text.ptr, text.len);
	copy[text.len] = 0;
	*out = (struct conf_network){ .family_len = 4 };
	if (inet_pton(AF_INET, copy, out->bytes) == 1)
		return true;
	out->family_len = 16;
	return inet_pton(AF_INET6, copy, out->bytes) == 1;
}

/* IPv4 inside IPv6 is compared as IPv4, so its networks are those of IPv4. */
static void unmap(struct conf_network *network)
{
	static const uint8_t mapped[12] = { [10] = 0xff, 0xff };

	if (network->family_len != 16 || network->prefix_bits < 96 || memcmp(network->bytes, mapped, sizeof(mapped)) != 0)
		return;
	memmove(network->bytes, network->bytes + sizeof(mapped), 4);
	memset(network->bytes + 4, 0, 12);
	network->family_len = 4;
	network->prefix_bits = (uint8_t)(network->prefix_bits - 96);
}

bool conf_value_network(struct bj_bytes text, struct conf_network *out)
{
	const uint8_t *slash = text.len > 0 ? memchr(text.ptr, '/', text.len) : NULL;
	size_t ip_len = slash ? (size_t)(slash - text.ptr) : text.len;
	struct conf_network network;
	uint64_t bits;

	if (!ip_parse(bytes_of(text.ptr, ip_len), &network))
		return false;
	bits = network.family_len * 8u;
	if (slash && (!http_decimal(bytes_of(slash + 1, text.len - ip_len - 1), &bits) || bits > network.family_len * 8u))
		return false;
	for (size_t i = bits; i < network.family_len * 8u; i++)
		if (network.bytes[i / 8] >> (7 - i % 8) & 1)
			return false;
	network.prefix_bits = (uint8_t)bits;
	unmap(&network);
	*out = network;
	return true;
}

/* Cuts "...:PORT" at its last colon. */
static bool cut_port(struct bj_bytes text, struct bj_bytes *out_host, uint16_t *out_port)
{
	size_t colon = text.len;
	uint64_t port;

	while (colon > 0 && text.ptr[colon - 1] != ':')
		colon--;
	if (colon == 0 || text.len - colon > 5 || !http_decimal(bytes_of(text.ptr + colon, text.len - colon), &port) || port == 0 ||
	    port > UINT16_MAX)
		return false;
	*out_host = bytes_of(text.ptr, colon - 1);
	*out_port = (uint16_t)port;
	return true;
}

static void address_make(const struct conf_network *ip, uint16_t port, struct conf_address *out)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

	memset(&out->sockaddr, 0, sizeof(out->sockaddr));
	if (ip->family_len == 4) {
		memcpy(&v4.sin_addr, ip->bytes, 4);
		memcpy(&out->sockaddr, &v4, sizeof(v4));
		out->len = sizeof(v4);
	} else {
		memcpy(&v6.sin6_addr, ip->bytes, 16);
		memcpy(&out->sockaddr, &v6, sizeof(v6));
		out->len = sizeof(v6);
	}
}

bool conf_value_address(struct bj_bytes text, struct conf_address *out)
{
	struct conf_network ip = { .family_len = 16 }; /* ":PORT" is the unspecified IPv6 address */
	struct bj_bytes host;
	uint16_t port;

	if (!cut_port(text, &host, &port))
		return false;
	if (host.len >= 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']') {
		if (!ip_parse(bytes_of(host.ptr + 1, host.len - 2), &ip) || ip.family_len != 16)
			return false;
	} else if (host.len > 0 && (!ip_parse(host, &ip) || ip.family_len != 4)) {
		return false;
	}
	address_make(&ip, port, out);
	return true;
}

bool conf_value_unix(struct bj_bytes text, struct conf_address *out)
{
	static const char prefix[] = "unix:";
	const size_t skip = sizeof(prefix) - 1;
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	size_t len = text.len > skip ? text.len - skip : 0;

	if (len < 2 || len >= sizeof(un.sun_path) || memcmp(text.ptr, prefix, skip) != 0 || text.ptr[skip] != '/' ||
	    memchr(text.ptr, 0, text.len))
		return false;
	memcpy(un.sun_path, text.ptr + skip, len);
	memset(&out->sockaddr, 0, sizeof(out->sockaddr));
	memcpy(&out->sockaddr, &un, sizeof(un));
	out->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + 1);
	return true;
}

bool conf_value_name_port(struct bj_bytes text, struct bj_bytes *out_name, uint16_t *out_port)
{
	struct bj_bytes host;
	uint16_t port;

	if (!cut_port(text, &host, &port) || host.len == 0 || host.ptr[0] == '[' || !conf_value_host(host, false))
		return false;
	*out_name = host;
	*out_port = port;
	return true;
}

bool conf_value_name(struct bj_bytes text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!http_char_is(text.ptr[i], HTTP_HOST))
			return false;
	return text.len > 0 && text.len <= CONF_NAME_MAX;
}

bool conf_value_host(struct bj_bytes text, bool wildcard)
{
	uint64_t arena[(HTTP_HOST_MAX + 64) / 8];
	struct http_fields fields;
	struct http_authority authority;

	if (wildcard && text.len > 2 && text.ptr[0] == '*' && text.ptr[1] == '.')
		text = bytes_of(text.ptr + 2, text.len - 2);
	http_fields_init(&fields, arena, sizeof(arena), 1);
	return uri_authority_parse(&fields, text, &authority) == BJ_OK && authority.port == 0 && authority.host.len == text.len;
}
