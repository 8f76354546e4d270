/* edge_test.c - what a hostile peer, an unlucky network or a careless owner does at the edges: bounds that must hold, and connections that
 * must not stand still. */
#include "tcpip/stack.h"

#include "base/prng.h"
#include "base/test.h"
#include "tcpip/flight.h"
#include "tcpip/wire/icmpv6.h"
#include "tcpip/wire/ipv4.h"
#include "tcpip/wire/ipv6.h"

#define SECOND INT64_C(1000000)
#define PEER_PORT 1001
#define OUR_PORT 80

/* A stack with one connection to a peer that is written by hand. */
struct world {
	struct bj_stack *stack;
	struct bj_listener *listener;
	struct prng keys;
	int64_t now;
	struct bj_tcp *tcp;
	uint16_t port;        /* the peer's */
	uint32_t seq, ack;    /* the peer's next number, and what it expects of us */
	struct tcp_options options; /* of the peer's segments */
};

static const uint8_t ours[4] = { 10, 0, 0, 1 }, theirs[4] = { 10, 0, 0, 2 };

static enum bj_err fill(void *self, uint8_t *out, size_t len)
{
	prng_fill((struct prng *)self, out, len);
	return BJ_OK;
}

static void world_make(struct world *w, struct bj_stack_options options)
{
	const struct bj_ip ip = bj_ip4(10, 0, 0, 1);

	*w = (struct world){ .keys = { 7 }, .now = 5 * SECOND, .port = PEER_PORT };
	options.rng = (struct bj_rng){ fill, &w->keys };
	assert_int_equal(bj_stack_make(&options, w->now, &w->stack), BJ_OK);
	assert_int_equal(bj_stack_add_address(w->stack, &ip), BJ_OK);
}

static void world_end(struct world *w)
{
	bj_stack_free(w->stack);
}

static void give(struct world *w, const struct tcp_segment *s)
{
	uint8_t packet[2048];
	struct writer out = wr_make(packet, sizeof(packet));
	struct ipv4 ip = { .ttl = 64, .protocol = IP_TCP };

	memcpy(ip.from, theirs, 4);
	memcpy(ip.to, ours, 4);
	ipv4_write_header(&out, &ip, TCP_HEADER_LEN + tcp_options_len(&s->options) + s->payload.len);
	tcp_write(&out, s, bytes_of(theirs, 4), bytes_of(ours, 4));
	assert_true(wr_ok(&out));
	bj_stack_input(w->stack, w->now, wr_view(&out));
}

/* The next segment that goes out, its payload good until the one after it; false: none. */
static bool take(struct world *w, struct tcp_segment *out)
{
	static uint8_t packet[2048];
	struct ipv4 ip;
	size_t len;

	if (bj_stack_output(w->stack, w->now, packet, sizeof(packet), &len))
		return false;
	assert_int_equal(ipv4_parse(bytes_of(packet, len), &ip), BJ_OK);
	assert_int_equal(tcp_parse(ip.payload, bytes_of(ip.from, 4), bytes_of(ip.to, 4), out), BJ_OK);
	return true;
}

static unsigned take_all(struct world *w)
{
	struct tcp_segment out;
	unsigned count = 0;

	while (take(w, &out))
		count++;
	return count;
}

static struct tcp_segment from_peer(const struct world *w, uint16_t flags, uint32_t window, struct bj_bytes payload)
{
	return (struct tcp_segment){ .source_port = w->port, .destination_port = OUR_PORT, .seq = w->seq, .ack = w->ack, .flags = flags,
				     .window = (uint16_t)window, .options = w->options, .payload = payload };
}

static void say(struct world *w, uint16_t flags, uint32_t window, struct bj_bytes payload)
{
	struct tcp_segment s = from_peer(w, flags, window, payload);

	give(w, &s);
	w->seq += tcp_segment_len(&s);
}

static void say_ack(struct world *w, uint32_t window)
{
	say(w, TCP_ACK, window, (struct bj_bytes){ 0 });
}

/* A handshake that the peer began; `offer` are the options of its SYN. */
static void open_passively(struct world *w, const struct bj_tcp_options *options, struct tcp_options offer)
{
	const struct bj_endpoint at = { bj_ip4(10, 0, 0, 1), OUR_PORT };
	struct tcp_segment syn, answer;

	if (!w->listener)
		assert_int_equal(bj_tcp_listen(w->stack, &at, options, &w->listener), BJ_OK);
	w->seq = 100;
	w->ack = 0;
	w->options = offer;
	syn = from_peer(w, TCP_SYN, 60000, (struct bj_bytes){ 0 });
	give(w, &syn);
	assert_true(take(w, &answer));
	assert_int_equal(answer.flags, TCP_SYN | TCP_ACK);
	w->options = (struct tcp_options){ .has_timestamps = offer.has_timestamps, .ts_val = offer.ts_val, .ts_ecr = answer.options.ts_val };
	w->seq++;
	w->ack = answer.seq + 1;
	w->now += SECOND / 10;
	say_ack(w, 60000);
	assert_int_equal(bj_tcp_accept(w->listener, &w->tcp), BJ_OK);
}

