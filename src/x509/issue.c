/* issue.c - certificates of a local CA.
 *
 * Key identifiers are the first 160 bits of the SHA-256 of the key (rfc7093:2). A CA that may certify some names only gets
 * name constraints which exclude all addresses and all DNS names that it does not permit: permitting nothing of a kind would
 * mean to permit everything of it (rfc5280:4.2.1.10).
 */
#include "x509/issue.h"

#include "base/utf8.h"
#include "crypto/hash.h"
#include "crypto/rng_os.h"
#include "x509/algorithm.h"
#include "x509/der.h"
#include "x509/der_write.h"
#include "x509/dns_name.h"
#include "x509/general_name.h"
#include "x509/issue_parts.h"
#include "x509/name.h"
#include "x509/oid.h"
#include "x509/time.h"

#define SERIAL_LEN 16
#define KEY_ID_LEN 20
#define ATTRIBUTE_LEN_MAX 64 /* rfc5280:A.1 ub-common-name */

/* ---- alternative names */

static bool contains(struct bj_bytes text, const char *part)
{
	size_t len = strlen(part);

	for (size_t i = 0; i + len <= text.len; i++)
		if (memcmp(text.ptr + i, part, len) == 0)
			return true;
	return false;
}

static bool is_plain_ascii(struct bj_bytes text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] <= 0x20 || text.ptr[i] >= 0x7f)
			return false;
	return text.len > 0;
}

static enum bj_err name_write(struct writer *w, const char *name)
{
	struct bj_bytes text = bytes_text(name);
	uint8_t address[16];
	size_t len = ip_parse(text, address);

	if (len > 0)
		dw_item(w, DER_CONTEXT(GN_IP), bytes_of(address, len));
	else if (contains(text, "://") && is_plain_ascii(text))
		dw_item(w, DER_CONTEXT(GN_URI), text);
	else if (contains(text, "@") && is_plain_ascii(text))
		dw_item(w, DER_CONTEXT(GN_EMAIL), text);
	else if (dns_pattern_is_valid(text))
		dw_item(w, DER_CONTEXT(GN_DNS), text);
	else
		return BJ_ERR_ARGUMENT;
	return BJ_OK;
}

static void subtree_write(struct writer *w, enum gn_kind kind, struct bj_bytes base)
{
	size_t mark = dw_open(w, DER_SEQUENCE);

	dw_item(w, (uint8_t)DER_CONTEXT(kind), base);
	dw_close(w, mark);
}

/* "10.0.0.0/8" or a single address, as address and mask. */
static bool network_parse(struct bj_bytes text, uint8_t out[32], size_t *out_len)
{
	const uint8_t *slash = text.len ? memchr(text.ptr, '/', text.len) : NULL;
	size_t address_len = slash ? (size_t)(slash - text.ptr) : text.len, len, bits = 0;

	len = ip_parse(bytes_of(text.ptr, address_len), out);
	if (len == 0)
		return false;
	if (!slash)
		bits = len * 8;
	else if (text.len - address_len < 2 || text.len - address_len > 4)
		return false;
	for (size_t i = address_len + 1; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return false;
		bits = bits * 10 + (text.ptr[i] - '0');
	}
	if (bits > len * 8)
		return false;
	memset(out + len, 0, len);
	for (size_t i = 0; i < bits; i++)
		out[len + i / 8] |= (uint8_t)(0x80 >> i % 8);
	for (size_t i = 0; i < len; i++)
		out[i] &= out[len + i];
	*out_len = 2 * len;
	return true;
}

static enum bj_err constraints_write(struct writer *w, const struct issue *in)
{
	static const uint8_t everywhere[32] = { 0 };
	size_t whole = dw_open(w, DER_SEQUENCE), list = dw_open(w, DER_CONTEXT_CONSTRUCTED(0));
	bool any_dns = false, any_ip4 = false, any_ip6 = false;

	for (size_t i = 0; i < in->permitted_count; i++) {
		struct bj_bytes text = bytes_text(in->permitted[i]);
		uint8_t network[32];
		size_t len;

		if (network_parse(text, network, &len)) {
			subtree_write(w, GN_IP, bytes_of(network, len));
			any_ip4 = any_ip4 || len == 8;
			any_ip6 = any_ip6 || len == 32;
		} else if (text.len > 1 && text.ptr[0] == '@' && dns_name_is_valid(bytes_of(text.ptr + 1, text.len - 1))) {
			subtree_write(w, GN_EMAIL, bytes_of(text.ptr + 1, text.len - 1));
		} else if (dns_name_is_valid(text)) {
			subtree_write(w, GN_DNS, text);
			any_dns = true;
		} else {
			return BJ_ERR_ARGUMENT;
		}
	}
	dw_close(w, list);
	if (!any_dns || !any_ip4 || !any_ip6) {
		list = dw_open(w, DER_CONTEXT_CONSTRUCTED(1));
		if (!any_dns)
			subtree_write(w, GN_DNS, (struct bj_bytes){ 0 });
		if (!any_ip4)
			subtree_write(w, GN_IP, bytes_of(everywhere, 8));
		if (!any_ip6)
			subtree_write(w, GN_IP, bytes_of(everywhere, 32));
		dw_close(w, list);
	}
	dw_close(w, whole);
	return BJ_OK;
}

