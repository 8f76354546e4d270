/* extension.c - one row an extension: what its criticality must be and who reads it.
 *
 * Read here is the form only; whether the values are right for the place of the certificate in a path is judged in rules.c.
 */
#include "x509/extension.h"

#include "x509/der.h"
#include "x509/general_name.h"
#include "x509/name_constraints.h"
#include "x509/oid.h"

#define TLS_STATUS_REQUEST 5
#define EKU_PURPOSES_MAX 64
#define LIST_MAX 64 /* policies, mappings, access descriptions */

enum criticality {
	ANY,
	MUST,
	MUST_NOT,
};

static bool key_usage_read(struct cert *cert, bool critical, struct bj_bytes value)
{
	struct reader r = rd_of(value);
	unsigned unused;
	struct bj_bytes bits = der_bit_string(&r, &unused);

	/* Zeros at the end, which DER leaves out (X.690:11.2.2), are let through: roots in wide use have them. */
	if (!rd_end(&r) || bits.len > 2)
		return false;
	for (unsigned i = 0; i < bits.len * 8; i++)
		if (bits.ptr[i / 8] >> (7 - i % 8) & 1)
			cert->key_usage |= (uint16_t)(1u << i);
	cert->has_key_usage = true;
	return cert->key_usage != 0;
}

static bool basic_constraints_read(struct cert *cert, bool critical, struct bj_bytes value)
{
	struct reader seq = der_only(value, DER_SEQUENCE);

	cert->is_ca = der_boolean_default_false(&seq);
	if (rd_more(&seq)) {
		cert->has_path_len = true;
		cert->path_len = der_small(&seq, DER_INTEGER);
	}
	cert->has_basic_constraints = true;
	cert->basic_constraints_critical = critical;
	return rd_end(&seq) && (cert->is_ca || !cert->has_path_len);
}

static bool san_read(struct cert *cert, bool critical, struct bj_bytes value)
{
	struct reader seq = der_only(value, DER_SEQUENCE);

	cert->san = rd_rest(&seq);
	cert->san_critical = critical;
	return rd_end(&seq) && gn_list_is_valid(cert->san);
}

static bool ian_read(struct cert *cert, bool critical, struct bj_bytes value)
{
	struct reader seq = der_only(value, DER_SEQUENCE);
	struct bj_bytes names = rd_rest(&seq);

	return rd_end(&seq) && gn_list_is_valid(names);
}

static bool name_constraints_read(struct cert *cert, bool critical, struct bj_bytes value)
{
	struct reader seq = der_only(value, DER_SEQUENCE);

	cert->name_constraints = rd_rest(&seq);
	cert->name_constraints_critical = critical;
	return rd_end(&seq) && name_constraints_are_valid(cert->name_constraints);
}

static bool ski_read(struct cert *cert, bool critical, struct bj_bytes value)
{
	struct reader r = rd_of(value);

	cert->ski = der_take(&r, DER_OCTET_STRING);
	return rd_end(&r) && cert->ski.len > 0;
}

static bool aki_read(struct cert *cert, bool critical, struct bj_bytes value)
{
	struct reader seq = der_only(value, DER_SEQUENCE);
	bool has_serial = false;

	if (der_at(&seq, DER_CONTEXT(0))) {
		cert->aki = der_take(&seq, DER_CONTEXT(0));
		if (cert->aki.len == 0)
			return false;
	}
	if (der_at(&seq, DER_CONTEXT_CONSTRUCTED(1))) {
		cert->aki_has_issuer = true;
		if (!gn_list_is_valid(der_take(&seq, DER_CONTEXT_CONSTRUCTED(1))))
			return false;
	}
	if (der_at(&seq, DER_CONTEXT(2))) {
		has_serial = true;
		if (der_take(&seq, DER_CONTEXT(2)).len == 0)
			return false;
	}
	cert->has_aki = true;
	return rd_end(&seq) && has_serial == cert->aki_has_issuer;
}

static bool eku_read(struct cert *cert, bool critical, struct bj_bytes value)
{
	struct reader seq = der_only(value, DER_SEQUENCE);
	size_t count = 0;

	while (rd_more(&seq) && count++ < EKU_PURPOSES_MAX) {
		switch (oid_find(der_oid(&seq))) {
		case OID_EKU_SERVER:
			cert->eku |= EKU_SERVER;
			break;
		case OID_EKU_CLIENT:
			cert->eku |= EKU_CLIENT;
			break;
		case OID_EKU_OCSP:
			cert->eku |= EKU_OCSP;
			break;
		case OID_EKU_ANY:
			cert->eku |= EKU_ANY;
			break;
		default:
			cert->eku |= EKU_OTHER;
		}
	}
	cert->has_eku = true;
	cert->eku_critical = critical;
	return rd_end(&seq) && count > 0;
}

