/* rules.c - the rules, and what they say when they are broken. */
#include "x509/rules.h"

#include "base/hex.h"
#include "x509/dns_name.h"
#include "x509/general_name.h"
#include "x509/name.h"
#include "x509/oid.h"
#include "x509/show.h"
#include "x509/time.h"

#define VERSION_3_BEGIN INT64_C(915148800)  /* 1999-01-01: certificates have extensions (rfc2459) */
#define WEB_RULES_BEGIN INT64_C(1341100800) /* 2012-07-01: the rules of the web are in force (cabf-br:1.0) */

#define COMMON_NAMES_MAX 4 /* that look like hosts, each of which is looked for in all alternative names; the web allows one */

struct judged {
	const struct rules_for *rules;
	const struct cert *cert;
	enum role role;
	size_t cas_below;
};

/* Made before the rules of the web; a date before version 3 is not honest. */
static bool is_old(const struct cert *cert)
{
	return cert->not_before >= VERSION_3_BEGIN && cert->not_before < WEB_RULES_BEGIN;
}

/* ---- form */

static bool version_broken(const struct judged *j, struct text *detail)
{
	text_str(detail, "version 1");
	return j->cert->version != 3;
}

static bool serial_broken(const struct judged *j, struct text *detail)
{
	text_str(detail, "the serial number is zero");
	return j->cert->serial.len == 1 && j->cert->serial.ptr[0] == 0;
}

/* With it no CA has an empty subject: the certificate below would have an empty issuer. */
static bool issuer_broken(const struct judged *j, struct text *detail)
{
	text_str(detail, "the issuer is empty");
	return name_is_empty(j->cert->issuer);
}

static void oid_detail(struct bj_bytes oid, struct text *detail)
{
	char dotted[OID_TEXT_MAX];
	const char *label = oid_label(oid_find(oid));

	oid_text(oid, dotted);
	text_str(detail, *label ? label : dotted);
}

static bool unknown_critical_broken(const struct judged *j, struct text *detail)
{
	if (!j->cert->has_unknown_critical)
		return false;
	text_str(detail, "extension ");
	oid_detail(j->cert->unknown_critical_oid, detail);
	return true;
}

static bool criticality_broken(const struct judged *j, struct text *detail)
{
	if (!j->cert->has_wrong_critical)
		return false;
	oid_detail(j->cert->wrong_critical_oid, detail);
	text_str(detail, " is critical where it must not be");
	return true;
}

static bool not_critical(const struct judged *j, struct text *detail)
{
	if (!j->cert->lacks_critical)
		return false;
	oid_detail(j->cert->lacks_critical_oid, detail);
	text_str(detail, " is not critical where it must be");
	return true;
}

/* rfc3280:4.2.1.12 let policyConstraints be either way, and NIST's suite of 2010 has them so. */
static bool not_critical_of_late(const struct judged *j, struct text *detail)
{
	return not_critical(j, detail) && !is_old(j->cert);
}

static bool key_broken(const struct judged *j, struct text *detail)
{
	const struct pubkey *key = &j->cert->key;

	if (key->kind != KEY_RSA && key->kind != KEY_RSA_PSS)
		return false;
	text_str(detail, "RSA with ");
	text_number(detail, key->bits);
	text_str(detail, " bits");
	return key->bits < KEY_RSA_BITS_MIN || key->bits > KEY_RSA_BITS_MAX || key->bits % 8 != 0;
}

/* ---- time */

static void span_text(int64_t seconds, struct text *detail)
{
	static const struct { int64_t len; const char *one, *many; } units[] = {
		{ 86400, " day", " days" }, { 3600, " hour", " hours" }, { 60, " minute", " minutes" },
		{ 1, " second", " seconds" },
	};
	size_t u = 0;

	while (u + 1 < ARRAY_COUNT(units) && seconds < units[u].len)
		u++;
	text_number(detail, (uint64_t)(seconds / units[u].len));
	text_str(detail, seconds / units[u].len == 1 ? units[u].one : units[u].many);
}

static void date_text(int64_t seconds, struct text *detail)
{
	char date[TIME_TEXT_MAX];

	time_text(seconds, date);
	text_str(detail, date);
}

static bool expired(const struct judged *j, struct text *detail)
{
	const struct path_input *in = j->rules->in;

	if (!in->check_time || in->now <= j->cert->not_after)
		return false;
	text_str(detail, "expired ");
	span_text(in->now - j->cert->not_after, detail);
	text_str(detail, " ago, ");
	date_text(j->cert->not_after, detail);
	return true;
}

