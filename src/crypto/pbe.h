/* pbe.h - what a passphrase opens: EncryptedPrivateKeyInfo, checked before libcrypto is let at it. Private to src/crypto.
 *
 * A file says itself how much work its passphrase shall cost; `work` is a budget that the caller shares between all parts of one file.
 */
#ifndef CRYPTO_PBE_H
#define CRYPTO_PBE_H

#include <openssl/types.h>

#include "base/bytes.h"

struct pbe_work {
	uint32_t left; /* iterations */
};

/* May this be tried? BJ_ERR_KEY_ENCRYPTION for an algorithm that is not read here, BJ_ERR_KEY_FORMAT for a malformed one, BJ_ERR_LIMIT
 * for more work than is left. */
enum bj_err pbe_check(const X509_ALGOR *algorithm, struct pbe_work *work) BJ_MUST_USE;
/* Takes `iterations` from the budget. */
enum bj_err pbe_spend(struct pbe_work *work, int64_t iterations) BJ_MUST_USE;

#endif
