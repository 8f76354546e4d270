/* aead_provider.h - what a provider of AEADs must do. Private to the aead files.
 *
 * A provider works on an expanded key of its own kind behind a void pointer; aead.c owns when it is made and dropped.
 */
#ifndef CRYPTO_AEAD_PROVIDER_H
#define CRYPTO_AEAD_PROVIDER_H

#include "crypto/aead.h"

struct aead_ops {
	bool (*has)(enum aead_alg alg);
	/* null without memory */
	void *(*expand)(enum aead_alg alg, const uint8_t *key);
	void (*drop)(enum aead_alg alg, void *expanded); /* wipes */
	/* For another key in the same memory; null where that is not worth it. `clear` wipes, `refill` is what comes before the next use. */
	void (*clear)(void *expanded);
	void (*refill)(enum aead_alg alg, const uint8_t *key, void *expanded);
	enum bj_err (*seal)(enum aead_alg alg, void *expanded, const uint8_t *nonce, struct bj_bytes aad,
			    const struct bj_bytes *in, size_t in_count, uint8_t *out);
	/* `text` is without the tag. On failure `out` may hold anything: aead.c wipes it. */
	enum bj_err (*open)(enum aead_alg alg, void *expanded, const uint8_t *nonce, struct bj_bytes aad,
			    struct bj_bytes text, const uint8_t *tag, uint8_t *out);
};

extern const struct aead_ops aead_libcrypto;
extern const struct aead_ops aead_ipsec_mb; /* has nothing where the library was not there when this was built */

#endif
