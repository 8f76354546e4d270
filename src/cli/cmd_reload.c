/* cmd_reload.c - `bojagi reload`: the running gateway reads its configuration again, and the exit code says what came of it. */
#include <stdio.h>

#include "cli/command.h"
#include "cli/json.h"
#include "cli/options.h"
#include "cli/say.h"
#include "cli/terminal.h"
#include "gateway/conf_report.h"
#include "gateway/control.h"

static const char help[] =
	"bojagi reload                    the running gateway reads its configuration again\n"
	"bojagi reload bojagi.conf        the one that runs with this file, where there are several\n"
	"\n"
	"  -c, --config FILE   the same\n"
	"  --timeout TIME      how long to wait for its answer (default 10s)\n"
	"  --json              one JSON document\n"
	"\n"
	"A bad file changes nothing. New connections and requests follow the new configuration. For root and the user whom the gateway runs as.\n"
	"exit: 0 done, 2 the file is bad and nothing was changed, 7 no gateway runs with it or it refuses, 28 no answer\n";

/* The gateway's log has them, too; here they are where somebody looks. */
static void print_mistakes(const struct options *options, const char *path)
{
	struct conf_report *report = conf_report_new();
	struct conf_snapshot *conf = NULL;

	if (!report)
		return;
	if (conf_load(path, report, &conf) == BJ_OK)
		conf_unref(conf);
	else
		conf_report_print(report, stderr, terminal_of(stderr, options).colour ? CONF_REPORT_COLOR : CONF_REPORT_PLAIN);
	conf_report_free(report);
}

static int tell(const struct options *options, const char *path, enum control_outcome outcome, const char *text)
{
	bool done = outcome == CONTROL_DONE;
	struct terminal terminal = terminal_of(stdout, options);
	struct json json;

	if (options->json) {
		json_document(&json, stdout, "bojagi.reload/1");
		json_text(&json, "file", path);
		json_bool(&json, "reloaded", done);
		json_text(&json, done ? "note" : "error", text);
		json_document_end(&json);
	} else if (done && !options->quiet) {
		printf("%sreloaded%s%s\n", terminal_mark(&terminal, MARK_GOOD), path ? " " : "", path ? path : "");
		if (*text)
			printf("%s%s\n", terminal_mark(&terminal, MARK_WARN), text);
	}
	if (done)
		return EXIT_GOOD;
	if (outcome == CONTROL_REFUSED)
		return say_failure(EXIT_REFUSED, "the gateway does not: %s", text);
	if (path)
		print_mistakes(options, path);
	return say_failure(EXIT_USAGE, "the old configuration stays: %s", text);
}

int cmd_reload(int argc, char **argv)
{
	static const struct option own[] = { { "config", required_argument, NULL, 'c' }, { 0 } };
	char text[CONTROL_TEXT_MAX];
	const char *path = NULL;
	struct options options;
	enum control_outcome outcome;
	enum bj_err err;
	int step;

	options_init(&options, "reload", help, own);
	while ((step = options_next(&options, argc, argv, "c:")) > 0)
		path = optarg;
	if (step != OPTIONS_END)
		return step == OPTIONS_DONE ? EXIT_GOOD : EXIT_USAGE;
	if (!path && optind < argc)
		path = argv[optind++];
	if (optind < argc)
		return say_failure(EXIT_USAGE, "reload takes one file, the one that the gateway runs with");
	err = control_ask(path, options.timeout_ms, &outcome, text);
	if (err && !path)
		return err == BJ_ERR_ARGUMENT ? say_failure(EXIT_USAGE, "several gateways run here: name the file of one, bojagi reload bojagi.conf")
		       : err == BJ_ERR_IO_REFUSED ? say_failure(EXIT_REFUSED, "no gateway runs here; start one: bojagi proxy -c bojagi.conf")
						  : say_err(exit_of_err(err), err, "reload");
	if (err == BJ_ERR_IO_REFUSED)
		return say_failure(EXIT_REFUSED, "no gateway runs with %s here; start one: bojagi proxy -c %s", path, path);
	if (err)
		return say_err(exit_of_err(err), err, "%s", path);
	return tell(&options, path, outcome, text);
}
