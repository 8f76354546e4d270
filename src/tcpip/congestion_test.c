/* congestion_test.c - CUBIC at its edges (rfc9438), and what is taken for reordering (rfc8985). */
#include "tcpip/congestion.h"
#include "tcpip/peer_test.h"

/* A connection in congestion avoidance with this window. */
static void open_at(struct world *w, uint32_t cwnd, struct bj_tcp_options options, struct tcp_options offer)
{
	world_make(w, (struct bj_stack_options){ 0 });
	options.no_delay = true;
	open_passively(w, &options, offer);
	w->tcp->cwnd = cwnd;
	w->tcp->ssthresh = 2 * (uint32_t)w->tcp->mss;
}

/* Writes so much that the window is used up all the time, and acknowledges what was sent, a segment at a time. */
static void one_round(struct world *w)
{
	uint32_t end;
	size_t done;

	while (!bj_tcp_write(w->tcp, bytes_of((const uint8_t[10000]){ 0 }, 10000), &done))
		;
	(void)take_all(w);
	w->now += SECOND / 10;
	end = info_of(w->tcp).snd_nxt;
	while (seq_lt(w->ack, end)) {
		w->ack = seq_min(w->ack + 1000, end);
		say_ack(w, 65535);
		(void)take_all(w);
		while (!bj_tcp_write(w->tcp, bytes_of((const uint8_t[10000]){ 0 }, 10000), &done))
			;
	}
}

/* A minute of a few bytes at a time, never quite idle. */
static void little_to_say(struct world *w)
{
	w->ack = info_of(w->tcp).snd_nxt + info_of(w->tcp).send_buffered - (info_of(w->tcp).snd_nxt - info_of(w->tcp).snd_una);
	while (info_of(w->tcp).snd_nxt != w->ack) { /* what is written still goes out */
		uint32_t all = w->ack;

		(void)take_all(w);
		w->ack = info_of(w->tcp).snd_nxt;
		say_ack(w, 65535);
		(void)take_all(w);
		w->ack = all;
		if (info_of(w->tcp).snd_nxt == all)
			break;
	}
	for (unsigned i = 0; i < 600; i++) {
		(void)write_bytes(w->tcp, 100);
		(void)take_all(w);
		w->now += SECOND / 10;
		w->ack = info_of(w->tcp).snd_nxt - 100; /* the one before */
		say_ack(w, 65535);
	}
}

/* rfc9438:4.2: t does not include what was not used; else the window would grow by half in each round after it. */
static void a_time_of_few_bytes_does_not_count(void **state)
{
	struct world w;
	uint32_t before;

	(void)state;
	open_at(&w, 30000, (struct bj_tcp_options){ 0 }, usual);
	one_round(&w);
	one_round(&w);
	little_to_say(&w);
	before = info_of(w.tcp).cwnd;
	assert_in_range(before, 30000, 34000);
	one_round(&w);
	one_round(&w);
	assert_in_range(info_of(w.tcp).cwnd, before, before + 4000);
	world_end(&w);
}

/* The largest window and the smallest segments: K is 347 seconds, the cube root of 2^30 / 64 / 0.4 segments. */
static void the_way_back_to_the_largest_window_is_long(void **state)
{
	struct tcp_options offer = usual;
	struct world w;

	(void)state;
	offer.mss = TCP_MSS_MIN;
	open_at(&w, 640, (struct bj_tcp_options){ 0 }, offer);
	w.tcp->w_max = TCP_CWND_MAX;
	(void)write_bytes(w.tcp, 6400);
	assert_int_equal(take_all(&w), 10);
	w.now += SECOND / 10;
	w.ack += 64;
	say_ack(&w, 60000);
	assert_in_range(w.tcp->flight->k_ms, 347000, 348000);
	assert_in_range(info_of(w.tcp).cwnd, 640, 704);
	world_end(&w);
}

