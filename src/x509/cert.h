/* cert.h - one certificate, parsed without copying (rfc5280:4).
 *
 * Every view points into the DER that was given, which must outlive the struct. Parsing checks the form strictly (DER,
 * exact algorithm identifiers, version against fields, no extension twice) and judges nothing else; what a certificate
 * may be used for is the business of path.h.
 */
#ifndef X509_CERT_H
#define X509_CERT_H

#include "base/reader.h"
#include "crypto/pkey.h"

#define CERT_DER_MAX (64 * 1024)
#define CERT_EXTENSION_MAX 32 /* extensions a certificate may have */

/* Bits of keyUsage as rfc5280:4.2.1.3 numbers them: bit n is 1 << n. */
enum {
	KU_DIGITAL_SIGNATURE = 1 << 0,
	KU_NON_REPUDIATION = 1 << 1,
	KU_KEY_ENCIPHERMENT = 1 << 2,
	KU_DATA_ENCIPHERMENT = 1 << 3,
	KU_KEY_AGREEMENT = 1 << 4,
	KU_KEY_CERT_SIGN = 1 << 5,
	KU_CRL_SIGN = 1 << 6,
};

/* Purposes found in extKeyUsage. */
enum {
	EKU_SERVER = 1 << 0,
	EKU_CLIENT = 1 << 1,
	EKU_OCSP = 1 << 2,
	EKU_ANY = 1 << 3,
	EKU_OTHER = 1 << 4,
};

struct cert {
	struct bj_bytes der;        /* all of it */
	struct bj_bytes tbs;        /* what is signed, with its tag and length */
	struct bj_bytes signature;
	enum sig_alg sig_alg;       /* SIG_NONE: a known form but an algorithm that we never accept */
	uint8_t version;            /* 1 or 3 */
	struct bj_bytes serial;     /* content octets of the INTEGER */
	struct bj_bytes issuer;     /* Name, with tag and length */
	struct bj_bytes subject;
	int64_t not_before;         /* seconds since 1970, UTC */
	int64_t not_after;
	bool has_odd_time;          /* a GeneralizedTime where rfc5280:4.1.2.5 wants UTCTime */
	struct bj_bytes spki;       /* SubjectPublicKeyInfo with tag and length */
	struct pubkey key;
	enum sig_alg key_only;      /* an RSA-PSS key that is bound to one algorithm: that one; else SIG_NONE */
	uint32_t subject_hash;      /* name_hash() of both */
	uint32_t issuer_hash;
	bool is_self_issued;        /* subject and issuer are the same name; kept, for it is asked at every step of a search */
	/* extensions; an absent one has its has_ false or its view empty */
	bool has_key_usage;
	bool has_eku;
	bool has_basic_constraints;
	bool basic_constraints_critical;
	bool is_ca;
	bool has_path_len;
	bool has_unknown_critical;
	bool has_wrong_critical;     /* a known one is critical that must not be */
	bool lacks_critical;         /* the other way round */
	bool has_require_explicit;   /* policyConstraints */
	bool has_inhibit_mapping;
	bool has_inhibit_any;
	bool must_staple;            /* TLS feature status_request (rfc7633) */
	bool delegation_usage;       /* may sign delegated credentials (rfc9345:4.2) */
	bool has_aki;
	bool aki_has_issuer;         /* authorityCertIssuer and authorityCertSerialNumber stand in it */
	bool san_critical;
	bool name_constraints_critical;
	bool eku_critical;
	uint16_t key_usage;
	uint8_t eku;
	uint32_t path_len;
	uint32_t require_explicit;        /* certificates to skip (rfc5280:4.2.1.11) */
	uint32_t inhibit_mapping;
	uint32_t inhibit_any;
	struct bj_bytes san;              /* content of GeneralNames */
	struct bj_bytes name_constraints; /* content of NameConstraints */
	struct bj_bytes ski;              /* keyIdentifier octets */
	struct bj_bytes aki;              /* keyIdentifier octets of authorityKeyIdentifier */
	struct bj_bytes aia;              /* content of AuthorityInfoAccessSyntax */
	struct bj_bytes crl_points;       /* content of CRLDistributionPoints */
	struct bj_bytes scts;             /* the whole value of the extension: for sct.h */
	struct bj_bytes policies;         /* content of CertificatePolicies */
	struct bj_bytes policy_mappings;  /* content of PolicyMappings */
	struct bj_bytes unknown_critical_oid;
	struct bj_bytes wrong_critical_oid;
	struct bj_bytes lacks_critical_oid;
};

/* `der` must hold exactly one certificate. One of the BJ_ERR_CERT_* codes of structure, BJ_ERR_CERT_KEY for a key and
 * BJ_ERR_CERT_ALGORITHM for a signature of a kind that is not known here. */
enum bj_err cert_parse(struct bj_bytes der, struct cert *out) BJ_MUST_USE;

/* A raw public key (rfc7250:3) in the place of a certificate: der and spki are it, and the key is set; nothing else is. `spki` must
 * hold exactly one SubjectPublicKeyInfo. BJ_ERR_CERT_DER, BJ_ERR_CERT_KEY. */
enum bj_err cert_of_key(struct bj_bytes spki, struct cert *out) BJ_MUST_USE;

static inline bool cert_is_self_issued(const struct cert *cert)
{
	return cert->is_self_issued;
}

#endif
