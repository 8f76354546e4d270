/* relay.c - see relay.h. */
#include "gateway/relay.h"
#include "gateway/route.h"
#include "gateway/session.h"
#include "gateway/upstream.h"
#include "gateway/worker.h"

/* ---- moving */

static void move_one_way(struct link *from, struct link *to, uint64_t *count)
{
	struct bj_bytes view;
	int fills = 0;

	if (to->finish_asked)
		return;
	while (!link_is_blocked(to) && !to->err) {
		if (link_next(from, &view)) {
			link_put(to, view);
			link_used(from, view, view.len, false);
			*count += view.len;
			continue;
		}
		if (from->err || from->ended || fills++ == RELAY_FILLS_MAX)
			break;
		if (link_fill(from) == BJ_ERR_WOULD_BLOCK)
			break;
	}
	(void)link_flush(to);
	if (from->ended && !from->err && !to->err && !link_is_blocked(to) && !link_has_held(from))
		link_finish(to);
	link_want_read(from, !link_is_blocked(to) && !to->err);
}

enum relay_state relay_both(struct link *a, struct link *b, uint64_t *a_to_b, uint64_t *b_to_a)
{
	move_one_way(a, b, a_to_b);
	move_one_way(b, a, b_to_a);
	if (a->err || b->err)
		return RELAY_FAILED;
	return a->finish_asked && b->finish_asked ? RELAY_ENDED : RELAY_ON;
}

static void break_one(struct link *l, enum bj_err err)
{
	if (l->finish_asked && !link_is_blocked(l))
		return;
	if (!l->err)
		l->err = err;
	stream_reset_on_drop(&l->stream);
}

void relay_break(struct link *a, struct link *b, enum bj_err err)
{
	break_one(a, err);
	break_one(b, err);
}

/* ---- the session */

struct relay_session {
	struct session base;
	struct group *group;
	struct target *target;
	struct upstream *up;
	struct pool_set tried;
	unsigned tries;
	int64_t try_us;
	uint64_t bytes_in, bytes_out;
	bool picked;
	enum bj_err err;
};

static struct relay_session *relay_of(struct session *s)
{
	return CONTAINER_OF(s, struct relay_session, base);
}

static void drop_server(struct relay_session *r, enum pool_outcome outcome)
{
	struct worker *w = session_worker(&r->base);

	if (r->picked) {
		r->picked = false;
		pool_end(&r->group->pool, r->target->index, w->loop.now_ms, outcome, (uint64_t)(w->loop.now_us - r->try_us));
		stat_add(&r->target->stats->requests, 1);
		if (outcome == POOL_FAILED) {
			stat_add(&r->target->stats->failures, 1);
			group_show(r->group, w->loop.now_ms);
		}
	}
	if (r->up) {
		upstream_close(r->up);
		r->up = NULL;
	}
}

static void fail(struct relay_session *r, enum bj_err err)
{
	r->err = err;
	session_end(&r->base, close_reason_of(err));
}

static void try_server(struct relay_session *r);

static void server_failed(struct relay_session *r, enum bj_err err)
{
	struct worker *w = session_worker(&r->base);

	if (upstream_lacked(err)) {
		drop_server(r, POOL_ABANDONED);
		fail(r, err);
		return;
	}
	stat_add(&w->stats->upstream_failures, 1);
	drop_server(r, POOL_FAILED);
	r->err = err;
	if (r->tries <= r->group->conf->retries && retry_take(&r->group->budget, w->loop.now_ms)) {
		stat_add(&w->stats->retries, 1);
		try_server(r);
		return;
	}
	fail(r, err);
}