/* ---- extensions */

static void ca_extensions_write(struct writer *w, const struct issue *in)
{
	struct issue_mark mark = issue_extension_open(w, OID_EXT_BASIC_CONSTRAINTS, true);
	size_t seq = dw_open(w, DER_SEQUENCE);

	dw_true(w);
	if (in->has_path_len)
		dw_small(w, in->path_len);
	dw_close(w, seq);
	issue_extension_close(w, mark);
	mark = issue_extension_open(w, OID_EXT_KEY_USAGE, true);
	wr_raw(w, "\x03\x02\x01\x06", 4); /* keyCertSign, cRLSign */
	issue_extension_close(w, mark);
}

static void leaf_extensions_write(struct writer *w, const struct issue *in)
{
	struct issue_mark mark = issue_extension_open(w, OID_EXT_BASIC_CONSTRAINTS, true);
	size_t seq = dw_open(w, DER_SEQUENCE);

	dw_close(w, seq);
	issue_extension_close(w, mark);
	mark = issue_extension_open(w, OID_EXT_KEY_USAGE, true);
	wr_raw(w, "\x03\x02\x07\x80", 4); /* digitalSignature */
	issue_extension_close(w, mark);
	mark = issue_extension_open(w, OID_EXT_EKU, false);
	seq = dw_open(w, DER_SEQUENCE);
	dw_item(w, DER_OID, oid_bytes(in->kind == ISSUE_SERVER ? OID_EKU_SERVER : OID_EKU_CLIENT));
	dw_close(w, seq);
	issue_extension_close(w, mark);
	if (in->must_staple) {
		mark = issue_extension_open(w, OID_EXT_TLS_FEATURE, false);
		wr_raw(w, "\x30\x03\x02\x01\x05", 5);
		issue_extension_close(w, mark);
	}
	if (!in->delegates)
		return;
	mark = issue_extension_open(w, OID_EXT_DELEGATION_USAGE, false);
	wr_raw(w, "\x05\x00", 2);
	issue_extension_close(w, mark);
}

static void key_id(struct bj_bytes spki, uint8_t out[HASH_MAX])
{
	hash_once(HASH_SHA256, algorithm_spki_bits(spki), out);
}

static enum bj_err extensions_write(struct writer *w, const struct issue *in, struct bj_bytes spki, bool has_subject)
{
	size_t explicit_tag = dw_open(w, DER_CONTEXT_CONSTRUCTED(3)), list = dw_open(w, DER_SEQUENCE), seq;
	struct issue_mark mark;
	uint8_t id[HASH_MAX];
	enum bj_err err;

	if (in->kind == ISSUE_CA)
		ca_extensions_write(w, in);
	else
		leaf_extensions_write(w, in);
	key_id(spki, id);
	mark = issue_extension_open(w, OID_EXT_SKI, false);
	dw_item(w, DER_OCTET_STRING, bytes_of(id, KEY_ID_LEN));
	issue_extension_close(w, mark);
	mark = issue_extension_open(w, OID_EXT_AKI, false);
	seq = dw_open(w, DER_SEQUENCE);
	dw_item(w, DER_CONTEXT(0), in->issuer ? in->issuer->ski : bytes_of(id, KEY_ID_LEN));
	dw_close(w, seq);
	issue_extension_close(w, mark);
	if (in->name_count > 0) {
		mark = issue_extension_open(w, OID_EXT_SAN, !has_subject);
		seq = dw_open(w, DER_SEQUENCE);
		for (size_t i = 0; i < in->name_count; i++) {
			err = name_write(w, in->names[i]);
			if (err)
				return err;
		}
		dw_close(w, seq);
		issue_extension_close(w, mark);
	}
	if (in->permitted_count > 0) {
		mark = issue_extension_open(w, OID_EXT_NAME_CONSTRAINTS, true);
		err = constraints_write(w, in);
		if (err)
			return err;
		issue_extension_close(w, mark);
	}
	dw_close(w, list);
	dw_close(w, explicit_tag);
	return BJ_OK;
}

/* ---- the certificate */

static enum bj_err attribute_write(struct writer *w, enum oid oid, const char *value)
{
	struct bj_bytes text = bytes_text(value);
	size_t set, attribute;

	if (!value)
		return BJ_OK;
	if (text.len == 0 || text.len > ATTRIBUTE_LEN_MAX || !utf8_is_valid(text))
		return BJ_ERR_ARGUMENT;
	set = dw_open(w, DER_SET);
	attribute = dw_open(w, DER_SEQUENCE);
	dw_item(w, DER_OID, oid_bytes(oid));
	dw_item(w, DER_UTF8_STRING, text);
	dw_close(w, attribute);
	dw_close(w, set);
	return BJ_OK;
}

