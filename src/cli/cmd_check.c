/* cmd_check.c - `bojagi check FILE`: every problem of a configuration, with its place; runs nothing. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/say.h"
#include "cli/terminal.h"
#include "gateway/conf_report.h"

static const char help[] =
	"bojagi check bojagi.conf         every mistake, with its line, a caret and what was expected\n"
	"\n"
	"  --strict   exit 2 for warnings, too\n"
	"  --json     one JSON document\n"
	"  --quiet    only the exit code\n"
	"\n"
	"A reload (SIGHUP) leaves the number of workers as it is: a change of that needs a restart.\n"
	"exit: 0 good (warnings allowed unless --strict), 2 not. Certificates, keys and CA files are read and judged, too.\n";

static const char *plural(size_t count)
{
	return count == 1 ? "" : "s";
}

static void print_good(const struct options *options, const char *path, const struct conf_snapshot *conf, size_t warnings)
{
	struct terminal terminal = terminal_of(stdout, options);
	size_t servers = 0;

	for (size_t i = 0; i < conf->pool_count; i++)
		servers += conf->pools[i].server_count;
	printf("%s%s: %zu listener%s, %zu pool%s, %zu server%s", terminal_mark(&terminal, MARK_GOOD), path, conf->listener_count,
	       plural(conf->listener_count), conf->pool_count, plural(conf->pool_count), servers, plural(servers));
	if (warnings > 0)
		printf(", %zu warning%s", warnings, plural(warnings));
	putchar('\n');
}

int cmd_check(int argc, char **argv)
{
	static const struct option own[] = { { "strict", no_argument, NULL, 's' }, { 0 } };
	struct conf_snapshot *conf = NULL;
	struct conf_report *report;
	struct options options;
	bool strict = false, doubtful;
	enum bj_err err;
	int step;

	options_init(&options, "check", help, own);
	while ((step = options_next(&options, argc, argv, NULL)) == 's')
		strict = true;
	if (step != OPTIONS_END)
		return step == OPTIONS_DONE ? EXIT_GOOD : EXIT_USAGE;
	if (argc - optind != 1)
		return say_failure(EXIT_USAGE, "check needs one file, for example: bojagi check bojagi.conf");
	report = conf_report_new();
	if (!report)
		return say_err(EXIT_INTERNAL, BJ_ERR_NO_MEMORY, "check");
	errno = 0;
	err = conf_load(argv[optind], report, &conf);
	if (!options.quiet) {
		if (options.json)
			conf_report_print(report, stdout, CONF_REPORT_JSON);
		else if (conf_report_count(report) > 0)
			conf_report_print(report, stdout, terminal_of(stdout, &options).colour ? CONF_REPORT_COLOR : CONF_REPORT_PLAIN);
		if (!options.json && !err)
			print_good(&options, argv[optind], conf, conf_report_warnings(report));
	}
	if (err && conf_report_count(report) == 0)
		say_err(EXIT_USAGE, err, "%s%s%s", argv[optind], errno ? ": " : "", errno ? strerror(errno) : "");
	doubtful = strict && conf_report_warnings(report) > 0;
	conf_report_free(report);
	if (!err)
		conf_unref(conf);
	return err == BJ_ERR_NO_MEMORY ? EXIT_INTERNAL : err || doubtful ? EXIT_USAGE : EXIT_GOOD;
}
