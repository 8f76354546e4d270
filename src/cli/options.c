/* options.c - see options.h. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bojagi/version.h>

#include "base/check.h"
#include "base/word.h"
#include "cli/nearest.h"
#include "cli/options.h"

enum common {
	COMMON_HELP = 0x100,
	COMMON_VERSION,
	COMMON_JSON,
	COMMON_NO_COLOUR,
	COMMON_COLOUR,
	COMMON_ASCII,
	COMMON_QUIET,
	COMMON_VERBOSE,
	COMMON_TIMEOUT,
	COMMON_HELP_ALL,
	COMMON_NO_INPUT,
};

static const struct option common[] = {
	{ "help", no_argument, NULL, COMMON_HELP },         { "version", no_argument, NULL, COMMON_VERSION },
	{ "json", no_argument, NULL, COMMON_JSON },         { "no-color", no_argument, NULL, COMMON_NO_COLOUR },
	{ "color", required_argument, NULL, COMMON_COLOUR }, { "ascii", no_argument, NULL, COMMON_ASCII },
	{ "quiet", no_argument, NULL, COMMON_QUIET },       { "verbose", no_argument, NULL, COMMON_VERBOSE },
	{ "timeout", required_argument, NULL, COMMON_TIMEOUT }, { "help-all", no_argument, NULL, COMMON_HELP_ALL },
	{ "no-input", no_argument, NULL, COMMON_NO_INPUT },
};
#define COMMON_COUNT (sizeof(common) / sizeof(common[0]))

static const char common_help[] =
	"\n"
	"Every command:\n"
	"  -h, --help           how it is used; --help-all: this, too; --version\n"
	"  -q, --quiet          say less; -v, --verbose: say more, where there is more (connect)\n"
	"  --json               what it finds as JSON, where it finds something\n"
	"  --color WHEN         always, never or auto; --no-color; also $NO_COLOR, $CLICOLOR_FORCE\n"
	"  --ascii              no other characters than those of ASCII\n"
	"  --timeout TIME       for what waits for somebody: 500ms, 10s, 2m\n"
	"  --no-input           read neither standard input nor a terminal: nobody is asked for a passphrase\n";

void options_init(struct options *options, const char *command, const char *help, const struct option *own)
{
	size_t count = 0;

	*options = (struct options){ .command = command, .help = help, .timeout_ms = OPTIONS_TIMEOUT_DEFAULT_MS };
	for (; own && own->name; own++) {
		check(count < OPTIONS_MAX - COMMON_COUNT);
		options->all[count++] = *own;
	}
	for (size_t i = 0; i < COMMON_COUNT; i++)
		options->all[count++] = common[i];
	optind = 0; /* glibc: begin anew, with everything forgotten */
	opterr = 0;
}

/* The option that begins with these letters, behind `skip` others that do. */
static const char *begins_with(const struct options *options, const char *letters, size_t skip)
{
	for (const struct option *o = options->all; *letters && o->name; o++)
		if (strncmp(o->name, letters, strlen(letters)) == 0 && skip-- == 0)
			return o->name;
	return NULL;
}

static int unknown(const struct options *options, const char *text)
{
	const char *words[OPTIONS_MAX];
	char name[WORD_MAX];
	const char *near, *first, *second;
	size_t count = 0, len;
	bool has_value;

	while (*text == '-')
		text++;
	len = strcspn(text, "=");
	has_value = text[len] == '=';
	if (len >= sizeof(name))
		len = sizeof(name) - 1;
	memcpy(name, text, len);
	name[len] = '\0';
	for (; options->all[count].name; count++)
		words[count] = options->all[count].name;
	near = nearest_word(name, words, count);
	first = begins_with(options, name, 0);
	second = begins_with(options, name, 1);
	if (has_value && near && strcmp(near, name) == 0)
		fprintf(stderr, "bojagi %s: option '--%s' takes no value", options->command, name);
	else if (second)
		fprintf(stderr, "bojagi %s: option '-%s' may be '--%s' or '--%s'", options->command, name, first, second);
	else
		fprintf(stderr, "bojagi %s: unknown option '-%s'", options->command, name);
	if (near && !second && strcmp(near, name) != 0)
		fprintf(stderr, "; did you mean '--%s'?", near);
	fprintf(stderr, "\ntry: bojagi %s --help\n", options->command);
	return OPTIONS_BAD;
}

