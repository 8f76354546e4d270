/* output.c - see output.h. */
#include "tcpip/output.h"

#include "tcpip/accurate.h"
#include "tcpip/bbr.h"
#include "tcpip/congestion.h"
#include "tcpip/ecn.h"
#include "tcpip/fast_open.h"
#include "tcpip/pace.h"
#include "tcpip/pmtu.h"
#include "tcpip/rack.h"
#include "tcpip/rtt.h"
#include "tcpip/timers.h"
#include "tcpip/user_timeout.h"

#define OFFLOAD_HEADERS_MAX 128u /* IPv6's and TCP's with all options */

/* ---- the window that we announce */

uint16_t tcp_select_window(struct bj_tcp *t)
{
	uint32_t used = t->receive.len, now = t->rcv_wnd, unit = UINT32_C(1) << t->rcv_wscale;
	uint32_t room = t->receive.limit > used ? t->receive.limit - used : 0, field;

	if (room > now && room - now >= u32_min(t->receive.limit / 2, t->rcv_mss))
		now = u32_max(room & ~(unit - 1), now);
	now = u32_min(now, UINT32_C(65535) << t->rcv_wscale);
	field = (now + unit - 1) >> t->rcv_wscale;
	if (field << t->rcv_wscale >= room + unit) /* full: what is rounded up once must not be given with every ACK again */
		field = now >> t->rcv_wscale;
	t->rcv_wnd = u32_max(field << t->rcv_wscale, now);
	return (uint16_t)field;
}

void tcp_window_may_open(struct bj_tcp *t)
{
	uint32_t used = t->receive.len, room = t->receive.limit > used ? t->receive.limit - used : 0;

	if (!tcp_may_receive(t) || room <= t->rcv_wnd)
		return;
	if (room - t->rcv_wnd < u32_min(t->receive.limit / 2, 2u * t->rcv_mss))
		return;
	t->window_due = true;
	stack_want_output(t);
}

void tcp_write_may_go_on(struct bj_tcp *t)
{
	if (!t->write_blocked || t->send.len >= t->send.limit || tcp_unsent(t) > TCP_UNSENT_MAX / 2)
		return;
	t->write_blocked = false;
	stack_ready(t, BJ_READY_WRITE);
}

/* ---- options */

static void ranges_to_sack(const struct bj_tcp *t, struct tcp_options *o, size_t max)
{
	if (!t->sack_ok)
		return;
	if (t->dsack_due)
		o->sack[o->sack_count++] = (struct tcp_block){ t->rare->dsack_start, t->rare->dsack_end };
	for (uint32_t i = 0; t->early && i < t->early->count && o->sack_count < max; i++)
		o->sack[o->sack_count++] = (struct tcp_block){ t->early->at[i].start, t->early->at[i].end };
}

/* Blocks of SACK, and accurate ECN's option beside them. */
static struct accurate_share share_room(const struct bj_tcp *t, bool bare)
{
	uint32_t blocks = 0, room = TCP_OPTIONS_LEN_MAX - (t->ts_ok ? 12 : 0);

	if (t->sack_ok && (t->early || t->dsack_due))
		blocks = (t->early ? t->early->count : 0) + t->dsack_due;
	if (t->ecn_accurate)
		return accurate_share(t, blocks, room, bare);
	return (struct accurate_share){ .blocks = (uint8_t)u32_min(blocks, (room - 4) / 8) };
}

static void fill_options(const struct bj_tcp *t, bool bare, struct tcp_options *o)
{
	struct accurate_share share = share_room(t, bare);

	o->has_timestamps = t->ts_ok;
	if (t->ts_ok) {
		o->ts_val = tcp_ts_now(t);
		o->ts_ecr = t->ts_recent;
	}
	ranges_to_sack(t, o, share.blocks);
	accurate_option(t, &share, o);
	if (t->uto_due)
		user_timeout_offer(t, o);
}

uint32_t tcp_payload_max(const struct bj_tcp *t)
{
	struct accurate_share share;
	uint32_t options;

	if (!t->early && !t->dsack_due && !t->ecn_accurate && !t->uto_due)
		return t->mss;
	share = share_room(t, false);
	options = accurate_share_len(&share);
	if (t->uto_due && options + (t->ts_ok ? 12 : 0) + 4 <= TCP_OPTIONS_LEN_MAX)
		options += 4;
	return t->mss - options;
}

/* ---- one segment */

