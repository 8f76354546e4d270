/* stall_test.c - worlds at random: wires, options, buffers and memory, and owners that stop reading and writing for a while, both at once,
 * too. When they go on for good all bytes arrive, and nobody waits for longer than a probe or a timeout may take.
 *
 * Owners act on what bj_stack_next_ready() tells and when they change their minds, never else. BOJAGI_SIM_SEEDS: that many, for long runs.
 */
#include "base/test.h"
#include "io/sim.h"

#define SECOND INT64_C(1000000)
#define MOODS_US (200 * SECOND)  /* then all go on */
#define STALL_US (130 * SECOND)  /* a probe, at its slowest */
#define BUF_LEN 20000

struct end {
	struct bj_tcp *tcp;
	uint64_t to_send, sent, to_get, got;
	bool reads, writes, finished, at_end, released;
	int64_t mood_at_us;
};

struct play {
	struct prng dice;
	struct sim *sim;
	struct bj_listener *listener;
	struct end ends[2];
	int64_t moved_us; /* when a byte went in or out last */
	const char *wrong;
};

static uint32_t below(struct play *p, uint32_t n)
{
	return prng_below(&p->dice, n);
}

static bool one_in(struct play *p, uint32_t n)
{
	return below(p, n) == 0;
}

/* The byte at this place of any stream. */
static uint8_t byte_at(uint64_t place)
{
	return (uint8_t)(place * 2654435761u >> 13);
}

static void speak(struct play *p, struct end *e)
{
	uint8_t buf[BUF_LEN];
	size_t done;

	while (e->writes && e->sent < e->to_send && !p->wrong) {
		size_t len = e->to_send - e->sent < 5000 ? (size_t)(e->to_send - e->sent) : 1 + below(p, 5000);
		enum bj_err err;

		for (size_t i = 0; i < len; i++)
			buf[i] = byte_at(e->sent + i);
		err = bj_tcp_write(e->tcp, (struct bj_bytes){ buf, len }, &done);
		if (err == BJ_ERR_WOULD_BLOCK)
			return;
		if (err)
			p->wrong = bj_err_text(err);
		e->sent += err ? 0 : done;
		p->moved_us = sim_now_us(p->sim);
	}
	if (e->sent == e->to_send && !e->finished && !p->wrong) {
		e->finished = true;
		if (bj_tcp_finish(e->tcp))
			p->wrong = "it could not be finished";
	}
}

static void hear(struct play *p, struct end *e)
{
	uint8_t buf[BUF_LEN];
	size_t done;

	while (e->reads && !e->at_end && !p->wrong) {
		enum bj_err err = bj_tcp_read(e->tcp, buf, 1 + below(p, BUF_LEN), &done);

		if (err == BJ_ERR_WOULD_BLOCK)
			return;
		e->at_end = err == BJ_ERR_CLOSED;
		if (err && !e->at_end)
			p->wrong = bj_err_text(err);
		for (size_t i = 0; !err && i < done; i++)
			if (buf[i] != byte_at(e->got + i))
				p->wrong = "bytes differ";
		e->got += err ? 0 : done;
		p->moved_us = sim_now_us(p->sim);
	}
	if (e->at_end && e->got != e->to_get)
		p->wrong = "the end came too early";
}

static void act(struct play *p, struct end *e)
{
	if (!e->tcp || e->released || p->wrong)
		return;
	speak(p, e);
	hear(p, e);
	if (e->finished && e->at_end) {
		bj_tcp_release(e->tcp);
		e->released = true;
	}
}

/* A copy of an ACK that comes late opens a cookie's connection once more. */
static void accept_all(struct play *p)
{
	struct bj_tcp *tcp;

	while (bj_tcp_accept(p->listener, &tcp) == BJ_OK) {
		if (p->ends[1].tcp) {
			bj_tcp_abort(tcp);
			continue;
		}
		p->ends[1].tcp = tcp;
		act(p, &p->ends[1]);
	}
}

static void act_on_what_is_ready(struct play *p)
{
	struct bj_ready_one one;

	for (unsigned side = 0; side < 2; side++)
		while (!p->wrong && bj_stack_next_ready(sim_stack(p->sim, side), &one) == BJ_OK) {
			if (one.listener)
				accept_all(p);
			else if (one.ready != BJ_READY_SOFT)
				act(p, &p->ends[side]);
		}
}

static uint32_t some_buffer(struct play *p)
{
	static const uint32_t sizes[] = { 500, 1500, 3000, 10000, 65536, 200000, 0, 0 };

	return sizes[below(p, 8)];
}

static struct sim_options some_wire(struct play *p, uint64_t seed)
{
	return (struct sim_options){
		.seed = seed, .delay_us = one_in(p, 6) ? 0 : one_in(p, 6) ? 600000 : below(p, 50000), .loss_ppm = one_in(p, 2) ? below(p, 50000) : 0,
		.reorder_ppm = one_in(p, 3) ? below(p, 50000) : 0, .jitter_us = one_in(p, 4) ? below(p, 20000) : 0,
		.bytes_per_s = one_in(p, 2) ? 50000 + below(p, 2000000) : 0, .queue_packets = 5 + below(p, 100),
		.duplicate_ppm = one_in(p, 3) ? below(p, 50000) : 0, .strip_options = one_in(p, 6), .mark_ppm = one_in(p, 4) ? below(p, 50000) : 0,
		.memory_max = one_in(p, 4) ? 20000 + below(p, 100000) : 0, .v6 = one_in(p, 2), .mtu = one_in(p, 3) ? 1280 + below(p, 700) : 0,
	};
}

