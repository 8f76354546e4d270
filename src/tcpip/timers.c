/* timers.c - see timers.h. */
#include "tcpip/timers.h"

#include "tcpip/congestion.h"
#include "tcpip/fast_open.h"
#include "tcpip/output.h"
#include "tcpip/pmtu.h"
#include "tcpip/rack.h"
#include "tcpip/rtt.h"
#include "tcpip/stack.h"
#include "tcpip/user_timeout.h"

#define ACK_DELAY_MAX_US 1000000u
#define MEMORY_AGAIN_US 50000

/* When the delayed ACK is due. It is never more than half a second away (MUST-40): what looks further was before now. */
static int64_t ack_deadline(const struct bj_tcp *t)
{
	int64_t now = tcp_stack(t)->now_us;
	uint32_t left = t->ack_at - (uint32_t)now;

	if (!t->ack_timed)
		return TCP_NEVER;
	return left < ACK_DELAY_MAX_US ? now + left : now;
}

/* The wheel's timer goes to the first deadline; one that is early anyway stays where it is. */
static void update(struct bj_tcp *t)
{
	int64_t first = i64_min(t->retransmit_at, i64_min(ack_deadline(t), t->keepalive_at));

	if (t->flight && t->flight->pace_wake)
		first = i64_min(first, t->flight->pace_wake);

	if (first == TCP_NEVER)
		return;
	if (!timer_is_armed(&t->timer) || t->timer.at_ms > first)
		wheel_add(&tcp_stack(t)->wheel, &t->timer, first);
}

static void set_retransmit(struct bj_tcp *t, enum tcp_retransmit_kind kind, int64_t after_us)
{
	t->retransmit_kind = (uint8_t)kind;
	t->retransmit_at = kind == TCP_RETRANSMIT_NONE ? TCP_NEVER : tcp_stack(t)->now_us + after_us;
	update(t);
}

/* Not later than when the owner's patience ends: R2. */
static int64_t until_r2(const struct bj_tcp *t, int64_t after_us)
{
	const struct bj_tcp_options *o = tcp_options_of(t);
	int64_t r2 = tcp_is_synchronized(t) ? user_timeout_us(t) : o->syn_timeout_us;
	int64_t left = t->progress_us + r2 - tcp_stack(t)->now_us;

	return i64_max(i64_min(after_us, left), 0);
}

void tcp_arm_retransmit(struct bj_tcp *t, int64_t reorder_us)
{
	int64_t tail;

	if (!tcp_has_unacked(t) && !tcp_is_open_early(t)) {
		bool kept_back = tcp_may_send(t) && (tcp_unsent(t) > 0 || tcp_fin_unsent(t)) && t->snd_wnd < t->mss;

		if (kept_back && t->retransmit_kind != TCP_RETRANSMIT_PERSIST)
			t->progress_us = tcp_stack(t)->now_us; /* patience begins with the first probe */
		if (kept_back)
			set_retransmit(t, TCP_RETRANSMIT_PERSIST, until_r2(t, rto_now(t)));
		else if (t->retransmit_kind != TCP_RETRANSMIT_MEMORY)
			set_retransmit(t, TCP_RETRANSMIT_NONE, 0);
		return;
	}
	if (reorder_us > 0) {
		set_retransmit(t, TCP_RETRANSMIT_REORDER, reorder_us);
		return;
	}
	tail = tail_probe_after(t);
	if (tail > 0)
		set_retransmit(t, TCP_RETRANSMIT_TAIL, tail);
	else
		set_retransmit(t, TCP_RETRANSMIT_RTO, until_r2(t, rto_now(t)));
}

void tcp_arm_if_idle(struct bj_tcp *t)
{
	if (t->retransmit_at == TCP_NEVER || t->retransmit_kind == TCP_RETRANSMIT_TAIL || t->retransmit_kind >= TCP_RETRANSMIT_PERSIST)
		tcp_arm_retransmit(t, 0);
}

void tcp_arm_memory(struct bj_tcp *t)
{
	if (t->retransmit_at == TCP_NEVER)
		set_retransmit(t, TCP_RETRANSMIT_MEMORY, MEMORY_AGAIN_US);
}

void tcp_arm_keepalive(struct bj_tcp *t)
{
	const struct bj_tcp_options *o = tcp_options_of(t);
	int64_t now = tcp_stack(t)->now_us;

	t->keepalive_at = TCP_NEVER;
	if (t->state == BJ_TCP_TIME_WAIT)
		t->keepalive_at = now + o->time_wait_us;
	else if (t->state == BJ_TCP_FIN_WAIT_2 && !t->owned)
		t->keepalive_at = now + o->fin_wait_2_us;
	else if (o->keepalive && tcp_is_synchronized(t))
		t->keepalive_at = now + (t->probes_sent ? o->keepalive_interval_us : o->keepalive_idle_us);
	update(t);
}

void tcp_arm_pace(struct bj_tcp *t, int64_t at_us)
{
	t->flight->pace_wake = at_us;
	update(t);
}

void tcp_arm_ack(struct bj_tcp *t, int64_t at_us)
{
	t->ack_at = (uint32_t)at_us;
	t->ack_timed = true;
	update(t);
}

/* ---- what happens when they go off */

/* True if the owner's patience is at its end: R2 of rfc9293:3.8.3. */
static bool patience_ends(struct bj_tcp *t)
{
	const struct bj_tcp_options *o = tcp_options_of(t);
	int64_t r2 = tcp_is_synchronized(t) ? user_timeout_us(t) : o->syn_timeout_us;

	if (tcp_stack(t)->now_us - t->progress_us < r2)
		return false;
	tcp_end(t, t->soft_error ? (enum bj_err)t->soft_error : BJ_ERR_IO_TIMEOUT);
	return true;
}

