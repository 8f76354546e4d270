/* bbr_test.c - BBR's model fed by hand: each state, what leads out of it, and what losses do in it. draft-ietf-ccwg-bbr */
#include "tcpip/bbr.h"

#include "base/test.h"
#include "tcpip/stack.h"

#define MSS 1000u
#define RTT_US 100000
#define BW UINT64_C(1000000) /* and so a BDP of 100 segments */
#define BDP 100000u

struct world {
	struct bj_stack stack;
	struct tcp_config config;
	struct bj_tcp tcp;
	struct tcp_flight flight;
	struct bbr *b;
};

static void world_make(struct world *w)
{
	const struct slab_options bbrs = { .object_size = sizeof(struct bbr) };

	*w = (struct world){ .stack.now_us = 1000000 };
	w->config = (struct tcp_config){ .stack = &w->stack, .options = { .congestion = BJ_CONGESTION_BBR } };
	w->tcp = (struct bj_tcp){ .config = &w->config, .flight = &w->flight, .mss = MSS, .cwnd = 10 * MSS, .ssthresh = UINT32_MAX,
				  .srtt_us = RTT_US, .min_rtt_us = RTT_US, .sack_ok = true };
	list_init(&w->flight.by_seq);
	list_init(&w->flight.by_time);
	assert_int_equal(slab_init(&w->stack.bbrs, &bbrs), BJ_OK);
	w->b = bbr_of(&w->tcp);
	assert_non_null(w->b);
}

static void world_end(struct world *w)
{
	slab_free(&w->stack.bbrs, w->b);
	slab_fini(&w->stack.bbrs);
}

static void set_pipe(struct world *w, uint32_t pipe)
{
	w->tcp.snd_nxt = w->tcp.snd_una + pipe;
}

static struct bbr_sample sample_at(struct world *w, uint64_t rate)
{
	uint32_t bytes = (uint32_t)(rate * RTT_US / 1000000), prior = w->b->delivered;

	w->stack.now_us += RTT_US;
	w->b->delivered += bytes;
	return (struct bbr_sample){ .valid = true, .delivery_rate = rate, .prior_delivered = prior, .delivered = bytes,
				    .newly_acked = bytes, .tx_in_flight = bytes, .rtt_us = RTT_US };
}

/* A round at this rate, acknowledged at once. */
static void one_round(struct world *w, uint64_t rate)
{
	struct bbr_sample rs = sample_at(w, rate);

	bbr_update(&w->tcp, w->b, &rs);
}

static void lose(struct world *w, uint32_t seq, uint32_t lost_before, uint32_t in_flight)
{
	const struct sent s = { .seq = seq, .end = seq + MSS, .flags = SENT_LOST, .lost_before = lost_before, .tx_in_flight = in_flight };

	bbr_lost(&w->tcp, &s);
}

static void to_drain(struct world *w)
{
	set_pipe(w, 2 * BDP);
	for (unsigned i = 0; i < 4; i++)
		one_round(w, BW);
	assert_int_equal(w->b->state, BBR_DRAIN);
}

static void to_cruise(struct world *w)
{
	to_drain(w);
	set_pipe(w, BDP); /* DOWN has nothing to do then */
	one_round(w, BW);
	assert_int_equal(w->b->state, BBR_PROBE_BW_CRUISE);
}

static void to_up(struct world *w)
{
	to_cruise(w);
	for (unsigned i = 0; i < 32 && w->b->state != BBR_PROBE_BW_UP; i++)
		one_round(w, BW);
	assert_int_equal(w->b->state, BBR_PROBE_BW_UP);
}

static void startup_ends_when_three_rounds_bring_no_more(void **state)
{
	struct world w;

	(void)state;
	world_make(&w);
	for (uint64_t rate = BW / 8; rate <= BW; rate *= 2) {
		one_round(&w, rate);
		assert_int_equal(w.b->state, BBR_STARTUP);
		assert_true(w.b->pacing_rate >= rate * 27 / 10);
	}
	for (unsigned i = 0; i < 5; i++) { /* a sender without bytes learns nothing */
		struct bbr_sample rs = sample_at(&w, BW);

		rs.is_app_limited = true;
		bbr_update(&w.tcp, w.b, &rs);
		assert_int_equal(w.b->state, BBR_STARTUP);
	}
	set_pipe(&w, 2 * BDP);
	one_round(&w, BW * 12 / 10);
	one_round(&w, BW);
	assert_int_equal(w.b->state, BBR_STARTUP);
	one_round(&w, BW);
	assert_int_equal(w.b->state, BBR_DRAIN);
	world_end(&w);
}

