/* own_credential.c - see own_credential.h. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/wipe.h"
#include "cli/own_credential.h"
#include "cli/say.h"
#include "crypto/pkey.h"

#define SOURCE_MAX (PASSPHRASE_MAX + 8)

/* ---- asking */

static volatile sig_atomic_t signalled;

static void note(int signo)
{
	signalled = signo;
}

/* A line from the terminal, not through stdio, whose buffers nobody wipes. False if there is none, or a signal came first. */
static bool read_line(const sigset_t *open_mask, char *line, size_t cap)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	ssize_t n = ppoll(&in, 1, NULL, open_mask) == 1 ? read(STDIN_FILENO, line, cap - 1) : -1;

	if (n <= 0)
		return false;
	if (line[n - 1] == '\n')
		n--;
	line[n] = 0;
	return true;
}

/* "pass:" and what was typed; false if nothing was. Whatever ends us meanwhile does so when the terminal shows again what is typed. */
static bool ask(const char *chain, char source[SOURCE_MAX])
{
	static const int signos[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	struct sigaction noting = { .sa_handler = note }, before[ARRAY_COUNT(signos)];
	struct termios shown, silent;
	sigset_t closed, open_mask;
	bool good;

	if (tcgetattr(STDIN_FILENO, &shown) != 0)
		return false;
	sigemptyset(&closed);
	for (size_t i = 0; i < ARRAY_COUNT(signos); i++)
		sigaddset(&closed, signos[i]);
	signalled = 0;
	sigprocmask(SIG_BLOCK, &closed, &open_mask);
	for (size_t i = 0; i < ARRAY_COUNT(signos); i++)
		sigaction(signos[i], &noting, &before[i]);
	silent = shown;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent); /* before the question: what is typed before is let go */
	fprintf(stderr, "passphrase of %s: ", chain);
	memcpy(source, "pass:", 6);
	good = read_line(&open_mask, source + 5, SOURCE_MAX - 5);
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
	fputc('\n', stderr);
	for (size_t i = 0; i < ARRAY_COUNT(signos); i++)
		sigaction(signos[i], &before[i], NULL);
	sigprocmask(SIG_SETMASK, &open_mask, NULL);
	if (signalled)
		raise(signalled);
	return good;
}

/* ---- */

int own_credential_open(const struct options *options, const char *option, const char *chain, const char *key, const char *passin,
			struct bj_credential **out)
{
	char why[BJ_WHY_MAX], source[SOURCE_MAX];
	enum bj_err err = bj_credential_open(chain, key, passin, out, why);

	if (err == BJ_ERR_KEY_ENCRYPTED && !passin && !options->no_input && isatty(STDIN_FILENO) && ask(key ? key : chain, source))
		err = bj_credential_open(chain, key, source, out, why);
	wipe(source, sizeof(source));
	if (!err)
		return EXIT_GOOD;
	if (err == BJ_ERR_SYNTAX || (err == BJ_ERR_NOT_FOUND && !(key && pkey_is_uri(key))))
		return say_failure(err == BJ_ERR_SYNTAX ? EXIT_USAGE : EXIT_OWN_CERTIFICATE, "--passin: %s", why);
	if (err == BJ_ERR_KEY_ENCRYPTED)
		return say_err(EXIT_OWN_CERTIFICATE, err, "%s %s: a passphrase is needed: --passin file:PATH or env:NAME", option, chain);
	return say_err(EXIT_OWN_CERTIFICATE, err, "%s %s%s%s", option, chain, *why ? ": " : "", why);
}

int own_passphrase(const char *option, const char *source, struct passphrase *out)
{
	enum bj_err err;

	errno = 0;
	err = passphrase_get(source, out);
	if (!err)
		return EXIT_GOOD;
	if (err == BJ_ERR_SYNTAX)
		return say_failure(EXIT_USAGE, "%s is file:PATH or env:NAME, not '%s'", option, source);
	if (err == BJ_ERR_NOT_FOUND)
		return say_failure(EXIT_USAGE, "%s: the variable %s is not set", option, source + strlen("env:"));
	if (err == BJ_ERR_LIMIT)
		return say_failure(EXIT_USAGE, "%s: a passphrase has at most %d bytes", option, PASSPHRASE_MAX);
	return say_failure(EXIT_USAGE, "%s: cannot read %s: %s", option, source + strlen("file:"), errno ? strerror(errno) : bj_err_text(err));
}
