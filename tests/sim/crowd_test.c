/* crowd_test.c - many connections and little memory: what they all may send at once is far more than there is room for. Nothing stalls,
 * nothing is lost, and the limit is kept at every step.
 *
 * Both sides act on what bj_stack_next_ready() tells and on nothing else, so a word that is forgotten is a stall.
 */
#include "base/test.h"
#include "io/sim.h"

#define PIECE 3000
#define CROWD_MAX 200
#define WIRE(loss, memory) { .delay_us = 10000, .bytes_per_s = 12500000, .queue_packets = 100, .loss_ppm = loss, .memory_max = memory }

struct end {
	struct bj_tcp *tcp;
	struct prng out, in;      /* of the client: what it sends, and what comes back, are the same stream */
	uint64_t sent, got;
	uint8_t held[PIECE];      /* of the server: read and not yet written */
	size_t held_at, held_len;
	bool at_end, finished, released;
};

struct crowd {
	const char *why;
	struct sim_options link;
	unsigned count;
	uint64_t bytes;           /* of each */
	bool echo;                /* else the server only reads, or only writes */
	bool push;                /* the server writes, the clients read */
	int64_t limit_s;
	struct bj_tcp_options tcp;
};

struct run {
	const struct crowd *crowd;
	struct sim *sim;
	struct bj_listener *listener;
	struct end clients[CROWD_MAX], servers[CROWD_MAX];
	unsigned accepted, done; /* ends that were released */
	const char *wrong;
};

static void release_when_done(struct run *r, struct end *e)
{
	if (!e->finished || !e->at_end || e->released)
		return;
	bj_tcp_release(e->tcp);
	e->released = true;
	r->done++;
}

/* Writes a stream of `len` bytes, and the end. */
static void speak(struct run *r, struct end *e, uint64_t len)
{
	uint8_t piece[PIECE];
	size_t done;

	while (e->sent < len && !r->wrong) {
		struct prng before = e->out;
		size_t want = len - e->sent < PIECE ? (size_t)(len - e->sent) : PIECE;
		enum bj_err err;

		prng_fill(&e->out, piece, want);
		err = bj_tcp_write(e->tcp, (struct bj_bytes){ piece, want }, &done);
		if (err) {
			e->out = before;
			if (err != BJ_ERR_WOULD_BLOCK)
				r->wrong = bj_err_text(err);
			return;
		}
		if (done < want) {
			e->out = before;
			prng_fill(&e->out, piece, done);
		}
		e->sent += done;
	}
	if (!r->wrong && !e->finished) {
		e->finished = true;
		if (bj_tcp_finish(e->tcp))
			r->wrong = "it could not be finished";
	}
}

static void hear(struct run *r, struct end *e, uint64_t len)
{
	uint8_t piece[PIECE], want[PIECE];
	size_t done;
	enum bj_err err = BJ_OK;

	while (!e->at_end && !r->wrong && (err = bj_tcp_read(e->tcp, piece, sizeof(piece), &done)) == BJ_OK) {
		prng_fill(&e->in, want, done);
		e->got += done;
		if (e->got > len || memcmp(piece, want, done) != 0)
			r->wrong = "bytes differ";
	}
	if (err == BJ_ERR_CLOSED) {
		e->at_end = true;
		if (e->got != len)
			r->wrong = "the end came too early";
	} else if (err && err != BJ_ERR_WOULD_BLOCK) {
		r->wrong = bj_err_text(err);
	}
}

/* Reads only when all that was read is written. */
static void echo(struct run *r, struct end *e)
{
	enum bj_err err = BJ_OK;
	size_t done;

	while (!err && !e->finished) {
		if (e->held_at < e->held_len) {
			err = bj_tcp_write(e->tcp, (struct bj_bytes){ e->held + e->held_at, e->held_len - e->held_at }, &done);
			e->held_at += err ? 0 : done;
		} else if ((err = bj_tcp_read(e->tcp, e->held, sizeof(e->held), &e->held_len)) == BJ_OK) {
			e->held_at = 0;
		} else {
			e->held_at = e->held_len = 0;
		}
	}
	if (err == BJ_ERR_CLOSED) {
		e->at_end = e->finished = true;
		err = bj_tcp_finish(e->tcp);
	}
	if (err && err != BJ_ERR_WOULD_BLOCK)
		r->wrong = bj_err_text(err);
}

