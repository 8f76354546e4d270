/* path.c - the search for a path.
 *
 * Invariants: path[0] is the end entity; every path[i + 1] has the subject that path[i] names as its issuer, and its key
 * verified path[i]'s signature; no name stands twice with the same key. Only end_of_path() says yes.
 */
#include "x509/path.h"

#include "crypto/hash.h"
#include "x509/algorithm.h"
#include "x509/name.h"
#include "x509/name_constraints.h"
#include "x509/revocation.h"
#include "x509/rules.h"
#include "x509/signature_memory.h"
#include "x509/time.h"
#include "x509/trust.h"

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

enum {
	RANK_NONE,
	RANK_UNKNOWN,     /* nobody knows the issuer */
	RANK_OTHER_KEY,   /* an issuer of that name has another key */
	RANK_TOO_LONG,
	RANK_SIGNATURE,   /* the issuer is there but the signature is wrong */
	RANK_ANCHORED,    /* a path ends at an anchor but breaks a rule */
};

static void note(struct search *s, unsigned rank, enum bj_err err, size_t index, const char *rule, const char *detail)
{
	struct text text;

	/* of equals, what is farther from the end entity was closer to an anchor */
	if (rank < s->reason_rank || (rank == s->reason_rank && (int)index <= s->reason.index))
		return;
	s->reason_rank = rank;
	s->reason.err = err;
	s->reason.index = (int)index;
	s->reason.cert = s->path[index];
	s->reason.rule = rule;
	text = text_make(s->reason.detail, sizeof(s->reason.detail));
	text_str(&text, detail);
}

/* A rule is broken by the certificate at `index`. True if the walk goes on. */
static bool go_on(struct search *s, const struct finding *finding, size_t index)
{
	if (!s->explain)
		return false;
	if (s->broken.err == BJ_OK) {
		s->broken = *finding;
		s->broken.index = (int)index;
	}
	return true;
}

static bool step(struct search *s)
{
	if (s->steps_left == 0) {
		s->out_of_budget = true;
		return false;
	}
	s->steps_left--;
	return true;
}

/* ---- signatures */

/* Asks the memory before the mathematics. */
static enum bj_err signature_check(const struct search *s, const struct signed_bytes *what, const struct cert *issuer)
{
	struct signature_memory *memory = trust_memory(s->in->trust);
	uint8_t hash[HASH_MAX];
	struct signature_print print;
	enum bj_err err;

	if (!memory)
		return pubkey_verify(&issuer->key, what->alg, what->tbs, what->signature);
	if (!what->tbs_hash)
		hash_once(HASH_SHA256, what->tbs, hash);
	print = signature_print_of(memory, what->tbs_hash ? what->tbs_hash : hash, what->alg, what->signature, issuer->spki);
	if (signature_memory_holds(memory, &print))
		return BJ_OK;
	err = pubkey_verify(&issuer->key, what->alg, what->tbs, what->signature);
	if (!err)
		signature_memory_add(memory, &print);
	return err;
}

/* Did the issuer's key make this signature? BJ_ERR_CERT_KEY: that is no key to verify with. */
static enum bj_err signature_judge(struct search *s, const struct signed_bytes *what, const struct cert *issuer)
{
	struct verified *v;

	for (size_t i = 0; i < s->verified_count; i++)
		if (s->verified[i].what == what->what && bytes_equal(s->verified[i].spki, issuer->spki))
			return s->verified[i].err;
	if (s->verified_count == PATH_BUDGET_SIGNATURES) {
		s->out_of_budget = true;
		return BJ_ERR_CERT_BUDGET;
	}
	v = &s->verified[s->verified_count++];
	*v = (struct verified){ what->what, issuer->spki, BJ_ERR_BAD_SIGNATURE };
	v->err = signature_check(s, what, issuer);
	return v->err;
}

/* Can the issuer's key check this signature at all? */
static bool is_verifiable(enum sig_alg alg, const struct cert *issuer)
{
	return alg != SIG_NONE && sig_fits_key(alg, issuer->key.kind) && (issuer->key_only == SIG_NONE || issuer->key_only == alg);
}

/* ---- name constraints, of the whole path */

