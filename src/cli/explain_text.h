/* explain_text.h - what a failure, an alert or an exit code means, and what to do: the texts of `bojagi explain`.
 *
 * A test fails when a failure of err.def has no text here.
 */
#ifndef CLI_EXPLAIN_TEXT_H
#define CLI_EXPLAIN_TEXT_H

#include <stddef.h>

#include <bojagi/err.h>

struct explain_text {
	enum bj_err err;
	const char *means; /* what happened and the likely causes */
	const char *next;  /* what to do about it */
};
extern const struct explain_text explain_texts[];
extern const size_t explain_text_count;
/* Null if there is none. */
const struct explain_text *explain_text_find(enum bj_err err);

/* rfc9846:6 and the registry of alerts. */
struct explain_alert {
	int number;
	const char *name;
	const char *means;
};
extern const struct explain_alert explain_alerts[];
extern const size_t explain_alert_count;
const struct explain_alert *explain_alert_find(int number);

struct explain_exit {
	int code;
	const char *means;
	const char *next;
};
extern const struct explain_exit explain_exits[];
extern const size_t explain_exit_count;
const struct explain_exit *explain_exit_find(int code);

#endif
