/* utf8.h - is it UTF-8? (rfc3629:4): no overlong forms, no surrogates, nothing above U+10FFFF. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include "base/bytes.h"

/* How many bytes the character at the start has (1..4), or 0 if there is no whole, valid one. */
static inline size_t utf8_char_len(struct bj_bytes text)
{
	static const uint32_t smallest[5] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint8_t first = text.len ? text.ptr[0] : 0xff;
	size_t len = first < 0x80 ? 1 : first < 0xc0 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf8 ? 4 : 0;
	uint32_t point = len > 1 ? first & (0x7fu >> len) : first;

	if (len == 0 || len > text.len)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if ((text.ptr[i] & 0xc0) != 0x80)
			return 0;
		point = point << 6 | (text.ptr[i] & 0x3f);
	}
	if (point < smallest[len] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
		return 0;
	return len;
}

/* Is the character of that length at the start one that commands a terminal: those below a space, DEL, and U+0080 to U+009F, of which one is as good
 * as ESC and a bracket? */
static inline bool utf8_is_control(const uint8_t *ptr, size_t char_len)
{
	if (char_len == 1)
		return ptr[0] < 0x20 || ptr[0] == 0x7f;
	return char_len == 2 && ptr[0] == 0xc2 && ptr[1] < 0xa0;
}

enum utf8_kind {
	UTF8_TEXT,
	UTF8_CONTROL,
	UTF8_NONE, /* a byte that begins no valid character */
};

/* Takes the character, or the byte, at the start off a text that is not empty. */
static inline enum utf8_kind utf8_take(struct bj_bytes *rest, struct bj_bytes *out_char)
{
	size_t len = utf8_char_len(*rest), step = len ? len : 1;

	*out_char = bytes_of(rest->ptr, step);
	*rest = bytes_of(rest->ptr + step, rest->len - step);
	if (len == 0)
		return UTF8_NONE;
	return utf8_is_control(out_char->ptr, len) ? UTF8_CONTROL : UTF8_TEXT;
}

static inline bool utf8_is_valid(struct bj_bytes text)
{
	struct bj_bytes one;

	while (text.len > 0)
		if (utf8_take(&text, &one) == UTF8_NONE)
			return false;
	return true;
}

#endif