static enum nc_result subject_judge(struct search *s, const struct cert *ca, const struct cert *cert, struct general_name *out)
{
	struct name_walk walk = name_walk(cert->subject);
	struct name_attribute attribute;
	enum nc_result result;

	if (name_is_empty(cert->subject))
		return NC_ALLOWED;
	*out = (struct general_name){ GN_DIRECTORY, cert->subject };
	result = name_constraints_judge(ca->name_constraints, out, &s->steps_left);
	while (result == NC_ALLOWED && name_next(&walk, &attribute)) {
		if (attribute.oid != OID_AT_EMAIL)
			continue;
		*out = (struct general_name){ GN_EMAIL, attribute.value };
		result = name_constraints_judge(ca->name_constraints, out, &s->steps_left);
	}
	return result;
}

static enum nc_result names_judge(struct search *s, const struct cert *ca, const struct cert *cert, struct general_name *out)
{
	enum nc_result result = subject_judge(s, ca, cert, out);
	struct reader r = rd_of(cert->san);

	while (result == NC_ALLOWED && rd_more(&r)) {
		*out = gn_read(&r);
		result = name_constraints_judge(ca->name_constraints, out, &s->steps_left);
	}
	return result;
}

static void constraint_finding(const struct search *s, enum nc_result result, const struct general_name *name, size_t ca,
			       struct finding *out)
{
	struct text text = text_make(out->detail, sizeof(out->detail));

	out->err = BJ_ERR_CERT_NAME_CONSTRAINT;
	out->rule = "rfc5280:4.2.1.10";
	gn_text(name, &text);
	text_str(&text, result == NC_EXCLUDED ? " is excluded by " : result == NC_UNKNOWN ? " cannot be judged by " :
										     " is not permitted by ");
	name_text(s->path[ca]->subject, &text);
}

/* False if the path must be given up. */
static bool constraints_hold(struct search *s)
{
	for (size_t ca = s->len - 1; ca > 0; ca--) {
		if (s->path[ca]->name_constraints.len == 0)
			continue;
		for (size_t i = 0; i < ca; i++) {
			struct general_name name = { 0 };
			struct finding finding = { .cert = s->path[i] };
			enum nc_result result;

			if (i > 0 && cert_is_self_issued(s->path[i]))
				continue;
			result = names_judge(s, s->path[ca], s->path[i], &name);
			if (result == NC_ALLOWED)
				continue;
			if (result == NC_BUDGET) {
				s->out_of_budget = true;
				return false;
			}
			constraint_finding(s, result, &name, ca, &finding);
			if (!go_on(s, &finding, i))
				return false;
		}
	}
	return true;
}

/* The same for certificate policies. */
static bool policies_hold(struct search *s)
{
	struct finding finding = { .rule = "rfc5280:6.1.3", .detail = "no policy that is asked for holds from the anchor down to it" };
	size_t index;

	if (s->signer_depth > 0) /* policies are asked of the certificate, not of its lists */
		return true;
	finding.err = policy_judge(s->path, s->len, &s->in->policy, &s->steps_left, &index);
	if (finding.err == BJ_ERR_CERT_BUDGET)
		s->out_of_budget = true;
	finding.cert = s->path[index];
	return !finding.err || (finding.err == BJ_ERR_CERT_POLICY && go_on(s, &finding, index));
}

/* ---- revocation */

static bool extend(struct search *s);

/* Is there a path from who signs a list to the anchor of the path that asks (rfc5280:6.3.3 f)? Its certificates' revocation is looked up
 * as well, up to a depth. */
static bool signer_is_trusted(struct search *s, const struct cert *signer)
{
	struct search inner = *s;
	struct finding finding;
	bool trusted;

	if (s->signer_depth == PATH_SIGNER_DEPTH_MAX || rules_judge(&s->rules, signer, ROLE_SIGNER, 0, &finding))
		return false;
	inner.signer_depth++;
	inner.anchor = s->path[s->len - 1];
	inner.explain = false;
	inner.broken.err = BJ_OK;
	inner.path[0] = signer;
	inner.len = 1;
	trusted = extend(&inner) && !inner.reason.err;
	s->steps_left = inner.steps_left;
	s->verified_count = inner.verified_count;
	memcpy(s->verified, inner.verified, sizeof(s->verified));
	s->out_of_budget = s->out_of_budget || inner.out_of_budget;
	return trusted;
}

