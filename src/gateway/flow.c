/* flow.c - see flow.h. */
#include "gateway/flow.h"
#include "gateway/generation.h"
#include "gateway/route.h"
#include "gateway/worker.h"

#define FLOW_KEY_MAX (16 + 2 + 16) /* address and port of the client, address of ours */

struct flow {
	struct map_node node;
	struct listening *on;
	struct generation *generation;
	struct runtime_places *places; /* null: not counted */
	struct group *group;
	struct target *target;
	struct udp server;
	struct loop_timer timer;
	struct addr client;
	struct udp_here here;      /* where the client sends to, so that it hears from there */
	uint8_t key[FLOW_KEY_MAX];
	uint8_t key_len;
	int64_t heard_ms;
	int64_t opened_us;
	unsigned idle_ms;
	uint64_t bytes_in, bytes_out;
};

static struct bj_bytes key_of(const struct map_node *node)
{
	const struct flow *f = CONTAINER_OF(node, struct flow, node);

	return bytes_of(f->key, f->key_len);
}

static uint8_t make_key(const struct addr *a, const struct udp_here *here, uint8_t key[FLOW_KEY_MAX])
{
	struct bj_bytes host = addr_host_bytes(a);
	uint16_t port = addr_port(a);

	bytes_copy(key, host.ptr, host.len);
	key[host.len] = (uint8_t)(port >> 8);
	key[host.len + 1] = (uint8_t)port;
	memcpy(key + host.len + 2, here->bytes, here->len);
	return (uint8_t)(host.len + 2 + here->len);
}

static void flow_end(struct flow *f, enum pool_outcome outcome)
{
	struct worker *w = f->on->worker;

	pool_end(&f->group->pool, f->target->index, w->loop.now_ms, outcome, 0);
	stat_sub(&f->target->stats->connections, 1);
	stat_add(&f->target->stats->requests, 1);
	if (outcome == POOL_FAILED) {
		stat_add(&f->target->stats->failures, 1);
		group_show(f->group, w->loop.now_ms);
	}
	stat_add(&w->stats->bytes_in, f->bytes_in);
	stat_add(&w->stats->bytes_out, f->bytes_out);
	stat_sub(&w->stats->flows_open, 1);
	w->flow_count--;
	loop_timer_cancel(&w->loop, &f->timer);
	udp_fini(&f->server);
	(void)map_remove(&f->on->flows, &f->node);
	runtime_places_give(f->places);
	f->on->open--;
	generation_unref(f->generation);
	slab_free(&w->flow_slab, f);
}

/* Deadlines move with every datagram; the timer is moved only when it fires. */
static void silent(struct loop_timer *timer)
{
	struct flow *f = CONTAINER_OF(timer, struct flow, timer);
	struct worker *w = f->on->worker;
	struct listening *on = f->on;

	if (w->loop.now_ms - f->heard_ms < f->idle_ms) {
		loop_timer_set(&w->loop, timer, f->heard_ms + f->idle_ms);
		return;
	}
	flow_end(f, f->server.failed ? POOL_FAILED : POOL_SUCCEEDED);
	worker_session_ended(w, on);
}

static void from_server(struct udp *udp, const struct addr *from, struct bj_bytes datagram)
{
	struct flow *f = CONTAINER_OF(udp, struct flow, server);
	struct worker *w = f->on->worker;
	enum bj_err lost;

	f->heard_ms = w->loop.now_ms;
	f->bytes_out += datagram.len;
	stat_add(&w->stats->datagrams_out, 1);
	lost = udp_answer(&f->on->udp, &f->client, &f->here, datagram);
	(void)lost; /* datagrams may be lost */
}

static struct flow *flow_new(struct listening *on, const struct addr *from, const uint8_t *key, uint8_t key_len)
{
	struct worker *w = on->worker;
	const struct conf_route *route = route_find(on->to->conf, NULL, NULL);
	struct runtime_places *places;
	struct group *group;
	struct flow *f;
	size_t index;