static bool not_yet_valid(const struct judged *j, struct text *detail)
{
	const struct path_input *in = j->rules->in;

	if (!in->check_time || in->now >= j->cert->not_before)
		return false;
	text_str(detail, "valid in ");
	span_text(j->cert->not_before - in->now, detail);
	text_str(detail, ", from ");
	date_text(j->cert->not_before, detail);
	return true;
}

static bool time_form_broken(const struct judged *j, struct text *detail)
{
	text_str(detail, "a date before 2050 is not UTCTime");
	return j->cert->has_odd_time;
}

/* ---- CAs */

static bool not_a_ca(const struct judged *j, struct text *detail)
{
	text_str(detail, j->cert->has_basic_constraints ? "basicConstraints say that it is no CA" : "no basicConstraints");
	return !j->cert->is_ca;
}

static bool ca_not_critical(const struct judged *j, struct text *detail)
{
	text_str(detail, "basicConstraints of a CA are not critical");
	return !j->cert->basic_constraints_critical;
}

static bool ca_usage_broken(const struct judged *j, struct text *detail)
{
	text_str(detail, "keyUsage without keyCertSign");
	return j->cert->has_key_usage && !(j->cert->key_usage & KU_KEY_CERT_SIGN);
}

/* Who is no CA of the path must have been named for this: else any certificate with the right subject would do. */
static bool signer_usage_broken(const struct judged *j, struct text *detail)
{
	text_str(detail, "no keyUsage with cRLSign");
	return !(j->cert->has_key_usage && (j->cert->key_usage & KU_CRL_SIGN));
}

static bool path_len_broken(const struct judged *j, struct text *detail)
{
	if (!j->cert->has_path_len || j->cas_below <= j->cert->path_len)
		return false;
	text_str(detail, "allows ");
	text_number(detail, j->cert->path_len);
	text_str(detail, " CAs below it, there are ");
	text_number(detail, j->cas_below);
	return true;
}

static bool constraints_not_critical(const struct judged *j, struct text *detail)
{
	text_str(detail, "nameConstraints are not critical");
	return j->cert->name_constraints.len > 0 && !j->cert->name_constraints_critical;
}

static bool ski_missing(const struct judged *j, struct text *detail)
{
	text_str(detail, "a CA without subjectKeyIdentifier");
	return j->cert->ski.len == 0;
}

static bool aki_missing(const struct judged *j, struct text *detail)
{
	text_str(detail, "no authorityKeyIdentifier with a key identifier");
	return j->cert->aki.len == 0;
}

/* An anchor that somebody else signed is one of several ways up, which are told apart by this. */
static bool cross_signed_aki_missing(const struct judged *j, struct text *detail)
{
	text_str(detail, "an anchor that another CA signed, without authorityKeyIdentifier");
	return j->cert->aki.len == 0 && !cert_is_self_issued(j->cert);
}

/* A root may have an authorityKeyIdentifier that names its own key, nothing else. */
static bool root_aki_broken(const struct judged *j, struct text *detail)
{
	const struct cert *c = j->cert;

	text_str(detail, "a root's authorityKeyIdentifier is not its own key identifier alone");
	return c->has_aki && cert_is_self_issued(c) && (c->aki_has_issuer || !bytes_equal(c->aki, c->ski));
}

/* ---- purposes */

static uint8_t eku_wanted(const struct judged *j)
{
	switch (j->rules->in->purpose) {
	case PATH_SERVER:
		return EKU_SERVER;
	case PATH_CLIENT:
		return EKU_CLIENT;
	default:
		return 0xff;
	}
}

static bool leaf_purpose_broken(const struct judged *j, struct text *detail)
{
	text_str(detail, j->rules->in->purpose == PATH_CLIENT ? "extKeyUsage without clientAuth" : "extKeyUsage without serverAuth");
	return j->cert->has_eku && !(j->cert->eku & eku_wanted(j));
}

static bool server_purpose_missing(const struct judged *j, struct text *detail)
{
	text_str(detail, "no extKeyUsage; a server's has serverAuth");
	return j->rules->in->purpose == PATH_SERVER && !j->cert->has_eku;
}

static bool ca_purpose_broken(const struct judged *j, struct text *detail)
{
	text_str(detail, "the CA's extKeyUsage does not allow this purpose");
	return j->cert->has_eku && !(j->cert->eku & (eku_wanted(j) | EKU_ANY));
}

static bool root_purpose_broken(const struct judged *j, struct text *detail)
{
	text_str(detail, "a root with extKeyUsage");
	return j->cert->has_eku && cert_is_self_issued(j->cert);
}