static void note_ack_sent(struct bj_tcp *t)
{
	t->ack_now = false;
	t->ack_pending = false;
	t->window_due = false;
	t->challenge_due = false;
	t->ack_timed = false;
	t->last_ack_sent = t->rcv_nxt;
	t->dsack_due = false;
	rare_settle(t);
}

/* What is written stands for several segments, or its checksum is the device's to finish. */
static void leave_to_device(struct bj_tcp *t, struct writer *w, size_t start, size_t header_len, uint32_t len, bool is_probe, const struct bj_bytes tail[2])
{
	struct bj_offload *o = tcp_stack(t)->offload;

	o->checksum_missing = true;
	o->checksum_start = (uint16_t)start;
	o->checksum_offset = TCP_CHECKSUM_AT;
	o->header_len = (uint16_t)header_len;
	if (len > tcp_payload_max(t) && !is_probe)
		o->segment_len = (uint16_t)tcp_payload_max(t);
	tcp_write_checksum_seed(w, start, ip_wire(&t->key.local), ip_wire(&t->key.remote), tail[0].len + tail[1].len);
}

/* Writes a segment with `len` bytes of the send buffer from `seq` on. */
static bool emit(struct bj_tcp *t, struct writer *w, uint32_t seq, uint32_t len, uint16_t flags, enum bj_sent_why why)
{
	struct tcp_segment s = { .source_port = t->key.local_port, .destination_port = t->key.remote_port, .seq = seq,
				 .ack = t->rcv_nxt, .flags = (uint16_t)(flags | TCP_ACK) };
	const struct bj_tcp_options *o = tcp_options_of(t);
	bool is_new = len > 0 && seq + len + (flags & TCP_FIN ? 1 : 0) == t->snd_nxt && why == BJ_SENT_DATA;
	struct bj_bytes none[2] = { { 0 } }, *tail = tcp_stack(t)->pieces;
	size_t start, header_len;

	fill_options(t, len == 0, &s.options);
	s.flags |= ecn_flags(t, is_new, len == 0 && !(flags & TCP_FIN) && s.options.sack_count == 0);
	s.window = tcp_select_window(t);
	if (t->urgent_out && seq_gt(t->rare->snd_up, seq)) {
		s.flags |= TCP_URG;
		s.urgent = (uint16_t)u32_min(t->rare->snd_up - seq, UINT16_MAX);
	}
	stack_ip_header(w, &t->key, tcp_route(t), o->ttl, ecn_tos(t, o->tos, is_new),
			TCP_HEADER_LEN + tcp_options_len(&s.options) + len);
	start = tcp_write_header(w, &s);
	header_len = w->len;
	if (len > 0 && tail)
		buffer_pieces(&t->send, seq - t->snd_una, len, tail);
	else
		buffer_get(&t->send, seq - t->snd_una, len, w);
	if (!tail)
		tail = none;
	if (tcp_stack(t)->offload)
		leave_to_device(t, w, start, header_len, len, why == BJ_SENT_MTU_PROBE, tail);
	else
		tcp_write_checksum(w, start, ip_wire(&t->key.local), ip_wire(&t->key.remote), tail);
	if (t->ecn_accurate)
		accurate_sent(t, &s.options, seq + len, len);
	note_ack_sent(t);
	t->uto_due &= !s.options.has_user_timeout;
	stack_event(t, BJ_EVENT_SENT, why, 0, seq, len);
	return wr_ok(w);
}

