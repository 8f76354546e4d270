/* setup.h - a configuration of the engine from a set of flags. */
#ifndef BOGO_SETUP_H
#define BOGO_SETUP_H

#include <bojagi/tls.h>

#include "flags.h"
#include "seen.h"

/* Returns 0, EXIT_UNIMPLEMENTED for values that we do not have, or 1 (said on standard error). `before`: the configuration of the
 * connection before, or null; its ticket keys and its session cache move into the new one. */
int setup_make(const struct flags *flags, struct seen *seen, struct bj_tls_config *before, struct bj_tls_config **out);

/* Which credential of the flags this is: 0 and up behind -new-x509-credential, -1 the one without. */
/* The pre-shared key of a credential. */
struct bj_tls_psk setup_psk(const struct flag_credential *flag);

int setup_credential_number(const struct bj_tls_config *config, const struct flags *flags, const struct bj_credential *credential,
			    struct bj_bytes psk);

#endif
