/* say.c - see say.h. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/say.h"

int say_failure(enum exit_code code, const char *format, ...)
{
	va_list arguments;

	fputs("bojagi: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	return code;
}

int say_err(enum exit_code code, enum bj_err err, const char *format, ...)
{
	va_list arguments;

	fputs("bojagi: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fprintf(stderr, ": %s  (%s; bojagi explain %s)\n", bj_err_text(err), bj_err_id(err), bj_err_name(err));
	return code;
}

int say_file_err(enum exit_code code, enum bj_err err, const char *option, const char *path)
{
	if (err == BJ_ERR_FILE_OPEN || err == BJ_ERR_FILE_READ)
		return say_err(code, err, "%s %s: %s", option, path, strerror(errno));
	return say_err(code, err, "%s %s", option, path);
}
