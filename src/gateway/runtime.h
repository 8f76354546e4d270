/* runtime.h - what the program makes of one snapshot: TLS configurations and the tables that all workers share.
 *
 * Built by the control thread, then shared by reference count; the tables of numbers are the only thing in it that changes.
 */
#ifndef GATEWAY_RUNTIME_H
#define GATEWAY_RUNTIME_H

#include "balance/pool.h"
#include "gateway/config.h"
#include "gateway/stats.h"
#include "io/addr.h"

/* One server as one worker sees it. The worker writes, the control thread reads. */
struct server_stats {
	struct stat_cell connections;  /* open now, idle ones not counted */
	struct stat_cell idle;
	struct stat_cell requests;
	struct stat_cell failures;
	struct stat_cell latency_us;   /* sum over requests, to the response's head */
	struct stat_cell up;           /* 1: gets traffic, unless it is ejected */
	struct stat_cell out_until_ms; /* of the steady clock: when its ejection ends */
	struct stat_cell ejected;      /* how often */
};

/* Connections or flows of all workers on one listener; counted where there is a limit. Snapshots that follow each other share it, so that
 * what was there before a reload still counts. */
struct runtime_places {
	atomic_uint refs;
	_Atomic uint64_t taken;
};

struct runtime_listener {
	const struct conf_listener *conf;
	struct addr addr;
	struct bj_tls_config *tls; /* null: plain */
	bool sni_must_match;       /* routes depend on who the client is */
	struct runtime_places *places;
};

/* Whether both listen on the same address of the same carrier. */
bool runtime_listener_same_place(const struct runtime_listener *a, const struct runtime_listener *b);
/* Takes a place among the listener's connections; false when there is none. `out_places` is to be given back: null where nobody counts. It
 * lives as long as any snapshot that has this listener. */
bool runtime_listener_take(const struct runtime_listener *listener, struct runtime_places **out_places);
/* Takes null. */
void runtime_places_give(struct runtime_places *places);

struct runtime_pool {
	const struct conf_pool *conf;
	struct addr *addrs;        /* of its servers */
	struct bj_tls_config *tls; /* null: plain */
	size_t first_server;       /* in the tables */
	struct pool_control control; /* what all workers must see at once */
	_Atomic uint64_t turns;      /* of round robin, over all workers */
};

struct runtime {
	atomic_uint refs;
	struct conf_snapshot *conf;
	struct runtime_listener *listeners;
	struct runtime_pool *pools;
	size_t server_count;
	unsigned worker_count;
	struct server_stats *servers; /* [worker][server] */
	size_t arena_size;            /* for one head under the largest limit */
	size_t header_count;          /* the largest limit */
	struct siphash_key hash_key;  /* what client hashing uses in all workers */
	int keylog_fd;
};

/* Takes its own reference of the snapshot. `old` (may be null) is what it follows: listeners of the same name go on counting. Errors are those
 * of bj_tls_config_*(). */
BJ_MUST_USE enum bj_err runtime_new(struct conf_snapshot *conf, unsigned worker_count, const struct runtime *old, struct runtime **out);
struct runtime *runtime_ref(struct runtime *runtime);
/* From any thread. Takes null. */
void runtime_unref(struct runtime *runtime);

static inline struct server_stats *runtime_server(const struct runtime *rt, unsigned worker, size_t server)
{
	return &rt->servers[worker * rt->server_count + server];
}

/* Whether any worker sends traffic to this server. */
bool runtime_server_is_up(const struct runtime *runtime, size_t server, int64_t now_ms);

struct addr addr_of_conf(const struct conf_address *address);

#endif
