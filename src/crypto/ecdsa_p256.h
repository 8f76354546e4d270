/* ecdsa_p256.h - ECDSA signatures on P-256. Private to src/crypto.
 *
 * libcrypto multiplies the base point, which is where its assembler counts; the secret number before that and the arithmetic after it are
 * ours (docs/decisions/0076).
 */
#ifndef CRYPTO_ECDSA_P256_H
#define CRYPTO_ECDSA_P256_H

#include <openssl/types.h>

#include "base/bytes.h"

#define ECDSA_P256_LEN 32
#define ECDSA_P256_SIG_MAX 72 /* DER of two numbers of 33 bytes */

/* Numbers are big-endian. `private` is in 1..n-1; `digest` is as long as its hash. `out` takes ECDSA_P256_SIG_MAX bytes. */
enum bj_err ecdsa_p256_sign(const uint8_t private[ECDSA_P256_LEN], struct bj_bytes digest, const struct bj_rng *rng, uint8_t *out,
			    size_t *out_len) BJ_MUST_USE;

/* ---- the steps of it, for the tests */

struct ecdsa_p256_point { /* Jacobian: x = X / Z^2 */
	uint8_t x[ECDSA_P256_LEN], z[ECDSA_P256_LEN];
};

struct ecdsa_p256_pair {
	uint8_t r[ECDSA_P256_LEN], s[ECDSA_P256_LEN];
};

/* Jacobian X and Z of `nonce` times the base point. */
enum bj_err ecdsa_p256_multiply(const uint8_t nonce[ECDSA_P256_LEN], struct ecdsa_p256_point *out) BJ_MUST_USE;
/* In constant time. False if r or s is zero, which nobody has seen: then another nonce is to be drawn. */
bool ecdsa_p256_finish(const struct ecdsa_p256_point *point, const uint8_t nonce[ECDSA_P256_LEN], const uint8_t private[ECDSA_P256_LEN],
		       struct bj_bytes digest, struct ecdsa_p256_pair *out);

#endif
