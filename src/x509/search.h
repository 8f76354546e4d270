/* search.h - the state of a search for a path. Private to path.c, which walks, and whole_path.c, which judges what it found. */
#ifndef X509_SEARCH_H
#define X509_SEARCH_H

#include "x509/rules.h"

/* A signature that was verified already. */
struct verified {
	const void *what; /* a certificate or a list */
	struct bj_bytes spki;
	enum bj_err err;
};

/* What a signature is over. */
struct signed_bytes {
	const void *what;
	struct bj_bytes tbs, signature;
	enum sig_alg alg;
	const uint8_t *tbs_hash; /* null: not made yet */
};

struct search {
	struct rules_for rules;
	const struct path_input *in;
	const struct cert *path[PATH_DEPTH_MAX + 2];
	size_t len;
	uint32_t steps_left;
	unsigned staples_left;
	size_t verified_count;
	struct verified verified[PATH_BUDGET_SIGNATURES];
	bool out_of_budget;
	unsigned signer_depth;     /* above 0: the path is one to who signs a revocation list, */
	const struct cert *anchor; /* and must end here */
	size_t asked;              /* index of the certificate whose revocation is looked up */
	char note[BJ_VERDICT_DETAIL_MAX];
	bool explain;          /* second walk: broken rules are noted, not obeyed */
	struct finding broken; /* second walk: the first one broken on this path; err is BJ_OK if none */
	struct finding reason; /* the most useful reason so far */
	unsigned reason_rank;
};

/* A rule is broken by the certificate at `index`. True if the walk goes on. */
bool search_go_on(struct search *s, const struct finding *finding, size_t index);
/* Takes one from the budget; false if there is none. */
bool search_step(struct search *s);
/* Are these names the same? The longer they are the more it takes from the budget; without any left, no. */
bool search_same_name(struct search *s, struct bj_bytes a, struct bj_bytes b);
/* Did the issuer's key make this signature? BJ_ERR_CERT_KEY: that is no key to verify with. */
enum bj_err search_signature(struct search *s, const struct signed_bytes *what, const struct cert *issuer);
/* Can the issuer's key check a signature of this kind at all? */
bool search_is_verifiable(enum sig_alg alg, const struct cert *issuer);
/* From the last certificate of the path to an anchor. True ends the search. */
bool search_extend(struct search *s);
/* The path ends at an anchor: do name constraints, policies and revocation hold? */
bool search_whole_path_holds(struct search *s);

#endif
