/* expr.c - see expr.h. */
#include "pkt/expr.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct expr {
	const char *p;
	expr_name *names;
	void *self;
	char unknown[64];
	bool bad;
};

static double parse_or(struct expr *e);

static void space(struct expr *e)
{
	while (*e->p == ' ' || *e->p == '\t' || *e->p == '\\')
		e->p += e->p[0] == '\\' && e->p[1] == '\n' ? 2 : 1;
}

static bool take(struct expr *e, const char *word)
{
	size_t len = strlen(word);

	space(e);
	if (strncmp(e->p, word, len) != 0 || (isalpha((unsigned char)word[0]) && (isalnum((unsigned char)e->p[len]) || e->p[len] == '_')))
		return false;
	e->p += len;
	return true;
}

static double parse_name(struct expr *e)
{
	char name[64];
	size_t len = 0;
	double v = 0;

	while ((isalnum((unsigned char)*e->p) || *e->p == '_') && len + 1 < sizeof(name))
		name[len++] = *e->p++;
	name[len] = 0;
	if (len == 0 || !e->names(e->self, name, &v)) {
		e->bad = true;
		snprintf(e->unknown, sizeof(e->unknown), "%s", len ? name : "syntax");
	}
	return v;
}

static double parse_one(struct expr *e)
{
	space(e);
	if (take(e, "(")) {
		double v = parse_or(e);

		if (!take(e, ")"))
			e->bad = true;
		return v;
	}
	if (take(e, "-"))
		return -parse_one(e);
	if (isdigit((unsigned char)*e->p)) {
		char *end;
		double v = strtod(e->p, &end);

		e->p = end;
		return v;
	}
	return parse_name(e);
}

static double parse_product(struct expr *e)
{
	double v = parse_one(e);

	for (;;) {
		if (take(e, "*"))
			v *= parse_one(e);
		else if (take(e, "/"))
			v /= parse_one(e);
		else
			return v;
	}
}

static double parse_sum(struct expr *e)
{
	double v = parse_product(e);

	for (;;) {
		if (take(e, "+"))
			v += parse_product(e);
		else if (take(e, "-"))
			v -= parse_product(e);
		else
			return v;
	}
}

static double parse_bits(struct expr *e)
{
	double v = parse_sum(e);

	while (*e->p && (e->p += strspn(e->p, " \t"), *e->p == '&')) {
		e->p++;
		v = (double)((long)v & (long)parse_sum(e));
	}
	return v;
}

static bool take_comparison(struct expr *e, double left, double *out_right, bool *out_holds)
{
	static const char *const operators[] = { "==", "!=", "<=", ">=", "<", ">" };
	size_t i = 0;
	double right;

	while (i < sizeof(operators) / sizeof(operators[0]) && !take(e, operators[i]))
		i++;
	if (i == sizeof(operators) / sizeof(operators[0]))
		return false;
	right = parse_bits(e);
	switch (i) {
	case 0: *out_holds = left == right; break;
	case 1: *out_holds = left != right; break;
	case 2: *out_holds = left <= right; break;
	case 3: *out_holds = left >= right; break;
	case 4: *out_holds = left < right; break;
	default: *out_holds = left > right; break;
	}
	*out_right = right;
	return true;
}

/* A chain holds where each of its comparisons does. */
static double parse_comparison(struct expr *e)
{
	double left = parse_bits(e);
	bool any = false, all = true, holds;

	for (; take_comparison(e, left, &left, &holds); any = true)
		all = all && holds;
	return any ? all : left;
}

static double parse_not(struct expr *e)
{
	return take(e, "not") ? !parse_not(e) : parse_comparison(e);
}

static double parse_and(struct expr *e)
{
	double v = parse_not(e);

	while (take(e, "and")) {
		double w = parse_not(e);

		v = v != 0 && w != 0;
	}
	return v;
}

static double parse_or(struct expr *e)
{
	double v = parse_and(e);

	while (take(e, "or")) {
		double w = parse_and(e);

		v = v != 0 || w != 0;
	}
	return v;
}

/* NAME = NUMBER, where NAME has that value anyway. */
static bool is_known_assignment(struct expr *e)
{
	struct expr at = *e;
	double named = parse_name(&at), value;

	if (at.bad || !take(&at, "="))
		return false;
	value = parse_one(&at);
	if (at.bad || named != value)
		return false;
	e->p = at.p;
	return true;
}

bool expr_run(const char *code, expr_name *names, void *self, char *why, size_t why_cap)
{
	struct expr e = { .p = code, .names = names, .self = self };

	for (;;) {
		const char *start;
		double v;

		while (isspace((unsigned char)*e.p) || *e.p == ';')
			e.p++;
		if (!*e.p)
			return true;
		if (*e.p == '#') {
			e.p += strcspn(e.p, "\n");
			continue;
		}
		if (take(&e, "print")) {
			e.p += strcspn(e.p, "\n;");
			continue;
		}
		if (is_known_assignment(&e))
			continue;
		if (!take(&e, "assert")) {
			snprintf(why, why_cap, "only assertions are understood: %.60s", e.p);
			return false;
		}
		start = e.p;
		v = parse_or(&e);
		if (e.bad) {
			snprintf(why, why_cap, "not understood: %s in%.*s", e.unknown, (int)strcspn(start, ",\n;"), start);
			return false;
		}
		if (v == 0) {
			snprintf(why, why_cap, "does not hold:%.*s", (int)strcspn(start, ",\n;"), start);
			return false;
		}
		e.p += strcspn(e.p, "\n;");
	}
}
