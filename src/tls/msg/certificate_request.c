/* certificate_request.c - see certificate_request.h. */
#include "tls/msg/certificate_request.h"
#include "tls/ext/certificate_authorities.h"
#include "tls/ext/compress_certificate.h"
#include "tls/ext/signature_algorithms.h"
#include "tls/ext/signature_algorithms_cert.h"

static enum bj_err parse_extension(enum ext ext, struct bj_bytes body, struct certificate_request *cr)
{
	switch (ext) {
	case EXT_SIGNATURE_ALGORITHMS:
		return signature_algorithms_parse(body, &cr->schemes);
	case EXT_SIGNATURE_ALGORITHMS_CERT:
		return signature_algorithms_cert_parse(body, &cr->schemes_cert);
	case EXT_DELEGATED_CREDENTIAL:
		return codes_parse(body, 2, &cr->delegated);
	case EXT_CERTIFICATE_AUTHORITIES:
		return certificate_authorities_parse(body, &cr->authorities);
	case EXT_COMPRESS_CERTIFICATE:
		return compress_certificate_parse(body, &cr->compressions);
	default: /* wishes that we do not grant: status_request, signed_certificate_timestamp, oid_filters */
		return BJ_OK;
	}
}

enum bj_err certificate_request_parse(struct bj_bytes body, struct certificate_request *out)
{
	struct reader r = rd_of(body);
	struct certificate_request cr = { 0 };
	struct bj_bytes extensions;
	struct ext_list list;
	enum bj_err err;

	cr.context = rd_vec_bytes(&r, 1);
	extensions = rd_vec_bytes(&r, 2);
	if (!rd_end(&r))
		return BJ_ERR_DECODE;
	err = ext_walk(extensions, EXT_IN_CR, 0, &list);
	if (err)
		return err;
	cr.has = list.has;
	for (unsigned ext = 0; ext < EXT_KNOWN; ext++) {
		if (!(list.has & EXT_BIT(ext)))
			continue;
		err = parse_extension((enum ext)ext, list.body[ext], &cr);
		if (err)
			return err;
	}
	if (!(cr.has & EXT_BIT(EXT_SIGNATURE_ALGORITHMS)))
		return BJ_ERR_MISSING_EXTENSION;
	*out = cr;
	return BJ_OK;
}

void certificate_request_write(struct writer *w, const struct certificate_request *cr)
{
	size_t message = message_open(w, MSG_CERTIFICATE_REQUEST), list;

	wr_vec(w, cr->context, 1);
	list = wr_open(w, 2);
	if (cr->has & EXT_BIT(EXT_SIGNATURE_ALGORITHMS))
		signature_algorithms_write(w, cr->schemes);
	if (cr->has & EXT_BIT(EXT_SIGNATURE_ALGORITHMS_CERT))
		signature_algorithms_cert_write(w, cr->schemes_cert);
	if (cr->has & EXT_BIT(EXT_DELEGATED_CREDENTIAL))
		ext_write_vec(w, EXT_DELEGATED_CREDENTIAL, cr->delegated, 2);
	if (cr->has & EXT_BIT(EXT_CERTIFICATE_AUTHORITIES))
		certificate_authorities_write(w, cr->authorities);
	if (cr->has & EXT_BIT(EXT_COMPRESS_CERTIFICATE))
		compress_certificate_write(w, cr->compressions);
	wr_close(w, list, 2);
	message_close(w, message);
}

enum bj_err certificate_request12_parse(struct bj_bytes body, struct certificate_request12 *out)
{
	struct reader r = rd_of(body);
	struct certificate_request12 cr;
	enum bj_err err;

	cr.types = rd_vec_bytes(&r, 1);
	cr.schemes = rd_vec_bytes(&r, 2);
	cr.authorities = rd_vec_bytes(&r, 2);
	if (!rd_end(&r) || cr.types.len == 0 || cr.schemes.len == 0 || cr.schemes.len % 2 != 0)
		return BJ_ERR_DECODE;
	err = authorities_check(cr.authorities);
	if (err)
		return err;
	*out = cr;
	return BJ_OK;
}

void certificate_request12_write(struct writer *w, const struct certificate_request12 *cr)
{
	size_t message = message_open(w, MSG_CERTIFICATE_REQUEST);

	wr_vec(w, cr->types, 1);
	wr_vec(w, cr->schemes, 2);
	wr_vec(w, cr->authorities, 2);
	message_close(w, message);
}

bool certificate_request12_wants(const struct certificate_request12 *cr, enum key_kind kind)
{
	int type = kind == KEY_RSA || kind == KEY_RSA_PSS ? CLIENT_CERT_RSA_SIGN : CLIENT_CERT_ECDSA_SIGN;

	return kind != KEY_NONE && cr->types.len > 0 && memchr(cr->types.ptr, type, cr->types.len);
}