static bool emit_syn(struct bj_tcp *t, struct writer *w)
{
	struct tcp_segment s = { .source_port = t->key.local_port, .destination_port = t->key.remote_port, .seq = t->iss,
				 .flags = TCP_SYN };
	const struct bj_tcp_options *o = tcp_options_of(t);
	bool answers = t->state == BJ_TCP_SYN_RECEIVED;
	uint32_t len = 0;
	size_t start;

	/* an answer offers only what was offered (rfc7323:2.2, rfc2018:2) */
	s.options.has_mss = true;
	s.options.mss = tcp_offer_mss(tcp_stack(t), tcp_is_v4(t), o);
	s.options.sack_permitted = answers ? t->sack_ok : !o->no_sack;
	s.options.has_timestamps = answers ? t->ts_ok : !o->no_timestamps;
	s.options.has_window_scale = answers ? t->wscale_ok : !o->no_window_scale;
	s.options.window_scale = t->rcv_wscale;
	if (s.options.has_timestamps) {
		s.options.ts_val = tcp_ts_now(t);
		s.options.ts_ecr = answers ? t->ts_recent : 0;
	}
	if (answers) {
		s.flags |= TCP_ACK;
		s.ack = t->rcv_nxt;
		if (t->rare && t->rare->cookie_len) {
			s.options.has_fast_open = true;
			s.options.fast_open_experimental = t->rare->cookie_experimental;
			s.options.fast_open = bytes_of(t->rare->cookie, t->rare->cookie_len);
		}
	} else {
		len = fast_open_syn(t, &s.options);
	}
	user_timeout_offer(t, &s.options);
	s.window = (uint16_t)u32_min(t->rcv_wnd, UINT16_MAX); /* never scaled in a SYN: rfc7323:2.2 */
	s.flags |= ecn_syn_flags(t);
	if (t->ecn_accurate)
		accurate_syn_option(t, &s.options);
	stack_ip_header(w, &t->key, tcp_route(t), o->ttl, o->tos & (uint8_t)~IP_ECN_MASK,
			TCP_HEADER_LEN + tcp_options_len(&s.options) + len);
	start = tcp_write_header(w, &s);
	if (len > 0)
		buffer_get(&t->send, 0, len, w);
	tcp_write_checksum(w, start, ip_wire(&t->key.local), ip_wire(&t->key.remote), (const struct bj_bytes[2]){ { 0 } });
	t->syn_due = false;
	if (answers)
		note_ack_sent(t);
	if (seq_lt(t->snd_nxt, t->iss + 1 + len)) /* bytes of an earlier SYN may still be acknowledged */
		t->snd_nxt = t->iss + 1 + len;
	stack_event(t, BJ_EVENT_SENT, BJ_SENT_SYN, 0, t->iss, len);
	tcp_arm_if_idle(t);
	return wr_ok(w);
}

/* ---- what was sent before */

static bool resend(struct bj_tcp *t, struct writer *w, struct sent *s, enum bj_sent_why why)
{
	uint32_t max, len;
	uint16_t flags = 0;

	if (t->ecn_accurate)
		accurate_resent(t, s->seq);
	max = tcp_payload_max(t);
	if (s->end - s->seq > max && !flight_split(t, s, s->seq + max))
		return false;
	len = s->end - s->seq;
	if (s->flags & SENT_FIN) {
		flags |= TCP_FIN;
		len--;
	}
	if (len > 0 && s->end - t->snd_una >= t->send.len)
		flags |= TCP_PSH;
	flight_resent(t, s);
	cc_sent_in_recovery(t, s->end - s->seq);
	return emit(t, w, s->seq, len, flags, why);
}

static bool send_lost(struct bj_tcp *t, struct writer *w)
{
	struct sent *s = flight_next_lost(t);
	bool by_timeout = t->flight && t->flight->recovery == BJ_RECOVERY_LOSS;

	if (!s || t->flight->frto == FRTO_SECOND_ACK)
		return false;
	if (u32_min(s->end - s->seq, tcp_payload_max(t)) > cc_room(t)) {
		t->cwnd_limited = true;
		return false;
	}
	if (!resend(t, w, s, by_timeout ? BJ_SENT_TIMEOUT : BJ_SENT_FAST_RETRANSMIT))
		return false;
	tcp_arm_if_idle(t);
	return true;
}

/* ---- new bytes */

/* Sends `len` bytes from snd_nxt on, and the FIN behind them if `fin`. */
static bool send_new(struct bj_tcp *t, struct writer *w, uint32_t len, bool fin, enum bj_sent_why why)
{
	uint32_t seq = t->snd_nxt, end = seq + len + (fin ? 1 : 0);
	bool first = !tcp_has_unacked(t);
	uint16_t flags = fin ? TCP_FIN : 0;

	if (!flight_add(t, seq, end, why == BJ_SENT_MTU_PROBE ? SENT_PROBE : fin ? SENT_FIN : 0)) {
		tcp_arm_memory(t);
		return false; /* an ACK or a timer tries again */
	}
	if (len > 0 && len == tcp_unsent(t))
		flags |= TCP_PSH; /* MUST-60, MUST-61 of rfc9293:3.9.1 */
	if (first && why != BJ_SENT_WINDOW_PROBE)
		t->progress_us = tcp_stack(t)->now_us;
	if (len > 0 && len < tcp_payload_max(t) && why != BJ_SENT_WINDOW_PROBE)
		t->flight->small_end = end;
	t->snd_nxt = end;
	cc_sent_in_recovery(t, end - seq);
	if (!emit(t, w, seq, len, flags, why))
		return false;
	tcp_write_may_go_on(t);
	if (first || (tail_probe_after(t) > 0 && t->retransmit_kind != TCP_RETRANSMIT_REORDER))
		tcp_arm_retransmit(t, 0); /* the probe is for the last segment: rfc8985:7.2 */
	else
		tcp_arm_if_idle(t);
	return true;
}

