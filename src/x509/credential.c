/* credential.c - a chain and the key of its first certificate. */
#include "x509/credential.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/pem.h"
#include "base/reader.h"
#include "base/wipe.h"
#include "x509/algorithm.h"
#include "x509/hostname.h"
#include "x509/name.h"

#define SPKI_MAX (KEY_RSA_BITS_MAX / 8 + 160) /* a modulus, an exponent, and what stands around them */

struct bj_credential {
	atomic_uint references;
	size_t count;
	struct bj_bytes chain[CREDENTIAL_CHAIN_MAX]; /* into `ders` */
	struct cert leaf;
	struct pkey *key;
	struct bj_bytes ocsp, scts; /* stapled; allocated */
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

bool credential_covers(const struct bj_credential *credential, struct bj_bytes dns_name)
{
	struct host_id id;

	return host_id_parse(dns_name, &id) && id.ip_len == 0 && hostname_matches(&credential->leaf, &id);
}

/* A signature by an algorithm that is not accepted here cannot be checked; peers that accept it will. */
static bool is_issued_by(const struct cert *cert, const struct cert *issuer)
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
		if (!is_issued_by(&cert, &issuer))
			return BJ_ERR_CHAIN_ORDER;
		cert = issuer;
	}
	return BJ_OK;
}

static enum bj_err credential_check(struct bj_credential *credential)
{
	struct pubkey ours;
	enum bj_err err = cert_parse(credential->chain[0], &credential->leaf);

	if (err)
		return err;
	pkey_public(credential->key, &ours);
	if (!algorithm_same_key(&ours, &credential->leaf.key))
		return BJ_ERR_KEY_MISMATCH;
	return order_check(credential);
}

enum bj_err credential_make(const struct bj_bytes *chain, size_t count, struct pkey *key, struct bj_credential **out)
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
	err = credential_check(credential);
	if (err) {
		bj_credential_free(credential);
		return err;
	}
	*out = credential;
	return BJ_OK;
}

enum bj_err credential_make_bare(struct pkey *key, struct bj_credential **out)
{
	uint8_t spki[SPKI_MAX];
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

/* ---- from PEM */

static bool is_key_label(struct bj_bytes label)
{
	return bytes_equal(label, BYTES_LIT("PRIVATE KEY")) || bytes_equal(label, BYTES_LIT("EC PRIVATE KEY")) ||
	       bytes_equal(label, BYTES_LIT("RSA PRIVATE KEY")) || bytes_equal(label, BYTES_LIT("ENCRYPTED PRIVATE KEY"));
}

/* The first private key of a text; `der` is room that is wiped by the caller. */
static enum bj_err key_from_text(const void *text, size_t len, uint8_t *der, size_t cap, struct pkey **out)
{
	struct pem pem = pem_make(text, len);
	struct pem_block block;
	enum bj_err err;

	while (!(err = pem_next(&pem, der, cap, &block)))
		if (is_key_label(block.label)) {
			if (block.encrypted || bytes_equal(block.label, BYTES_LIT("ENCRYPTED PRIVATE KEY")))
				return BJ_ERR_KEY_ENCRYPTED;
			return pkey_from_der(block.der, out);
		}
	return err;
}

/* All certificates of a text, one behind the other in `der`. */
static enum bj_err chain_from_text(const void *text, size_t len, uint8_t *der, size_t cap,
				   struct bj_bytes chain[CREDENTIAL_CHAIN_MAX], size_t *out_count)
{
	struct pem pem = pem_make(text, len);
	struct pem_block block;
	size_t count = 0, used = 0;
	enum bj_err err;

	while (!(err = pem_next_labelled(&pem, "CERTIFICATE", der + used, cap - used, &block))) {
		if (count == CREDENTIAL_CHAIN_MAX)
			return BJ_ERR_LIMIT;
		chain[count++] = block.der;
		used += block.der.len;
	}
	*out_count = count;
	return err == BJ_ERR_PEM_NONE && count > 0 ? BJ_OK : err;
}

BJ_API enum bj_err bj_credential_from_pem(const void *chain, size_t chain_len, const void *key, size_t key_len,
					  struct bj_credential **out)
{
	size_t key_text_len = key ? key_len : chain_len, chain_cap = PEM_DER_MAX(chain_len), key_cap = PEM_DER_MAX(key_text_len);
	uint8_t *chain_der, *key_der;
	struct bj_bytes ders[CREDENTIAL_CHAIN_MAX];
	struct pkey *pkey = NULL;
	size_t count;
	enum bj_err err = BJ_ERR_NO_MEMORY;

	if (chain_len > PEM_TEXT_MAX || key_text_len > PEM_TEXT_MAX)
		return BJ_ERR_LIMIT;
	chain_der = malloc(chain_cap);
	key_der = malloc(key_cap);
	if (chain_der && key_der)
		err = chain_from_text(chain, chain_len, chain_der, chain_cap, ders, &count);
	if (!err)
		err = key_from_text(key ? key : chain, key_text_len, key_der, key_cap, &pkey);
	if (!err)
		err = credential_make(ders, count, pkey, out);
	pkey_free(pkey);
	if (key_der)
		wipe(key_der, key_cap);
	if (chain_der)
		wipe(chain_der, chain_cap); /* the chain's text may hold the key, which was decoded here to be skipped */
	free(key_der);
	free(chain_der);
	return err;
}

BJ_API enum bj_err bj_credential_from_key(const void *key, size_t key_len, struct bj_credential **out)
{
	size_t cap = PEM_DER_MAX(key_len);
	struct pkey *pkey = NULL;
	uint8_t *der;
	enum bj_err err;

	if (!key || key_len > PEM_TEXT_MAX)
		return key ? BJ_ERR_LIMIT : BJ_ERR_ARGUMENT;
	der = malloc(cap);
	if (!der)
		return BJ_ERR_NO_MEMORY;
	err = key_from_text(key, key_len, der, cap, &pkey);
	if (!err)
		err = credential_make_bare(pkey, out);
	pkey_free(pkey);
	wipe(der, cap);
	free(der);
	return err;
}
