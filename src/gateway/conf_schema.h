/* conf_schema.h - the configuration language as one table: what may stand where, in which form, and what it is for.
 *
 * The table drives the check of forms, the suggestions, the reading of values and the reference page; what is not in it does not
 * exist. A pattern says which words follow a name:
 *   word        exactly this word           NUMBER SIZE TIME ...   a word of that kind (conf_shape.c lists them)
 *   a|b|FILE    one of these                X...                   one or more
 *   [a X]       may be left out; groups in brackets come last, in any order, each once
 *   [X] Y       one word in brackets before others: there if there is a word more than the others need
 */
#ifndef GATEWAY_CONF_SCHEMA_H
#define GATEWAY_CONF_SCHEMA_H

#include "gateway/conf_tree.h"

enum {
	CONF_MANY = 1 << 0,           /* may stand more than once in its block */
	CONF_MUST = 1 << 1,           /* must stand at least once */
	CONF_BLOCK_IS_OPTIONAL = 1 << 2,
	CONF_FREE_FORM = 1 << 3,      /* the words are checked by `take`, the pattern is for readers */
	CONF_UNSUPPORTED = 1 << 4,    /* a clear error */
};

struct conf_build;
/* Reads a statement whose form is right into `object`, the thing that its block makes. */
typedef void conf_take_fn(struct conf_build *build, const struct conf_node *node, void *object);

struct conf_entry {
	const char *context; /* the block in which it stands; "" is the outermost */
	const char *name;
	const char *pattern;
	const char *block;   /* the context of its own block; null: it has none */
	unsigned flags;
	conf_take_fn *take;
	const char *text;    /* one or two sentences for readers */
};

/* All rows, contexts together, in the order of the reference page; ends with a null name. */
extern const struct conf_entry conf_schema[];

const struct conf_entry *conf_entry_find(const char *context, struct bj_bytes name);

/* Checks the form of all statements below `first`, which stand in `context`, and reports what is wrong. Statements that are in
 * order get their `entry`; the others keep null and are passed over by whoever reads on. */
void conf_shape(struct conf_report *report, struct conf_memory *memory, struct conf_node *first, const char *context,
		const struct conf_word *parent);

#endif
