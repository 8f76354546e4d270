/* algorithm.c - see algorithm.h: the table, and the algorithms that count. Those that hash are in consistent.c. */
#include "balance/algorithm.h"

/* The next allowed server of the tier in turn, by weight (smooth weighted round robin): everyone's balance grows by its
 * weight, the highest is chosen and pays the sum. `equal` counts every weight as 1; `among` (may be null) narrows. */
static size_t pick_in_turn(struct pool *p, const struct pool_pick_input *in, bool equal, const struct pool_set *among)
{
	size_t best = POOL_NONE, start = 0;
	int64_t sum = 0;

	/* ties begin at `first`: workers that start together do not all begin with the same server */
	while (start < in->tier->count && in->tier->list[start] < p->first)
		start++;
	for (size_t k = 0; k < in->tier->count; k++) {
		size_t at = start + k < in->tier->count ? start + k : start + k - in->tier->count;
		size_t i = in->tier->list[at];
		struct pool_server *s = &p->servers[i];
		uint64_t weight;

		if (pool_set_has(in->exclude, i) || (among && !pool_set_has(among, i)))
			continue;
		weight = pool_weight_now(p, i, in->now_ms);
		if (equal)
			weight /= s->weight;
		s->smooth += (int64_t)weight;
		sum += (int64_t)weight;
		if (best == POOL_NONE || s->smooth > p->servers[best].smooth)
			best = i;
	}
	if (best != POOL_NONE)
		p->servers[best].smooth -= sum;
	return best;
}

static size_t pick_round_robin(struct pool *p, const struct pool_pick_input *in)
{
	/* a retry takes no turn: it must not shift everybody else's; slow starts are each pool's own affair */
	if (p->options.turns && !in->exclude && p->options.slow_start_ms == 0 && in->tier->count > 0) {
		uint64_t turn = atomic_fetch_add_explicit(p->options.turns, 1, memory_order_relaxed);

		return in->tier->list[turn % in->tier->count];
	}
	return pick_in_turn(p, in, true, NULL);
}

static size_t pick_weighted_round_robin(struct pool *p, const struct pool_pick_input *in)
{
	return pick_in_turn(p, in, false, NULL);
}

/* Below zero: a carries less for its weight than b. */
static int compare_load(const struct pool *p, size_t a, size_t b, int64_t now_ms)
{
	uint64_t x = p->servers[a].active * pool_weight_now(p, b, now_ms);
	uint64_t y = p->servers[b].active * pool_weight_now(p, a, now_ms);

	return x < y ? -1 : x > y;
}

static size_t pick_least_connections(struct pool *p, const struct pool_pick_input *in)
{
	struct pool_set ties = { { 0 } };
	size_t best = POOL_NONE, tie_count = 0;

	for (size_t k = 0; k < in->tier->count; k++) {
		size_t i = in->tier->list[k];
		int order;

		if (pool_set_has(in->exclude, i))
			continue;
		order = best == POOL_NONE ? -1 : compare_load(p, i, best, in->now_ms);
		if (order > 0)
			continue;
		if (order < 0) {
			ties = (struct pool_set){ { 0 } };
			tie_count = 0;
			best = i;
		}
		pool_set_add(&ties, i);
		tie_count++;
	}
	return tie_count > 1 ? pick_in_turn(p, in, false, &ties) : best;
}

/* The n-th allowed server of the tier. */
static size_t allowed_at(const struct pool_pick_input *in, size_t n)
{
	for (size_t k = 0; k < in->tier->count; k++)
		if (!pool_set_has(in->exclude, in->tier->list[k]) && n-- == 0)
			return in->tier->list[k];
	return POOL_NONE;
}

/* Two different allowed servers at random; the same twice if there is only one. */
static bool pick_pair(struct pool *p, const struct pool_pick_input *in, size_t *out_a, size_t *out_b)
{
	size_t count = in->tier->count, a, b;

	if (in->exclude) {
		count = 0;
		for (size_t k = 0; k < in->tier->count; k++)
			count += !pool_set_has(in->exclude, in->tier->list[k]);
	}
	if (count == 0)
		return false;
	a = prng_below(&p->prng, (uint32_t)count);
	b = count > 1 ? prng_below(&p->prng, (uint32_t)count - 1) : 0;
	if (count > 1 && b >= a)
		b++;
	*out_a = in->exclude ? allowed_at(in, a) : in->tier->list[a];
	*out_b = in->exclude ? allowed_at(in, b) : in->tier->list[b];
	return true;
}

static size_t pick_random_two(struct pool *p, const struct pool_pick_input *in)
{
	size_t a, b;

	if (!pick_pair(p, in, &a, &b))
		return POOL_NONE;
	return compare_load(p, a, b, in->now_ms) <= 0 ? a : b;
}

/* What the next request is expected to wait, per weight. One that was never measured gets one request at a time. */
static double expected_cost(const struct pool *p, size_t server, int64_t now_ms)
{
	const struct pool_server *s = &p->servers[server];
	uint64_t latency = pool_latency_now(s, now_ms);

	if (latency == 0)
		latency = s->active ? (uint64_t)POOL_FAILURE_COST_US * POOL_LATENCY_PARTS : 0;
	return (double)latency * ((double)s->active + 1) / (double)pool_weight_now(p, server, now_ms);
}

static size_t pick_peak_ewma(struct pool *p, const struct pool_pick_input *in)
{
	size_t a, b;

	if (!pick_pair(p, in, &a, &b))
		return POOL_NONE;
	return expected_cost(p, a, in->now_ms) <= expected_cost(p, b, in->now_ms) ? a : b;
}

const struct pool_algorithm pool_algorithms[] = {
	{ "round_robin", pick_round_robin, 0, NULL },
	{ "weighted_round_robin", pick_weighted_round_robin, 0, NULL },
	{ "least_connections", pick_least_connections, 0, NULL },
	{ "ip_hash", pick_rendezvous, 0, NULL },
	{ "random_two", pick_random_two, 0, NULL },
	{ "peak_ewma", pick_peak_ewma, 0, NULL },
	{ "maglev", pick_maglev, MAGLEV_TABLE_BYTES, build_maglev },
	{ "ring_hash", pick_ring, RING_TABLE_BYTES, build_ring },
};
const size_t pool_algorithm_count = ARRAY_COUNT(pool_algorithms);

const struct pool_algorithm *pool_algorithm_by_name(struct bj_bytes name)
{
	for (size_t i = 0; i < pool_algorithm_count; i++)
		if (bytes_equal(name, bytes_text(pool_algorithms[i].name)))
			return &pool_algorithms[i];
	return NULL;
}
