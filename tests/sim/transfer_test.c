/* transfer_test.c - two stacks on a bad wire: every byte arrives, in order, once; nothing stalls; nothing is left over.
 *
 * Each row is run with several seeds; a failure prints the seed. Tags: rfc9293:3.4 rfc9293:3.8 rfc8985:6 rfc9937:6
 */
#include "base/test.h"
#include "io/sim.h"

#define PIECE 4000

struct end {
	struct bj_tcp *tcp;
	struct prng out, in; /* what is sent and what must come are streams of a seed */
	uint64_t to_send, sent, to_get, got;
	bool finished, saw_end, released;
};

struct run {
	const char *why;
	struct sim_options link;
	uint64_t there, back; /* bytes each way */
	int64_t limit_s;      /* of virtual time */
	uint32_t pmtu;        /* that the first end has found when it is done; 0: any */
	struct bj_tcp_options tcp;
};

static void fail_run(const struct run *r, uint64_t seed, const char *what)
{
	print_error("%s: seed %lu: %s\n", r->why, (unsigned long)seed, what);
	fail();
}

static void pump_out(struct end *e)
{
	uint8_t piece[PIECE];
	size_t done;

	while (e->sent < e->to_send) {
		struct prng before = e->out;
		size_t len = e->to_send - e->sent < PIECE ? (size_t)(e->to_send - e->sent) : PIECE;
		enum bj_err err;

		prng_fill(&e->out, piece, len);
		err = bj_tcp_write(e->tcp, (struct bj_bytes){ piece, len }, &done);
		if (err) {
			e->out = before;
			assert_int_equal(err, BJ_ERR_WOULD_BLOCK);
			return;
		}
		if (done < len) { /* the rest comes again */
			e->out = before;
			prng_fill(&e->out, piece, done);
		}
		e->sent += done;
	}
	if (!e->finished) {
		e->finished = true;
		assert_int_equal(bj_tcp_finish(e->tcp), BJ_OK);
	}
}

static const char *pump_in(struct end *e)
{
	uint8_t piece[PIECE], want[PIECE];
	size_t len;
	enum bj_err err;

	while (!e->saw_end && (err = bj_tcp_read(e->tcp, piece, sizeof(piece), &len)) != BJ_ERR_WOULD_BLOCK) {
		if (err == BJ_ERR_CLOSED) {
			e->saw_end = true;
			return e->got == e->to_get ? NULL : "the end came too early";
		}
		if (err)
			return bj_err_text(err);
		prng_fill(&e->in, want, len);
		e->got += len;
		if (e->got > e->to_get || memcmp(want, piece, len) != 0)
			return "bytes differ";
	}
	return NULL;
}

static const char *pump(struct end *e)
{
	const char *wrong;

	if (!e->tcp || e->released)
		return NULL;
	pump_out(e);
	wrong = pump_in(e);
	if (e->finished && e->saw_end) {
		bj_tcp_release(e->tcp);
		e->released = true;
	}
	return wrong;
}

/* prng_fill() cut in pieces must give the same stream: it does, a byte a step. */
static int64_t transfer(const struct run *r, uint64_t seed)
{
	struct sim_options link = r->link;
	struct end a = { .out = { seed }, .in = { ~seed }, .to_send = r->there, .to_get = r->back };
	struct end b = { .out = { ~seed }, .in = { seed }, .to_send = r->back, .to_get = r->there };
	struct bj_stack_stats stats[2];
	struct bj_endpoint at;
	struct bj_listener *listener;
	struct sim *sim;
	int64_t start, took;
	uint32_t pmtu = 0;
	const char *wrong = NULL;
	char size[40];

	link.seed = seed;
	sim = sim_make(&link);
	at = sim_endpoint(sim, 1, 80);
	start = sim_now_us(sim);
	assert_int_equal(bj_tcp_listen(sim_stack(sim, 1), &at, &r->tcp, &listener), BJ_OK);
	assert_int_equal(bj_tcp_connect(sim_stack(sim, 0), NULL, &at, &r->tcp, &a.tcp), BJ_OK);
	while (!wrong && !(a.released && b.released) && sim_step(sim, start + r->limit_s * 1000000)) {
		struct bj_tcp_info info = { 0 };

		if (!b.tcp)
			(void)!bj_tcp_accept(listener, &b.tcp);
		if (a.tcp && !a.released)
			bj_tcp_info(a.tcp, &info);
		pmtu = info.pmtu ? info.pmtu : pmtu;
		if (info.state >= BJ_TCP_ESTABLISHED)
			wrong = pump(&a);
		if (!wrong)
			wrong = pump(&b);
	}
	took = sim_now_us(sim) - start;
	if (!wrong && !(a.released && b.released))
		wrong = "it stalled";
	if (!wrong && r->pmtu && r->pmtu != pmtu) {
		snprintf(size, sizeof(size), "packets are of %u bytes", pmtu);
		wrong = size;
	}
	if (wrong)
		fail_run(r, seed, wrong);
	bj_listener_close(listener);
	while (sim_step(sim, sim_now_us(sim) + INT64_C(1000000000)))
		;
	for (unsigned i = 0; i < 2; i++) {
		bj_stack_stats(sim_stack(sim, i), &stats[i]);
		if (stats[i].connections != 0 || stats[i].memory_used != 0)
			fail_run(r, seed, "something is left over");
	}
	sim_free(sim);
	return took;
}

