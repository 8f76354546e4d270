/* conf_report.c - collects problems and prints them. */
#include "gateway/conf_make.h"

#include <stdarg.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/utf8.h"

#define MESSAGE_MAX 200
#define EXPECTED_MAX 400
#define RULE_NAME_MAX 12
#define LINE_SHOWN_MAX 160 /* bytes of a long line that are shown */
#define RULE_COLUMN 88     /* where the rule's name stands, when the message is shorter */

const struct conf_rule conf_rules[] = {
#define CONF_RULE(number, id, severity, title, text) { number, CONF_##severity, title, text },
#include "gateway/conf_rules.def"
#undef CONF_RULE
	{ 0, CONF_ERROR, NULL, NULL },
};

struct slot {
	struct conf_problem problem;
	uint32_t at;
	char rule[RULE_NAME_MAX];
	char message[MESSAGE_MAX];
	char hint[CONF_HINT_MAX];
	char expected[EXPECTED_MAX];
};

struct conf_report {
	char *path;
	char *text;
	size_t text_len;
	uint32_t *lines; /* where each line begins */
	size_t line_count;
	size_t errors;
	size_t warnings;
	size_t count;
	uint16_t order[CONF_PROBLEMS_MAX]; /* slots in the order of their places */
	struct slot slots[CONF_PROBLEMS_MAX];
};

struct conf_report *conf_report_new(void)
{
	return calloc(1, sizeof(struct conf_report));
}

void conf_report_free(struct conf_report *report)
{
	if (!report)
		return;
	free(report->path);
	free(report->text);
	free(report->lines);
	free(report);
}

bool conf_report_text(struct conf_report *report, const char *path, struct bj_bytes text)
{
	char *path_copy = strdup(path), *text_copy = malloc(text.len + 1);
	size_t lines = 1;
	uint32_t *starts;

	for (size_t i = 0; i < text.len; i++)
		lines += text.ptr[i] == '\n';
	starts = malloc(lines * sizeof(*starts));
	if (!path_copy || !text_copy || !starts || text.len > UINT32_MAX) {
		free(path_copy);
		free(text_copy);
		free(starts);
		return false;
	}
	bytes_copy(text_copy, text.ptr, text.len);
	text_copy[text.len] = 0;
	starts[0] = 0;
	for (size_t i = 0, line = 1; i < text.len; i++)
		if (text.ptr[i] == '\n')
			starts[line++] = (uint32_t)i + 1;
	free(report->path);
	free(report->text);
	free(report->lines);
	report->path = path_copy;
	report->text = text_copy;
	report->text_len = text.len;
	report->lines = starts;
	report->line_count = lines;
	return true;
}

struct conf_place conf_report_place(const struct conf_report *report, uint32_t at)
{
	size_t low = 0, high = report->line_count;

	check(at <= report->text_len && high > 0);
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (report->lines[middle] <= at)
			low = middle;
		else
			high = middle;
	}
	return (struct conf_place){ (unsigned)low + 1, at - report->lines[low] + 1 };
}

/* Cuts at `max` bytes, but not inside of a UTF-8 sequence. */
static void copy_text(char *out, size_t max, const char *text)
{
	size_t len = text ? strlen(text) : 0;

	if (len >= max) {
		len = max - 1;
		while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
			len--;
	}
	bytes_copy(out, text, len);
	out[len] = 0;
}

static const struct conf_rule *rule_of(enum conf_rule_id id)
{
	const struct conf_rule *rule = conf_rules;

	while (rule->number != 0 && rule->number != (unsigned)id)
		rule++;
	check(rule->number != 0);
	return rule;
}

static bool comes_before(const struct conf_span *span, const struct slot *slot)
{
	return span ? slot->problem.line > 0 && slot->at > span->at : slot->problem.line > 0;
}

/* A free slot, or CONF_PROBLEMS_MAX. When there is none left, an error gets the last warning's: what makes a file bad is always told. */
static size_t slot_take(struct conf_report *report, enum conf_severity severity)
{
	size_t at = report->count, slot;

	if (report->count < CONF_PROBLEMS_MAX)
		return report->count;
	while (at > 0 && report->slots[report->order[at - 1]].problem.severity == CONF_ERROR)
		at--;
	if (severity != CONF_ERROR || at == 0)
		return CONF_PROBLEMS_MAX;
	slot = report->order[at - 1];
	memmove(&report->order[at - 1], &report->order[at], (report->count - at) * sizeof(report->order[0]));
	report->count--;
	return slot;
}

