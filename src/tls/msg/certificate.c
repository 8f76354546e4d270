/* certificate.c - see certificate.h. */
#include "tls/msg/certificate.h"
#include "tls/ext/sct.h"
#include "tls/ext/status_request.h"

static enum bj_err add(struct certificate *cert, struct bj_bytes der)
{
	if (der.len == 0)
		return BJ_ERR_DECODE;
	if (cert->count == PATH_CHAIN_MAX)
		return BJ_ERR_CERT_CHAIN_TOO_LONG;
	cert->chain[cert->count++] = der;
	return BJ_OK;
}

/* The extensions of the entry that was added last. */
static enum bj_err parse_extensions(struct bj_bytes extensions, uint32_t offered, struct certificate *cert)
{
	struct ext_list list;
	struct bj_bytes ocsp = { 0 }, scts = { 0 };
	enum bj_err err = ext_walk(extensions, EXT_IN_CT, offered, &list);

	if (err)
		return err;
	if (list.has & EXT_BIT(EXT_STATUS_REQUEST)) {
		err = status_request_parse_entry(list.body[EXT_STATUS_REQUEST], &ocsp);
		if (err)
			return err;
	}
	if (list.has & EXT_BIT(EXT_SCT)) {
		err = sct_list_parse(list.body[EXT_SCT], &scts);
		if (err)
			return err;
	}
	if ((list.has & EXT_BIT(EXT_DELEGATED_CREDENTIAL)) && list.body[EXT_DELEGATED_CREDENTIAL].len == 0)
		return BJ_ERR_DECODE;
	if (cert->count == 1) {
		cert->delegation = list.body[EXT_DELEGATED_CREDENTIAL]; /* those of others are passed over */
		cert->ocsp = ocsp;
		cert->scts = scts;
	}
	return BJ_OK;
}

enum bj_err certificate_parse(struct bj_bytes body, uint32_t offered, struct certificate *out)
{
	struct reader r = rd_of(body);
	struct certificate cert = { 0 };
	struct reader list;
	enum bj_err err;

	cert.context = rd_vec_bytes(&r, 1);
	list = rd_vec(&r, 3);
	if (!rd_end(&r))
		return BJ_ERR_DECODE;
	while (rd_more(&list)) {
		struct bj_bytes der = rd_vec_bytes(&list, 3);
		struct bj_bytes extensions = rd_vec_bytes(&list, 2);

		if (list.bad)
			return BJ_ERR_DECODE;
		err = add(&cert, der);
		if (err)
			return err;
		err = parse_extensions(extensions, offered, &cert);
		if (err)
			return err;
	}
	*out = cert;
	return BJ_OK;
}

void certificate_write(struct writer *w, const struct certificate *cert)
{
	size_t message = message_open(w, MSG_CERTIFICATE), list, extensions;

	wr_vec(w, cert->context, 1);
	list = wr_open(w, 3);
	for (size_t i = 0; i < cert->count; i++) {
		wr_vec(w, cert->chain[i], 3);
		extensions = wr_open(w, 2);
		if (i == 0 && cert->ocsp.len > 0)
			status_request_write_entry(w, cert->ocsp);
		if (i == 0 && cert->scts.len > 0)
			sct_list_write(w, cert->scts);
		if (i == 0 && cert->delegation.len > 0) {
			size_t mark = ext_open(w, EXT_DELEGATED_CREDENTIAL);

			wr_bytes(w, cert->delegation);
			ext_close(w, mark);
		}
		wr_close(w, extensions, 2);
	}
	wr_close(w, list, 3);
	message_close(w, message);
}

enum bj_err certificate12_parse(struct bj_bytes body, struct certificate *out)
{
	struct reader r = rd_of(body);
	struct reader list = rd_vec(&r, 3);
	struct certificate cert = { 0 };
	enum bj_err err;

	if (!rd_end(&r))
		return BJ_ERR_DECODE;
	while (rd_more(&list)) {
		struct bj_bytes der = rd_vec_bytes(&list, 3);

		if (list.bad)
			return BJ_ERR_DECODE;
		err = add(&cert, der);
		if (err)
			return err;
	}
	*out = cert;
	return BJ_OK;
}

void certificate12_write(struct writer *w, const struct certificate *cert)
{
	size_t message = message_open(w, MSG_CERTIFICATE), list = wr_open(w, 3);

	for (size_t i = 0; i < cert->count; i++)
		wr_vec(w, cert->chain[i], 3);
	wr_close(w, list, 3);
	message_close(w, message);
}

enum bj_err certificate12_parse_key(struct bj_bytes body, struct certificate *out)
{
	struct reader r = rd_of(body);
	struct certificate cert = { 0 };

	cert.chain[0] = rd_vec_bytes(&r, 3);
	cert.count = cert.chain[0].len > 0;
	if (!rd_end(&r))
		return BJ_ERR_DECODE;
	*out = cert;
	return BJ_OK;
}

void certificate12_write_key(struct writer *w, const struct certificate *cert)
{
	size_t message = message_open(w, MSG_CERTIFICATE);

	wr_vec(w, cert->count > 0 ? cert->chain[0] : (struct bj_bytes){ NULL, 0 }, 3);
	message_close(w, message);
}
