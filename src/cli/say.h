/* say.h - messages of the commands on standard error. */
#ifndef CLI_SAY_H
#define CLI_SAY_H

#include "cli/command.h"

/* "bojagi: " and the words and a line end; returns `code`. */
int say_failure(enum exit_code code, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same with the failure's words, identifier and how to learn more. */
int say_err(enum exit_code code, enum bj_err err, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The same about a file: "OPTION PATH: why the system says no: the words". errno is as the failure left it. */
int say_file_err(enum exit_code code, enum bj_err err, const char *option, const char *path);

#endif
