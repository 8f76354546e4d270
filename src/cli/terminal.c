/* terminal.c - see terminal.h. */
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "base/utf8.h"
#include "cli/terminal.h"

static bool set(const char *name)
{
	const char *value = getenv(name);

	return value && *value;
}

static bool wants_colour(FILE *stream, enum options_colour choice)
{
	const char *term = getenv("TERM");

	if (choice != OPTIONS_COLOUR_AUTO)
		return choice == OPTIONS_COLOUR_ALWAYS;
	if (set("NO_COLOR"))
		return false;
	if (set("CLICOLOR_FORCE") || set("FORCE_COLOR"))
		return true;
	return isatty(fileno(stream)) && term && strcmp(term, "dumb") != 0;
}

struct terminal terminal_of(FILE *stream, const struct options *options)
{
	return (struct terminal){
		.stream = stream,
		.colour = wants_colour(stream, options->colour),
		.ascii = options->ascii || strcmp(nl_langinfo(CODESET), "UTF-8") != 0,
	};
}

const char *terminal_mark(const struct terminal *terminal, enum mark mark)
{
	static const char *const marks[4][4] = {
		/*                 plain     ascii    colour                     colour ascii */
		[MARK_GOOD] = { "✓ ", "ok  ", "\033[32m✓\033[0m ", "\033[32mok\033[0m  " },
		[MARK_BAD] = { "✗ ", "bad ", "\033[31m✗\033[0m ", "\033[31mbad\033[0m " },
		[MARK_WARN] = { "! ", "!   ", "\033[33m!\033[0m ", "\033[33m!\033[0m   " },
		[MARK_NONE] = { "– ", "-   ", "– ", "-   " },
	};

	check(mark <= MARK_NONE);
	return marks[mark][(terminal->colour ? 2 : 0) + (terminal->ascii ? 1 : 0)];
}

const char *terminal_arrow(const struct terminal *terminal)
{
	return terminal->ascii ? "<-" : "←";
}

void terminal_print(const struct terminal *terminal, const char *text, size_t len)
{
	struct bj_bytes rest = bytes_of(text, len), one;

	while (rest.len > 0) {
		bool is_good = utf8_take(&rest, &one) == UTF8_TEXT && !(terminal->ascii && one.len > 1);

		fwrite(is_good ? one.ptr : (const uint8_t *)"?", 1, is_good ? one.len : 1, terminal->stream);
	}
}
