/* terminal.h - how to mark good and bad on a stream: colour where a person looks, words always.
 *
 * --color > NO_COLOR > CLICOLOR_FORCE or FORCE_COLOR > is it a terminal that is not "dumb". Symbols are ASCII where the locale is.
 */
#ifndef CLI_TERMINAL_H
#define CLI_TERMINAL_H

#include <stdbool.h>
#include <stdio.h>

#include "cli/options.h"

enum mark {
	MARK_GOOD,
	MARK_BAD,
	MARK_WARN,
	MARK_NONE, /* absent, and that is no trouble */
};

struct terminal {
	FILE *stream;
	bool colour;
	bool ascii;
};

struct terminal terminal_of(FILE *stream, const struct options *options);
/* The symbol with its colour and a space; a static string. */
const char *terminal_mark(const struct terminal *terminal, enum mark mark);
const char *terminal_arrow(const struct terminal *terminal);
/* Prints text that came from outside: control characters, which could command a terminal, and what is no UTF-8 become '?'. */
void terminal_print(const struct terminal *terminal, const char *text, size_t len);

#endif