void conf_problem(struct conf_report *report, enum conf_rule_id id, const struct conf_span *span, const char *hint,
		  const char *expected, const char *message, ...)
{
	const struct conf_rule *rule = rule_of(id);
	struct conf_place place = { 0, 0 };
	char text[MESSAGE_MAX * 2];
	struct slot *slot;
	size_t at, taken;
	va_list args;

	if (rule->severity == CONF_ERROR)
		report->errors++;
	else
		report->warnings++;
	taken = slot_take(report, rule->severity);
	if (taken == CONF_PROBLEMS_MAX)
		return;
	/* in order of place; what is about the file as a whole comes first, equals stay in the order that they came in */
	for (at = report->count; at > 0 && comes_before(span, &report->slots[report->order[at - 1]]); at--)
		report->order[at] = report->order[at - 1];
	report->order[at] = (uint16_t)taken;
	report->count++;
	slot = &report->slots[taken];
	va_start(args, message);
	vsnprintf(text, sizeof(text), message, args);
	va_end(args);
	if (span)
		place = conf_report_place(report, span->at);
	snprintf(slot->rule, sizeof(slot->rule), "conf-%03u", rule->number % 1000);
	copy_text(slot->message, sizeof(slot->message), text);
	copy_text(slot->hint, sizeof(slot->hint), hint);
	copy_text(slot->expected, sizeof(slot->expected), expected);
	slot->at = span ? span->at : 0;
	slot->problem.severity = rule->severity;
	slot->problem.line = place.line;
	slot->problem.column = place.column;
	slot->problem.length = span && span->len > 0 ? span->len : 1;
	slot->problem.rule = slot->rule;
	slot->problem.message = slot->message;
	slot->problem.hint = slot->hint;
	slot->problem.expected = slot->expected;
}

size_t conf_report_errors(const struct conf_report *report)
{
	return report->errors;
}

size_t conf_report_warnings(const struct conf_report *report)
{
	return report->warnings;
}

size_t conf_report_count(const struct conf_report *report)
{
	return report->count;
}

const struct conf_problem *conf_report_at(const struct conf_report *report, size_t index)
{
	check(index < report->count);
	return &report->slots[report->order[index]].problem;
}

/* ---- text */

struct colors {
	const char *bold, *error, *warning, *caret, *off;
};
static const struct colors plain = { "", "", "", "", "" };
static const struct colors bright = { "\033[1m", "\033[1;31m", "\033[1;35m", "\033[1;32m", "\033[0m" };

/* The part of the line that is shown: all of a short one, a window around the place in a long one. */
static struct bj_bytes line_shown(const struct conf_report *report, const struct slot *slot, size_t *out_before)
{
	size_t start = slot->at, end = slot->at;

	while (start > 0 && report->text[start - 1] != '\n')
		start--;
	while (end < report->text_len && report->text[end] != '\n')
		end++;
	if (end > start && report->text[end - 1] == '\r')
		end--;
	if (slot->at > end)
		end = slot->at;
	if (slot->at - start > LINE_SHOWN_MAX / 2)
		start = slot->at - LINE_SHOWN_MAX / 2;
	if (end - start > LINE_SHOWN_MAX)
		end = start + LINE_SHOWN_MAX;
	*out_before = slot->at - start;
	return bytes_of(report->text + start, end - start);
}

/* Columns that a reader sees: UTF-8 sequences take one. */
static size_t columns(struct bj_bytes text)
{
	size_t count = 0;

	for (size_t i = 0; i < text.len; i++)
		count += (text.ptr[i] & 0xc0) != 0x80;
	return count;
}

