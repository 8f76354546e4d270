/* crl.h - one certificate revocation list, parsed without copying, and an index of its entries (rfc5280:5).
 *
 * Views point into the DER, which must outlive the struct. Parsing looks at every entry once and is strict about form; whether
 * the list is fresh, rightly signed and about a certificate at all is judged in revocation.h. The index is a table of four
 * octets for each slot, built once, so that a list of 4 MB costs about 1 MB more.
 */
#ifndef X509_CRL_H
#define X509_CRL_H

#include "crypto/pkey.h"
#include "x509/dist_point.h"

#define CRL_DER_MAX ((16u << 20) - 1) /* what der.h reads */
#define CRL_SERIAL_MAX 64             /* octets of a serial number in a list */
#define CRL_EXTENSION_MAX 16          /* extensions of a list, and of an entry */
#define CRL_PROBES_MAX 1024           /* slots looked at for one serial number; no honest list comes near */

enum crl_reason { /* rfc5280:5.3.1 */
	REASON_UNSPECIFIED = 0,
	REASON_KEY = 1,
	REASON_HOLD = 6,
	REASON_REMOVE = 8,
	REASON_MAX = 10,
};

struct crl {
	struct bj_bytes der;
	struct bj_bytes tbs; /* what is signed, with its tag and length */
	struct bj_bytes signature;
	enum sig_alg sig_alg;
	struct bj_bytes issuer; /* Name, with tag and length */
	uint32_t issuer_hash;
	int64_t this_update;
	int64_t next_update; /* INT64_MIN if there is none: nobody can tell whether the list is in force (rfc5280:5.1.2.5) */
	bool has_unknown_critical; /* in the list or an entry, or one that stands where it must not: of no use */
	bool has_number;
	bool number_critical; /* which it must not be */
	bool is_delta;
	bool has_idp; /* issuingDistributionPoint, in the fields from here on */
	bool only_users;
	bool only_cas;
	bool only_attributes;
	bool is_indirect;
	uint16_t reasons;
	struct dist_name name;
	struct bj_bytes idp;         /* all of it */
	struct bj_bytes number;      /* octets without leading zeros */
	struct bj_bytes base_number; /* of a delta */
	struct bj_bytes aki;         /* keyIdentifier octets */
	struct bj_bytes entries;     /* content of revokedCertificates */
	uint32_t entry_count;
	uint32_t issuer_count; /* entries that name another issuer than the one before */
};

struct crl_entry {
	struct bj_bytes serial; /* content octets of the INTEGER */
	int64_t date;
	enum crl_reason reason;
	struct bj_bytes issuer; /* content of GeneralNames in certificateIssuer; empty: the same as before */
	bool has_unknown_critical;
};

/* An entry from which on the certificates are another issuer's. */
struct crl_turn {
	uint32_t at;    /* offset of the entry */
	uint32_t names; /* offset and length of the names */
	uint32_t names_len;
};

struct crl_index {
	uint32_t *slots; /* offset of an entry plus one; 0: empty */
	uint32_t mask;
	struct crl_turn *turns;
	uint32_t turn_count;
};

/* BJ_ERR_CRL; BJ_ERR_CERT_ALGORITHM for a signature of an unknown kind; BJ_ERR_CERT_ALGORITHM_MISMATCH. */
enum bj_err crl_parse(struct bj_bytes der, struct crl *out) BJ_MUST_USE;

/* BJ_ERR_NO_MEMORY; BJ_ERR_LIMIT for a list made to be slow. */
enum bj_err crl_index_make(const struct crl *crl, struct crl_index *out) BJ_MUST_USE;
void crl_index_free(struct crl_index *index);
/* The entry for this certificate of this issuer (a whole Name); false if there is none. Of several the first that does not take it off
 * the list. */
bool crl_find(const struct crl *crl, const struct crl_index *index, struct bj_bytes serial, struct bj_bytes issuer,
	      struct crl_entry *out);
/* Such as "key compromise"; never null. */
const char *crl_reason_text(enum crl_reason reason);

#endif