static const struct tcp_options usual = { .has_mss = true, .mss = 1000, .sack_permitted = true, .has_window_scale = true, .window_scale = 0 };

/* Works off all that is due up to this time; returns how often the clock rang. */
static unsigned run_until(struct world *w, int64_t until_us)
{
	unsigned rings = 0;
	int64_t next;

	while ((next = bj_stack_deadline(w->stack)) <= until_us && rings < 100000) {
		w->now = i64_max(w->now, next);
		bj_stack_tick(w->stack, w->now);
		(void)take_all(w);
		rings++;
	}
	w->now = i64_max(w->now, until_us);
	return rings;
}

static size_t write_bytes(struct bj_tcp *t, size_t len)
{
	static const uint8_t bytes[65536];
	size_t done = 0;

	assert_true(len <= sizeof(bytes));
	assert_int_equal(bj_tcp_write(t, bytes_of(bytes, len), &done), BJ_OK);
	return done;
}

static struct bj_tcp_info info_of(const struct bj_tcp *t)
{
	struct bj_tcp_info info;

	bj_tcp_info(t, &info);
	return info;
}

/* ---- memory */

/* Windows are told in units; what a unit rounds up must not add up with each ACK. */
static void a_buffer_that_nobody_reads_ends_at_its_limit(void **state)
{
	static const uint8_t bytes[1000];
	struct world w;
	uint32_t window = 60000, limit;

	(void)state;
	world_make(&w, (struct bj_stack_options){ 0 });
	open_passively(&w, NULL, usual);
	limit = info_of(w.tcp).receive_buffer_max;
	for (unsigned i = 0; i < 4000 && window > 1; i++) {
		struct tcp_segment out = { 0 };

		say(&w, TCP_ACK, 60000, bytes_of(bytes, u32_min(window - 1, sizeof(bytes))));
		w.now += SECOND / 10;
		bj_stack_tick(w.stack, w.now);
		if (take(&w, &out))
			window = (uint32_t)out.window << info_of(w.tcp).rcv_wscale;
	}
	assert_int_equal(window, 0);
	assert_true(info_of(w.tcp).receive_buffered <= limit + (1u << info_of(w.tcp).rcv_wscale));
	/* all that was promised is taken, and nothing more */
	say(&w, TCP_ACK, 60000, bytes_of(bytes, 1000));
	assert_true(info_of(w.tcp).receive_buffered <= limit + (1u << info_of(w.tcp).rcv_wscale));
	world_end(&w);
}

/* A write that found no memory is told when there may be some, even if nothing is on its way whose ACK could tell. */
static void a_write_that_found_no_memory_is_asked_for_again(void **state)
{
	static uint8_t bytes[1000], all[70000];
	struct world w;
	struct bj_tcp *hungry;
	enum bj_err err = BJ_OK;
	struct bj_ready_one one;
	bool told = false;
	size_t len;

	(void)state;
	world_make(&w, (struct bj_stack_options){ .memory_max = 65536 });
	open_passively(&w, NULL, usual);
	hungry = w.tcp;
	w.port++;
	open_passively(&w, NULL, usual);
	for (unsigned i = 0; i < 60; i++) {
		say(&w, TCP_ACK, 60000, bytes_of(bytes, sizeof(bytes)));
		(void)take_all(&w);
	}
	for (unsigned i = 0; i < 40; i++) { /* an owner who tries when he is told to */
		if (i == 0 || told) {
			err = bj_tcp_write(hungry, BYTES_LIT("x"), &len);
			assert_int_equal(err, i <= 20 ? BJ_ERR_WOULD_BLOCK : BJ_OK);
		}
		if (!err)
			break;
		if (i == 20)
			assert_int_equal(bj_tcp_read(w.tcp, all, sizeof(all), &len), BJ_OK);
		(void)run_until(&w, w.now + SECOND / 10);
		for (told = false; bj_stack_next_ready(w.stack, &one) == BJ_OK;)
			told |= one.tcp == hungry && one.ready & BJ_READY_WRITE;
	}
	assert_int_equal(err, BJ_OK);
	world_end(&w);
}