static bool is_signer(struct search *s, const struct crl_held *held, const struct cert *cert)
{
	const struct crl *crl = &held->crl;
	struct signed_bytes what = { held, crl->tbs, crl->signature, crl->sig_alg, held->tbs_hash };

	return cert->subject_hash == crl->issuer_hash && step(s) && name_equal(cert->subject, crl->issuer) &&
	       !(cert->has_key_usage && !(cert->key_usage & KU_CRL_SIGN)) && is_verifiable(crl->sig_alg, cert) &&
	       !signature_judge(s, &what, cert);
}

/* The issuers of the certificate that is asked about are trusted already; others need a path of their own. Somebody whose only task
 * is to sign lists may say of itself that it is not revoked: where the CA left all its lists to it, nobody else can. */
static bool list_is_signed(void *self, const struct crl_held *held)
{
	struct search *s = self;
	bool by_itself = s->signer_depth > 0 && s->asked == 0;

	for (size_t i = by_itself ? 0 : s->asked + 1; i < s->len; i++)
		if (is_signer(s, held, s->path[i]))
			return true;
	for (size_t i = 0; i < s->in->extra_count && !s->out_of_budget; i++)
		if (is_signer(s, held, &s->in->extra[i]) && signer_is_trusted(s, &s->in->extra[i]))
			return true;
	return false;
}

static void revoked_finding(const struct revocation_answer *answer, struct finding *out)
{
	struct text text = text_make(out->detail, sizeof(out->detail));
	char date[TIME_TEXT_MAX];

	out->err = BJ_ERR_CERT_REVOKED;
	time_text(answer->date, date);
	text_str(&text, "revoked ");
	text_str(&text, date);
	text_str(&text, " (");
	text_str(&text, crl_reason_text(answer->reason));
	text_str(&text, "), says the list of ");
	name_text(answer->crl_issuer, &text);
}

/* What is not known: a note if that is allowed, else a finding. */
static bool unknown_is_allowed(struct search *s, const struct revocation_answer *answer, const struct cert *cert, struct finding *out)
{
	bool allowed = s->in->revocation == BJ_REVOCATION_IF_PRESENT && answer->status == REVOCATION_UNKNOWN;
	struct text text = allowed ? text_make(s->note, sizeof(s->note)) : text_make(out->detail, sizeof(out->detail));

	if (allowed) {
		text_str(&text, "revocation is not known of ");
		name_text(cert->subject, &text);
		text_str(&text, ": ");
	}
	text_str(&text, answer->why);
	out->err = BJ_ERR_CERT_REVOCATION_UNKNOWN;
	return allowed;
}

/* From the anchor down, so that who signs a list is looked up before it. */
static bool revocation_holds(struct search *s)
{
	struct revocation_asks asks = { s->in->crls, s->in->now, s->in->check_time, list_is_signed, s };

	if (s->in->revocation == BJ_REVOCATION_OFF)
		return true;
	s->note[0] = 0;
	for (size_t i = s->len - 1; i-- > 0;) {
		struct finding finding = { .cert = s->path[i], .rule = "rfc5280:6.3.3" };
		struct revocation_answer answer;

		s->asked = i;
		answer = revocation_judge(&asks, s->path[i]);
		if (answer.status == REVOCATION_GOOD)
			continue;
		if (answer.status == REVOCATION_REVOKED)
			revoked_finding(&answer, &finding);
		else if (!s->out_of_budget && unknown_is_allowed(s, &answer, s->path[i], &finding))
			continue;
		if (s->out_of_budget || !go_on(s, &finding, i))
			return false;
	}
	return true;
}

/* ---- the walk */

/* The path ends at an anchor. True ends the search: with success if nothing is broken. */
static bool end_of_path(struct search *s)
{
	if (s->anchor && s->path[s->len - 1] != s->anchor)
		return false;
	if (!constraints_hold(s) || !policies_hold(s) || !revocation_holds(s))
		return false;
	if (s->broken.err) {
		s->reason = s->broken;
		s->reason_rank = RANK_ANCHORED;
	} else {
		s->reason.err = BJ_OK;
	}
	return true;
}

