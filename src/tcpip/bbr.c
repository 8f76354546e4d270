/* bbr.c - see bbr.h: the model and its states. Delivery rates are made in bbr_rate.c. */
#include "tcpip/bbr.h"

#include "tcpip/stack.h"

#define STARTUP_PACING_GAIN 277
#define UP_CWND_GAIN 225
#define CWND_GAIN 200
#define DRAIN_PACING_GAIN 50
#define DOWN_PACING_GAIN 90
#define UP_PACING_GAIN 125
#define PROBE_RTT_CWND_GAIN 50
#define LOSS_THRESH 2        /* per cent of what was in flight */
#define BETA 70
#define HEADROOM 15
#define PACING_MARGIN 1
#define STARTUP_FULL_LOSSES 6
#define FULL_BW_ROUNDS 3
#define FULL_BW_GROWTH 125
#define MIN_PIPE 4           /* segments */
#define MIN_RTT_FILTER_US 10000000
#define PROBE_RTT_INTERVAL_US 5000000
#define PROBE_RTT_US 200000
#define PROBE_WAIT_US 2000000
#define RENO_ROUNDS_MAX 63
#define EXTRA_ACKED_ROUNDS 5 /* of each of two filters */
#define UP_ROUNDS_MAX 30
#define DRAIN_ROUNDS_MAX 3
#define SEND_QUANTUM_MAX 65536

static uint32_t bounded(uint64_t v)
{
	return v > TCP_CWND_MAX ? TCP_CWND_MAX : (uint32_t)v;
}

static int64_t now_us(const struct bj_tcp *t)
{
	return tcp_stack(t)->now_us;
}

static uint32_t min_pipe(const struct bj_tcp *t)
{
	return MIN_PIPE * (uint32_t)t->mss;
}

static bool in_probe_bw(const struct bbr *b)
{
	return b->state >= BBR_PROBE_BW_DOWN && b->state <= BBR_PROBE_BW_UP;
}

static bool is_probing(const struct bbr *b)
{
	return b->state == BBR_STARTUP || b->state == BBR_PROBE_BW_REFILL || b->state == BBR_PROBE_BW_UP;
}

/* ---- amounts */

static uint32_t bdp(const struct bj_tcp *t, const struct bbr *b, uint64_t bw, uint32_t gain)
{
	if (b->min_rtt_us == 0 || bw == 0)
		return t->cwnd;
	return bounded(bw * b->min_rtt_us / 1000000 * gain / 100);
}

static uint32_t send_quantum(const struct bj_tcp *t, const struct bbr *b)
{
	uint64_t quantum = b->pacing_rate / 1000;

	return quantum > SEND_QUANTUM_MAX ? SEND_QUANTUM_MAX : u32_max((uint32_t)quantum, 2u * t->mss);
}

/* Room for what is sent in one piece, and for what the peer acknowledges in one piece. */
static uint32_t quantized(const struct bj_tcp *t, const struct bbr *b, uint32_t inflight)
{
	inflight = u32_max(u32_max(inflight, 3 * send_quantum(t, b)), min_pipe(t));
	return b->state == BBR_PROBE_BW_UP ? inflight + 2u * t->mss : inflight;
}

static uint32_t inflight_for(const struct bj_tcp *t, const struct bbr *b, uint64_t bw, uint32_t gain)
{
	return quantized(t, b, bdp(t, b, bw, gain));
}

static uint32_t inflight_with_headroom(const struct bj_tcp *t, const struct bbr *b)
{
	uint32_t headroom;

	if (b->inflight_longterm == BBR_NO_LIMIT)
		return BBR_NO_LIMIT;
	headroom = u32_max(t->mss, (uint32_t)((uint64_t)b->inflight_longterm * HEADROOM / 100));
	return u32_max(b->inflight_longterm > headroom ? b->inflight_longterm - headroom : 0, min_pipe(t));
}

static uint32_t target_inflight(const struct bj_tcp *t, const struct bbr *b)
{
	return u32_min(bdp(t, b, b->bw, 100), t->cwnd);
}