/* One byte at the far end of each window takes whole rings; who sends in order still finds memory. */
static void early_bytes_of_some_leave_memory_for_others(void **state)
{
	struct bj_tcp_info info;
	struct world w;

	(void)state;
	world_make(&w, (struct bj_stack_options){ .memory_max = 1 << 20 });
	for (unsigned i = 0; i < 30; i++) {
		w.port++;
		open_passively(&w, NULL, usual);
		w.seq += 65000;
		say(&w, TCP_ACK, 60000, BYTES_LIT("x"));
		(void)take_all(&w);
	}
	w.port++;
	open_passively(&w, NULL, usual);
	say(&w, TCP_ACK, 60000, BYTES_LIT("in order"));
	info = info_of(w.tcp);
	assert_int_equal(info.receive_buffered, 8);
	world_end(&w);
}

/* The ring that is kept warm is larger than what memory is left, a smaller one is not. */
static void a_kept_ring_does_not_stand_in_the_way_of_a_small_one(void **state)
{
	struct buffer_memory memory = { .max = 40960 };
	struct buffer a = { .limit = 0 }, b = { .limit = 0 }, c = { .limit = 0 };

	(void)state;
	assert_true(buffer_grow(&a, &memory, BUFFER_SPARE_MIN));
	buffer_free(&a, &memory);
	assert_true(buffer_grow(&b, &memory, 2 * BUFFER_SPARE_MIN));
	assert_true(buffer_grow(&c, &memory, 100));
	assert_true(memory.used <= memory.max);
	buffer_free(&b, &memory);
	buffer_free(&c, &memory);
	assert_int_equal(memory.used, 0);
	buffer_memory_fini(&memory);
}

/* CVE-2019-11477 in another dress: every second byte is reported, and each report would cut a record in pieces. */
static void reports_of_single_bytes_do_not_cut_what_is_out_to_pieces(void **state)
{
	struct world w;
	unsigned records = 0;

	(void)state;
	world_make(&w, (struct bj_stack_options){ 0 });
	open_passively(&w, &(struct bj_tcp_options){ .no_delay = true }, usual);
	w.tcp->cwnd = 60000;
	(void)write_bytes(w.tcp, 50000);
	assert_true(take_all(&w) >= 50);
	for (uint32_t at = 2; at < 50000; at += 8) {
		w.options.sack_count = 4;
		for (uint32_t i = 0; i < 4; i++)
			w.options.sack[i] = (struct tcp_block){ w.ack + at + 2 * i, w.ack + at + 2 * i + 1 };
		say_ack(&w, 60000);
	}
	for (struct list *it = w.tcp->flight->by_seq.next; it != &w.tcp->flight->by_seq; it = it->next)
		records++;
	assert_true(records < 200);
	world_end(&w);
}

/* MUST-37 is for those who still have an owner: of one that nobody has, nobody could let go. */
static void a_shut_window_does_not_keep_a_connection_without_owner_for_ever(void **state)
{
	struct bj_stack_stats stats;
	struct world w;

	(void)state;
	world_make(&w, (struct bj_stack_options){ 0 });
	open_passively(&w, NULL, usual);
	say_ack(&w, 0);
	(void)write_bytes(w.tcp, 20000);
	bj_tcp_release(w.tcp);
	for (unsigned i = 0; i < 1000; i++) { /* more than half an hour */
		(void)run_until(&w, w.now + 2 * SECOND);
		say_ack(&w, 0);
	}
	bj_stack_stats(w.stack, &stats);
	assert_int_equal(stats.connections, 0);
	assert_int_equal(stats.memory_used, 0);
	world_end(&w);
}

/* Nor do ACKs that say nothing. */
static void acks_do_not_keep_fin_wait_2_without_owner_for_ever(void **state)
{
	struct bj_stack_stats stats;
	struct world w;

	(void)state;
	world_make(&w, (struct bj_stack_options){ 0 });
	open_passively(&w, &(struct bj_tcp_options){ .keepalive = true }, usual);
	bj_tcp_release(w.tcp);
	(void)take_all(&w);
	w.ack++; /* the FIN */
	for (unsigned i = 0; i < 20; i++) {
		say_ack(&w, 60000);
		(void)run_until(&w, w.now + 20 * SECOND);
	}
	bj_stack_stats(w.stack, &stats);
	assert_int_equal(stats.connections, 0);
	world_end(&w);
}

/* ---- nothing stands still */