static int take_common(struct options *options, int value)
{
	uint64_t ms;

	switch (value) {
	case COMMON_HELP:
		fputs(options->help, stdout);
		return OPTIONS_DONE;
	case COMMON_HELP_ALL:
		fputs(options->help, stdout);
		fputs(common_help, stdout);
		return OPTIONS_DONE;
	case COMMON_NO_INPUT:
		options->no_input = true;
		return 0;
	case COMMON_VERSION:
		puts("bojagi " BJ_VERSION_TEXT);
		return OPTIONS_DONE;
	case COMMON_JSON:
		options->json = true;
		return 0;
	case COMMON_NO_COLOUR:
		options->colour = OPTIONS_COLOUR_NEVER;
		return 0;
	case COMMON_ASCII:
		options->ascii = true;
		return 0;
	case COMMON_QUIET:
		options->quiet = true;
		return 0;
	case COMMON_VERBOSE:
		options->verbose++;
		return 0;
	case COMMON_COLOUR:
		if (strcmp(optarg, "always") == 0)
			options->colour = OPTIONS_COLOUR_ALWAYS;
		else if (strcmp(optarg, "never") == 0)
			options->colour = OPTIONS_COLOUR_NEVER;
		else if (strcmp(optarg, "auto") == 0)
			options->colour = OPTIONS_COLOUR_AUTO;
		else {
			fprintf(stderr, "bojagi %s: --color is always, never or auto, not '%s'\n", options->command, optarg);
			return OPTIONS_BAD;
		}
		return 0;
	case COMMON_TIMEOUT:
		if (!options_duration_ms(optarg, &ms) || ms == 0 || ms > UINT32_MAX) {
			fprintf(stderr, "bojagi %s: --timeout is a time such as 10s or 500ms, not '%s'\n", options->command, optarg);
			return OPTIONS_BAD;
		}
		options->timeout_ms = (uint32_t)ms;
		options->timeout_given = true;
		return 0;
	default:
		return OPTIONS_BAD;
	}
}

int options_next(struct options *options, int argc, char **argv, const char *own_short)
{
	char letters[64];

	snprintf(letters, sizeof(letters), ":hqv%s", own_short ? own_short : "");
	for (;;) {
		int place = optind > 0 ? optind : 1;
		int value = getopt_long_only(argc, argv, letters, options->all, NULL);
		int step;

		if (value == -1)
			return OPTIONS_END;
		if (value == ':') {
			fprintf(stderr, "bojagi %s: option '%s' needs a value\n", options->command, argv[optind - 1]);
			return OPTIONS_BAD;
		}
		if (value == '?')
			/* getopt moves operands behind options: what it stumbled over is the one before its place now */
			return unknown(options, optind > 0 && optind <= argc ? argv[optind > 1 ? optind - 1 : place] : "");
		if (value == 'h')
			value = COMMON_HELP;
		else if (value == 'q')
			value = COMMON_QUIET;
		else if (value == 'v')
			value = COMMON_VERBOSE;
		if (value < COMMON_HELP)
			return value;
		step = take_common(options, value);
		if (step != 0)
			return step;
	}
}

bool options_number(const char *text, uint64_t min, uint64_t max, uint64_t *out_number)
{
	char *end;
	unsigned long long number;

	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	number = strtoull(text, &end, 10);
	if (errno != 0 || *end != '\0' || number < min || number > max)
		return false;
	*out_number = number;
	return true;
}

bool options_duration_ms(const char *text, uint64_t *out_ms)
{
	static const struct {
		const char *unit;
		uint64_t ms;
	} units[] = { { "", 1000 }, { "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 }, { "d", 86400000 } };
	const uint64_t year_ms = 366ull * 86400000;
	char *end;
	unsigned long long number;

	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	number = strtoull(text, &end, 10);
	if (errno != 0 || number > year_ms)
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(end, units[i].unit) == 0 && number <= year_ms / units[i].ms) {
			*out_ms = number * units[i].ms;
			return true;
		}
	return false;
}
