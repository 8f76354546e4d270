/* aead.h - AES-GCM and ChaCha20-Poly1305 with 96-bit nonces and 128-bit tags.
 *
 * Two providers, chosen once at start: Intel ipsec-mb for AES-GCM where the library and the processor have it, else
 * libcrypto. A key holds the raw key always and its expanded form only while it works: aead_rest() drops (and wipes)
 * the expanded form of a connection that has gone idle; the next call makes it again (about 0.1 us, one allocation).
 */
#ifndef CRYPTO_AEAD_H
#define CRYPTO_AEAD_H

#include "base/bytes.h"

#define AEAD_KEY_MAX 32
#define AEAD_NONCE_LEN 12
#define AEAD_TAG_LEN 16
#define AEAD_TEXT_MAX ((size_t)1 << 30) /* of one message, and of its additional data; BJ_ERR_ARGUMENT past it */

enum aead_alg {
	AEAD_NONE = 0,
	AEAD_AES_128_GCM,
	AEAD_AES_256_GCM,
	AEAD_CHACHA20_POLY1305,
};

enum aead_provider {
	AEAD_BEST = 0, /* what this machine does fastest */
	AEAD_LIBCRYPTO,
	AEAD_IPSEC_MB, /* AES-GCM only; BJ_ERR_UNSUPPORTED where absent */
};

struct aead { /* a secret: aead_fini() wipes it */
	uint8_t alg;
	uint8_t provider;
	bool is_clear; /* `expanded` is there, and has no key in it */
	uint8_t key[AEAD_KEY_MAX];
	void *expanded; /* null while at rest */
};

size_t aead_key_len(enum aead_alg alg);
bool aead_has(enum aead_provider provider, enum aead_alg alg);

enum bj_err aead_init(struct aead *a, enum aead_alg alg, enum aead_provider provider, const uint8_t *key) BJ_MUST_USE;
void aead_fini(struct aead *a); /* wipes; takes a zeroed struct too */
void aead_rest(struct aead *a);
/* Another key of the same algorithm: what was expanded is wiped, its memory may be used again. */
void aead_change(struct aead *a, const uint8_t *key);

/* Writes the ciphertext and the tag: in.len + AEAD_TAG_LEN bytes. `out` may equal `in.ptr` exactly. */
enum bj_err aead_seal(struct aead *a, const uint8_t nonce[AEAD_NONCE_LEN], struct bj_bytes aad, struct bj_bytes in,
		      uint8_t *out) BJ_MUST_USE;

/* The same over a scattered plaintext of `in_count` pieces, one after the other. */
enum bj_err aead_sealv(struct aead *a, const uint8_t nonce[AEAD_NONCE_LEN], struct bj_bytes aad,
		       const struct bj_bytes *in, size_t in_count, uint8_t *out) BJ_MUST_USE;

/* `in` ends with the tag. Writes in.len - AEAD_TAG_LEN bytes; `out` may equal `in.ptr` exactly. BJ_ERR_BAD_RECORD_MAC if
 * the tag is wrong or missing: then nothing of the plaintext is left in `out`. */
enum bj_err aead_open(struct aead *a, const uint8_t nonce[AEAD_NONCE_LEN], struct bj_bytes aad, struct bj_bytes in,
		      uint8_t *out) BJ_MUST_USE;

#endif