/* Who writes on must not put off for ever that the loss of what he wrote first is looked for. */
static void a_writer_does_not_put_off_the_retransmission(void **state)
{
	uint32_t most;
	bool again = false;
	struct world w;

	(void)state;
	world_make(&w, (struct bj_stack_options){ 0 });
	open_passively(&w, &(struct bj_tcp_options){ .no_delay = true }, usual);
	most = w.ack;
	for (unsigned i = 0; i < 40 && !again; i++) { /* two seconds */
		struct tcp_segment out;

		(void)write_bytes(w.tcp, 1);
		while (take(&w, &out)) {
			again |= seq_lt(out.seq, most);
			most = seq_max(most, out.seq + (uint32_t)out.payload.len);
		}
		w.now += SECOND / 20;
		if (bj_stack_deadline(w.stack) <= w.now)
			bj_stack_tick(w.stack, w.now);
	}
	assert_true(again);
	world_end(&w);
}

/* The path began to take larger segments just when a loss had halved the window: it is now smaller than one of them. */
static void a_window_below_one_segment_lets_one_go(void **state)
{
	struct tcp_segment out;
	struct world w;

	(void)state;
	world_make(&w, (struct bj_stack_options){ 0 });
	open_passively(&w, NULL, usual);
	w.tcp->cwnd = w.tcp->mss - 1u;
	(void)write_bytes(w.tcp, 5000);
	assert_true(take(&w, &out));
	assert_int_equal(out.payload.len, 1000);
	assert_false(take(&w, &out));
	world_end(&w);
}

/* "For ever" is what an owner may well say of a time. */
static void times_without_end_end_nothing_and_wake_nobody(void **state)
{
	const struct bj_tcp_options o = { .keepalive = true, .keepalive_idle_us = INT64_MAX, .keepalive_interval_us = INT64_MAX, .user_timeout_us = INT64_MAX,
					  .syn_timeout_us = INT64_MAX, .rto_min_us = INT64_MAX, .ack_delay_us = INT64_MAX, .time_wait_us = INT64_MAX,
					  .fin_wait_2_us = INT64_MAX };
	struct world w;

	(void)state;
	world_make(&w, (struct bj_stack_options){ 0 });
	open_passively(&w, &o, usual);
	assert_true(run_until(&w, w.now + 10 * SECOND) < 5);
	(void)write_bytes(w.tcp, 1);
	(void)take_all(&w);
	assert_true(run_until(&w, w.now + 600 * SECOND) < 50);
	assert_int_equal(info_of(w.tcp).state, BJ_TCP_ESTABLISHED);
	w.ack++;
	say_ack(&w, 60000);
	assert_int_equal(bj_tcp_finish(w.tcp), BJ_OK);
	(void)take_all(&w);
	w.ack++;
	say(&w, TCP_ACK | TCP_FIN, 60000, (struct bj_bytes){ 0 });
	assert_int_equal(info_of(w.tcp).state, BJ_TCP_TIME_WAIT);
	assert_true(run_until(&w, w.now + 600 * SECOND) < 5);
	assert_int_equal(info_of(w.tcp).state, BJ_TCP_TIME_WAIT);
	world_end(&w);
}

/* rfc7323:5.5: after 24 days a timestamp says nothing; neither after 46, when a count of minutes has gone round. */
static void a_connection_that_slept_for_weeks_wakes_up(void **state)
{
	static const int64_t days[] = { 25, 46, 49, 76, 92, 140 };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(days); i++) {
		struct tcp_options offer = usual;
		struct world w;
		uint8_t byte;
		size_t len;

		offer.has_timestamps = true;
		offer.ts_val = 1000;
		world_make(&w, (struct bj_stack_options){ 0 });
		open_passively(&w, NULL, offer);
		w.now += days[i] * 86400 * SECOND;
		w.options.ts_val += (uint32_t)(days[i] * 86400 * 1000);
		say(&w, TCP_ACK | TCP_PSH, 60000, BYTES_LIT("x"));
		assert_int_equal(bj_tcp_read(w.tcp, &byte, 1, &len), BJ_OK);
		world_end(&w);
	}
}

/* ---- what segments may do */

/* MUST-66 in both its halves: a reset counts when the window is shut, and SHLD-2 lets it carry a text. */
static void a_reset_with_bytes_counts_when_the_window_is_shut(void **state)
{
	static const uint8_t bytes[1000];
	struct world w;

	(void)state;
	world_make(&w, (struct bj_stack_options){ 0 });
	open_passively(&w, &(struct bj_tcp_options){ .receive_buffer_max = 2000 }, usual);
	say(&w, TCP_ACK, 60000, bytes_of(bytes, 1000));
	say(&w, TCP_ACK, 60000, bytes_of(bytes, 1000));
	(void)take_all(&w);
	assert_int_equal(info_of(w.tcp).rcv_wnd, 0);
	say(&w, TCP_RST, 0, BYTES_LIT("go away"));
	assert_int_equal(info_of(w.tcp).error, BJ_ERR_IO_RESET);
	world_end(&w);
}

