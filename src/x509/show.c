/* show.c - certificates as text. */
#include "x509/show.h"

#include "base/base64.h"
#include "base/hex.h"
#include "crypto/hash.h"
#include "x509/algorithm.h"
#include "x509/der.h"
#include "x509/dist_point.h"
#include "x509/general_name.h"
#include "x509/name.h"
#include "x509/oid.h"
#include "x509/time.h"

static void key_text(const struct pubkey *key, struct text *out)
{
	switch (key->kind) {
	case KEY_RSA:
		text_str(out, "RSA ");
		text_number(out, key->bits);
		break;
	case KEY_RSA_PSS:
		text_str(out, "RSA-PSS ");
		text_number(out, key->bits);
		break;
	case KEY_P256:
		text_str(out, "ECDSA P-256");
		break;
	case KEY_P384:
		text_str(out, "ECDSA P-384");
		break;
	case KEY_P521:
		text_str(out, "ECDSA P-521");
		break;
	case KEY_ED25519:
		text_str(out, "Ed25519");
		break;
	case KEY_MLDSA44:
		text_str(out, "ML-DSA-44");
		break;
	case KEY_MLDSA65:
		text_str(out, "ML-DSA-65");
		break;
	case KEY_MLDSA87:
		text_str(out, "ML-DSA-87");
		break;
	default:
		text_str(out, "none");
	}
}

void show_fields(const struct cert *cert, struct show_fields *out)
{
	struct text subject = text_make(out->subject, sizeof(out->subject));
	struct text cn = text_make(out->subject_cn, sizeof(out->subject_cn));
	struct text issuer = text_make(out->issuer, sizeof(out->issuer));
	struct text serial = text_make(out->serial, sizeof(out->serial));
	struct text key = text_make(out->key, sizeof(out->key));
	struct name_attribute attribute;
	uint8_t digest[HASH_MAX];

	name_text(cert->subject, &subject);
	name_text(cert->issuer, &issuer);
	if (name_find(cert->subject, OID_AT_CN, &attribute))
		name_value_text(&attribute, "", &cn);
	time_text(cert->not_before, out->not_before);
	time_text(cert->not_after, out->not_after);
	text_hex(&serial, cert->serial, 0);
	hash_once(HASH_SHA256, cert->der, digest);
	hex_encode(digest, 32, out->sha256);
	hash_once(HASH_SHA256, cert->spki, digest);
	base64_encode(digest, 32, out->pin);
	key_text(&cert->key, &key);
	out->signature = algorithm_name(cert->sig_alg);
}

void show_names(const struct cert *cert, struct text *out)
{
	struct reader r = rd_of(cert->san);

	while (rd_more(&r)) {
		struct general_name name = gn_read(&r);

		gn_text(&name, out);
		if (rd_more(&r))
			text_char(out, ',');
	}
}

static void line(struct text *out, const char *label, const char *value)
{
	text_str(out, label);
	text_str(out, value);
	text_char(out, '\n');
}

/* ---- lists */

struct facts {
	show_fact_fn *each;
	void *self;
};

static void each_bit(const struct facts *f, unsigned bits, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (bits >> i & 1)
			f->each(f->self, names[i]);
}

/* A base of a name constraint: networks with their mask. */
static void base_text(const struct general_name *base, struct text *out)
{
	size_t half = base->value.len / 2;

	if (base->kind != GN_IP) {
		gn_text(base, out);
		return;
	}
	text_str(out, "IP:");
	ip_text(bytes_of(base->value.ptr, half), out);
	text_char(out, '/');
	ip_text(bytes_of(base->value.ptr + half, half), out);
}

static void each_base(const struct facts *f, const struct cert *cert, uint8_t tag)
{
	struct reader r = rd_of(cert->name_constraints), list;

	while (rd_more(&r) && !der_at(&r, tag))
		(void)der_any(&r);
	list = der_open(&r, tag);
	while (rd_more(&list)) {
		struct reader subtree = der_open(&list, DER_SEQUENCE);
		struct general_name base = gn_read(&subtree);
		char buf[SHOW_FACT_MAX];
		struct text text = text_make(buf, sizeof(buf));

		base_text(&base, &text);
		f->each(f->self, buf);
	}
}

static void uri_fact(const struct facts *f, const struct general_name *place)
{
	char buf[SHOW_FACT_MAX];
	struct text text = text_make(buf, sizeof(buf));

	if (place->kind != GN_URI)
		return;
	text_safe(&text, place->value, "");
	f->each(f->self, buf);
}

static void each_access(const struct facts *f, const struct cert *cert, enum oid wanted)
{
	struct reader list = rd_of(cert->aia);

	while (rd_more(&list)) {
		struct reader description = der_open(&list, DER_SEQUENCE);
		enum oid method = oid_find(der_oid(&description));
		struct general_name place = gn_read(&description);

		if (method == wanted)
			uri_fact(f, &place);
	}
}

static void each_crl(const struct facts *f, const struct cert *cert)
{
	struct reader points = rd_of(cert->crl_points);

	while (rd_more(&points)) {
		struct dist_point point = dist_point_read(&points);
		struct reader list = rd_of(point.name.names);

		while (point.name.is_there && !point.name.is_relative && rd_more(&list)) {
			struct general_name place = gn_read(&list);

			if (!list.bad)
				uri_fact(f, &place);
		}
	}
}

static void each_policy(const struct facts *f, const struct cert *cert)
{
	struct reader list = rd_of(cert->policies);

	while (rd_more(&list)) {
		struct reader policy = der_open(&list, DER_SEQUENCE);
		struct bj_bytes oid = der_oid(&policy);
		char dotted[OID_TEXT_MAX];

		oid_text(oid, dotted);
		f->each(f->self, dotted);
	}
}

