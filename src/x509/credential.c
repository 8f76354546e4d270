/* credential.c - a chain and the key of its first certificate. */
#include "x509/credential.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/reader.h"
#include "x509/algorithm.h"
#include "x509/name.h"


struct bj_credential {
	atomic_uint references;
	size_t count;
	struct bj_bytes chain[CREDENTIAL_CHAIN_MAX]; /* into `ders` */
	struct cert leaf;
	struct pkey *key;
	struct bj_bytes ocsp, scts; /* stapled; allocated */
	struct bj_bytes delegation; /* likewise; empty: the key is the certificate's */
	uint8_t ders[];
};

BJ_API struct bj_credential *bj_credential_ref(struct bj_credential *credential)
{
	if (credential)
		atomic_fetch_add_explicit(&credential->references, 1, memory_order_relaxed);
	return credential;
}

BJ_API void bj_credential_free(struct bj_credential *credential)
{
	if (!credential || atomic_fetch_sub_explicit(&credential->references, 1, memory_order_acq_rel) != 1)
		return;
	pkey_free(credential->key);
	free((void *)credential->ocsp.ptr);
	free((void *)credential->scts.ptr);
	free((void *)credential->delegation.ptr);
	free(credential);
}

BJ_API size_t bj_credential_chain_count(const struct bj_credential *credential)
{
	return credential->count;
}

BJ_API struct bj_bytes bj_credential_chain(const struct bj_credential *credential, size_t index)
{
	return index < credential->count ? credential->chain[index] : (struct bj_bytes){ 0 };
}

static enum bj_err staple_set(struct bj_bytes *staple, const void *bytes, size_t len, size_t max)
{
	uint8_t *copy = NULL;

	if (len > max || (len > 0 && !bytes))
		return BJ_ERR_ARGUMENT;
	if (len > 0) {
		copy = malloc(len);
		if (!copy)
			return BJ_ERR_NO_MEMORY;
		memcpy(copy, bytes, len);
	}
	free((void *)staple->ptr);
	*staple = bytes_of(copy, len);
	return BJ_OK;
}

BJ_API enum bj_err bj_credential_staple_ocsp(struct bj_credential *credential, const void *response, size_t len)
{
	return credential && (credential->count > 0 || len == 0) ? staple_set(&credential->ocsp, response, len, BJ_STAPLE_MAX) : BJ_ERR_ARGUMENT;
}

/* At least one timestamp, none empty. rfc6962:3.3 */
static bool is_sct_list(struct bj_bytes bytes)
{
	struct reader r = rd_of(bytes);
	struct reader list = rd_vec(&r, 2);

	if (!rd_end(&r) || !rd_more(&list))
		return false;
	while (rd_more(&list))
		if (rd_vec_bytes(&list, 2).len == 0)
			return false;
	return rd_end(&list);
}

BJ_API enum bj_err bj_credential_staple_scts(struct bj_credential *credential, const void *list, size_t len)
{
	if (!credential || (len > 0 && (credential->count == 0 || !list || !is_sct_list(bytes_of(list, len)))))
		return BJ_ERR_ARGUMENT;
	return staple_set(&credential->scts, list, len, BJ_STAPLE_MAX);
}

struct bj_bytes credential_ocsp(const struct bj_credential *credential)
{
	return credential->ocsp;
}

struct bj_bytes credential_scts(const struct bj_credential *credential)
{
	return credential->scts;
}

const struct cert *credential_leaf(const struct bj_credential *credential)
{
	return &credential->leaf;
}

bool credential_is_bare(const struct bj_credential *credential)
{
	return credential->count == 0;
}

BJ_API struct bj_bytes bj_credential_public_key(const struct bj_credential *credential)
{
	return credential->leaf.spki;
}

const struct pkey *credential_key(const struct bj_credential *credential)
{
	return credential->key;
}

/* A signature by an algorithm that is not accepted here cannot be checked; peers that accept it will. */
bool credential_issued_by(const struct cert *cert, const struct cert *issuer)
{
	if (!name_equal(cert->issuer, issuer->subject))
		return false;
	if (cert->aki.len > 0 && issuer->ski.len > 0 && !bytes_equal(cert->aki, issuer->ski))
		return false;
	return cert->sig_alg == SIG_NONE || pubkey_verify(&issuer->key, cert->sig_alg, cert->tbs, cert->signature) == BJ_OK;
}

