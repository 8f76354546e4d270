/* path.c - the search for a path.
 *
 * Invariants: path[0] is the end entity; every path[i + 1] has the subject that path[i] names as its issuer, and its key
 * verified path[i]'s signature; no name stands twice with the same key. Only end_of_path() says yes.
 */
#include "x509/path.h"

#include "x509/name.h"
#include "x509/search.h"
#include "x509/trust.h"

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

/* ---- the walk */

/* The path ends at an anchor. True ends the search: with success if nothing is broken. */
static bool end_of_path(struct search *s)
{
	if (s->anchor && s->path[s->len - 1] != s->anchor)
		return false;
	if (!search_whole_path_holds(s))
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
static bool is_in_path(struct search *s, const struct cert *cert)
{
	for (size_t i = 0; i < s->len; i++)
		if (s->path[i]->subject_hash == cert->subject_hash && bytes_equal(s->path[i]->spki, cert->spki) &&
		    search_same_name(s, s->path[i]->subject, cert->subject))
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

	if (!search_is_verifiable(cert->sig_alg, issuer)) {
		note(s, RANK_SIGNATURE, BJ_ERR_CERT_ALGORITHM, last, "rfc5280:4.1.1.2",
		     "the signature's algorithm is not accepted, or is not one of the issuer's key");
		return false;
	}
	if (differ && !s->explain)
		return false;
	err = search_signature(s, &(struct signed_bytes){ cert, cert->tbs, cert->signature, cert->sig_alg, NULL }, issuer);
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

		return search_go_on(s, &finding, last);
	}
	return true;
}

/* Puts `issuer` on top of the path if it fits there, and goes on from it. True ends the search. */
static bool try_issuer(struct search *s, const struct cert *issuer, bool is_anchor)
{
	struct finding before = s->broken, finding;
	bool done;

	if (!search_step(s))
		return false;
	if (!is_anchor && is_too_deep(s, issuer)) {
		note(s, RANK_TOO_LONG, BJ_ERR_CERT_PATH_LENGTH, s->len - 1, "rfc5280:6.1.4", "too many CAs in a row");
		return false;
	}
	if (rules_judge(&s->rules, issuer, is_anchor ? ROLE_ANCHOR : ROLE_CA, cas_in_path(s), &finding) &&
	    !search_go_on(s, &finding, s->len))
		return false;
	done = link_holds(s, issuer);
	if (done) {
		s->path[s->len++] = issuer;
		done = is_anchor ? end_of_path(s) : search_extend(s);
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
bool search_extend(struct search *s)
{
	const struct cert *cert = s->path[s->len - 1];
	const struct anchor *a = trust_first(s->in->trust, cert->issuer_hash);

	for (; a && !s->out_of_budget; a = trust_next(a, cert->issuer_hash))
		if (search_same_name(s, a->cert.subject, cert->issuer) && try_issuer(s, &a->cert, true))
			return true;
	for (size_t i = 0; i < s->in->extra_count && !s->out_of_budget; i++) {
		const struct cert *extra = &s->in->extra[i];

		if (extra->subject_hash != cert->issuer_hash || !search_step(s) || !search_same_name(s, extra->subject, cert->issuer) ||
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
	if (rules_judge(&s->rules, leaf, pinned ? ROLE_PINNED : ROLE_LEAF, 0, &finding) && !search_go_on(s, &finding, 0))
		return false;
	return pinned ? end_of_path(s) : search_extend(s);
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
	struct search s = { .in = in, .rules.in = in, .steps_left = PATH_BUDGET_STEPS, .staples_left = PATH_BUDGET_STAPLES };
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
