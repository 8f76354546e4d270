/* ack.c - see ack.h. */
#include "tcpip/ack.h"

#include "tcpip/accurate.h"
#include "tcpip/bbr.h"
#include "tcpip/congestion.h"
#include "tcpip/output.h"
#include "tcpip/pmtu.h"
#include "tcpip/rack.h"
#include "tcpip/rtt.h"
#include "tcpip/timers.h"

#define SACK_PIECE_MIN 256u

/* What one ACK brought. */
struct ack_round {
	uint32_t acked;     /* bytes that snd_una moved */
	uint32_t delivered; /* acknowledged and not SACKed before, or newly SACKed */
	uint32_t rtt_us;    /* of the newest record delivered that was sent once; 0: none */
	int64_t rtt_sent_us;
	bool again_acked;   /* a record that was sent twice was acknowledged: Karn's doubt is about the whole ACK */
	bool dsack;
	bool new_sack;
	bool duplicate;     /* rfc5681:2 */
	bool has_ts;
	uint32_t ts_ecr;
};

static void note_delivered(struct bj_tcp *t, const struct sent *s, struct ack_round *r)
{
	t->pmtu_good |= s->end - s->seq + (t->ecn_accurate ? ACCURATE_OPTION_LEN : 0) >= t->mss; /* it may have had the option */
	if (s->flags & SENT_PROBE)
		pmtu_probe_delivered(t, s);
	t->delivered += (s->end - s->seq + t->mss - 1) / t->mss;
	rack_delivered(t, s, r->ts_ecr, r->has_ts);
	bbr_delivered(t, s);
	if (!(s->flags & SENT_AGAIN) && s->sent_us >= r->rtt_sent_us) {
		r->rtt_sent_us = s->sent_us;
		r->rtt_us = (uint32_t)i64_max(1, i64_min(tcp_stack(t)->now_us - s->sent_us, RTO_MAX_US));
	}
}

/* Takes off the records, and the bytes, up to `ack`. */
static void advance_una(struct bj_tcp *t, uint32_t ack, struct ack_round *r)
{
	uint32_t bytes = ack - t->snd_una;
	struct sent *s;

	r->acked = bytes;
	while ((s = flight_first(t)) && seq_lt(s->seq, ack)) {
		uint32_t upto = seq_min(s->end, ack);

		r->again_acked |= (s->flags & SENT_AGAIN) != 0;
		if (!(s->flags & SENT_SACKED)) {
			r->delivered += upto - s->seq;
			note_delivered(t, s, r);
		}
		if (seq_lt(ack, s->end)) {
			flight_trim(t, s, ack);
			break;
		}
		flight_remove(t, s);
	}
	if (bytes > t->send.len) {
		t->fin_acked = true; /* the one more is the FIN */
		bytes = t->send.len;
	}
	buffer_skip(&t->send, bytes);
	t->snd_una = ack;
	t->bytes_acked += bytes;
	if (t->snd_wnd > 0) /* else it counts probes */
		t->backoff_kept = (uint8_t)u32_min((uint32_t)t->backoff_kept + t->backoff, UINT8_MAX);
	t->backoff = 0;
	t->probes_sent = 0;
	t->progress_us = tcp_stack(t)->now_us;
	if (t->urgent_out && seq_ge(ack, t->rare->snd_up))
		t->urgent_out = false;
	if (t->send.len == 0)
		buffer_free(&t->send, &tcp_stack(t)->memory, BUFFER_SEND);
}

/* ---- SACK blocks */

/* rfc2883:4: the first block reports a duplicate if it is acknowledged already or lies inside of the second. */
static bool first_is_dsack(const struct tcp_options *o, uint32_t ack)
{
	const struct tcp_block *b = o->sack;

	if (seq_lt(b[0].start, ack))
		return true;
	return o->sack_count > 1 && seq_ge(b[0].start, b[1].start) && seq_le(b[0].end, b[1].end);
}

static void take_dsack(struct bj_tcp *t, const struct tcp_block *b, struct ack_round *r)
{
	struct tcp_flight *f = t->flight;

	r->dsack = true;
	rack_dsack(t);
	if (f && f->undo_possible && f->undo_resent > 0 && seq_ge(b->start, f->undo_una))
		f->undo_resent--;
}

/* Reports come in segments, so what is cut off is one at least, or was its end. Who reports single bytes would make of one record
 * thousands, which nobody counts as memory, and each ACK looks at all of them (CVE-2019-11477). */
