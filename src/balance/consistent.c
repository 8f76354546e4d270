/* consistent.c - algorithms that keep a client at its server: rendezvous, Maglev's table, a ring.
 *
 * The tables hold every server that is no backup and has a weight, whatever its state: when a server goes down or is
 * ejected nothing is built anew, its clients alone look further, and they are spread over all others.
 */
#include "balance/algorithm.h"
#include "base/check.h"

#define PROBES_MAX 32         /* further looks into a Maglev table */
#define RING_STEPS_MAX 4096   /* further steps on the ring */
#define NOBODY UINT16_MAX

/* Natural logarithm for x in (0, 1]: the series of the inverse hyperbolic tangent, exact to about 1e-9. */
static double log_of(double x)
{
	const double ln2 = 0.69314718055994530942;
	double shift = 0, s, q;

	while (x < 1.0 / 65536) {
		x *= 65536;
		shift += 16;
	}
	while (x < 0.7071067811865476) {
		x *= 2;
		shift += 1;
	}
	s = (x - 1) / (x + 1);
	q = s * s;
	return 2 * s * (1 + q * (1.0 / 3 + q * (1.0 / 5 + q * (1.0 / 7 + q * (1.0 / 9 + q / 11))))) - shift * ln2;
}

/* w / -ln(u) with u in (0, 1) drawn evenly: the chance to have the highest is proportional to w. */
static double score_of(uint64_t draw, uint16_t weight)
{
	return weight / -log_of(((double)(draw >> 12) + 0.5) / 4503599627370496.0);
}

/* Every server draws a number from the pair of client and server; the highest, stretched by weight, wins. A server that
 * goes takes only its own numbers with it. Between equal weights the draws alone decide, without the logarithm. */
size_t pick_rendezvous(struct pool *p, const struct pool_pick_input *in)
{
	uint64_t client = siphash13(&p->options.key, in->client_key), best_draw = 0;
	size_t best = POOL_NONE;

	for (size_t k = 0; k < in->tier->count; k++) {
		size_t i = in->tier->list[k];
		uint16_t weight = p->servers[i].weight, best_weight;
		uint64_t draw;

		if (pool_set_has(in->exclude, i))
			continue;
		draw = siphash13_pair(&p->options.key, client, p->servers[i].name_hash) >> 12 << 12;
		best_weight = best == POOL_NONE ? 0 : p->servers[best].weight;
		if (best == POOL_NONE || (weight == best_weight ? draw > best_draw
							       : score_of(draw, weight) > score_of(best_draw, best_weight))) {
			best = i;
			best_draw = draw;
		}
	}
	return best;
}

/* ---------------------------------------------------------------- Maglev */

static bool is_in_table(const struct pool_server *s)
{
	return s->weight > 0 && !s->backup;
}

/* Servers take turns to claim the next free slot of a permutation of their own; a lighter one sits out some turns. */
void build_maglev(struct pool *p)
{
	uint16_t *table = (uint16_t *)p->table;
	uint32_t next[POOL_SERVER_MAX], skip[POOL_SERVER_MAX], credit[POOL_SERVER_MAX];
	uint32_t heaviest = 0;
	size_t filled = 0;

	for (size_t i = 0; i < p->count; i++) {
		uint64_t h = siphash13_pair(&p->options.key, p->servers[i].name_hash, 0);

		next[i] = (uint32_t)((h >> 32) % MAGLEV_TABLE);
		skip[i] = (uint32_t)((h & UINT32_MAX) % (MAGLEV_TABLE - 1)) + 1;
		credit[i] = 0;
		if (is_in_table(&p->servers[i]) && p->servers[i].weight > heaviest)
			heaviest = p->servers[i].weight;
	}
	p->table_count = 0;
	if (heaviest == 0)
		return;
	for (size_t k = 0; k < MAGLEV_TABLE; k++)
		table[k] = NOBODY;
	while (filled < MAGLEV_TABLE) {
		for (size_t i = 0; i < p->count && filled < MAGLEV_TABLE; i++) {
			if (!is_in_table(&p->servers[i]))
				continue;
			credit[i] += p->servers[i].weight;
			if (credit[i] < heaviest)
				continue;
			credit[i] -= heaviest;
			while (table[next[i]] != NOBODY)
				next[i] = (next[i] + skip[i]) % MAGLEV_TABLE;
			table[next[i]] = (uint16_t)i;
			filled++;
		}
	}
	p->table_count = MAGLEV_TABLE;
}