static void count_backoff(struct bj_tcp *t)
{
	if (t->backoff < UINT8_MAX)
		t->backoff++;
	if (t->backoff == TCP_R1)
		stack_ready(t, BJ_READY_SOFT); /* SHLD-9 */
	if (t->timeouts < UINT16_MAX)
		t->timeouts++;
}

static void fire_rto(struct bj_tcp *t)
{
	struct tcp_flight *f = t->flight;

	stack_event(t, BJ_EVENT_TIMER, BJ_TIMER_RTO, 0, t->snd_una, t->snd_nxt - t->snd_una);
	if (patience_ends(t))
		return;
	count_backoff(t);
	if (!tcp_is_synchronized(t) && t->state != BJ_TCP_CLOSED) {
		t->syn_due = true;
	} else if (f) {
		if (t->snd_wnd > 0) {
			pmtu_timeout(t);
			cc_timeout(t); /* a window shut while bytes are out is no congestion */
			flight_mark_overdue(t, rack_overdue(t));
			t->cwnd = flight_pipe(t) + t->mss; /* room for the first */
		} else {
			t->probe_due = true;
		}
	}
	set_retransmit(t, TCP_RETRANSMIT_RTO, until_r2(t, rto_now(t)));
	stack_want_output(t);
}

static void fire_persist(struct bj_tcp *t)
{
	stack_event(t, BJ_EVENT_TIMER, BJ_TIMER_PERSIST, 0, t->snd_una, 0);
	if (patience_ends(t))
		return;
	if (t->backoff < UINT8_MAX)
		t->backoff++;
	t->probe_due = true;
	set_retransmit(t, TCP_RETRANSMIT_PERSIST, until_r2(t, rto_now(t)));
	stack_want_output(t);
}

static void fire_tail(struct bj_tcp *t)
{
	stack_event(t, BJ_EVENT_TIMER, BJ_TIMER_TAIL, 0, t->snd_una, 0);
	t->probe_due = true;
	if (t->tail_probes < UINT8_MAX)
		t->tail_probes++;
	set_retransmit(t, TCP_RETRANSMIT_RTO, until_r2(t, rto_now(t)));
	stack_want_output(t);
}

static void fire_reorder(struct bj_tcp *t)
{
	struct tcp_flight *f = t->flight;
	int64_t wait_us = 0;

	stack_event(t, BJ_EVENT_TIMER, BJ_TIMER_REORDER, 0, t->snd_una, 0);
	if (f && rack_detect(t, &wait_us) > 0 && f->recovery < BJ_RECOVERY_FAST) {
		cc_enter_recovery(t, 0);
		cc_recovery_ack(t, 0, false);
	}
	tcp_arm_retransmit(t, wait_us);
	stack_want_output(t);
}

static void fire_keepalive(struct bj_tcp *t)
{
	const struct bj_tcp_options *o = tcp_options_of(t);

	stack_event(t, BJ_EVENT_TIMER, t->state == BJ_TCP_TIME_WAIT ? BJ_TIMER_LINGER : BJ_TIMER_KEEPALIVE, 0, t->snd_una, 0);
	if (t->state == BJ_TCP_TIME_WAIT || (t->state == BJ_TCP_FIN_WAIT_2 && !t->owned)) {
		tcp_end(t, BJ_OK);
		return;
	}
	if (!o->keepalive || tcp_has_unacked(t)) { /* retransmission finds out by itself */
		tcp_arm_keepalive(t);
		return;
	}
	if (t->probes_sent >= o->keepalive_count) {
		tcp_end(t, BJ_ERR_IO_TIMEOUT);
		return;
	}
	t->probes_sent++;
	t->keepalive_due = true;
	tcp_arm_keepalive(t);
	stack_want_output(t);
}

static void fire_memory(struct bj_tcp *t)
{
	tcp_write_may_go_on(t);
	stack_want_output(t);
}

static void fire_retransmit(struct bj_tcp *t)
{
	t->retransmit_at = TCP_NEVER;
	if (t->retransmit_kind == TCP_RETRANSMIT_RTO)
		fire_rto(t);
	else if (t->retransmit_kind == TCP_RETRANSMIT_TAIL)
		fire_tail(t);
	else if (t->retransmit_kind == TCP_RETRANSMIT_REORDER)
		fire_reorder(t);
	else if (t->retransmit_kind == TCP_RETRANSMIT_PERSIST)
		fire_persist(t);
	else if (t->retransmit_kind == TCP_RETRANSMIT_MEMORY)
		fire_memory(t);
}

void tcp_timer_fire(struct bj_tcp *t)
{
	int64_t now = tcp_stack(t)->now_us;

	if (ack_deadline(t) <= now) {
		t->ack_timed = false;
		if (t->ack_pending) {
			stack_event(t, BJ_EVENT_TIMER, BJ_TIMER_ACK, 0, t->rcv_nxt, 0);
			t->ack_now = true;
			stack_want_output(t);
		}
	}
	if (t->flight && t->flight->pace_wake && t->flight->pace_wake <= now) {
		t->flight->pace_wake = 0;
		stack_want_output(t);
	}
	if (t->retransmit_at <= now)
		fire_retransmit(t);
	if (t->state != BJ_TCP_CLOSED && t->keepalive_at <= now)
		fire_keepalive(t);
	if (t->state != BJ_TCP_CLOSED)
		update(t);
}
