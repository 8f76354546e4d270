/* cmd_explain.c - `bojagi explain CODE`: what a failure, an alert or an exit code means, and what to do. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/bytes.h"
#include "cli/command.h"
#include "cli/explain_text.h"
#include "cli/json.h"
#include "cli/nearest.h"
#include "cli/options.h"
#include "gateway/conf_make.h"

#define WIDTH 78

static const char help[] =
	"bojagi explain CERT_EXPIRED      a failure by name, or by identifier: E-CERT-0212\n"
	"bojagi explain unknown_ca        an alert by name, or by number: alert:48\n"
	"bojagi explain exit:60           an exit code; a bare number may be both\n"
	"bojagi explain conf-017          a rule of the configuration\n"
	"bojagi explain --list            everything that has a text\n"
	"\n"
	"  --json     as JSON\n";

static const enum bj_err all_errs[] = {
#define BJ_ERR(name, value, id, alert, words) BJ_ERR_##name,
#include <bojagi/err.def>
#undef BJ_ERR
};

/* Breaks lines at spaces. */
static void print_wrapped(const char *text)
{
	size_t column = 0;

	while (*text) {
		size_t len = strcspn(text, " ");

		if (column > 0 && column + 1 + len > WIDTH) {
			putchar('\n');
			column = 0;
		}
		if (column > 0) {
			putchar(' ');
			column++;
		}
		fwrite(text, 1, len, stdout);
		column += len;
		text += len;
		while (*text == ' ')
			text++;
	}
	putchar('\n');
}

static void print_err(enum bj_err err)
{
	const struct explain_text *text = explain_text_find(err);
	const struct explain_exit *code = explain_exit_find(exit_of_err(err));
	int number = bj_err_alert(err);
	const struct explain_alert *alert = number >= 0 ? explain_alert_find(number) : NULL;

	printf("%s  %s: %s\n\n", bj_err_id(err), bj_err_name(err), bj_err_text(err));
	if (text) {
		print_wrapped(text->means);
		putchar('\n');
		print_wrapped(text->next);
		putchar('\n');
	}
	if (alert)
		printf("alert  %d %s, sent to the peer\n", number, alert->name);
	if (code)
		printf("exit   %d %s\n", code->code, code->means);
}

static void print_alert(const struct explain_alert *alert)
{
	printf("alert %d  %s\n\n", alert->number, alert->name);
	print_wrapped(alert->means);
	if (alert->number == 0)
		return;
	fputs("\nfailures here that send it: ", stdout);
	size_t count = 0;
	for (size_t i = 0; i < ARRAY_COUNT(all_errs); i++)
		if (bj_err_alert(all_errs[i]) == alert->number)
			printf("%s%s", count++ ? ", " : "", bj_err_name(all_errs[i]));
	puts(count ? "" : "none");
}

static void print_exit(const struct explain_exit *code)
{
	printf("exit %d  %s\n\n", code->code, code->means);
	print_wrapped(code->next);
}

static void print_rule(const struct conf_rule *rule)
{
	printf("conf-%03u  %s\n\n", rule->number, rule->title);
	print_wrapped(rule->text);
}

static void json_rule(struct json *json, const struct conf_rule *rule)
{
	char name[16];

	snprintf(name, sizeof(name), "conf-%03u", rule->number);
	json_object(json, NULL);
	json_text(json, "kind", "rule");
	json_text(json, "name", name);
	json_text(json, "words", rule->title);
	json_text(json, "means", rule->text);
	json_object_end(json);
}

static void json_err(struct json *json, enum bj_err err)
{
	const struct explain_text *text = explain_text_find(err);

	json_object(json, NULL);
	json_text(json, "kind", "failure");
	json_text(json, "id", bj_err_id(err));
	json_text(json, "name", bj_err_name(err));
	json_int(json, "code", err);
	json_text(json, "words", bj_err_text(err));
	json_text(json, "means", text ? text->means : NULL);
	json_text(json, "next", text ? text->next : NULL);
	if (bj_err_alert(err) >= 0)
		json_int(json, "alert", bj_err_alert(err));
	else
		json_null(json, "alert");
	json_int(json, "exit", exit_of_err(err));
	json_object_end(json);
}

static void json_alert(struct json *json, const struct explain_alert *alert)
{
	json_object(json, NULL);
	json_text(json, "kind", "alert");
	json_int(json, "number", alert->number);
	json_text(json, "name", alert->name);
	json_text(json, "means", alert->means);
	json_object_end(json);
}

static void json_exit(struct json *json, const struct explain_exit *code)
{
	json_object(json, NULL);
	json_text(json, "kind", "exit");
	json_int(json, "code", code->code);
	json_text(json, "means", code->means);
	json_text(json, "next", code->next);
	json_object_end(json);
}

/* What a word stands for; more than one thing can fit a bare number. */
struct meaning {
	enum bj_err err; /* BJ_OK: none */
	const struct explain_alert *alert;
	const struct explain_exit *code;
	const struct conf_rule *rule;
};

static enum bj_err err_by_word(const char *word)
{
	if (strncasecmp(word, "BJ_ERR_", 7) == 0)
		word += 7;
	for (size_t i = 0; i < ARRAY_COUNT(all_errs); i++)
		if (strcasecmp(word, bj_err_id(all_errs[i])) == 0 || strcasecmp(word, bj_err_name(all_errs[i])) == 0)
			return all_errs[i];
	return BJ_OK;
}

