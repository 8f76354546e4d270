/* sct.c - see sct.h. */
#include "x509/sct.h"

#include <stdlib.h>

#include "base/writer.h"
#include "crypto/hash.h"
#include "x509/der.h"
#include "x509/der_write.h"
#include "x509/oid.h"

#define VERSION_1 0
#define HASH_SHA256_CODE 4 /* rfc5246:7.4.1.4.1 */
#define SIGNER_RSA 1
#define SIGNER_ECDSA 3
#define CERTIFICATE_TIMESTAMP 0 /* SignatureType */
#define X509_ENTRY 0            /* LogEntryType */
#define PRECERT_ENTRY 1
#define SIGNED_BESIDE_MAX (64 + UINT16_MAX) /* what is signed beside the certificate */

struct reader sct_of_list(struct bj_bytes bytes)
{
	struct reader r = rd_of(bytes), list = rd_vec(&r, 2);

	if (!rd_end(&r))
		rd_fail(&list);
	return list;
}

struct reader sct_of_cert(const struct cert *cert)
{
	struct reader value = rd_of(cert->scts);
	struct bj_bytes list;

	if (cert->scts.len == 0)
		return value;
	list = der_take(&value, DER_OCTET_STRING);
	if (!rd_end(&value)) {
		rd_fail(&value);
		return value;
	}
	return sct_of_list(list);
}

enum bj_err sct_next(struct reader *list, struct sct *out)
{
	struct reader one = rd_vec(list, 2);
	struct sct sct = { .version = rd_u8(&one) };

	if (sct.version != VERSION_1 && !one.bad) {
		*out = sct;
		return BJ_OK;
	}
	sct.log_id = rd_bytes(&one, SCT_LOG_ID_LEN);
	sct.timestamp_ms = rd_u64(&one);
	sct.extensions = rd_vec_bytes(&one, 2);
	sct.hash = rd_u8(&one);
	sct.signer = rd_u8(&one);
	sct.signature = rd_vec_bytes(&one, 2);
	if (!rd_end(&one)) {
		rd_fail(list);
		return BJ_ERR_DECODE;
	}
	*out = sct;
	return BJ_OK;
}

/* ---- what was signed */

/* The extensions without the one that holds the timestamps. */
static void write_extensions(struct writer *w, struct bj_bytes all)
{
	struct reader outer = der_only(all, DER_SEQUENCE);
	size_t mark = dw_open(w, DER_SEQUENCE);

	while (rd_more(&outer)) {
		struct bj_bytes whole = der_take_whole(&outer, DER_SEQUENCE);
		struct reader extension = der_only(whole, DER_SEQUENCE);

		if (oid_find(der_oid(&extension)) != OID_EXT_SCTS)
			wr_bytes(w, whole);
	}
	dw_close(w, mark);
}

/* The TBSCertificate as the log saw it (rfc6962:3.2). The certificate was parsed, so its form holds. */
static void write_precert(struct writer *w, const struct cert *cert)
{
	struct reader tbs = der_only(cert->tbs, DER_SEQUENCE);
	size_t mark = dw_open(w, DER_SEQUENCE);

	while (rd_more(&tbs)) {
		struct der_item item = der_any(&tbs);
		size_t inner;

		if (item.tag != DER_CONTEXT_CONSTRUCTED(3)) {
			wr_bytes(w, item.whole);
			continue;
		}
		inner = dw_open(w, item.tag);
		write_extensions(w, item.content);
		dw_close(w, inner);
	}
	dw_close(w, mark);
}

static void write_entry(struct writer *w, const struct cert *cert, const struct cert *issuer)
{
	uint8_t digest[HASH_MAX];
	size_t mark;

	wr_u16(w, issuer ? PRECERT_ENTRY : X509_ENTRY);
	if (issuer) {
		hash_once(HASH_SHA256, issuer->spki, digest);
		wr_bytes(w, bytes_of(digest, SCT_LOG_ID_LEN));
	}
	mark = wr_open(w, 3);
	if (issuer)
		write_precert(w, cert);
	else
		wr_bytes(w, cert->der);
	wr_close(w, mark, 3);
}

static enum sig_alg algorithm_of(const struct sct *sct, const struct pubkey *log)
{
	if (sct->hash != HASH_SHA256_CODE)
		return SIG_NONE;
	if (sct->signer == SIGNER_ECDSA && log->kind == KEY_P256)
		return SIG_ECDSA_SHA256;
	return sct->signer == SIGNER_RSA && log->kind == KEY_RSA ? SIG_RSA_PKCS1_SHA256 : SIG_NONE;
}

enum bj_err sct_verify(const struct sct *sct, const struct cert *cert, const struct cert *issuer, struct bj_bytes log)
{
	size_t cap = cert->der.len + SIGNED_BESIDE_MAX;
	uint8_t digest[HASH_MAX], *room;
	enum sig_alg algorithm;
	struct cert key;
	struct writer w;
	enum bj_err err;

	if (sct->version != VERSION_1)
		return BJ_ERR_UNSUPPORTED;
	hash_once(HASH_SHA256, log, digest);
	if (!bytes_equal(sct->log_id, bytes_of(digest, SCT_LOG_ID_LEN)))
		return BJ_ERR_ARGUMENT;
	if (cert_of_key(log, &key))
		return BJ_ERR_CERT_KEY;
	algorithm = algorithm_of(sct, &key.key);
	if (algorithm == SIG_NONE)
		return BJ_ERR_UNSUPPORTED;
	room = (uint8_t *)malloc(cap);
	if (!room)
		return BJ_ERR_NO_MEMORY;
	w = wr_make(room, cap);
	wr_u8(&w, VERSION_1);
	wr_u8(&w, CERTIFICATE_TIMESTAMP);
	wr_u64(&w, sct->timestamp_ms);
	write_entry(&w, cert, issuer);
	wr_u16(&w, (uint16_t)sct->extensions.len);
	wr_bytes(&w, sct->extensions);
	err = wr_ok(&w) ? pubkey_verify(&key.key, algorithm, bytes_of(w.buf, w.len), sct->signature) : BJ_ERR_SPACE;
	free(room);
	return err;
}