static enum bj_err order_check(const struct bj_credential *credential)
{
	struct cert cert = credential->leaf, issuer;

	for (size_t i = 1; i < credential->count; i++) {
		enum bj_err err = cert_parse(credential->chain[i], &issuer);

		if (err)
			return err;
		if (!credential_issued_by(&cert, &issuer))
			return BJ_ERR_CHAIN_ORDER;
		cert = issuer;
	}
	return BJ_OK;
}

/* `delegated`: whose private half the key is; null: the end entity's. */
static enum bj_err credential_check(struct bj_credential *credential, const struct cert *delegated)
{
	struct pubkey ours;
	enum bj_err err = cert_parse(credential->chain[0], &credential->leaf);

	if (err)
		return err;
	pkey_public(credential->key, &ours);
	if (!algorithm_same_key(&ours, delegated ? &delegated->key : &credential->leaf.key))
		return BJ_ERR_KEY_MISMATCH;
	return order_check(credential);
}

static enum bj_err make(const struct bj_bytes *chain, size_t count, struct pkey *key, const struct cert *delegated,
			struct bj_credential **out)
{
	struct bj_credential *credential;
	size_t total = 0, at = 0;
	enum bj_err err;

	if (count == 0)
		return BJ_ERR_PEM_NONE;
	if (count > CREDENTIAL_CHAIN_MAX)
		return BJ_ERR_LIMIT;
	for (size_t i = 0; i < count; i++) {
		if (chain[i].len > CERT_DER_MAX)
			return BJ_ERR_CERT_DER;
		total += chain[i].len;
	}
	credential = calloc(1, sizeof(*credential) + total);
	if (!credential)
		return BJ_ERR_NO_MEMORY;
	atomic_init(&credential->references, 1);
	credential->key = pkey_ref(key);
	credential->count = count;
	for (size_t i = 0; i < count; i++) {
		bytes_copy(credential->ders + at, chain[i].ptr, chain[i].len);
		credential->chain[i] = bytes_of(credential->ders + at, chain[i].len);
		at += chain[i].len;
	}
	err = credential_check(credential, delegated);
	if (err) {
		bj_credential_free(credential);
		return err;
	}
	*out = credential;
	return BJ_OK;
}

enum bj_err credential_make(const struct bj_bytes *chain, size_t count, struct pkey *key, struct bj_credential **out)
{
	return make(chain, count, key, NULL, out);
}

enum bj_err credential_make_delegated(const struct bj_bytes *chain, size_t count, struct pkey *key, struct bj_bytes delegation,
				      struct bj_bytes spki, struct bj_credential **out)
{
	struct bj_credential *credential;
	struct cert delegated;
	enum bj_err err = cert_of_key(spki, &delegated);

	if (!err)
		err = make(chain, count, key, &delegated, &credential);
	if (err)
		return err;
	err = staple_set(&credential->delegation, delegation.ptr, delegation.len, BJ_STAPLE_MAX);
	if (err) {
		bj_credential_free(credential);
		return err;
	}
	*out = credential;
	return BJ_OK;
}

struct bj_bytes credential_delegation(const struct bj_credential *credential)
{
	return credential->delegation;
}

enum bj_err credential_make_bare(struct pkey *key, struct bj_credential **out)
{
	uint8_t spki[KEY_SPKI_MAX];
	struct bj_credential *credential;
	size_t len;
	enum bj_err err = pkey_spki(key, spki, sizeof(spki), &len);

	if (err)
		return err;
	credential = calloc(1, sizeof(*credential) + len);
	if (!credential)
		return BJ_ERR_NO_MEMORY;
	atomic_init(&credential->references, 1);
	credential->key = pkey_ref(key);
	memcpy(credential->ders, spki, len);
	err = cert_of_key(bytes_of(credential->ders, len), &credential->leaf);
	if (err) {
		bj_credential_free(credential);
		return err;
	}
	*out = credential;
	return BJ_OK;
}
