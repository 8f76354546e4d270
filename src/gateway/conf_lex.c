/* conf_lex.c - text into words. */
#include "gateway/conf_tree.h"

#include "base/utf8.h"

struct lexer {
	struct conf_memory *memory;
	struct conf_report *report;
	struct bj_bytes text;
	size_t at;
	struct conf_word *words;
	size_t count;
};

static bool is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool ends_word(uint8_t c)
{
	return is_space(c) || c == ';' || c == '{' || c == '}' || c == '"' || c == '#';
}

static void emit(struct lexer *lexer, enum conf_token_kind kind, size_t start, struct bj_bytes text)
{
	struct conf_word *word = &lexer->words[lexer->count++];

	word->kind = kind;
	word->span = (struct conf_span){ (uint32_t)start, (uint32_t)(lexer->at - start) };
	word->text = text;
}

/* Behind the opening quote. The words come out as if the line's end closed an open one. */
static void lex_string(struct lexer *lexer)
{
	size_t start = lexer->at++, len = 0;
	uint8_t *copy = NULL;
	const uint8_t *p = lexer->text.ptr;
	size_t end = lexer->at;

	while (end < lexer->text.len && p[end] != '"' && p[end] != '\n')
		end += p[end] == '\\' && end + 1 < lexer->text.len && p[end + 1] != '\n' ? 2 : 1;
	if (end > lexer->text.len)
		end = lexer->text.len;
	copy = conf_memory_take(lexer->memory, end - lexer->at);
	for (size_t i = lexer->at; copy && i < end; i++) {
		if (p[i] == '\\' && i + 1 < end) {
			struct conf_span span = { (uint32_t)i, 2 };

			i++;
			if (p[i] != '"' && p[i] != '\\')
				conf_problem(lexer->report, CONF_R_OPEN_STRING, &span, "write \\\\ for a backslash", "\\\" or \\\\",
					     "'\\%c' means nothing in a quoted text", p[i] > 0x20 && p[i] < 0x7f ? p[i] : '?');
		}
		copy[len++] = p[i];
	}
	lexer->at = end;
	if (end < lexer->text.len && p[end] == '"') {
		lexer->at++;
	} else {
		struct conf_span span = { (uint32_t)start, 1 };

		conf_problem(lexer->report, CONF_R_OPEN_STRING, &span, NULL, "a closing '\"' on the same line",
			     "this quoted text is not closed");
	}
	emit(lexer, CONF_STRING, start, bytes_of(copy, copy ? len : 0));
}

static void lex_word(struct lexer *lexer)
{
	size_t start = lexer->at;

	while (lexer->at < lexer->text.len && !ends_word(lexer->text.ptr[lexer->at]))
		lexer->at++;
	emit(lexer, CONF_WORD, start, bytes_of(lexer->text.ptr + start, lexer->at - start));
}

static void lex_one(struct lexer *lexer)
{
	uint8_t c = lexer->text.ptr[lexer->at];
	size_t start = lexer->at;

	if (is_space(c)) {
		lexer->at++;
	} else if (c == '#') {
		while (lexer->at < lexer->text.len && lexer->text.ptr[lexer->at] != '\n')
			lexer->at++;
	} else if (c == '"') {
		lex_string(lexer);
	} else if (c == ';' || c == '{' || c == '}') {
		lexer->at++;
		emit(lexer, c == ';' ? CONF_END_OF_STATEMENT : c == '{' ? CONF_OPEN : CONF_CLOSE, start, bytes_of(NULL, 0));
	} else {
		lex_word(lexer);
	}
}

/* Reports the first byte that is no text; nothing behind it would make sense. */
static bool text_is_clean(struct conf_report *report, struct bj_bytes text)
{
	size_t bad = text.len;
	struct conf_span span;

	for (size_t i = 0; i < text.len && bad == text.len; i++)
		if ((text.ptr[i] < 0x20 && !is_space(text.ptr[i])) || text.ptr[i] == 0x7f)
			bad = i;
	for (struct bj_bytes rest = bytes_of(text.ptr, bad), one; rest.len > 0;)
		if (utf8_take(&rest, &one) == UTF8_NONE) {
			bad = (size_t)(one.ptr - text.ptr);
			break;
		}
	if (bad == text.len)
		return true;
	span = (struct conf_span){ (uint32_t)bad, 1 };
	conf_problem(report, CONF_R_BAD_BYTE, &span, NULL, NULL, "the byte 0x%02x is not text", text.ptr[bad]);
	return false;
}

const struct conf_word *conf_lex(struct conf_memory *memory, struct conf_report *report, struct bj_bytes text)
{
	struct lexer lexer = { .memory = memory, .report = report, .text = text };
	size_t cap = text.len < CONF_WORDS_MAX ? text.len : CONF_WORDS_MAX;

	if (text.len > CONF_TEXT_MAX) {
		conf_problem(report, CONF_R_TOO_LARGE, NULL, NULL, NULL, "the file has more than %u bytes", CONF_TEXT_MAX);
		return NULL;
	}
	if (!text_is_clean(report, text))
		return NULL;
	lexer.words = conf_memory_list(memory, cap + 1, sizeof(*lexer.words));
	if (!lexer.words)
		return NULL;
	if (text.len >= 3 && memcmp(text.ptr, "\xef\xbb\xbf", 3) == 0) /* a byte order mark says nothing here */
		lexer.at = 3;
	while (lexer.at < text.len && lexer.count < cap)
		lex_one(&lexer);
	if (lexer.at < text.len && lexer.count == CONF_WORDS_MAX) {
		conf_problem(report, CONF_R_TOO_LARGE, NULL, NULL, NULL, "the file has more than %u words", CONF_WORDS_MAX);
		return NULL;
	}
	lexer.at = text.len;
	emit(&lexer, CONF_END_OF_TEXT, text.len, bytes_of(NULL, 0));
	return memory->failed ? NULL : lexer.words;
}
