/* ocsp_answer.c - see ocsp_answer.h.
 *
 * Implements   rfc6960:4.1 rfc6960:4.2 rfc9654:2.1
 */
#include "x509/ocsp_answer.h"

#include "crypto/hash.h"
#include "x509/algorithm.h"
#include "x509/der.h"
#include "x509/issue_parts.h"
#include "x509/time.h"

#define NONCE_MAX 128

/* ---- requests */

static bool hash_is(enum oid oid, struct bj_bytes data, struct bj_bytes wanted)
{
	static const struct { enum oid oid; enum hash_alg alg; } rows[] = {
		{ OID_HASH_SHA1, HASH_SHA1 }, { OID_HASH_SHA256, HASH_SHA256 }, { OID_HASH_SHA384, HASH_SHA384 }, { OID_HASH_SHA512, HASH_SHA512 },
	};
	uint8_t digest[HASH_MAX];

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
		if (rows[i].oid == oid)
			return bytes_equal(bytes_of(digest, hash_once(rows[i].alg, data, digest)), wanted);
	return false;
}

static void id_read(struct reader *r, const struct cert *issuer, struct ocsp_id *out)
{
	struct reader id, algorithm;
	struct bj_bytes name_hash, key_hash;
	enum oid oid;

	out->whole = der_take_whole(r, DER_SEQUENCE);
	id = der_only(out->whole, DER_SEQUENCE);
	algorithm = der_open(&id, DER_SEQUENCE);
	oid = oid_find(der_oid(&algorithm));
	if (rd_more(&algorithm))
		der_null(&algorithm);
	rd_close(&id, &algorithm);
	name_hash = der_take(&id, DER_OCTET_STRING);
	key_hash = der_take(&id, DER_OCTET_STRING);
	out->serial = der_integer(&id);
	if (!rd_end(&id))
		rd_fail(r);
	out->is_ours = !r->bad && hash_is(oid, issuer->subject, name_hash) && hash_is(oid, algorithm_spki_bits(issuer->spki), key_hash);
}

/* requestExtensions: the nonce; what else is critical cannot be obeyed. */
static bool extensions_read(struct reader *r, struct bj_bytes *out_nonce)
{
	struct reader tagged = der_open(r, DER_CONTEXT_CONSTRUCTED(2)), list = der_open(&tagged, DER_SEQUENCE);

	for (size_t count = 0; rd_more(&list) && count < OCSP_EXTENSION_MAX; count++) {
		struct reader one = der_open(&list, DER_SEQUENCE), inner;
		enum oid oid = oid_find(der_oid(&one));
		bool critical = der_boolean_default_false(&one);
		struct bj_bytes value = der_take(&one, DER_OCTET_STRING);

		rd_close(&list, &one);
		if (oid != OID_OCSP_NONCE) {
			if (critical)
				return false;
			continue;
		}
		inner = rd_of(value);
		*out_nonce = der_take(&inner, DER_OCTET_STRING);
		if (!rd_end(&inner) || out_nonce->len == 0 || out_nonce->len > NONCE_MAX)
			return false;
	}
	rd_close(&tagged, &list);
	rd_close(r, &tagged);
	return !r->bad;
}

enum bj_err ocsp_request_read(struct bj_bytes der, const struct cert *issuer, struct ocsp_request *out)
{
	struct ocsp_request request = { 0 };
	struct reader outer = der_only(der, DER_SEQUENCE), tbs = der_open(&outer, DER_SEQUENCE), list;

	if (der.len > OCSP_REQUEST_MAX)
		return BJ_ERR_OCSP;
	if (der_at(&tbs, DER_CONTEXT_CONSTRUCTED(1)))
		(void)der_any(&tbs); /* who asks */
	list = der_open(&tbs, DER_SEQUENCE);
	while (rd_more(&list) && request.id_count < OCSP_REQUEST_IDS_MAX) {
		struct reader one = der_open(&list, DER_SEQUENCE);

		id_read(&one, issuer, &request.ids[request.id_count++]);
		if (der_at(&one, DER_CONTEXT_CONSTRUCTED(0)))
			(void)der_any(&one);
		rd_close(&list, &one);
	}
	rd_close(&tbs, &list);
	if (der_at(&tbs, DER_CONTEXT_CONSTRUCTED(2)) && !extensions_read(&tbs, &request.nonce))
		return BJ_ERR_OCSP;
	rd_close(&outer, &tbs);
	if (der_at(&outer, DER_CONTEXT_CONSTRUCTED(0)))
		(void)der_any(&outer); /* the asker's signature */
	if (!rd_end(&outer) || request.id_count == 0)
		return BJ_ERR_OCSP;
	*out = request;
	return BJ_OK;
}

static void hash_write(struct writer *w, struct bj_bytes data)
{
	uint8_t digest[HASH_MAX];

	dw_item(w, DER_OCTET_STRING, bytes_of(digest, hash_once(HASH_SHA1, data, digest)));
}

enum bj_err ocsp_id_make(const struct cert *cert, const struct cert *issuer, uint8_t buf[OCSP_ID_MAX], struct ocsp_id *out)
{
	struct writer w = wr_make(buf, OCSP_ID_MAX);
	size_t seq = dw_open(&w, DER_SEQUENCE), algorithm = dw_open(&w, DER_SEQUENCE);

