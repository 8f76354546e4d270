/* cert.c - a certificate from its DER (rfc5280:4.1). */
#include "x509/cert.h"

#include "x509/algorithm.h"
#include "x509/der.h"
#include "x509/extension.h"
#include "x509/name.h"
#include "x509/time.h"

#define SERIAL_MAX 20 /* rfc5280:4.1.2.2 */

/* Version is DEFAULT v1, so v1 is never written; v2 is of no use to anybody. */
static enum bj_err version_read(struct reader *tbs, struct cert *cert)
{
	struct reader explicit_tag;
	uint32_t number;

	cert->version = 1;
	if (!der_at(tbs, DER_CONTEXT_CONSTRUCTED(0)))
		return BJ_OK;
	explicit_tag = der_open(tbs, DER_CONTEXT_CONSTRUCTED(0));
	number = der_small(&explicit_tag, DER_INTEGER);
	if (!rd_end(&explicit_tag))
		return BJ_ERR_CERT_DER;
	cert->version = 3;
	return number == 2 ? BJ_OK : BJ_ERR_CERT_VERSION;
}

/* Zero is let through: some anchors have it. rules.c refuses it in others. */
static enum bj_err serial_read(struct reader *tbs, struct cert *cert)
{
	cert->serial = der_integer(tbs);
	if (tbs->bad)
		return BJ_ERR_CERT_DER;
	return cert->serial.len <= SERIAL_MAX && cert->serial.ptr[0] < 0x80 ? BJ_OK : BJ_ERR_CERT_SERIAL;
}

static enum bj_err names_and_dates_read(struct reader *tbs, struct cert *cert)
{
	struct reader validity;

	cert->issuer = der_take_whole(tbs, DER_SEQUENCE);
	validity = der_open(tbs, DER_SEQUENCE);
	cert->subject = der_take_whole(tbs, DER_SEQUENCE);
	if (tbs->bad)
		return BJ_ERR_CERT_DER;
	if (!name_is_valid(cert->issuer) || !name_is_valid(cert->subject))
		return BJ_ERR_CERT_NAME_FORM;
	cert->issuer_hash = name_hash(cert->issuer);
	cert->subject_hash = name_hash(cert->subject);
	cert->is_self_issued = cert->subject_hash == cert->issuer_hash && name_equal(cert->subject, cert->issuer);
	cert->not_before = time_read(&validity, &cert->has_odd_time);
	cert->not_after = time_read(&validity, &cert->has_odd_time);
	return rd_end(&validity) ? BJ_OK : BJ_ERR_CERT_TIME;
}

/* The unique identifiers are deprecated and looked at by nobody; extensions come last. */
static enum bj_err tail_read(struct reader *tbs, struct cert *cert)
{
	struct reader explicit_tag, list;

	for (uint8_t i = 1; i <= 2; i++)
		if (der_at(tbs, DER_CONTEXT(i))) {
			if (cert->version == 1)
				return BJ_ERR_CERT_VERSION;
			der_any(tbs);
		}
	if (!rd_more(tbs))
		return tbs->bad ? BJ_ERR_CERT_DER : BJ_OK;
	explicit_tag = der_open(tbs, DER_CONTEXT_CONSTRUCTED(3));
	list = der_open(&explicit_tag, DER_SEQUENCE);
	if (!rd_end(tbs) || explicit_tag.bad || rd_more(&explicit_tag))
		return BJ_ERR_CERT_DER;
	if (cert->version == 1)
		return BJ_ERR_CERT_VERSION;
	return extensions_read(list, cert);
}

static enum bj_err tbs_read(struct reader tbs, struct cert *cert, struct bj_bytes *out_algorithm)
{
	enum bj_err err = version_read(&tbs, cert);

	if (err)
		return err;
	err = serial_read(&tbs, cert);
	if (err)
		return err;
	*out_algorithm = der_take_whole(&tbs, DER_SEQUENCE);
	err = names_and_dates_read(&tbs, cert);
	if (err)
		return err;
	cert->spki = der_take_whole(&tbs, DER_SEQUENCE);
	if (tbs.bad)
		return BJ_ERR_CERT_DER;
	err = algorithm_spki(cert->spki, &cert->key, &cert->key_only);
	if (err)
		return err;
	return tail_read(&tbs, cert);
}

enum bj_err cert_parse(struct bj_bytes der, struct cert *out)
{
	struct cert cert = { .der = der };
	struct reader outer = der_only(der, DER_SEQUENCE), tbs;
	struct bj_bytes inner_algorithm, outer_algorithm;
	enum bj_err err;

	cert.tbs = der_take_whole(&outer, DER_SEQUENCE);
	outer_algorithm = der_take_whole(&outer, DER_SEQUENCE);
	cert.signature = der_bit_octets(&outer);
	if (der.len > CERT_DER_MAX || !rd_end(&outer) || cert.signature.len == 0)
		return BJ_ERR_CERT_DER;
	tbs = der_only(cert.tbs, DER_SEQUENCE);
	err = tbs_read(tbs, &cert, &inner_algorithm);
	if (err)
		return err;
	if (!bytes_equal(inner_algorithm, outer_algorithm)) /* rfc5280:4.1.1.2 */
		return BJ_ERR_CERT_ALGORITHM_MISMATCH;
	if (!algorithm_signature(outer_algorithm, &cert.sig_alg))
		return BJ_ERR_CERT_ALGORITHM;
	*out = cert;
	return BJ_OK;
}

enum bj_err cert_of_key(struct bj_bytes spki, struct cert *out)
{
	struct cert cert = { .der = spki, .spki = spki };
	enum bj_err err = spki.len > CERT_DER_MAX ? BJ_ERR_CERT_DER : algorithm_spki(spki, &cert.key, &cert.key_only);

	if (!err)
		*out = cert;
	return err;
}
