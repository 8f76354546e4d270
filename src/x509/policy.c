/* policy.c - one pass from the anchor to the end entity. */
#include "x509/policy.h"

#include "x509/der.h"
#include "x509/oid.h"

#define COMPARISONS_A_STEP 16

struct held {
	struct bj_bytes policy;
	uint64_t initial; /* the initial policies that it descends from */
	bool mapped;      /* others are expected in its place */
};

struct row {
	size_t count;
	bool any; /* anyPolicy holds, and with it every policy that is not listed */
	bool full;
	struct held held[POLICY_ROW_MAX];
};

struct judging {
	const struct policy_input *in;
	uint32_t *steps;
	bool out_of_steps;
	size_t explicit_after; /* certificates until the counters reach zero (rfc5280:6.1.2) */
	size_t no_mapping_after;
	size_t no_any_after;
	struct row *expected; /* what the certificate above lets the next one say */
	struct row *now;
};

static bool is_any(struct bj_bytes policy)
{
	return oid_find(policy) == OID_ANY_POLICY;
}

static bool is_empty(const struct row *row)
{
	return row->count == 0 && !row->any;
}

static struct held *row_find(struct judging *j, struct row *row, struct bj_bytes policy)
{
	uint32_t cost = 1 + (uint32_t)(row->count / COMPARISONS_A_STEP);

	if (*j->steps < cost) {
		j->out_of_steps = true;
		return NULL;
	}
	*j->steps -= cost;
	for (size_t i = 0; i < row->count; i++)
		if (bytes_equal(row->held[i].policy, policy))
			return &row->held[i];
	return NULL;
}

/* Adds, or joins what is there. */
static struct held *row_add(struct judging *j, struct row *row, struct bj_bytes policy, uint64_t initial)
{
	struct held *held = row_find(j, row, policy);

	if (!held && row->count == POLICY_ROW_MAX) {
		row->full = true;
		return NULL;
	}
	if (!held) {
		held = &row->held[row->count++];
		*held = (struct held){ .policy = policy };
	}
	held->initial |= initial;
	return held;
}

/* The set of a policy that anyPolicy brought in. */
static uint64_t initial_of(const struct judging *j, struct bj_bytes policy)
{
	for (size_t i = 0; i < j->in->initial_count; i++)
		if (bytes_equal(j->in->initial[i], policy))
			return UINT64_C(1) << i;
	return j->in->initial_count == 0 ? 1 : 0;
}

/* rfc5280:6.1.3 d, e */
static void policies_take(struct judging *j, const struct cert *cert, bool any_allowed)
{
	struct reader r = rd_of(cert->policies);
	bool has_any = false;

	j->now->count = 0;
	j->now->any = false;
	while (rd_more(&r)) {
		struct reader info = der_open(&r, DER_SEQUENCE);
		struct bj_bytes policy = der_oid(&info);
		const struct held *above;

		if (is_any(policy)) {
			has_any = true;
			continue;
		}
		above = row_find(j, j->expected, policy);
		if (above)
			row_add(j, j->now, policy, above->initial);
		else if (j->expected->any)
			row_add(j, j->now, policy, initial_of(j, policy));
	}
	if (!has_any || !any_allowed)
		return;
	for (size_t i = 0; i < j->expected->count; i++)
		if (!row_find(j, j->now, j->expected->held[i].policy))
			row_add(j, j->now, j->expected->held[i].policy, j->expected->held[i].initial);
	j->now->any = j->expected->any;
}

/* Takes a policy out of the row. */
static void row_drop(struct row *row, struct held *held)
{
	*held = row->held[--row->count];
}

/* rfc5280:6.1.4 b: what the next certificate may say. */
static void mappings_apply(struct judging *j, const struct cert *cert)
{
	struct reader r = rd_of(cert->policy_mappings);

	j->expected->count = 0;
	j->expected->any = j->now->any;
	while (rd_more(&r)) {
		struct reader pair = der_open(&r, DER_SEQUENCE);
		struct bj_bytes from = der_oid(&pair), to = der_oid(&pair);
		struct held *held = row_find(j, j->now, from);

		if (j->no_mapping_after == 0) {
			if (held)
				row_drop(j->now, held);
			continue;
		}
		if (!held && j->now->any)
			held = row_add(j, j->now, from, initial_of(j, from));
		if (!held)
			continue;
		held->mapped = true;
		row_add(j, j->expected, to, held->initial);
	}
	for (size_t i = 0; i < j->now->count; i++)
		if (!j->now->held[i].mapped)
			row_add(j, j->expected, j->now->held[i].policy, j->now->held[i].initial);
}