/* May a segment that is not full go out? Nagle as Minshall put it, and rfc9293:3.8.6.2.1. */
static bool partial_may_go(const struct bj_tcp *t, uint32_t len, uint32_t unsent)
{
	const struct bj_tcp_options *o = tcp_options_of(t);

	if (len < unsent) /* the peer's window is what cuts it */
		return len >= t->max_snd_wnd / 2 && len > 0;
	if (t->fin_queued)
		return true;
	if (o->cork)
		return false;
	if (o->no_delay || !tcp_has_unacked(t) || (t->urgent_out && seq_gt(t->rare->snd_up, t->snd_nxt)))
		return true;
	return seq_le(t->flight->small_end, t->snd_una);
}

/* How many bytes of `len` go out at once: one segment, or as many full ones as the windows and the packet's room allow where
 * the device cuts them. */
static uint32_t cut(const struct bj_tcp *t, const struct writer *w, uint32_t len)
{
	uint32_t max = tcp_payload_max(t), most;

	if (len <= max || !tcp_stack(t)->offload)
		return u32_min(len, max);
	most = u32_min(cc_room(t), (uint32_t)wr_left(w) - OFFLOAD_HEADERS_MAX);
	return u32_max(u32_min(len, most) / max, 1) * max;
}

/* The owner had more to write than there was room, and is just being asked for it: small packets would only come before large ones. */
static bool more_is_coming(const struct bj_tcp *t)
{
	return t->ready & BJ_READY_WRITE && tcp_has_unacked(t) && !t->fin_queued;
}

/* It waits until both windows have room: segments before it would take what comes, and windows that are larger than it (pmtu_probe_len())
 * have room when what is out is acknowledged. */
static bool send_mtu_probe(struct bj_tcp *t, struct writer *w, uint32_t len, uint32_t room)
{
	if (len > room)
		return false;
	if (len > cc_room(t)) {
		t->cwnd_limited = true;
		return false;
	}
	if (!send_new(t, w, len, false, BJ_SENT_MTU_PROBE))
		return false;
	pmtu_probe_sent(t, len);
	return true;
}

static bool send_more(struct bj_tcp *t, struct writer *w)
{
	uint32_t unsent = tcp_unsent(t), max = tcp_payload_max(t), room, len;
	uint32_t edge = t->snd_una + t->snd_wnd;
	bool fin;

	if (unsent < max && !more_is_coming(t))
		bbr_app_limited(t);
	if ((unsent == 0 && !tcp_fin_unsent(t)) || (unsent < TCP_UNSENT_MAX / 8 && more_is_coming(t)))
		return false;
	room = seq_gt(edge, t->snd_nxt) ? edge - t->snd_nxt : 0;
	if (pmtu_searches(t)) {
		len = pmtu_probe_len(t, unsent);
		if (len > 0)
			return send_mtu_probe(t, w, len, room);
	}
	len = cut(t, w, u32_min(unsent, room));
	fin = tcp_fin_unsent(t) && len == unsent && room > len;
	if (len == 0 && !fin) {
		if (!tcp_has_unacked(t) && t->retransmit_kind != TCP_RETRANSMIT_PERSIST)
			tcp_arm_retransmit(t, 0);
		return false;
	}
	if (len < max && !fin && !partial_may_go(t, len, unsent)) {
		if (!tcp_has_unacked(t) && t->retransmit_kind != TCP_RETRANSMIT_PERSIST)
			tcp_arm_retransmit(t, 0);
		return false;
	}
	if (len > cc_room(t)) {
		t->cwnd_limited = true;
		return false;
	}
	return send_new(t, w, len, fin, len ? BJ_SENT_DATA : BJ_SENT_FIN);
}

/* ---- probes */

