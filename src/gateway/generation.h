/* generation.h - one worker's side of one runtime: its pools, with who is chosen next, and its connections to their servers.
 *
 * A request goes by the generation that is there when it begins; raw connections and tunnels keep the one that they began with. A reload
 * makes a new one; the old one closes its idle connections and is freed with its last session.
 */
#ifndef GATEWAY_GENERATION_H
#define GATEWAY_GENERATION_H

#include "balance/pool.h"
#include "balance/retry.h"
#include "base/list.h"
#include "gateway/runtime.h"

#define SESSION_TICKET_MAX 8192 /* bytes of a TLS session that is kept for a server */

struct worker;
struct group;

/* One server of a group. */
struct target {
	struct group *group;
	size_t index;
	const struct conf_server *conf;
	const struct addr *addr;
	struct server_stats *stats;
	struct list idle;      /* of struct upstream, the newest first */
	size_t idle_count;
	uint8_t *ticket;       /* TLS session for the next connection; null: none */
	size_t ticket_len;
};

/* One pool. */
struct group {
	struct generation *generation;
	struct runtime_pool *to;
	const struct conf_pool *conf;
	struct pool pool;
	struct retry_budget budget;
	struct target *targets;
};

struct generation {
	unsigned refs;
	struct worker *worker;
	struct runtime *runtime;
	struct group *groups;
	bool retired;
};

/* Takes over the reference of the runtime, also on failure. */
BJ_MUST_USE enum bj_err generation_new(struct worker *worker, struct runtime *runtime, struct generation **out);
struct generation *generation_ref(struct generation *g);
/* Takes null. */
void generation_unref(struct generation *g);
/* No new sessions: idle connections are closed. */
void generation_retire(struct generation *g);

static inline struct group *generation_group(struct generation *g, const struct conf_pool *pool)
{
	return &g->groups[pool->index];
}

void target_keep_ticket(struct target *target, struct bj_bytes session);
void target_forget_ticket(struct target *target);

/* Marks in the shared table what this worker thinks of its servers. */
void group_show(struct group *group, int64_t now_ms);

#endif