static void lower(size_t *counter, size_t to)
{
	if (to < *counter)
		*counter = to;
}

/* rfc5280:6.1.4 i, j */
static void constraints_apply(struct judging *j, const struct cert *cert)
{
	if (cert->has_require_explicit)
		lower(&j->explicit_after, cert->require_explicit);
	if (cert->has_inhibit_mapping)
		lower(&j->no_mapping_after, cert->inhibit_mapping);
	if (cert->has_inhibit_any)
		lower(&j->no_any_after, cert->inhibit_any);
}

static void count_down(size_t *counter)
{
	*counter -= *counter > 0;
}

/* rfc5280:6.1.4 */
static void prepare_next(struct judging *j, const struct cert *cert)
{
	mappings_apply(j, cert);
	if (!cert_is_self_issued(cert)) {
		count_down(&j->explicit_after);
		count_down(&j->no_mapping_after);
		count_down(&j->no_any_after);
	}
	constraints_apply(j, cert);
}

/* rfc5280:6.1.5 g: is any of the initial policies left? */
static bool is_wanted(const struct row *row)
{
	bool wanted = row->any;

	for (size_t i = 0; i < row->count; i++)
		wanted = wanted || row->held[i].initial != 0;
	return wanted;
}

static enum bj_err exhausted(const struct judging *j)
{
	return j->out_of_steps || j->now->full || j->expected->full ? BJ_ERR_CERT_BUDGET : BJ_OK;
}

static enum bj_err walk_down(struct judging *j, const struct cert *const *path, size_t len, size_t *out_index)
{
	for (size_t i = len - 1; i-- > 0;) {
		bool self_issued_ca = i > 0 && cert_is_self_issued(path[i]);

		policies_take(j, path[i], j->no_any_after > 0 || self_issued_ca);
		*out_index = i;
		if (exhausted(j))
			return BJ_ERR_CERT_BUDGET;
		if (is_empty(j->now) && j->explicit_after == 0)
			return BJ_ERR_CERT_POLICY;
		if (i > 0)
			prepare_next(j, path[i]);
	}
	count_down(&j->explicit_after);
	if (path[0]->has_require_explicit && path[0]->require_explicit == 0)
		j->explicit_after = 0;
	if (exhausted(j))
		return BJ_ERR_CERT_BUDGET;
	return j->explicit_after == 0 && !is_wanted(j->now) ? BJ_ERR_CERT_POLICY : BJ_OK;
}

/* As long as nobody asks for a policy, none can be missing. */
static bool is_asked(const struct cert *const *path, size_t len, const struct policy_input *in)
{
	bool asked = in->is_explicit;

	for (size_t i = 0; i < len; i++)
		asked = asked || path[i]->has_require_explicit;
	return asked;
}

enum bj_err policy_judge(const struct cert *const *path, size_t len, const struct policy_input *in, uint32_t *steps,
			 size_t *out_index)
{
	struct row rows[2];
	struct judging j = { .in = in, .steps = steps, .expected = &rows[0], .now = &rows[1] };

	*out_index = 0;
	if (len < 2 || !is_asked(path, len, in))
		return BJ_OK;
	if (in->initial_count > POLICY_INITIAL_MAX)
		return BJ_ERR_CERT_BUDGET;
	rows[0].count = rows[1].count = 0;
	rows[0].full = rows[1].full = false;
	rows[0].any = true; /* the root of the graph: any policy may follow */
	rows[1].any = false;
	j.explicit_after = in->is_explicit ? 0 : len;
	j.no_mapping_after = in->inhibit_mapping ? 0 : len;
	j.no_any_after = in->inhibit_any ? 0 : len;
	constraints_apply(&j, path[len - 1]);
	return walk_down(&j, path, len, out_index);
}
