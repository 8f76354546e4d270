/* main.c - the program `bojagi`: one table of commands. */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bojagi/version.h>

#include "cli/command.h"
#include "cli/nearest.h"

static const struct command commands[] = {
	{ "cert", "a local CA, certificates for servers and clients; show any certificate", cmd_cert },
	{ "check", "every mistake of a gateway configuration, with its place", cmd_check },
	{ "connect", "see and judge a TLS connection", cmd_connect },
	{ "explain", "the long text of an error, an alert or an exit code", cmd_explain },
	{ "proxy", "the gateway: TLS, client certificates, load balancing", cmd_proxy },
	{ "reload", "the running gateway reads its configuration again", cmd_reload },
	{ "serve", "HTTPS for a folder, an echo server, or one that tells its name", cmd_serve },
	{ "sim", "a handshake under a given network, in virtual time, as a ladder", cmd_sim },
};
#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static const char examples[] =
	"Try:\n"
	"  bojagi cert init                 make a local CA that may only sign local names\n"
	"  bojagi serve                     HTTPS for this directory, now\n"
	"  bojagi connect HOST              see and judge a TLS connection\n"
	"  bojagi proxy -c bojagi.conf      the gateway: TLS, client certificates, load balancing\n"
	"  bojagi check bojagi.conf         every mistake of a configuration, with its place\n"
	"  bojagi explain CERT_EXPIRED      what an error means and what to do\n"
	"\n"
	"bojagi --help lists the commands, bojagi COMMAND --help explains one.\n";

static void print_help(void)
{
	puts("usage: bojagi COMMAND [TARGET] [OPTIONS]\n");
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		printf("  %-9s %s\n", commands[i].name, commands[i].help);
	puts("\nEvery command has --help, --version, --json, --quiet, --verbose, --color=always|never|auto, --ascii.");
	puts("Results go to stdout, everything else to stderr. `bojagi explain exit:60` tells what an exit code means.");
}

static int unknown(const char *name)
{
	const char *names[COMMAND_COUNT];
	const char *near;

	for (size_t i = 0; i < COMMAND_COUNT; i++)
		names[i] = commands[i].name;
	near = name[0] == '-' ? NULL : nearest_word(name, names, COMMAND_COUNT);
	fprintf(stderr, name[0] == '-' ? "bojagi: a command comes first, then its options: not '%s'" : "bojagi: unknown command '%s'", name);
	if (near)
		fprintf(stderr, "; did you mean '%s'?", near);
	fputs("\ntry: bojagi --help\n", stderr);
	return EXIT_USAGE;
}

static int run(int argc, char **argv)
{
	if (argc < 2) {
		fputs(examples, stdout);
		return EXIT_GOOD;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
		print_help();
		return EXIT_GOOD;
	}
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "version") == 0) {
		puts("bojagi " BJ_VERSION_TEXT);
		return EXIT_GOOD;
	}
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	return unknown(argv[1]);
}

/* Whoever starts us may have closed some of the standard streams. The next file or socket would get such a place, and then reports go to a
 * peer and a peer's bytes are taken for input. What stands there instead can be read as empty and cannot be written. */
static bool standard_streams_are_there(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDONLY) != fd)
			return false;
	return true;
}

int main(int argc, char **argv)
{
	bool lost;
	int code;

	if (!standard_streams_are_there())
		return EXIT_INTERNAL;
	setlocale(LC_CTYPE, "");
	signal(SIGPIPE, SIG_IGN); /* a peer or a pager that goes away is an error to be told, not a death */
	code = run(argc, argv);
	lost = fflush(stdout) != 0;
	if (!lost && !ferror(stdout))
		return code;
	fprintf(stderr, "bojagi: not everything could be written to standard output%s%s\n", lost ? ": " : "", lost ? strerror(errno) : "");
	return code ? code : EXIT_INTERNAL;
}
