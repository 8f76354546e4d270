/* text.h - puts text together in a buffer of fixed size, for people.
 *
 * The text always ends in a zero byte. What does not fit is cut at the end of a character, and `cut` says so. Bytes that
 * strangers chose go through text_safe(), so that no control character, no bidirectional override and no half character
 * reaches a terminal or a log.
 */
#ifndef X509_TEXT_H
#define X509_TEXT_H

#include "base/bytes.h"

struct text {
	char *buf;
	size_t cap; /* with the zero byte; at least 1 */
	size_t len;
	bool cut;
};

struct text text_make(char *buf, size_t cap);
void text_str(struct text *t, const char *str);
void text_char(struct text *t, char c);
void text_number(struct text *t, uint64_t value);
/* Lower-case digits, with a separator between bytes unless it is 0. */
void text_hex(struct text *t, struct bj_bytes bytes, char separator);
/* Bytes of a stranger's: printable characters as they are, all else as \xHH. `special` are further characters to put a
 * backslash before; may be "". */
void text_safe(struct text *t, struct bj_bytes bytes, const char *special);

#endif
