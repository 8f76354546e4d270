/* tcp.c - what our TCP costs and how it bears loss: opening, closing, connections that wait, and the table of losses that
 * smoltcp publishes (10 MB, 100 ms round trip, a wire without other limits), in virtual time. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "measure.h"
#include "tcp_device.h"
#include "io/sim.h"

#define CONNECTIONS 2000     /* opened and closed in one round */
#define IDLE 100000
#define BYTES (10u << 20)
#define COST_BAR_US 3.0
#define IDLE_BAR_BYTES 400.0
#define LOSS_SEEDS 5

static void need(bool good)
{
	if (good)
		return;
	fputs("bench: a call failed\n", stderr);
	exit(1);
}

/* ---- two stacks wired by hand: no queue, no heap, so that what is measured is theirs */

static enum bj_err fill(void *self, uint8_t *out, size_t len)
{
	prng_fill((struct prng *)self, out, len);
	return BJ_OK;
}

struct pair {
	struct prng keys;
	struct bj_stack *stacks[2];
	struct bj_endpoint server;
	struct bj_listener *listener;
	struct bj_tcp *clients[IDLE], *servers[IDLE];
	int64_t now_us;
};

static struct pair pair;

static void pair_make(void)
{
	struct bj_stack_options o = { .rng = { fill, &pair.keys }, .source_half_open_max = UINT32_MAX };
	struct bj_tcp_options listen = { .backlog = IDLE, .syn_backlog = IDLE };

	pair.now_us = 1000000;
	pair.server = (struct bj_endpoint){ bj_ip4(10, 0, 0, 2), 80 };
	for (unsigned i = 0; i < 2; i++) {
		struct bj_ip ip = bj_ip4(10, 0, 0, (uint8_t)(1 + i));

		need(!bj_stack_make(&o, pair.now_us, &pair.stacks[i]));
		need(!bj_stack_add_address(pair.stacks[i], &ip));
		for (uint8_t more = 1; i == 0 && more < 8; more++) {
			ip = bj_ip4(10, 0, more, 1);
			need(!bj_stack_add_address(pair.stacks[i], &ip));
		}
	}
	need(!bj_tcp_listen(pair.stacks[1], &pair.server, &listen, &pair.listener));
}

static void pair_free(void)
{
	bj_stack_free(pair.stacks[0]);
	bj_stack_free(pair.stacks[1]);
}

static void exchange(void)
{
	uint8_t packet[2048];
	size_t len;
	bool moved = true;

	while (moved) {
		moved = false;
		for (unsigned i = 0; i < 2; i++)
			while (!bj_stack_output(pair.stacks[i], pair.now_us, packet, sizeof(packet), &len)) {
				bj_stack_input(pair.stacks[1 - i], pair.now_us, (struct bj_bytes){ packet, len });
				moved = true;
			}
	}
}

static void open_one(size_t i)
{
	struct bj_endpoint local = { bj_ip4(10, 0, (uint8_t)(i / 16000), 1), 0 };

	need(!bj_tcp_connect(pair.stacks[0], &local, &pair.server, NULL, &pair.clients[i]));
	exchange();
	need(!bj_tcp_accept(pair.listener, &pair.servers[i]));
}

static void close_one(size_t i)
{
	bj_tcp_release(pair.clients[i]);
	exchange();
	bj_tcp_release(pair.servers[i]);
	exchange();
}

static void bench_cost(const struct options *o)
{
	double opens[ROUNDS_MAX], closes[ROUNDS_MAX];

	for (unsigned round = 0; round < o->rounds; round++) {
		double start, opened;

		pair_make();
		start = cpu_ns();
		for (size_t i = 0; i < CONNECTIONS; i++)
			open_one(i);
		opened = cpu_ns();
		for (size_t i = 0; i < CONNECTIONS; i++)
			close_one(i);
		closes[round] = (cpu_ns() - opened) / CONNECTIONS / 2000;
		opens[round] = (opened - start) / CONNECTIONS / 2000;
		pair_free();
	}
	report(o, "tcp open", "each end", "us", median(opens, o->rounds), (struct measured){ "bar", COST_BAR_US }, 1, LESS_IS_BETTER);
	report(o, "tcp close", "each end", "us", median(closes, o->rounds), (struct measured){ "bar", COST_BAR_US }, 1, LESS_IS_BETTER);
}

/* ---- connections that wait */

