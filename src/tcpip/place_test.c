/* place_test.c - bytes that are not copied: packets that are lent to the stack, payload that the device gathers, and how much a writer
 * may leave with us before it can go. */
#include "tcpip/stack.h"

#include "base/prng.h"
#include "base/test.h"
#include "tcpip/wire/ipv4.h"

#define SECOND INT64_C(1000000)
#define LARGE 40000u

static const uint8_t ours[4] = { 10, 0, 0, 1 }, theirs[4] = { 10, 0, 0, 2 };

struct fixture {
	struct bj_stack *stack;
	struct bj_listener *listener;
	struct bj_tcp *tcp;
	uint32_t seq, ack; /* of the other side */
	int64_t now;
};

static enum bj_err fill(void *self, uint8_t *out, size_t len)
{
	prng_fill((struct prng *)self, out, len);
	return BJ_OK;
}

/* Builds a packet from the other side. */
static struct bj_bytes packet_of(const struct fixture *f, uint8_t *room, size_t cap, uint16_t flags, struct bj_bytes payload)
{
	struct tcp_segment s = { .source_port = 9, .destination_port = 80, .seq = f->seq, .ack = f->ack, .flags = flags, .window = 65535,
				 .payload = payload };
	struct ipv4 ip = { .ttl = 64, .protocol = IP_TCP };
	struct writer w = wr_make(room, cap);

	if (flags & TCP_SYN)
		s.options = (struct tcp_options){ .has_mss = true, .mss = 1460, .has_window_scale = true, .window_scale = 4 };
	memcpy(ip.from, theirs, 4);
	memcpy(ip.to, ours, 4);
	ipv4_write_header(&w, &ip, TCP_HEADER_LEN + tcp_options_len(&s.options) + payload.len);
	tcp_write(&w, &s, bytes_of(theirs, 4), bytes_of(ours, 4));
	assert_true(wr_ok(&w));
	return wr_view(&w);
}

static void tell(struct fixture *f, uint16_t flags)
{
	uint8_t room[128];

	bj_stack_input(f->stack, f->now, packet_of(f, room, sizeof(room), flags, (struct bj_bytes){ 0 }));
}

/* What the stack says next, without what is behind the headers. */
static struct tcp_segment heard(struct fixture *f)
{
	static uint8_t room[2048];
	struct tcp_segment s = { 0 };
	struct ipv4 ip;
	size_t len;

	assert_int_equal(bj_stack_output(f->stack, f->now, room, sizeof(room), &len), BJ_OK);
	assert_int_equal(ipv4_parse(bytes_of(room, len), &ip), BJ_OK);
	assert_int_equal(tcp_parse(ip.payload, bytes_of(ours, 4), bytes_of(theirs, 4), &s), BJ_OK);
	return s;
}

static struct fixture open_pair(void)
{
	static struct prng keys;
	const struct bj_ip ip = bj_ip4(10, 0, 0, 1);
	const struct bj_endpoint at = { ip, 80 };
	const struct bj_stack_options options = { .rng = { fill, &keys } };
	const struct bj_tcp_options tcp = { .no_delay = true, .receive_buffer_max = 1u << 20, .send_buffer_max = 1u << 20, .initial_window = 1000 };
	struct fixture f = { .now = 5 * SECOND, .seq = 100 };

	keys.state = 1;
	assert_int_equal(bj_stack_make(&options, f.now, &f.stack), BJ_OK);
	assert_int_equal(bj_stack_add_address(f.stack, &ip), BJ_OK);
	assert_int_equal(bj_tcp_listen(f.stack, &at, &tcp, &f.listener), BJ_OK);
	tell(&f, TCP_SYN);
	f.ack = heard(&f).seq + 1;
	f.seq++;
	tell(&f, TCP_ACK);
	assert_int_equal(bj_tcp_accept(f.listener, &f.tcp), BJ_OK);
	return f;
}

static void close_pair(struct fixture *f)
{
	bj_tcp_abort(f->tcp);
	bj_stack_free(f->stack);
}

static uint8_t pattern_at(size_t i)
{
	return (uint8_t)(i * 7 + (i >> 8));
}

static void make_pattern(uint8_t *out, size_t len)
{
	for (size_t i = 0; i < len; i++)
		out[i] = pattern_at(i);
}

/* Lends `len` bytes of the pattern from the connection's `from` on; the packet stands in `room`. */
static void lend(struct fixture *f, uint8_t *room, size_t cap, const uint8_t *bytes, uint32_t len)
{
	const struct bj_offload lent = { .lent = true };

	bj_stack_input_offloaded(f->stack, f->now, packet_of(f, room, cap, TCP_ACK | TCP_PSH, bytes_of(bytes, len)), &lent);
	f->seq += len;
}

