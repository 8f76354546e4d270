/* policy.h - certificate policies of a whole path (rfc5280:6.1, rfc9618).
 *
 * Of the policy graph only the live row is kept: which policies hold at this depth, and from which of the initial ones each
 * descends, as a set of bits. That is all that the verdict asks of the graph, so the work grows with the certificates and
 * never with the number of ways through them. A row holds at most POLICY_ROW_MAX policies; more is BJ_ERR_CERT_BUDGET.
 *
 * Leaves out: qualifiers, which nobody processes.
 */
#ifndef X509_POLICY_H
#define X509_POLICY_H

#include "x509/cert.h"

#define POLICY_ROW_MAX 256    /* policies that may hold at one depth */
#define POLICY_INITIAL_MAX 64 /* policies that a caller may name */

/* The inputs c, e, f and g of rfc5280:6.1.1. All zero: any policy will do, and none is needed. */
struct policy_input {
	const struct bj_bytes *initial; /* content octets of the OIDs; none: anyPolicy */
	size_t initial_count;
	bool is_explicit;
	bool inhibit_mapping;
	bool inhibit_any;
};

/* path[0] is the end entity, path[len - 1] the anchor, which only adds its constraints. `steps` is what the work is taken from.
 * BJ_OK; BJ_ERR_CERT_POLICY with the certificate at which no policy was left; BJ_ERR_CERT_BUDGET. */
enum bj_err policy_judge(const struct cert *const *path, size_t len, const struct policy_input *in, uint32_t *steps,
			 size_t *out_index) BJ_MUST_USE;

#endif
