/* conf_make.h - the inner side of a report: how the files conf_*.c say what is wrong. */
#ifndef GATEWAY_CONF_MAKE_H
#define GATEWAY_CONF_MAKE_H

#include "gateway/conf_report.h"

/* A place: bytes of the text. */
struct conf_span {
	uint32_t at;
	uint32_t len;
};

enum conf_rule_id {
#define CONF_RULE(number, id, severity, title, text) CONF_R_##id = number,
#include "gateway/conf_rules.def"
#undef CONF_RULE
};

struct conf_rule {
	unsigned number;
	enum conf_severity severity;
	const char *title;
	const char *text;
};
/* The rules in order; ends with number 0. */
extern const struct conf_rule conf_rules[];

/* The text that places point into, copied, and the name that the file is given. False without memory. */
bool conf_report_text(struct conf_report *report, const char *path, struct bj_bytes text);

/* Adds a problem. `span` null: the file as a whole. `hint` and `expected` may be null. */
void conf_problem(struct conf_report *report, enum conf_rule_id rule, const struct conf_span *span, const char *hint,
		  const char *expected, const char *message, ...) __attribute__((format(printf, 6, 7)));

struct conf_place conf_report_place(const struct conf_report *report, uint32_t at);

/* ---- suggestions */

#define CONF_HINT_MAX 160

/* Keeps the nearest of the words that it is shown. */
struct conf_nearest {
	struct bj_bytes wanted;
	size_t distance;
	char word[64]; /* empty: nothing near enough */
};
struct conf_nearest conf_nearest_start(struct bj_bytes wanted);
void conf_nearest_try(struct conf_nearest *nearest, const char *word);
/* "did you mean 'x'?" or "" in `out`; returns out. */
const char *conf_nearest_hint(const struct conf_nearest *nearest, char out[CONF_HINT_MAX]);

#endif