static bool piece_is_too_small(const struct bj_tcp *t, uint32_t len)
{
	return len < u32_min(t->mss / 2, SACK_PIECE_MIN);
}

/* Not all who have a FIN count it. */
static bool is_all_but_fin(const struct sent *s, const struct tcp_block *b)
{
	return s->flags & SENT_FIN && s->end - b->end == 1;
}

static void take_block(struct bj_tcp *t, const struct tcp_block *b, struct ack_round *r)
{
	struct tcp_flight *f = t->flight;
	struct list *next;

	if (seq_le(b->end, b->start) || seq_lt(b->start, t->snd_una) || seq_gt(b->end, t->snd_nxt))
		return; /* says nothing that can be true */
	for (struct list *it = f->by_seq.next; it != &f->by_seq; it = next) {
		struct sent *s = CONTAINER_OF(it, struct sent, by_seq);

		next = it->next;
		if (seq_ge(s->seq, b->end))
			break;
		if (s->flags & SENT_SACKED || seq_le(s->end, b->start))
			continue;
		if (seq_lt(s->seq, b->start)) {
			if (piece_is_too_small(t, b->start - s->seq) || piece_is_too_small(t, s->end - b->start))
				continue;
			if (!flight_split(t, s, b->start))
				return;
			next = s->by_seq.next;
			continue;
		}
		if (seq_gt(s->end, b->end) && !is_all_but_fin(s, b) &&
		    (piece_is_too_small(t, b->end - s->seq) || piece_is_too_small(t, s->end - b->end)))
			return;
		if (seq_gt(s->end, b->end) && !flight_split(t, s, b->end))
			return;
		r->delivered += s->end - s->seq;
		r->new_sack = true;
		note_delivered(t, s, r);
		flight_mark_sacked(t, s);
		next = s->by_seq.next;
	}
}

/* By their numbers, as the bytes left: the newest stands first, and what one ACK tells of in that order is no reordering (rfc8985:6.2). */
static void sort_blocks(struct tcp_block *b, size_t count)
{
	for (size_t i = 1; i < count; i++)
		for (size_t k = i; k > 0 && seq_lt(b[k].start, b[k - 1].start); k--) {
			struct tcp_block other = b[k];

			b[k] = b[k - 1];
			b[k - 1] = other;
		}
}

static void take_sack(struct bj_tcp *t, const struct tcp_options *o, uint32_t ack, struct ack_round *r)
{
	struct tcp_block blocks[ARRAY_COUNT(o->sack)];
	size_t first = 0;

	if (!t->sack_ok || o->sack_count == 0)
		return;
	if (first_is_dsack(o, ack)) {
		take_dsack(t, &o->sack[0], r);
		first = 1;
	}
	memcpy(blocks, o->sack, sizeof(blocks));
	sort_blocks(blocks + first, o->sack_count - first);
	for (size_t i = first; i < o->sack_count && t->flight; i++)
		take_block(t, &blocks[i], r);
}

/* ---- recovery */

/* The original was there all the time: its ACK echoes a time before the retransmission (rfc3522), or every
 * retransmission was reported as a duplicate (rfc2883). */
static bool was_needless(const struct bj_tcp *t, const struct ack_round *r)
{
	const struct tcp_flight *f = t->flight;

	if (!f->undo_possible || !flight_in_recovery(t))
		return false;
	if (r->acked > 0 && r->has_ts && r->ts_ecr && f->undo_resent > 0 && (int32_t)(r->ts_ecr - f->undo_ts) < 0)
		return true;
	return r->dsack && f->undo_counts && f->undo_resent == 0;
}

/* Two ACKs that go on, the second for bytes that were sent once: all was there, the timer was too quick. */
static bool frto_says_needless(struct bj_tcp *t, const struct ack_round *r)
{
	struct tcp_flight *f = t->flight;
	uint32_t edge = t->snd_una + t->snd_wnd;

	if (f->recovery != BJ_RECOVERY_LOSS || f->frto == FRTO_NO || (r->acked == 0 && !r->duplicate))
		return false;
	if (r->acked == 0 || r->dsack || seq_ge(t->snd_una, f->recover)) {
		if (f->frto == FRTO_SECOND_ACK) /* the two new segments are out: one more, for the one that was held back */
			t->cwnd = u32_max(t->cwnd, u32_min(t->ssthresh, 3u * t->mss));
		f->frto = FRTO_NO;
		return false;
	}
	if (f->frto == FRTO_SECOND_ACK)
		return !r->again_acked;
	f->frto = tcp_unsent(t) > 0 && seq_gt(edge, t->snd_nxt) ? FRTO_SECOND_ACK : FRTO_NO;
	return false;
}