static double rss_bytes(void)
{
	long pages = 0, total = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	need(f && fscanf(f, "%ld %ld", &total, &pages) == 2);
	fclose(f);
	return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static void bench_idle(const struct options *o)
{
	struct bj_stack_stats stats;
	double before, after;

	malloc_trim(0);
	for (size_t i = 0; i < IDLE; i++) /* the handles are the owner's, not ours */
		pair.clients[i] = pair.servers[i] = NULL;
	pair_make();
	before = rss_bytes();
	for (size_t i = 0; i < IDLE; i++)
		open_one(i);
	after = rss_bytes();
	bj_stack_stats(pair.stacks[1], &stats);
	need(stats.connections == IDLE && stats.memory_used == 0);
	report(o, "tcp idle, its object", "each end", "B", (double)stats.connection_size, (struct measured){ "bar", IDLE_BAR_BYTES }, 1, LESS_IS_BETTER);
	report(o, "tcp idle, growth of RSS", "each end", "B", (after - before) / IDLE / 2, (struct measured){ "bar", IDLE_BAR_BYTES }, 0, LESS_IS_BETTER);
	pair_free();
}

/* ---- loss */

static double transfer_kb_per_s(uint32_t loss_ppm, uint64_t seed, enum bj_congestion congestion)
{
	static const uint8_t zeros[65536];
	static uint8_t buf[65536];
	struct sim_options link = { .seed = seed * 7919, .delay_us = 50000, .loss_ppm = loss_ppm };
	struct bj_tcp_options options = { .congestion = congestion };
	struct sim *sim = sim_make(&link);
	struct bj_endpoint at = sim_endpoint(sim, 1, 80);
	struct bj_tcp *a, *b = NULL;
	struct bj_listener *listener;
	uint64_t sent = 0, got = 0;
	int64_t start = sim_now_us(sim), took;
	size_t len;

	need(!bj_tcp_listen(sim_stack(sim, 1), &at, &options, &listener));
	need(!bj_tcp_connect(sim_stack(sim, 0), NULL, &at, &options, &a));
	while (got < BYTES) {
		need(sim_step(sim, start + INT64_C(36000000000)));
		if (!b)
			(void)!bj_tcp_accept(listener, &b);
		while (sent < BYTES && !bj_tcp_write(a, (struct bj_bytes){ zeros, BYTES - sent < 65536 ? BYTES - sent : 65536 }, &len))
			sent += len;
		while (b && !bj_tcp_read(b, buf, sizeof(buf), &len))
			got += len;
	}
	took = sim_now_us(sim) - start;
	sim_free(sim);
	return (double)BYTES * 1000 / (double)took;
}

static void bench_loss(const struct options *o)
{
	static const struct {
		const char *name;
		uint32_t loss_ppm;
		double smoltcp; /* as published, KB/s, with buffers of 32 KiB and no congestion control */
	} rows[] = { { "tcp loss 0 %", 0, 323 }, { "tcp loss 1 %", 10000, 220 }, { "tcp loss 5 %", 50000, 77 },
		     { "tcp loss 10 %", 100000, 38 }, { "tcp loss 20 %", 200000, 6 } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		double values[LOSS_SEEDS];

		for (uint64_t seed = 1; seed <= LOSS_SEEDS; seed++)
			values[seed - 1] = transfer_kb_per_s(rows[i].loss_ppm, seed, BJ_CONGESTION_CUBIC);
		report(o, rows[i].name, "cubic", "KB/s", median(values, LOSS_SEEDS), (struct measured){ "smoltcp", rows[i].smoltcp }, 0, MORE_IS_BETTER);
		for (uint64_t seed = 1; seed <= LOSS_SEEDS; seed++)
			values[seed - 1] = transfer_kb_per_s(rows[i].loss_ppm, seed, BJ_CONGESTION_BBR);
		report(o, rows[i].name, "bbr", "KB/s", median(values, LOSS_SEEDS), (struct measured){ "smoltcp", rows[i].smoltcp }, 0, MORE_IS_BETTER);
	}
}

int main(int argc, char **argv)
{
	struct options o = options_parse(argc, argv);

	if (options_want(&o, "cost"))
		bench_cost(&o);
	if (options_want(&o, "idle"))
		bench_idle(&o);
	if (options_want(&o, "loss"))
		bench_loss(&o);
	if (!o.only || strstr(o.only, "device"))
		bench_device(&o);
	return 0;
}
