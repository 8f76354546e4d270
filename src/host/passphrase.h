/* passphrase.h - passphrases from where people keep them: "file:PATH" (the first line), "env:NAME", "pass:TEXT". */
#ifndef HOST_PASSPHRASE_H
#define HOST_PASSPHRASE_H

#include "crypto/pkey.h"

struct passphrase {
	bool given;
	size_t len;
	char text[PASSPHRASE_MAX + 1];
};

/* A null `source` is none. BJ_ERR_SYNTAX for another spelling, BJ_ERR_NOT_FOUND for a variable that is not set, BJ_ERR_FILE_*, BJ_ERR_LIMIT. */
BJ_MUST_USE enum bj_err passphrase_get(const char *source, struct passphrase *out);
struct bj_bytes passphrase_view(const struct passphrase *passphrase);
void passphrase_wipe(struct passphrase *passphrase);

#endif
