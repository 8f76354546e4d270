/* token.h - which bytes may stand where in HTTP, as one table of bits (rfc9110:5.6.2 rfc9110:5.5 rfc3986:2).
 *
 * Also the few things that every HTTP file does with text: comparing without case, reading numbers, walking lists.
 */
#ifndef HTTP_TOKEN_H
#define HTTP_TOKEN_H

#include "base/bytes.h"

enum {
	HTTP_TCHAR = 1 << 0,  /* a byte of a token: field names, methods */
	HTTP_VALUE = 1 << 1,  /* field values: visible, space, tab and high bytes */
	HTTP_TARGET = 1 << 2, /* request targets: visible ASCII */
	HTTP_PATH = 1 << 3,   /* stands in a path as it is: pchar without '%', and '/' */
	HTTP_UNRESERVED = 1 << 4,
	HTTP_HOST = 1 << 5,   /* letters, digits, '-', '.', '_' */
	HTTP_HEX = 1 << 6,
	HTTP_DIGIT = 1 << 7,
};

extern const uint8_t http_chars[256];

static inline bool http_char_is(uint8_t c, unsigned bits)
{
	return (http_chars[c] & bits) != 0;
}

static inline uint8_t http_lower(uint8_t c)
{
	return (uint8_t)((uint8_t)(c - 'A') < 26 ? c + 32 : c);
}

/* The value of a hexadecimal digit, or -1. */
static inline int http_hex(uint8_t c)
{
	if ((uint8_t)(c - '0') < 10)
		return c - '0';
	c = http_lower(c);
	return (uint8_t)(c - 'a') < 6 ? c - 'a' + 10 : -1;
}

/* Equal but for the case of ASCII letters. */
bool http_same(struct bj_bytes a, struct bj_bytes b);
bool http_is(struct bj_bytes a, const char *text);

/* Not empty, and every byte a token's. */
bool http_is_token(struct bj_bytes text);

/* Decimal digits only, at least one, at most 2^63 - 1. False if not so. */
bool http_decimal(struct bj_bytes text, uint64_t *out);

/* Without spaces and tabs at both ends. */
struct bj_bytes http_trim(struct bj_bytes text);

/* The next element of a comma-separated list (rfc9110:5.6.1), trimmed; empty elements are skipped, commas in quoted strings are no
 * ends. False at the end. Start with *rest = the whole value. */
bool http_list_next(struct bj_bytes *rest, struct bj_bytes *out_item);

#endif