/* rfc7323:2.2: a window in a segment with SYN is never scaled, also where both opened at once. */
static void the_window_of_a_syn_is_not_scaled_when_both_open(void **state)
{
	const struct bj_endpoint local = { bj_ip4(10, 0, 0, 1), OUR_PORT }, remote = { bj_ip4(10, 0, 0, 2), PEER_PORT };
	struct tcp_segment out;
	struct world w;

	(void)state;
	world_make(&w, (struct bj_stack_options){ 0 });
	assert_int_equal(bj_tcp_connect(w.stack, &local, &remote, NULL, &w.tcp), BJ_OK);
	assert_true(take(&w, &out));
	w.ack = out.seq + 1;
	w.seq = 100;
	w.options = usual;
	w.options.window_scale = 7;
	say(&w, TCP_SYN, 5000, (struct bj_bytes){ 0 });
	(void)take_all(&w);
	w.seq = 100;
	say(&w, TCP_SYN | TCP_ACK, 5000, (struct bj_bytes){ 0 });
	assert_int_equal(info_of(w.tcp).state, BJ_TCP_ESTABLISHED);
	assert_int_equal(info_of(w.tcp).snd_wnd, 5000);
	w.options = (struct tcp_options){ 0 };
	say_ack(&w, 100);
	assert_int_equal(info_of(w.tcp).snd_wnd, 12800);
	world_end(&w);
}

/* The longest route, the smallest segments and all blocks of SACK leave room for bytes. */
static void small_segments_on_a_long_route_carry_bytes(void **state)
{
	struct bj_tcp_options o = { .no_delay = true, .source_route = { .count = BJ_SOURCE_ROUTE_MAX } };
	const struct bj_endpoint local = { bj_ip4(10, 0, 0, 1), OUR_PORT }, remote = { bj_ip4(10, 0, 0, 2), PEER_PORT };
	static uint8_t packet[2048];
	struct ipv4 ip;
	struct tcp_segment out;
	struct world w;
	size_t len, bytes = 0;

	(void)state;
	for (uint8_t i = 0; i < BJ_SOURCE_ROUTE_MAX; i++)
		o.source_route.hops[i] = bj_ip4(10, 1, 1, (uint8_t)(i + 1));
	world_make(&w, (struct bj_stack_options){ 0 });
	assert_int_equal(bj_tcp_connect(w.stack, &local, &remote, &o, &w.tcp), BJ_OK);
	assert_int_equal(bj_stack_output(w.stack, w.now, packet, sizeof(packet), &len), BJ_OK);
	w.ack = info_of(w.tcp).iss + 1;
	w.seq = 100;
	w.options = (struct tcp_options){ .has_mss = true, .mss = 1, .sack_permitted = true, .has_timestamps = true, .ts_val = 1 };
	say(&w, TCP_SYN | TCP_ACK, 60000, (struct bj_bytes){ 0 });
	w.options = (struct tcp_options){ .has_timestamps = true, .ts_val = 2 };
	for (uint32_t i = 0; i < 4; i++) {
		w.seq += 10;
		say(&w, TCP_ACK, 60000, BYTES_LIT("early"));
	}
	assert_in_range(info_of(w.tcp).snd_mss, 40, 536);
	(void)write_bytes(w.tcp, 3000);
	while (bj_stack_output(w.stack, w.now, packet, sizeof(packet), &len) == BJ_OK) {
		assert_int_equal(ipv4_parse(bytes_of(packet, len), &ip), BJ_OK);
		assert_int_equal(tcp_parse_unchecked(ip.payload, &out), BJ_OK);
		assert_true(out.payload.len <= 536);
		bytes += out.payload.len;
	}
	assert_true(bytes > 0);
	world_end(&w);
}

/* MUST-62: bytes that were written before the connection was there are behind its SYN. */
static void urgent_bytes_before_the_connection_are_pointed_behind(void **state)
{
	const struct bj_endpoint local = { bj_ip4(10, 0, 0, 1), OUR_PORT }, remote = { bj_ip4(10, 0, 0, 2), PEER_PORT };
	struct tcp_segment out;
	struct world w;
	size_t len;

	(void)state;
	world_make(&w, (struct bj_stack_options){ 0 });
	assert_int_equal(bj_tcp_connect(w.stack, &local, &remote, NULL, &w.tcp), BJ_OK);
	assert_int_equal(bj_tcp_write_urgent(w.tcp, BYTES_LIT("now"), &len), BJ_OK);
	assert_true(take(&w, &out));
	w.ack = out.seq + 1;
	w.seq = 100;
	w.options = usual;
	say(&w, TCP_SYN | TCP_ACK, 5000, (struct bj_bytes){ 0 });
	assert_true(take(&w, &out));
	assert_int_equal(out.payload.len, 3);
	assert_true(out.flags & TCP_URG);
	assert_int_equal(out.urgent, 3);
	world_end(&w);
}

