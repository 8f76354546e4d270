/* congestion.c - see congestion.h. */
#include "tcpip/congestion.h"

#include "tcpip/bbr.h"
#include "tcpip/pace.h"
#include "tcpip/stack.h"

#define SLOW_START_LIMIT 8       /* segments that one ACK can count for: rfc9406:4.2 */
#define CUBIC_DELTA_MS_MAX 1000000
#define HYSTART_SAMPLES 8        /* rfc9406:4.3 */
#define HYSTART_MIN_US 4000u
#define HYSTART_MAX_US 16000u
#define HYSTART_CSS_DIVISOR 4
#define HYSTART_CSS_ROUNDS 5

static uint32_t initial_window(const struct bj_tcp *t)
{
	uint32_t segments = tcp_options_of(t)->initial_window, mss = t->mss;

	if (segments)
		return segments * mss;
	return u32_min(10 * mss, u32_max(2 * mss, 14600)); /* rfc6928:2 */
}

void cc_init(struct bj_tcp *t)
{
	/* a SYN that had to be repeated: one segment (rfc5681:3.1) */
	t->cwnd = t->timeouts > 0 ? t->mss : initial_window(t);
	t->ssthresh = UINT32_MAX;
}

static bool in_slow_start(const struct bj_tcp *t)
{
	return t->cwnd < t->ssthresh;
}

/* ---- HyStart++ (rfc9406:4.2): leave slow start when the round-trip time grows, not when the queue overflows */

static void hystart_round_starts(struct tcp_flight *f, uint32_t snd_nxt)
{
	f->last_round_min_us = f->round_min_us;
	f->round_min_us = UINT32_MAX;
	f->round_samples = 0;
	f->round_end = snd_nxt;
}

static void hystart_judge(struct bj_tcp *t, struct tcp_flight *f)
{
	uint32_t thresh;

	if (f->round_samples < HYSTART_SAMPLES || f->round_min_us == UINT32_MAX || f->last_round_min_us == UINT32_MAX)
		return;
	if (f->in_css) {
		if (f->round_min_us < f->css_baseline_us) /* the growth was a passing one */
			f->in_css = false;
		return;
	}
	thresh = u32_max(HYSTART_MIN_US, u32_min(f->last_round_min_us / 8, HYSTART_MAX_US));
	if (f->round_min_us >= f->last_round_min_us + thresh) {
		f->css_baseline_us = f->round_min_us;
		f->in_css = true;
		f->css_rounds = 0;
	}
}

static void hystart_acked(struct bj_tcp *t, uint32_t rtt_us)
{
	struct tcp_flight *f = t->flight;

	if (!f->round_valid) {
		f->round_min_us = UINT32_MAX;
		hystart_round_starts(f, t->snd_nxt);
		f->round_valid = true;
	}
	if (rtt_us) {
		f->round_min_us = u32_min(f->round_min_us, rtt_us);
		if (f->round_samples < UINT8_MAX)
			f->round_samples++;
	}
	hystart_judge(t, f);
	if (seq_lt(t->snd_una, f->round_end))
		return;
	if (f->in_css && ++f->css_rounds >= HYSTART_CSS_ROUNDS) {
		t->ssthresh = t->cwnd;
		f->in_css = false;
	}
	hystart_round_starts(f, t->snd_nxt);
}

static void slow_start(struct bj_tcp *t, uint32_t acked)
{
	/* after a timeout an ACK may be for what left long ago: one segment (rfc3465:2.3) */
	uint32_t limit = t->ssthresh == UINT32_MAX ? SLOW_START_LIMIT : 1, step = u32_min(acked, limit * (uint32_t)t->mss);

	if (t->ssthresh == UINT32_MAX && pace_rate(t) > 0)
		step = acked; /* what is paced makes no burst */

	if (t->flight && t->flight->in_css)
		step /= HYSTART_CSS_DIVISOR;
	t->cwnd = u32_min(t->cwnd + step, u32_max(t->ssthresh, t->cwnd));
}

