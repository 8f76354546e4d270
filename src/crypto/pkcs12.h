/* pkcs12.h - PKCS#12 files: a key and certificates under a passphrase (rfc7292). libcrypto reads and writes them.
 *
 * Read: files of our time (PBES2: PBKDF2 or scrypt with AES) and those that encrypt with 3DES; RC2 and RC4 are refused as
 * BJ_ERR_KEY_ENCRYPTION. The first key is taken. Written: PBKDF2 with SHA-256 and AES-256, authenticated by HMAC with SHA-256.
 */
#ifndef CRYPTO_PKCS12_H
#define CRYPTO_PKCS12_H

#include "crypto/pkey.h"

#define PKCS12_DER_MAX (1u << 20)
#define PKCS12_CERTS_MAX 16
#define PKCS12_PARTS_MAX 16     /* in which the file is encrypted, each by itself */
#define PKCS12_BAGS_MAX 64      /* things in one part */
#define PKCS12_ITERATIONS 50000 /* of what is written */

struct pkcs12 {
	struct pkey *key; /* null: there is none */
	size_t cert_count;
	struct bj_bytes certs[PKCS12_CERTS_MAX]; /* DER, in the order of the file; allocated */
};

/* `passphrase` with a null pointer: there is none. BJ_ERR_PKCS12 for a malformed file, BJ_ERR_KEY_ENCRYPTED where one is needed,
 * BJ_ERR_KEY_PASSPHRASE, BJ_ERR_KEY_ENCRYPTION, BJ_ERR_KEY_*, BJ_ERR_LIMIT, BJ_ERR_NO_MEMORY. */
enum bj_err pkcs12_read(struct bj_bytes der, struct bj_bytes passphrase, struct pkcs12 *out) BJ_MUST_USE;
void pkcs12_fini(struct pkcs12 *file);

/* `certs[0]` belongs to the key. `name` is what stores show to people. `*out` is wiped and freed by pkcs12_written_free(). */
enum bj_err pkcs12_write(const struct pkey *key, const struct bj_bytes *certs, size_t count, const char *name,
			 struct bj_bytes passphrase, struct bj_bytes *out) BJ_MUST_USE;
void pkcs12_written_free(struct bj_bytes *written);

#endif