/* rfc9293:3.10.7.4: it is the peer's FIN, come again, that begins the wait anew, not any. */
static void a_fin_of_a_stranger_does_not_prolong_time_wait(void **state)
{
	struct bj_stack_stats stats;
	struct world w;

	(void)state;
	world_make(&w, (struct bj_stack_options){ 0 });
	open_passively(&w, NULL, usual);
	bj_tcp_release(w.tcp);
	(void)take_all(&w);
	w.ack++;
	say(&w, TCP_ACK | TCP_FIN, 60000, (struct bj_bytes){ 0 });
	for (unsigned i = 0; i < 10; i++) {
		struct tcp_segment s = from_peer(&w, TCP_ACK | TCP_FIN, 60000, (struct bj_bytes){ 0 });

		(void)run_until(&w, w.now + 20 * SECOND);
		s.seq += 100000000;
		give(&w, &s);
	}
	bj_stack_stats(w.stack, &stats);
	assert_int_equal(stats.connections, 0);
	world_end(&w);
}

/* A cookie can be guessed, one try in a million or so; while none is out that still counts there is nothing to guess. */
static void long_after_a_flood_no_cookie_is_taken(void **state)
{
	const struct bj_tcp_options o = { .syn_cookies_always = true };
	struct bj_stack_stats stats;
	struct world w;

	(void)state;
	world_make(&w, (struct bj_stack_options){ 0 });
	open_passively(&w, &o, usual);
	bj_tcp_abort(w.tcp);
	(void)take_all(&w);
	w.now += 100 * SECOND;
	w.ack += 77;
	say_ack(&w, 1000);
	bj_stack_stats(w.stack, &stats);
	assert_int_equal(stats.cookies_refused, 1);
	w.now += 100 * SECOND;
	say_ack(&w, 1000);
	bj_stack_stats(w.stack, &stats);
	assert_int_equal(stats.cookies_refused, 1);
	world_end(&w);
}

/* What was acknowledged once needs no second copy, and its copy is no sign of loss. */
static void a_record_that_was_reported_is_not_looked_for_again(void **state)
{
	struct world w;

	(void)state;
	world_make(&w, (struct bj_stack_options){ 0 });
	open_passively(&w, NULL, usual);
	(void)write_bytes(w.tcp, 3000);
	assert_int_equal(take_all(&w), 3);
	w.now += SECOND / 10;
	w.options.sack_count = 1; /* the first of all, which it should rather acknowledge, and shuts the window */
	w.options.sack[0] = (struct tcp_block){ w.ack, w.ack + 1000 };
	say_ack(&w, 0);
	w.options.sack_count = 0;
	(void)run_until(&w, w.now + SECOND / 2);
	w.options.sack_count = 1;
	w.options.sack[0] = (struct tcp_block){ w.ack + 1000, w.ack + 3000 };
	say_ack(&w, 60000);
	w.now += SECOND / 100;
	(void)write_bytes(w.tcp, 2000);
	assert_true(take_all(&w) >= 2);
	w.now += SECOND / 10;
	w.options.sack[0] = (struct tcp_block){ w.ack + 1000, w.ack + 5000 };
	say_ack(&w, 60000);
	assert_int_equal(info_of(w.tcp).fast_recoveries, 0);
	world_end(&w);
}

/* rfc2883: a duplicate that is reported before anything was sent again tells of an older copy, not that nothing is lost. */
static void a_duplicate_of_before_undoes_nothing(void **state)
{
	struct world w;

	(void)state;
	world_make(&w, (struct bj_stack_options){ 0 });
	open_passively(&w, NULL, usual);
	(void)write_bytes(w.tcp, 9000);
	assert_int_equal(take_all(&w), 9);
	w.now += SECOND / 10;
	w.ack += 1000;
	say_ack(&w, 60000);
	w.now += SECOND / 10;
	w.options.sack_count = 1;
	w.options.sack[0] = (struct tcp_block){ w.ack + 3000, w.ack + 8000 };
	say_ack(&w, 60000);
	w.options.sack_count = 2; /* both came in one go, nothing has left between them */
	w.options.sack[1] = w.options.sack[0];
	w.options.sack[0] = (struct tcp_block){ w.ack - 500, w.ack };
	say_ack(&w, 60000);
	(void)run_until(&w, w.now + SECOND / 20);
	assert_int_equal(info_of(w.tcp).undos, 0);
	assert_int_equal(info_of(w.tcp).recovery, BJ_RECOVERY_FAST);
	world_end(&w);
}

