/* addr.c - see addr.h. */
#include <arpa/inet.h>
#include <stdio.h>

#include "io/addr.h"

#define HOST_MAX 64 /* the longest IPv6 text is shorter */

static bool is_mapped(const struct addr *a)
{
	return a->sa.any.sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&a->sa.v6.sin6_addr);
}

static enum bj_err parse_port(const char *text, uint16_t *out)
{
	unsigned value = 0;

	if (*text == '\0')
		return BJ_ERR_SYNTAX;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return BJ_ERR_SYNTAX;
		value = value * 10 + (unsigned)(*text - '0');
		if (value > 65535)
			return BJ_ERR_SYNTAX;
	}
	*out = (uint16_t)value;
	return BJ_OK;
}

static enum bj_err parse_unix(const char *path, struct addr *out)
{
	struct addr a = { 0 };
	size_t len = strlen(path);

	if (len == 0 || len >= sizeof(a.sa.un.sun_path))
		return BJ_ERR_SYNTAX;
	a.sa.un.sun_family = AF_UNIX;
	memcpy(a.sa.un.sun_path, path, len + 1);
	a.len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + 1);
	*out = a;
	return BJ_OK;
}

static void set_v6(struct addr *a, uint16_t port)
{
	a->sa.v6.sin6_family = AF_INET6;
	a->sa.v6.sin6_port = htons(port);
	a->len = sizeof(a->sa.v6);
}

enum bj_err addr_parse(const char *text, uint16_t default_port, struct addr *out)
{
	struct addr a = { 0 };
	char host[HOST_MAX];
	const char *port_text = NULL;
	uint16_t port = default_port;
	size_t host_len;
	bool v6 = false;
	enum bj_err err;

	if (strncmp(text, "unix:", 5) == 0)
		return parse_unix(text + 5, out);
	if (text[0] == '[') {
		const char *end = strchr(text, ']');

		if (!end || (end[1] != '\0' && end[1] != ':'))
			return BJ_ERR_SYNTAX;
		v6 = true;
		host_len = (size_t)(end - text - 1);
		text++;
		if (end[1] == ':')
			port_text = end + 2;
	} else {
		const char *colon = strrchr(text, ':');

		host_len = colon ? (size_t)(colon - text) : strlen(text);
		if (colon)
			port_text = colon + 1;
	}
	if (host_len >= sizeof(host))
		return BJ_ERR_SYNTAX;
	memcpy(host, text, host_len);
	host[host_len] = '\0';
	if (port_text) {
		err = parse_port(port_text, &port);
		if (err)
			return err;
	} else if (default_port == 0) {
		return BJ_ERR_SYNTAX;
	}
	if (v6) {
		if (inet_pton(AF_INET6, host, &a.sa.v6.sin6_addr) != 1)
			return BJ_ERR_SYNTAX;
		set_v6(&a, port);
	} else if (host_len == 0) {
		a.sa.v6.sin6_addr = in6addr_any;
		set_v6(&a, port);
	} else {
		if (inet_pton(AF_INET, host, &a.sa.v4.sin_addr) != 1)
			return BJ_ERR_SYNTAX;
		a.sa.v4.sin_family = AF_INET;
		a.sa.v4.sin_port = htons(port);
		a.len = sizeof(a.sa.v4);
	}
	*out = a;
	return BJ_OK;
}

struct bj_bytes addr_host_bytes(const struct addr *a)
{
	switch (a->sa.any.sa_family) {
	case AF_INET:
		return bytes_of(&a->sa.v4.sin_addr, 4);
	case AF_INET6:
		if (is_mapped(a))
			return bytes_of(a->sa.v6.sin6_addr.s6_addr + 12, 4);
		return bytes_of(a->sa.v6.sin6_addr.s6_addr, 16);
	default:
		return bytes_of(NULL, 0);
	}
}

/* Four small numbers are written by hand: this runs for every logged request. */
static size_t print_v4(const uint8_t *ip, char *out)
{
	char *p = out;

	for (int i = 0; i < 4; i++) {
		unsigned v = ip[i];

		if (i > 0)
			*p++ = '.';
		if (v >= 100)
			*p++ = (char)('0' + v / 100);
		if (v >= 10)
			*p++ = (char)('0' + v / 10 % 10);
		*p++ = (char)('0' + v % 10);
	}
	*p = '\0';
	return (size_t)(p - out);
}

size_t addr_print_host(const struct addr *a, char out[ADDR_TEXT_MAX])
{
	struct bj_bytes host = addr_host_bytes(a);

	if (host.len == 4)
		return print_v4(host.ptr, out);
	if (host.len == 16 && inet_ntop(AF_INET6, host.ptr, out, ADDR_TEXT_MAX))
		return strlen(out);
	memcpy(out, "unix:", 6);
	return 5;
}

size_t addr_print(const struct addr *a, char out[ADDR_TEXT_MAX])
{
	char host[ADDR_TEXT_MAX];
	int len;

	if (a->sa.any.sa_family == AF_UNIX) {
		bool named = a->len > offsetof(struct sockaddr_un, sun_path);

		len = snprintf(out, ADDR_TEXT_MAX, "unix:%s", named ? a->sa.un.sun_path : "");
		return (size_t)len;
	}
	addr_print_host(a, host);
	len = snprintf(out, ADDR_TEXT_MAX, addr_host_bytes(a).len == 16 ? "[%s]:%u" : "%s:%u", host, addr_port(a));
	return (size_t)len;
}

uint16_t addr_port(const struct addr *a)
{
	switch (a->sa.any.sa_family) {
	case AF_INET:
		return ntohs(a->sa.v4.sin_port);
	case AF_INET6:
		return ntohs(a->sa.v6.sin6_port);
	default:
		return 0;
	}
}

bool addr_equal(const struct addr *a, const struct addr *b)
{
	if (a->sa.any.sa_family == AF_UNIX || b->sa.any.sa_family == AF_UNIX)
		return a->len == b->len && memcmp(&a->sa, &b->sa, a->len) == 0;
	return addr_port(a) == addr_port(b) && bytes_equal(addr_host_bytes(a), addr_host_bytes(b));
}
