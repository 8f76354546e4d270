/* made_ocsp.h - for tests: OCSP responses and their responders, made on the spot. */
#ifndef X509_MADE_OCSP_H
#define X509_MADE_OCSP_H

#include "crypto/hash.h"
#include "x509/made_crl.h"

struct made_answer {
	const struct made_cert *cert, *issuer;
	const struct made_cert *name_of, *key_of; /* null: the issuer's; else whose name and key are hashed */
	enum oid hash;                            /* OID_UNKNOWN: SHA-1 */
	unsigned status;                          /* 0 good, 1 revoked, 2 unknown */
	int64_t this_update, next_update;         /* zeros: in force at MADE_NOW; next_update -1: none */
	bool critical;                            /* an unknown critical extension */
};

struct made_response {
	const struct made_cert *responder;
	const struct pkey *key; /* null: the responder's */
	bool by_key;
	struct bj_bytes cert; /* inside; empty: none */
	struct made_answer answers[3];
	size_t answer_count;
	const char *nonce;
	uint8_t response_status;
	bool critical;
};

/* A date as responses have it, whatever the year. */
static inline void made_general_time_write(struct writer *w, int64_t seconds)
{
	uint8_t der[TIME_DER_MAX];
	size_t len = time_der(seconds, der);

	wr_u8(w, DER_GENERALIZED_TIME);
	wr_u8(w, (uint8_t)(len - 2 + (der[0] == DER_UTC_TIME ? 2 : 0)));
	if (der[0] == DER_UTC_TIME)
		wr_raw(w, "20", 2);
	wr_raw(w, der + 2, len - 2);
}

static inline void made_hash_write(struct writer *w, enum oid oid, struct bj_bytes data)
{
	uint8_t digest[HASH_MAX];
	enum hash_alg alg = oid == OID_HASH_SHA256 ? HASH_SHA256 : oid == OID_HASH_SHA384 ? HASH_SHA384 : oid == OID_HASH_SHA512 ?
			    HASH_SHA512 : HASH_SHA1;

	dw_item(w, DER_OCTET_STRING, bytes_of(digest, hash_once(alg, data, digest)));
}

static inline void made_answer_write(struct writer *w, const struct made_answer *in)
{
	enum oid oid = in->hash == OID_UNKNOWN ? OID_HASH_SHA1 : in->hash;
	const struct made_extension odd = MADE_X(OID_UNKNOWN, true, "x");
	size_t seq = dw_open(w, DER_SEQUENCE), id = dw_open(w, DER_SEQUENCE), mark = dw_open(w, DER_SEQUENCE);

	dw_item(w, DER_OID, oid_bytes(oid));
	dw_item(w, DER_NULL, (struct bj_bytes){ 0 });
	dw_close(w, mark);
	made_hash_write(w, oid, (in->name_of ? in->name_of : in->issuer)->cert.subject);
	made_hash_write(w, oid, algorithm_spki_bits((in->key_of ? in->key_of : in->issuer)->cert.spki));
	dw_item(w, DER_INTEGER, in->cert->cert.serial);
	dw_close(w, id);
	if (in->status == 1) {
		mark = dw_open(w, DER_CONTEXT_CONSTRUCTED(1));
		made_general_time_write(w, MADE_NOW - 86400);
		wr_raw(w, "\xa0\x03\x0a\x01\x01", 5);
		dw_close(w, mark);
	} else {
		dw_item(w, DER_CONTEXT(in->status), (struct bj_bytes){ 0 });
	}
	made_general_time_write(w, in->this_update ? in->this_update : MADE_NOW - 10);
	if (in->next_update >= 0) {
		mark = dw_open(w, DER_CONTEXT_CONSTRUCTED(0));
		made_general_time_write(w, in->next_update ? in->next_update : MADE_NOW + 10);
		dw_close(w, mark);
	}
	if (in->critical)
		made_extensions_write(w, &odd, 1, DER_CONTEXT_CONSTRUCTED(1));
	dw_close(w, seq);
}

