/* issue_parts.c - see issue_parts.h. */
#include "x509/issue_parts.h"

#include "x509/algorithm.h"
#include "x509/der.h"

struct issue_mark issue_extension_open(struct writer *w, enum oid oid, bool critical)
{
	struct issue_mark mark;

	mark.whole = dw_open(w, DER_SEQUENCE);
	dw_item(w, DER_OID, oid_bytes(oid));
	if (critical)
		dw_true(w);
	mark.value = dw_open(w, DER_OCTET_STRING);
	return mark;
}

void issue_extension_close(struct writer *w, struct issue_mark mark)
{
	dw_close(w, mark.value);
	dw_close(w, mark.whole);
}

enum sig_alg issue_alg(const struct pkey *key)
{
	switch (pkey_kind(key)) {
	case KEY_RSA:
		return SIG_RSA_PKCS1_SHA256;
	case KEY_RSA_PSS:
		return SIG_RSA_PSS_SHA256;
	case KEY_P256:
		return SIG_ECDSA_SHA256;
	case KEY_P384:
		return SIG_ECDSA_SHA384;
	case KEY_P521:
		return SIG_ECDSA_SHA512;
	case KEY_ED25519:
		return SIG_ED25519;
	case KEY_MLDSA44:
		return SIG_MLDSA44;
	case KEY_MLDSA65:
		return SIG_MLDSA65;
	case KEY_MLDSA87:
		return SIG_MLDSA87;
	default:
		return SIG_NONE;
	}
}

enum bj_err issue_signed_open(struct writer *w, struct bj_bytes tbs, const struct pkey *key, size_t *out_mark)
{
	uint8_t signature[SIG_LEN_MAX];
	size_t len, mark;
	enum bj_err err = pkey_sign(key, issue_alg(key), tbs, signature, sizeof(signature), &len);

	if (err)
		return err;
	mark = dw_open(w, DER_SEQUENCE);
	wr_bytes(w, tbs);
	wr_bytes(w, algorithm_der(issue_alg(key)));
	dw_bits(w, bytes_of(signature, len));
	*out_mark = mark;
	return BJ_OK;
}
