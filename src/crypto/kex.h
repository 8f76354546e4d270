/* kex.h - key exchange by named group. */
#ifndef CRYPTO_KEX_H
#define CRYPTO_KEX_H

#include "base/secret.h"

/* The code points of the TLS registry (rfc9846:4.2.7). */
enum kex_group {
	KEX_NONE = 0,
	KEX_P256 = 0x0017,
	KEX_P384 = 0x0018,
	KEX_P521 = 0x0019,
	KEX_X25519 = 0x001d,
};

#define KEX_PUBLIC_MAX 133 /* an uncompressed P-521 point */

struct kex_key { /* one ephemeral private key with its public half */
	enum kex_group group;
	uint8_t public_len;
	uint8_t public_bytes[KEX_PUBLIC_MAX];
	void *handle;
};

bool kex_known(uint16_t group);
size_t kex_public_len(enum kex_group group);

/* A fresh key from `rng`: the same random bytes give the same key. */
enum bj_err kex_generate(struct kex_key *key, enum kex_group group, const struct bj_rng *rng) BJ_MUST_USE;
/* BJ_ERR_BAD_KEY_SHARE for a point of the wrong length or form, off the curve, or (X25519) an all-zero result
 * (rfc9846:4.2.8.2 rfc7748:6.1). The secret is what the key schedule takes. */
enum bj_err kex_derive(const struct kex_key *key, struct bj_bytes peer, struct secret *out) BJ_MUST_USE;
void kex_fini(struct kex_key *key); /* wipes; takes a zeroed struct too */

#endif