/* rfc9438:4.8: where slow start ends after a timeout is the plateau, not the window that was lost. */
static void after_a_timeout_the_plateau_is_where_slow_start_ended(void **state)
{
	struct world w;

	(void)state;
	open_at(&w, 20000, (struct bj_tcp_options){ 0 }, usual);
	one_round(&w);
	(void)run_until(&w, w.now + 3 * SECOND); /* twice: no false alarm */
	assert_int_equal(info_of(w.tcp).recovery, BJ_RECOVERY_LOSS);
	for (unsigned i = 0; i < 12 && (w.tcp->flight->epoch_us == 0 || info_of(w.tcp).cwnd < info_of(w.tcp).ssthresh); i++)
		one_round(&w);
	assert_int_not_equal(w.tcp->flight->epoch_us, 0);
	assert_int_equal(w.tcp->flight->k_ms, 0);
	assert_in_range(w.tcp->flight->w_origin, 14000, 15500);
	assert_int_equal(w.tcp->w_max, w.tcp->flight->w_origin);
	world_end(&w);
}

/* rfc9438:4.3: as slowly as after a loss until the window before it is reached, which fast convergence does not make smaller. */
static void renos_window_grows_slowly_up_to_the_one_before_the_loss(void **state)
{
	static const struct {
		uint32_t est, least, most;
	} rows[] = { { 18000, 20, 35 }, { 20500, 45, 60 } };
	struct world w;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		open_at(&w, 20000, (struct bj_tcp_options){ 0 }, usual);
		w.tcp->w_max = 30000;
		(void)write_bytes(w.tcp, 60000);
		(void)take_all(&w);
		w.now += SECOND / 10;
		say_report(&w, 1000, 20000, 60000);
		assert_int_equal(info_of(w.tcp).recovery, BJ_RECOVERY_FAST);
		assert_int_equal(w.tcp->w_max, 17000);
		w.options.sack_count = 0;
		(void)take_all(&w);
		w.now += SECOND / 10;
		w.ack = info_of(w.tcp).snd_nxt;
		say_ack(&w, 60000);
		one_round(&w);
		w.tcp->cwnd = 18000;
		w.tcp->flight->w_est = rows[i].est;
		w.tcp->flight->cubic_rest = 0;
		w.tcp->cwnd_limited = true;
		w.ack += 1000;
		say_ack(&w, 60000);
		assert_in_range(w.tcp->flight->w_est - rows[i].est, rows[i].least, rows[i].most);
		world_end(&w);
	}
}

/* rfc9438:4.9: what turned out to be no loss leaves the plateau where it was. */
static void a_needless_recovery_does_not_move_the_plateau(void **state)
{
	struct tcp_options offer = usual;
	struct world w;
	uint32_t before;

	(void)state;
	offer.has_timestamps = true;
	offer.ts_val = 1;
	open_at(&w, 20000, (struct bj_tcp_options){ 0 }, offer);
	w.tcp->w_max = 30000;
	before = w.options.ts_ecr + 100;
	(void)write_bytes(w.tcp, 15000);
	(void)take_all(&w);
	w.now += SECOND / 10;
	say_report(&w, 988, 9880, 60000);
	(void)take_all(&w);
	assert_int_equal(w.tcp->w_max, 17000);
	w.options.sack_count = 0;
	w.options.ts_ecr = before;
	w.ack += 9880;
	say_ack(&w, 60000);
	assert_int_equal(info_of(w.tcp).undos, 1);
	assert_int_equal(w.tcp->w_max, 30000);
	world_end(&w);
}

/* An ACK tells of two runs, the newer one first: its own order is none in which they came. */
static void blocks_of_one_ack_are_no_reordering(void **state)
{
	struct world w;

	(void)state;
	world_open_with_nine_out(&w);
	w.options.sack_count = 2;
	w.options.sack[0] = (struct tcp_block){ w.ack + 5000, w.ack + 6000 };
	w.options.sack[1] = (struct tcp_block){ w.ack + 2000, w.ack + 3000 };
	say_ack(&w, 60000);
	assert_int_equal(info_of(w.tcp).sacked, 2000);
	assert_false(w.tcp->reordering_seen);
	w.options.sack_count = 1; /* and this is one */
	w.options.sack[0] = (struct tcp_block){ w.ack + 4000, w.ack + 6000 };
	say_ack(&w, 60000);
	assert_true(w.tcp->reordering_seen);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_time_of_few_bytes_does_not_count),
		cmocka_unit_test(the_way_back_to_the_largest_window_is_long),
		cmocka_unit_test(after_a_timeout_the_plateau_is_where_slow_start_ended),
		cmocka_unit_test(renos_window_grows_slowly_up_to_the_one_before_the_loss),
		cmocka_unit_test(a_needless_recovery_does_not_move_the_plateau),
		cmocka_unit_test(blocks_of_one_ack_are_no_reordering),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
