/* conf_parse.c - words into statements. */
#include "gateway/conf_schema.h"

struct parser {
	struct conf_memory *memory;
	struct conf_report *report;
	const struct conf_word *at;
};

/* Just behind a word, where a ';' is missed. */
static struct conf_span behind(const struct conf_word *word)
{
	return (struct conf_span){ word->span.at + word->span.len, 1 };
}

static struct conf_node *parse_block(struct parser *parser, unsigned depth, const struct conf_word *owner);

/* Jumps over a block whose '{' was just read. */
static void skip_block(struct parser *parser)
{
	unsigned open = 1;

	for (; open > 0 && parser->at->kind != CONF_END_OF_TEXT; parser->at++) {
		if (parser->at->kind == CONF_OPEN)
			open++;
		else if (parser->at->kind == CONF_CLOSE)
			open--;
	}
}

static void parse_inner(struct parser *parser, struct conf_node *node, unsigned depth)
{
	node->has_block = true;
	node->open = parser->at->span;
	parser->at++;
	if (depth >= CONF_DEPTH_MAX) {
		conf_problem(parser->report, CONF_R_TOO_DEEP, &node->open, NULL, NULL, "blocks are nested more than %d deep",
			     CONF_DEPTH_MAX);
		skip_block(parser);
		return;
	}
	node->children = parse_block(parser, depth + 1, node->words);
	if (parser->at->kind == CONF_CLOSE)
		parser->at++;
	else
		conf_problem(parser->report, CONF_R_UNCLOSED, &node->open, NULL, NULL, "the block of '%.*s' is not closed",
			     (int)node->words[0].text.len, (const char *)node->words[0].text.ptr);
}

/* A statement that begins with a word or, wrongly, with a quoted text. Null when it cannot be used. */
static struct conf_node *parse_statement(struct parser *parser, unsigned depth)
{
	struct conf_node *node = conf_memory_take(parser->memory, sizeof(*node));
	const struct conf_word *first = parser->at;
	struct conf_span span;

	if (!node)
		return NULL;
	node->words = first;
	while (parser->at->kind == CONF_WORD || parser->at->kind == CONF_STRING) {
		node->word_count++;
		parser->at++;
	}
	if (parser->at->kind == CONF_OPEN) {
		parse_inner(parser, node, depth);
	} else if (parser->at->kind == CONF_END_OF_STATEMENT) {
		parser->at++;
	} else {
		span = behind(parser->at - 1);
		conf_problem(parser->report, CONF_R_MISSING_SEMICOLON, &span, NULL, NULL, "';' is missing");
	}
	if (first->kind == CONF_STRING) {
		conf_problem(parser->report, CONF_R_NO_NAME, &first->span, NULL, "the name of a setting",
			     "a statement cannot begin with a quoted text");
		return NULL;
	}
	return node;
}

/* A '{' with nothing before it: what is inside is still read, so that its '}' fits. */
static void parse_nameless(struct parser *parser, unsigned depth)
{
	struct conf_word nameless = { .kind = CONF_WORD, .span = parser->at->span, .text = { (const uint8_t *)"{", 1 } };
	struct conf_node node = { .words = &nameless, .word_count = 1 };

	conf_problem(parser->report, CONF_R_NO_NAME, &parser->at->span, NULL, "the name of a setting",
		     "a block without a name");
	parse_inner(parser, &node, depth);
}

/* A named block of the outermost kind ("pool app {") that begins a line and is indented no deeper than the block around it: there a
 * '}' was forgotten. Taking it for what it is keeps one slip from spoiling everything behind it. */
static bool begins_outermost(const struct parser *parser, const struct conf_word *owner)
{
	const struct conf_word *word = parser->at;
	const struct conf_entry *entry = word->kind == CONF_WORD ? conf_entry_find("", word->text) : NULL;
	struct conf_place here, around;

	if (!entry || !entry->block || !(entry->flags & CONF_MANY) || word[1].kind != CONF_WORD)
		return false;
	here = conf_report_place(parser->report, word->span.at);
	around = conf_report_place(parser->report, owner->span.at);
	if (here.column > around.column || conf_report_place(parser->report, word[-1].span.at).line == here.line)
		return false;
	while (word->kind == CONF_WORD || word->kind == CONF_STRING)
		word++;
	return word->kind == CONF_OPEN;
}

/* Up to the '}' that ends it (which is left) or the end of the text. `owner` is the name of the block; null: the outermost. */
static struct conf_node *parse_block(struct parser *parser, unsigned depth, const struct conf_word *owner)
{
	struct conf_node *first = NULL, **tail = &first;

	while (parser->at->kind != CONF_END_OF_TEXT && !parser->memory->failed) {
		if ((parser->at->kind == CONF_CLOSE && depth > 0) || (owner && begins_outermost(parser, owner)))
			break;
		if (parser->at->kind == CONF_CLOSE) {
			conf_problem(parser->report, CONF_R_STRAY_CLOSE, &parser->at->span, NULL, NULL, "this '}' closes nothing");
			parser->at++;
		} else if (parser->at->kind == CONF_END_OF_STATEMENT) {
			parser->at++;
		} else if (parser->at->kind == CONF_OPEN) {
			parse_nameless(parser, depth);
		} else {
			*tail = parse_statement(parser, depth);
			if (*tail)
				tail = &(*tail)->next;
		}
	}
	return first;
}

struct conf_node *conf_parse(struct conf_memory *memory, struct conf_report *report, const struct conf_word *words)
{
	struct parser parser = { memory, report, words };

	return parse_block(&parser, 0, NULL);
}