/* AuthorityInfoAccessSyntax and SubjectInfoAccessSyntax */
static bool access_is_valid(struct bj_bytes value, struct bj_bytes *out)
{
	struct reader seq = der_only(value, DER_SEQUENCE);
	size_t count = 0;

	*out = rd_peek(&seq);
	while (rd_more(&seq) && count++ < LIST_MAX) {
		struct reader description = der_open(&seq, DER_SEQUENCE);

		der_oid(&description);
		gn_read(&description);
		rd_close(&seq, &description);
	}
	return rd_end(&seq) && count > 0;
}

static bool aia_read(struct cert *cert, bool critical, struct bj_bytes value)
{
	return access_is_valid(value, &cert->aia);
}

static bool sia_read(struct cert *cert, bool critical, struct bj_bytes value)
{
	struct bj_bytes content;

	return access_is_valid(value, &content);
}

/* A list of at least one SEQUENCE that is well formed inside. */
static bool sequences_are_valid(struct bj_bytes value, struct bj_bytes *out)
{
	struct reader seq = der_only(value, DER_SEQUENCE);
	size_t count = 0;

	*out = rd_peek(&seq);
	while (rd_more(&seq) && count++ < LIST_MAX)
		if (!der_is_well_formed(der_take(&seq, DER_SEQUENCE)))
			return false;
	return rd_end(&seq) && count > 0;
}

static bool crl_points_read(struct cert *cert, bool critical, struct bj_bytes value)
{
	return sequences_are_valid(value, &cert->crl_points);
}

static bool freshest_read(struct cert *cert, bool critical, struct bj_bytes value)
{
	struct bj_bytes content;

	return sequences_are_valid(value, &content);
}

static bool policies_read(struct cert *cert, bool critical, struct bj_bytes value)
{
	struct bj_bytes seen[LIST_MAX];
	struct reader seq = der_only(value, DER_SEQUENCE);
	size_t count = 0;

	cert->policies = rd_peek(&seq);
	while (rd_more(&seq) && count < LIST_MAX) {
		struct reader policy = der_open(&seq, DER_SEQUENCE);

		seen[count] = der_oid(&policy);
		for (size_t i = 0; i < count; i++)
			if (bytes_equal(seen[i], seen[count]))
				return false; /* rfc5280:4.2.1.4: none twice */
		count++;
		if (rd_more(&policy) && !der_is_well_formed(der_take(&policy, DER_SEQUENCE)))
			return false;
		rd_close(&seq, &policy);
	}
	return rd_end(&seq) && count > 0;
}

static bool policy_mappings_read(struct cert *cert, bool critical, struct bj_bytes value)
{
	struct reader seq = der_only(value, DER_SEQUENCE);
	size_t count = 0;

	cert->policy_mappings = rd_peek(&seq);
	while (rd_more(&seq) && count++ < LIST_MAX) {
		struct reader pair = der_open(&seq, DER_SEQUENCE);

		for (unsigned i = 0; i < 2; i++)
			if (oid_find(der_oid(&pair)) == OID_ANY_POLICY)
				return false; /* rfc5280:6.1.4 a */
		rd_close(&seq, &pair);
	}
	return rd_end(&seq) && count > 0;
}

static bool policy_constraints_read(struct cert *cert, bool critical, struct bj_bytes value)
{
	struct reader seq = der_only(value, DER_SEQUENCE);
	bool any = rd_more(&seq);

	cert->has_require_explicit = der_at(&seq, DER_CONTEXT(0));
	if (cert->has_require_explicit)
		cert->require_explicit = der_small(&seq, DER_CONTEXT(0));
	cert->has_inhibit_mapping = der_at(&seq, DER_CONTEXT(1));
	if (cert->has_inhibit_mapping)
		cert->inhibit_mapping = der_small(&seq, DER_CONTEXT(1));
	return rd_end(&seq) && any;
}

static bool inhibit_any_read(struct cert *cert, bool critical, struct bj_bytes value)
{
	struct reader r = rd_of(value);

	cert->inhibit_any = der_small(&r, DER_INTEGER);
	cert->has_inhibit_any = true;
	return rd_end(&r);
}

static bool tls_feature_read(struct cert *cert, bool critical, struct bj_bytes value)
{
	struct reader seq = der_only(value, DER_SEQUENCE);
	size_t count = 0;

	while (rd_more(&seq) && count++ < LIST_MAX)
		if (der_small(&seq, DER_INTEGER) == TLS_STATUS_REQUEST)
			cert->must_staple = true;
	return rd_end(&seq) && count > 0;
}

