/* input.c - see input.h. Each step is a function that says whether the next one follows. */
#include "tcpip/input.h"

#include "tcpip/accurate.h"
#include "tcpip/ack.h"
#include "tcpip/congestion.h"
#include "tcpip/ecn.h"
#include "tcpip/fast_open.h"
#include "tcpip/listen.h"
#include "tcpip/output.h"
#include "tcpip/route.h"
#include "tcpip/rtt.h"
#include "tcpip/state.h"
#include "tcpip/text.h"
#include "tcpip/timers.h"
#include "tcpip/user_timeout.h"

#define PAWS_IDLE_HOURS_MAX (24u * 24) /* rfc7323:5.5 */
#define HOUR_US (3600 * INT64_C(1000000))

enum next_step {
	GO_ON,
	STOP,
};

typedef enum next_step step_fn(struct bj_tcp *t, struct arrival *a);

static enum next_step drop(struct bj_tcp *t, const struct arrival *a, enum bj_drop_why why)
{
	stack_event(t, BJ_EVENT_DROPPED, why, 0, a->seg.seq, tcp_segment_len(&a->seg));
	return STOP;
}

/* An ACK that asks the peer to prove itself (rfc5961:3.2), or answers what is out of the window. Limited for each
 * connection alone, so that nobody learns of one by asking another; bytes that are no SYN are no part of a loop. */
static void challenge(struct bj_tcp *t, const struct arrival *a)
{
	uint16_t now = (uint16_t)(stack_ms(tcp_stack(t)) / 16);
	bool limited = a->seg.payload.len == 0 || a->seg.flags & TCP_SYN;

	if (limited && t->challenge_at && (uint16_t)(now - t->challenge_at) < TCP_CHALLENGE_SPACING) {
		tcp_stack(t)->stats.challenges_withheld++;
		return;
	}
	if (limited)
		t->challenge_at = now ? now : 1;
	tcp_stack(t)->stats.challenges_sent++;
	t->challenge_due = true;
	stack_want_output(t);
}

static void trim(struct bj_tcp *t, struct tcp_segment *s);
static enum next_step check_ack(struct bj_tcp *t, struct arrival *a);

static uint16_t hours(const struct bj_tcp *t)
{
	return (uint16_t)(tcp_stack(t)->now_us / HOUR_US);
}

/* ---- SYN-SENT: rfc9293:3.10.7.3 */

void tcp_take_syn(struct bj_tcp *t, const struct arrival *a)
{
	const struct tcp_options *o = &a->seg.options;
	const struct bj_tcp_options *ours = tcp_options_of(t);

	t->rcv_nxt = a->seg.seq + 1;
	t->last_ack_sent = t->rcv_nxt;
	t->tune_start = t->rcv_nxt;
	t->tune_us = (uint32_t)tcp_stack(t)->now_us;
	t->peer_mss = o->has_mss ? o->mss : a->is_v4 ? TCP_MSS_DEFAULT_V4 : TCP_MSS_DEFAULT_V6; /* MUST-15 */
	if (t->peer_mss < TCP_MSS_MIN)
		t->peer_mss = TCP_MSS_MIN;
	t->sack_ok = o->sack_permitted && !ours->no_sack;
	t->ts_ok = o->has_timestamps && !ours->no_timestamps;
	t->wscale_ok = o->has_window_scale && !ours->no_window_scale;
	if (t->wscale_ok)
		t->snd_wscale = o->window_scale > TCP_WINDOW_SHIFT_MAX ? TCP_WINDOW_SHIFT_MAX : o->window_scale;
	else
		t->rcv_wscale = 0;
	if (t->ts_ok) {
		t->ts_recent = o->ts_val;
		t->ts_recent_hour = hours(t);
	}
	t->snd_wnd = a->seg.window;
	t->max_snd_wnd = u32_max(t->max_snd_wnd, t->snd_wnd);
	t->snd_wl1 = a->seg.seq;
	t->snd_wl2 = a->seg.ack;
	route_learn(t, a->route);
	user_timeout_take(t, o);
	ecn_negotiate(t, a);
	tcp_update_mss(t);
}

