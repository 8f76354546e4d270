/* own_credential.h - the chain and key that a command shows to peers, from files, and its passphrase.
 *
 * The passphrase comes from where --passin says; without it a person at a terminal is asked, and nobody else.
 */
#ifndef CLI_OWN_CREDENTIAL_H
#define CLI_OWN_CREDENTIAL_H

#include <bojagi/x509.h>

#include "cli/options.h"
#include "host/passphrase.h"

/* EXIT_GOOD, or an exit code after a message that begins with `option` and the chain's name. `key` and `passin` may be null. Nobody is
 * asked where the options say --no-input. */
int own_credential_open(const struct options *options, const char *option, const char *chain, const char *key, const char *passin,
			struct bj_credential **out);

/* A passphrase from where the option's value says. An exit code, with its message already printed. */
int own_passphrase(const char *option, const char *source, struct passphrase *out);

#endif
