/* pool.h - a pool: a group of servers, and the choice of one of them for a request.
 *
 * Pure: time, keys and seeds are arguments, and choosing allocates nothing. One pool object belongs to one worker thread;
 * its counts are that worker's own. What all workers must see at once (a server up, down or drained, its weight) lives in
 * a `struct pool_control`, a table of atomics that the control thread writes and every worker's pool reads.
 *
 * Who is chosen from, in this order:
 *   1. servers that are up, have a weight, are not ejected and are not backups;
 *   2. backups of the same kind, when 1 has none left (also when a retry has tried all of 1);
 *   3. if neither tier has any such server at all: panic. Then every server that is not drained is used, whatever the
 *      checks say, since a wrong check must not become an outage. `no_panic` turns this off.
 * Drained servers and those of weight 0 get nothing new; sticky clients may stay (pool_may_stay).
 *
 * Ejection: `errors` failures in a row eject a server for `for_ms`, each further time longer by the same amount, up to
 * POOL_EJECT_TIMES_MAX times; quiet time takes the growth back. Never more than `at_most_percent` of the servers that are
 * up are ejected at once. A server that comes back takes part slowly where slow_start_ms says so.
 *
 * `now_ms` must not go back.
 */
#ifndef BALANCE_POOL_H
#define BALANCE_POOL_H

#include <stdatomic.h>

#include "base/bytes.h"
#include "base/prng.h"
#include "base/siphash.h"

#define POOL_SERVER_MAX 1024
#define POOL_WEIGHT_MAX 1000
#define POOL_NONE SIZE_MAX
#define POOL_EJECT_TIMES_MAX 10
#define POOL_FAILURE_COST_US 1000000 /* what a failure counts as where latency decides */
#define POOL_LATENCY_HALF_LIFE_MS 5000
#define POOL_LATENCY_MAX_US UINT64_C(3600000000)
#define POOL_LATENCY_PARTS 1024 /* averages are kept in parts of a microsecond, or they would stop falling */

/* ---- what the control thread says */

enum pool_state {
	POOL_UP = 0,
	POOL_DOWN,  /* a check found it dead */
	POOL_DRAIN, /* somebody wants it empty */
};

struct pool_control {
	_Atomic uint64_t generation; /* goes up with every change */
	_Atomic uint32_t *words;     /* per server: state << 16 | weight */
	size_t count;
};

/* All up with weight 1. BJ_ERR_ARGUMENT for a count out of range, BJ_ERR_NO_MEMORY. */
BJ_MUST_USE enum bj_err pool_control_init(struct pool_control *c, size_t count);
void pool_control_fini(struct pool_control *c);
/* One thread at a time. A weight above POOL_WEIGHT_MAX counts as that. */
void pool_control_set_state(struct pool_control *c, size_t server, enum pool_state state);
void pool_control_set_weight(struct pool_control *c, size_t server, unsigned weight);
enum pool_state pool_control_state(const struct pool_control *c, size_t server);
unsigned pool_control_weight(const struct pool_control *c, size_t server);

/* ---- sets of servers */

struct pool_set {
	uint64_t bits[POOL_SERVER_MAX / 64];
};

static inline void pool_set_add(struct pool_set *s, size_t i) { s->bits[i / 64] |= UINT64_C(1) << (i % 64); }
static inline bool pool_set_has(const struct pool_set *s, size_t i) { return s && (s->bits[i / 64] >> (i % 64) & 1); }

/* ---- the pool */

struct pool_algorithm;

struct pool_server_options {
	struct bj_bytes name; /* hashing follows names: a server keeps its clients when others come and go, and after a reload */
	bool backup;
};

struct pool_eject_options {
	unsigned errors; /* in a row; 0: no ejection */
	int64_t for_ms;
	unsigned at_most_percent;
};

struct pool_options {
	const struct pool_algorithm *algorithm;
	const struct pool_server_options *servers;
	size_t server_count; /* as in the control table */
	struct pool_eject_options eject;
	int64_t slow_start_ms; /* 0: none; not used by algorithms that hash: ramps would move clients */
	struct siphash_key key; /* for hashing: the same in all workers, and kept over restarts if clients shall stay */
	uint64_t seed;          /* for choices at random and for who is first; different for each worker */
	bool no_panic;
	_Atomic uint64_t *turns; /* shared by the pools of all workers: then round_robin is exact over all of them. Null: each for itself */
};

struct pool_server {
	uint64_t name_hash;
	bool backup;
	bool usable;      /* as of the last refresh */
	uint16_t weight;  /* as of the last refresh */
	uint8_t state;    /* enum pool_state, as of the last refresh */
	uint32_t active;  /* requests or connections now */
	int64_t smooth;   /* smooth round robin's balance */
	int64_t usable_since_ms;
	/* ejection */
	uint32_t errors_in_a_row;
	uint32_t eject_times;
	int64_t ejected_until_ms;
	/* latency */
	uint64_t latency; /* peak-sensitive moving average, in 1 / POOL_LATENCY_PARTS of a microsecond; 0: not measured yet */
	int64_t latency_at_ms;
	/* statistics */
	uint64_t picked, succeeded, failed, ejections;
};

/* Servers that are chosen from, as a list and as a set. */
struct pool_tier {
	size_t count;
	uint16_t list[POOL_SERVER_MAX];
	struct pool_set set;
};

struct pool {
	struct pool_options options; /* `servers` is not kept */
	const struct pool_control *control;
	struct pool_server *servers;
	size_t count;
	uint64_t generation;
	bool refreshed;
	int64_t next_change_ms; /* when the earliest ejection ends */
	struct pool_tier primary, backup, panic;
	size_t first; /* where ties begin */
	struct prng prng;
	/* tables of consistent hashing, for the algorithms that have one */
	void *table;
	size_t table_count;
};

/* Allocates. The control table must live longer. BJ_ERR_ARGUMENT, BJ_ERR_NO_MEMORY. */
BJ_MUST_USE enum bj_err pool_init(struct pool *p, const struct pool_options *options, const struct pool_control *control);
void pool_fini(struct pool *p);

/* The server for a request, or POOL_NONE. `client_key`: what ip_hash and its kin hash (an address without port); others do
 * not look at it. `exclude` (may be null): servers that were tried already. Counts nothing as active. */
size_t pool_pick(struct pool *p, int64_t now_ms, struct bj_bytes client_key, const struct pool_set *exclude);

/* May a client that is bound to this server go on there? Also true for one that drains. */
bool pool_may_stay(struct pool *p, int64_t now_ms, size_t server);
/* Is nobody good left, so that bad ones are used? */
bool pool_panics(struct pool *p, int64_t now_ms);
bool pool_is_ejected(const struct pool *p, int64_t now_ms, size_t server);

enum pool_outcome {
	POOL_SUCCEEDED = 0,
	POOL_FAILED,    /* no connection, a time-out, a broken or 5xx response: what the owner counts as the server's fault */
	POOL_ABANDONED, /* the client left: says nothing about the server */
};

/* A request goes to a server, and ends. Each begin has one end. `latency_us`: time to the first byte of the response. */
void pool_begin(struct pool *p, size_t server);
void pool_end(struct pool *p, size_t server, int64_t now_ms, enum pool_outcome outcome, uint64_t latency_us);

#endif