/* Where our SYN had to be repeated, the echo says which one it is that was answered; an older one only tells of a lost answer. */
static void sample_handshake(struct bj_tcp *t, const struct tcp_options *o)
{
	uint32_t ms = tcp_ts_now(t) - o->ts_ecr;

	if (t->from_cookie || tcp_is_open_early(t))
		return;
	if (t->timeouts == 0)
		rtt_sample(t, (uint32_t)i64_min(tcp_stack(t)->now_us - t->progress_us, RTO_MAX_US));
	else if (t->ts_ok && o->has_timestamps && o->ts_ecr && ms < RTO_FIRST_US / 1000)
		rtt_sample(t, ms * 1000);
}

void tcp_establish(struct bj_tcp *t, const struct arrival *a)
{
	bool early = tcp_is_open_early(t);
	int64_t began_us = t->progress_us;

	sample_handshake(t, &a->seg.options);
	fast_open_proved(t);
	fast_open_answer(t, a);
	t->uto_due = tcp_options_of(t)->user_timeout_option;
	tcp_set_state(t, BJ_TCP_ESTABLISHED);
	t->snd_una = t->iss + 1;
	t->backoff = 0;
	t->progress_us = tcp_stack(t)->now_us;
	t->snd_wnd = arrival_window(t, a);
	t->max_snd_wnd = u32_max(t->max_snd_wnd, t->snd_wnd);
	t->snd_wl1 = a->seg.seq;
	t->snd_wl2 = a->seg.ack;
	t->quick_acks = TCP_QUICK_ACKS;
	if (!early)
		cc_init(t);
	t->syn_repeated = t->timeouts > 0;
	t->timeouts = 0;
	t->retransmit_kind = TCP_RETRANSMIT_NONE;
	t->retransmit_at = TCP_NEVER;
	tcp_arm_keepalive(t);
	fast_open_established(t, a, began_us);
	t->delivered = 1;
	if (early)
		tcp_arm_retransmit(t, 0); /* the owner has it already */
	else if (t->passive)
		listen_established(t);
	else
		stack_ready(t, BJ_READY_OPEN);
	if (t->fin_queued)
		tcp_set_state(t, BJ_TCP_FIN_WAIT_1);
	stack_want_output(t);
}

static enum next_step syn_sent_ack(struct bj_tcp *t, struct arrival *a)
{
	if (!(a->seg.flags & TCP_ACK))
		return GO_ON;
	if (seq_gt(a->seg.ack, t->iss) && seq_le(a->seg.ack, t->snd_nxt))
		return GO_ON;
	if (!(a->seg.flags & TCP_RST))
		stack_reply_reset(tcp_stack(t), a);
	return drop(t, a, BJ_DROP_ACK);
}

static enum next_step syn_sent_rst(struct bj_tcp *t, struct arrival *a)
{
	if (!(a->seg.flags & TCP_RST))
		return GO_ON;
	if (a->seg.flags & TCP_ACK)
		tcp_end(t, BJ_ERR_IO_REFUSED);
	return STOP;
}

static enum next_step syn_sent_syn(struct bj_tcp *t, struct arrival *a)
{
	if (!(a->seg.flags & TCP_SYN))
		return drop(t, a, BJ_DROP_NO_ACK);
	tcp_take_syn(t, a);
	if (!(a->seg.flags & TCP_ACK)) {
		/* both opened at once (MUST-10) */
		tcp_set_state(t, BJ_TCP_SYN_RECEIVED);
		t->syn_due = true;
		stack_want_output(t);
		return STOP;
	}
	tcp_establish(t, a);
	t->ack_now = true;
	/* text and FIN of the segment are worked off as in the other states */
	a->seg.seq++;
	a->seg.flags &= (uint16_t)~TCP_SYN;
	trim(t, &a->seg);
	return GO_ON;
}

/* ---- the other states: rfc9293:3.10.7.4 */

