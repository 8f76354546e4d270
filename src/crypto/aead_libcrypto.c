/* aead_libcrypto.c - AES-GCM and ChaCha20-Poly1305 of libcrypto.
 *
 * The cipher objects are looked up once per process and live as long as it does; an expanded key is one cipher context, and
 * each message sets only the nonce.
 */
#include <stdatomic.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "crypto/aead_provider.h"

static const char *const names[] = {
	[AEAD_AES_128_GCM] = "AES-128-GCM",
	[AEAD_AES_256_GCM] = "AES-256-GCM",
	[AEAD_CHACHA20_POLY1305] = "ChaCha20-Poly1305",
};

static _Atomic(EVP_CIPHER *) ciphers[ARRAY_COUNT(names)];

/* Null where libcrypto has no such cipher. Two threads may look it up at once; the first to finish wins. */
static EVP_CIPHER *cipher_of(enum aead_alg alg)
{
	EVP_CIPHER *had = atomic_load_explicit(&ciphers[alg], memory_order_acquire);
	EVP_CIPHER *made;

	if (had)
		return had;
	made = EVP_CIPHER_fetch(NULL, names[alg], NULL);
	if (!made) {
		ERR_clear_error();
		return NULL;
	}
	if (atomic_compare_exchange_strong(&ciphers[alg], &had, made))
		return made;
	EVP_CIPHER_free(made);
	return had;
}

static bool has(enum aead_alg alg)
{
	return cipher_of(alg) != NULL;
}

static void *expand(enum aead_alg alg, const uint8_t *key)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

	if (ctx && EVP_CipherInit_ex2(ctx, cipher_of(alg), key, NULL, 1, NULL) == 1)
		return ctx;
	ERR_clear_error();
	EVP_CIPHER_CTX_free(ctx);
	return NULL;
}

static void drop(enum aead_alg alg, void *expanded)
{
	EVP_CIPHER_CTX_free((EVP_CIPHER_CTX *)expanded);
}

/* Nonce, direction and additional data. */
static bool begin(EVP_CIPHER_CTX *ctx, int encrypt, const uint8_t *nonce, struct bj_bytes aad)
{
	int len;

	if (EVP_CipherInit_ex2(ctx, NULL, NULL, nonce, encrypt, NULL) != 1)
		return false;
	return aad.len == 0 || EVP_CipherUpdate(ctx, NULL, &len, aad.ptr, (int)aad.len) == 1;
}

static bool seal_all(EVP_CIPHER_CTX *ctx, const uint8_t *nonce, struct bj_bytes aad, const struct bj_bytes *in,
		     size_t in_count, uint8_t *out)
{
	OSSL_PARAM tag[2] = { OSSL_PARAM_END, OSSL_PARAM_END };
	int len;

	if (!begin(ctx, 1, nonce, aad))
		return false;
	for (size_t i = 0; i < in_count; i++) {
		if (in[i].len == 0)
			continue;
		if (EVP_CipherUpdate(ctx, out, &len, in[i].ptr, (int)in[i].len) != 1 || (size_t)len != in[i].len)
			return false;
		out += len;
	}
	if (EVP_CipherFinal_ex(ctx, out, &len) != 1 || len != 0)
		return false;
	tag[0] = OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, out, AEAD_TAG_LEN);
	return EVP_CIPHER_CTX_get_params(ctx, tag) == 1;
}

static enum bj_err seal(enum aead_alg alg, void *expanded, const uint8_t *nonce, struct bj_bytes aad,
			const struct bj_bytes *in, size_t in_count, uint8_t *out)
{
	if (seal_all((EVP_CIPHER_CTX *)expanded, nonce, aad, in, in_count, out))
		return BJ_OK;
	ERR_clear_error();
	return BJ_ERR_CRYPTO;
}

static enum bj_err open_all(EVP_CIPHER_CTX *ctx, const uint8_t *nonce, struct bj_bytes aad, struct bj_bytes text,
			    const uint8_t *tag, uint8_t *out)
{
	uint8_t expected[AEAD_TAG_LEN];
	OSSL_PARAM set_tag[2] = { OSSL_PARAM_END, OSSL_PARAM_END };
	uint8_t none;
	int len;

	memcpy(expected, tag, sizeof(expected));
	set_tag[0] = OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, expected, AEAD_TAG_LEN);
	if (!begin(ctx, 0, nonce, aad))
		return BJ_ERR_CRYPTO;
	if (text.len > 0 && (EVP_CipherUpdate(ctx, out, &len, text.ptr, (int)text.len) != 1 || (size_t)len != text.len))
		return BJ_ERR_CRYPTO;
	if (EVP_CIPHER_CTX_set_params(ctx, set_tag) != 1)
		return BJ_ERR_CRYPTO;
	return EVP_CipherFinal_ex(ctx, &none, &len) == 1 ? BJ_OK : BJ_ERR_BAD_RECORD_MAC;
}

static enum bj_err open(enum aead_alg alg, void *expanded, const uint8_t *nonce, struct bj_bytes aad,
			struct bj_bytes text, const uint8_t *tag, uint8_t *out)
{
	enum bj_err err = open_all((EVP_CIPHER_CTX *)expanded, nonce, aad, text, tag, out);

	if (err)
		ERR_clear_error();
	return err;
}

const struct aead_ops aead_libcrypto = { .has = has, .expand = expand, .drop = drop, .seal = seal, .open = open };