static bool key_ids_differ(const struct cert *cert, const struct cert *issuer)
{
	return cert->aki.len > 0 && issuer->ski.len > 0 && !bytes_equal(cert->aki, issuer->ski);
}

/* A name with a key that the path has already would only go round in a circle. */
static bool is_in_path(const struct search *s, const struct cert *cert)
{
	for (size_t i = 0; i < s->len; i++)
		if (s->path[i]->subject_hash == cert->subject_hash && bytes_equal(s->path[i]->spki, cert->spki) &&
		    name_equal(s->path[i]->subject, cert->subject))
			return true;
	return false;
}

/* Intermediates in the path that count: all behind the end entity which are not self-issued. */
static size_t cas_in_path(const struct search *s)
{
	size_t count = 0;

	for (size_t i = 1; i < s->len; i++)
		count += !cert_is_self_issued(s->path[i]);
	return count;
}

static bool is_too_deep(const struct search *s, const struct cert *issuer)
{
	size_t count = cas_in_path(s) + !cert_is_self_issued(issuer);

	return s->len - 1 == PATH_DEPTH_MAX || (s->in->has_depth_max && count > s->in->depth_max);
}

/* The link from the last certificate to `issuer`, mathematics last. False if it does not hold. */
static bool link_holds(struct search *s, const struct cert *issuer)
{
	size_t last = s->len - 1;
	const struct cert *cert = s->path[last];
	bool differ = key_ids_differ(cert, issuer);
	enum bj_err err;

	if (!is_verifiable(cert->sig_alg, issuer)) {
		note(s, RANK_SIGNATURE, BJ_ERR_CERT_ALGORITHM, last, "rfc5280:4.1.1.2",
		     "the signature's algorithm is not accepted, or is not one of the issuer's key");
		return false;
	}
	if (differ && !s->explain)
		return false;
	err = signature_judge(s, &(struct signed_bytes){ cert, cert->tbs, cert->signature, cert->sig_alg, NULL }, issuer);
	if (err) {
		if (err == BJ_ERR_CERT_KEY)
			note(s, RANK_SIGNATURE, BJ_ERR_CERT_KEY, last, "rfc5280:4.1.2.7",
			     "the issuer's key is malformed or too weak to verify it with");
		else if (differ)
			note(s, RANK_OTHER_KEY, BJ_ERR_CERT_UNKNOWN_CA, last, "rfc5280:6.1.3",
			     "a CA of the issuer's name is known, but with another key");
		else
			note(s, RANK_SIGNATURE, BJ_ERR_CERT_SIGNATURE, last, "rfc5280:6.1.3",
			     "the signature is not by the issuer's key");
		return false;
	}
	if (differ) {
		struct finding finding = { BJ_ERR_CERT_AKI, 0, cert, "rfc5280:4.2.1.1",
					   "the key identifier is not that of the issuer" };

		return go_on(s, &finding, last);
	}
	return true;
}

/* Puts `issuer` on top of the path if it fits there, and goes on from it. True ends the search. */
static bool try_issuer(struct search *s, const struct cert *issuer, bool is_anchor)
{
	struct finding before = s->broken, finding;
	bool done;

	if (!step(s))
		return false;
	if (!is_anchor && is_too_deep(s, issuer)) {
		note(s, RANK_TOO_LONG, BJ_ERR_CERT_PATH_LENGTH, s->len - 1, "rfc5280:6.1.4", "too many CAs in a row");
		return false;
	}
	if (rules_judge(&s->rules, issuer, is_anchor ? ROLE_ANCHOR : ROLE_CA, cas_in_path(s), &finding) &&
	    !go_on(s, &finding, s->len))
		return false;
	done = link_holds(s, issuer);
	if (done) {
		s->path[s->len++] = issuer;
		done = is_anchor ? end_of_path(s) : extend(s);
		if (!done)
			s->len--;
	}
	if (!done)
		s->broken = before;
	return done;
}

