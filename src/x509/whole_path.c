/* whole_path.c - what is asked of a path as a whole, once it ends at an anchor: name constraints, policies, revocation. */
#include "x509/search.h"

#include "crypto/hash.h"
#include "x509/name.h"
#include "x509/name_constraints.h"
#include "x509/ocsp.h"
#include "x509/revocation.h"
#include "x509/show.h"
#include "x509/signature_memory.h"
#include "x509/time.h"
#include "x509/trust.h"

/* A rule is broken by the certificate at `index`. True if the walk goes on. */
bool search_go_on(struct search *s, const struct finding *finding, size_t index)
{
	if (!s->explain)
		return false;
	if (s->broken.err == BJ_OK) {
		s->broken = *finding;
		s->broken.index = (int)index;
	}
	return true;
}

bool search_step(struct search *s)
{
	if (s->steps_left == 0) {
		s->out_of_budget = true;
		return false;
	}
	s->steps_left--;
	return true;
}

bool search_same_name(struct search *s, struct bj_bytes a, struct bj_bytes b)
{
	uint32_t cost = (uint32_t)(a.len / PATH_OCTETS_A_STEP);

	if (bytes_equal(a, b))
		return true;
	if (s->steps_left < cost) {
		s->out_of_budget = true;
		return false;
	}
	s->steps_left -= cost;
	return name_equal(a, b);
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
enum bj_err search_signature(struct search *s, const struct signed_bytes *what, const struct cert *issuer)
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
bool search_is_verifiable(enum sig_alg alg, const struct cert *issuer)
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
			if (!search_go_on(s, &finding, i))
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
	return !finding.err || (finding.err == BJ_ERR_CERT_POLICY && search_go_on(s, &finding, index));
}

/* ---- revocation */

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
	trusted = search_extend(&inner) && !inner.reason.err;
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

	return cert->subject_hash == crl->issuer_hash && search_step(s) && search_same_name(s, cert->subject, crl->issuer) &&
	       !(cert->has_key_usage && !(cert->key_usage & KU_CRL_SIGN)) && search_is_verifiable(crl->sig_alg, cert) &&
	       !search_signature(s, &what, cert);
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

/* What became known about one certificate. */
struct known {
	enum revocation_status status;
	enum bj_err err; /* if unknown: BJ_ERR_CERT_REVOCATION_UNKNOWN, or what cannot be let through */
	const char *rule;
	const char *why; /* if unknown */
	int64_t date;    /* if revoked */
	enum crl_reason reason;
	struct bj_bytes by; /* whose list; empty: the OCSP response says so */
};

static struct known known_of_lists(struct search *s, const struct cert *cert)
{
	struct revocation_asks asks = { s->in->crls, s->in->now, s->in->check_time, s->in->profile == PROFILE_WEBPKI, list_is_signed, s };
	struct revocation_answer answer = revocation_judge(&asks, cert);

	return (struct known){ answer.status, BJ_ERR_CERT_REVOCATION_UNKNOWN, "rfc5280:6.3.3", answer.why, answer.date, answer.reason,
			       answer.crl_issuer };
}

/* The stapled response is about the end entity. A list that says "revoked" is not overruled by it. */
static void known_of_staple(struct search *s, struct known *known)
{
	const struct path_input *in = s->in;
	struct ocsp_asks asks = { .response = in->staple, .cert = s->path[0], .issuer = s->path[1], .now = in->now,
				  .check_time = in->check_time, .memory = trust_memory(in->trust) };
	struct ocsp_answer answer;
	enum bj_err err;

	if (s->staples_left == 0) {
		s->out_of_budget = true;
		return;
	}
	s->staples_left--;
	err = ocsp_check(&asks, &answer);
	if (answer.status == OCSP_REVOKED) {
		*known = (struct known){ REVOCATION_REVOKED, BJ_ERR_CERT_REVOKED, "rfc6960:2.2", "", answer.date, answer.reason, { 0 } };
	} else if (err) {
		*known = (struct known){ REVOCATION_UNUSABLE, err, "rfc6960:3.2", answer.why, 0, REASON_UNSPECIFIED, { 0 } };
	} else if (answer.status == OCSP_GOOD) {
		known->status = REVOCATION_GOOD;
	} else if (in->leaf->must_staple) { /* an old response would do for whoever stole the key */
		*known = (struct known){ REVOCATION_UNUSABLE, BJ_ERR_CERT_STAPLE_MISSING, "rfc7633:4", answer.why, 0, REASON_UNSPECIFIED, { 0 } };
	} else {
		known->why = answer.why;
		known->rule = "rfc6960:3.2";
	}
}

