/* path.h - from an end-entity certificate to a trust anchor (rfc5280:6.1), within a budget of work.
 *
 * Pure: time, purpose and name are arguments. Success is only ever returned when the last link that was verified ends
 * at an anchor; the verdict starts as a failure.
 */
#ifndef X509_PATH_H
#define X509_PATH_H

#include "x509/cert.h"
#include <bojagi/x509.h>

#define PATH_DEPTH_MAX 10          /* certificates between end entity and anchor */
#define PATH_CHAIN_MAX 16          /* certificates that a peer may send */
#define PATH_BUDGET_SIGNATURES 64  /* signatures verified for one path */
#define PATH_BUDGET_STEPS 250000   /* name comparisons, constraint checks and candidates tried */

enum path_purpose {
	PATH_SERVER = 1,
	PATH_CLIENT,
	PATH_ANY,
};

struct path_input {
	const struct cert *leaf;
	const struct cert *extra; /* what the peer sent beside it, in any order */
	size_t extra_count;
	const struct bj_trust *trust;
	enum path_purpose purpose;
	int64_t now;          /* seconds since 1970 */
	struct bj_bytes name; /* the peer's reference identity, a DNS name or the text of an IP address; empty: no check */
	bool check_time;
	size_t depth_max;     /* intermediates allowed; 0 means PATH_DEPTH_MAX */
};

/* Judges. `out` says it all, on failure too; the return value equals out->err. */
enum bj_err path_verify(const struct path_input *in, struct bj_verdict *out) BJ_MUST_USE;

#endif