static uint32_t probe_rtt_cwnd(const struct bj_tcp *t, const struct bbr *b)
{
	return u32_max(bdp(t, b, b->bw, PROBE_RTT_CWND_GAIN), min_pipe(t));
}

/* ---- states */

static void set_state(struct bbr *b, enum bbr_state state, uint16_t pacing_gain, uint16_t cwnd_gain)
{
	b->state = (uint8_t)state;
	b->pacing_gain = pacing_gain;
	b->cwnd_gain = cwnd_gain;
}

static void start_round(struct bbr *b)
{
	b->next_round_delivered = b->delivered;
}

static void reset_full_bw(struct bbr *b, uint64_t bw)
{
	b->full_bw = bw;
	b->full_bw_count = 0;
	b->full_bw_now = false;
}

static void reset_shortterm(struct bbr *b)
{
	b->bw_shortterm = BBR_NO_RATE;
	b->inflight_shortterm = BBR_NO_LIMIT;
}

static void enter_startup(struct bbr *b)
{
	set_state(b, BBR_STARTUP, STARTUP_PACING_GAIN, CWND_GAIN);
}

/* Connections that began together are not to probe together: spread by their numbers. */
static uint32_t spread(const struct bj_tcp *t, const struct bbr *b)
{
	return (t->iss ^ b->round_count) * UINT32_C(2654435761) >> 12;
}

static void start_down(struct bj_tcp *t, struct bbr *b)
{
	uint32_t random = spread(t, b);

	b->loss_in_round = false;
	b->bw_latest = 0;
	b->inflight_latest = 0;
	b->probe_up_count = BBR_NO_LIMIT;
	b->rounds_since_bw_probe = random & 1;
	b->bw_probe_wait_us = PROBE_WAIT_US + (random >> 1) % 1000000;
	b->cycle_stamp_us = now_us(t);
	b->ack_phase = BBR_ACKS_PROBE_STOPPING;
	start_round(b);
	set_state(b, BBR_PROBE_BW_DOWN, DOWN_PACING_GAIN, CWND_GAIN);
}

static void start_cruise(struct bbr *b)
{
	set_state(b, BBR_PROBE_BW_CRUISE, 100, CWND_GAIN);
}

static void start_refill(struct bbr *b)
{
	reset_shortterm(b);
	b->bw_probe_up_rounds = 0;
	b->bw_probe_up_acks = 0;
	b->prev_probe_precautionary = false;
	b->ack_phase = BBR_ACKS_REFILLING;
	start_round(b);
	set_state(b, BBR_PROBE_BW_REFILL, 100, CWND_GAIN);
}

/* The longer a probe goes on, the faster the limit rises. */
static void raise_slope(const struct bj_tcp *t, struct bbr *b)
{
	uint32_t growth = UINT32_C(1) << b->bw_probe_up_rounds;

	if (b->bw_probe_up_rounds < UP_ROUNDS_MAX)
		b->bw_probe_up_rounds++;
	b->probe_up_count = u32_max(t->cwnd / growth, t->mss);
}

static void start_up(const struct bj_tcp *t, struct bbr *b, const struct bbr_sample *rs)
{
	b->ack_phase = BBR_ACKS_PROBE_STARTING;
	start_round(b);
	reset_full_bw(b, rs->delivery_rate);
	set_state(b, BBR_PROBE_BW_UP, UP_PACING_GAIN, UP_CWND_GAIN);
	raise_slope(t, b);
}

static void init(struct bj_tcp *t, struct bbr *b)
{
	*b = (struct bbr){ .inflight_longterm = BBR_NO_LIMIT, .min_rtt_us = t->min_rtt_us, .probe_rtt_min_us = t->min_rtt_us,
			   .min_rtt_stamp_us = now_us(t), .probe_rtt_min_stamp_us = now_us(t), .extra_acked_start_us = now_us(t),
			   .delivered_us = now_us(t), .first_sent_us = now_us(t), .probe_up_count = BBR_NO_LIMIT,
			   .undo_state = BBR_NO_STATE };
	reset_shortterm(b);
	enter_startup(b);
	b->pacing_rate = (uint64_t)t->cwnd * 10000 * STARTUP_PACING_GAIN / (t->srtt_us ? t->srtt_us : 1000);
}