static void move(struct relay_session *r)
{
	struct session *s = &r->base;
	bool connecting = !r->up || !r->up->established;

	if (s->client.err) {
		fail(r, s->client.err);
		return;
	}
	if (connecting) {
		link_want_read(&s->client, false);
		return;
	}
	switch (relay_both(&s->client, &r->up->link, &r->bytes_in, &r->bytes_out)) {
	case RELAY_ON:
		session_set_timer(s, s->to->conf->limits.idle_time_ms);
		return;
	case RELAY_ENDED:
		drop_server(r, POOL_SUCCEEDED);
		session_end(s, CLOSE_FIN);
		return;
	case RELAY_FAILED:
		r->err = s->client.err ? s->client.err : r->up->link.err;
		relay_break(&s->client, &r->up->link, r->err);
		drop_server(r, POOL_SUCCEEDED);
		session_end(s, close_reason_of(r->err));
		return;
	}
}

static void server_ready(struct upstream *up)
{
	struct relay_session *r = (struct relay_session *)up->user;

	if (up->link.err && !r->bytes_in && !r->bytes_out && !up->established) {
		server_failed(r, up->link.err);
		return;
	}
	move(r);
}

static void try_server(struct relay_session *r)
{
	struct session *s = &r->base;
	struct worker *w = session_worker(s);
	struct addr peer = session_peer(s);
	size_t index = POOL_NONE;
	enum bj_err err;

	if (r->group->targets)
		index = pool_pick(&r->group->pool, w->loop.now_ms, addr_host_bytes(&peer), r->tries > 0 ? &r->tried : NULL);
	if (index == POOL_NONE) {
		fail(r, r->err ? r->err : BJ_ERR_NOT_FOUND);
		return;
	}
	r->target = &r->group->targets[index];
	r->tries++;
	r->try_us = w->loop.now_us;
	pool_set_add(&r->tried, index);
	pool_begin(&r->group->pool, index);
	r->picked = true;
	err = upstream_take(r->target, true, r, server_ready, &r->up);
	if (err) {
		server_failed(r, err);
		return;
	}
	upstream_tell_connected(r->up);
	session_set_timer(s, r->group->conf->connect_time_ms);
}

static void kind_begin(struct session *s)
{
	struct relay_session *r = relay_of(s);
	const struct conf_route *route = route_find(s->to->conf, NULL, s->identity);

	if (route->action != CONF_ACTION_POOL || !route_admits(route, s->identity)) {
		fail(r, BJ_ERR_ACCESS_DENIED);
		return;
	}
	link_want_read(&s->client, false);
	r->group = generation_group(s->generation, route->pool);
	if (r->group->targets)
		retry_note_request(&r->group->budget);
	try_server(r);
}

static void kind_ready(struct session *s)
{
	move(relay_of(s));
}

static void kind_timeout(struct session *s)
{
	struct relay_session *r = relay_of(s);

	if (r->up && !r->up->established)
		server_failed(r, BJ_ERR_IO_TIMEOUT);
	else
		fail(r, BJ_ERR_IO_TIMEOUT);
}

static void kind_drain(struct session *s)
{
}

static void kind_end(struct session *s)
{
	struct relay_session *r = relay_of(s);
	struct worker *w = session_worker(s);
	struct log_connection line = {
		.session = s,
		.pool = r->group ? r->group->conf->name : NULL,
		.server = r->target ? r->target->conf->name : NULL,
		.bytes_in = r->bytes_in,
		.bytes_out = r->bytes_out,
		.duration_us = w->loop.now_us - s->opened_us,
		.err = r->err,
	};

	if (r->up && r->up->established)
		relay_break(&s->client, &r->up->link, r->err ? r->err : BJ_ERR_CLOSED);
	drop_server(r, POOL_ABANDONED);
	stat_add(&w->stats->bytes_in, r->bytes_in);
	stat_add(&w->stats->bytes_out, r->bytes_out);
	if (s->begun && w->log.on)
		access_log_connection(&w->log, &line);
}

const struct session_kind relay_kind = { kind_begin, kind_ready, kind_timeout, kind_drain, kind_end };

size_t relay_session_size(void)
{
	return sizeof(struct relay_session);
}

void relay_session_init(struct session *s)
{
	link_want_read(&s->client, true);
}