static void startup_ends_at_losses_in_many_places(void **state)
{
	struct world w;

	(void)state;
	for (unsigned places = 5; places <= 6; places++) {
		struct bbr_sample rs;

		world_make(&w);
		set_pipe(&w, 2 * BDP);
		one_round(&w, BW);
		w.flight.recovery = BJ_RECOVERY_FAST;
		for (uint32_t i = 0; i < places; i++)
			lose(&w, 2 * i * MSS, 0, BDP);
		rs = sample_at(&w, BW);
		rs.lost = places * MSS;
		bbr_update(&w.tcp, w.b, &rs);
		assert_int_equal(w.b->state, places == 6 ? BBR_DRAIN : BBR_STARTUP);
		assert_int_equal(w.b->inflight_longterm, places == 6 ? BDP : BBR_NO_LIMIT);
		world_end(&w);
	}
}

static void drain_sends_slowly_until_the_queue_is_gone(void **state)
{
	struct world w;

	(void)state;
	world_make(&w);
	to_drain(&w);
	assert_in_range(w.b->pacing_rate, BW * 49 / 100, BW / 2);
	one_round(&w, BW);
	assert_int_equal(w.b->state, BBR_DRAIN);
	set_pipe(&w, BDP);
	one_round(&w, BW);
	assert_int_equal(w.b->state, BBR_PROBE_BW_CRUISE);
	world_end(&w);
}

static void a_cycle_goes_down_cruises_refills_and_goes_up(void **state)
{
	struct world w;
	int64_t start;

	(void)state;
	world_make(&w);
	to_cruise(&w);
	start = w.b->cycle_stamp_us;
	for (unsigned i = 0; i < 40 && w.b->state == BBR_PROBE_BW_CRUISE; i++)
		one_round(&w, BW);
	assert_int_equal(w.b->state, BBR_PROBE_BW_REFILL);
	assert_in_range(w.stack.now_us - start, 2000000, 3200000);
	assert_in_range(w.b->pacing_rate, BW * 98 / 100, BW);
	one_round(&w, BW);
	assert_int_equal(w.b->state, BBR_PROBE_BW_UP);
	assert_in_range(w.b->pacing_rate, BW * 123 / 100, BW * 125 / 100);
	for (unsigned i = 0; i < 2; i++) {
		one_round(&w, BW);
		assert_int_equal(w.b->state, BBR_PROBE_BW_UP);
	}
	set_pipe(&w, BDP * 11 / 10);
	one_round(&w, BW); /* three rounds that brought no more */
	assert_int_equal(w.b->state, BBR_PROBE_BW_DOWN);
	assert_in_range(w.b->pacing_rate, BW * 88 / 100, BW * 90 / 100);
	one_round(&w, BW);
	assert_int_equal(w.b->state, BBR_PROBE_BW_DOWN); /* more is out than the path holds */
	set_pipe(&w, BDP);
	one_round(&w, BW);
	assert_int_equal(w.b->state, BBR_PROBE_BW_CRUISE);
	world_end(&w);
}

static void a_probe_ends_at_more_than_two_losses_of_a_hundred(void **state)
{
	struct world w;

	(void)state;
	world_make(&w);
	to_up(&w);
	w.tcp.cwnd = 2 * BDP;
	lose(&w, 0, w.b->lost, 2 * BDP);
	lose(&w, MSS, w.b->lost - MSS, 2 * BDP);
	assert_int_equal(w.b->state, BBR_PROBE_BW_UP);
	assert_int_equal(w.b->inflight_longterm, BBR_NO_LIMIT);
	for (uint32_t i = 2; i < 5; i++)
		lose(&w, i * MSS, w.b->lost - i * MSS, 2 * BDP);
	assert_int_equal(w.b->state, BBR_PROBE_BW_DOWN);
	assert_in_range(w.b->inflight_longterm, 2 * BDP - 2 * MSS, 2 * BDP); /* where it went wrong */
	one_round(&w, BW);
	assert_true(w.tcp.cwnd <= w.b->inflight_longterm);
	world_end(&w);
}