struct bbr *bbr_of(struct bj_tcp *t)
{
	struct tcp_flight *f = t->flight;

	if (!f || tcp_options_of(t)->congestion != BJ_CONGESTION_BBR)
		return NULL;
	if (!f->bbr && (f->bbr = (struct bbr *)slab_alloc(&tcp_stack(t)->bbrs)))
		init(t, f->bbr);
	return f->bbr;
}

/* ---- losses */

/* Without SACK one loss a round is all that can be seen: it stands for the others. */
static bool is_too_high(const struct bj_tcp *t, const struct bbr_sample *rs)
{
	return (uint64_t)rs->lost * 100 > (uint64_t)rs->tx_in_flight * LOSS_THRESH || (rs->lost > 0 && !t->sack_ok);
}

static void handle_too_high(struct bj_tcp *t, struct bbr *b, const struct bbr_sample *rs, uint32_t inflight)
{
	b->prev_probe_too_high = true;
	b->bw_probe_samples = false;
	if (!rs->is_app_limited)
		b->inflight_longterm = u32_max(inflight, (uint32_t)((uint64_t)target_inflight(t, b) * BETA / 100));
	if (b->state == BBR_PROBE_BW_UP) {
		b->undo_state = BBR_PROBE_BW_UP;
		start_down(t, b);
	}
}

/* The first of a recovery notes what is to come back if there was none: before anything is changed for it. */
static void note_loss(struct bbr *b)
{
	if (!b->loss_in_round)
		b->loss_round_delivered = b->delivered;
	if (!b->undo_noted) {
		b->undo_noted = true;
		b->undo_bw_shortterm = b->bw_shortterm;
		b->undo_inflight_shortterm = b->inflight_shortterm;
		b->undo_inflight_longterm = b->inflight_longterm;
		b->undo_state = BBR_NO_STATE;
	}
	b->loss_in_round = true;
}

/* How much was in flight when the share of losses reached the threshold, somewhere inside of this packet. */
static uint32_t inflight_at_loss(const struct bbr_sample *rs, uint32_t size)
{
	int64_t before = (int64_t)rs->tx_in_flight - size, lost_before = (int64_t)rs->lost - size;
	int64_t prefix = (before * LOSS_THRESH - lost_before * 100) / (100 - LOSS_THRESH);

	return (uint32_t)i64_max(before + i64_max(prefix, 0), 0);
}

void bbr_lost(struct bj_tcp *t, const struct sent *s)
{
	struct bbr *b = bbr_of(t);
	uint32_t size = s->end - s->seq;
	struct bbr_sample rs;

	if (!b)
		return;
	b->lost += size;
	note_loss(b);
	if (b->loss_events == 0 || s->seq != b->lost_end)
		b->loss_events++;
	b->lost_end = s->end;
	if (!b->bw_probe_samples)
		return;
	rs = (struct bbr_sample){ .tx_in_flight = s->tx_in_flight, .lost = b->lost - s->lost_before,
				  .is_app_limited = (s->flags & SENT_APP_LIMITED) != 0 };
	if (is_too_high(t, &rs))
		handle_too_high(t, b, &rs, inflight_at_loss(&rs, size));
}

/* A router's mark counts as a loss: the draft leaves it to the sender. */
void bbr_congestion_told(struct bj_tcp *t)
{
	struct bbr *b = bbr_of(t);
	const struct bbr_sample rs = { 0 };

	if (!b)
		return;
	note_loss(b);
	if (b->bw_probe_samples || b->state == BBR_STARTUP)
		handle_too_high(t, b, &rs, flight_pipe(t));
	b->full_bw_reached = true;
}

void bbr_enter_recovery(struct bj_tcp *t)
{
	struct bbr *b = bbr_of(t);

	if (!b)
		return;
	if (!flight_in_recovery(t) && b->state != BBR_PROBE_RTT)
		b->prior_cwnd = t->cwnd;
	else
		b->prior_cwnd = u32_max(b->prior_cwnd, t->cwnd);
}

