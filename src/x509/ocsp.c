/* ocsp.c - reads an OCSP response, finds out who signed it, and what it says of one certificate. */
#include "x509/ocsp.h"

#include "crypto/hash.h"
#include "x509/algorithm.h"
#include "x509/der.h"
#include "x509/name.h"
#include "x509/oid.h"
#include "x509/time.h"

#define DER_ENUMERATED 0x0a

/* ---- form */

/* Only GeneralizedTime stands in responses, whatever the year. */
static int64_t general_time(struct reader *r)
{
	bool odd;

	if (!der_at(r, DER_GENERALIZED_TIME))
		rd_fail(r);
	return time_read(r, &odd);
}

/* Extensions under [tag]: the nonce, if it is wanted, and nothing critical that is not known. */
static bool extensions_read(struct reader *r, uint8_t tag, struct bj_bytes *out_nonce)
{
	struct reader tagged, list;
	size_t count = 0;

	if (!der_at(r, tag))
		return true;
	tagged = der_open(r, tag);
	list = der_open(&tagged, DER_SEQUENCE);
	do {
		struct reader one = der_open(&list, DER_SEQUENCE);
		enum oid oid = oid_find(der_oid(&one));
		bool critical = der_boolean_default_false(&one), is_nonce = oid == OID_OCSP_NONCE && out_nonce;
		struct bj_bytes value = der_take(&one, DER_OCTET_STRING);

		if (is_nonce) {
			struct reader inner = rd_of(value);

			if (out_nonce->len > 0)
				return false;
			*out_nonce = der_take(&inner, DER_OCTET_STRING);
			if (!rd_end(&inner) || out_nonce->len == 0)
				return false;
		} else if (critical) {
			return false;
		}
		rd_close(&list, &one);
	} while (rd_more(&list) && ++count < OCSP_EXTENSION_MAX);
	rd_close(&tagged, &list);
	rd_close(r, &tagged);
	return !r->bad;
}

struct single {
	enum oid hash;
	struct bj_bytes name_hash, key_hash, serial;
	uint8_t status_tag;
	int64_t revoked_at;
	enum crl_reason reason;
	int64_t this_update, next_update;
};

static void cert_id_read(struct reader *r, struct single *out)
{
	struct reader id = der_open(r, DER_SEQUENCE), algorithm = der_open(&id, DER_SEQUENCE);

	out->hash = oid_find(der_oid(&algorithm));
	if (rd_more(&algorithm))
		der_null(&algorithm);
	rd_close(&id, &algorithm);
	out->name_hash = der_take(&id, DER_OCTET_STRING);
	out->key_hash = der_take(&id, DER_OCTET_STRING);
	out->serial = der_integer(&id);
	rd_close(r, &id);
}

/* good [0] and unknown [2] are NULL, revoked [1] has a date and perhaps a reason */
static void status_read(struct reader *r, struct single *out)
{
	struct reader info, tagged;
	struct bj_bytes octets;

	if (!der_at(r, DER_CONTEXT_CONSTRUCTED(1))) {
		out->status_tag = der_at(r, DER_CONTEXT(0)) ? 0 : 2;
		if (der_take(r, DER_CONTEXT(out->status_tag)).len > 0)
			rd_fail(r);
		return;
	}
	out->status_tag = 1;
	info = der_open(r, DER_CONTEXT_CONSTRUCTED(1));
	out->revoked_at = general_time(&info);
	if (rd_more(&info)) {
		tagged = der_open(&info, DER_CONTEXT_CONSTRUCTED(0));
		octets = der_take(&tagged, DER_ENUMERATED);
		if (octets.len == 1 && octets.ptr[0] <= REASON_MAX && octets.ptr[0] != 7)
			out->reason = (enum crl_reason)octets.ptr[0];
		else
			rd_fail(&tagged);
		rd_close(&info, &tagged);
	}
	rd_close(r, &info);
}

/* One SingleResponse; marks the reader bad if it is malformed. */
static struct single single_read(struct reader *r)
{
	struct reader seq = der_open(r, DER_SEQUENCE), tagged;
	struct single out = { .next_update = TIME_NONE };

	cert_id_read(&seq, &out);
	status_read(&seq, &out);
	out.this_update = general_time(&seq);
	if (der_at(&seq, DER_CONTEXT_CONSTRUCTED(0))) {
		tagged = der_open(&seq, DER_CONTEXT_CONSTRUCTED(0));
		out.next_update = general_time(&tagged);
		rd_close(&seq, &tagged);
	}
	if (!extensions_read(&seq, DER_CONTEXT_CONSTRUCTED(1), NULL))
		rd_fail(&seq);
	rd_close(r, &seq);
	return out;
}

static bool answers_are_valid(struct bj_bytes answers)
{
	struct reader r = rd_of(answers);
	size_t count = 0;

	while (rd_more(&r) && count++ < OCSP_ANSWERS_MAX)
		single_read(&r);
	return rd_end(&r) && count > 0;
}