static void lent_bytes_are_read_where_they_came(void **state)
{
	static uint8_t bytes[LARGE], room[LARGE + 100], got[LARGE];
	struct fixture f = open_pair();
	struct bj_bytes view;
	size_t len;

	(void)state;
	make_pattern(bytes, LARGE);
	lend(&f, room, sizeof(room), bytes, LARGE);
	assert_int_equal(bj_tcp_peek(f.tcp, &view), BJ_OK);
	assert_true(view.ptr > room && view.ptr < room + sizeof(room));
	assert_int_equal(view.len, LARGE);
	bj_tcp_consume(f.tcp, 1000);
	assert_int_equal(bj_tcp_read(f.tcp, got, 5000, &len), BJ_OK);
	assert_int_equal(len, 5000);
	assert_memory_equal(got, bytes + 1000, 5000);
	assert_int_equal(bj_tcp_read(f.tcp, got, sizeof(got), &len), BJ_OK);
	assert_int_equal(len, LARGE - 6000);
	assert_memory_equal(got, bytes + 6000, LARGE - 6000);
	assert_int_equal(bj_tcp_read(f.tcp, got, sizeof(got), &len), BJ_ERR_WOULD_BLOCK);
	close_pair(&f);
}

/* However the loan ends: by a call, or by the next packet, large or small. */
static void what_was_not_read_outlives_the_packet(void **state)
{
	static uint8_t bytes[LARGE], room[LARGE + 100], more[LARGE + 100], got[2 * LARGE];
	size_t len;

	(void)state;
	make_pattern(bytes, LARGE);
	for (unsigned how = 0; how < 3; how++) {
		struct fixture f = open_pair();
		size_t expect = LARGE - 123;

		lend(&f, room, sizeof(room), bytes, LARGE);
		bj_tcp_consume(f.tcp, 123);
		if (how == 0)
			bj_stack_settle(f.stack);
		else if (how == 1)
			tell(&f, TCP_ACK);
		else
			lend(&f, more, sizeof(more), bytes, 1400);
		memset(room, 0xee, sizeof(room));
		expect += how == 2 ? 1400 : 0;
		assert_int_equal(bj_tcp_read(f.tcp, got, sizeof(got), &len), BJ_OK);
		assert_int_equal(len, expect);
		assert_memory_equal(got, bytes + 123, LARGE - 123);
		if (how == 2)
			assert_memory_equal(got + LARGE - 123, bytes, 1400);
		close_pair(&f);
	}
}

static void a_connection_that_goes_leaves_no_loan(void **state)
{
	static uint8_t bytes[LARGE], room[LARGE + 100];
	struct bj_stack_stats stats;

	(void)state;
	for (unsigned how = 0; how < 3; how++) {
		struct fixture f = open_pair();

		lend(&f, room, sizeof(room), bytes, LARGE);
		if (how == 0) {
			bj_tcp_abort(f.tcp);
		} else if (how == 1) {
			bj_tcp_release(f.tcp);
		} else {
			tell(&f, TCP_RST);
			bj_tcp_release(f.tcp);
		}
		bj_stack_tick(f.stack, f.now);
		bj_stack_settle(f.stack);
		bj_stack_stats(f.stack, &stats);
		assert_int_equal(stats.memory_used, 0);
		assert_int_equal(stats.connections, 0);
		bj_stack_free(f.stack);
	}
}

/* What is early, or comes behind bytes that wait, goes to where it will stand. */
static void only_bytes_that_are_next_are_lent(void **state)
{
	static uint8_t bytes[LARGE], room[LARGE + 100], got[LARGE];
	struct fixture f = open_pair();
	struct bj_bytes view;
	size_t len;

	(void)state;
	make_pattern(bytes, LARGE);
	f.seq += 10;
	lend(&f, room, sizeof(room), bytes + 10, 20000);
	assert_int_equal(bj_tcp_peek(f.tcp, &view), BJ_ERR_WOULD_BLOCK);
	memset(room, 0xee, sizeof(room));
	f.seq -= 20010;
	lend(&f, room, sizeof(room), bytes, 10);
	memset(room, 0xee, sizeof(room));
	assert_int_equal(bj_tcp_read(f.tcp, got, sizeof(got), &len), BJ_OK);
	assert_int_equal(len, 20010);
	assert_memory_equal(got, bytes, 20010);
	close_pair(&f);
}

/* The next packet, put together from its pieces; false: none. */
static bool gather(struct fixture *f, struct bj_offload *offload, struct writer *w)
{
	struct bj_bytes pieces[2];
	size_t len;

	if (bj_stack_output_gathered(f->stack, f->now, w->buf, w->cap, &len, offload, pieces))
		return false;
	w->len = len;
	wr_bytes(w, pieces[0]);
	wr_bytes(w, pieces[1]);
	assert_true(wr_ok(w));
	return true;
}

