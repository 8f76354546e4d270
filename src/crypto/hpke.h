/* hpke.h - Hybrid Public Key Encryption in base mode (rfc9180): a message for whoever holds a private key.
 *
 * A sender makes a context and an encapsulated key from the receiver's public key and `info`; the receiver makes the same context from
 * the encapsulated key. Both then count the messages: the n-th that is sealed is the n-th that opens. A struct hpke is a secret:
 * hpke_fini() wipes it, also one that is zeroed or was not made.
 *
 * Leaves out   the modes with a pre-shared key or a sender's key, X448 and the larger curves, AEAD "export only", DeriveKeyPair
 */
#ifndef CRYPTO_HPKE_H
#define CRYPTO_HPKE_H

#include "base/secret.h"
#include "crypto/aead.h"
#include "crypto/kex.h"

#define HPKE_PUBLIC_MAX 65  /* of a public or an encapsulated key: an uncompressed point of P-256 */
#define HPKE_PRIVATE_LEN 32 /* of both kinds */
#define HPKE_EXPORT_CONTEXT_MAX 255

/* The code points of the registry: rfc9180:7 */
enum hpke_kem {
	HPKE_KEM_P256 = 0x0010,   /* DHKEM(P-256, HKDF-SHA256) */
	HPKE_KEM_X25519 = 0x0020, /* DHKEM(X25519, HKDF-SHA256) */
};
enum hpke_kdf {
	HPKE_KDF_SHA256 = 0x0001,
	HPKE_KDF_SHA384 = 0x0002,
};
enum hpke_aead {
	HPKE_AEAD_AES_128_GCM = 0x0001,
	HPKE_AEAD_AES_256_GCM = 0x0002,
	HPKE_AEAD_CHACHA20_POLY1305 = 0x0003,
};

struct hpke_suite {
	uint16_t kem, kdf, aead;
};

bool hpke_kem_known(uint16_t kem);
/* Are all three known? */
bool hpke_suite_known(struct hpke_suite suite);
size_t hpke_public_len(uint16_t kem); /* of a public key and of an encapsulated one; 0 for an unknown kind */

/* ---- keys */

/* A fresh private key from `rng`. BJ_ERR_ARGUMENT for an unknown kind. */
enum bj_err hpke_private_generate(uint16_t kem, const struct bj_rng *rng, struct secret *out) BJ_MUST_USE;
/* A private key ready for use; kex_fini() wipes it. BJ_ERR_KEY_FORMAT for bytes that are none of that kind. */
enum bj_err hpke_private_load(uint16_t kem, struct bj_bytes private, struct kex_key *out) BJ_MUST_USE;

/* ---- contexts */

struct hpke {
	struct hpke_suite suite;
	struct aead aead;
	uint8_t base_nonce[AEAD_NONCE_LEN];
	uint64_t seq;
	struct secret exporter;
	struct secret shared; /* of the encapsulation, for a key log */
};

/* SetupBaseS. `out_enc` has room for HPKE_PUBLIC_MAX bytes. BJ_ERR_ARGUMENT for an unknown suite, BJ_ERR_BAD_KEY_SHARE for a public key
 * that is none. */
enum bj_err hpke_send(struct hpke *h, struct hpke_suite suite, struct bj_bytes public, struct bj_bytes info, const struct bj_rng *rng,
		      uint8_t *out_enc, size_t *out_enc_len) BJ_MUST_USE;
/* SetupBaseR. BJ_ERR_BAD_KEY_SHARE for an encapsulated key that is none. */
enum bj_err hpke_receive(struct hpke *h, struct hpke_suite suite, const struct kex_key *private, struct bj_bytes enc,
			 struct bj_bytes info) BJ_MUST_USE;
void hpke_fini(struct hpke *h);

/* Writes in.len + AEAD_TAG_LEN bytes. BJ_ERR_LIMIT after 2^64 - 1 messages. */
enum bj_err hpke_seal(struct hpke *h, struct bj_bytes aad, struct bj_bytes in, uint8_t *out) BJ_MUST_USE;
/* Writes in.len - AEAD_TAG_LEN bytes. BJ_ERR_BAD_RECORD_MAC for what was not sealed so: then the count stays, and nothing is in `out`. */
enum bj_err hpke_open(struct hpke *h, struct bj_bytes aad, struct bj_bytes in, uint8_t *out) BJ_MUST_USE;
/* BJ_ERR_ARGUMENT for a context or a length that is too long. rfc9180:5.3 */
enum bj_err hpke_export(const struct hpke *h, struct bj_bytes context, uint8_t *out, size_t len) BJ_MUST_USE;

#endif
