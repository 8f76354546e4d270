/* aead.c - chooses the provider, owns the expanded key, and keeps the promises that do not depend on who computes.
 *
 * Implements   rfc5116:2 rfc8439:2.8 sp800-38d
 */
#include "crypto/aead.h"

#include "base/check.h"
#include "base/wipe.h"
#include "crypto/aead_provider.h"

static const struct aead_ops *ops_of(uint8_t provider)
{
	return provider == AEAD_IPSEC_MB ? &aead_ipsec_mb : &aead_libcrypto;
}

size_t aead_key_len(enum aead_alg alg)
{
	switch (alg) {
	case AEAD_AES_128_GCM: return 16;
	case AEAD_AES_256_GCM:
	case AEAD_CHACHA20_POLY1305: return 32;
	case AEAD_NONE: break;
	}
	return 0;
}

bool aead_has(enum aead_provider provider, enum aead_alg alg)
{
	if (aead_key_len(alg) == 0)
		return false;
	if (provider == AEAD_BEST)
		provider = AEAD_LIBCRYPTO;
	return ops_of(provider)->has(alg);
}

enum bj_err aead_init(struct aead *a, enum aead_alg alg, enum aead_provider provider, const uint8_t *key)
{
	if (aead_key_len(alg) == 0)
		return BJ_ERR_ARGUMENT;
	if (provider == AEAD_BEST)
		provider = aead_has(AEAD_IPSEC_MB, alg) ? AEAD_IPSEC_MB : AEAD_LIBCRYPTO;
	if (!aead_has(provider, alg))
		return BJ_ERR_UNSUPPORTED;
	*a = (struct aead){ .alg = (uint8_t)alg, .provider = (uint8_t)provider };
	memcpy(a->key, key, aead_key_len(alg));
	return BJ_OK;
}

void aead_change(struct aead *a, const uint8_t *key)
{
	check(a->alg != AEAD_NONE);
	memcpy(a->key, key, aead_key_len((enum aead_alg)a->alg));
	if (!a->expanded)
		return;
	if (!ops_of(a->provider)->clear) {
		aead_rest(a);
		return;
	}
	ops_of(a->provider)->clear(a->expanded);
	a->is_clear = true;
}

void aead_rest(struct aead *a)
{
	if (!a->expanded)
		return;
	ops_of(a->provider)->drop(a->alg, a->expanded);
	a->expanded = NULL;
	a->is_clear = false;
}

void aead_fini(struct aead *a)
{
	aead_rest(a);
	wipe(a, sizeof(*a));
}

static bool wake(struct aead *a)
{
	if (!a->expanded) {
		check(a->alg != AEAD_NONE);
		a->expanded = ops_of(a->provider)->expand(a->alg, a->key);
	} else if (a->is_clear) {
		ops_of(a->provider)->refill(a->alg, a->key, a->expanded);
		a->is_clear = false;
	}
	return a->expanded != NULL;
}

enum bj_err aead_seal(struct aead *a, const uint8_t nonce[AEAD_NONCE_LEN], struct bj_bytes aad, struct bj_bytes in,
		      uint8_t *out)
{
	return aead_sealv(a, nonce, aad, &in, 1, out);
}

enum bj_err aead_sealv(struct aead *a, const uint8_t nonce[AEAD_NONCE_LEN], struct bj_bytes aad,
		       const struct bj_bytes *in, size_t in_count, uint8_t *out)
{
	size_t left = AEAD_TEXT_MAX;

	for (size_t i = 0; i < in_count; i++) {
		if (in[i].len > left)
			return BJ_ERR_ARGUMENT;
		left -= in[i].len;
	}
	if (aad.len > AEAD_TEXT_MAX)
		return BJ_ERR_ARGUMENT;
	if (!wake(a))
		return BJ_ERR_NO_MEMORY;
	return ops_of(a->provider)->seal(a->alg, a->expanded, nonce, aad, in, in_count, out);
}

enum bj_err aead_open(struct aead *a, const uint8_t nonce[AEAD_NONCE_LEN], struct bj_bytes aad, struct bj_bytes in,
		      uint8_t *out)
{
	struct bj_bytes text = { in.ptr, in.len - AEAD_TAG_LEN };
	enum bj_err err;

	if (in.len < AEAD_TAG_LEN)
		return BJ_ERR_BAD_RECORD_MAC;
	if (text.len > AEAD_TEXT_MAX || aad.len > AEAD_TEXT_MAX)
		return BJ_ERR_ARGUMENT;
	if (!wake(a))
		return BJ_ERR_NO_MEMORY;
	err = ops_of(a->provider)->open(a->alg, a->expanded, nonce, aad, text, in.ptr + text.len, out);
	if (err)
		wipe(out, text.len);
	return err;
}