static void print_source(const struct conf_report *report, const struct slot *slot, FILE *to, const struct colors *color)
{
	size_t before = 0, underlined;
	struct bj_bytes line = line_shown(report, slot, &before);

	fprintf(to, "%8u | ", slot->problem.line);
	for (struct bj_bytes rest = line, one; rest.len > 0;) {
		bool is_text = utf8_take(&rest, &one) == UTF8_TEXT || one.ptr[0] == '\t';

		fwrite(is_text ? one.ptr : (const uint8_t *)"?", 1, is_text ? one.len : 1, to);
	}
	fprintf(to, "\n         | ");
	for (size_t i = 0; i < before && i < line.len; i++)
		if ((line.ptr[i] & 0xc0) != 0x80)
			fputc(line.ptr[i] == '\t' ? '\t' : ' ', to);
	underlined = slot->problem.length < line.len - before ? slot->problem.length : line.len - before;
	underlined = columns(bytes_of(line.ptr + before, underlined));
	fprintf(to, "%s^", color->caret);
	for (size_t i = 1; i < underlined; i++)
		fputc('~', to);
	fprintf(to, "%s", color->off);
	if (slot->hint[0])
		fprintf(to, " %s", slot->hint);
	if (slot->expected[0])
		fprintf(to, "%s(%s)", slot->hint[0] ? "  " : " ", slot->expected);
	fputc('\n', to);
}

static void print_problem(const struct conf_report *report, const struct slot *slot, FILE *to, const struct colors *color)
{
	bool is_error = slot->problem.severity == CONF_ERROR;
	int len = 0;

	fputs(color->bold, to);
	if (slot->problem.line > 0)
		len = fprintf(to, "%s:%u:%u: ", report->path, slot->problem.line, slot->problem.column);
	else
		len = fprintf(to, "%s: ", report->path ? report->path : "configuration");
	fprintf(to, "%s%s%s: %s", is_error ? color->error : color->warning, is_error ? "error" : "warning", color->off, slot->message);
	len += (is_error ? 5 : 7) + 2 + (int)columns(bytes_text(slot->message));
	fprintf(to, "%*s[%s]\n", len + 2 < RULE_COLUMN ? RULE_COLUMN - len : 2, "", slot->rule);
	if (slot->problem.line > 0)
		print_source(report, slot, to, color);
	else if (slot->hint[0])
		fprintf(to, "         %s\n", slot->hint);
}

static void print_text(const struct conf_report *report, FILE *to, const struct colors *color)
{
	for (size_t i = 0; i < report->count; i++)
		print_problem(report, &report->slots[report->order[i]], to, color);
	if (report->errors + report->warnings > report->count)
		fprintf(to, "... and %zu more\n", report->errors + report->warnings - report->count);
	if (report->errors + report->warnings > 0)
		fprintf(to, "%zu error%s, %zu warning%s\n", report->errors, report->errors == 1 ? "" : "s", report->warnings,
			report->warnings == 1 ? "" : "s");
}

/* ---- JSON */

/* A file's name may be any bytes. */
static void json_text(FILE *to, const char *text)
{
	struct bj_bytes rest = bytes_text(text), one;

	fputc('"', to);
	while (rest.len > 0) {
		enum utf8_kind kind = utf8_take(&rest, &one);

		if (kind == UTF8_NONE)
			fputs("\\ufffd", to);
		else if (kind == UTF8_CONTROL)
			fprintf(to, "\\u%04x", one.ptr[one.len - 1]);
		else
			fprintf(to, one.ptr[0] == '"' || one.ptr[0] == '\\' ? "\\%.*s" : "%.*s", (int)one.len, (const char *)one.ptr);
	}
	fputc('"', to);
}

static void json_member(FILE *to, const char *name, const char *text)
{
	fprintf(to, ",\"%s\":", name);
	json_text(to, text);
}

static void print_json(const struct conf_report *report, FILE *to)
{
	fputs("{\"schema\":\"bojagi.check/1\",\"file\":", to);
	json_text(to, report->path ? report->path : "");
	fprintf(to, ",\"errors\":%zu,\"warnings\":%zu,\"problems\":[", report->errors, report->warnings);
	for (size_t i = 0; i < report->count; i++) {
		const struct conf_problem *p = conf_report_at(report, i);

		fprintf(to, "%s{\"severity\":\"%s\",\"rule\":\"%s\",\"line\":%u,\"column\":%u,\"length\":%u", i ? "," : "",
			p->severity == CONF_ERROR ? "error" : "warning", p->rule, p->line, p->column, p->length);
		json_member(to, "message", p->message);
		if (p->hint[0])
			json_member(to, "hint", p->hint);
		if (p->expected[0])
			json_member(to, "expected", p->expected);
		fputc('}', to);
	}
	fputs("]}\n", to);
}

void conf_report_print(const struct conf_report *report, FILE *to, enum conf_report_style style)
{
	if (style == CONF_REPORT_JSON)
		print_json(report, to);
	else
		print_text(report, to, style == CONF_REPORT_COLOR ? &bright : &plain);
}
