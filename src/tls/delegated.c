/* delegated.c - see delegated.h. */
#include "tls/delegated.h"

#include <stdlib.h>

#include <bojagi/tls.h>

#include "tls/scheme.h"

#define PREFIX_LEN 64

enum bj_err delegated_parse(struct bj_bytes body, struct delegated *out)
{
	struct reader r = rd_of(body);
	struct delegated d = { .bytes = body };

	d.valid_s = rd_u32(&r);
	d.scheme = rd_u16(&r);
	d.spki = rd_vec_bytes(&r, 3);
	d.algorithm = rd_u16(&r);
	d.signed_len = (size_t)(r.ptr - body.ptr);
	d.signature = rd_vec_bytes(&r, 2);
	if (!rd_end(&r) || d.spki.len == 0 || d.signature.len == 0)
		return BJ_ERR_DECODE;
	*out = d;
	return BJ_OK;
}

enum bj_err delegated_key(const struct delegated *d, struct cert *out)
{
	const struct scheme *scheme = scheme_find(d->scheme);
	struct cert key;

	if (!scheme || cert_of_key(d->spki, &key) != BJ_OK)
		return BJ_ERR_DELEGATION;
	if (key.key.kind == KEY_RSA || !scheme_fits(scheme, key.key.kind, VERSION_1_3) || !scheme_allowed(scheme, &key))
		return BJ_ERR_DELEGATION;
	*out = key;
	return BJ_OK;
}

/* What is signed: as CertificateVerify has it, with the certificate and the credential in the place of the transcript. rfc9345:4 */
static uint8_t *content_make(struct bj_bytes delegated, const struct cert *leaf, enum delegated_side side, size_t *out_len)
{
	static const char labels[][34] = { "TLS, server delegated credentials", "TLS, client delegated credentials" };
	size_t len = PREFIX_LEN + sizeof(labels[side]) + leaf->der.len + delegated.len;
	uint8_t *content = malloc(len);
	struct writer w = wr_make(content, len);

	if (!content)
		return NULL;
	memset(wr_room(&w, PREFIX_LEN), ' ', PREFIX_LEN);
	wr_raw(&w, labels[side], sizeof(labels[side])); /* with the zero byte that ends it */
	wr_bytes(&w, leaf->der);
	wr_bytes(&w, delegated);
	*out_len = w.len;
	return content;
}

enum bj_err delegated_check_signature(const struct delegated *d, const struct cert *leaf, enum delegated_side side)
{
	const struct scheme *scheme = scheme_find(d->algorithm);
	uint8_t *content;
	enum bj_err err;
	size_t len;

	if (!scheme || !scheme_fits(scheme, leaf->key.kind, VERSION_1_3) || !scheme_allowed(scheme, leaf))
		return BJ_ERR_DELEGATION;
	content = content_make(bytes_of(d->bytes.ptr, d->signed_len), leaf, side, &len);
	if (!content)
		return BJ_ERR_NO_MEMORY;
	err = pubkey_verify(&leaf->key, (enum sig_alg)scheme->alg, bytes_of(content, len), d->signature);
	free(content);
	return err == BJ_ERR_BAD_SIGNATURE ? BJ_ERR_DELEGATION : err;
}

int64_t delegated_end(const struct delegated *d, const struct cert *leaf)
{
	return leaf->not_before + (int64_t)d->valid_s;
}

/* rfc9345:4.1.3 rfc9345:4.2 */
enum bj_err delegated_judge(const struct delegated *d, const struct cert *leaf, enum delegated_side side, int64_t now, struct cert *out_key)
{
	int64_t end = delegated_end(d, leaf);
	enum bj_err err;

	if (end <= now || end - now > DELEGATED_SECONDS_MAX)
		return BJ_ERR_DELEGATION;
	if (!leaf->delegation_usage || !leaf->has_key_usage || !(leaf->key_usage & KU_DIGITAL_SIGNATURE))
		return BJ_ERR_DELEGATION;
	err = delegated_key(d, out_key);
	return err ? err : delegated_check_signature(d, leaf, side);
}

enum bj_err delegated_make(const struct delegated_wish *wish, uint8_t *out, size_t cap, size_t *out_len)
{
	const struct scheme *scheme = scheme_find(wish->algorithm);
	uint8_t spki[KEY_DER_MAX], signature[SIG_LEN_MAX], *content;
	struct writer w = wr_make(out, cap);
	size_t spki_len, content_len, signature_len;
	enum bj_err err = scheme ? pkey_spki(wish->key, spki, sizeof(spki), &spki_len) : BJ_ERR_ARGUMENT;

	if (err)
		return err;
	wr_u32(&w, wish->valid_s);
	wr_u16(&w, wish->scheme);
	wr_vec(&w, bytes_of(spki, spki_len), 3);
	wr_u16(&w, wish->algorithm);
	if (!wr_ok(&w))
		return BJ_ERR_SPACE;
	content = content_make(wr_view(&w), wish->leaf, wish->side, &content_len);
	if (!content)
		return BJ_ERR_NO_MEMORY;
	err = pkey_sign(wish->leaf_key, (enum sig_alg)scheme->alg, bytes_of(content, content_len), signature, sizeof(signature), &signature_len);
	free(content);
	if (err)
		return err;
	wr_vec(&w, bytes_of(signature, signature_len), 2);
	if (!wr_ok(&w))
		return BJ_ERR_SPACE;
	*out_len = w.len;
	return BJ_OK;
}

BJ_API enum bj_err bj_tls_delegated_credential(const void *chain, size_t chain_len, const void *delegation, size_t delegation_len,
					       const void *key, size_t key_len, struct bj_credential **out)
{
	struct bj_credential *credential;
	struct delegated d;
	struct cert unused;
	enum bj_err err;

	if (!chain || !delegation || !key || !out || delegation_len > DELEGATED_LEN_MAX)
		return BJ_ERR_ARGUMENT;
	err = delegated_parse(bytes_of(delegation, delegation_len), &d);
	if (!err)
		err = delegated_key(&d, &unused);
	if (!err)
		err = credential_delegated_from_pem(chain, chain_len, key, key_len, d.bytes, d.spki, &credential);
	if (err)
		return err;
	err = delegated_check_signature(&d, credential_leaf(credential), DELEGATED_SERVER);
	if (err == BJ_ERR_DELEGATION) /* whose it is the configuration asks that gets it */
		err = delegated_check_signature(&d, credential_leaf(credential), DELEGATED_CLIENT);
	if (err) {
		bj_credential_free(credential);
		return err;
	}
	*out = credential;
	return BJ_OK;
}