void show_each(const struct cert *cert, enum show_list what, show_fact_fn *each, void *self)
{
	static const char *const usages[] = { "digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment",
					      "keyAgreement", "keyCertSign", "cRLSign", "encipherOnly", "decipherOnly" };
	static const char *const purposes[] = { "serverAuth", "clientAuth", "OCSPSigning", "any", "others" };
	const struct facts f = { each, self };

	switch (what) {
	case SHOW_KEY_USAGE:
		each_bit(&f, cert->key_usage, usages, ARRAY_COUNT(usages));
		break;
	case SHOW_PURPOSES:
		each_bit(&f, cert->eku, purposes, ARRAY_COUNT(purposes));
		break;
	case SHOW_PERMITTED:
		each_base(&f, cert, DER_CONTEXT_CONSTRUCTED(0));
		break;
	case SHOW_EXCLUDED:
		each_base(&f, cert, DER_CONTEXT_CONSTRUCTED(1));
		break;
	case SHOW_OCSP:
		each_access(&f, cert, OID_AD_OCSP);
		break;
	case SHOW_ISSUERS:
		each_access(&f, cert, OID_AD_CA_ISSUERS);
		break;
	case SHOW_CRLS:
		each_crl(&f, cert);
		break;
	case SHOW_POLICIES:
		each_policy(&f, cert);
		break;
	}
}

/* A list as text: in one line, or each in a line of its own. */
struct lines {
	struct text *out;
	const char *label;
	bool apart, any;
};

static void put_fact(void *self, const char *fact)
{
	struct lines *lines = self;

	if (lines->apart && lines->any)
		text_char(lines->out, '\n');
	text_str(lines->out, lines->apart || !lines->any ? lines->label : ", ");
	text_str(lines->out, fact);
	lines->any = true;
}

static void list_lines(const struct cert *cert, enum show_list what, const char *label, bool apart, struct text *out)
{
	struct lines lines = { out, label, apart, false };

	show_each(cert, what, put_fact, &lines);
	if (lines.any)
		text_char(out, '\n');
}

void show_sct(const struct sct *sct, struct text *out)
{
	char when[TIME_TEXT_MAX], log[BASE64_TEXT_LEN(SCT_LOG_ID_LEN) + 1];

	if (sct->version != 0) {
		text_str(out, "of version ");
		text_number(out, sct->version + 1u);
		return;
	}
	time_text((int64_t)(sct->timestamp_ms / 1000), when);
	base64_encode(sct->log_id.ptr, sct->log_id.len, log);
	text_str(out, when);
	text_str(out, ", log ");
	text_str(out, log);
}

static void sct_lines(const struct cert *cert, struct text *out)
{
	struct reader list = sct_of_cert(cert);
	struct sct sct;

	while (rd_more(&list) && sct_next(&list, &sct) == BJ_OK) {
		text_str(out, "Timestamp     ");
		show_sct(&sct, out);
		text_char(out, '\n');
	}
	if (list.bad)
		text_str(out, "Timestamp     malformed\n");
}

static void extension_lines(const struct cert *cert, struct text *out)
{
	if (cert->san.len > 0) {
		text_str(out, "Names         ");
		show_names(cert, out);
		text_char(out, '\n');
	}
	if (cert->has_basic_constraints) {
		text_str(out, cert->is_ca ? "CA            yes" : "CA            no");
		if (cert->has_path_len) {
			text_str(out, ", CAs below: ");
			text_number(out, cert->path_len);
		}
		text_char(out, '\n');
	}
	list_lines(cert, SHOW_KEY_USAGE, "Key usage     ", false, out);
	list_lines(cert, SHOW_PURPOSES, "Purposes      ", false, out);
	if (cert->name_constraints.len > 0)
		text_str(out, "Constraints\n");
	list_lines(cert, SHOW_PERMITTED, "  permitted   ", false, out);
	list_lines(cert, SHOW_EXCLUDED, "  excluded    ", false, out);
	if (cert->ski.len > 0) {
		text_str(out, "Key id        ");
		text_hex(out, cert->ski, 0);
		text_char(out, '\n');
	}
	if (cert->aki.len > 0) {
		text_str(out, "Issuer key id ");
		text_hex(out, cert->aki, 0);
		text_char(out, '\n');
	}
	list_lines(cert, SHOW_OCSP, "OCSP          ", true, out);
	list_lines(cert, SHOW_ISSUERS, "Issuer at     ", true, out);
	list_lines(cert, SHOW_CRLS, "CRL           ", true, out);
	list_lines(cert, SHOW_POLICIES, "Policy        ", true, out);
	if (cert->must_staple)
		text_str(out, "Must staple   yes\n");
	sct_lines(cert, out);
}

void show_request(const struct cert *request, struct text *out)
{
	struct show_fields fields;

	show_fields(request, &fields);
	line(out, "Subject       ", fields.subject);
	line(out, "Key           ", fields.key);
	line(out, "Signed with   ", fields.signature);
	extension_lines(request, out);
	line(out, "Pin of key    pin-sha256=", fields.pin);
}

void show_cert(const struct cert *cert, struct text *out)
{
	struct show_fields fields;

	show_fields(cert, &fields);
	line(out, "Subject       ", fields.subject);
	line(out, "Issuer        ", fields.issuer);
	line(out, "Valid from    ", fields.not_before);
	line(out, "Valid until   ", fields.not_after);
	line(out, "Serial        ", fields.serial);
	line(out, "Key           ", fields.key);
	line(out, "Signed with   ", fields.signature);
	extension_lines(cert, out);
	line(out, "SHA-256       ", fields.sha256);
	line(out, "Pin of key    pin-sha256=", fields.pin);
}
