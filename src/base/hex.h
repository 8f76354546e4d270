/* hex.h - hexadecimal text. Branches depend on the bytes: not for secrets whose timing somebody else sees. */
#ifndef BASE_HEX_H
#define BASE_HEX_H

#include "base/bytes.h"

/* Two digits a byte and a zero byte at the end: `out` has room for 2 * len + 1. */
static inline void hex_encode(const void *ptr, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *p = (const uint8_t *)ptr;

	for (size_t i = 0; i < len; i++) {
		*out++ = digits[p[i] >> 4];
		*out++ = digits[p[i] & 15];
	}
	*out = 0;
}

/* The value of a digit of either case, or -1. */
static inline int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Only digits, an even number of them. BJ_ERR_SYNTAX, or BJ_ERR_SPACE if `cap` is too small; `out` is undefined then. */
static inline enum bj_err hex_decode(struct bj_bytes text, uint8_t *out, size_t cap, size_t *out_len)
{
	if (text.len % 2 != 0)
		return BJ_ERR_SYNTAX;
	if (text.len / 2 > cap)
		return BJ_ERR_SPACE;
	for (size_t i = 0; i < text.len; i += 2) {
		int high = hex_digit((char)text.ptr[i]), low = hex_digit((char)text.ptr[i + 1]);

		if (high < 0 || low < 0)
			return BJ_ERR_SYNTAX;
		out[i / 2] = (uint8_t)(high << 4 | low);
	}
	*out_len = text.len / 2;
	return BJ_OK;
}

#endif