/* Over the end of the ring, at odd places, with the device's help and without. */
static void gathered_packets_are_those_that_are_copied(void **state)
{
	static uint8_t bytes[LARGE], room[65536], got[LARGE];
	static const uint32_t steps[] = { 1, 999, 3001, 20000, 16384, 8191, 30011, 2, 777, 39999 };

	(void)state;
	make_pattern(bytes, LARGE);
	for (unsigned offloaded = 0; offloaded < 2; offloaded++) {
		struct fixture f = open_pair();
		uint32_t base = f.ack;

		for (size_t i = 0; i < ARRAY_COUNT(steps); i++) {
			struct bj_offload offload = { 0 };
			struct writer w = wr_make(room, sizeof(room));
			size_t put, done = 0;

			assert_int_equal(bj_tcp_write(f.tcp, bytes_of(bytes, steps[i]), &put), BJ_OK);
			assert_int_equal(put, steps[i]);
			while (done < steps[i] && gather(&f, offloaded ? &offload : NULL, &w)) {
				struct tcp_segment s;
				struct ipv4 ip;

				assert_int_equal(ipv4_parse(wr_view(&w), &ip), BJ_OK);
				assert_int_equal(offloaded ? tcp_parse_unchecked(ip.payload, &s) :
							     tcp_parse(ip.payload, bytes_of(ours, 4), bytes_of(theirs, 4), &s), BJ_OK);
				assert_int_equal(s.seq, base + done);
				assert_true(offloaded || s.payload.len <= 1460);
				memcpy(got + done, s.payload.ptr, s.payload.len);
				done += s.payload.len;
				w = wr_make(room, sizeof(room));
			}
			assert_int_equal(done, steps[i]);
			assert_memory_equal(got, bytes, done);
			base += steps[i];
			f.ack = base - (steps[i] > BUFFER_FEW ? BUFFER_FEW + 1 : i % 2); /* too many stay to be moved, so that the ring goes round */
			tell(&f, TCP_ACK);
		}
		close_pair(&f);
	}
}

/* What a sender writes next then stands in memory that is warm. */
static void a_few_bytes_that_are_left_move_to_the_front_of_the_ring(void **state)
{
	static uint8_t bytes[LARGE], room[2048];
	struct fixture f = open_pair();
	uint32_t sent = 0;
	size_t put;

	(void)state;
	make_pattern(bytes, LARGE);
	assert_int_equal(bj_tcp_write(f.tcp, bytes_of(bytes, 20000), &put), BJ_OK);
	while (sent < 17520)
		sent += (uint32_t)heard(&f).payload.len;
	f.ack += sent;
	tell(&f, TCP_ACK);
	assert_int_equal(f.tcp->send.ring->head, sent);
	assert_int_equal(bj_tcp_write(f.tcp, bytes_of(bytes + 20000, 10000), &put), BJ_OK);
	assert_int_equal(f.tcp->send.ring->head, 0);
	while (sent < 30000) {
		struct writer w = wr_make(room, sizeof(room));
		struct tcp_segment s;
		struct ipv4 ip;

		assert_true(gather(&f, NULL, &w));
		assert_int_equal(ipv4_parse(wr_view(&w), &ip), BJ_OK);
		assert_int_equal(tcp_parse(ip.payload, bytes_of(ours, 4), bytes_of(theirs, 4), &s), BJ_OK);
		assert_memory_equal(s.payload.ptr, bytes + sent, s.payload.len);
		sent += (uint32_t)s.payload.len;
	}
	close_pair(&f);
}

/* More would only wait; and the writer is told as soon as half of it went, not when it was acknowledged. */
static void a_writer_is_ahead_by_no_more_than_the_limit(void **state)
{
	static uint8_t bytes[TCP_UNSENT_MAX], room[65536];
	struct fixture f = open_pair();
	struct bj_offload offload = { 0 };
	struct bj_ready_one one;
	size_t put, sent = 0, len;

	(void)state;
	assert_int_equal(bj_tcp_write(f.tcp, bytes_of(bytes, sizeof(bytes)), &put), BJ_OK);
	assert_int_equal(put, TCP_UNSENT_MAX);
	assert_int_equal(bj_tcp_write(f.tcp, bytes_of(bytes, 1), &put), BJ_ERR_WOULD_BLOCK);
	while (bj_stack_next_ready(f.stack, &one) == BJ_OK)
		;
	while (bj_stack_output_offloaded(f.stack, f.now, room, sizeof(room), &len, &offload) == BJ_OK)
		sent += len;
	assert_true(sent >= TCP_UNSENT_MAX / 2);
	assert_true(bj_stack_is_ready(f.stack));
	assert_int_equal(bj_stack_next_ready(f.stack, &one), BJ_OK);
	assert_int_equal(one.ready, BJ_READY_WRITE);
	assert_false(bj_stack_is_ready(f.stack));
	assert_int_equal(bj_tcp_write(f.tcp, bytes_of(bytes, 1000), &put), BJ_OK);
	assert_int_equal(put, 1000);
	close_pair(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lent_bytes_are_read_where_they_came),
		cmocka_unit_test(what_was_not_read_outlives_the_packet),
		cmocka_unit_test(a_connection_that_goes_leaves_no_loan),
		cmocka_unit_test(only_bytes_that_are_next_are_lent),
		cmocka_unit_test(gathered_packets_are_those_that_are_copied),
		cmocka_unit_test(a_few_bytes_that_are_left_move_to_the_front_of_the_ring),
		cmocka_unit_test(a_writer_is_ahead_by_no_more_than_the_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