static enum bj_err subject_write(struct writer *w, const struct issue *in)
{
	size_t seq = dw_open(w, DER_SEQUENCE);
	enum bj_err err = attribute_write(w, OID_AT_ORGANIZATION, in->organization);

	if (err)
		return err;
	err = attribute_write(w, OID_AT_CN, in->common_name);
	if (err)
		return err;
	dw_close(w, seq);
	return BJ_OK;
}

/* Positive, not zero, never needs a leading zero octet. */
static enum bj_err serial_write(struct writer *w, const struct bj_rng *rng)
{
	uint8_t serial[SERIAL_LEN];
	enum bj_err err = rng_fill(rng, serial, sizeof(serial));

	if (err)
		return err;
	serial[0] = (uint8_t)((serial[0] & 0x3f) | 0x40);
	dw_item(w, DER_INTEGER, bytes_of(serial, sizeof(serial)));
	return BJ_OK;
}

static void validity_write(struct writer *w, const struct issue *in)
{
	size_t seq = dw_open(w, DER_SEQUENCE);
	uint8_t der[TIME_DER_MAX];

	wr_raw(w, der, time_der(in->not_before, der));
	wr_raw(w, der, time_der(in->not_after, der));
	dw_close(w, seq);
}

static enum bj_err tbs_write(struct writer *w, const struct issue *in, const struct pkey *signer)
{
	uint8_t spki[KEY_SPKI_MAX];
	size_t spki_len, seq = dw_open(w, DER_SEQUENCE), version, subject_at;
	struct bj_bytes subject;
	enum bj_err err = pkey_spki(in->key, spki, sizeof(spki), &spki_len);

	if (err)
		return err;
	version = dw_open(w, DER_CONTEXT_CONSTRUCTED(0));
	dw_small(w, 2);
	dw_close(w, version);
	err = serial_write(w, in->rng ? in->rng : &rng_os);
	if (err)
		return err;
	wr_bytes(w, algorithm_der(issue_alg(signer)));
	if (in->issuer)
		wr_bytes(w, in->issuer->subject);
	else if ((err = subject_write(w, in)))
		return err;
	validity_write(w, in);
	subject_at = w->len;
	err = subject_write(w, in);
	if (err)
		return err;
	subject = bytes_of(w->buf + subject_at, w->bad ? 0 : w->len - subject_at);
	wr_raw(w, spki, spki_len);
	err = extensions_write(w, in, bytes_of(spki, spki_len), !name_is_empty(subject));
	if (err)
		return err;
	dw_close(w, seq);
	return BJ_OK;
}

static enum bj_err check_input(const struct issue *in, const struct pkey *signer)
{
	bool nameless = !in->common_name && !in->organization;
	struct pubkey ours;

	if (in->not_after < in->not_before || in->name_count > ISSUE_NAMES_MAX || in->permitted_count > ISSUE_NAMES_MAX)
		return BJ_ERR_ARGUMENT;
	if (nameless && (in->name_count == 0 || in->kind == ISSUE_CA || !in->issuer))
		return BJ_ERR_ARGUMENT; /* an issuer's name is never empty (rfc5280:4.1.2.4) */
	if (in->kind != ISSUE_CA && (in->permitted_count > 0 || in->has_path_len))
		return BJ_ERR_ARGUMENT;
	if (in->has_path_len && in->path_len > INT32_MAX)
		return BJ_ERR_ARGUMENT;
	if (!in->issuer)
		return signer == in->key ? BJ_OK : BJ_ERR_ARGUMENT;
	if (!in->issuer->is_ca || in->issuer->ski.len == 0 || name_is_empty(in->issuer->subject))
		return BJ_ERR_ARGUMENT;
	pkey_public(signer, &ours);
	if (!algorithm_same_key(&ours, &in->issuer->key))
		return BJ_ERR_KEY_MISMATCH;
	return BJ_OK;
}

enum bj_err issue_cert(const struct issue *in, uint8_t *out, size_t cap, size_t *out_len)
{
	const struct pkey *signer = in->issuer_key ? in->issuer_key : in->key;
	struct writer w = wr_make(out, cap);
	uint8_t signature[SIG_LEN_MAX];
	size_t seq, tbs_at, signature_len;
	enum bj_err err = check_input(in, signer);

	if (err)
		return err;
	seq = dw_open(&w, DER_SEQUENCE);
	tbs_at = w.len;
	err = tbs_write(&w, in, signer);
	if (err)
		return err;
	if (!wr_ok(&w))
		return BJ_ERR_SPACE;
	err = pkey_sign(signer, issue_alg(signer), bytes_of(out + tbs_at, w.len - tbs_at), signature, sizeof(signature),
			&signature_len);
	if (err)
		return err;
	wr_bytes(&w, algorithm_der(issue_alg(signer)));
	dw_bits(&w, bytes_of(signature, signature_len));
	dw_close(&w, seq);
	if (!wr_ok(&w))
		return BJ_ERR_SPACE;
	*out_len = w.len;
	return BJ_OK;
}
