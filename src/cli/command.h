/* command.h - the commands of the program and the exit codes that they share.
 *
 * A command gets its own name as argv[0], prints its result to stdout and everything else to stderr, and returns an exit code.
 * The codes are curl's where curl has one; scripts depend on them, so they never change their meaning.
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include <bojagi/err.h>

enum exit_code {
	EXIT_GOOD = 0,
	EXIT_INTERNAL = 1,
	EXIT_USAGE = 2,
	EXIT_THRESHOLD = 4,
	EXIT_NAME = 6,
	EXIT_REFUSED = 7,
	EXIT_TIMEOUT = 28,
	EXIT_HANDSHAKE = 35,
	EXIT_BROKE = 56,
	EXIT_OWN_CERTIFICATE = 58,
	EXIT_NOT_TRUSTED = 60,
	EXIT_CA_FILE = 77,
	EXIT_PIN = 90,
	EXIT_OCSP = 91,
	EXIT_CLIENT_CERTIFICATE = 98,
	EXIT_INTERRUPTED = 130,
	EXIT_TERMINATED = 143,
};

struct command {
	const char *name;
	const char *help; /* one line */
	int (*run)(int argc, char **argv);
};

int cmd_cert(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_connect(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_proxy(int argc, char **argv);
int cmd_reload(int argc, char **argv);
int cmd_serve(int argc, char **argv);
int cmd_sim(int argc, char **argv);

/* The exit code that a failure of a connection has: by kind, not by when it came. */
enum exit_code exit_of_err(enum bj_err err);

#endif