static struct bj_tcp_options some_options(struct play *p)
{
	struct bj_tcp_options o = {
		.congestion = (enum bj_congestion)below(p, 3), .ecn = (enum bj_ecn)below(p, 4), .pacing = one_in(p, 4), .no_delay = one_in(p, 3),
		.no_sack = one_in(p, 5), .no_timestamps = one_in(p, 3), .no_window_scale = one_in(p, 5), .receive_buffer_max = some_buffer(p),
		.send_buffer_max = some_buffer(p), .fast_open = one_in(p, 5), .syn_cookies_always = one_in(p, 6), .keepalive = one_in(p, 4),
		.keepalive_idle_us = 30 * SECOND, .mss_max = one_in(p, 4) ? (uint16_t)(64 + below(p, 1400)) : 0,
	};

	o.fast_open_without_cookie = o.fast_open && one_in(p, 2);
	return o;
}

static void change_moods(struct play *p, int64_t until_us)
{
	for (struct end *e = p->ends; e < p->ends + 2; e++) {
		if (e->mood_at_us > sim_now_us(p->sim))
			continue;
		e->reads = !one_in(p, 3);
		e->writes = !one_in(p, 3);
		e->mood_at_us += 1 + below(p, one_in(p, 2) ? 40000000 : 200000);
		if (e->mood_at_us >= until_us) { /* for good */
			e->mood_at_us = INT64_MAX;
			e->reads = e->writes = true;
			p->moved_us = sim_now_us(p->sim);
		}
		act(p, e);
	}
}

static void run(struct play *p, int64_t start)
{
	struct end *e = p->ends;

	while (!p->wrong && !(e[0].released && e[1].released)) {
		int64_t mood = e[0].mood_at_us < e[1].mood_at_us ? e[0].mood_at_us : e[1].mood_at_us;
		int64_t end = start + 2000 * SECOND;

		if (!sim_step(p->sim, mood < end ? mood : end))
			change_moods(p, start + MOODS_US);
		act_on_what_is_ready(p);
		if (mood == INT64_MAX && sim_now_us(p->sim) - p->moved_us > STALL_US)
			p->wrong = "it stalled";
		if (sim_now_us(p->sim) >= end)
			p->wrong = "it never ended";
	}
}

static void play(uint64_t seed)
{
	struct play p = { .dice = { seed * 7919 } };
	struct sim_options wire = some_wire(&p, seed);
	struct bj_tcp_options o[2];
	struct bj_endpoint at;
	int64_t start;

	for (unsigned i = 0; i < 2; i++) {
		uint64_t bytes = one_in(&p, 4) ? 1 + below(&p, 3) : 1 + below(&p, 300000);

		o[i] = some_options(&p);
		p.ends[i].to_send = p.ends[1 - i].to_get = bytes;
	}
	if (wire.memory_max || (o[0].receive_buffer_max && o[0].receive_buffer_max < 3000) || (o[1].receive_buffer_max && o[1].receive_buffer_max < 3000) ||
	    (o[0].mss_max && o[0].mss_max < 300) || (o[1].mss_max && o[1].mss_max < 300)) /* it will take its time */
		for (unsigned i = 0; i < 2; i++)
			p.ends[i].to_send = p.ends[1 - i].to_get = p.ends[i].to_send / 10 + 1;
	p.sim = sim_make(&wire);
	at = sim_endpoint(p.sim, 1, 80);
	start = p.moved_us = sim_now_us(p.sim);
	assert_int_equal(bj_tcp_listen(sim_stack(p.sim, 1), &at, &o[1], &p.listener), BJ_OK);
	assert_int_equal(bj_tcp_connect(sim_stack(p.sim, 0), NULL, &at, &o[0], &p.ends[0].tcp), BJ_OK);
	for (unsigned i = 0; i < 2; i++) {
		p.ends[i].writes = true;
		p.ends[i].reads = one_in(&p, 2);
		p.ends[i].mood_at_us = start + below(&p, 60000000);
	}
	act(&p, &p.ends[0]);
	run(&p, start);
	if (p.wrong)
		fail_msg("seed %lu: %s", (unsigned long)seed, p.wrong);
	bj_listener_close(p.listener);
	while (sim_step(p.sim, sim_now_us(p.sim) + 1000 * SECOND))
		;
	for (unsigned i = 0; i < 2; i++) {
		struct bj_stack_stats stats;

		bj_stack_stats(sim_stack(p.sim, i), &stats);
		if (stats.connections || stats.memory_used)
			fail_msg("seed %lu: something is left over", (unsigned long)seed);
	}
	sim_free(p.sim);
}

static void whatever_the_owners_do_the_bytes_arrive(void **state)
{
	const char *more = getenv("BOJAGI_SIM_SEEDS");
	uint64_t seeds = more ? strtoull(more, NULL, 10) : 300;

	(void)state;
	for (uint64_t seed = 1; seed <= seeds; seed++)
		play(seed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whatever_the_owners_do_the_bytes_arrive),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
