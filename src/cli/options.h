/* options.h - the command line of one command: getopt_long_only with the options that every command has.
 *
 * One hyphen and two mean the same, so s_client's spellings work. Unknown options are answered with the nearest one.
 * The state is getopt's own, so one command line at a time.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OPTIONS_MAX 96
#define OPTIONS_TIMEOUT_DEFAULT_MS 10000

enum options_step {
	OPTIONS_END = -1,  /* operands follow, from optind on */
	OPTIONS_BAD = -2,  /* a message was printed; exit 2 */
	OPTIONS_DONE = -3, /* help or version was printed; exit 0 */
};

enum options_colour {
	OPTIONS_COLOUR_AUTO = 0,
	OPTIONS_COLOUR_ALWAYS,
	OPTIONS_COLOUR_NEVER,
};

struct options {
	const char *command;
	const char *help;
	struct option all[OPTIONS_MAX + 1];
	bool json;
	bool quiet;
	unsigned verbose;
	bool ascii;
	enum options_colour colour;
	uint32_t timeout_ms;
	bool timeout_given;
	bool no_input; /* neither standard input nor a terminal is read */
};

/* `own` ends with an all-zero row; its values are 1..255 (a letter makes that short option, too, if it stands in `own_short`). */
void options_init(struct options *options, const char *command, const char *help, const struct option *own);
/* The value of the next option (its argument is in optarg), or an enum options_step. */
int options_next(struct options *options, int argc, char **argv, const char *own_short);
/* "10", "10s", "500ms", "2m", "1h", "1d" -> milliseconds; false if it is none of these or beyond a year. */
bool options_duration_ms(const char *text, uint64_t *out_ms);
/* A whole number from `min` to `max`. */
bool options_number(const char *text, uint64_t min, uint64_t max, uint64_t *out_number);

#endif