size_t pick_maglev(struct pool *p, const struct pool_pick_input *in)
{
	const uint16_t *table = (const uint16_t *)p->table;
	uint64_t client = siphash13(&p->options.key, in->client_key), h = client;

	for (unsigned probe = 1; p->table_count > 0 && probe <= PROBES_MAX; probe++) {
		size_t server = table[h % MAGLEV_TABLE];

		if (pick_allows(in, server))
			return server;
		h = siphash13_pair(&p->options.key, client, probe);
	}
	return pick_rendezvous(p, in);
}

/* ---------------------------------------------------------------- the ring */

static bool point_before(const struct ring_point *a, const struct ring_point *b)
{
	return a->at != b->at ? a->at < b->at : a->server < b->server;
}

static void sift(struct ring_point *points, size_t at, size_t count)
{
	struct ring_point top = points[at];

	for (size_t child; (child = 2 * at + 1) < count; at = child) {
		if (child + 1 < count && point_before(&points[child], &points[child + 1]))
			child++;
		if (!point_before(&top, &points[child]))
			break;
		points[at] = points[child];
	}
	points[at] = top;
}

/* In place: nothing may be allocated here, which the C library's sort does not promise. */
static void sort_points(struct ring_point *points, size_t count)
{
	for (size_t i = count / 2; i-- > 0;)
		sift(points, i, count);
	for (size_t end = count; end-- > 1;) {
		struct ring_point last = points[end];

		points[end] = points[0];
		points[0] = last;
		sift(points, 0, end);
	}
}

void build_ring(struct pool *p)
{
	struct ring_point *points = (struct ring_point *)p->table;
	uint64_t sum = 0, room = RING_POINTS - POOL_SERVER_MAX;
	size_t count = 0;

	for (size_t i = 0; i < p->count; i++)
		if (is_in_table(&p->servers[i]))
			sum += p->servers[i].weight;
	for (size_t i = 0; i < p->count; i++) {
		uint64_t want = (uint64_t)p->servers[i].weight * RING_POINTS_PER_WEIGHT;

		if (!is_in_table(&p->servers[i]))
			continue;
		if (sum * RING_POINTS_PER_WEIGHT > room)
			want = p->servers[i].weight * room / sum + 1;
		check(count + want <= RING_POINTS);
		for (uint64_t k = 0; k < want; k++) {
			uint64_t h = siphash13_pair(&p->options.key, p->servers[i].name_hash, k + 1);

			points[count++] = (struct ring_point){ (uint32_t)(h >> 32), (uint16_t)i };
		}
	}
	sort_points(points, count);
	p->table_count = count;
}

size_t pick_ring(struct pool *p, const struct pool_pick_input *in)
{
	const struct ring_point *points = (const struct ring_point *)p->table;
	uint32_t h = (uint32_t)(siphash13(&p->options.key, in->client_key) >> 32);
	size_t low = 0, high = p->table_count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (points[mid].at < h)
			low = mid + 1;
		else
			high = mid;
	}
	for (size_t step = 0; step < p->table_count && step < RING_STEPS_MAX; step++) {
		size_t at = low + step, server;

		server = points[at < p->table_count ? at : at - p->table_count].server;
		if (pick_allows(in, server))
			return server;
	}
	return pick_rendezvous(p, in);
}