static bool leaf_usage_broken(const struct judged *j, struct text *detail)
{
	text_str(detail, "keyUsage without digitalSignature");
	if (j->rules->in->profile == PROFILE_RFC5280 && j->cert->is_ca) /* the RFC knows CAs at the end of a path */
		return false;
	return j->cert->has_key_usage && j->rules->in->purpose != PATH_ANY && !(j->cert->key_usage & KU_DIGITAL_SIGNATURE);
}

static bool leaf_signs_certs(const struct judged *j, struct text *detail)
{
	text_str(detail, "keyCertSign without being a CA");
	return !j->cert->is_ca && (j->cert->key_usage & KU_KEY_CERT_SIGN);
}

static bool leaf_is_ca(const struct judged *j, struct text *detail)
{
	text_str(detail, "basicConstraints say that it is a CA");
	return j->cert->is_ca;
}

static bool leaf_constrains(const struct judged *j, struct text *detail)
{
	text_str(detail, "nameConstraints in an end-entity certificate");
	return j->cert->name_constraints.len > 0;
}

static bool server_any_purpose(const struct judged *j, struct text *detail)
{
	text_str(detail, "extKeyUsage with anyExtendedKeyUsage");
	return j->rules->in->purpose == PATH_SERVER && (j->cert->eku & EKU_ANY);
}

static bool server_eku_critical(const struct judged *j, struct text *detail)
{
	text_str(detail, "extKeyUsage is critical");
	return j->rules->in->purpose == PATH_SERVER && j->cert->eku_critical;
}

/* ---- names */

static bool names_missing(const struct judged *j, struct text *detail)
{
	text_str(detail, "no subjectAltName");
	return j->cert->san.len == 0 && (j->rules->in->purpose == PATH_SERVER || name_is_empty(j->cert->subject));
}

static bool names_criticality_broken(const struct judged *j, struct text *detail)
{
	bool nameless = name_is_empty(j->cert->subject);

	text_str(detail, nameless ? "the subject is empty and subjectAltName is not critical" :
				    "subjectAltName is critical beside a subject");
	return j->cert->san.len > 0 && j->cert->san_critical != nameless &&
	       (nameless || j->rules->in->purpose == PATH_SERVER);
}

/* An IP address that is not spelled as rfc5952 has it, or a text that some read as one: nothing but the characters of addresses, or
 * labels that all are numbers for those who know hexadecimal and octal ones. */
static bool is_odd_address(struct bj_bytes text)
{
	char spelled[48];
	struct text canonical = text_make(spelled, sizeof(spelled));
	uint8_t address[16];
	size_t len = ip_parse(text, address);

	if (len > 0) {
		ip_text(bytes_of(address, len), &canonical);
		return !bytes_equal(bytes_text(spelled), text);
	}
	for (size_t i = 0; i < text.len; i++) {
		bool hexadecimal = (text.ptr[i] | 0x20) == 'x' && i > 0 && text.ptr[i - 1] == '0' && (i == 1 || text.ptr[i - 2] == '.');

		if (hex_digit((char)text.ptr[i]) < 0 && text.ptr[i] != '.' && text.ptr[i] != ':' && !hexadecimal)
			return false;
	}
	return text.len > 1 && (text.ptr[0] == '0' || !dns_name_is_valid(text));
}

/* Could this text be taken for a host? A name for people, with a space or without a dot, is none. */
static bool looks_like_host(struct bj_bytes text)
{
	bool dotted = false;

	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] <= ' ')
			return false;
		dotted = dotted || text.ptr[i] == '.' || text.ptr[i] == ':';
	}
	return dotted || is_odd_address(text);
}

/* A-labels, or characters beyond ASCII. */
static bool is_international(struct bj_bytes text)
{
	for (size_t i = 0; i < text.len; i++) {
		bool at_label = i == 0 || text.ptr[i - 1] == '.';

		if (text.ptr[i] >= 0x80 ||
		    (at_label && text.len - i >= 4 && dns_name_equal(bytes_of(text.ptr + i, 4), BYTES_LIT("xn--"))))
			return true;
	}
	return false;
}

/* Two hosts of one domain that is not a top-level one. */
static bool are_siblings(struct bj_bytes a, struct bj_bytes b)
{
	struct bj_bytes domain = dns_name_parent(a);

	return dns_name_parent(domain).len > 0 && dns_name_equal(domain, dns_name_parent(b));
}

/* Does this common name fit what the alternative names say? It is one of them, spelled as it is there, or it is far from all of them: nobody
 * takes it for one that is meant, as he would a host of the same domain. */
