/* upstream.c - see upstream.h. */
#include "gateway/upstream.h"
#include "gateway/worker.h"

static void count_handshake(struct upstream *up)
{
	struct worker *w = up->link.worker;
	struct tls_stats *stats = &w->stats->tls[SIDE_BACKEND];

	if (up->counted || !up->link.tls)
		return;
	up->counted = true;
	stat_sub(&stats->in_progress, 1);
	stats_handshake(stats, up->link.tls, handshake_result_of(up->link.err), w->loop.now_us - up->opened_us);
}

/* Tickets may come together with the last bytes of a response, so this is asked before closing too. */
static void keep_ticket(struct upstream *up)
{
	if (!up->link.ticket || up->link.err)
		return;
	up->link.ticket = false;
	target_keep_ticket(up->target, bj_tls_session(up->link.tls));
}

/* TLS ended it, or the server went away from a handshake. What it was made with, or left, is not offered again: a server that cannot live with
 * a session of its own would fail each time, for as long as that lasts. rfc5246:7.2.2 */
static bool tls_has_failed(const struct upstream *up)
{
	enum bj_err err = up->link.tls ? up->link.err : BJ_OK;

	return err == BJ_ERR_ALERT_RECEIVED || bj_err_alert(err) >= 0 || (err == BJ_ERR_TRUNCATED && !up->established);
}

void upstream_is_established(struct upstream *up)
{
	up->established = true;
	up->link.reads_on = true;
}

static void link_ready(struct link *link)
{
	struct upstream *up = CONTAINER_OF(link, struct upstream, link);

	if (up->probe && !link->err) {
		up->probe = false;
		link->err = stream_connect_result(&link->stream);
	}
	if (!link->handshaking || link->err)
		count_handshake(up);
	if (!link->handshaking && !link->err)
		upstream_is_established(up);
	keep_ticket(up);
	if (up->user) {
		up->ready(up);
		return;
	}
	/* idle: tickets and key updates are taken, anything else ends it */
	if (link_fill(link) == BJ_OK) {
		struct bj_bytes view;

		if (!link_next(link, &view) && !link->err && !link->ended)
			return;
	} else if (!link->err) {
		return;
	}
	upstream_close(up);
}

static void idle_over(struct loop_timer *timer)
{
	upstream_close(CONTAINER_OF(timer, struct upstream, timer));
}

static struct upstream *take_idle(struct target *t)
{
	struct list *node = list_pop_front(&t->idle);
	struct upstream *up;

	if (!node)
		return NULL;
	up = CONTAINER_OF(node, struct upstream, node);
	t->idle_count--;
	stat_sub(&t->stats->idle, 1);
	loop_timer_cancel(&up->link.worker->loop, &up->timer);
	up->reused = true;
	return up;
}

static enum bj_err connect_new(struct target *t, struct upstream **out)
{
	struct worker *w = t->group->generation->worker;
	struct upstream *up = (struct upstream *)slab_alloc(&w->upstream_slab);
	const struct conf_pool_tls *tls = t->group->conf->tls;
	enum bj_err err;

	if (!up)
		return BJ_ERR_NO_MEMORY;
	*up = (struct upstream){ .target = t, .opened_us = w->loop.now_us };
	list_init(&up->node);
	loop_timer_init(&up->timer, idle_over);
	stat_add(&w->stats->upstream_connects, 1);
	err = link_connect(&up->link, w, t->addr, t->group->to->tls, tls ? (tls->name ? tls->name : t->conf->host) : NULL,
			   bytes_of(t->ticket, t->ticket_len), link_ready);
	if (err) {
		slab_free(&w->upstream_slab, up);
		return err;
	}
	if (up->link.tls)
		stat_add(&w->stats->tls[SIDE_BACKEND].in_progress, 1);
	*out = up;
	return BJ_OK;
}

enum bj_err upstream_take(struct target *t, bool fresh, void *user, upstream_ready_fn *ready, struct upstream **out)
{
	struct upstream *up = fresh ? NULL : take_idle(t);
	enum bj_err err;

	if (up) {
		stat_add(&up->link.worker->stats->upstream_reused, 1);
	} else {
		err = connect_new(t, &up);
		if (err)
			return err;
	}
	up->user = user;
	up->ready = ready;
	stat_add(&t->stats->connections, 1);
	*out = up;
	return BJ_OK;
}

void upstream_tell_connected(struct upstream *up)
{
	if (up->link.tls || up->established)
		return; /* the handshake tells */
	up->probe = true;
	stream_watch_connect(&up->link.stream);
}

void upstream_give(struct upstream *up)
{
	struct target *t = up->target;
	struct worker *w = up->link.worker;

	if (up->link.err || up->link.deaf || !stream_is_quiet(&up->link.stream) || up->link.ended || up->link.out || link_has_held(&up->link) || up->link.held || w->draining ||
	    t->group->generation->retired || t->idle_count >= t->group->conf->keepalive) {
		upstream_close(up);
		return;
	}
	up->user = NULL;
	stat_sub(&t->stats->connections, 1);
	stat_add(&t->stats->idle, 1);
	list_push_front(&t->idle, &up->node);
	t->idle_count++;
	if (t->group->conf->keepalive_time_ms) /* 0: no limit */
		loop_timer_set(&w->loop, &up->timer, w->loop.now_ms + t->group->conf->keepalive_time_ms);
	link_want_read(&up->link, true);
}

void upstream_close(struct upstream *up)
{
	struct target *t = up->target;
	struct worker *w = up->link.worker;

	keep_ticket(up);
	if (tls_has_failed(up))
		target_forget_ticket(t);
	if (!up->counted && up->link.tls && !up->link.err) /* given up while it was being made */
		up->link.err = BJ_ERR_IO_TIMEOUT;
	count_handshake(up);
	if (up->link.tls)
		stats_connection_end(&w->stats->tls[SIDE_BACKEND], up->link.tls);
	if (up->user) {
		stat_sub(&t->stats->connections, 1);
	} else {
		t->idle_count--;
		stat_sub(&t->stats->idle, 1);
	}
	list_remove(&up->node);
	loop_timer_cancel(&w->loop, &up->timer);
	link_close(&up->link);
	slab_free(&w->upstream_slab, up);
}

void target_close_idle(struct target *t)
{
	while (!list_is_empty(&t->idle))
		upstream_close(CONTAINER_OF(t->idle.next, struct upstream, node));
}
