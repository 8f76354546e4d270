/* algorithm.h - the ways to choose a server: one const table, one function each.
 *
 *   round_robin           in turn, each as often; weights are not looked at
 *   weighted_round_robin  in turn by weight, spread out: exact over each cycle of as many picks as the weights sum to
 *   least_connections     the fewest active per weight; ties in turn by weight
 *   ip_hash               rendezvous hashing: a client keeps its server; when one goes only its clients move, when one comes
 *                         it takes its share and nobody else moves. Work grows with the number of servers
 *   random_two            two at random, the one with fewer active per weight
 *   peak_ewma             two at random, the one with less latency times active per weight
 *   maglev                a table of MAGLEV_TABLE entries: as ip_hash, in constant time; weights move a few more
 *   ring_hash             a ring of RING_POINTS points at most: as ip_hash, in logarithmic time, less even
 */
#ifndef BALANCE_ALGORITHM_H
#define BALANCE_ALGORITHM_H

#include "balance/pool.h"

#define MAGLEV_TABLE 65537 /* a prime */
#define RING_POINTS 131072
#define RING_POINTS_PER_WEIGHT 160

/* Weights are counted in this many parts, so that slow start can ramp up small ones. */
#define POOL_WEIGHT_PARTS 256

/* One point of the ring, and the sizes of the tables. */
struct ring_point {
	uint32_t at;
	uint16_t server;
};
#define MAGLEV_TABLE_BYTES (MAGLEV_TABLE * sizeof(uint16_t))
#define RING_TABLE_BYTES (RING_POINTS * sizeof(struct ring_point))

struct pool_pick_input {
	const struct pool_tier *tier;
	const struct pool_set *exclude;
	struct bj_bytes client_key;
	int64_t now_ms;
};

struct pool_algorithm {
	const char *name;
	/* One of the tier that is not excluded; POOL_NONE only if there is none. */
	size_t (*pick)(struct pool *p, const struct pool_pick_input *in);
	/* For those with a table: its size in bytes, and how it is filled when the weights change. */
	size_t table_bytes;
	void (*build)(struct pool *p);
};

extern const struct pool_algorithm pool_algorithms[];
extern const size_t pool_algorithm_count;

/* Null for a name that is not there. */
const struct pool_algorithm *pool_algorithm_by_name(struct bj_bytes name);

/* A server's weight now, in parts, with its slow start; at least 1. */
uint64_t pool_weight_now(const struct pool *p, size_t server, int64_t now_ms);

/* The latency average as it stands now, in parts of a microsecond; 0 if nothing was measured. */
uint64_t pool_latency_now(const struct pool_server *s, int64_t now_ms);

/* Rendezvous hashing, which the tables fall back on too. */
size_t pick_rendezvous(struct pool *p, const struct pool_pick_input *in);
size_t pick_maglev(struct pool *p, const struct pool_pick_input *in);
size_t pick_ring(struct pool *p, const struct pool_pick_input *in);
void build_maglev(struct pool *p);
void build_ring(struct pool *p);

static inline bool pick_allows(const struct pool_pick_input *in, size_t server)
{
	return pool_set_has(&in->tier->set, server) && !pool_set_has(in->exclude, server);
}

#endif
