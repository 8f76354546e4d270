/* generation.c - see generation.h. */
#include <stdlib.h>

#include "balance/algorithm.h"
#include "base/wipe.h"
#include "gateway/generation.h"
#include "gateway/upstream.h"
#include "gateway/worker.h"

static const char *algorithm_name(enum conf_balance balance)
{
	switch (balance) {
	case CONF_ROUND_ROBIN:
		return "round_robin";
	case CONF_WEIGHTED_ROUND_ROBIN:
		return "weighted_round_robin";
	case CONF_LEAST_CONNECTIONS:
		return "least_connections";
	case CONF_IP_HASH:
		return "ip_hash";
	case CONF_RANDOM_TWO:
		return "random_two";
	case CONF_PEAK_EWMA:
		return "peak_ewma";
	case CONF_MAGLEV:
		return "maglev";
	case CONF_RING_HASH:
		return "ring_hash";
	}
	return "round_robin";
}

static enum bj_err init_picking(struct group *group)
{
	struct worker *w = group->generation->worker;
	const struct conf_pool *conf = group->conf;
	struct pool_server_options *servers = (struct pool_server_options *)calloc(conf->server_count, sizeof(*servers));
	struct pool_options options = {
		.algorithm = pool_algorithm_by_name(bytes_text(algorithm_name(conf->balance))),
		.servers = servers,
		.server_count = conf->server_count,
		.slow_start_ms = conf->slow_start_ms,
		.key = group->generation->runtime->hash_key,
		.seed = w->index,
		.turns = &group->to->turns,
	};
	enum bj_err err;

	if (!servers)
		return BJ_ERR_NO_MEMORY;
	if (conf->eject)
		options.eject = (struct pool_eject_options){ conf->eject_errors, conf->eject_for_ms, conf->eject_at_most_percent };
	for (size_t i = 0; i < conf->server_count; i++)
		servers[i] = (struct pool_server_options){ bytes_text(conf->servers[i].name), conf->servers[i].backup };
	err = pool_init(&group->pool, &options, &group->to->control);
	free(servers);
	return err;
}

static enum bj_err init_group(struct group *group, struct generation *g, struct runtime_pool *to)
{
	group->generation = g;
	group->to = to;
	group->conf = to->conf;
	group->budget = retry_make(to->conf->retry_budget_percent, g->worker->loop.now_ms);
	group->targets = (struct target *)calloc(to->conf->server_count, sizeof(*group->targets));
	if (!group->targets)
		return BJ_ERR_NO_MEMORY;
	for (size_t i = 0; i < to->conf->server_count; i++) {
		struct target *t = &group->targets[i];

		t->group = group;
		t->index = i;
		t->conf = &to->conf->servers[i];
		t->addr = &to->addrs[i];
		t->stats = runtime_server(g->runtime, g->worker->index, to->first_server + i);
		stat_add(&t->stats->up, t->conf->weight > 0);
		list_init(&t->idle);
	}
	return init_picking(group);
}

enum bj_err generation_new(struct worker *worker, struct runtime *runtime, struct generation **out)
{
	struct generation *g = (struct generation *)calloc(1, sizeof(*g));
	enum bj_err err = BJ_OK;

	if (!g) {
		runtime_unref(runtime);
		return BJ_ERR_NO_MEMORY;
	}
	g->refs = 1;
	g->worker = worker;
	g->runtime = runtime;
	g->groups = (struct group *)calloc(runtime->conf->pool_count + 1, sizeof(*g->groups));
	if (!g->groups)
		err = BJ_ERR_NO_MEMORY;
	for (size_t i = 0; !err && i < runtime->conf->pool_count; i++)
		if (runtime->conf->pools[i].server_count > 0)
			err = init_group(&g->groups[i], g, &runtime->pools[i]);
	if (err)
		generation_unref(g);
	else
		*out = g;
	return err;
}

struct generation *generation_ref(struct generation *g)
{
	g->refs++;
	return g;
}

void target_forget_ticket(struct target *t)
{
	if (t->ticket)
		wipe(t->ticket, t->ticket_len);
	free(t->ticket);
	t->ticket = NULL;
	t->ticket_len = 0;
}

void generation_unref(struct generation *g)
{
	if (!g || --g->refs > 0)
		return;
	for (size_t i = 0; g->groups && i < g->runtime->conf->pool_count; i++) {
		struct group *group = &g->groups[i];

		for (size_t s = 0; group->targets && s < group->conf->server_count; s++)
			target_forget_ticket(&group->targets[s]);
		pool_fini(&group->pool);
		free(group->targets);
	}
	free(g->groups);
	runtime_unref(g->runtime);
	free(g);
}

void generation_retire(struct generation *g)
{
	g->retired = true;
	for (size_t i = 0; i < g->runtime->conf->pool_count; i++)
		for (size_t s = 0; g->groups[i].targets && s < g->groups[i].conf->server_count; s++)
			target_close_idle(&g->groups[i].targets[s]);
}

void target_keep_ticket(struct target *t, struct bj_bytes session)
{
	uint8_t *copy;

	if (session.len == 0 || session.len > SESSION_TICKET_MAX)
		return;
	copy = (uint8_t *)malloc(session.len);
	if (!copy)
		return;
	memcpy(copy, session.ptr, session.len);
	target_forget_ticket(t);
	t->ticket = copy;
	t->ticket_len = session.len;
}

void group_show(struct group *group, int64_t now_ms)
{
	for (size_t i = 0; i < group->conf->server_count; i++) {
		struct target *t = &group->targets[i];
		const struct pool_server *s = &group->pool.servers[i];
		bool up = pool_control_state(&group->to->control, i) == POOL_UP && t->conf->weight > 0;
		uint64_t until = pool_is_ejected(&group->pool, now_ms, i) ? (uint64_t)s->ejected_until_ms : 0;

		stat_add(&t->stats->up, (uint64_t)up - stat_get(&t->stats->up));
		stat_add(&t->stats->out_until_ms, until - stat_get(&t->stats->out_until_ms));
		stat_add(&t->stats->ejected, s->ejections - stat_get(&t->stats->ejected));
	}
}
