/* mlkem.h - ML-KEM-768 and ML-KEM-1024 (FIPS 203), from given random bytes, in constant time.
 *
 * All randomness is the caller's. Keys and ciphertexts are bytes as the standard has them.
 */
#ifndef CRYPTO_MLKEM_H
#define CRYPTO_MLKEM_H

#include "base/secret.h"

enum mlkem_set { MLKEM_768, MLKEM_1024 };

#define MLKEM_SEED_LEN 64 /* d || z */
#define MLKEM_RANDOM_LEN 32
#define MLKEM_SECRET_LEN 32

#define MLKEM_768_EK_LEN 1184
#define MLKEM_768_DK_LEN 2400
#define MLKEM_768_CT_LEN 1088
#define MLKEM_EK_MAX 1568 /* those of ML-KEM-1024 */
#define MLKEM_DK_MAX 3168
#define MLKEM_CT_MAX 1568

size_t mlkem_ek_len(enum mlkem_set set); /* the encapsulation key: public */
size_t mlkem_dk_len(enum mlkem_set set); /* the decapsulation key: to be wiped by who has it */
size_t mlkem_ct_len(enum mlkem_set set);

/* The buffers have the lengths above. */
void mlkem_keygen(enum mlkem_set set, const uint8_t seed[MLKEM_SEED_LEN], uint8_t *out_ek, uint8_t *out_dk);

/* BJ_ERR_BAD_KEY_SHARE for a key of the wrong length or with a coefficient that is not below q. */
enum bj_err mlkem_encaps(enum mlkem_set set, struct bj_bytes ek, const uint8_t random[MLKEM_RANDOM_LEN], uint8_t *out_ct,
			 struct secret *out) BJ_MUST_USE;

/* BJ_ERR_BAD_KEY_SHARE for a ciphertext of the wrong length only: one that was tampered with gives another secret, which says
 * nothing. `dk` is a key that mlkem_keygen made or that passed mlkem_dk_check. */
enum bj_err mlkem_decaps(enum mlkem_set set, struct bj_bytes dk, struct bj_bytes ct, struct secret *out) BJ_MUST_USE;

/* For decapsulation keys from elsewhere: length and hash. BJ_ERR_KEY_FORMAT */
enum bj_err mlkem_dk_check(enum mlkem_set set, struct bj_bytes dk) BJ_MUST_USE;

#endif
