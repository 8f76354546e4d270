/* crls.c - sets of revocation lists. */
#include "x509/crls.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/pem.h"
#include "crypto/hash.h"

#define BUCKETS 256 /* a power of two */

struct bj_crls {
	atomic_uint references;
	size_t count;
	struct crl_held *buckets[BUCKETS];
};

BJ_API struct bj_crls *bj_crls_new(void)
{
	struct bj_crls *crls = calloc(1, sizeof(*crls));

	if (crls)
		atomic_init(&crls->references, 1);
	return crls;
}

BJ_API struct bj_crls *bj_crls_ref(struct bj_crls *crls)
{
	if (crls)
		atomic_fetch_add_explicit(&crls->references, 1, memory_order_relaxed);
	return crls;
}

static void held_free(struct crl_held *held)
{
	crl_index_free(&held->index);
	free(held);
}

BJ_API void bj_crls_free(struct bj_crls *crls)
{
	if (!crls || atomic_fetch_sub_explicit(&crls->references, 1, memory_order_acq_rel) != 1)
		return;
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct crl_held *h = crls->buckets[i], *next; h; h = next) {
			next = h->next;
			held_free(h);
		}
	free(crls);
}

BJ_API size_t bj_crls_count(const struct bj_crls *crls)
{
	return crls ? crls->count : 0;
}

static size_t bucket_of(uint32_t hash)
{
	return (hash ^ hash >> 16) & (BUCKETS - 1);
}

static const struct crl_held *skip_to(const struct crl_held *held, uint32_t issuer_hash)
{
	while (held && held->crl.issuer_hash != issuer_hash)
		held = held->next;
	return held;
}

const struct crl_held *crls_first(const struct bj_crls *crls, uint32_t issuer_hash)
{
	return skip_to(crls->buckets[bucket_of(issuer_hash)], issuer_hash);
}

const struct crl_held *crls_next(const struct crl_held *held, uint32_t issuer_hash)
{
	return skip_to(held->next, issuer_hash);
}

const struct crl_held *crls_each(const struct bj_crls *crls, const struct crl_held *before)
{
	size_t at = before ? bucket_of(before->crl.issuer_hash) + 1 : 0;

	if (before && before->next)
		return before->next;
	while (at < BUCKETS && !crls->buckets[at])
		at++;
	return at < BUCKETS ? crls->buckets[at] : NULL;
}

static bool holds(const struct bj_crls *crls, const struct crl *crl)
{
	const struct crl_held *h = crls_first(crls, crl->issuer_hash);

	while (h && !bytes_equal(h->crl.der, crl->der))
		h = crls_next(h, crl->issuer_hash);
	return h != NULL;
}

/* The copy stands behind the struct. */
static enum bj_err held_make(struct bj_bytes der, struct crl_held **out)
{
	struct crl_held *held = calloc(1, sizeof(*held) + der.len);
	uint8_t hash[HASH_MAX];
	enum bj_err err;

	if (!held)
		return BJ_ERR_NO_MEMORY;
	bytes_copy(held + 1, der.ptr, der.len);
	err = crl_parse(bytes_of(held + 1, der.len), &held->crl);
	if (!err)
		err = crl_index_make(&held->crl, &held->index);
	if (err) {
		held_free(held);
		return err;
	}
	hash_once(HASH_SHA256, held->crl.tbs, hash);
	memcpy(held->tbs_hash, hash, sizeof(held->tbs_hash));
	*out = held;
	return BJ_OK;
}

BJ_API enum bj_err bj_crls_add_der(struct bj_crls *crls, const void *der, size_t len)
{
	struct crl_held *held, **bucket;
	enum bj_err err;

	if (len > CRL_DER_MAX || crls->count == CRLS_MAX)
		return BJ_ERR_LIMIT;
	err = held_make(bytes_of(der, len), &held);
	if (err)
		return err;
	if (holds(crls, &held->crl)) {
		held_free(held);
		return BJ_OK;
	}
	bucket = &crls->buckets[bucket_of(held->crl.issuer_hash)];
	held->next = *bucket;
	*bucket = held;
	crls->count++;
	return BJ_OK;
}

static enum bj_err add_block(void *to, const void *der, size_t len)
{
	return bj_crls_add_der((struct bj_crls *)to, der, len);
}

BJ_API enum bj_err bj_crls_add_pem(struct bj_crls *crls, const void *text, size_t len, size_t *out_count)
{
	return pem_each(text, len, "X509 CRL", add_block, crls, out_count);
}