/* Simultaneous open: the peer's SYN comes again, with the ACK of ours. Without the ACK: ours got lost. */
static enum next_step syn_received_again(struct bj_tcp *t, struct arrival *a)
{
	if (t->state != BJ_TCP_SYN_RECEIVED || !(a->seg.flags & TCP_SYN) || a->seg.flags & TCP_RST || a->seg.seq != tcp_irs(t))
		return GO_ON;
	if (!(a->seg.flags & TCP_ACK) && ecn_is_other_wish(t, a)) {
		stack_reply_reset(tcp_stack(t), a);
		tcp_end(t, BJ_ERR_IO_RESET);
		return STOP;
	}
	if (!(a->seg.flags & TCP_ACK) || t->passive) {
		if (t->ecn_accurate)
			accurate_syn_again(t, a);
		t->syn_due = true;
		stack_want_output(t);
		return STOP;
	}
	a->seg.seq++;
	a->seg.flags &= (uint16_t)~TCP_SYN;
	t->ack_now = true;
	return GO_ON;
}

/* rfc7323:5.3 R1 and R2 */
static enum next_step check_timestamps(struct bj_tcp *t, struct arrival *a)
{
	const struct tcp_options *o = &a->seg.options;

	if (!t->ts_ok || a->seg.flags & TCP_RST)
		return GO_ON;
	if (!o->has_timestamps)
		return drop(t, a, BJ_DROP_PAWS);
	if ((int32_t)(o->ts_val - t->ts_recent) < 0 && (uint16_t)(hours(t) - t->ts_recent_hour) < PAWS_IDLE_HOURS_MAX) {
		challenge(t, a);
		return drop(t, a, BJ_DROP_PAWS);
	}
	return GO_ON;
}

/* rfc7323:5.3 R3, for segments whose sequence number and ACK were found good: a forged one must not move the clock. */
static enum next_step take_timestamp(struct bj_tcp *t, struct arrival *a)
{
	const struct tcp_options *o = &a->seg.options;

	if (t->ts_ok && o->has_timestamps && seq_le(a->seq, t->last_ack_sent) && seq_le(t->last_ack_sent, a->end) &&
	    (int32_t)(o->ts_val - t->ts_recent) >= 0) {
		a->ts_newer = o->ts_val != t->ts_recent;
		t->ts_recent = o->ts_val;
		t->ts_recent_hour = hours(t);
	}
	return GO_ON;
}

/* Since it is good, what its IP header says counts, too: by which way to answer, and whether it was marked. */
static enum next_step take_ip(struct bj_tcp *t, struct arrival *a)
{
	route_learn(t, a->route);
	ecn_take(t, a);
	user_timeout_take(t, &a->seg.options);
	return GO_ON;
}

/* The four cases of rfc9293:3.10.7.4, table 6; but a mere ACK may stand at the edge: who has filled the window has no other place for it
 * until what got lost has come again. */
static bool is_acceptable(const struct bj_tcp *t, uint32_t seq, uint32_t len, bool is_reset)
{
	uint32_t edge = t->rcv_nxt + t->rcv_wnd;

	if (len == 0)
		return seq_le(t->rcv_nxt, seq) && (seq_lt(seq, edge) || (seq == edge && (!is_reset || t->rcv_wnd == 0)));
	if (t->rcv_wnd == 0)
		return false;
	return (seq_le(t->rcv_nxt, seq) && seq_lt(seq, edge)) ||
	       (seq_le(t->rcv_nxt, seq + len - 1) && seq_lt(seq + len - 1, edge));
}

/* Takes off what lies outside of the window, so that later steps see a segment that begins at rcv_nxt or later and ends
 * inside. */
static void trim(struct bj_tcp *t, struct tcp_segment *s)
{
	uint32_t edge = t->rcv_nxt + t->rcv_wnd, end;

	if (seq_lt(s->seq, t->rcv_nxt) && !(s->flags & TCP_RST)) {
		uint32_t old = t->rcv_nxt - s->seq, bytes = u32_min(old, (uint32_t)s->payload.len);

		if (s->flags & TCP_SYN) {
			s->flags &= (uint16_t)~TCP_SYN;
			bytes = u32_min(old - 1, (uint32_t)s->payload.len);
		}
		if (bytes > 0 && s->flags & TCP_ACK) /* without it the segment will be dropped, and nothing said */
			rare_note_duplicate(t, s->seq, s->seq + bytes);
		s->payload.ptr += bytes;
		s->payload.len -= bytes;
		if (s->flags & TCP_URG)
			s->urgent = s->urgent > old ? (uint16_t)(s->urgent - old) : 0;
		s->seq += old;
	}
	end = s->seq + (uint32_t)s->payload.len;
	if (seq_gt(end, edge)) {
		s->payload.len -= end - edge;
		s->flags &= (uint16_t)~TCP_FIN;
	} else if (end == edge && s->flags & TCP_FIN && s->payload.len > 0) {
		s->flags &= (uint16_t)~TCP_FIN; /* the FIN itself has no room; it will come again */
	}
}