static bool delegation_usage_read(struct cert *cert, bool critical, struct bj_bytes value)
{
	struct reader r = rd_of(value);

	der_null(&r);
	cert->delegation_usage = true;
	return rd_end(&r);
}

struct extension_row {
	enum oid oid;
	enum criticality criticality; /* what the RFC says of conforming CAs */
	bool (*read)(struct cert *cert, bool critical, struct bj_bytes value);
};

static const struct extension_row rows[] = {
	{ OID_EXT_SKI, MUST_NOT, ski_read },                                   /* rfc5280:4.2.1.2 */
	{ OID_EXT_KEY_USAGE, ANY, key_usage_read },                            /* rfc5280:4.2.1.3 */
	{ OID_EXT_SAN, ANY, san_read },                                        /* rfc5280:4.2.1.6 */
	{ OID_EXT_IAN, ANY, ian_read },                                        /* rfc5280:4.2.1.7 */
	{ OID_EXT_BASIC_CONSTRAINTS, ANY, basic_constraints_read },            /* rfc5280:4.2.1.9 */
	{ OID_EXT_NAME_CONSTRAINTS, ANY, name_constraints_read },              /* rfc5280:4.2.1.10 */
	{ OID_EXT_CRL_POINTS, ANY, crl_points_read },                          /* rfc5280:4.2.1.13 */
	{ OID_EXT_POLICIES, ANY, policies_read },                              /* rfc5280:4.2.1.4 */
	{ OID_EXT_POLICY_MAPPINGS, ANY, policy_mappings_read },                /* rfc5280:4.2.1.5 */
	{ OID_EXT_AKI, MUST_NOT, aki_read },                                   /* rfc5280:4.2.1.1 */
	{ OID_EXT_POLICY_CONSTRAINTS, MUST, policy_constraints_read },         /* rfc5280:4.2.1.11 */
	{ OID_EXT_EKU, ANY, eku_read },                                        /* rfc5280:4.2.1.12 */
	{ OID_EXT_FRESHEST_CRL, MUST_NOT, freshest_read },                     /* rfc5280:4.2.1.15 */
	{ OID_EXT_INHIBIT_ANY, MUST, inhibit_any_read },                       /* rfc5280:4.2.1.14 */
	{ OID_EXT_AIA, MUST_NOT, aia_read },                                   /* rfc5280:4.2.2.1 */
	{ OID_EXT_SIA, MUST_NOT, sia_read },                                   /* rfc5280:4.2.2.2 */
	{ OID_EXT_TLS_FEATURE, ANY, tls_feature_read },                        /* rfc7633:4 */
	{ OID_EXT_DELEGATION_USAGE, MUST_NOT, delegation_usage_read },         /* rfc9345:4.2 */
};

static bool one_read(struct cert *cert, struct bj_bytes oid, bool critical, struct bj_bytes value)
{
	enum oid known = oid_find(oid);

	for (size_t i = 0; i < ARRAY_COUNT(rows) && known != OID_UNKNOWN; i++) {
		if (rows[i].oid != known)
			continue;
		if (rows[i].criticality == MUST && !critical) {
			cert->lacks_critical = true;
			cert->lacks_critical_oid = oid;
		}
		if (rows[i].criticality == MUST_NOT && critical) {
			cert->has_wrong_critical = true;
			cert->wrong_critical_oid = oid;
		}
		return rows[i].read(cert, critical, value);
	}
	if (known == OID_EXT_SCTS)
		cert->scts = value; /* what logs said is no part of any verdict: kept as it stands */
	if (critical) {
		cert->has_unknown_critical = true;
		cert->unknown_critical_oid = oid;
	}
	return true;
}

enum bj_err extensions_read(struct reader list, struct cert *cert)
{
	struct bj_bytes seen[CERT_EXTENSION_MAX];
	size_t count = 0;

	while (rd_more(&list) && count < CERT_EXTENSION_MAX) {
		struct reader extension = der_open(&list, DER_SEQUENCE);
		struct bj_bytes oid = der_oid(&extension), value;
		bool critical = der_boolean_default_false(&extension);

		value = der_take(&extension, DER_OCTET_STRING);
		if (!rd_end(&extension))
			return BJ_ERR_CERT_DER;
		for (size_t i = 0; i < count; i++)
			if (bytes_equal(seen[i], oid))
				return BJ_ERR_CERT_EXTENSION;
		seen[count++] = oid;
		if (!one_read(cert, oid, critical, value))
			return BJ_ERR_CERT_EXTENSION;
	}
	if (list.bad)
		return BJ_ERR_CERT_DER;
	return rd_end(&list) && count > 0 ? BJ_OK : BJ_ERR_CERT_EXTENSION;
}
