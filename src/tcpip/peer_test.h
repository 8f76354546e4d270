/* peer_test.h - for tests: a stack with one connection, and its peer written by hand. */
#ifndef TCPIP_PEER_TEST_H
#define TCPIP_PEER_TEST_H

#include "base/prng.h"
#include "base/test.h"
#include "tcpip/stack.h"
#include "tcpip/wire/ipv4.h"

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

static inline enum bj_err fill(void *self, uint8_t *out, size_t len)
{
	prng_fill((struct prng *)self, out, len);
	return BJ_OK;
}

static inline void world_make(struct world *w, struct bj_stack_options options)
{
	const struct bj_ip ip = bj_ip4(10, 0, 0, 1);

	*w = (struct world){ .keys = { 7 }, .now = 5 * SECOND, .port = PEER_PORT };
	options.rng = (struct bj_rng){ fill, &w->keys };
	assert_int_equal(bj_stack_make(&options, w->now, &w->stack), BJ_OK);
	assert_int_equal(bj_stack_add_address(w->stack, &ip), BJ_OK);
}

static inline void world_end(struct world *w)
{
	bj_stack_free(w->stack);
}

/* A packet of TCP for the stack, as it is on the wire. */
static inline void give_packet(struct bj_stack *stack, int64_t now_us, const uint8_t from[4], const uint8_t to[4], const struct tcp_segment *s,
			       struct bj_bytes ip_options)
{
	uint8_t packet[2048];
	struct writer out = wr_make(packet, sizeof(packet));
	struct ipv4 ip = { .ttl = 64, .protocol = IP_TCP, .options = ip_options };

	memcpy(ip.from, from, 4);
	memcpy(ip.to, to, 4);
	ipv4_write_header(&out, &ip, TCP_HEADER_LEN + tcp_options_len(&s->options) + s->payload.len);
	tcp_write(&out, s, bytes_of(from, 4), bytes_of(to, 4));
	assert_true(wr_ok(&out));
	bj_stack_input(stack, now_us, wr_view(&out));
}

/* The next segment that goes out, its payload good until the one after it; false: none. */
static inline bool take_packet(struct bj_stack *stack, int64_t now_us, struct tcp_segment *out)
{
	static uint8_t packet[2048];
	struct ipv4 ip;
	size_t len;

	if (bj_stack_output(stack, now_us, packet, sizeof(packet), &len))
		return false;
	assert_int_equal(ipv4_parse(bytes_of(packet, len), &ip), BJ_OK);
	assert_int_equal(tcp_parse(ip.payload, bytes_of(ip.from, 4), bytes_of(ip.to, 4), out), BJ_OK);
	return true;
}

static inline void give(struct world *w, const struct tcp_segment *s)
{
	give_packet(w->stack, w->now, theirs, ours, s, (struct bj_bytes){ 0 });
}

static inline bool take(struct world *w, struct tcp_segment *out)
{
	return take_packet(w->stack, w->now, out);
}

static inline unsigned take_all(struct world *w)
{
	struct tcp_segment out;
	unsigned count = 0;

	while (take(w, &out))
		count++;
	return count;
}

static inline struct tcp_segment from_peer(const struct world *w, uint16_t flags, uint32_t window, struct bj_bytes payload)
{
	return (struct tcp_segment){ .source_port = w->port, .destination_port = OUR_PORT, .seq = w->seq, .ack = w->ack, .flags = flags,
				     .window = (uint16_t)window, .options = w->options, .payload = payload };
}

static inline void say(struct world *w, uint16_t flags, uint32_t window, struct bj_bytes payload)
{
	struct tcp_segment s = from_peer(w, flags, window, payload);

	give(w, &s);
	w->seq += tcp_segment_len(&s);
}

static inline void say_ack(struct world *w, uint32_t window)
{
	say(w, TCP_ACK, window, (struct bj_bytes){ 0 });
}

/* A handshake that the peer began; `offer` are the options of its SYN. */
static inline void open_passively(struct world *w, const struct bj_tcp_options *options, struct tcp_options offer)
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
static inline unsigned run_until(struct world *w, int64_t until_us)
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

static inline size_t write_bytes(struct bj_tcp *t, size_t len)
{
	static const uint8_t bytes[65536];
	size_t done = 0;

	assert_true(len <= sizeof(bytes));
	assert_int_equal(bj_tcp_write(t, bytes_of(bytes, len), &done), BJ_OK);
	return done;
}

static inline struct bj_tcp_info info_of(const struct bj_tcp *t)
{
	struct bj_tcp_info info;

	bj_tcp_info(t, &info);
	return info;
}

/* A stack with all by default and a connection with what is usual. */
static inline void world_open(struct world *w)
{
	world_make(w, (struct bj_stack_options){ 0 });
	open_passively(w, NULL, usual);
}

/* The same, and a tenth of a second ago nine segments of 1000 bytes went out. */
static inline void world_open_with_nine_out(struct world *w)
{
	world_open(w);
	(void)write_bytes(w->tcp, 9000);
	assert_int_equal(take_all(w), 9);
	w->now += SECOND / 10;
}

/* An ACK that reports these bytes, counted from the acknowledgment, and goes on doing so. */
static inline void say_report(struct world *w, uint32_t start, uint32_t end, uint32_t window)
{
	w->options.sack_count = 1;
	w->options.sack[0] = (struct tcp_block){ w->ack + start, w->ack + end };
	say_ack(w, window);
}

#endif