static void undo(struct bj_tcp *t)
{
	flight_unmark_lost(t);
	cc_undo(t);
}

/* Without SACK: duplicates are counted (rfc5681:3.2), a partial ACK is the next hole (rfc6582:3.2). */
static uint32_t newreno_detect(struct bj_tcp *t, const struct ack_round *r)
{
	struct tcp_flight *f = t->flight;
	struct sent *s = flight_first(t);

	if (!s)
		return 0;
	if (r->acked > 0) {
		uint32_t taken = r->acked > t->mss ? r->acked - t->mss : 0;

		f->reno_sacked = f->reno_sacked > taken ? f->reno_sacked - taken : 0;
		f->dup_acks = 0;
		if (f->recovery != BJ_RECOVERY_FAST || seq_ge(t->snd_una, f->recover) || s->flags & SENT_LOST)
			return 0;
		flight_mark_lost(t, s, BJ_LOST_PARTIAL_ACK);
		return s->end - s->seq;
	}
	if (!r->duplicate)
		return 0;
	if (f->dup_acks < UINT8_MAX)
		f->dup_acks++;
	if (f->recovery != BJ_RECOVERY_LOSS)
		f->reno_sacked = u32_min(f->reno_sacked + t->mss, t->snd_nxt - t->snd_una - u32_min(t->snd_nxt - t->snd_una, t->mss));
	if (f->dup_acks != RACK_DUPLICATES || f->recovery >= BJ_RECOVERY_FAST || s->flags & SENT_AGAIN)
		return 0;
	flight_mark_lost(t, s, BJ_LOST_DUPLICATES);
	return s->end - s->seq;
}

/* rfc8985:7.4: did the probe repair a loss that nobody else will tell of? */
static void judge_tail_probe(struct bj_tcp *t, const struct ack_round *r, uint32_t ack)
{
	struct tcp_flight *f = t->flight;

	if (!f->tail_pending || seq_lt(ack, f->tail_end))
		return;
	if (!f->tail_resent || r->dsack) {
		f->tail_pending = false;
	} else if (seq_gt(ack, f->tail_end) || (r->acked > 0 && ack == f->tail_end)) {
		if (seq_gt(ack, f->tail_end)) {
			cc_enter_recovery(t, r->delivered);
			cc_exit_recovery(t); /* the window pays for the loss, nothing is left to repair */
			stack_event(t, BJ_EVENT_LOST, BJ_LOST_TAIL_PROBE, 0, f->tail_end, 0);
		}
		f->tail_pending = seq_le(ack, f->tail_end);
	} else if (r->duplicate) {
		f->tail_pending = false; /* both copies came */
	}
}

static int64_t find_losses(struct bj_tcp *t, const struct ack_round *r)
{
	struct tcp_flight *f = t->flight;
	int64_t wait_us = 0;
	uint32_t marked = t->sack_ok ? rack_detect(t, &wait_us) : newreno_detect(t, r);

	if (marked > 0 && f->recovery < BJ_RECOVERY_FAST)
		cc_enter_recovery(t, r->delivered);
	cc_set_disorder(t);
	if (f->recovery == BJ_RECOVERY_FAST)
		cc_recovery_ack(t, r->delivered, r->acked > 0 && marked == 0);
	return wait_us;
}

/* Marks in the sequence that are passed: 2 GiB later they would seem to lie ahead. */
static void forget_passed(struct bj_tcp *t)
{
	struct tcp_flight *f = t->flight;

	f->small_end = seq_max(f->small_end, t->snd_una);
	f->cwr_valid &= seq_le(t->snd_una, f->cwr_end);
	f->dsack_round_valid &= seq_lt(t->snd_una, f->dsack_round);
}

/* Everything that concerns the flight, once the records are up to date. */
static void judge_flight(struct bj_tcp *t, struct ack_round *r)
{
	struct tcp_flight *f = t->flight;
	bool was_fast = f->recovery == BJ_RECOVERY_FAST; /* the ACK that ends it does not open the window */
	int64_t wait_us = 0;

	forget_passed(t);
	judge_tail_probe(t, r, t->snd_una);
	if (was_needless(t, r) || frto_says_needless(t, r))
		undo(t);
	if (f->recovery >= BJ_RECOVERY_FAST && seq_ge(t->snd_una, f->recover)) {
		cc_exit_recovery(t);
		rack_recovery_ended(t);
	}
	if (tcp_has_unacked(t))
		wait_us = find_losses(t, r);
	if (r->acked > 0 && !was_fast && f->recovery != BJ_RECOVERY_FAST)
		cc_acked(t, u32_min(r->acked, r->delivered), r->rtt_us); /* what was SACKed before has counted for the pipe */
	bbr_ack(t, r->delivered, r->rtt_us);
	if (!tcp_has_unacked(t) && tcp_unsent(t) == 0 && !f->bbr)
		flight_free(t); /* a sender that has more to say keeps what its window has learned */
	if (r->acked > 0 || r->new_sack || wait_us)
		tcp_arm_retransmit(t, wait_us);
}