static inline void made_data_write(struct writer *w, const struct made_response *in)
{
	struct made_extension extensions[2] = { { 0 } };
	uint8_t digest[HASH_MAX];
	char nonce[32];
	size_t seq = dw_open(w, DER_SEQUENCE), mark;

	mark = dw_open(w, in->by_key ? DER_CONTEXT_CONSTRUCTED(2) : DER_CONTEXT_CONSTRUCTED(1));
	if (in->by_key)
		dw_item(w, DER_OCTET_STRING, bytes_of(digest, hash_once(HASH_SHA1, algorithm_spki_bits(in->responder->cert.spki), digest)));
	else
		wr_bytes(w, in->responder->cert.subject);
	dw_close(w, mark);
	made_general_time_write(w, MADE_NOW - 5);
	mark = dw_open(w, DER_SEQUENCE);
	for (size_t i = 0; i < in->answer_count; i++)
		made_answer_write(w, &in->answers[i]);
	dw_close(w, mark);
	if (in->nonce) {
		struct writer n = wr_make(nonce, sizeof(nonce));

		dw_item(&n, DER_OCTET_STRING, bytes_text(in->nonce));
		extensions[0] = (struct made_extension){ OID_OCSP_NONCE, false, nonce, n.len };
	}
	if (in->critical)
		extensions[0] = (struct made_extension)MADE_X(OID_UNKNOWN, true, "x");
	if (extensions[0].value)
		made_extensions_write(w, extensions, 2, DER_CONTEXT_CONSTRUCTED(1));
	dw_close(w, seq);
}

/* SEQUENCE { what is signed, algorithm, signature, tail }. */
static inline void made_signed_write(struct writer *w, struct bj_bytes tbs, const struct pkey *key, struct bj_bytes cert)
{
	uint8_t signature[SIG_LEN_MAX];
	size_t len, seq = dw_open(w, DER_SEQUENCE), tagged;

	check(pkey_sign(key, SIG_ECDSA_SHA256, tbs, signature, sizeof(signature), &len) == BJ_OK);
	wr_bytes(w, tbs);
	wr_bytes(w, algorithm_der(SIG_ECDSA_SHA256));
	dw_bits(w, bytes_of(signature, len));
	if (cert.len > 0) {
		tagged = dw_open(w, DER_CONTEXT_CONSTRUCTED(0));
		dw_item(w, DER_SEQUENCE, cert);
		dw_close(w, tagged);
	}
	dw_close(w, seq);
}

/* The DER, in a static buffer until the next call. */
static inline struct bj_bytes made_response_write(const struct made_response *in)
{
	static uint8_t tbs[4096], der[8192];
	struct writer t = wr_make(tbs, sizeof(tbs)), w = wr_make(der, sizeof(der));
	size_t outer = dw_open(&w, DER_SEQUENCE), tagged, seq, octets;

	made_data_write(&t, in);
	check(wr_ok(&t));
	wr_raw(&w, "\x0a\x01", 2);
	wr_u8(&w, in->response_status);
	tagged = dw_open(&w, DER_CONTEXT_CONSTRUCTED(0));
	seq = dw_open(&w, DER_SEQUENCE);
	dw_item(&w, DER_OID, oid_bytes(OID_OCSP_BASIC));
	octets = dw_open(&w, DER_OCTET_STRING);
	made_signed_write(&w, wr_view(&t), in->key ? in->key : in->responder->key, in->cert);
	dw_close(&w, octets);
	dw_close(&w, seq);
	dw_close(&w, tagged);
	dw_close(&w, outer);
	check(wr_ok(&w));
	return wr_view(&w);
}

/* A server's certificate becomes a responder's: the purpose is changed and the issuer signs again. */
static inline void made_cert_into_responder(struct made_cert *made, const struct made_cert *issuer)
{
	static uint8_t tbs[MADE_DER_MAX];
	struct bj_bytes from = oid_bytes(OID_EKU_SERVER), to = oid_bytes(OID_EKU_OCSP);
	size_t len = made->cert.tbs.len;
	struct writer w = wr_make(made->der, sizeof(made->der));

	memcpy(tbs, made->cert.tbs.ptr, len);
	for (size_t i = 0; i + from.len <= len; i++)
		if (memcmp(tbs + i, from.ptr, from.len) == 0)
			memcpy(tbs + i, to.ptr, to.len);
	made_signed_write(&w, bytes_of(tbs, len), issuer->key, (struct bj_bytes){ 0 });
	check(wr_ok(&w));
	check(cert_parse(wr_view(&w), &made->cert) == BJ_OK);
	check(made->cert.eku == EKU_OCSP);
}

#endif