	dw_item(&w, DER_OID, oid_bytes(OID_HASH_SHA1));
	dw_item(&w, DER_NULL, (struct bj_bytes){ 0 });
	dw_close(&w, algorithm);
	hash_write(&w, issuer->subject);
	hash_write(&w, algorithm_spki_bits(issuer->spki));
	dw_item(&w, DER_INTEGER, cert->serial);
	dw_close(&w, seq);
	if (!wr_ok(&w))
		return BJ_ERR_SPACE;
	*out = (struct ocsp_id){ .whole = wr_view(&w), .serial = cert->serial, .is_ours = true };
	return BJ_OK;
}

/* ---- responses */

/* GeneralizedTime whatever the year. */
static void time_write(struct writer *w, int64_t seconds)
{
	struct civil_time t = time_civil(seconds);
	const int parts[] = { t.year / 100, t.year % 100, t.month, t.day, t.hour, t.minute, t.second };
	uint8_t text[15];

	for (size_t i = 0; i < ARRAY_COUNT(parts); i++) {
		text[2 * i] = (uint8_t)('0' + parts[i] / 10 % 10);
		text[2 * i + 1] = (uint8_t)('0' + parts[i] % 10);
	}
	text[14] = 'Z';
	dw_item(w, DER_GENERALIZED_TIME, bytes_of(text, sizeof(text)));
}

static void word_write(struct writer *w, const struct ocsp_word *word, const struct ocsp_answering *in)
{
	size_t seq = dw_open(w, DER_SEQUENCE), mark, reason;
	uint8_t value = (uint8_t)word->reason;

	wr_bytes(w, word->id.whole);
	if (word->status == OCSP_REVOKED) {
		mark = dw_open(w, DER_CONTEXT_CONSTRUCTED(1));
		time_write(w, word->date);
		if (word->reason != REASON_UNSPECIFIED) {
			reason = dw_open(w, DER_CONTEXT_CONSTRUCTED(0));
			dw_item(w, 0x0a, bytes_of(&value, 1));
			dw_close(w, reason);
		}
		dw_close(w, mark);
	} else {
		dw_item(w, word->status == OCSP_GOOD ? DER_CONTEXT(0) : DER_CONTEXT(2), (struct bj_bytes){ 0 });
	}
	time_write(w, in->this_update);
	mark = dw_open(w, DER_CONTEXT_CONSTRUCTED(0));
	time_write(w, in->next_update);
	dw_close(w, mark);
	dw_close(w, seq);
}

static void data_write(struct writer *w, const struct ocsp_answering *in)
{
	size_t seq = dw_open(w, DER_SEQUENCE), mark = dw_open(w, DER_CONTEXT_CONSTRUCTED(1)), list;
	struct issue_mark extension;

	wr_bytes(w, in->issuer->subject); /* by name: GnuTLS takes an identifier by key for the issuer's own, which is not its SHA-1 */
	dw_close(w, mark);
	time_write(w, in->this_update);
	list = dw_open(w, DER_SEQUENCE);
	for (size_t i = 0; i < in->word_count; i++)
		word_write(w, &in->words[i], in);
	dw_close(w, list);
	if (in->nonce.len > 0) {
		mark = dw_open(w, DER_CONTEXT_CONSTRUCTED(1));
		list = dw_open(w, DER_SEQUENCE);
		extension = issue_extension_open(w, OID_OCSP_NONCE, false);
		dw_item(w, DER_OCTET_STRING, in->nonce);
		issue_extension_close(w, extension);
		dw_close(w, list);
		dw_close(w, mark);
	}
	dw_close(w, seq);
}

enum bj_err ocsp_answer(const struct ocsp_answering *in, uint8_t *out, size_t cap, size_t *out_len)
{
	uint8_t tbs_buf[OCSP_REQUEST_MAX + 2048];
	struct writer w = wr_make(out, cap), tbs = wr_make(tbs_buf, sizeof(tbs_buf));
	size_t outer, tagged, seq, octets, basic;
	struct pubkey ours;
	enum bj_err err;

	if (in->word_count == 0 || in->next_update <= in->this_update || in->nonce.len > NONCE_MAX)
		return BJ_ERR_ARGUMENT;
	pkey_public(in->issuer_key, &ours);
	if (!algorithm_same_key(&ours, &in->issuer->key))
		return BJ_ERR_KEY_MISMATCH;
	data_write(&tbs, in);
	if (!wr_ok(&tbs))
		return BJ_ERR_SPACE;
	outer = dw_open(&w, DER_SEQUENCE);
	wr_raw(&w, "\x0a\x01\x00", 3); /* successful */
	tagged = dw_open(&w, DER_CONTEXT_CONSTRUCTED(0));
	seq = dw_open(&w, DER_SEQUENCE);
	dw_item(&w, DER_OID, oid_bytes(OID_OCSP_BASIC));
	octets = dw_open(&w, DER_OCTET_STRING);
	err = issue_signed_open(&w, wr_view(&tbs), in->issuer_key, &basic);
	if (err)
		return err;
	dw_close(&w, basic);
	dw_close(&w, octets);
	dw_close(&w, seq);
	dw_close(&w, tagged);
	dw_close(&w, outer);
	if (!wr_ok(&w))
		return BJ_ERR_SPACE;
	*out_len = w.len;
	return BJ_OK;
}

size_t ocsp_refuse(enum ocsp_refusal why, uint8_t out[5])
{
	memcpy(out, "\x30\x03\x0a\x01", 4);
	out[4] = (uint8_t)why;
	return 5;
}