static const struct run runs[] = {
	{ .why = "a perfect wire", .link = { .delay_us = 10000 }, .there = 300000, .back = 200000, .limit_s = 20 },
	{ .why = "no bytes at all", .link = { .delay_us = 10000 }, .limit_s = 20 },
	{ .why = "one byte", .link = { .delay_us = 10000, .loss_ppm = 100000 }, .there = 1, .back = 1, .limit_s = 200 },
	{ .why = "no delay at all", .link = { .delay_us = 0 }, .there = 300000, .back = 1, .limit_s = 20 },
	{ .why = "1 % loss", .link = { .delay_us = 20000, .loss_ppm = 10000 }, .there = 500000, .back = 100000, .limit_s = 120 },
	{ .why = "10 % loss", .link = { .delay_us = 20000, .loss_ppm = 100000 }, .there = 200000, .back = 50000, .limit_s = 600 },
	{ .why = "30 % loss", .link = { .delay_us = 20000, .loss_ppm = 300000 }, .there = 50000, .back = 5000, .limit_s = 6000 },
	{ .why = "reordering", .link = { .delay_us = 20000, .reorder_ppm = 50000 }, .there = 300000, .back = 100000, .limit_s = 120 },
	{ .why = "jitter", .link = { .delay_us = 5000, .jitter_us = 30000 }, .there = 300000, .back = 100000, .limit_s = 120 },
	{ .why = "duplication", .link = { .delay_us = 20000, .duplicate_ppm = 200000 }, .there = 300000, .back = 100000, .limit_s = 60 },
	{ .why = "corruption", .link = { .delay_us = 20000, .corrupt_ppm = 50000 }, .there = 200000, .back = 50000, .limit_s = 600 },
	{ .why = "everything at once", .link = { .delay_us = 20000, .jitter_us = 20000, .loss_ppm = 50000, .duplicate_ppm = 50000,
						 .reorder_ppm = 50000, .corrupt_ppm = 20000 },
	  .there = 100000, .back = 50000, .limit_s = 600 },
	{ .why = "IPv6 with loss", .link = { .v6 = true, .delay_us = 20000, .loss_ppm = 20000 }, .there = 200000, .back = 50000, .limit_s = 120 },
	{ .why = "a narrow wire with a short queue", .link = { .delay_us = 20000, .bytes_per_s = 1250000, .queue_packets = 20 },
	  .there = 2000000, .back = 1000, .limit_s = 60 },
	{ .why = "Reno", .link = { .delay_us = 20000, .bytes_per_s = 1250000, .queue_packets = 20 }, .there = 1000000, .back = 1000,
	  .limit_s = 60, .tcp = { .congestion = BJ_CONGESTION_RENO } },
	{ .why = "without SACK", .link = { .delay_us = 20000, .loss_ppm = 20000 }, .there = 200000, .back = 50000, .limit_s = 300,
	  .tcp = { .no_sack = true } },
	{ .why = "without any option", .link = { .delay_us = 20000, .loss_ppm = 50000, .reorder_ppm = 20000 }, .there = 200000,
	  .back = 50000, .limit_s = 600, .tcp = { .no_sack = true, .no_timestamps = true, .no_window_scale = true } },
	{ .why = "small buffers", .link = { .delay_us = 20000, .loss_ppm = 50000 }, .there = 100000, .back = 50000, .limit_s = 600,
	  .tcp = { .send_buffer_max = 3000, .receive_buffer_max = 3000 } },
	{ .why = "a receiver smaller than a segment", .link = { .delay_us = 5000, .loss_ppm = 20000 }, .there = 20000, .back = 100,
	  .limit_s = 3000, .tcp = { .receive_buffer_max = 500 } },
	{ .why = "a memory limit for the stack", .link = { .delay_us = 5000, .loss_ppm = 20000, .memory_max = 40000 }, .there = 200000,
	  .back = 100, .limit_s = 3000 },
	{ .why = "marks", .link = { .delay_us = 20000, .mark_ppm = 20000 }, .there = 500000, .back = 200000, .limit_s = 60,
	  .tcp = { .ecn = BJ_ECN_ASK } },
	{ .why = "marks and losses over IPv6", .link = { .v6 = true, .delay_us = 20000, .mark_ppm = 50000, .loss_ppm = 20000 }, .there = 200000,
	  .back = 200000, .limit_s = 120, .tcp = { .ecn = BJ_ECN_ASK } },
	{ .why = "bytes in the SYN", .link = { .delay_us = 20000, .loss_ppm = 50000 }, .there = 50000, .back = 50000, .limit_s = 600,
	  .tcp = { .fast_open = true, .fast_open_without_cookie = true } },
	{ .why = "a way that swallows large packets", .link = { .delay_us = 20000, .swallow = 1300 }, .there = 500000, .back = 100000, .limit_s = 20 },
	{ .why = "one that swallows nearly all", .link = { .delay_us = 20000, .swallow = 600, .loss_ppm = 10000 }, .there = 100000, .back = 100000,
	  .limit_s = 60 },
	{ .why = "the same over IPv6", .link = { .v6 = true, .delay_us = 20000, .swallow = 1280 }, .there = 100000, .back = 100000, .limit_s = 30 },
	{ .why = "one that swallows large packets only: the size between is found", .link = { .delay_us = 20000, .swallow = 1430, .bytes_per_s = 250000,
	  .queue_packets = 30 },
	  .there = 6000000, .back = 1000, .limit_s = 60, .pmtu = 1420 },
	{ .why = "the same over IPv6, with losses and BBR", .link = { .v6 = true, .delay_us = 20000, .swallow = 1430, .bytes_per_s = 250000,
	  .queue_packets = 30, .loss_ppm = 500 },
	  .there = 6000000, .back = 1000, .limit_s = 60, .pmtu = 1420, .tcp = { .congestion = BJ_CONGESTION_BBR } },
	{ .why = "one that swallows for a while", .link = { .delay_us = 20000, .swallow = 1300, .swallow_us = 5000000, .bytes_per_s = 250000,
	  .queue_packets = 30 },
	  .there = 6000000, .back = 1000, .limit_s = 60, .pmtu = 1492 },
	{ .why = "packets that are too large from the beginning", .link = { .delay_us = 20000, .mtu = 2000, .swallow = 1500, .bytes_per_s = 250000,
	  .queue_packets = 30 },
	  .there = 6000000, .back = 1000, .limit_s = 60, .pmtu = 1500 },
	{ .why = "paced, with losses", .link = { .delay_us = 20000, .loss_ppm = 10000, .bytes_per_s = 12500000 }, .there = 3000000, .back = 1000,
	  .limit_s = 120, .tcp = { .pacing = true } },
	{ .why = "marks that are counted", .link = { .delay_us = 20000, .mark_ppm = 20000, .loss_ppm = 10000 }, .there = 500000, .back = 200000,
	  .limit_s = 60, .tcp = { .ecn = BJ_ECN_ASK_ACCURATE } },
	{ .why = "marks that are counted in every segment, ACKs too", .link = { .delay_us = 20000, .mark_ppm = 100000, .loss_ppm = 10000 },
	  .there = 300000, .back = 200000, .limit_s = 60,
	  .tcp = { .ecn = BJ_ECN_ASK_ACCURATE, .ecn_option = BJ_ECN_OPTION_ALWAYS, .ecn_control = true } },
	{ .why = "BBR on a perfect wire", .link = { .delay_us = 10000 }, .there = 300000, .back = 200000, .limit_s = 20,
	  .tcp = { .congestion = BJ_CONGESTION_BBR } },
	{ .why = "BBR, everything at once", .link = { .delay_us = 20000, .jitter_us = 20000, .loss_ppm = 50000, .duplicate_ppm = 50000,
						      .reorder_ppm = 50000, .corrupt_ppm = 20000 },
	  .there = 100000, .back = 50000, .limit_s = 600, .tcp = { .congestion = BJ_CONGESTION_BBR } },
	{ .why = "BBR, 30 % loss", .link = { .delay_us = 20000, .loss_ppm = 300000 }, .there = 50000, .back = 5000, .limit_s = 6000,
	  .tcp = { .congestion = BJ_CONGESTION_BBR } },
	{ .why = "BBR without any option", .link = { .delay_us = 20000, .loss_ppm = 50000, .reorder_ppm = 20000 }, .there = 200000,
	  .back = 50000, .limit_s = 600,
	  .tcp = { .congestion = BJ_CONGESTION_BBR, .no_sack = true, .no_timestamps = true, .no_window_scale = true } },
	{ .why = "BBR and marks", .link = { .delay_us = 20000, .mark_ppm = 20000, .loss_ppm = 10000 }, .there = 500000, .back = 200000,
	  .limit_s = 60, .tcp = { .congestion = BJ_CONGESTION_BBR, .ecn = BJ_ECN_ASK } },
	{ .why = "BBR, no delay and small buffers", .link = { .delay_us = 0, .loss_ppm = 10000 }, .there = 100000, .back = 1, .limit_s = 60,
	  .tcp = { .congestion = BJ_CONGESTION_BBR, .send_buffer_max = 3000, .receive_buffer_max = 3000 } },
	{ .why = "cookies", .link = { .delay_us = 20000, .loss_ppm = 50000 }, .there = 100000, .back = 50000, .limit_s = 600,
	  .tcp = { .syn_cookies_always = true } },
};