	if (route->action != CONF_ACTION_POOL || w->draining || w->flow_count >= w->flows_max)
		return NULL;
	if (on->to->conf->deny_count > 0 && conf_networks_have(on->to->conf->deny, on->to->conf->deny_count, &from->sa.any))
		return NULL;
	group = generation_group(on->generation, route->pool);
	if (!group->targets)
		return NULL;
	index = pool_pick(&group->pool, w->loop.now_ms, addr_host_bytes(from), NULL);
	if (index == POOL_NONE)
		return NULL;
	if (!runtime_listener_take(on->to, &places))
		return NULL;
	f = (struct flow *)slab_alloc(&w->flow_slab);
	if (!f) {
		runtime_places_give(places);
		return NULL;
	}
	*f = (struct flow){ .on = on, .places = places, .group = group, .target = &group->targets[index], .client = *from, .here = on->udp.here, .key_len = key_len };
	memcpy(f->key, key, key_len);
	f->idle_ms = on->to->conf->flow_idle_ms;
	f->heard_ms = w->loop.now_ms;
	f->opened_us = w->loop.now_us;
	loop_timer_init(&f->timer, silent);
	if (udp_connect(&f->server, &w->loop, w->udp_scratch, f->target->addr, from_server)) {
		runtime_places_give(places);
		slab_free(&w->flow_slab, f);
		return NULL;
	}
	if (map_insert(&on->flows, &f->node)) {
		runtime_places_give(places);
		udp_fini(&f->server);
		slab_free(&w->flow_slab, f);
		return NULL;
	}
	f->generation = generation_ref(on->generation);
	pool_begin(&group->pool, index);
	stat_add(&f->target->stats->connections, 1);
	stat_add(&w->stats->flows_open, 1);
	w->flow_count++;
	on->open++;
	if (f->idle_ms) /* 0: no limit */
		loop_timer_set(&w->loop, &f->timer, w->loop.now_ms + f->idle_ms);
	return f;
}

void flow_datagram(struct udp *udp, const struct addr *from, struct bj_bytes datagram)
{
	struct listening *on = CONTAINER_OF(udp, struct listening, udp);
	struct worker *w = on->worker;
	uint8_t key[FLOW_KEY_MAX], key_len = make_key(from, &udp->here, key);
	struct map_node *node = map_find(&on->flows, bytes_of(key, key_len));
	struct flow *f = node ? CONTAINER_OF(node, struct flow, node) : flow_new(on, from, key, key_len);
	enum bj_err err;

	stat_add(&w->stats->datagrams_in, 1);
	if (!f) {
		stat_add(&w->stats->connections_refused, 1);
		return;
	}
	if (f->server.failed) {
		/* nobody listens there (any more): the next server gets the client */
		flow_end(f, POOL_FAILED);
		f = flow_new(on, from, key, key_len);
		if (!f)
			return;
	}
	f->heard_ms = w->loop.now_ms;
	f->bytes_in += datagram.len;
	err = udp_send(&f->server, NULL, datagram);
	if (err == BJ_ERR_IO_REFUSED) {
		f->server.failed = true;
		err = udp_send(&f->server, NULL, datagram); /* the refusal was an earlier one's */
	}
	(void)err; /* datagrams may be lost */
}

void flows_init(struct listening *on)
{
	map_init(&on->flows, &on->worker->key, key_of, FLOWS_MAX);
}

size_t flow_size(void)
{
	return sizeof(struct flow);
}

void flows_end(struct listening *on)
{
	struct map_node *node = map_next(&on->flows, NULL);

	while (node) {
		struct map_node *next = map_next(&on->flows, node);

		flow_end(CONTAINER_OF(node, struct flow, node), POOL_SUCCEEDED);
		node = next;
	}
	map_fini(&on->flows);
}
