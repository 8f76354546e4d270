/* base64.h - base64 (rfc4648:4), strict, and the same with white space between for PEM (rfc7468:3).
 *
 * Private keys pass through here, so a character's value is computed without tables and without branches on it. Strict
 * means: padded, nothing outside the alphabet, unused bits zero (rfc4648:3.5): each value has one spelling.
 */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include "base/bytes.h"

/* How long the text of `len` bytes is, and how many bytes a text of `len` characters gives at most. */
#define BASE64_TEXT_LEN(len) (((len) + 2) / 3 * 4)
#define BASE64_BYTES_MAX(len) ((len) / 4 * 3 + 3)

/* Writes the text and a zero byte: `out` has room for BASE64_TEXT_LEN(len) + 1. Returns the length. */
size_t base64_encode(const void *ptr, size_t len, char *out);

/* BJ_ERR_SYNTAX, or BJ_ERR_SPACE if `cap` is too small. On failure nothing of the value is left in `out`. `out_at` (may be
 * null) is written on failure too: the offset of the first character that does not fit. */
BJ_MUST_USE enum bj_err base64_decode(struct bj_bytes text, uint8_t *out, size_t cap, size_t *out_len, size_t *out_at);
/* Skips space, tab, carriage return, line feed, form feed and vertical tab anywhere. */
BJ_MUST_USE enum bj_err base64_decode_lenient(struct bj_bytes text, uint8_t *out, size_t cap, size_t *out_len, size_t *out_at);

#endif
