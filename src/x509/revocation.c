/* revocation.c - which lists are about a certificate, and what they say. */
#include "x509/revocation.h"

#include "x509/der.h"
#include "x509/der_write.h"
#include "x509/name.h"

struct judging {
	const struct revocation_asks *asks;
	const struct cert *cert;
	uint16_t covered; /* reasons of which we know that they do not apply */
	bool unusable;
	struct revocation_answer *answer;
};

/* Is the list in force? */
static bool is_fresh(const struct judging *j, const struct crl *crl)
{
	const struct revocation_asks *asks = j->asks;

	if (!asks->check_time)
		return true;
	return crl->this_update <= asks->now && asks->now <= crl->next_update;
}

/* rfc5280:6.3.3 b: does the list speak of this certificate, by way of this distribution point? */
static bool is_in_scope(const struct judging *j, const struct crl *crl, const struct dist_point *point)
{
	bool delegated = point->issuer.len > 0;

	if (delegated && !crl->is_indirect)
		return false;
	if (!crl->has_idp)
		return true;
	if (crl->name.is_there && point->name.is_there &&
	    !dist_names_meet(&crl->name, crl->issuer, &point->name, delegated ? crl->issuer : j->cert->issuer))
		return false;
	if (crl->name.is_there && !point->name.is_there) {
		struct dist_name issuer = { true, false, point->issuer };

		if (!dist_names_meet(&crl->name, crl->issuer, &issuer, crl->issuer))
			return false;
	}
	return !(crl->only_users && j->cert->is_ca) && !(crl->only_cas && !j->cert->is_ca) && !crl->only_attributes;
}

/* Numbers without leading zeros. */
static int number_compare(struct bj_bytes a, struct bj_bytes b)
{
	if (a.len != b.len)
		return a.len < b.len ? -1 : 1;
	return a.len > 0 ? memcmp(a.ptr, b.ptr, a.len) : 0;
}

/* rfc5280:6.3.3 c: a delta of the same scope, whose base is not younger than the list and which is younger itself. A list without a
 * number is older than every base. */
static bool is_delta_of(const struct judging *j, const struct crl *delta, const struct crl *crl)
{
	return delta->is_delta && name_equal(delta->issuer, crl->issuer) && bytes_equal(delta->idp, crl->idp) &&
	       bytes_equal(delta->aki, crl->aki) && number_compare(delta->base_number, crl->number) <= 0 &&
	       number_compare(delta->number, crl->number) > 0 && is_fresh(j, delta);
}

/* The youngest delta that can be used; null if there is none. */
static const struct crl_held *delta_for(struct judging *j, const struct crl_held *held)
{
	const struct crl_held *d = crls_first(j->asks->crls, held->crl.issuer_hash), *best = NULL;

	for (; d; d = crls_next(d, held->crl.issuer_hash)) {
		if (!is_delta_of(j, &d->crl, &held->crl))
			continue;
		if (d->crl.has_unknown_critical)
			j->unusable = true;
		else if ((!best || number_compare(d->crl.number, best->crl.number) > 0) && j->asks->is_signed(j->asks->self, d))
			best = d;
	}
	return best;
}

/* rfc5280:6.3.3 i, j, k */
static bool is_listed(struct judging *j, const struct crl_held *held)
{
	const struct crl_held *delta = delta_for(j, held);
	const struct bj_bytes serial = j->cert->serial, issuer = j->cert->issuer;
	struct crl_entry entry;

	if (delta && crl_find(&delta->crl, &delta->index, serial, issuer, &entry)) {
		if (entry.reason == REASON_REMOVE)
			return false;
	} else if (!crl_find(&held->crl, &held->index, serial, issuer, &entry)) {
		return false;
	}
	j->answer->status = REVOCATION_REVOKED;
	j->answer->date = entry.date;
	j->answer->reason = entry.reason;
	j->answer->crl_issuer = held->crl.issuer;
	return true;
}

/* Who is on such a list is revoked all the same. */
static bool clears_nobody(const struct judging *j, const struct crl *crl)
{
	return j->asks->numbered && (!crl->has_number || crl->number_critical);
}

/* Lists with numbers are as old as these say; of two without, the dates say it. */
static bool is_younger(const struct crl *a, const struct crl *b)
{
	if (a->has_number != b->has_number)
		return false;
	return a->has_number ? number_compare(a->number, b->number) > 0 : a->this_update > b->this_update;
}

/* Is there a younger list of the same scope and key? It says what holds now, in both directions (rfc5280:5.2.3). Of another key it may be one of
 * another CA with this name, whose numbers say nothing here. */