/* The range of rfc5961:5.2, and never below what the peer can have seen: bytes that were not sent cannot be
 * acknowledged, however large the window was (draft-ietf-tcpm-tcp-ghost-acks). */
static bool ack_is_plausible(const struct bj_tcp *t, uint32_t ack)
{
	uint32_t back = t->max_snd_wnd;

	if (t->bytes_acked + t->fin_acked < back)
		back = (uint32_t)t->bytes_acked + t->fin_acked;
	return seq_ge(ack, t->snd_una - back) && seq_le(ack, t->snd_nxt);
}

/* All of it was there already, not long ago, from somebody who knows where we are: what the copy looked like counts, too. */
static bool is_late_copy(const struct bj_tcp *t, const struct arrival *a)
{
	return a->seg.flags & TCP_ACK && ack_is_plausible(t, a->seg.ack) && seq_le(a->end, t->rcv_nxt) && seq_ge(a->end, t->rcv_nxt - t->receive.limit);
}

/* First: the sequence number. */
static enum next_step check_sequence(struct bj_tcp *t, struct arrival *a)
{
	struct tcp_segment *s = &a->seg;
	uint32_t len = s->flags & TCP_RST ? 0 : tcp_segment_len(s), end = s->seq + len; /* a reset stands where it begins, whatever it carries (SHLD-2) */

	if (s->flags & TCP_SYN && !(s->flags & TCP_RST) && tcp_is_synchronized(t)) {
		challenge(t, a); /* wherever it stands, and whatever else it has: rfc5961:4.2 */
		if (t->ecn_accurate && t->challenge_due && s->flags & TCP_ACK && s->seq == tcp_irs(t))
			accurate_syn_again(t, a);
		return drop(t, a, BJ_DROP_SYN);
	}
	if (is_acceptable(t, s->seq, len, s->flags & TCP_RST)) {
		trim(t, s);
		return GO_ON;
	}
	if (s->flags & TCP_RST)
		return drop(t, a, BJ_DROP_WINDOW);
	if (t->rcv_wnd == 0 && s->seq == t->rcv_nxt && len > 0 && !(s->flags & TCP_SYN)) {
		/* a shut window still lets ACKs and urgent pointers in (MUST-66) */
		s->payload.len = 0;
		s->flags &= (uint16_t)~TCP_FIN;
		t->ack_now = true;
		stack_want_output(t);
		return GO_ON;
	}
	if (len > 0 && seq_lt(s->seq, t->rcv_nxt) && !(s->flags & TCP_SYN)) {
		rare_note_duplicate(t, s->seq, seq_min(end, t->rcv_nxt));
		if (t->ecn_accurate && is_late_copy(t, a))
			accurate_count(t, a);
	}
	if (t->state == BJ_TCP_TIME_WAIT && s->flags & TCP_FIN && end == t->rcv_nxt)
		tcp_arm_keepalive(t); /* the FIN again: our ACK was lost, the wait begins anew */
	challenge(t, a);
	if (s->flags & TCP_ACK && tcp_is_synchronized(t) && t->state != BJ_TCP_TIME_WAIT && (end == t->rcv_nxt || (len == 0 && end + 1 == t->rcv_nxt)))
		(void)check_ack(t, a); /* two who have probed each other's shut windows speak from there, and would never hear that these are open */
	return drop(t, a, BJ_DROP_WINDOW);
}