/* ---- CUBIC (rfc9438:4) */

static uint32_t cube_root(uint64_t v)
{
	uint64_t root = 0;

	for (int bit = 20; bit >= 0; bit--) {
		uint64_t next = root | UINT64_C(1) << bit;

		if (next * next * next <= v)
			root = next;
	}
	return (uint32_t)root;
}

static void cubic_epoch_starts(struct bj_tcp *t, struct tcp_flight *f)
{
	f->epoch_us = tcp_stack(t)->now_us;
	f->w_est = t->cwnd;
	f->cubic_rest = 0;
	if (t->w_max > t->cwnd) {
		/* K = cbrt((W_max - cwnd) / C) seconds, windows in segments, C = 0.4: in ms, 2.5e9 * segments */
		f->k_ms = cube_root((uint64_t)(t->w_max - t->cwnd) * 2500000000u / t->mss); /* at most 2^32 * 2.5e9 */
	} else {
		f->k_ms = 0;
		t->w_max = t->cwnd;
	}
	f->w_origin = t->w_max;
}

/* W_cubic at `at_ms` after the epoch began, in bytes. */
static uint64_t cubic_window(const struct bj_tcp *t, const struct tcp_flight *f, int64_t at_ms)
{
	int64_t d = at_ms - f->k_ms, grow;

	d = i64_max(-CUBIC_DELTA_MS_MAX, i64_min(d, CUBIC_DELTA_MS_MAX));
	grow = d * d * d / 1000 * 4 / 10000; /* C * d^3 in thousandths of a segment */
	grow = grow * t->mss / 1000;
	return grow < -(int64_t)f->w_origin ? 0 : (uint64_t)(f->w_origin + grow);
}

static void cubic_acked(struct bj_tcp *t, uint32_t acked)
{
	struct tcp_flight *f = t->flight;
	int64_t at_ms;
	uint64_t target, step;

	if (f->epoch_us == 0)
		cubic_epoch_starts(t, f);
	else if (f->cubic_rested) /* what was not used does not count: rfc9438:4.2 */
		f->epoch_us += tcp_stack(t)->now_us - f->cubic_us;
	f->cubic_rested = false;
	f->cubic_us = tcp_stack(t)->now_us;
	at_ms = (tcp_stack(t)->now_us - f->epoch_us + t->srtt_us) / 1000; /* where the window should be one round later */
	target = cubic_window(t, f, at_ms);
	if (target > (uint64_t)t->cwnd * 3 / 2)
		target = (uint64_t)t->cwnd * 3 / 2;
	if (target < t->cwnd)
		target = t->cwnd;
	/* the window that Reno would have: alpha = 3 * (1 - 0.7) / (1 + 0.7) until the one before the loss is reached, then 1 */
	f->cubic_rest += (uint64_t)acked * t->mss * (f->w_est < (f->cwnd_prior ? f->cwnd_prior : t->w_max) ? 9 : 17) / 17;
	f->w_est += (uint32_t)(f->cubic_rest / t->cwnd);
	f->cubic_rest %= t->cwnd;
	if (cubic_window(t, f, at_ms) < f->w_est && f->w_est > t->cwnd) {
		t->cwnd = f->w_est;
		return;
	}
	step = (target - t->cwnd) * acked / t->cwnd;
	t->cwnd += (uint32_t)step;
}

static void reno_acked(struct bj_tcp *t, uint32_t acked)
{
	struct tcp_flight *f = t->flight;

	f->cubic_rest += (uint64_t)u32_min(acked, SLOW_START_LIMIT * (uint32_t)t->mss) * t->mss; /* rfc3465:2.1 */
	t->cwnd += (uint32_t)(f->cubic_rest / t->cwnd);
	f->cubic_rest %= t->cwnd;
}