/* rfc9293:3.8.6.1 (MUST-36): one byte, new if there is one, beyond a shut window; or what a narrow one allows. */
static bool send_window_probe(struct bj_tcp *t, struct writer *w)
{
	struct sent *s = flight_first(t);
	uint32_t unsent = tcp_unsent(t), len;

	if (s)
		return resend(t, w, s, BJ_SENT_WINDOW_PROBE);
	len = u32_min(u32_min(unsent, tcp_payload_max(t)), u32_max(t->snd_wnd, 1));
	if (len == 0 && !tcp_fin_unsent(t))
		return false;
	return send_new(t, w, len, len == 0, BJ_SENT_WINDOW_PROBE);
}

/* rfc8985:7.3: new bytes if the window has room, else the last ones again; the congestion window is not asked. */
static bool send_tail_probe(struct bj_tcp *t, struct writer *w)
{
	struct tcp_flight *f = t->flight;
	uint32_t edge = t->snd_una + t->snd_wnd, unsent = tcp_unsent(t), len;
	struct sent *last = flight_last(t);

	if (!f || !last)
		return false;
	len = u32_min(unsent, tcp_payload_max(t));
	f->tail_pending = true;
	f->tail_resent = len == 0 || seq_gt(t->snd_nxt + len, edge);
	if (!f->tail_resent) {
		bool sent = send_new(t, w, len, false, BJ_SENT_TAIL_PROBE);

		f->tail_end = t->snd_nxt;
		return sent;
	}
	f->tail_end = t->snd_nxt;
	if (last->end - last->seq > tcp_payload_max(t) && flight_split(t, last, last->end - tcp_payload_max(t)))
		last = flight_last(t);
	return resend(t, w, last, BJ_SENT_TAIL_PROBE);
}

static bool send_probe(struct bj_tcp *t, struct writer *w)
{
	t->probe_due = false;
	if (t->snd_wnd == 0 || !tcp_has_unacked(t))
		return send_window_probe(t, w);
	return send_tail_probe(t, w);
}

/* ---- the turn of a connection */

static bool send_ack(struct bj_tcp *t, struct writer *w)
{
	enum bj_sent_why why = BJ_SENT_ACK;

	if (t->keepalive_due) {
		t->keepalive_due = false;
		return emit(t, w, t->snd_una - 1, 0, 0, BJ_SENT_KEEPALIVE); /* rfc9293:3.8.4 */
	}
	if (!t->ack_now && !t->challenge_due && !t->window_due)
		return false;
	if (t->challenge_due)
		why = BJ_SENT_CHALLENGE;
	else if (t->window_due && !t->ack_now)
		why = BJ_SENT_WINDOW;
	else if (t->ack_pending && !t->ack_timed)
		why = BJ_SENT_DELAYED_ACK;
	return emit(t, w, tcp_bare_seq(t), 0, 0, why);
}

/* A connection that was idle longer than a timeout does not burst: rfc5681:4.1. */
static void restart_after_idle(struct bj_tcp *t)
{
	if (tcp_has_unacked(t) || tcp_unsent(t) == 0 || tcp_options_of(t)->slow_start_after_idle_off)
		return;
	if (tcp_stack(t)->now_us - t->progress_us > rto_now(t))
		cc_restart(t);
}

static uint32_t packet_len(const struct bj_tcp *t, const struct writer *w)
{
	const struct bj_bytes *tail = tcp_stack(t)->pieces;

	return (uint32_t)(w->len + (tail ? tail[0].len + tail[1].len : 0));
}

bool tcp_output(struct bj_tcp *t, struct writer *w)
{
	if (t->state == BJ_TCP_SYN_SENT || t->state == BJ_TCP_SYN_RECEIVED) {
		if (t->syn_due)
			return emit_syn(t, w);
		if (!tcp_is_open_early(t))
			return t->state == BJ_TCP_SYN_RECEIVED && send_ack(t, w);
	}
	if (t->ecn_accurate && accurate_ack_goes_first(t))
		return send_ack(t, w);
	if (tcp_may_send(t)) {
		restart_after_idle(t);
		if (t->probe_due && send_probe(t, w))
			return true;
		if (pace_may_send(t) && (send_lost(t, w) || send_more(t, w))) {
			pace_sent(t, packet_len(t, w));
			t->flight->max_out = flight_pipe(t);
			t->cwnd_limited = t->flight->max_out + t->mss > t->cwnd;
			return true;
		}
	}
	return (tcp_is_synchronized(t) || tcp_is_open_early(t)) && send_ack(t, w);
}
