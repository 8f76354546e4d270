/* trust.c - sets of trust anchors. */
#include "x509/trust.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/base64.h"
#include "base/hex.h"
#include "base/pem.h"
#include "crypto/hash.h"
#include "x509/crls.h"
#include "x509/name.h"
#include "x509/signature_memory.h"

#define BUCKETS_MIN 16

struct bj_trust {
	atomic_uint references;
	size_t count;
	size_t bucket_count; /* a power of two */
	struct anchor **buckets;
	struct signature_memory *memory;
	struct bj_crls *crls;
	enum bj_revocation revocation;
	uint8_t pins[BJ_PINS_MAX][32];
	size_t pin_count;
};

BJ_API struct bj_trust *bj_trust_new(void)
{
	struct bj_trust *trust = calloc(1, sizeof(*trust));

	if (!trust)
		return NULL;
	trust->bucket_count = BUCKETS_MIN;
	trust->buckets = calloc(BUCKETS_MIN, sizeof(struct anchor *));
	if (!trust->buckets) {
		free(trust);
		return NULL;
	}
	trust->memory = signature_memory_new(); /* without it everything is only slower */
	atomic_init(&trust->references, 1);
	return trust;
}

BJ_API struct bj_trust *bj_trust_ref(struct bj_trust *trust)
{
	if (trust)
		atomic_fetch_add_explicit(&trust->references, 1, memory_order_relaxed);
	return trust;
}

BJ_API void bj_trust_free(struct bj_trust *trust)
{
	if (!trust || atomic_fetch_sub_explicit(&trust->references, 1, memory_order_acq_rel) != 1)
		return;
	for (size_t i = 0; i < trust->bucket_count; i++)
		for (struct anchor *a = trust->buckets[i], *next; a; a = next) {
			next = a->next;
			free(a);
		}
	free(trust->buckets);
	signature_memory_free(trust->memory);
	bj_crls_free(trust->crls);
	free(trust);
}

BJ_API void bj_trust_use_crls(struct bj_trust *trust, struct bj_crls *crls, enum bj_revocation policy)
{
	struct bj_crls *before = trust->crls;

	trust->crls = bj_crls_ref(crls);
	trust->revocation = policy;
	bj_crls_free(before);
}

const struct bj_crls *trust_crls(const struct bj_trust *trust, enum bj_revocation *out_policy)
{
	*out_policy = trust->revocation;
	return trust->crls;
}

struct signature_memory *trust_memory(const struct bj_trust *trust)
{
	return trust->memory;
}

/* ---- pins */

BJ_API enum bj_err bj_trust_pin(struct bj_trust *trust, const void *sha256)
{
	if (!trust || !sha256)
		return BJ_ERR_ARGUMENT;
	if (trust->pin_count == BJ_PINS_MAX)
		return BJ_ERR_LIMIT;
	memcpy(trust->pins[trust->pin_count++], sha256, 32);
	return BJ_OK;
}

enum bj_err trust_pin_parse(const char *text, uint8_t out[32])
{
	static const char *const starts[] = { "sha256//", "pin-sha256=" };
	uint8_t pin[36];
	size_t len = 0;
	enum bj_err err;

	for (size_t i = 0; i < ARRAY_COUNT(starts); i++)
		if (strncmp(text, starts[i], strlen(starts[i])) == 0) {
			text += strlen(starts[i]);
			break;
		}
	if (strlen(text) == 64)
		err = hex_decode(bytes_text(text), pin, sizeof(pin), &len);
	else
		err = base64_decode(bytes_text(text), pin, sizeof(pin), &len, NULL);
	if (err || len != 32)
		return BJ_ERR_SYNTAX;
	memcpy(out, pin, 32);
	return BJ_OK;
}

BJ_API enum bj_err bj_trust_pin_text(struct bj_trust *trust, const char *text)
{
	uint8_t pin[32];

	if (!text)
		return BJ_ERR_ARGUMENT;
	if (trust_pin_parse(text, pin) != BJ_OK)
		return BJ_ERR_SYNTAX;
	return bj_trust_pin(trust, pin);
}

bool trust_has_pins(const struct bj_trust *trust)
{
	return trust->pin_count > 0;
}

bool trust_is_pinned(const struct bj_trust *trust, const struct cert *cert)
{
	uint8_t digest[HASH_MAX];

	hash_once(HASH_SHA256, cert->spki, digest);
	for (size_t i = 0; i < trust->pin_count; i++)
		if (memcmp(trust->pins[i], digest, 32) == 0)
			return true;
	return false;
}

BJ_API size_t bj_trust_count(const struct bj_trust *trust)
{
	return trust ? trust->count : 0;
}

static struct anchor **bucket_of(const struct bj_trust *trust, uint32_t hash)
{
	return &trust->buckets[(hash ^ hash >> 16) & (trust->bucket_count - 1)];
}

