/* rules.h - what is asked of a single certificate in its place in a path: one row a rule (rfc5280:4, rfc5280:6.1.3,
 * rfc5280:6.1.4, and the profile of the web, cabf-br:7.1.2).
 *
 * What lies between two certificates (names, signatures, name constraints) is the business of path.c.
 */
#ifndef X509_RULES_H
#define X509_RULES_H

#include "x509/hostname.h"
#include "x509/path.h"

enum role {
	ROLE_LEAF = 1 << 0,
	ROLE_CA = 1 << 1,
	ROLE_ANCHOR = 1 << 2,
	ROLE_PINNED = 1 << 3, /* an end entity that is itself an anchor */
	ROLE_SIGNER = 1 << 4, /* who signs revocation lists and nothing else here */
};

/* What was found wrong. */
struct finding {
	enum bj_err err;
	int index;
	const struct cert *cert;
	const char *rule;
	char detail[BJ_VERDICT_DETAIL_MAX];
};

struct rules_for {
	const struct path_input *in;
	bool has_host;
	struct host_id host;
};

/* Judges; `cas_below` counts the CAs below this one that are not self-issued. The first broken rule goes to `out` (without index);
 * BJ_OK leaves it alone. */
enum bj_err rules_judge(const struct rules_for *rules, const struct cert *cert, enum role role, size_t cas_below,
			struct finding *out) BJ_MUST_USE;

#endif