static void note_dead_end(struct search *s)
{
	size_t last = s->len - 1;
	const struct cert *cert = s->path[last];

	if (!cert_is_self_issued(cert))
		note(s, RANK_UNKNOWN, BJ_ERR_CERT_UNKNOWN_CA, last, "rfc5280:6.1.1", "its issuer is neither known nor sent");
	else if (last == 0)
		note(s, RANK_UNKNOWN, BJ_ERR_CERT_SELF_SIGNED, last, "rfc5280:6.1.1", "it is self-signed and not trusted");
	else
		note(s, RANK_UNKNOWN, BJ_ERR_CERT_UNKNOWN_CA, last, "rfc5280:6.1.1", "the chain ends in a root that is not trusted");
}

/* From the last certificate of the path to an anchor. True ends the search. */
static bool extend(struct search *s)
{
	const struct cert *cert = s->path[s->len - 1];
	const struct anchor *a = trust_first(s->in->trust, cert->issuer_hash);

	for (; a && !s->out_of_budget; a = trust_next(a, cert->issuer_hash))
		if (name_equal(a->cert.subject, cert->issuer) && try_issuer(s, &a->cert, true))
			return true;
	for (size_t i = 0; i < s->in->extra_count && !s->out_of_budget; i++) {
		const struct cert *extra = &s->in->extra[i];

		if (extra->subject_hash != cert->issuer_hash || !step(s) || !name_equal(extra->subject, cert->issuer) ||
		    is_in_path(s, extra))
			continue;
		if (try_issuer(s, extra, false))
			return true;
	}
	note_dead_end(s);
	return false;
}

/* One walk from the end entity. */
static bool walk(struct search *s)
{
	const struct cert *leaf = s->in->leaf;
	bool pinned = trust_holds(s->in->trust, leaf);
	struct finding finding;

	s->path[0] = leaf;
	s->len = 1;
	s->broken.err = BJ_OK;
	if (rules_judge(&s->rules, leaf, pinned ? ROLE_PINNED : ROLE_LEAF, 0, &finding) && !go_on(s, &finding, 0))
		return false;
	return pinned ? end_of_path(s) : extend(s);
}

static void say(const struct search *s, struct bj_verdict *out)
{
	const struct finding *reason = &s->reason;
	struct text text = text_make(out->subject, sizeof(out->subject));

	out->err = reason->err;
	out->index = reason->index;
	out->rule = reason->rule;
	memcpy(out->detail, reason->detail, sizeof(out->detail));
	if (reason->cert)
		name_text(reason->cert->subject, &text);
}

void verdict_fail(struct bj_verdict *out, enum bj_err err, int index, const char *rule)
{
	memset(out, 0, sizeof(*out));
	out->err = err;
	out->index = index;
	out->rule = rule;
}

enum bj_err path_verify(const struct path_input *in, struct bj_verdict *out)
{
	struct search s = { .in = in, .rules.in = in, .steps_left = PATH_BUDGET_STEPS };
	struct text text;

	verdict_fail(out, in->trust && in->leaf ? BJ_ERR_CERT_UNKNOWN_CA : BJ_ERR_ARGUMENT, -1, "rfc5280:6.1");
	if (!in->trust || !in->leaf)
		return out->err;
	s.rules.has_host = in->name.len > 0;
	if (s.rules.has_host && !host_id_parse(in->name, &s.rules.host)) {
		out->err = BJ_ERR_CONFIG_BAD_NAME;
		out->rule = "rfc9525:6.1";
		return out->err;
	}
	s.reason = (struct finding){ BJ_ERR_CERT_UNKNOWN_CA, -1, NULL, "rfc5280:6.1", "" };
	if (!walk(&s) && !s.out_of_budget) {
		s.explain = true;
		s.reason_rank = RANK_NONE;
		s.reason.index = -1;
		walk(&s);
	}
	if (s.out_of_budget && s.reason_rank != RANK_ANCHORED)
		s.reason = (struct finding){ BJ_ERR_CERT_BUDGET, -1, NULL, "rfc5280:6.1", "" };
	if (s.reason.err) {
		say(&s, out);
		return out->err;
	}
	verdict_fail(out, BJ_OK, -1, "");
	out->path_len = s.len;
	text = text_make(out->anchor, sizeof(out->anchor));
	name_text(s.path[s.len - 1]->subject, &text);
	text = text_make(out->subject, sizeof(out->subject));
	name_text(s.path[0]->subject, &text);
	memcpy(out->note, s.note, sizeof(out->note));
	return BJ_OK;
}