/* Twice the buckets; without memory the chains just get longer. */
static void grow(struct bj_trust *trust)
{
	struct anchor **old = trust->buckets, **more = calloc(trust->bucket_count * 2, sizeof(struct anchor *));
	size_t old_count = trust->bucket_count;

	if (!more)
		return;
	trust->buckets = more;
	trust->bucket_count *= 2;
	for (size_t i = 0; i < old_count; i++)
		for (struct anchor *a = old[i], *next; a; a = next) {
			struct anchor **bucket = bucket_of(trust, a->cert.subject_hash);

			next = a->next;
			a->next = *bucket;
			*bucket = a;
		}
	free(old);
}

const struct anchor *trust_next(const struct anchor *anchor, uint32_t subject_hash)
{
	do
		anchor = anchor->next;
	while (anchor && anchor->cert.subject_hash != subject_hash);
	return anchor;
}

const struct anchor *trust_first(const struct bj_trust *trust, uint32_t subject_hash)
{
	const struct anchor *first = *bucket_of(trust, subject_hash);

	return !first || first->cert.subject_hash == subject_hash ? first : trust_next(first, subject_hash);
}

const struct anchor *trust_each(const struct bj_trust *trust, const struct anchor *before)
{
	size_t at = 0;

	if (before && before->next)
		return before->next;
	if (before)
		at = (size_t)(bucket_of(trust, before->cert.subject_hash) - trust->buckets) + 1;
	while (at < trust->bucket_count && !trust->buckets[at])
		at++;
	return at < trust->bucket_count ? trust->buckets[at] : NULL;
}

bool trust_holds(const struct bj_trust *trust, const struct cert *cert)
{
	const struct anchor *a = trust_first(trust, cert->subject_hash);

	while (a && !bytes_equal(a->cert.der, cert->der))
		a = trust_next(a, cert->subject_hash);
	return a != NULL;
}

/* A copy of the DER behind the struct, parsed once and there. */
static enum bj_err anchor_make(const void *der, size_t len, struct anchor **out)
{
	struct anchor *anchor;
	enum bj_err err;

	if (len > CERT_DER_MAX)
		return BJ_ERR_CERT_DER;
	anchor = malloc(sizeof(*anchor) + len);
	if (!anchor)
		return BJ_ERR_NO_MEMORY;
	bytes_copy(anchor + 1, der, len);
	err = cert_parse(bytes_of(anchor + 1, len), &anchor->cert);
	if (!err && name_is_empty(anchor->cert.subject))
		err = BJ_ERR_CERT_NAME_FORM;
	if (err) {
		free(anchor);
		return err;
	}
	*out = anchor;
	return BJ_OK;
}

BJ_API enum bj_err bj_trust_add_der(struct bj_trust *trust, const void *der, size_t len)
{
	struct anchor *anchor, **bucket;
	enum bj_err err = anchor_make(der, len, &anchor);

	if (err)
		return err;
	if (trust_holds(trust, &anchor->cert)) {
		free(anchor);
		return BJ_OK;
	}
	if (trust->count == TRUST_ANCHORS_MAX) {
		free(anchor);
		return BJ_ERR_LIMIT;
	}
	if (trust->count >= trust->bucket_count)
		grow(trust);
	bucket = bucket_of(trust, anchor->cert.subject_hash);
	anchor->next = *bucket;
	*bucket = anchor;
	trust->count++;
	return BJ_OK;
}

static enum bj_err add_block(void *to, const void *der, size_t len)
{
	return bj_trust_add_der((struct bj_trust *)to, der, len);
}

BJ_API enum bj_err bj_trust_add_pem(struct bj_trust *trust, const void *text, size_t len, size_t *out_count)
{
	return pem_each(text, len, "CERTIFICATE", add_block, trust, out_count);
}

static void print_add(uint8_t sum[32], const uint8_t digest[32])
{
	for (size_t i = 0; i < 32; i++)
		sum[i] = (uint8_t)(sum[i] + digest[i]);
}

void trust_print(const struct bj_trust *trust, uint8_t out[32])
{
	uint8_t sums[97] = { (uint8_t)trust->revocation }, digest[HASH_MAX];
	const struct anchor *anchor = NULL;
	const struct crl_held *held = NULL;

	while ((anchor = trust_each(trust, anchor)) != NULL) {
		hash_once(HASH_SHA256, anchor->cert.der, digest);
		print_add(sums + 1, digest);
	}
	while (trust->crls && (held = crls_each(trust->crls, held)) != NULL)
		print_add(sums + 33, held->tbs_hash);
	hash_once(HASH_SHA256, bytes_of(trust->pins, trust->pin_count * 32), digest);
	memcpy(sums + 65, digest, 32);
	hash_once(HASH_SHA256, bytes_of(sums, sizeof(sums)), digest);
	memcpy(out, digest, 32);
}