static void act(struct run *r, struct end *e, bool is_server)
{
	const struct crowd *c = r->crowd;

	if (e->released || r->wrong)
		return;
	if (is_server && c->echo) {
		echo(r, e);
	} else {
		speak(r, e, c->echo || c->push == is_server ? c->bytes : 0);
		hear(r, e, c->echo || c->push != is_server ? c->bytes : 0);
	}
	release_when_done(r, e);
}

static void accept_all(struct run *r)
{
	struct end *e = &r->servers[r->accepted];

	while (r->accepted < r->crowd->count && bj_tcp_accept(r->listener, &e->tcp) == BJ_OK) {
		struct bj_tcp_info info;

		bj_tcp_info(e->tcp, &info);
		e->in.state = e->out.state = info.remote.port;
		bj_tcp_set_owner(e->tcp, e);
		r->accepted++;
		act(r, e++, true);
	}
}

static void act_on_what_is_ready(struct run *r)
{
	struct bj_ready_one one;

	for (unsigned side = 0; side < 2; side++)
		while (!r->wrong && bj_stack_next_ready(sim_stack(r->sim, side), &one) == BJ_OK) {
			if (one.listener)
				accept_all(r);
			else if (one.ready != BJ_READY_SOFT)
				act(r, (struct end *)bj_tcp_owner(one.tcp), side == 1);
		}
}

static void connect_all(struct run *r, const struct bj_endpoint *at)
{
	for (unsigned i = 0; i < r->crowd->count; i++) {
		struct end *e = &r->clients[i];
		struct bj_tcp_info info;

		assert_int_equal(bj_tcp_connect(sim_stack(r->sim, 0), NULL, at, &r->crowd->tcp, &e->tcp), BJ_OK);
		bj_tcp_info(e->tcp, &info);
		e->in.state = e->out.state = info.local.port;
		bj_tcp_set_owner(e->tcp, e);
	}
}

static void serve(const struct crowd *c, uint64_t seed)
{
	struct run *r = (struct run *)calloc(1, sizeof(*r));
	struct sim_options link = c->link;
	struct bj_stack_stats stats;
	struct bj_endpoint at;
	int64_t start;
	size_t most = 0;

	assert_non_null(r);
	r->crowd = c;
	link.seed = seed;
	link.memory_max_of_1 = true;
	r->sim = sim_make(&link);
	at = sim_endpoint(r->sim, 1, 80);
	start = sim_now_us(r->sim);
	assert_int_equal(bj_tcp_listen(sim_stack(r->sim, 1), &at, &c->tcp, &r->listener), BJ_OK);
	connect_all(r, &at);
	while (!r->wrong && r->done < 2 * c->count && sim_step(r->sim, start + c->limit_s * 1000000)) {
		act_on_what_is_ready(r);
		bj_stack_stats(sim_stack(r->sim, 1), &stats);
		most = stats.memory_used > most ? stats.memory_used : most;
		if (stats.memory_used > link.memory_max)
			r->wrong = "more memory than there is";
	}
	if (!r->wrong && r->done < 2 * c->count)
		r->wrong = "it stalled";
	if (!r->wrong && most < link.memory_max / 2)
		r->wrong = "there was no crowd";
	if (r->wrong)
		fail_msg("%s: seed %lu: %s", c->why, (unsigned long)seed, r->wrong);
	bj_listener_close(r->listener);
	sim_free(r->sim);
	free(r);
}

static void little_memory_serves_many(void **state)
{
	static const struct crowd rows[] = {
		{ .why = "many send", .link = WIRE(0, 100000), .count = 200, .bytes = 30000, .limit_s = 100 },
		{ .why = "many send, losses", .link = WIRE(10000, 100000), .count = 200, .bytes = 30000, .limit_s = 100 },
		{ .why = "many get, losses", .link = WIRE(10000, 100000), .count = 200, .bytes = 30000, .push = true, .limit_s = 100 },
		{ .why = "many get back what they send", .link = WIRE(0, 100000), .count = 200, .bytes = 30000, .echo = true, .limit_s = 200 },
		{ .why = "many get back what they send, losses", .link = WIRE(10000, 400000), .count = 200, .bytes = 30000, .echo = true, .limit_s = 200 },
		{ .why = "a few get back much", .link = WIRE(10000, 100000), .count = 4, .bytes = 400000, .echo = true, .limit_s = 100 },
		{ .why = "some get back much", .link = WIRE(10000, 150000), .count = 20, .bytes = 100000, .echo = true, .limit_s = 100 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (uint64_t seed = 1; seed <= 3; seed++)
			serve(&rows[i], seed * 101);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(little_memory_serves_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