static void losses_while_cruising_lower_the_short_bounds_until_the_next_probe(void **state)
{
	struct world w;

	(void)state;
	world_make(&w);
	to_cruise(&w);
	w.b->bw_latest = 0;
	w.b->inflight_latest = 0;
	lose(&w, 0, w.b->lost, BDP);
	one_round(&w, BW / 2);
	assert_int_equal(w.b->bw_shortterm, BW * 7 / 10);
	assert_true(w.b->bw == w.b->bw_shortterm);
	assert_true(w.b->max_bw == BW);
	lose(&w, MSS, w.b->lost, BDP);
	one_round(&w, BW * 6 / 10);
	assert_int_equal(w.b->bw_shortterm, BW * 6 / 10); /* never below what does come through */
	assert_true(w.tcp.cwnd <= w.b->inflight_shortterm);
	for (unsigned i = 0; i < 40 && w.b->state == BBR_PROBE_BW_CRUISE; i++)
		one_round(&w, BW);
	assert_int_equal(w.b->state, BBR_PROBE_BW_REFILL);
	assert_true(w.b->bw_shortterm == BBR_NO_RATE && w.b->bw == BW);
	world_end(&w);
}

static void the_round_trip_is_probed_after_five_seconds_without_a_shorter_one(void **state)
{
	struct world w;
	uint32_t before;

	(void)state;
	world_make(&w);
	to_cruise(&w);
	while (w.b->state != BBR_PROBE_RTT) {
		struct bbr_sample rs = sample_at(&w, BW);

		assert_true(w.stack.now_us <= 1000000 + 5000000 + RTT_US);
		rs.rtt_us = RTT_US + 1;
		before = w.tcp.cwnd;
		bbr_update(&w.tcp, w.b, &rs);
	}
	assert_true(w.stack.now_us > 1000000 + 5000000);
	assert_int_equal(w.tcp.cwnd, BDP / 2);
	one_round(&w, BW / 2);
	assert_true(w.b->probe_rtt_done_us == 0); /* too much is still out */
	set_pipe(&w, BDP / 2);
	one_round(&w, BW / 2);
	assert_true(w.b->probe_rtt_done_us == w.stack.now_us + 200000);
	one_round(&w, BW / 2);
	one_round(&w, BW / 2);
	assert_int_equal(w.b->state, BBR_PROBE_RTT);
	one_round(&w, BW / 2);
	assert_int_equal(w.b->state, BBR_PROBE_BW_CRUISE);
	assert_true(w.tcp.cwnd >= before);
	world_end(&w);
}

static void what_was_no_loss_is_taken_back(void **state)
{
	struct world w;

	(void)state;
	world_make(&w);
	to_up(&w);
	bbr_enter_recovery(&w.tcp);
	w.flight.recovery = BJ_RECOVERY_FAST;
	for (uint32_t i = 0; i < 5; i++)
		lose(&w, i * MSS, w.b->lost - i * MSS, BDP);
	assert_int_equal(w.b->state, BBR_PROBE_BW_DOWN);
	assert_true(w.b->inflight_longterm != BBR_NO_LIMIT);
	bbr_undo(&w.tcp);
	assert_int_equal(w.b->state, BBR_PROBE_BW_REFILL); /* and from there up again */
	assert_true(w.b->inflight_longterm == BBR_NO_LIMIT && !w.b->loss_in_round);
	world_end(&w);
}

static void a_startup_that_ended_for_no_loss_goes_on(void **state)
{
	struct world w;
	struct bbr_sample rs;

	(void)state;
	world_make(&w);
	set_pipe(&w, 2 * BDP);
	one_round(&w, BW);
	w.flight.recovery = BJ_RECOVERY_FAST;
	for (uint32_t i = 0; i < 6; i++)
		lose(&w, 2 * i * MSS, 0, BDP);
	rs = sample_at(&w, BW);
	rs.lost = 6 * MSS;
	bbr_update(&w.tcp, w.b, &rs);
	assert_int_equal(w.b->state, BBR_DRAIN);
	w.flight.recovery = BJ_RECOVERY_OPEN;
	bbr_undo(&w.tcp);
	assert_int_equal(w.b->state, BBR_STARTUP);
	one_round(&w, 2 * BW);
	assert_int_equal(w.b->state, BBR_STARTUP);
	world_end(&w);
}

static void without_sack_one_loss_ends_startup_and_a_probe(void **state)
{
	struct world w;

	(void)state;
	world_make(&w);
	w.tcp.sack_ok = false;
	to_up(&w);
	lose(&w, 0, w.b->lost, 2 * BDP);
	assert_int_equal(w.b->state, BBR_PROBE_BW_DOWN);
	world_end(&w);
	world_make(&w);
	w.tcp.sack_ok = false;
	one_round(&w, BW);
	w.flight.recovery = BJ_RECOVERY_FAST;
	set_pipe(&w, 4 * BDP);
	lose(&w, 0, w.b->lost, BDP);
	one_round(&w, 2 * BW);
	assert_int_equal(w.b->state, BBR_DRAIN);
	world_end(&w);
}