static bool common_name_fits(const struct cert *cert, struct bj_bytes cn)
{
	bool must = is_international(cn) || is_odd_address(cn);
	struct reader r = rd_of(cert->san);
	uint8_t address[16];
	size_t len = is_odd_address(cn) ? 0 : ip_parse(cn, address);

	while (rd_more(&r)) {
		struct general_name name = gn_read(&r);

		if (name.kind == GN_IP && len > 0 && bytes_equal(name.value, bytes_of(address, len)))
			return true;
		if (name.kind != GN_DNS)
			continue;
		if (bytes_equal(name.value, cn))
			return true;
		must = must || dns_name_equal(name.value, cn) || (!dns_pattern_is_wildcard(name.value) && are_siblings(name.value, cn));
	}
	return !must;
}

/* A common name that looks like a host must not mean something else, to somebody who reads it, than the alternative names do
 * (cabf-br:7.1.4.3). */
static bool common_name_broken(const struct judged *j, struct text *detail)
{
	struct name_walk walk = name_walk(j->cert->subject);
	struct name_attribute cn;
	size_t count = 0;

	if (j->rules->in->purpose != PATH_SERVER)
		return false;
	while (name_next(&walk, &cn)) {
		if (cn.oid != OID_AT_CN || !looks_like_host(cn.value) || (++count <= COMMON_NAMES_MAX && common_name_fits(j->cert, cn.value)))
			continue;
		text_str(detail, "the common name ");
		text_safe(detail, cn.value, "");
		text_str(detail, " is none of the alternative names, or is spelled otherwise");
		return true;
	}
	return false;
}

static bool host_broken(const struct judged *j, struct text *detail)
{
	if (!j->rules->has_host || hostname_matches(j->cert, &j->rules->host))
		return false;
	text_str(detail, "asked for ");
	text_safe(detail, j->rules->in->name, "");
	text_str(detail, ", it is for ");
	show_names(j->cert, detail);
	return true;
}

/* ---- the table */

struct rule_row {
	unsigned roles; /* WEB, IETF: in that profile only; YOUNG: roots of before the rules of the web are let through */
	enum bj_err err;
	const char *rule;
	bool (*broken)(const struct judged *j, struct text *detail); /* says why, also when it holds */
};

#define LEAF ROLE_LEAF
#define CA ROLE_CA
#define ANCHOR ROLE_ANCHOR
#define PINNED ROLE_PINNED
#define SIGNER ROLE_SIGNER
#define ALL (LEAF | CA | ANCHOR | PINNED | SIGNER)
#define WEB (1 << 15)
#define YOUNG (1 << 14)
#define IETF (1 << 13)

