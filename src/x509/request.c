/* request.c - see request.h. */
#include "x509/request.h"

#include "x509/algorithm.h"
#include "x509/der.h"
#include "x509/extension.h"
#include "x509/name.h"
#include "x509/oid.h"

/* extensionRequest is a SET of exactly one Extensions. */
static enum bj_err wishes_read(struct bj_bytes values, struct cert *request)
{
	struct reader set = rd_of(values), list = der_open(&set, DER_SEQUENCE);

	return rd_end(&set) ? extensions_read(list, request) : BJ_ERR_CERT_EXTENSION;
}

static enum bj_err attributes_read(struct reader *info, struct cert *request)
{
	struct reader list = der_open(info, DER_CONTEXT_CONSTRUCTED(0));
	bool wished = false;
	size_t count = 0;

	while (rd_more(&list) && count++ < REQUEST_ATTRIBUTES_MAX) {
		struct reader attribute = der_open(&list, DER_SEQUENCE);
		bool is_wish = oid_find(der_oid(&attribute)) == OID_EXTENSION_REQUEST;
		struct bj_bytes values = der_take(&attribute, DER_SET);
		enum bj_err err;

		if (!rd_end(&attribute) || values.len == 0 || !der_is_well_formed(values) || (is_wish && wished))
			return BJ_ERR_CERT_DER;
		if (!is_wish)
			continue;
		wished = true;
		err = wishes_read(values, request);
		if (err)
			return err;
	}
	return rd_end(&list) ? BJ_OK : BJ_ERR_CERT_DER;
}

static enum bj_err info_read(struct cert *request)
{
	struct reader info = der_only(request->tbs, DER_SEQUENCE);
	uint32_t version = der_small(&info, DER_INTEGER);
	enum bj_err err;

	request->subject = der_take_whole(&info, DER_SEQUENCE);
	request->spki = der_take_whole(&info, DER_SEQUENCE);
	if (info.bad)
		return BJ_ERR_CERT_DER;
	if (version != 0)
		return BJ_ERR_CERT_VERSION;
	if (!name_is_valid(request->subject))
		return BJ_ERR_CERT_NAME_FORM;
	request->subject_hash = name_hash(request->subject);
	err = algorithm_spki(request->spki, &request->key, &request->key_only);
	if (!err && rd_more(&info)) /* some leave the empty set out, which the RFC does not allow and which says nothing */
		err = attributes_read(&info, request);
	return err || rd_end(&info) ? err : BJ_ERR_CERT_DER;
}

enum bj_err request_parse(struct bj_bytes der, struct cert *out)
{
	struct cert request = { .der = der, .version = 3 };
	struct reader outer = der_only(der, DER_SEQUENCE);
	struct bj_bytes algorithm;
	enum bj_err err;

	request.tbs = der_take_whole(&outer, DER_SEQUENCE);
	algorithm = der_take_whole(&outer, DER_SEQUENCE);
	request.signature = der_bit_octets(&outer);
	if (der.len > CERT_DER_MAX || !rd_end(&outer) || request.signature.len == 0)
		return BJ_ERR_CERT_DER;
	err = info_read(&request);
	if (err)
		return err;
	if (!algorithm_signature(algorithm, &request.sig_alg))
		return BJ_ERR_CERT_ALGORITHM;
	*out = request;
	return BJ_OK;
}

enum bj_err request_check(const struct cert *request)
{
	if (request->sig_alg == SIG_NONE || !sig_fits_key(request->sig_alg, request->key.kind) ||
	    (request->key_only != SIG_NONE && request->key_only != request->sig_alg))
		return BJ_ERR_CERT_ALGORITHM;
	return pubkey_verify(&request->key, request->sig_alg, request->tbs, request->signature);
}