static void every_byte_arrives_on_every_wire(void **state)
{
	const char *more = getenv("BOJAGI_SIM_SEEDS"), *only = getenv("BOJAGI_SIM_ROW"); /* for long runs by hand */
	uint64_t seeds = more ? strtoull(more, NULL, 10) : 4;

	(void)state;
	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++)
		for (uint64_t seed = 1; seed <= seeds && (!only || strcmp(only, runs[i].why) == 0); seed++)
			transfer(&runs[i], seed * 1000 + i);
}

/* The ACK of the SYN-ACK and the first bytes are lost, the next bytes come: a cookie says nothing of where they belong. */
static void what_is_lost_behind_a_cookie_comes_again(void **state)
{
	const struct run *last = &runs[sizeof(runs) / sizeof(runs[0]) - 1];

	(void)state;
	assert_true(last->tcp.syn_cookies_always);
	transfer(last, 23668);
}

/* 1 Gbit/s over 100 ms: buffers and windows grow to what is on the way, without anybody's advice. */
static void a_long_fat_wire_is_filled(void **state)
{
	static const struct run fat = { .why = "long and fat", .link = { .delay_us = 50000, .bytes_per_s = 125000000, .queue_packets = 8000 },
					.there = 40000000, .limit_s = 60 };

	(void)state;
	assert_in_range(transfer(&fat, 1), 1, 3000000); /* 40 MB; a window of 64 KiB would take a minute */
}