static bool data_read(struct bj_bytes tbs, struct ocsp_response *out)
{
	struct reader seq = der_only(tbs, DER_SEQUENCE), who;

	/* The version is DEFAULT v1, and there is no other. */
	if (der_at(&seq, DER_CONTEXT_CONSTRUCTED(1))) {
		who = der_open(&seq, DER_CONTEXT_CONSTRUCTED(1));
		out->by_name = der_take_whole(&who, DER_SEQUENCE);
		if (!rd_end(&who) || !name_is_valid(out->by_name))
			return false;
	} else {
		who = der_open(&seq, DER_CONTEXT_CONSTRUCTED(2));
		out->by_key = der_take(&who, DER_OCTET_STRING);
		if (!rd_end(&who) || out->by_key.len != hash_len(HASH_SHA1))
			return false;
	}
	out->produced_at = general_time(&seq);
	out->answers = der_take(&seq, DER_SEQUENCE);
	return extensions_read(&seq, DER_CONTEXT_CONSTRUCTED(1), &out->nonce) && rd_end(&seq) && answers_are_valid(out->answers);
}

static bool basic_read(struct bj_bytes der, struct ocsp_response *out)
{
	struct reader seq = der_only(der, DER_SEQUENCE);
	struct bj_bytes algorithm;

	out->tbs = der_take_whole(&seq, DER_SEQUENCE);
	algorithm = der_take_whole(&seq, DER_SEQUENCE);
	out->signature = der_bit_octets(&seq);
	if (der_at(&seq, DER_CONTEXT_CONSTRUCTED(0))) {
		struct reader tagged = der_open(&seq, DER_CONTEXT_CONSTRUCTED(0));

		out->certs = der_take(&tagged, DER_SEQUENCE);
		rd_close(&seq, &tagged);
	}
	return rd_end(&seq) && algorithm_signature(algorithm, &out->sig_alg) && data_read(out->tbs, out);
}

enum bj_err ocsp_parse(struct bj_bytes der, struct ocsp_response *out)
{
	struct ocsp_response response = { 0 };
	struct reader seq = der_only(der, DER_SEQUENCE), tagged, bytes;
	struct bj_bytes status = der_take(&seq, DER_ENUMERATED), kind, basic;

	if (der.len > OCSP_DER_MAX || seq.bad || status.len != 1 || status.ptr[0] != 0)
		return BJ_ERR_OCSP;
	tagged = der_open(&seq, DER_CONTEXT_CONSTRUCTED(0));
	bytes = der_open(&tagged, DER_SEQUENCE);
	kind = der_oid(&bytes);
	basic = der_take(&bytes, DER_OCTET_STRING);
	rd_close(&tagged, &bytes);
	rd_close(&seq, &tagged);
	if (!rd_end(&seq) || oid_find(kind) != OID_OCSP_BASIC || !basic_read(basic, &response))
		return BJ_ERR_OCSP;
	*out = response;
	return BJ_OK;
}

/* ---- who signed it */

static bool hash_fits(enum hash_alg alg, struct bj_bytes data, struct bj_bytes wanted)
{
	uint8_t digest[HASH_MAX];

	return wanted.len == hash_len(alg) && memcmp(digest, wanted.ptr, hash_once(alg, data, digest)) == 0;
}

static bool is_responder(const struct ocsp_response *response, const struct cert *cert)
{
	if (response->by_name.len > 0)
		return name_equal(response->by_name, cert->subject);
	return hash_fits(HASH_SHA1, algorithm_spki_bits(cert->spki), response->by_key);
}

static bool is_verifiable(enum sig_alg alg, const struct cert *signer)
{
	return alg != SIG_NONE && sig_fits_key(alg, signer->key.kind) && (signer->key_only == SIG_NONE || signer->key_only == alg);
}

static bool signature_fits(const struct ocsp_asks *asks, struct bj_bytes tbs, enum sig_alg alg, struct bj_bytes signature,
			   const struct cert *signer)
{
	struct signature_print print;
	uint8_t hash[HASH_MAX];

	if (!is_verifiable(alg, signer))
		return false;
	hash_once(HASH_SHA256, tbs, hash);
	print = signature_print_of(asks->memory, hash, alg, signature, signer->spki);
	if (signature_memory_holds(asks->memory, &print))
		return true;
	if (pubkey_verify(&signer->key, alg, tbs, signature))
		return false;
	signature_memory_add(asks->memory, &print);
	return true;
}

/* Somebody whom the issuer itself certified for this and nothing less (rfc6960:4.2.2.2). Its own revocation is not asked: that is
 * what id-pkix-ocsp-nocheck says, and without it the question would have no end. */