static const struct explain_alert *alert_by_word(const char *word)
{
	uint64_t number;

	if (options_number(word, 0, 255, &number))
		return explain_alert_find((int)number);
	for (size_t i = 0; i < explain_alert_count; i++)
		if (strcasecmp(word, explain_alerts[i].name) == 0)
			return &explain_alerts[i];
	return NULL;
}

static const struct explain_exit *exit_by_word(const char *word)
{
	uint64_t number;

	return options_number(word, 0, 255, &number) ? explain_exit_find((int)number) : NULL;
}

static const struct conf_rule *rule_by_word(const char *word)
{
	uint64_t number;

	if (strncasecmp(word, "conf-", 5) != 0 || !options_number(word + 5, 1, 999, &number))
		return NULL;
	for (const struct conf_rule *rule = conf_rules; rule->number; rule++)
		if (rule->number == number)
			return rule;
	return NULL;
}

static struct meaning find(const char *word)
{
	if (strncasecmp(word, "alert:", 6) == 0)
		return (struct meaning){ .alert = alert_by_word(word + 6) };
	if (strncasecmp(word, "exit:", 5) == 0)
		return (struct meaning){ .code = exit_by_word(word + 5) };
	return (struct meaning){ .err = err_by_word(word), .alert = alert_by_word(word), .code = exit_by_word(word),
				 .rule = rule_by_word(word) };
}

static int not_found(const char *word)
{
	const char *words[ARRAY_COUNT(all_errs) * 2 + 64];
	const char *near;
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_COUNT(all_errs); i++) {
		words[count++] = bj_err_name(all_errs[i]);
		words[count++] = bj_err_id(all_errs[i]);
	}
	for (size_t i = 0; i < explain_alert_count && count < ARRAY_COUNT(words); i++)
		words[count++] = explain_alerts[i].name;
	near = nearest_word(word, words, count);
	fprintf(stderr, "bojagi explain: nothing is known about '%s'", word);
	if (near)
		fprintf(stderr, "; did you mean '%s'?", near);
	fputs("\ntry: bojagi explain --list\n", stderr);
	return EXIT_USAGE;
}

static int list_all(bool as_json)
{
	struct json json;

	if (as_json) {
		json_begin(&json, stdout);
		json_array(&json, NULL);
		for (size_t i = 0; i < ARRAY_COUNT(all_errs); i++)
			json_err(&json, all_errs[i]);
		for (size_t i = 0; i < explain_alert_count; i++)
			json_alert(&json, &explain_alerts[i]);
		for (size_t i = 0; i < explain_exit_count; i++)
			json_exit(&json, &explain_exits[i]);
		for (const struct conf_rule *rule = conf_rules; rule->number; rule++)
			json_rule(&json, rule);
		json_array_end(&json);
		json_end(&json);
		return EXIT_GOOD;
	}
	for (size_t i = 0; i < ARRAY_COUNT(all_errs); i++)
		printf("%-12s %-26s %s\n", bj_err_id(all_errs[i]), bj_err_name(all_errs[i]), bj_err_text(all_errs[i]));
	for (size_t i = 0; i < explain_alert_count; i++)
		printf("alert:%-6d %s\n", explain_alerts[i].number, explain_alerts[i].name);
	for (size_t i = 0; i < explain_exit_count; i++)
		printf("exit:%-7d %s\n", explain_exits[i].code, explain_exits[i].means);
	for (const struct conf_rule *rule = conf_rules; rule->number; rule++)
		printf("conf-%03u     %s\n", rule->number, rule->title);
	return EXIT_GOOD;
}

int cmd_explain(int argc, char **argv)
{
	static const struct option own[] = { { "list", no_argument, NULL, 'l' }, { 0 } };
	struct options options;
	struct meaning meaning;
	bool list = false;
	int step;
	char word[128];

	options_init(&options, "explain", help, own);
	while ((step = options_next(&options, argc, argv, "l")) > 0)
		list = true;
	if (step != OPTIONS_END)
		return step == OPTIONS_DONE ? EXIT_GOOD : EXIT_USAGE;
	if (list)
		return list_all(options.json);
	if (argc - optind == 2) /* "alert 48" and "exit 60" are spoken more often than "alert:48" */
		snprintf(word, sizeof(word), "%s:%s", argv[optind], argv[optind + 1]);
	else if (argc - optind == 1)
		snprintf(word, sizeof(word), "%s", argv[optind]);
	else {
		fputs(help, stderr);
		return EXIT_USAGE;
	}
	meaning = find(word);
	if (!meaning.err && !meaning.alert && !meaning.code && !meaning.rule)
		return not_found(word);
	if (options.json) {
		struct json json;

		json_begin(&json, stdout);
		json_array(&json, NULL);
		if (meaning.err)
			json_err(&json, meaning.err);
		if (meaning.alert)
			json_alert(&json, meaning.alert);
		if (meaning.code)
			json_exit(&json, meaning.code);
		if (meaning.rule)
			json_rule(&json, meaning.rule);
		json_array_end(&json);
		json_end(&json);
		return EXIT_GOOD;
	}
	if (meaning.err)
		print_err(meaning.err);
	if (meaning.err && (meaning.alert || meaning.code))
		puts("\n---\n");
	if (meaning.alert)
		print_alert(meaning.alert);
	if (meaning.alert && meaning.code)
		puts("\n---\n");
	if (meaning.code)
		print_exit(meaning.code);
	if (meaning.rule)
		print_rule(meaning.rule);
	return EXIT_GOOD;
}
