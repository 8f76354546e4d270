/* path.h - from an end-entity certificate to a trust anchor (rfc5280:6.1), within a budget of work.
 *
 * Pure: time, purpose and name are arguments; nothing is allocated. Success is only ever returned when the last link that
 * was verified ends at an anchor, or when the end entity is itself one; the verdict starts as a failure. The rules are those of
 * the profile that is asked for (rules.c), for anchors too; the strict one of the web unless another is named.
 *
 * The search goes depth first, anchors before what the peer sent. Where it finds no path, it goes once more without
 * stopping at broken rules, only to say the most useful reason: what is wrong with the first path that ends at an anchor
 * comes before the news that there is none. Both walks share the budget, and no signature is verified twice.
 *
 * Leaves out: fetching anything, such as missing intermediates or revocation lists.
 */
#ifndef X509_PATH_H
#define X509_PATH_H

#include "x509/cert.h"
#include "x509/policy.h"
#include <bojagi/x509.h>

#define PATH_DEPTH_MAX 10          /* certificates between end entity and anchor */
#define PATH_CHAIN_MAX 16          /* certificates that a peer may send */
#define PATH_BUDGET_SIGNATURES 64  /* signatures verified for one path */
#define PATH_SIGNER_DEPTH_MAX 2   /* paths to who signs the lists that a path to who signs the lists needs */
#define PATH_BUDGET_STAPLES 4      /* paths for which the stapled response is judged */
#define PATH_BUDGET_STEPS 250000   /* name comparisons, constraint checks and candidates tried */
#define PATH_OCTETS_A_STEP 16      /* of names that are not the same octet by octet: sets in another order cost the most */

enum path_purpose {
	PATH_SERVER = 1,
	PATH_CLIENT,
	PATH_ANY,
};

enum path_profile {
	PROFILE_WEBPKI = 0, /* with what the web asks beyond the RFC */
	PROFILE_RFC5280,    /* what rfc5280:6.1 asks of who validates, and names, keys and key identifiers as everywhere */
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
	bool has_depth_max;   /* else only PATH_DEPTH_MAX holds */
	size_t depth_max;     /* intermediates allowed; self-issued ones do not count (rfc5280:4.2.1.9) */
	enum path_profile profile;
	const struct bj_crls *crls; /* may be null */
	enum bj_revocation revocation;
	struct bj_bytes staple; /* an OCSP response that came with the chain; empty: none */
	bool staple_asked;      /* the peer was asked for one: a certificate that demands it must have it (rfc7633) */
	struct policy_input policy;
};

/* Judges. `out` says it all, on failure too; the return value equals out->err. */
enum bj_err path_verify(const struct path_input *in, struct bj_verdict *out) BJ_MUST_USE;

/* A chain as a peer sent it. */
struct path_sent {
	const struct bj_trust *trust; /* with its revocation lists and their policy */
	const struct cert *leaf;      /* parsed already; its DER was the first of the chain */
	const struct bj_bytes *rest;  /* the others, at most PATH_CHAIN_MAX - 1 */
	size_t rest_count;
	enum path_purpose purpose;
	struct bj_bytes name;   /* as in struct path_input */
	int64_t now;
	struct bj_bytes staple; /* as in struct path_input */
	bool staple_asked;
};

/* The same for such a chain. What cannot be parsed of it is passed over, and is the reason given if there is no path. */
enum bj_err path_verify_chain(const struct path_sent *sent, struct bj_verdict *out) BJ_MUST_USE;

/* Without a staple. */
static inline enum bj_err path_verify_sent(const struct bj_trust *trust, const struct cert *leaf, const struct bj_bytes *rest,
					   size_t rest_count, enum path_purpose purpose, struct bj_bytes name, int64_t now,
					   struct bj_verdict *out)
{
	const struct path_sent sent = { .trust = trust, .leaf = leaf, .rest = rest, .rest_count = rest_count, .purpose = purpose,
					.name = name, .now = now };

	return path_verify_chain(&sent, out);
}

/* A verdict which only says that there was a failure with certificate `index` (-1: none), for people. */
void verdict_fail(struct bj_verdict *out, enum bj_err err, int index, const char *rule);

#endif