/* Second: RST, believed only at exactly rcv_nxt (rfc5961:3.2). */
static enum next_step check_rst(struct bj_tcp *t, struct arrival *a)
{
	if (!(a->seg.flags & TCP_RST))
		return GO_ON;
	if (a->seg.seq != t->rcv_nxt) {
		challenge(t, a);
		return drop(t, a, BJ_DROP_RST);
	}
	if (t->state == BJ_TCP_SYN_RECEIVED && !tcp_is_open_early(t))
		tcp_end(t, BJ_ERR_IO_REFUSED); /* a passive one goes back to LISTEN, silently (MUST-11) */
	else if (t->state == BJ_TCP_CLOSING || t->state == BJ_TCP_LAST_ACK || t->state == BJ_TCP_TIME_WAIT)
		tcp_end(t, BJ_OK);
	else
		tcp_end(t, BJ_ERR_IO_RESET);
	return STOP;
}

/* Fourth: a SYN where none can be (rfc5961:4.2). */
static enum next_step check_syn(struct bj_tcp *t, struct arrival *a)
{
	if (!(a->seg.flags & TCP_SYN))
		return GO_ON;
	if (t->state == BJ_TCP_SYN_RECEIVED && t->passive)
		tcp_end(t, BJ_ERR_IO_RESET); /* back to LISTEN */
	else
		challenge(t, a);
	return drop(t, a, BJ_DROP_SYN);
}

/* Fifth, in SYN-RECEIVED. */
static enum next_step complete_handshake(struct bj_tcp *t, struct arrival *a)
{
	if (t->state != BJ_TCP_SYN_RECEIVED)
		return GO_ON;
	if (seq_le(a->seg.ack, t->iss) || seq_gt(a->seg.ack, t->snd_nxt)) {
		stack_reply_reset(tcp_stack(t), a);
		return drop(t, a, BJ_DROP_ACK);
	}
	if (t->passive && !tcp_is_open_early(t)) {
		enum listen_room room = listen_room_for(t->listener, &t->key.remote);

		if (room == LISTEN_NEVER) {
			stack_reply_reset(tcp_stack(t), a);
			tcp_end(t, BJ_ERR_LIMIT);
		}
		if (room != LISTEN_ROOM)
			return drop(t, a, BJ_DROP_MEMORY); /* our SYN-ACK, or the peer's bytes, will come again */
	}
	tcp_establish(t, a);
	return GO_ON;
}

static void fin_was_acked(struct bj_tcp *t)
{
	if (t->state == BJ_TCP_FIN_WAIT_1) {
		tcp_set_state(t, BJ_TCP_FIN_WAIT_2);
		tcp_arm_keepalive(t);
	} else if (t->state == BJ_TCP_CLOSING) {
		tcp_enter_time_wait(t);
	} else if (t->state == BJ_TCP_LAST_ACK) {
		tcp_end(t, BJ_OK);
	}
}

/* Fifth: the ACK field. */
static enum next_step check_ack(struct bj_tcp *t, struct arrival *a)
{
	bool fin_acked = t->fin_acked;
	uint32_t delivered;

	if (!(a->seg.flags & TCP_ACK))
		return drop(t, a, BJ_DROP_NO_ACK);
	if (complete_handshake(t, a) == STOP)
		return STOP;
	delivered = t->delivered;
	if (!ack_is_plausible(t, a->seg.ack)) {
		challenge(t, a);
		return drop(t, a, BJ_DROP_ACK);
	}
	if (t->state == BJ_TCP_TIME_WAIT && (a->seq != t->rcv_nxt || a->end != a->seq))
		challenge(t, a); /* "acknowledge it": only the last ACK of all, come twice, is answered by silence */
	tcp_ack(t, a);
	a->newly_delivered = t->delivered - delivered;
	if (t->fin_acked && !fin_acked)
		fin_was_acked(t);
	if (t->state == BJ_TCP_CLOSED)
		return STOP;
	if (t->state != BJ_TCP_TIME_WAIT && (t->owned || t->state != BJ_TCP_FIN_WAIT_2) && tcp_options_of(t)->keepalive && t->keepalive_at != TCP_NEVER) {
		t->probes_sent = 0;
		tcp_arm_keepalive(t);
	}
	return GO_ON;
}