static bool is_superseded(struct judging *j, const struct crl *crl)
{
	const struct crl_held *other = crls_first(j->asks->crls, crl->issuer_hash);

	for (; other; other = crls_next(other, crl->issuer_hash)) {
		const struct crl *o = &other->crl;

		if (!o->is_delta && is_younger(o, crl) && bytes_equal(o->idp, crl->idp) && bytes_equal(o->aki, crl->aki) &&
		    !o->has_unknown_critical && is_fresh(j, o) && !clears_nobody(j, o) && name_equal(o->issuer, crl->issuer) &&
		    j->asks->is_signed(j->asks->self, other))
			return true;
	}
	return false;
}

/* One list by way of one point. True if the certificate is revoked. What other lists cleared, this one may still revoke. */
static bool consult(struct judging *j, const struct crl_held *held, const struct dist_point *point)
{
	const struct crl *crl = &held->crl;
	uint16_t reasons = crl->reasons & point->reasons;

	if (crl->is_delta || !is_in_scope(j, crl, point) || !reasons)
		return false;
	if (!is_fresh(j, crl)) {
		j->answer->why = "its list is out of date, or not yet in force";
		return false;
	}
	if (crl->has_unknown_critical) {
		j->unusable = true;
		j->answer->why = "its list has a critical extension that is not known";
		return false;
	}
	if (!j->asks->is_signed(j->asks->self, held)) {
		j->answer->why = "its list is not signed by whom it must be";
		return false;
	}
	if (is_superseded(j, crl))
		return false;
	if (is_listed(j, held))
		return true;
	if (clears_nobody(j, crl)) {
		j->answer->why = crl->has_number ? "the number of its list is critical" : "its list has no number, so that nobody can tell "
											 "an old one from a new one";
		return false;
	}
	j->covered |= reasons;
	return false;
}

/* All lists of one issuer. */
static bool consult_issuer(struct judging *j, struct bj_bytes issuer, const struct dist_point *point)
{
	uint32_t hash = name_hash(issuer);
	const struct crl_held *held = crls_first(j->asks->crls, hash);

	for (; held; held = crls_next(held, hash))
		if (name_equal(held->crl.issuer, issuer) && consult(j, held, point))
			return true;
	return false;
}

static bool consult_point(struct judging *j, const struct dist_point *point)
{
	struct reader r = rd_of(point->issuer);

	if (point->issuer.len == 0)
		return consult_issuer(j, j->cert->issuer, point);
	for (size_t i = 0; i < DIST_NAMES_MAX && rd_more(&r); i++) {
		struct der_item name = der_any(&r);
		struct reader inner = rd_of(name.content);
		struct bj_bytes directory;

		if (name.tag != DER_CONTEXT_CONSTRUCTED(4))
			continue;
		directory = der_take_whole(&inner, DER_SEQUENCE);
		if (rd_end(&inner) && consult_issuer(j, directory, point))
			return true;
	}
	return false;
}

/* Lists of the certificate's issuer that no distribution point names (rfc5280:6.3.3, the end). */
static bool consult_rest(struct judging *j)
{
	uint8_t names[DIST_RELATIVE_MAX];
	struct writer w = wr_make(names, sizeof(names));
	struct dist_point point = { .name = { .is_there = true }, .reasons = REASONS_ALL };

	dw_item(&w, DER_CONTEXT_CONSTRUCTED(4), j->cert->issuer);
	if (wr_ok(&w)) /* else the name is too long for a list that names its distribution point */
		point.name.names = wr_view(&w);
	return consult_issuer(j, j->cert->issuer, &point);
}

struct revocation_answer revocation_judge(const struct revocation_asks *asks, const struct cert *cert)
{
	struct revocation_answer answer = { .why = "there is no list for it" };
	struct judging j = { .asks = asks, .cert = cert, .answer = &answer };
	struct reader r = rd_of(cert->crl_points);

	if (!asks->crls)
		return answer;
	for (size_t i = 0; i < DIST_POINT_MAX && rd_more(&r); i++) {
		struct dist_point point = dist_point_read(&r);

		if (!r.bad && consult_point(&j, &point))
			return answer;
	}
	if (j.covered != REASONS_ALL && consult_rest(&j))
		return answer;
	if (j.covered == REASONS_ALL) {
		answer.status = REVOCATION_GOOD;
		return answer;
	}
	if (j.covered)
		answer.why = "its lists do not cover all reasons";
	answer.status = j.unusable ? REVOCATION_UNUSABLE : REVOCATION_UNKNOWN;
	return answer;
}