/* 10 MB over 100 ms and no other limit: ten doublings of ten segments, one round for the handshake, one for the end. A window that
 * lags behind costs a round at each doubling. */
static void a_receiver_does_not_hold_slow_start_up(void **state)
{
	static const struct run open = { .why = "no limit", .link = { .delay_us = 50000 }, .there = 10 << 20, .limit_s = 60 };

	(void)state;
	assert_in_range(transfer(&open, 1), 1, 1300000);
}

/* 100 Mbit/s, 40 ms, and a queue for an eighth of what is on the way: windows that leave at once overflow it long before the
 * wire is full, and CUBIC needs seconds for what slow start did not reach. */
static void what_is_paced_fills_a_wire_with_a_short_queue(void **state)
{
	struct run run = { .why = "a short queue", .link = { .delay_us = 20000, .bytes_per_s = 12500000, .queue_packets = 40 },
			   .there = 20000000, .limit_s = 60 };
	int64_t at_once = transfer(&run, 1), paced;

	(void)state;
	run.tcp.pacing = true;
	paced = transfer(&run, 1);
	assert_true(paced < at_once * 2 / 3);
	assert_true(paced < 3000000); /* 1.6 s at the wire's speed */
}

/* KB/s over 100 ms with losses both ways: beside them what a kernel's CUBIC had on the same wire (docs/speed.md). */
static void losses_cost_what_the_window_says_and_no_stalls(void **state)
{
	static const struct {
		uint32_t loss_ppm;
		int64_t least; /* the kernel: 185, 61, 34, 6 */
	} rows[] = { { 10000, 185 }, { 50000, 61 }, { 100000, 34 }, { 200000, 9 } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct run run = { .why = "losses", .link = { .delay_us = 50000, .loss_ppm = rows[i].loss_ppm }, .there = 3000000, .limit_s = 3600 };
		int64_t took = 0;

		for (uint64_t seed = 1; seed <= 4; seed++)
			took += transfer(&run, seed * 7919);
		if (4 * INT64_C(3000000000) / took < rows[i].least)
			fail_run(&run, rows[i].loss_ppm, "it is slower than a kernel");
	}
}