void bbr_exit_recovery(struct bj_tcp *t)
{
	struct bbr *b = bbr_of(t);

	if (!b)
		return;
	b->undo_noted = false;
	t->cwnd = u32_max(t->cwnd, b->prior_cwnd);
}

void bbr_undo(struct bj_tcp *t)
{
	struct bbr *b = bbr_of(t);

	if (!b)
		return;
	b->loss_in_round = false;
	reset_full_bw(b, 0);
	if (b->undo_bw_shortterm > b->bw_shortterm)
		b->bw_shortterm = b->undo_bw_shortterm;
	b->inflight_shortterm = u32_max(b->inflight_shortterm, b->undo_inflight_shortterm);
	b->inflight_longterm = u32_max(b->inflight_longterm, b->undo_inflight_longterm);
	if (b->undo_state == BBR_STARTUP && b->state != BBR_STARTUP) {
		b->full_bw_reached = false;
		if (b->state != BBR_PROBE_RTT)
			enter_startup(b);
	} else if (b->undo_state == BBR_PROBE_BW_UP && b->state != BBR_PROBE_BW_UP && b->state != BBR_PROBE_RTT) {
		start_refill(b);
	}
	b->undo_state = BBR_NO_STATE;
	b->undo_noted = false;
}

/* ---- the model */

static void update_latest(struct bbr *b, const struct bbr_sample *rs)
{
	b->loss_round_start = false;
	if (rs->delivery_rate > b->bw_latest)
		b->bw_latest = rs->delivery_rate;
	b->inflight_latest = u32_max(b->inflight_latest, rs->delivered);
	if (seq_ge(rs->prior_delivered, b->loss_round_delivered)) {
		b->loss_round_delivered = b->delivered;
		b->loss_round_start = true;
	}
}

static void update_round(struct bbr *b, const struct bbr_sample *rs)
{
	b->round_start = seq_ge(rs->prior_delivered, b->next_round_delivered);
	if (!b->round_start)
		return;
	start_round(b);
	b->round_count++;
	b->rounds_since_bw_probe++;
}

static void update_max_bw(struct bbr *b, const struct bbr_sample *rs)
{
	if (rs->delivery_rate < b->max_bw && rs->is_app_limited)
		return;
	if (rs->delivery_rate > b->max_bw_filter[1])
		b->max_bw_filter[1] = rs->delivery_rate;
	b->max_bw = b->max_bw_filter[0] > b->max_bw_filter[1] ? b->max_bw_filter[0] : b->max_bw_filter[1];
}

static void advance_max_bw(struct bbr *b)
{
	if (b->max_bw_filter[1] == 0)
		return; /* nothing was measured in this cycle */
	b->max_bw_filter[0] = b->max_bw_filter[1];
	b->max_bw_filter[1] = 0;
	b->max_bw = b->max_bw_filter[0];
}

/* A round with losses, and it was not we who asked for them: less, until the next probe. */
static void adapt_shortterm(const struct bj_tcp *t, struct bbr *b)
{
	uint64_t bw;

	if (is_probing(b) || !b->loss_in_round)
		return;
	if (b->bw_shortterm == BBR_NO_RATE)
		b->bw_shortterm = b->max_bw;
	if (b->inflight_shortterm == BBR_NO_LIMIT)
		b->inflight_shortterm = t->cwnd;
	bw = b->bw_shortterm * BETA / 100;
	b->bw_shortterm = b->bw_latest > bw ? b->bw_latest : bw;
	b->inflight_shortterm = u32_max(b->inflight_latest, (uint32_t)((uint64_t)b->inflight_shortterm * BETA / 100));
}

