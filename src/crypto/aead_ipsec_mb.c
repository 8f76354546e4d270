/* aead_ipsec_mb.c - AES-GCM of Intel's ipsec-mb, by direct calls.
 *
 * The library's manager is used only as a table of the functions that suit this processor: it is made once per process,
 * never freed and never written afterwards. Used only where the processor has AES and carry-less multiplication in
 * hardware; the emulated form of the library is not constant-time enough to be worth having. Its functions set a global
 * error and do nothing when a pointer is null, so no null pointer ever reaches them.
 */
#include "crypto/aead_provider.h"

#ifdef BJ_HAVE_IPSEC_MB

#include <stdlib.h>

#include <intel-ipsec-mb.h>

#include "base/ct.h"
#include "base/wipe.h"
#include "crypto/once.h"

#define GCM_KEY_ALIGN 64
#define GCM_KEY_SIZE ((sizeof(struct gcm_key_data) + GCM_KEY_ALIGN - 1) / GCM_KEY_ALIGN * GCM_KEY_ALIGN)

static struct once manager_once;
static IMB_MGR *manager; /* null where the processor has not what is needed */

static IMB_MGR *manager_make(void)
{
	uint64_t needed = IMB_FEATURE_AESNI | IMB_FEATURE_PCLMULQDQ | IMB_FEATURE_AVX;
	IMB_MGR *m = alloc_mb_mgr(0);

	if (!m)
		return NULL;
	if ((m->features & needed) == needed) {
		init_mb_mgr_auto(m, NULL);
		if (imb_get_errno(m) == 0 && m->gcm128_pre && m->gcm256_pre)
			return m;
	}
	free_mb_mgr(m);
	return NULL;
}

static IMB_MGR *manager_get(void)
{
	if (once_begin(&manager_once)) {
		manager = manager_make();
		once_end(&manager_once);
	}
	return manager;
}

static bool has(enum aead_alg alg)
{
	return (alg == AEAD_AES_128_GCM || alg == AEAD_AES_256_GCM) && manager_get() != NULL;
}

static void refill(enum aead_alg alg, const uint8_t *key, void *expanded)
{
	struct gcm_key_data *k = (struct gcm_key_data *)expanded;

	if (alg == AEAD_AES_128_GCM)
		IMB_AES128_GCM_PRE(manager, key, k);
	else
		IMB_AES256_GCM_PRE(manager, key, k);
}

static void *expand(enum aead_alg alg, const uint8_t *key)
{
	void *k = aligned_alloc(GCM_KEY_ALIGN, GCM_KEY_SIZE);

	if (k)
		refill(alg, key, k);
	return k;
}

static void clear(void *expanded)
{
	wipe(expanded, GCM_KEY_SIZE);
}

static void drop(enum aead_alg alg, void *expanded)
{
	clear(expanded);
	free(expanded);
}

static const uint8_t nothing[1];

static const uint8_t *ptr_of(struct bj_bytes b)
{
	return b.len ? b.ptr : nothing;
}

static enum bj_err seal(enum aead_alg alg, void *expanded, const uint8_t *nonce, struct bj_bytes aad,
			const struct bj_bytes *in, size_t in_count, uint8_t *out)
{
	const struct gcm_key_data *k = (const struct gcm_key_data *)expanded;
	bool small = alg == AEAD_AES_128_GCM;
	struct gcm_context_data ctx;

	if (in_count == 1) {
		(small ? manager->gcm128_enc : manager->gcm256_enc)(k, &ctx, out, ptr_of(in[0]), in[0].len, nonce,
								    ptr_of(aad), aad.len, out + in[0].len, AEAD_TAG_LEN);
		wipe(&ctx, sizeof(ctx));
		return BJ_OK;
	}
	(small ? manager->gcm128_init : manager->gcm256_init)(k, &ctx, nonce, ptr_of(aad), aad.len);
	for (size_t i = 0; i < in_count; i++) {
		if (in[i].len == 0)
			continue;
		(small ? manager->gcm128_enc_update : manager->gcm256_enc_update)(k, &ctx, out, in[i].ptr, in[i].len);
		out += in[i].len;
	}
	(small ? manager->gcm128_enc_finalize : manager->gcm256_enc_finalize)(k, &ctx, out, AEAD_TAG_LEN);
	wipe(&ctx, sizeof(ctx));
	return BJ_OK;
}

static enum bj_err open(enum aead_alg alg, void *expanded, const uint8_t *nonce, struct bj_bytes aad,
			struct bj_bytes text, const uint8_t *tag, uint8_t *out)
{
	const struct gcm_key_data *k = (const struct gcm_key_data *)expanded;
	struct gcm_context_data ctx;
	uint8_t computed[AEAD_TAG_LEN];
	uint8_t unused[1];
	bool good;

	(alg == AEAD_AES_128_GCM ? manager->gcm128_dec : manager->gcm256_dec)(
		k, &ctx, text.len ? out : unused, ptr_of(text), text.len, nonce, ptr_of(aad), aad.len, computed, AEAD_TAG_LEN);
	good = ct_equal(computed, tag, AEAD_TAG_LEN);
	wipe(&ctx, sizeof(ctx));
	wipe(computed, sizeof(computed));
	return good ? BJ_OK : BJ_ERR_BAD_RECORD_MAC;
}

#else

static bool has(enum aead_alg alg)
{
	return false;
}

#endif

#ifdef BJ_HAVE_IPSEC_MB
const struct aead_ops aead_ipsec_mb = { has, expand, drop, clear, refill, seal, open };
#else
const struct aead_ops aead_ipsec_mb = { .has = has };
#endif