static void drain_ends_after_three_rounds_at_the_latest(void **state)
{
	struct world w;

	(void)state;
	world_make(&w);
	to_drain(&w);
	for (unsigned i = 0; i < 3; i++) {
		one_round(&w, BW);
		assert_int_equal(w.b->state, BBR_DRAIN);
	}
	one_round(&w, BW);
	assert_int_equal(w.b->state, BBR_PROBE_BW_DOWN);
	world_end(&w);
}

/* After a probe that cost too much the next one ends where that one began to; when nothing is lost then, the one after follows at once. */
static void a_probe_that_cost_too_much_makes_the_next_one_careful(void **state)
{
	struct world w;

	(void)state;
	world_make(&w);
	to_up(&w);
	w.tcp.cwnd = 2 * BDP;
	for (uint32_t i = 0; i < 5; i++)
		lose(&w, i * MSS, w.b->lost - i * MSS, 2 * BDP);
	assert_int_equal(w.b->state, BBR_PROBE_BW_DOWN);
	assert_true(w.b->prev_probe_too_high);
	w.b->probe_rtt_min_stamp_us = w.stack.now_us; /* not now */
	for (unsigned i = 0; i < 40 && w.b->state != BBR_PROBE_BW_UP; i++)
		one_round(&w, BW);
	assert_int_equal(w.b->state, BBR_PROBE_BW_UP);
	set_pipe(&w, w.b->inflight_longterm);
	one_round(&w, BW);
	assert_int_equal(w.b->state, BBR_PROBE_BW_DOWN);
	assert_true(w.b->prev_probe_precautionary && !w.b->prev_probe_too_high);
	set_pipe(&w, BDP);
	one_round(&w, BW);
	assert_int_equal(w.b->state, BBR_PROBE_BW_REFILL); /* without cruising */
	assert_false(w.b->prev_probe_precautionary);
	world_end(&w);
}

/* Ten segments leave within 90 ms; their ACKs were held up and come all at once. */
static void acknowledgments_in_a_bunch_make_no_faster_wire(void **state)
{
	struct world w;
	struct sent sent[20];

	(void)state;
	world_make(&w);
	for (uint32_t i = 0; i < 20; i++) {
		sent[i] = (struct sent){ .seq = i * MSS, .end = (i + 1) * MSS, .sent_us = w.stack.now_us };
		bbr_sent(&w.tcp, &sent[i], i % 10 * MSS);
		w.stack.now_us += 10000;
		if (i == 9) {
			w.stack.now_us += RTT_US;
			for (uint32_t j = 0; j < 10; j++)
				bbr_delivered(&w.tcp, &sent[j]);
			bbr_ack(&w.tcp, 10 * MSS, RTT_US);
		}
	}
	w.stack.now_us += RTT_US;
	for (uint32_t j = 10; j < 20; j++)
		bbr_delivered(&w.tcp, &sent[j]);
	bbr_ack(&w.tcp, 10 * MSS, RTT_US);
	assert_in_range(w.b->max_bw, 1, 100000); /* a segment each 10 ms, and no more */
	assert_int_equal(w.b->delivered, 20 * MSS);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(startup_ends_when_three_rounds_bring_no_more),
		cmocka_unit_test(startup_ends_at_losses_in_many_places),
		cmocka_unit_test(drain_sends_slowly_until_the_queue_is_gone),
		cmocka_unit_test(a_cycle_goes_down_cruises_refills_and_goes_up),
		cmocka_unit_test(a_probe_ends_at_more_than_two_losses_of_a_hundred),
		cmocka_unit_test(losses_while_cruising_lower_the_short_bounds_until_the_next_probe),
		cmocka_unit_test(the_round_trip_is_probed_after_five_seconds_without_a_shorter_one),
		cmocka_unit_test(what_was_no_loss_is_taken_back),
		cmocka_unit_test(a_startup_that_ended_for_no_loss_goes_on),
		cmocka_unit_test(without_sack_one_loss_ends_startup_and_a_probe),
		cmocka_unit_test(drain_ends_after_three_rounds_at_the_latest),
		cmocka_unit_test(a_probe_that_cost_too_much_makes_the_next_one_careful),
		cmocka_unit_test(acknowledgments_in_a_bunch_make_no_faster_wire),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