/* Sixth: URG. */
static enum next_step check_urg(struct bj_tcp *t, struct arrival *a)
{
	uint32_t up = a->seg.seq + a->seg.urgent;

	if (!(a->seg.flags & TCP_URG) || a->seg.urgent == 0 || !tcp_may_receive(t))
		return GO_ON;
	if (!rare_of(t))
		return GO_ON;
	if (!t->urgent_in || seq_gt(up, t->rare->rcv_up)) {
		if (seq_le(up, t->rcv_nxt - t->receive.len))
			return GO_ON; /* read already */
		t->rare->rcv_up = up;
		t->urgent_in = true;
		stack_ready(t, BJ_READY_URGENT); /* MUST-32 */
	}
	return GO_ON;
}

/* Seventh: the text. */
static enum next_step take_text(struct bj_tcp *t, struct arrival *a)
{
	if (a->seg.payload.len == 0)
		return GO_ON;
	if (!tcp_may_receive(t))
		return GO_ON; /* behind the peer's FIN: cannot be */
	if (!t->owned && !t->in_listener) {
		/* nobody will read it: rfc9293:3.6.1 SHLD-3 */
		stack_reply_reset(tcp_stack(t), a);
		tcp_end(t, BJ_ERR_IO_RESET);
		return STOP;
	}
	text_take(t, &a->seg);
	return GO_ON;
}

/* Eighth: FIN. */
static enum next_step take_fin(struct bj_tcp *t, struct arrival *a)
{
	if (!text_fin_is_next(t, &a->seg)) {
		if (a->seg.flags & TCP_FIN) {
			t->ack_now = true; /* it came too early: say what is missing */
			stack_want_output(t);
		}
		return GO_ON;
	}
	if (t->fin_received) {
		t->ack_now = true;
		stack_want_output(t);
		return GO_ON;
	}
	t->fin_received = true;
	ranges_free(&t->early); /* behind the end there is nothing */
	t->rcv_nxt++;
	t->rcv_wnd -= t->rcv_wnd ? 1 : 0;
	t->ack_now = true;
	stack_want_output(t);
	stack_ready(t, BJ_READY_READ);
	if (t->state == BJ_TCP_ESTABLISHED) {
		tcp_set_state(t, BJ_TCP_CLOSE_WAIT);
	} else if (t->state == BJ_TCP_FIN_WAIT_1) {
		tcp_set_state(t, BJ_TCP_CLOSING);
	} else if (t->state == BJ_TCP_FIN_WAIT_2) {
		tcp_enter_time_wait(t);
	}
	return GO_ON;
}

bool tcp_may_reuse(const struct bj_tcp *t, const struct arrival *a)
{
	const struct tcp_options *o = &a->seg.options;

	if (t->state != BJ_TCP_TIME_WAIT || (a->seg.flags & (TCP_SYN | TCP_ACK | TCP_RST)) != TCP_SYN)
		return false;
	if (t->ts_ok && o->has_timestamps && o->ts_val != t->ts_recent)
		return (int32_t)(o->ts_val - t->ts_recent) > 0;
	return seq_gt(a->seg.seq, t->rcv_nxt);
}

static step_fn *const syn_sent_steps[] = { syn_sent_ack, syn_sent_rst, syn_sent_syn, check_urg, take_text, take_fin };

static step_fn *const other_steps[] = {
	syn_received_again, check_timestamps, check_sequence, check_rst, check_syn, check_ack,
	take_timestamp,     take_ip,          check_urg,      take_text,  take_fin,
};

void tcp_input(struct bj_tcp *t, struct arrival *a)
{
	bool syn_sent = t->state == BJ_TCP_SYN_SENT;
	step_fn *const *steps = syn_sent ? syn_sent_steps : other_steps;
	size_t count = syn_sent ? ARRAY_COUNT(syn_sent_steps) : ARRAY_COUNT(other_steps);

	a->has_syn = a->seg.flags & TCP_SYN;
	a->seq = a->seg.seq;
	a->end = a->seq + tcp_segment_len(&a->seg);
	a->payload_len = (uint32_t)a->seg.payload.len;
	for (size_t i = 0; i < count; i++)
		if (steps[i](t, a) == STOP)
			return;
}