static bool is_delegate(const struct ocsp_asks *asks, const struct cert *cert)
{
	const struct cert *issuer = asks->issuer;
	const struct pubkey *key = &cert->key;
	bool rsa = key->kind == KEY_RSA || key->kind == KEY_RSA_PSS;

	return cert->has_eku && (cert->eku & EKU_OCSP) && !(cert->has_key_usage && !(cert->key_usage & KU_DIGITAL_SIGNATURE)) &&
	       !cert->has_unknown_critical && !(rsa && key->bits < KEY_RSA_BITS_MIN) &&
	       (!asks->check_time || (cert->not_before <= asks->now && asks->now <= cert->not_after)) &&
	       name_equal(cert->issuer, issuer->subject) &&
	       signature_fits(asks, cert->tbs, cert->sig_alg, cert->signature, issuer);
}

static bool is_signed(const struct ocsp_asks *asks, const struct ocsp_response *response)
{
	struct reader r = rd_of(response->certs);

	if (is_responder(response, asks->issuer) &&
	    signature_fits(asks, response->tbs, response->sig_alg, response->signature, asks->issuer))
		return true;
	for (size_t i = 0; i < OCSP_SIGNERS_MAX && rd_more(&r); i++) {
		struct cert cert;

		if (cert_parse(der_take_whole(&r, DER_SEQUENCE), &cert) == BJ_OK && is_responder(response, &cert) &&
		    is_delegate(asks, &cert) && signature_fits(asks, response->tbs, response->sig_alg, response->signature, &cert))
			return true;
	}
	return false;
}

/* ---- what it says */

static enum hash_alg hash_of(enum oid oid)
{
	switch (oid) {
	case OID_HASH_SHA1:
		return HASH_SHA1;
	case OID_HASH_SHA256:
		return HASH_SHA256;
	case OID_HASH_SHA384:
		return HASH_SHA384;
	case OID_HASH_SHA512:
		return HASH_SHA512;
	default:
		return HASH_NONE;
	}
}

static bool is_about(const struct ocsp_asks *asks, const struct single *single)
{
	enum hash_alg alg = hash_of(single->hash);

	return alg != HASH_NONE && bytes_equal(single->serial, asks->cert->serial) &&
	       hash_fits(alg, asks->cert->issuer, single->name_hash) &&
	       hash_fits(alg, algorithm_spki_bits(asks->issuer->spki), single->key_hash);
}

static bool is_fresh(const struct ocsp_asks *asks, const struct single *single)
{
	if (!asks->check_time)
		return true;
	if (single->this_update > asks->now)
		return false;
	return single->next_update == TIME_NONE ? asks->now - single->this_update <= OCSP_AGE_MAX : asks->now <= single->next_update;
}

static void answer_with(const struct ocsp_asks *asks, const struct single *single, struct ocsp_answer *out)
{
	out->this_update = single->this_update;
	out->next_update = single->next_update;
	if (!is_fresh(asks, single)) {
		out->why = "its OCSP response is out of date, or not yet in force";
	} else if (single->status_tag == 2) {
		out->why = "its OCSP responder does not know it";
	} else {
		out->status = single->status_tag == 0 ? OCSP_GOOD : OCSP_REVOKED;
		out->date = single->revoked_at;
		out->reason = single->reason;
	}
}

enum bj_err ocsp_check(const struct ocsp_asks *asks, struct ocsp_answer *out)
{
	struct ocsp_response response;
	struct reader r;

	*out = (struct ocsp_answer){ .why = "its OCSP response is malformed", .next_update = TIME_NONE };
	if (ocsp_parse(asks->response, &response))
		return BJ_ERR_OCSP;
	if (asks->nonce.len > 0 && response.nonce.len > 0 && !bytes_equal(asks->nonce, response.nonce)) {
		out->why = "its OCSP response has another nonce";
		return BJ_ERR_OCSP;
	}
	if (!is_signed(asks, &response)) {
		out->why = "its OCSP response is not signed by whom it must be";
		return BJ_ERR_OCSP;
	}
	out->why = "the OCSP response is about other certificates";
	r = rd_of(response.answers);
	while (rd_more(&r) && out->status != OCSP_REVOKED) { /* of several answers the worst counts */
		struct single single = single_read(&r);

		if (is_about(asks, &single))
			answer_with(asks, &single, out);
	}
	return BJ_OK;
}

struct bj_bytes ocsp_next_answer(struct reader *answers, struct ocsp_answer *out)
{
	struct single single = single_read(answers);

	*out = (struct ocsp_answer){ .status = single.status_tag == 0 ? OCSP_GOOD : single.status_tag == 1 ? OCSP_REVOKED : OCSP_UNKNOWN,
				     .this_update = single.this_update, .next_update = single.next_update, .date = single.revoked_at,
				     .reason = single.reason, .why = "" };
	return single.serial;
}

bool ocsp_mentions(struct bj_bytes der, struct bj_bytes serial, struct ocsp_answer *out)
{
	struct ocsp_response response;
	struct reader r;

	if (ocsp_parse(der, &response) != BJ_OK)
		return false;
	r = rd_of(response.answers);
	while (rd_more(&r)) {
		struct ocsp_answer answer;

		if (!bytes_equal(ocsp_next_answer(&r, &answer), serial))
			continue;
		*out = answer;
		return true;
	}
	return false;
}