static struct known known_of(struct search *s, size_t index)
{
	const struct path_input *in = s->in;
	struct known known;

	s->asked = index;
	known = known_of_lists(s, s->path[index]);
	if (index > 0 || s->signer_depth > 0 || known.status == REVOCATION_REVOKED)
		return known;
	if (in->staple.len > 0)
		known_of_staple(s, &known);
	else if (in->staple_asked && in->leaf->must_staple)
		known = (struct known){ REVOCATION_UNUSABLE, BJ_ERR_CERT_STAPLE_MISSING, "rfc7633:4", "no OCSP response was stapled",
					0, REASON_UNSPECIFIED, { 0 } };
	return known;
}

static void revoked_finding(const struct known *known, struct finding *out)
{
	struct text text = text_make(out->detail, sizeof(out->detail));
	char date[TIME_TEXT_MAX];

	out->err = BJ_ERR_CERT_REVOKED;
	time_text(known->date, date);
	text_str(&text, "revoked ");
	text_str(&text, date);
	text_str(&text, " (");
	text_str(&text, crl_reason_text(known->reason));
	text_str(&text, known->by.len > 0 ? "), says the list of " : "), says the OCSP response");
	if (known->by.len > 0)
		name_text(known->by, &text);
}

/* What is not known: a note if that is allowed, else a finding. */
static bool unknown_is_allowed(struct search *s, const struct known *known, const struct cert *cert, struct finding *out)
{
	bool allowed = s->in->revocation == BJ_REVOCATION_IF_PRESENT && known->status == REVOCATION_UNKNOWN;
	struct text text = allowed ? text_make(s->note, sizeof(s->note)) : text_make(out->detail, sizeof(out->detail));

	if (allowed) {
		text_str(&text, "revocation is not known of ");
		name_text(cert->subject, &text);
		text_str(&text, ": ");
	}
	text_str(&text, known->why);
	out->err = known->err;
	return allowed;
}

/* From the anchor down, so that who signs a list is looked up before it. */
static bool revocation_holds(struct search *s)
{
	if (s->in->revocation == BJ_REVOCATION_OFF)
		return true;
	s->note[0] = 0;
	for (size_t i = s->len - 1; i-- > 0;) {
		struct known known = known_of(s, i);
		struct finding finding = { .cert = s->path[i], .rule = known.rule };

		if (known.status == REVOCATION_GOOD)
			continue;
		if (known.status == REVOCATION_REVOKED)
			revoked_finding(&known, &finding);
		else if (!s->out_of_budget && unknown_is_allowed(s, &known, s->path[i], &finding))
			continue;
		if (s->out_of_budget || !search_go_on(s, &finding, i))
			return false;
	}
	return true;
}

/* Not for the path to who signs a list: it is the peer's keys that are pinned. */
static bool pins_hold(struct search *s)
{
	struct finding finding = { .err = BJ_ERR_CERT_PIN, .cert = s->path[0], .rule = "rfc7469:2.6" };
	struct show_fields fields;
	struct text text;

	if (s->signer_depth > 0 || !trust_has_pins(s->in->trust))
		return true;
	for (size_t i = 0; i < s->len; i++)
		if (trust_is_pinned(s->in->trust, s->path[i]))
			return true;
	show_fields(s->path[0], &fields);
	text = text_make(finding.detail, sizeof(finding.detail));
	text_str(&text, "its key is pin-sha256=");
	text_str(&text, fields.pin);
	return search_go_on(s, &finding, 0);
}

bool search_whole_path_holds(struct search *s)
{
	return constraints_hold(s) && policies_hold(s) && revocation_holds(s) && pins_hold(s);
}