void cc_acked(struct bj_tcp *t, uint32_t acked, uint32_t rtt_us)
{
	if (!t->flight || bbr_of(t))
		return;
	if (in_slow_start(t) && t->ssthresh == UINT32_MAX)
		hystart_acked(t, rtt_us);
	/* a window that was not used says nothing about a larger one (rfc7661:4); slow start may double what was used */
	if (!t->cwnd_limited && !(in_slow_start(t) && t->cwnd < 2 * t->flight->max_out)) {
		t->flight->cubic_rested = true;
		return;
	}
	if (in_slow_start(t))
		slow_start(t, acked);
	else if (tcp_options_of(t)->congestion == BJ_CONGESTION_CUBIC)
		cubic_acked(t, acked);
	else
		reno_acked(t, acked);
	t->cwnd = u32_min(t->cwnd, TCP_CWND_MAX);
}

/* ---- loss */

static void reduce(struct bj_tcp *t, uint32_t flight_size)
{
	struct tcp_flight *f = t->flight;
	uint32_t least = 2 * (uint32_t)t->mss;

	f->undo_cwnd = t->cwnd;
	f->undo_ssthresh = t->ssthresh;
	f->undo_w_max = t->w_max;
	f->cwnd_prior = t->cwnd;
	f->undo_possible = true;
	f->undo_counts = false;
	f->undo_resent = 0;
	f->undo_una = t->snd_una;
	f->undo_ts = tcp_ts_now(t);
	f->epoch_us = 0;
	f->in_css = false;
	if (bbr_of(t)) {
		bbr_enter_recovery(t);
		return;
	}
	if (tcp_options_of(t)->congestion == BJ_CONGESTION_CUBIC) {
		/* fast convergence: rfc9438:4.7 */
		t->w_max = t->cwnd < t->w_max ? (uint32_t)((uint64_t)t->cwnd * 17 / 20) : t->cwnd;
		t->ssthresh = u32_max((uint32_t)((uint64_t)t->cwnd * 7 / 10), least);
	} else {
		t->ssthresh = u32_max(u32_min(flight_size, t->cwnd) / 2, least);
	}
}

static void set_recovery(struct bj_tcp *t, enum bj_recovery to)
{
	struct tcp_flight *f = t->flight;

	if (f->recovery != to)
		stack_event(t, BJ_EVENT_RECOVERY, to, f->recovery, t->snd_una, flight_pipe(t));
	f->recovery = (uint8_t)to;
}

void cc_set_disorder(struct bj_tcp *t)
{
	const struct tcp_flight *f = t->flight;

	if (f->recovery < BJ_RECOVERY_FAST)
		set_recovery(t, f->sacked > 0 || f->dup_acks > 0 ? BJ_RECOVERY_DISORDER : BJ_RECOVERY_OPEN);
}

void cc_enter_recovery(struct bj_tcp *t, uint32_t delivered)
{
	struct tcp_flight *f = t->flight;

	reduce(t, t->snd_nxt - t->snd_una);
	set_recovery(t, BJ_RECOVERY_FAST);
	f->recover = t->snd_nxt;
	f->tail_pending = false;
	if (t->fast_recoveries < UINT8_MAX)
		t->fast_recoveries++;
	f->prr_delivered = 0;
	f->prr_out = 0;
	f->recover_fs = u32_max(t->snd_nxt - t->snd_una - f->sacked + delivered, 1); /* what recovery can deliver */
}

void cc_timeout(struct bj_tcp *t)
{
	t->flight->frto = t->flight->recovery == BJ_RECOVERY_LOSS ? FRTO_NO : FRTO_FIRST_ACK;
	if (t->flight->recovery != BJ_RECOVERY_LOSS)
		reduce(t, t->snd_nxt - t->snd_una);
	t->w_max = 0; /* what follows slow start begins at its own window: rfc9438:4.8 */
	set_recovery(t, BJ_RECOVERY_LOSS);
	t->cwnd = t->mss;
	t->flight->recover = t->snd_nxt;
	t->flight->tail_pending = false;
	t->flight->dup_acks = 0;
}