/* BBR takes up to two lost packets of a hundred for noise, and where more get lost it keeps to what the path has borne: at least
 * twice what smoltcp publishes (220, 77, 38, 6), the median of seeds. */
static void bbr_bears_losses_at_random(void **state)
{
	static const struct {
		uint32_t loss_ppm;
		int64_t least;
	} rows[] = { { 10000, 440 }, { 50000, 154 }, { 100000, 76 }, { 200000, 12 } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct run run = { .why = "losses, BBR", .link = { .delay_us = 50000, .loss_ppm = rows[i].loss_ppm }, .there = 10 << 20,
				   .limit_s = 3600, .tcp = { .congestion = BJ_CONGESTION_BBR } };
		unsigned good = 0;

		for (uint64_t seed = 1; seed <= 15; seed++)
			good += (int64_t)run.there * 1000 / transfer(&run, seed * 7919) >= rows[i].least;
		if (good < 8)
			fail_run(&run, rows[i].loss_ppm, "it is slower than it should be");
	}
}

/* 100 Mbit/s, 40 ms, an eighth of that as queue: what slow start in bursts cannot fill. */
static void bbr_fills_a_wire_with_a_short_queue(void **state)
{
	static const struct run run = { .why = "BBR, a short queue", .link = { .delay_us = 20000, .bytes_per_s = 12500000, .queue_packets = 40 },
					.there = 20000000, .limit_s = 60, .tcp = { .congestion = BJ_CONGESTION_BBR } };

	(void)state;
	assert_in_range(transfer(&run, 1), 1, 3000000); /* 1.6 s at the wire's speed */
}

struct rival {
	struct bj_tcp *tcp, *peer;
	struct bj_listener *listener;
	uint64_t got;
};

static void rival_pump(struct rival *r)
{
	static uint8_t piece[PIECE];
	size_t len;

	if (!r->peer)
		(void)!bj_tcp_accept(r->listener, &r->peer);
	while (!bj_tcp_write(r->tcp, (struct bj_bytes){ piece, sizeof(piece) }, &len))
		;
	while (r->peer && !bj_tcp_read(r->peer, piece, sizeof(piece), &len))
		r->got += len;
}

