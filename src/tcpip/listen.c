/* listen.c - see listen.h. */
#include "tcpip/listen.h"

#include "tcpip/cookie.h"
#include "tcpip/fast_open.h"
#include "tcpip/input.h"
#include "tcpip/isn.h"
#include "tcpip/state.h"
#include "tcpip/timers.h"

enum listen_room listen_room_for(struct bj_listener *l, const struct bj_ip *remote)
{
	struct bj_stack *s = l->stack;

	if (l->established_count >= l->config->options.backlog) {
		s->stats.accept_overflows++;
		return LISTEN_LATER;
	}
	if (source_is_full(&s->sources, remote, SOURCE_OPEN)) {
		s->stats.source_connection_overflows++;
		return LISTEN_NEVER;
	}
	if (source_is_full(&s->sources, remote, SOURCE_WAITING)) {
		s->stats.source_waiting_overflows++;
		return LISTEN_LATER;
	}
	return LISTEN_ROOM;
}

void listen_forget(struct bj_tcp *t)
{
	struct bj_listener *l = t->listener;

	if (!t->in_listener)
		return;
	list_remove(&t->queue_link);
	source_dequeued(t);
	if (t->accepted) /* counted as established */
		l->established_count--;
	else
		l->half_open_count--;
	t->in_listener = false;
	t->listener = NULL;
}

void listen_established(struct bj_tcp *t)
{
	struct bj_listener *l = t->listener;

	list_remove(&t->queue_link);
	l->half_open_count--;
	l->established_count++;
	source_established(t);
	t->accepted = true;
	list_push_back(&l->established, &t->queue_link);
	stack_ready_listener(l);
}

/* A connection in LISTEN for the sender of this segment. Null: no room. */
static struct bj_tcp *half_open(struct bj_listener *l, const struct arrival *a)
{
	struct bj_tcp *t = tcp_make(l->stack, &a->key, l->config);

	if (!t)
		return NULL;
	t->passive = true;
	t->listener = l;
	t->in_listener = true;
	l->half_open_count++;
	source_half_opened(t);
	list_push_back(&l->half_open, &t->queue_link);
	tcp_set_state(t, BJ_TCP_LISTEN);
	t->ts_offset = ts_offset_make(l->stack, &a->key);
	return t;
}

/* Are there so many half-open ones, in all or of this source, that no more are kept? */
static bool is_crowded(const struct bj_listener *l, const struct bj_ip *remote)
{
	if (l->half_open_count >= l->config->options.syn_backlog)
		return true;
	if (!source_is_full(&l->stack->sources, remote, SOURCE_HALF_OPEN))
		return false;
	l->stack->stats.source_half_open_overflows++;
	return true;
}

/* False, and answered as it is to be: there is no room for it. */
static bool find_room(struct bj_listener *l, const struct arrival *a)
{
	enum listen_room room = listen_room_for(l, &a->key.remote);

	if (room == LISTEN_NEVER)
		stack_reply_reset(l->stack, a);
	return room == LISTEN_ROOM;
}

static void take_syn(struct bj_listener *l, struct arrival *a)
{
	const struct bj_tcp_options *o = &l->config->options;
	bool crowded;
	struct bj_tcp *t;

	if (!find_room(l, a))
		return;
	crowded = is_crowded(l, &a->key.remote);
	if (o->syn_cookies_always || (crowded && !o->syn_cookies_never)) {
		cookie_send(l->stack, a, l->config);
		return;
	}
	if (crowded)
		return;
	t = half_open(l, a);
	if (!t)
		return;
	t->iss = isn_make(l->stack, &a->key);
	t->snd_una = t->iss;
	t->snd_nxt = t->iss;
	tcp_take_syn(t, a);
	fast_open_listen(t, a);
	tcp_set_state(t, BJ_TCP_SYN_RECEIVED);
	t->progress_us = l->stack->now_us;
	t->syn_due = true;
	stack_want_output(t);
	if (t->fast_open)
		fast_open_begin(t, a);
}

/* An ACK at a listener: a cookie that comes back, or nothing that we know of. */
static bool take_cookie(struct bj_listener *l, struct arrival *a)
{
	const struct bj_tcp_options *o = &l->config->options;
	struct cookie cookie;
	struct arrival syn = *a;
	enum cookie_verdict verdict;
	struct bj_tcp *t;

	if (o->syn_cookies_never || a->seg.flags & (TCP_SYN | TCP_RST) || !cookie_may_come(l->stack))
		return false;
	verdict = cookie_check(l->stack, a, &cookie);
	if (verdict == COOKIE_LATER)
		return true; /* nothing is known of its beginning: it waits for the peer's retransmission, a reset would end it */
	if (verdict == COOKIE_NONE) {
		l->stack->stats.cookies_refused++;
		return false;
	}
	if (!find_room(l, a))
		return true;
	t = half_open(l, a);
	if (!t)
		return true;
	/* the SYN, as it must have been */
	syn.seg.seq = a->seg.seq - 1;
	syn.seg.flags = TCP_SYN;
	syn.seg.options = (struct tcp_options){ .has_mss = true, .mss = cookie.mss, .sack_permitted = cookie.sack_ok,
		.has_window_scale = cookie.wscale_ok, .window_scale = cookie.wscale,
		.has_timestamps = a->seg.options.has_timestamps, .ts_val = a->seg.options.ts_val };
	t->iss = a->seg.ack - 1;
	t->snd_una = t->iss;
	t->snd_nxt = t->iss + 1;
	t->from_cookie = true;
	tcp_take_syn(t, &syn);
	tcp_establish(t, a);
	l->stack->stats.cookies_taken++;
	tcp_input(t, a);
	return true;
}

void listen_input(struct bj_listener *l, struct arrival *a)
{
	if (a->seg.flags & TCP_RST)
		return; /* first */
	if (a->seg.flags & TCP_ACK) { /* second */
		if (!take_cookie(l, a))
			stack_reply_reset(l->stack, a);
		return;
	}
	if ((a->seg.flags & (TCP_SYN | TCP_FIN)) == TCP_SYN) /* third; a SYN with FIN is nobody's handshake */
		take_syn(l, a);
}
