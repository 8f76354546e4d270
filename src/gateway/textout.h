/* textout.h - text for logs, metrics and JSON into a buffer of fixed size: numbers, escaped strings, times.
 *
 * A struct writer below; what does not fit marks it bad, as always.
 */
#ifndef GATEWAY_TEXTOUT_H
#define GATEWAY_TEXTOUT_H

#include "base/writer.h"

static inline void out_text(struct writer *w, const char *text)
{
	wr_raw(w, text, strlen(text));
}

void out_number(struct writer *w, uint64_t value);
/* Thousandths: 1234 is written as 1.234. */
void out_thousandths(struct writer *w, uint64_t value);
/* "2026-11-20T23:51:09.123Z" */
void out_time(struct writer *w, int64_t unix_ms);
/* At most `most` bytes of a stranger's, with the quotes of JSON: control characters, quotes and backslashes as JSON has them, bytes that
 * are no UTF-8 as \u00XX. */
void out_json(struct writer *w, struct bj_bytes text, size_t most);
/* The same for text logs: \xXX for whatever is not printable ASCII, in double quotes. */
void out_quoted(struct writer *w, struct bj_bytes text, size_t most);

#endif