/* A minute on one wire of 20 Mbit/s and 40 ms with a queue of `queue` packets; returns BBR's share in hundredths. */
static unsigned share_beside_cubic(uint32_t queue)
{
	static const enum bj_congestion which[2] = { BJ_CONGESTION_BBR, BJ_CONGESTION_CUBIC };
	struct sim_options link = { .seed = 1, .delay_us = 20000, .bytes_per_s = 2500000, .queue_packets = queue };
	struct sim *sim = sim_make(&link);
	struct rival rivals[2] = { 0 };
	int64_t end = sim_now_us(sim) + 60000000;
	uint64_t all;

	for (uint16_t i = 0; i < 2; i++) {
		struct bj_endpoint at = sim_endpoint(sim, 1, (uint16_t)(80 + i));
		struct bj_tcp_options o = { .congestion = which[i] };

		assert_int_equal(bj_tcp_listen(sim_stack(sim, 1), &at, &o, &rivals[i].listener), BJ_OK);
		assert_int_equal(bj_tcp_connect(sim_stack(sim, 0), NULL, &at, &o, &rivals[i].tcp), BJ_OK);
	}
	while (sim_step(sim, end))
		for (unsigned i = 0; i < 2; i++)
			rival_pump(&rivals[i]);
	all = rivals[0].got + rivals[1].got;
	assert_true(all > 60 * UINT64_C(2500000) * 3 / 4); /* the wire is full */
	sim_free(sim);
	return (unsigned)(rivals[0].got * 100 / all);
}

static void bbr_and_cubic_leave_each_other_room(void **state)
{
	static const uint32_t queues[] = { 35, 70, 140 }; /* half of what is on the way, all of it, twice that */

	(void)state;
	for (size_t i = 0; i < sizeof(queues) / sizeof(queues[0]); i++) {
		unsigned share = share_beside_cubic(queues[i]);

		if (share < 15 || share > 85) {
			print_error("a queue of %u: BBR has %u of 100\n", queues[i], share);
			fail();
		}
	}
}

/* 5 MB, a minute of silence, 5 MB again: the second time the wire is known. */
static void a_pause_does_not_cost_bbr_its_model(void **state)
{
	static uint8_t piece[PIECE];
	struct sim_options link = { .seed = 1, .delay_us = 20000, .bytes_per_s = 12500000, .queue_packets = 80 };
	struct bj_tcp_options o = { .congestion = BJ_CONGESTION_BBR };
	struct sim *sim = sim_make(&link);
	struct bj_endpoint at = sim_endpoint(sim, 1, 80);
	struct rival r = { 0 };
	int64_t took[2];
	size_t len;

	(void)state;
	assert_int_equal(bj_tcp_listen(sim_stack(sim, 1), &at, &o, &r.listener), BJ_OK);
	assert_int_equal(bj_tcp_connect(sim_stack(sim, 0), NULL, &at, &o, &r.tcp), BJ_OK);
	for (unsigned i = 0; i < 2; i++) {
		int64_t start = sim_now_us(sim);
		uint64_t to_send = 5000000;

		r.got = 0;
		do {
			if (!r.peer)
				(void)!bj_tcp_accept(r.listener, &r.peer);
			while (to_send > 0 && !bj_tcp_write(r.tcp, (struct bj_bytes){ piece, sizeof(piece) }, &len))
				to_send -= len < to_send ? len : to_send;
			while (r.peer && !bj_tcp_read(r.peer, piece, sizeof(piece), &len))
				r.got += len;
		} while (r.got < 5000000 && sim_step(sim, start + 60000000));
		assert_true(r.got >= 5000000);
		took[i] = sim_now_us(sim) - start;
		while (sim_step(sim, start + 60000000))
			;
	}
	assert_true(took[1] < took[0]);
	assert_true(took[1] < 600000); /* 400 ms at the wire's speed */
	sim_free(sim);
}

/* Both ends of a connection after so many bytes went from one to the other. */
static void send_marked(const struct sim_options *link, const struct bj_tcp_options *tcp, uint32_t len, struct bj_tcp_info *out_from, struct bj_tcp_info *out_to)
{
	static uint8_t piece[PIECE];
	struct sim *sim = sim_make(link);
	struct bj_endpoint at = sim_endpoint(sim, 1, 80);
	struct bj_listener *listener;
	struct bj_tcp *from, *to = NULL;
	uint32_t sent = 0, got = 0;
	size_t done;

	assert_int_equal(bj_tcp_listen(sim_stack(sim, 1), &at, tcp, &listener), BJ_OK);
	assert_int_equal(bj_tcp_connect(sim_stack(sim, 0), NULL, &at, tcp, &from), BJ_OK);
	do {
		while (sent < len && !bj_tcp_write(from, (struct bj_bytes){ piece, len - sent < PIECE ? len - sent : PIECE }, &done))
			sent += (uint32_t)done;
		if (!to)
			(void)!bj_tcp_accept(listener, &to);
		while (to && !bj_tcp_read(to, piece, PIECE, &done))
			got += (uint32_t)done;
		bj_tcp_info(from, out_from);
	} while ((got < len || out_from->bytes_acked < len) && sim_step(sim, sim_now_us(sim) + INT64_C(1000000000)));
	assert_int_equal(got, len);
	bj_tcp_info(to, out_to);
	bj_tcp_release(from);
	bj_tcp_release(to);
	bj_listener_close(listener);
	sim_free(sim);
}