/* rfc2883:4: what an ACK acknowledges itself says whether its first block is a duplicate, not what others have acknowledged since. */
static void an_ack_that_was_overtaken_reports_no_duplicate(void **state)
{
	struct world w;

	(void)state;
	world_make(&w, (struct bj_stack_options){ 0 });
	open_passively(&w, NULL, usual);
	(void)write_bytes(w.tcp, 9000);
	assert_int_equal(take_all(&w), 9);
	w.now += SECOND / 10;
	w.ack += 4000;
	say_ack(&w, 60000);
	w.ack -= 4000; /* it left before */
	w.options.sack_count = 1;
	w.options.sack[0] = (struct tcp_block){ w.ack + 1000, w.ack + 2000 };
	say_ack(&w, 60000);
	assert_true(w.tcp->reo_mult <= 1);
	w.options.sack[0] = (struct tcp_block){ w.ack - 1000, w.ack };
	say_ack(&w, 60000);
	assert_int_equal(w.tcp->reo_mult, 2); /* this one does */
	world_end(&w);
}

/* The last segment came with its FIN, and the report leaves the FIN out. */
static void a_report_without_the_fin_counts(void **state)
{
	struct world w;

	(void)state;
	world_make(&w, (struct bj_stack_options){ 0 });
	open_passively(&w, &(struct bj_tcp_options){ .cork = true }, usual);
	(void)write_bytes(w.tcp, 1500);
	assert_int_equal(bj_tcp_finish(w.tcp), BJ_OK);
	assert_int_equal(take_all(&w), 2);
	w.now += SECOND / 10;
	w.options.sack_count = 1;
	w.options.sack[0] = (struct tcp_block){ w.ack + 1000, w.ack + 1500 };
	say_ack(&w, 60000);
	assert_int_equal(info_of(w.tcp).sacked, 500);
	world_end(&w);
}

/* After a needless timeout what was thought lost stands in the order in which it left: RACK stops at the first that is young. */
static void what_was_not_lost_is_looked_at_in_its_old_order(void **state)
{
	struct tcp_options offer = usual;
	const struct tcp_flight *f;
	int64_t last = 0;
	uint32_t before;
	struct world w;

	(void)state;
	offer.has_timestamps = true;
	offer.ts_val = 1;
	world_make(&w, (struct bj_stack_options){ 0 });
	open_passively(&w, &(struct bj_tcp_options){ .no_delay = true }, offer);
	before = w.options.ts_ecr + 101;
	for (unsigned i = 0; i < 6; i++) {
		(void)write_bytes(w.tcp, 900);
		assert_int_equal(take_all(&w), 1);
		w.now += 5000;
	}
	(void)run_until(&w, w.now + 3 * SECOND);
	assert_int_equal(info_of(w.tcp).recovery, BJ_RECOVERY_LOSS);
	w.ack += 900;
	w.options.ts_ecr = before; /* of the first transmission */
	say_ack(&w, 60000);
	assert_int_equal(info_of(w.tcp).undos, 1);
	f = w.tcp->flight;
	for (struct list *it = f->by_time.next; it != &f->by_time; it = it->next) {
		const struct sent *s = CONTAINER_OF(it, const struct sent, by_time);

		assert_true(s->sent_us >= last);
		last = s->sent_us;
	}
	world_end(&w);
}

/* The threshold of a recovery that began under BBR is none. */
static void a_control_that_changes_in_recovery_keeps_the_window_in_bounds(void **state)
{
	struct bj_tcp_options o = { .congestion = BJ_CONGESTION_BBR };
	struct world w;

	(void)state;
	world_make(&w, (struct bj_stack_options){ 0 });
	open_passively(&w, &o, usual);
	(void)write_bytes(w.tcp, 9000);
	(void)take_all(&w);
	(void)run_until(&w, w.now + SECOND / 10);
	w.options.sack_count = 1;
	w.options.sack[0] = (struct tcp_block){ w.ack + 1000, w.ack + 8000 };
	say_ack(&w, 60000);
	(void)take_all(&w);
	assert_int_equal(info_of(w.tcp).recovery, BJ_RECOVERY_FAST);
	o.congestion = BJ_CONGESTION_CUBIC;
	assert_int_equal(bj_tcp_set_options(w.tcp, &o), BJ_OK);
	w.options.sack_count = 0;
	w.ack += 9000;
	say_ack(&w, 60000);
	assert_in_range(info_of(w.tcp).cwnd, 1000, TCP_CWND_MAX);
	world_end(&w);
}

/* ---- addresses */