static void update_aggregation(const struct bj_tcp *t, struct bbr *b, const struct bbr_sample *rs)
{
	uint64_t expected = b->bw * (uint64_t)i64_min(now_us(t) - b->extra_acked_start_us, MIN_RTT_FILTER_US) / 1000000;
	uint32_t extra;

	if (b->extra_acked_delivered <= expected) {
		b->extra_acked_delivered = 0;
		b->extra_acked_start_us = now_us(t);
		expected = 0;
	}
	b->extra_acked_delivered = bounded((uint64_t)b->extra_acked_delivered + rs->newly_acked);
	extra = u32_min((uint32_t)(b->extra_acked_delivered - expected), t->cwnd);
	if (b->round_start && b->round_count - b->extra_acked_round >= (b->full_bw_reached ? EXTRA_ACKED_ROUNDS : 1)) {
		b->extra_acked_round = b->round_count;
		b->extra_acked_filter[0] = b->full_bw_reached ? b->extra_acked_filter[1] : 0;
		b->extra_acked_filter[1] = 0;
	}
	b->extra_acked_filter[1] = u32_max(b->extra_acked_filter[1], extra);
}

static void check_full_bw(struct bbr *b, const struct bbr_sample *rs)
{
	if (b->full_bw_now || !b->round_start || rs->is_app_limited)
		return;
	if (rs->delivery_rate * 100 >= b->full_bw * FULL_BW_GROWTH) {
		reset_full_bw(b, rs->delivery_rate);
		return;
	}
	b->full_bw_now = ++b->full_bw_count >= FULL_BW_ROUNDS;
	b->full_bw_reached |= b->full_bw_now;
}

static void check_startup_done(struct bj_tcp *t, struct bbr *b, const struct bbr_sample *rs)
{
	if (b->state != BBR_STARTUP)
		return;
	if (flight_in_recovery(t) &&
	    (t->sack_ok ? b->loss_round_start && b->loss_events >= STARTUP_FULL_LOSSES && is_too_high(t, rs) : b->loss_in_round)) {
		b->undo_state = BBR_STARTUP;
		b->full_bw_reached = true;
		b->inflight_longterm = u32_max(bdp(t, b, b->max_bw, 100), b->inflight_latest);
	}
	if (!b->full_bw_reached)
		return;
	set_state(b, BBR_DRAIN, DRAIN_PACING_GAIN, CWND_GAIN);
	b->drain_start_round = b->round_count;
}

static void check_drain_done(struct bj_tcp *t, struct bbr *b)
{
	if (b->state == BBR_DRAIN &&
	    (flight_pipe(t) <= inflight_for(t, b, b->max_bw, 100) || b->round_count > b->drain_start_round + DRAIN_ROUNDS_MAX))
		start_down(t, b);
}

static bool is_time_to_probe(const struct bj_tcp *t, const struct bbr *b)
{
	if (now_us(t) > b->cycle_stamp_us + b->bw_probe_wait_us)
		return true;
	/* as often as Reno would come back to where it was: so that it lives beside us */
	return b->rounds_since_bw_probe >= u32_min(target_inflight(t, b) / t->mss, RENO_ROUNDS_MAX);
}

static bool is_time_to_go_down(const struct bj_tcp *t, struct bbr *b, const struct bbr_sample *rs)
{
	if (b->prev_probe_too_high && flight_pipe(t) >= b->inflight_longterm) {
		b->prev_probe_precautionary = true;
		return true;
	}
	if (t->cwnd_limited && t->cwnd >= b->inflight_longterm) {
		reset_full_bw(b, rs->delivery_rate); /* our own limit is in the way, the wire is not known to be full */
		return false;
	}
	return b->full_bw_now;
}

static void probe_upward(const struct bj_tcp *t, struct bbr *b, const struct bbr_sample *rs)
{
	uint32_t steps;

	if (!t->cwnd_limited || t->cwnd < b->inflight_longterm)
		return;
	b->bw_probe_up_acks = bounded((uint64_t)b->bw_probe_up_acks + rs->newly_acked);
	steps = b->bw_probe_up_acks / b->probe_up_count;
	b->bw_probe_up_acks -= steps * b->probe_up_count;
	b->inflight_longterm = bounded((uint64_t)b->inflight_longterm + (uint64_t)steps * t->mss);
	if (b->round_start)
		raise_slope(t, b);
}

