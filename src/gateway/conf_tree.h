/* conf_tree.h - the text of a configuration as words and statements, each with its place.
 *
 * Knows braces, semicolons, comments and quotes, and nothing about what is configured. Every problem is reported and reading goes on
 * at the next ';' or '}'. A place is an offset into the text and a length; the report makes lines and columns of it.
 */
#ifndef GATEWAY_CONF_TREE_H
#define GATEWAY_CONF_TREE_H

#include "gateway/conf_make.h"
#include "gateway/conf_memory.h"

#define CONF_TEXT_MAX (1u << 20)
#define CONF_WORDS_MAX 200000u
#define CONF_DEPTH_MAX 6

/* ---- words (conf_lex.c) */
enum conf_token_kind {
	CONF_WORD = 1,
	CONF_STRING,  /* quoted; `text` is without quotes and escapes */
	CONF_OPEN,
	CONF_CLOSE,
	CONF_END_OF_STATEMENT,
	CONF_END_OF_TEXT,
};
struct conf_word {
	enum conf_token_kind kind;
	struct conf_span span;
	struct bj_bytes text;
};

/* All words, with CONF_END_OF_TEXT last; in `memory`, strings too. Null when there is no memory or the text is too large (reported). */
const struct conf_word *conf_lex(struct conf_memory *memory, struct conf_report *report, struct bj_bytes text);

/* ---- statements (conf_parse.c) */
struct conf_entry;
struct conf_node {
	const struct conf_word *words; /* the first is its name */
	size_t word_count;
	bool has_block;
	struct conf_span open;         /* the '{' */
	struct conf_node *children;
	struct conf_node *next;        /* the statement after it in the same block */
	const struct conf_entry *entry; /* what it is, when its form is right; see conf_shape() */
};

/* The statements of the outermost block; null when there are none or without memory (memory->failed). */
struct conf_node *conf_parse(struct conf_memory *memory, struct conf_report *report, const struct conf_word *words);

static inline bool conf_word_is(const struct conf_word *word, const char *text)
{
	return bytes_equal(word->text, bytes_text(text));
}

#endif