/* ---- the peer's window: rfc9293:3.10.7.4, fifth step */

/* Who acknowledges more than before speaks later than before, wherever his segment stands: with the comparison of sequence numbers alone
 * one early segment would keep all news of the window away until the gap before it is filled. */
static bool take_window(struct bj_tcp *t, const struct arrival *a, bool new_ack)
{
	uint32_t window = arrival_window(t, a), before = t->snd_wnd;

	if (!new_ack && !seq_lt(t->snd_wl1, a->seg.seq) && !(t->snd_wl1 == a->seg.seq && seq_le(t->snd_wl2, a->seg.ack)))
		return false;
	t->snd_wnd = window;
	t->snd_wl1 = a->seg.seq;
	t->snd_wl2 = a->seg.ack;
	t->max_snd_wnd = u32_max(t->max_snd_wnd, window);
	return window != before;
}

/* A record that was sent once says how long its way was, unless its own ACK got lost and it is this later one that tells of
 * it: what fills a hole brings news of all that came long before. The echo is then the only witness (rfc6298:3, rfc7323:4). */
static void measure(struct bj_tcp *t, struct ack_round *r)
{
	if (r->dsack)
		return; /* a duplicate made the peer speak: neither our records nor the echo know when it left */
	if (r->again_acked)
		r->rtt_us = 0;
	if (r->acked > 0 && r->has_ts && r->ts_ecr) {
		uint32_t ms = tcp_ts_now(t) - r->ts_ecr;

		if (ms < RTO_MAX_US / 1000 && (r->rtt_us == 0 || r->rtt_us > (ms + 1) * 1000))
			r->rtt_us = u32_max(ms * 1000, 1);
	}
	if (r->rtt_us)
		rtt_sample(t, r->rtt_us);
}

/* A window may stay shut as long as the peer answers (MUST-37); but somebody must be able to let go. */
static void made_progress_at_zero(struct bj_tcp *t)
{
	if (t->owned || t->in_listener)
		t->progress_us = tcp_stack(t)->now_us;
}

void tcp_ack(struct bj_tcp *t, const struct arrival *a)
{
	uint32_t ack = a->seg.ack;
	struct ack_round r = { .has_ts = t->ts_ok && a->seg.options.has_timestamps, .ts_ecr = a->seg.options.ts_ecr };
	bool zero_before = t->snd_wnd == 0, window_changed, outstanding = tcp_has_unacked(t), new_ack = seq_gt(ack, t->snd_una);

	if (seq_lt(ack, t->snd_una)) {
		take_sack(t, &a->seg.options, ack, &r); /* an old one may still tell of holes; what it acknowledged itself says what was a duplicate then */
		if (t->flight && r.new_sack)
			judge_flight(t, &r);
		return;
	}
	if (new_ack)
		advance_una(t, ack, &r);
	window_changed = take_window(t, a, new_ack);
	if (t->snd_wnd == 0) {
		made_progress_at_zero(t);
		if (!zero_before) /* who goes on saying so does not put the probe off */
			tcp_arm_retransmit(t, 0);
	}
	take_sack(t, &a->seg.options, ack, &r);
	r.duplicate = outstanding && r.acked == 0 && a->seg.payload.len == 0 && !window_changed &&
		      !(a->seg.flags & (TCP_SYN | TCP_FIN));
	if (outstanding)
		measure(t, &r);
	if (t->flight)
		judge_flight(t, &r);
	else if (r.acked > 0)
		tcp_arm_retransmit(t, 0);
	if (zero_before && t->snd_wnd > 0) {
		/* open again: what probed the shut window goes out now */
		made_progress_at_zero(t);
		t->backoff = 0;
		t->probes_sent = 0;
		if (t->flight && flight_first(t))
			flight_mark_lost(t, flight_first(t), BJ_LOST_TIMEOUT);
		tcp_arm_retransmit(t, 0);
	}
	tcp_write_may_go_on(t);
	stack_want_output(t);
}