/* True: that was all, a state began. */
static bool adapt_longterm(const struct bj_tcp *t, struct bbr *b, const struct bbr_sample *rs)
{
	if (b->round_start && b->ack_phase == BBR_ACKS_PROBE_STARTING)
		b->ack_phase = BBR_ACKS_PROBE_FEEDBACK;
	if (b->round_start && b->ack_phase == BBR_ACKS_PROBE_STOPPING) {
		b->bw_probe_samples = false;
		b->ack_phase = BBR_ACKS_INIT;
		if (in_probe_bw(b) && !rs->is_app_limited)
			advance_max_bw(b);
		if (in_probe_bw(b) && b->prev_probe_precautionary && !b->prev_probe_too_high) {
			start_refill(b);
			return true;
		}
	}
	if (is_too_high(t, rs) || b->inflight_longterm == BBR_NO_LIMIT)
		return false;
	b->inflight_longterm = u32_max(b->inflight_longterm, rs->tx_in_flight);
	if (b->state == BBR_PROBE_BW_UP)
		probe_upward(t, b, rs);
	return false;
}

static void update_cycle(struct bj_tcp *t, struct bbr *b, const struct bbr_sample *rs)
{
	uint32_t pipe = flight_pipe(t);

	if (!b->full_bw_reached)
		return;
	if (adapt_longterm(t, b, rs))
		return;
	if (b->state == BBR_PROBE_BW_DOWN || b->state == BBR_PROBE_BW_CRUISE) {
		if (is_time_to_probe(t, b))
			start_refill(b);
		else if (b->state == BBR_PROBE_BW_DOWN && pipe <= inflight_with_headroom(t, b) &&
			 pipe <= inflight_for(t, b, b->max_bw, 100))
			start_cruise(b);
	} else if (b->state == BBR_PROBE_BW_REFILL && b->round_start) {
		b->bw_probe_samples = true;
		start_up(t, b, rs);
	} else if (b->state == BBR_PROBE_BW_UP && is_time_to_go_down(t, b, rs)) {
		b->prev_probe_too_high = false; /* not yet */
		start_down(t, b);
	}
}

static void update_min_rtt(const struct bj_tcp *t, struct bbr *b, const struct bbr_sample *rs)
{
	int64_t now = now_us(t);

	b->probe_rtt_expired = now > b->probe_rtt_min_stamp_us + PROBE_RTT_INTERVAL_US;
	if (rs->rtt_us && (b->probe_rtt_min_us == 0 || rs->rtt_us < b->probe_rtt_min_us || b->probe_rtt_expired)) {
		b->probe_rtt_min_us = rs->rtt_us;
		b->probe_rtt_min_stamp_us = now;
	}
	if (b->probe_rtt_min_us && (b->min_rtt_us == 0 || b->probe_rtt_min_us < b->min_rtt_us || now > b->min_rtt_stamp_us + MIN_RTT_FILTER_US)) {
		b->min_rtt_us = b->probe_rtt_min_us;
		b->min_rtt_stamp_us = b->probe_rtt_min_stamp_us;
	}
}

static void exit_probe_rtt(struct bj_tcp *t, struct bbr *b)
{
	b->probe_rtt_min_stamp_us = now_us(t);
	t->cwnd = u32_max(t->cwnd, b->prior_cwnd);
	reset_shortterm(b);
	if (b->full_bw_reached) {
		start_down(t, b);
		start_cruise(b);
	} else {
		enter_startup(b);
	}
}

static void check_probe_rtt_done(struct bj_tcp *t, struct bbr *b)
{
	if (b->probe_rtt_done_us && now_us(t) > b->probe_rtt_done_us)
		exit_probe_rtt(t, b);
}