/* An IPv4 address in the form of IPv6 never travels: who uses it gets past what is said of either. */
static void mapped_addresses_are_not_taken_off_the_wire(void **state)
{
	const struct bj_ip mapped = bj_ip4(10, 0, 0, 1);
	struct ipv6 ip = { .hop_limit = 64, .protocol = IP_TCP, .from = { 0xfd, [15] = 2 } };
	const struct tcp_segment syn = { .source_port = 9, .destination_port = OUR_PORT, .seq = 100, .flags = TCP_SYN, .window = 1000 };
	const struct bj_endpoint at = { bj_ip4(10, 0, 0, 1), OUR_PORT };
	uint8_t packet[200];
	struct writer out = wr_make(packet, sizeof(packet));
	struct bj_stack_stats stats;
	struct tcp_segment answer;
	struct world w;

	(void)state;
	world_make(&w, (struct bj_stack_options){ 0 });
	assert_int_equal(bj_tcp_listen(w.stack, &at, NULL, &w.listener), BJ_OK);
	memcpy(ip.to, mapped.bytes, 16);
	ipv6_write_header(&out, &ip, TCP_HEADER_LEN);
	tcp_write(&out, &syn, bytes_of(ip.from, 16), ip_wire(&mapped));
	assert_true(wr_ok(&out));
	bj_stack_input(w.stack, w.now, wr_view(&out));
	bj_stack_stats(w.stack, &stats);
	assert_int_equal(stats.connections, 0);
	assert_false(take(&w, &answer));
	world_end(&w);
}

/* rfc1122:3.2.1.3 (g), rfc4291:2.5.3: nobody who is elsewhere has a loopback address. */
static void loopback_does_not_come_from_outside(void **state)
{
	static const uint8_t loopback[4] = { 127, 0, 0, 1 };
	struct ipv4 ip = { .ttl = 64, .protocol = IP_TCP };
	const struct tcp_segment syn = { .source_port = 9, .destination_port = OUR_PORT, .seq = 100, .flags = TCP_SYN, .window = 1000 };
	uint8_t packet[200];
	struct writer out = wr_make(packet, sizeof(packet));
	struct bj_stack_stats stats;
	struct world w;

	(void)state;
	world_make(&w, (struct bj_stack_options){ 0 });
	memcpy(ip.from, loopback, 4);
	memcpy(ip.to, ours, 4);
	ipv4_write_header(&out, &ip, TCP_HEADER_LEN);
	tcp_write(&out, &syn, bytes_of(loopback, 4), bytes_of(ours, 4));
	bj_stack_input(w.stack, w.now, wr_view(&out));
	bj_stack_stats(w.stack, &stats);
	assert_int_equal(stats.not_ours, 1);
	assert_int_equal(take_all(&w), 0);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_buffer_that_nobody_reads_ends_at_its_limit),
		cmocka_unit_test(a_write_that_found_no_memory_is_asked_for_again),
		cmocka_unit_test(early_bytes_of_some_leave_memory_for_others),
		cmocka_unit_test(a_kept_ring_does_not_stand_in_the_way_of_a_small_one),
		cmocka_unit_test(reports_of_single_bytes_do_not_cut_what_is_out_to_pieces),
		cmocka_unit_test(a_shut_window_does_not_keep_a_connection_without_owner_for_ever),
		cmocka_unit_test(acks_do_not_keep_fin_wait_2_without_owner_for_ever),
		cmocka_unit_test(a_writer_does_not_put_off_the_retransmission),
		cmocka_unit_test(a_window_below_one_segment_lets_one_go),
		cmocka_unit_test(times_without_end_end_nothing_and_wake_nobody),
		cmocka_unit_test(a_connection_that_slept_for_weeks_wakes_up),
		cmocka_unit_test(a_reset_with_bytes_counts_when_the_window_is_shut),
		cmocka_unit_test(the_window_of_a_syn_is_not_scaled_when_both_open),
		cmocka_unit_test(small_segments_on_a_long_route_carry_bytes),
		cmocka_unit_test(urgent_bytes_before_the_connection_are_pointed_behind),
		cmocka_unit_test(a_fin_of_a_stranger_does_not_prolong_time_wait),
		cmocka_unit_test(long_after_a_flood_no_cookie_is_taken),
		cmocka_unit_test(a_record_that_was_reported_is_not_looked_for_again),
		cmocka_unit_test(a_duplicate_of_before_undoes_nothing),
		cmocka_unit_test(an_ack_that_was_overtaken_reports_no_duplicate),
		cmocka_unit_test(a_report_without_the_fin_counts),
		cmocka_unit_test(what_was_not_lost_is_looked_at_in_its_old_order),
		cmocka_unit_test(a_control_that_changes_in_recovery_keeps_the_window_in_bounds),
		cmocka_unit_test(mapped_addresses_are_not_taken_off_the_wire),
		cmocka_unit_test(loopback_does_not_come_from_outside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
