/* expr.h - the little of Python that assertions in scripts need: comparisons, and, or, not, arithmetic, names. */
#ifndef PKT_EXPR_H
#define PKT_EXPR_H

#include <stdbool.h>
#include <stddef.h>

/* The value of a name; false: unknown. */
typedef bool expr_name(void *self, const char *name, double *out);

/* Runs lines of `assert EXPRESSION[, words]`; others are refused. False: `why` says what does not hold. */
bool expr_run(const char *code, expr_name *names, void *self, char *why, size_t why_cap);

#endif
