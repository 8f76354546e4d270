/* pkey.h - private and public keys, and the signatures they make and check.
 *
 * A private key is frozen after loading and may be used from several threads at once. Its bytes are wiped at the end.
 */
#ifndef CRYPTO_PKEY_H
#define CRYPTO_PKEY_H

#include "base/bytes.h"

enum key_kind {
	KEY_NONE = 0,
	KEY_RSA,     /* rsaEncryption */
	KEY_RSA_PSS, /* id-RSASSA-PSS */
	KEY_P256,
	KEY_P384,
	KEY_P521,
	KEY_ED25519,
	KEY_MLDSA44, /* these sign in TLS 1.3 only: 1.2 has no word for them */
	KEY_MLDSA65,
	KEY_MLDSA87,
};

/* A signature algorithm without the TLS code point; ECDSA names the hash only, the curve is the key's. */
enum sig_alg {
	SIG_NONE = 0,
	SIG_RSA_PKCS1_SHA256,
	SIG_RSA_PKCS1_SHA384,
	SIG_RSA_PKCS1_SHA512,
	SIG_RSA_PSS_SHA256, /* MGF1 with the same hash, salt as long as the hash */
	SIG_RSA_PSS_SHA384,
	SIG_RSA_PSS_SHA512,
	SIG_ECDSA_SHA256,
	SIG_ECDSA_SHA384,
	SIG_ECDSA_SHA512,
	SIG_ED25519,
	SIG_MLDSA44, /* where libcrypto has them: sig_is_here() */
	SIG_MLDSA65,
	SIG_MLDSA87,
};

#define KEY_RSA_BITS_MIN 2048
#define KEY_RSA_BITS_MAX 8192
#define SIG_CLASSIC_MAX (KEY_RSA_BITS_MAX / 8) /* of all but ML-DSA */
#define SIG_LEN_MAX 4627
#define KEY_POINT_MAX 2592
#define KEY_SPKI_MAX (KEY_POINT_MAX + 160) /* SubjectPublicKeyInfo of any key */
#define KEY_DER_MAX 16384  /* of a private key */
#define ECDSA_SIG_MAX 141  /* DER of two numbers of 521 bits */
#define PASSPHRASE_MAX 1024
#define PBE_WORK_MAX 4000000 /* iterations that one file may ask for: a few seconds */

/* ---- public keys */

/* A public key as the parser of certificates left it: views into the certificate, nothing imported yet. */
struct pubkey {
	enum key_kind kind;
	uint16_t bits;            /* RSA: size of the modulus; else the size of the curve; ML-DSA: 0 */
	struct bj_bytes point;    /* EC: uncompressed point; Ed25519: the 32 bytes; ML-DSA: all of it */
	struct bj_bytes modulus;  /* RSA: big-endian without leading zeros */
	struct bj_bytes exponent; /* RSA */
};

bool sig_fits_key(enum sig_alg alg, enum key_kind kind);
/* Whether this machine can make and check such signatures: ML-DSA needs libcrypto 3.5, all others are always here. */
bool sig_is_here(enum sig_alg alg);

/* BJ_ERR_BAD_SIGNATURE if it is wrong, BJ_ERR_CERT_KEY if the key is no valid key, BJ_ERR_ARGUMENT if the algorithm
 * does not fit the kind of key. */
enum bj_err pubkey_verify(const struct pubkey *key, enum sig_alg alg, struct bj_bytes message,
			  struct bj_bytes signature) BJ_MUST_USE;

/* ---- private keys */

struct pkey; /* reference counted */

/* DER of PKCS#8, SEC1 or PKCS#1. BJ_ERR_KEY_FORMAT, BJ_ERR_KEY_KIND or BJ_ERR_KEY_ENCRYPTED. */
enum bj_err pkey_from_der(struct bj_bytes der, struct pkey **out) BJ_MUST_USE;
/* EncryptedPrivateKeyInfo (rfc5958:3): PBES2 with PBKDF2 or scrypt, and AES or 3DES in CBC. BJ_ERR_KEY_PASSPHRASE if it does not open the
 * key, BJ_ERR_KEY_ENCRYPTION for other algorithms, BJ_ERR_LIMIT above PBE_WORK_MAX, and as above. */
enum bj_err pkey_from_encrypted(struct bj_bytes der, struct bj_bytes passphrase, struct pkey **out) BJ_MUST_USE;
/* A key that stays in a token (rfc7512: "pkcs11:..."), by way of libcrypto's provider for it. BJ_ERR_UNSUPPORTED if that is not installed,
 * BJ_ERR_CRYPTO if it cannot be asked: it has no token's module, or the URI is malformed; BJ_ERR_NOT_FOUND if it knows no such key,
 * BJ_ERR_KEY_KIND. The PIN stands in the URI (pin-value, pin-source); nobody is ever asked for it. */
enum bj_err pkey_from_uri(const char *uri, struct pkey **out) BJ_MUST_USE;
bool pkey_is_uri(const char *text);
enum bj_err pkey_generate(enum key_kind kind, unsigned rsa_bits, struct pkey **out) BJ_MUST_USE;
struct pkey *pkey_ref(struct pkey *key);
void pkey_free(struct pkey *key); /* drops one reference; takes null */

enum key_kind pkey_kind(const struct pkey *key);
/* The public half as views into the private key object. */
void pkey_public(const struct pkey *key, struct pubkey *out);
/* SubjectPublicKeyInfo and PKCS#8 as DER. BJ_ERR_SPACE; the PKCS#8 text is a secret. */
enum bj_err pkey_spki(const struct pkey *key, uint8_t *out, size_t cap, size_t *out_len) BJ_MUST_USE;
enum bj_err pkey_pkcs8(const struct pkey *key, uint8_t *out, size_t cap, size_t *out_len) BJ_MUST_USE;

/* `out` takes at most SIG_LEN_MAX bytes. */
enum bj_err pkey_sign(const struct pkey *key, enum sig_alg alg, struct bj_bytes message, uint8_t *out, size_t cap,
		      size_t *out_len) BJ_MUST_USE;

#endif
