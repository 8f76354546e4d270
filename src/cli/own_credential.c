/* own_credential.c - see own_credential.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/wipe.h"
#include "cli/own_credential.h"
#include "cli/say.h"
#include "crypto/pkey.h"

#define SOURCE_MAX (PASSPHRASE_MAX + 8)

/* "pass:" and what was typed; false if nothing was. */
static bool ask(const char *chain, char source[SOURCE_MAX])
{
	struct termios before, silent;
	size_t len;
	bool good;

	if (tcgetattr(STDIN_FILENO, &before) != 0)
		return false;
	silent = before;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent); /* before the question: what is typed before is let go */
	fprintf(stderr, "passphrase of %s: ", chain);
	memcpy(source, "pass:", 6);
	good = fgets(source + 5, SOURCE_MAX - 5, stdin) != NULL;
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
	fputc('\n', stderr);
	len = strlen(source);
	if (len > 5 && source[len - 1] == '\n')
		source[len - 1] = 0;
	return good;
}

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