static void check_probe_rtt(struct bj_tcp *t, struct bbr *b, const struct bbr_sample *rs)
{
	if (b->state != BBR_PROBE_RTT && b->probe_rtt_expired && !b->idle_restart) {
		b->prior_cwnd = flight_in_recovery(t) ? u32_max(b->prior_cwnd, t->cwnd) : t->cwnd;
		set_state(b, BBR_PROBE_RTT, 100, PROBE_RTT_CWND_GAIN);
		b->probe_rtt_done_us = 0;
		b->ack_phase = BBR_ACKS_PROBE_STOPPING;
		start_round(b);
	}
	if (b->state == BBR_PROBE_RTT) {
		b->app_limited = b->delivered + flight_pipe(t) ? b->delivered + flight_pipe(t) : 1; /* its rates say nothing */
		if (b->probe_rtt_done_us == 0 && flight_pipe(t) <= probe_rtt_cwnd(t, b)) {
			b->probe_rtt_done_us = now_us(t) + PROBE_RTT_US;
			b->probe_rtt_round_done = false;
			start_round(b);
		} else if (b->probe_rtt_done_us) {
			b->probe_rtt_round_done |= b->round_start;
			if (b->probe_rtt_round_done)
				check_probe_rtt_done(t, b);
		}
	}
	if (rs->delivered > 0)
		b->idle_restart = false;
}

/* ---- what follows from it */

static void set_pacing_rate(const struct bj_tcp *t, struct bbr *b, uint32_t gain)
{
	uint64_t rate = b->bw * gain / 100 * (100 - PACING_MARGIN) / 100;
	uint64_t least = (uint64_t)t->mss * 1000000 / (t->srtt_us ? t->srtt_us : 1000000);

	if (rate > 0 && rate < least)
		rate = least; /* less than a segment a round: what was measured was a timeout, to keep to it would be a stall */
	if (rate > 0 && (b->full_bw_reached || rate > b->pacing_rate))
		b->pacing_rate = rate;
}

void bbr_restart(struct bj_tcp *t, struct bbr *b)
{
	b->idle_restart = true;
	b->extra_acked_start_us = now_us(t);
	if (in_probe_bw(b))
		set_pacing_rate(t, b, 100); /* the model stands, the queue is empty */
	else if (b->state == BBR_PROBE_RTT)
		check_probe_rtt_done(t, b);
}

static void set_cwnd(struct bj_tcp *t, struct bbr *b, const struct bbr_sample *rs)
{
	uint32_t cap = BBR_NO_LIMIT, extra = u32_max(b->extra_acked_filter[0], b->extra_acked_filter[1]);
	uint64_t wider = (uint64_t)t->cwnd + rs->newly_acked;

	b->max_inflight = quantized(t, b, bounded((uint64_t)bdp(t, b, b->bw, b->cwnd_gain) + extra));
	if (b->full_bw_reached)
		t->cwnd = u32_min(bounded(wider), b->max_inflight);
	else if (t->cwnd < b->max_inflight || b->delivered < 10u * t->mss)
		t->cwnd = bounded(wider);
	t->cwnd = u32_max(t->cwnd, min_pipe(t));
	if (b->state == BBR_PROBE_RTT)
		t->cwnd = u32_min(t->cwnd, probe_rtt_cwnd(t, b));
	if (in_probe_bw(b) && b->state != BBR_PROBE_BW_CRUISE)
		cap = b->inflight_longterm;
	else if (b->state == BBR_PROBE_RTT || b->state == BBR_PROBE_BW_CRUISE)
		cap = inflight_with_headroom(t, b);
	cap = u32_max(u32_min(cap, b->inflight_shortterm), min_pipe(t));
	t->cwnd = u32_min(t->cwnd, cap);
}

void bbr_update(struct bj_tcp *t, struct bbr *b, const struct bbr_sample *rs)
{
	update_latest(b, rs);
	update_round(b, rs);
	update_max_bw(b, rs);
	if (b->loss_round_start)
		adapt_shortterm(t, b);
	update_aggregation(t, b, rs);
	check_full_bw(b, rs);
	check_startup_done(t, b, rs);
	if (b->loss_round_start) {
		b->loss_in_round = false;
		b->loss_events = 0;
	}
	check_drain_done(t, b);
	update_cycle(t, b, rs);
	update_min_rtt(t, b, rs);
	check_probe_rtt(t, b, rs);
	if (b->loss_round_start) {
		b->bw_latest = rs->delivery_rate;
		b->inflight_latest = rs->delivered;
	}
	b->bw = b->max_bw < b->bw_shortterm ? b->max_bw : b->bw_shortterm;
	set_pacing_rate(t, b, b->pacing_gain);
	set_cwnd(t, b, rs);
}
