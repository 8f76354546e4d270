/* conf_report.h - what was found wrong in a configuration: every problem with place, rule and hint.
 *
 * Filled by conf_load(), printed for people (the line with a caret) or for programs (JSON).
 */
#ifndef GATEWAY_CONF_REPORT_H
#define GATEWAY_CONF_REPORT_H

#include <stdio.h>

#include "gateway/config.h"

#define CONF_PROBLEMS_MAX 200 /* more are counted, not kept; errors before warnings */

enum conf_severity {
	CONF_WARNING = 1,
	CONF_ERROR,
};

struct conf_problem {
	enum conf_severity severity;
	const char *rule;    /* "conf-017": see docs/conf-errors.md */
	unsigned line;       /* from 1; 0: the file as a whole */
	unsigned column;     /* in bytes, from 1 */
	unsigned length;     /* bytes to underline, at least 1 */
	const char *message; /* one sentence */
	const char *hint;    /* "did you mean 'required'?"; may be empty */
	const char *expected;/* what could stand there; may be empty */
};

enum conf_report_style {
	CONF_REPORT_PLAIN = 0,
	CONF_REPORT_COLOR,
	CONF_REPORT_JSON,
};

struct conf_report *conf_report_new(void);
void conf_report_free(struct conf_report *report);
size_t conf_report_errors(const struct conf_report *report);
size_t conf_report_warnings(const struct conf_report *report);
/* The problems in order of their place. */
const struct conf_problem *conf_report_at(const struct conf_report *report, size_t index);
size_t conf_report_count(const struct conf_report *report);

/* Prints every problem, and for JSON one document ("schema": "bojagi.check/1"). */
void conf_report_print(const struct conf_report *report, FILE *to, enum conf_report_style style);

#endif
