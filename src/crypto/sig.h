/* sig.h - what is known of each signature algorithm, and libcrypto keys made from public halves. Private to src/crypto. */
#ifndef CRYPTO_SIG_H
#define CRYPTO_SIG_H

#include <openssl/types.h>

#include "crypto/curve.h"
#include "crypto/hash.h"
#include "crypto/pkey.h"

enum sig_scheme { SCHEME_NONE = 0, SCHEME_PKCS1, SCHEME_PSS, SCHEME_ECDSA, SCHEME_ED25519, SCHEME_MLDSA };

struct sig_row {
	enum sig_scheme scheme;
	enum hash_alg hash;
};

struct sig_row sig_row_of(enum sig_alg alg);
const struct curve *sig_curve_of(enum key_kind kind); /* null if it is no NIST curve */

#define ED25519_KEY_LEN 32
#define ED25519_SIG_LEN 64

#endif