/* rfc9768:3.2: what the sender believes of its packets is how they came, packet by packet and byte by byte; also where few ACKs
 * get through. */
static void marks_are_told_as_they_came(void **state)
{
	static const struct {
		const char *why;
		uint32_t mark_ppm, thin_acks, loss_ppm;
		enum bj_ecn_option option;
		bool no_sack;
	} rows[] = {
		{ "few", 20000, 0, 0, BJ_ECN_OPTION_CHANGES, false },
		{ "the flags alone", 300000, 0, 0, BJ_ECN_OPTION_NEVER, false },
		{ "many, losses", 300000, 0, 20000, BJ_ECN_OPTION_CHANGES, false },
		{ "all of them", 1000000, 0, 0, BJ_ECN_OPTION_ALWAYS, false },
		{ "many, half of the ACKs", 300000, 2, 0, BJ_ECN_OPTION_CHANGES, false },
		{ "many, few ACKs, losses without SACK", 300000, 3, 10000, BJ_ECN_OPTION_CHANGES, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sim_options link = { .seed = 77 + i, .delay_us = 10000, .mark_ppm = rows[i].mark_ppm, .thin_acks = rows[i].thin_acks,
					    .loss_ppm = rows[i].loss_ppm };
		struct bj_tcp_options tcp = { .ecn = BJ_ECN_ASK_ACCURATE, .ecn_option = rows[i].option, .no_sack = rows[i].no_sack };
		struct bj_tcp_info from, to;

		send_marked(&link, &tcp, 400000, &from, &to);
		if (from.delivered_ce != to.received_ce || to.received_ce == 0)
			fail_msg("%s: %u packets came marked, told of are %u", rows[i].why, to.received_ce, from.delivered_ce);
		if (rows[i].option == BJ_ECN_OPTION_NEVER)
			to.received_ce_bytes = to.received_ect0_bytes = 0;
		/* the last ACK need not be the one that gets through */
		if (from.delivered_ce_bytes > to.received_ce_bytes || from.delivered_ect0_bytes > to.received_ect0_bytes ||
		    from.delivered_ce_bytes + from.delivered_ect0_bytes < (to.received_ce_bytes + to.received_ect0_bytes) / 100 * (rows[i].thin_acks ? 90 : 100))
			fail_msg("%s: bytes came %u marked, %u not; told of are %u, %u", rows[i].why, to.received_ce_bytes, to.received_ect0_bytes,
				 from.delivered_ce_bytes, from.delivered_ect0_bytes);
	}
}

static void a_seed_repeats_a_run(void **state)
{
	(void)state;
	assert_int_equal(transfer(&runs[11], 5), transfer(&runs[11], 5));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_byte_arrives_on_every_wire),
		cmocka_unit_test(what_is_lost_behind_a_cookie_comes_again),
		cmocka_unit_test(a_long_fat_wire_is_filled),
		cmocka_unit_test(a_receiver_does_not_hold_slow_start_up),
		cmocka_unit_test(what_is_paced_fills_a_wire_with_a_short_queue),
		cmocka_unit_test(losses_cost_what_the_window_says_and_no_stalls),
		cmocka_unit_test(bbr_bears_losses_at_random),
		cmocka_unit_test(bbr_fills_a_wire_with_a_short_queue),
		cmocka_unit_test(bbr_and_cubic_leave_each_other_room),
		cmocka_unit_test(a_pause_does_not_cost_bbr_its_model),
		cmocka_unit_test(marks_are_told_as_they_came),
		cmocka_unit_test(a_seed_repeats_a_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