void cc_congestion_told(struct bj_tcp *t)
{
	struct tcp_flight *f = t->cwr_due ? NULL : flight_of(t);

	if (!f || (f->cwr_valid && seq_le(t->snd_una, f->cwr_end)))
		return; /* it is for what left before the last response: rfc3168:6.1.2 */
	f->cwr_valid = true;
	f->cwr_end = t->snd_nxt;
	t->cwr_due = true;
	if (bbr_of(t)) {
		bbr_congestion_told(t);
		stack_event(t, BJ_EVENT_LOST, BJ_LOST_MARKED, 0, t->snd_una, 0);
		return;
	}
	if (f->recovery >= BJ_RECOVERY_FAST)
		return; /* it has slowed down for this round already */
	reduce(t, tcp_has_unacked(t) ? t->snd_nxt - t->snd_una : t->cwnd);
	f->undo_possible = false; /* nothing is sent again, nothing can turn out to be needless */
	t->cwnd = t->ssthresh;
	stack_event(t, BJ_EVENT_LOST, BJ_LOST_MARKED, 0, t->snd_una, 0);
	if (!tcp_has_unacked(t) && tcp_unsent(t) == 0)
		flight_free(t); /* it was for this */
}

void cc_recovery_ack(struct bj_tcp *t, uint32_t delivered, bool safe_ack)
{
	struct tcp_flight *f = t->flight;
	uint32_t pipe = flight_pipe(t), count;

	if (bbr_of(t))
		return; /* its own window holds in recovery */
	f->prr_delivered += delivered;
	if (pipe > t->ssthresh) {
		uint64_t due = ((uint64_t)f->prr_delivered * t->ssthresh + f->recover_fs - 1) / f->recover_fs;

		count = due > f->prr_out ? (uint32_t)(due - f->prr_out) : 0;
	} else {
		count = f->prr_delivered > f->prr_out ? f->prr_delivered - f->prr_out : 0;
		count = u32_max(count, delivered);
		if (safe_ack)
			count += t->mss;
		count = u32_min(t->ssthresh - pipe, count);
	}
	if (f->prr_out == 0 && count == 0)
		count = t->mss; /* the fast retransmission itself */
	t->cwnd = pipe + count;
}

void cc_exit_recovery(struct bj_tcp *t)
{
	if (bbr_of(t))
		bbr_exit_recovery(t);
	else if (t->flight->recovery == BJ_RECOVERY_FAST && t->ssthresh != UINT32_MAX) /* none: it began under another control */
		t->cwnd = t->ssthresh;
	t->flight->undo_possible = false;
	t->flight->frto = FRTO_NO;
	t->flight->epoch_us = 0;
	t->flight->dup_acks = 0;
	t->flight->reno_sacked = 0;
	set_recovery(t, BJ_RECOVERY_OPEN);
}

void cc_undo(struct bj_tcp *t)
{
	struct tcp_flight *f = t->flight;

	bbr_undo(t);
	t->cwnd = u32_max(t->cwnd, f->undo_cwnd);
	t->ssthresh = f->undo_ssthresh;
	t->w_max = f->undo_w_max;
	f->undo_possible = false;
	f->frto = FRTO_NO;
	t->cwnd_limited = false; /* by the window that was wrong */
	f->max_out = flight_pipe(t);
	f->dup_acks = 0;
	f->reno_sacked = 0;
	set_recovery(t, BJ_RECOVERY_OPEN);
	if (t->undos < UINT8_MAX)
		t->undos++;
	stack_event(t, BJ_EVENT_UNDO, 0, 0, t->snd_una, 0);
}

void cc_restart(struct bj_tcp *t)
{
	if (bbr_of(t))
		return; /* what is paced makes no burst */
	t->cwnd = u32_min(t->cwnd, initial_window(t));
}

uint32_t cc_room(const struct bj_tcp *t)
{
	uint32_t pipe = flight_pipe(t);

	if (pipe == 0) /* segments may have become larger than the window: with none out nothing would ever change it */
		return u32_max(t->cwnd, t->mss);
	return t->cwnd > pipe ? t->cwnd - pipe : 0;
}