static const struct rule_row rules[] = {
	{ ALL, BJ_ERR_CERT_VERSION, "rfc5280:4.1.2.1", version_broken },
	{ LEAF | CA, BJ_ERR_CERT_SERIAL, "rfc5280:4.1.2.2", serial_broken },
	{ ALL, BJ_ERR_CERT_NAME_FORM, "rfc5280:4.1.2.4", issuer_broken },
	{ ALL, BJ_ERR_CERT_EXPIRED, "rfc5280:4.1.2.5", expired },
	{ ALL, BJ_ERR_CERT_NOT_YET_VALID, "rfc5280:4.1.2.5", not_yet_valid },
	{ WEB | LEAF | CA, BJ_ERR_CERT_TIME, "rfc5280:4.1.2.5", time_form_broken }, /* one root in wide use has it */
	{ CA | ANCHOR, BJ_ERR_CERT_NOT_CA, "rfc5280:4.2.1.9", not_a_ca },
	{ WEB | LEAF, BJ_ERR_CERT_CA_AS_LEAF, "cabf-br:7.1.2.7.8", leaf_is_ca },
	{ LEAF | PINNED, BJ_ERR_CERT_NO_NAMES, "rfc5280:4.2.1.6", names_missing },
	{ LEAF | PINNED, BJ_ERR_CERT_NAME, "rfc9525:6.1", host_broken },
	{ CA | ANCHOR, BJ_ERR_CERT_KEY_USAGE, "rfc5280:4.2.1.3", ca_usage_broken },
	{ LEAF | PINNED, BJ_ERR_CERT_KEY_USAGE, "rfc5280:4.2.1.3", leaf_usage_broken },
	{ LEAF, BJ_ERR_CERT_KEY_USAGE, "rfc5280:4.2.1.9", leaf_signs_certs },
	{ SIGNER, BJ_ERR_CERT_KEY_USAGE, "rfc5280:6.3.3", signer_usage_broken },
	{ LEAF | PINNED, BJ_ERR_CERT_PURPOSE, "rfc5280:4.2.1.12", leaf_purpose_broken },
	{ WEB | LEAF, BJ_ERR_CERT_PURPOSE, "cabf-br:7.1.2.7.6", server_purpose_missing },
	{ WEB | LEAF, BJ_ERR_CERT_PURPOSE, "cabf-br:7.1.2.7.10", server_any_purpose },
	{ CA | ANCHOR, BJ_ERR_CERT_PURPOSE, "rfc5280:4.2.1.12", ca_purpose_broken },
	{ WEB | ANCHOR, BJ_ERR_CERT_PURPOSE, "cabf-br:7.1.2.1.2", root_purpose_broken },
	{ CA | ANCHOR, BJ_ERR_CERT_PATH_LENGTH, "rfc5280:4.2.1.9", path_len_broken },
	{ ALL, BJ_ERR_CERT_KEY, "rfc5280:4.1.2.7", key_broken },
	{ ALL, BJ_ERR_CERT_CRITICAL, "rfc5280:4.2", unknown_critical_broken },
	{ ALL, BJ_ERR_CERT_EXTENSION, "rfc5280:4.2", criticality_broken },
	{ YOUNG | WEB | ALL, BJ_ERR_CERT_EXTENSION, "rfc5280:4.2", not_critical },
	{ IETF | LEAF | CA | ANCHOR, BJ_ERR_CERT_EXTENSION, "rfc5280:4.2", not_critical_of_late },
	{ WEB | CA, BJ_ERR_CERT_EXTENSION, "rfc5280:4.2.1.9", ca_not_critical }, /* PKITS 4.6.4 has such an intermediate as valid */
	{ YOUNG | ANCHOR, BJ_ERR_CERT_EXTENSION, "rfc5280:4.2.1.9", ca_not_critical },
	{ IETF | CA | ANCHOR, BJ_ERR_CERT_EXTENSION, "rfc5280:4.2.1.10", constraints_not_critical }, /* cabf-br:7.1.2.5.2 lets it be */
	{ LEAF, BJ_ERR_CERT_EXTENSION, "rfc5280:4.2.1.10", leaf_constrains },
	{ WEB | LEAF, BJ_ERR_CERT_EXTENSION, "cabf-br:7.1.2.7.6", server_eku_critical },
	{ LEAF, BJ_ERR_CERT_EXTENSION, "rfc5280:4.2.1.6", names_criticality_broken },
	{ WEB | LEAF, BJ_ERR_CERT_NAME_FORM, "cabf-br:7.1.4.3", common_name_broken },
	{ YOUNG | CA | ANCHOR, BJ_ERR_CERT_AKI, "rfc5280:4.2.1.2", ski_missing },
	{ LEAF | CA, BJ_ERR_CERT_AKI, "rfc5280:4.2.1.1", aki_missing },
	{ IETF | ANCHOR, BJ_ERR_CERT_AKI, "rfc5280:4.2.1.1", cross_signed_aki_missing },
	{ YOUNG | WEB | ANCHOR, BJ_ERR_CERT_AKI, "cabf-br:7.1.2.1.3", root_aki_broken },
};

/* What the certificate of an old root says of itself beside name, key, dates and constraints cannot be repaired any more, and it is trusted
 * because somebody named it (docs/decisions/0025). */
static bool is_old_root(const struct cert *cert, enum role role)
{
	return role == ROLE_ANCHOR && is_old(cert) && cert_is_self_issued(cert);
}

static bool is_out_of_profile(const struct rule_row *row, enum path_profile profile)
{
	return ((row->roles & WEB) && profile != PROFILE_WEBPKI) || ((row->roles & IETF) && profile != PROFILE_RFC5280);
}

enum bj_err rules_judge(const struct rules_for *for_path, const struct cert *cert, enum role role, size_t cas_below,
			struct finding *out)
{
	struct judged judged = { for_path, cert, role, cas_below };
	bool old = is_old_root(cert, role);
	char detail[BJ_VERDICT_DETAIL_MAX];

	for (size_t i = 0; i < ARRAY_COUNT(rules); i++) {
		struct text text = text_make(detail, sizeof(detail));

		if (!(rules[i].roles & role) || ((rules[i].roles & YOUNG) && old) ||
		    is_out_of_profile(&rules[i], for_path->in->profile) || !rules[i].broken(&judged, &text))
			continue;
		out->err = rules[i].err;
		out->rule = rules[i].rule;
		out->cert = cert;
		memcpy(out->detail, detail, sizeof(detail));
		return out->err;
	}
	return BJ_OK;
}
