/* general_name.c - GeneralName, and the text of IP addresses. */
#include "x509/general_name.h"

#include "base/hex.h"
#include "x509/der.h"
#include "x509/name.h"

static bool is_ascii(struct bj_bytes text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] >= 0x80)
			return false;
	return true;
}

struct general_name gn_read(struct reader *r)
{
	struct der_item item = der_any(r);
	struct general_name name = { (enum gn_kind)(item.tag & 0x1f), item.content };
	struct reader inner = rd_of(item.content);
	bool constructed = item.tag & 0x20, good = (item.tag & 0xc0) == 0x80;

	switch (name.kind) {
	case GN_EMAIL:
	case GN_DNS:
	case GN_URI:
		good = good && !constructed && is_ascii(item.content);
		break;
	case GN_IP:
		good = good && !constructed;
		break;
	case GN_REGISTERED_ID:
		good = good && !constructed && item.content.len > 0;
		break;
	case GN_DIRECTORY:
		good = good && constructed && name_is_valid(item.content);
		break;
	case GN_OTHER:
		der_oid(&inner);
		der_take(&inner, DER_CONTEXT_CONSTRUCTED(0));
		good = good && constructed && rd_end(&inner) && der_is_well_formed(item.content);
		break;
	case GN_X400:
	case GN_EDI:
		good = good && constructed && der_is_well_formed(item.content);
		break;
	default:
		good = false;
	}
	if (!good)
		rd_fail(r);
	return name;
}

bool gn_list_is_valid(struct bj_bytes list)
{
	struct reader r = rd_of(list);
	size_t count = 0;

	while (rd_more(&r)) {
		gn_read(&r);
		count++;
	}
	return rd_end(&r) && count > 0 && count <= GENERAL_NAMES_MAX;
}

/* ---- addresses */

static size_t ip4_parse(struct bj_bytes text, uint8_t out[4])
{
	size_t at = 0;

	for (size_t part = 0; part < 4; part++) {
		unsigned value = 0;
		size_t digits = 0;

		if (part > 0 && (at == text.len || text.ptr[at++] != '.'))
			return 0;
		while (at < text.len && text.ptr[at] >= '0' && text.ptr[at] <= '9' && digits < 4) {
			value = value * 10 + (text.ptr[at++] - '0');
			digits++;
		}
		if (digits == 0 || value > 255 || (digits > 1 && text.ptr[at - digits] == '0'))
			return 0; /* leading zeros would read as octal elsewhere */
		out[part] = (uint8_t)value;
	}
	return at == text.len ? 4 : 0;
}

static size_t ip6_parse(struct bj_bytes text, uint8_t out[16])
{
	uint8_t bytes[16] = { 0 };
	size_t len = 0, at = 0, gap = SIZE_MAX;

	if (text.len >= 2 && text.ptr[0] == ':' && text.ptr[1] == ':') {
		gap = 0;
		at = 2;
	}
	while (at < text.len) {
		unsigned value = 0;
		size_t start = at;

		if (len == 16)
			return 0;
		while (at < text.len && at - start < 4 && hex_digit((char)text.ptr[at]) >= 0)
			value = value << 4 | (unsigned)hex_digit((char)text.ptr[at++]);
		if (at < text.len && text.ptr[at] == '.') {
			if (len > 12 || ip4_parse(bytes_of(text.ptr + start, text.len - start), bytes + len) == 0)
				return 0;
			len += 4;
			at = text.len;
			break;
		}
		if (at == start)
			return 0;
		bytes[len++] = (uint8_t)(value >> 8);
		bytes[len++] = (uint8_t)value;
		if (at == text.len)
			break;
		if (text.ptr[at++] != ':' || at == text.len)
			return 0;
		if (text.ptr[at] == ':') {
			if (gap != SIZE_MAX)
				return 0;
			gap = len;
			at++;
		}
	}
	if (gap == SIZE_MAX ? len != 16 : len > 14)
		return 0;
	if (gap != SIZE_MAX) {
		memmove(bytes + 16 - (len - gap), bytes + gap, len - gap);
		memset(bytes + gap, 0, 16 - len);
	}
	memcpy(out, bytes, 16);
	return 16;
}

size_t ip_parse(struct bj_bytes text, uint8_t out[16])
{
	if (text.len > 45) /* the longest spelling */
		return 0;
	if (text.len > 0 && memchr(text.ptr, ':', text.len))
		return ip6_parse(text, out);
	return ip4_parse(text, out);
}

static void ip6_text(const uint8_t *a, struct text *out)
{
	size_t best = 8, best_len = 1; /* the first longest run of at least two zero groups */

	for (size_t i = 0; i < 8; i++) {
		size_t run = 0;

		while (i + run < 8 && a[2 * (i + run)] == 0 && a[2 * (i + run) + 1] == 0)
			run++;
		if (run > best_len) {
			best = i;
			best_len = run;
		}
	}
	for (size_t i = 0; i < 8; i++) {
		uint8_t group[2] = { a[2 * i], a[2 * i + 1] };
		char digits[5];
		const char *p = digits;

		if (i == best) {
			text_str(out, "::");
			i += best_len - 1;
			continue;
		}
		if (i > 0 && i != best + best_len)
			text_char(out, ':');
		hex_encode(group, 2, digits);
		while (p[0] == '0' && p[1] != 0)
			p++;
		text_str(out, p);
	}
}

void ip_text(struct bj_bytes address, struct text *out)
{
	if (address.len == 16) {
		ip6_text(address.ptr, out);
		return;
	}
	if (address.len != 4) {
		text_char(out, '#');
		text_hex(out, address, 0);
		return;
	}
	for (size_t i = 0; i < 4; i++) {
		if (i > 0)
			text_char(out, '.');
		text_number(out, address.ptr[i]);
	}
}

void gn_text(const struct general_name *name, struct text *out)
{
	static const char *const labels[] = { "other:", "email:", "DNS:", "X400:", "DN:", "EDI:", "URI:", "IP:", "RID:" };

	text_str(out, labels[name->kind]);
	switch (name->kind) {
	case GN_EMAIL:
	case GN_DNS:
	case GN_URI:
		text_safe(out, name->value, ",");
		break;
	case GN_IP:
		ip_text(name->value, out);
		break;
	case GN_DIRECTORY:
		name_text(name->value, out);
		break;
	default:
		text_char(out, '#');
		text_hex(out, name->value, 0);
	}
}
