/* revocation.h - whether revocation lists say that a certificate is revoked (rfc5280:6.3.3).
 *
 * Lists are taken from a set that somebody else filled; nothing is fetched. Who may sign a list is asked of the caller, who
 * knows the path. A list counts for the reasons that it covers, so that several may be needed; deltas are used where there is one.
 */
#ifndef X509_REVOCATION_H
#define X509_REVOCATION_H

#include "x509/cert.h"
#include "x509/crls.h"

enum revocation_status {
	REVOCATION_UNKNOWN = 0, /* no list that can be used covers it, for all reasons */
	REVOCATION_UNUSABLE,    /* the same, and there is one with a critical extension that we do not know */
	REVOCATION_GOOD,
	REVOCATION_REVOKED,
};

struct revocation_asks {
	const struct bj_crls *crls;
	int64_t now;
	bool check_time;
	bool numbered; /* lists must have a number, as every list of the web has (rfc5280:5.2.3, cabf-br:7.2.2) */
	/* Is the list signed by whom it says, and may that one sign lists? */
	bool (*is_signed)(void *self, const struct crl_held *held);
	void *self;
};

struct revocation_answer {
	enum revocation_status status;
	int64_t date;               /* if revoked */
	enum crl_reason reason;
	struct bj_bytes crl_issuer; /* whose list says so */
	const char *why;            /* if unknown: what was found, for people; static */
};

struct revocation_answer revocation_judge(const struct revocation_asks *asks, const struct cert *cert);

#endif
