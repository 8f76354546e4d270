/* mldsa.c - see mldsa.h.
 *
 * Implements   FIPS 204 by libcrypto, rfc9881 (keys as bytes)
 */
#include "crypto/mldsa.h"

#include <openssl/err.h>
#include <openssl/evp.h>

static const struct mldsa rows[] = {
	{ "ML-DSA-44", 1312, 2420 },
	{ "ML-DSA-65", 1952, 3309 },
	{ "ML-DSA-87", 2592, 4627 },
};

_Static_assert(KEY_POINT_MAX >= 2592 && SIG_LEN_MAX >= 4627, "buffers take the largest");

const struct mldsa *mldsa_of(enum key_kind kind)
{
	return kind >= KEY_MLDSA44 && kind <= KEY_MLDSA87 ? &rows[kind - KEY_MLDSA44] : NULL;
}

enum key_kind mldsa_kind(const EVP_PKEY *evp)
{
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
		if (EVP_PKEY_is_a(evp, rows[i].name))
			return (enum key_kind)(KEY_MLDSA44 + i);
	return KEY_NONE;
}

bool mldsa_is_here(const struct mldsa *m)
{
	EVP_SIGNATURE *signature = EVP_SIGNATURE_fetch(NULL, m->name, NULL);
	bool here = signature != NULL;

	EVP_SIGNATURE_free(signature);
	ERR_clear_error();
	return here;
}

EVP_PKEY *mldsa_generate(const struct mldsa *m)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, m->name, NULL);
	EVP_PKEY *evp = NULL;

	if (ctx && EVP_PKEY_keygen_init(ctx) == 1 && EVP_PKEY_generate(ctx, &evp) != 1)
		evp = NULL;
	EVP_PKEY_CTX_free(ctx);
	return evp;
}

bool mldsa_public(const struct mldsa *m, const EVP_PKEY *evp, uint8_t *out)
{
	size_t len = m->public_len;

	return EVP_PKEY_get_raw_public_key(evp, out, &len) == 1 && len == m->public_len;
}

enum bj_err mldsa_sign(const struct mldsa *m, EVP_PKEY *evp, struct bj_bytes message, uint8_t *out, size_t cap, size_t *out_len)
{
	enum bj_err err = BJ_ERR_CRYPTO;
	size_t len = m->sig_len;
	EVP_MD_CTX *ctx;

	if (cap < m->sig_len)
		return BJ_ERR_SPACE;
	ctx = EVP_MD_CTX_new();
	if (!ctx)
		return BJ_ERR_NO_MEMORY;
	if (EVP_DigestSignInit_ex(ctx, NULL, NULL, NULL, NULL, evp, NULL) == 1 &&
	    EVP_DigestSign(ctx, out, &len, message.ptr, message.len) == 1 && len == m->sig_len) {
		*out_len = len;
		err = BJ_OK;
	}
	EVP_MD_CTX_free(ctx);
	return err;
}

enum bj_err mldsa_verify(const struct mldsa *m, struct bj_bytes public, struct bj_bytes message, struct bj_bytes signature)
{
	enum bj_err err = BJ_ERR_NO_MEMORY;
	EVP_MD_CTX *ctx;
	EVP_PKEY *evp;

	if (public.len != m->public_len)
		return BJ_ERR_CERT_KEY;
	if (signature.len != m->sig_len)
		return BJ_ERR_BAD_SIGNATURE;
	evp = EVP_PKEY_new_raw_public_key_ex(NULL, m->name, NULL, public.ptr, public.len);
	if (!evp)
		return BJ_ERR_CERT_KEY;
	ctx = EVP_MD_CTX_new();
	if (ctx && EVP_DigestVerifyInit_ex(ctx, NULL, NULL, NULL, NULL, evp, NULL) == 1)
		err = EVP_DigestVerify(ctx, signature.ptr, signature.len, message.ptr, message.len) == 1 ? BJ_OK : BJ_ERR_BAD_SIGNATURE;
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(evp);
	return err;
}
