/* udp_test.c - UDP sockets on a stack: who gets what, what is lost, and what ICMP says. */
#include "tcpip/udp.h"

#include "base/prng.h"
#include "base/test.h"
#include "tcpip/wire/icmp.h"
#include "tcpip/wire/icmpv6.h"
#include "tcpip/wire/ipv4.h"
#include "tcpip/wire/ipv6.h"
#include "tcpip/wire/udp.h"

#define SECOND INT64_C(1000000)

static const uint8_t ours[4] = { 10, 0, 0, 1 }, theirs[4] = { 10, 0, 0, 2 };
static const struct bj_ip ours6 = { { 0xfd, [15] = 1 } }, theirs6 = { { 0xfd, [15] = 2 } };

static enum bj_err fill(void *self, uint8_t *out, size_t len)
{
	prng_fill((struct prng *)self, out, len);
	return BJ_OK;
}

static struct bj_stack *open_stack(size_t memory_max)
{
	static struct prng keys;
	const struct bj_ip ip = bj_ip4(10, 0, 0, 1);
	const struct bj_stack_options options = { .rng = { fill, &keys }, .memory_max = memory_max };
	struct bj_stack *s;

	keys.state = 1;
	assert_int_equal(bj_stack_make(&options, 5 * SECOND, &s), BJ_OK);
	assert_int_equal(bj_stack_add_address(s, &ip), BJ_OK);
	assert_int_equal(bj_stack_add_address(s, &ours6), BJ_OK);
	return s;
}

static struct bj_udp *open_at(struct bj_stack *s, struct bj_ip ip, uint16_t port, const struct bj_udp_options *options)
{
	const struct bj_endpoint at = { ip, port };
	struct bj_udp *u;

	assert_int_equal(bj_udp_open(s, &at, options, &u), BJ_OK);
	return u;
}

static void deliver4(struct bj_stack *s, uint8_t from, uint16_t from_port, uint16_t port, struct bj_bytes payload)
{
	uint8_t room[2048];
	struct writer w = wr_make(room, sizeof(room));
	struct ipv4 ip = { .ttl = 64, .protocol = IP_UDP, .from = { 10, 0, 0, from }, .to = { 10, 0, 0, 1 } };
	const struct udp d = { from_port, port, payload };

	ipv4_write_header(&w, &ip, UDP_HEADER_LEN + payload.len);
	udp_write(&w, &d, bytes_of(ip.from, 4), bytes_of(ours, 4));
	assert_true(wr_ok(&w));
	bj_stack_input(s, 5 * SECOND, wr_view(&w));
}

static void deliver6(struct bj_stack *s, uint16_t from_port, uint16_t port, struct bj_bytes payload)
{
	uint8_t room[2048];
	struct writer w = wr_make(room, sizeof(room));
	struct ipv6 ip = { .hop_limit = 64, .protocol = IP_UDP };
	const struct udp d = { from_port, port, payload };

	memcpy(ip.from, theirs6.bytes, 16);
	memcpy(ip.to, ours6.bytes, 16);
	ipv6_write_header(&w, &ip, UDP_HEADER_LEN + payload.len);
	udp_write(&w, &d, bytes_of(theirs6.bytes, 16), bytes_of(ours6.bytes, 16));
	assert_true(wr_ok(&w));
	bj_stack_input(s, 5 * SECOND, wr_view(&w));
}

static void assert_receives(struct bj_udp *u, const char *text, uint16_t port)
{
	uint8_t buf[64];
	struct bj_endpoint from;
	size_t len;

	assert_int_equal(bj_udp_receive(u, buf, sizeof(buf), &len, &from), BJ_OK);
	assert_int_equal(len, strlen(text));
	assert_memory_equal(buf, text, len);
	assert_int_equal(from.port, port);
}

static void assert_receives_nothing(struct bj_udp *u)
{
	uint8_t buf[64];
	struct bj_endpoint from;
	size_t len;

	assert_int_equal(bj_udp_receive(u, buf, sizeof(buf), &len, &from), BJ_ERR_WOULD_BLOCK);
}

static void sockets_are_not_opened_where_they_cannot_be(void **state)
{
	struct bj_stack *s = open_stack(0);
	const struct bj_endpoint elsewhere = { bj_ip4(10, 0, 0, 9), 53 }, here = { bj_ip4(10, 0, 0, 1), 53 };
	struct bj_endpoint local;
	struct bj_udp *u, *other;

	(void)state;
	assert_int_equal(bj_udp_open(s, &elsewhere, NULL, &u), BJ_ERR_ARGUMENT);
	assert_int_equal(bj_udp_open(s, &here, NULL, &u), BJ_OK);
	assert_int_equal(bj_udp_open(s, &here, NULL, &other), BJ_ERR_IO_ADDRESS_IN_USE);
	bj_udp_close(u);
	bj_udp_close(NULL);
	assert_int_equal(bj_udp_open(s, &here, NULL, &u), BJ_OK);
	assert_int_equal(bj_udp_open(s, NULL, NULL, &other), BJ_OK);
	bj_udp_local(other, &local);
	assert_true(local.port >= STACK_EPHEMERAL_FIRST);
	bj_stack_free(s); /* closes both */
}

static void datagrams_to_impossible_peers_are_refused(void **state)
{
	static const struct bj_endpoint rows[] = {
		{ { { [10] = 0xff, 0xff, 10, 0, 0, 2 } }, 0 }, { { { [10] = 0xff, 0xff, 224, 0, 0, 1 } }, 9 },
		{ { { [10] = 0xff, 0xff, 255, 255, 255, 255 } }, 9 }, { { { [10] = 0xff, 0xff, 10, 0, 0, 1 } }, 9 }, { { { 0 } }, 9 },
		{ { { 0xff, 2, [15] = 1 } }, 9 },
	};
	static const uint8_t large[1473];
	struct bj_stack *s = open_stack(0);
	struct bj_udp *u = open_at(s, bj_ip4(10, 0, 0, 1), 53, NULL);
	struct bj_endpoint to = { theirs6, 9 };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		assert_int_equal(bj_udp_send(u, &rows[i], BYTES_LIT("x")), BJ_ERR_ARGUMENT);
		assert_int_equal(bj_udp_connect(u, &rows[i]), BJ_ERR_ARGUMENT);
	}
	assert_int_equal(bj_udp_send(u, NULL, BYTES_LIT("x")), BJ_ERR_ARGUMENT); /* no peer */
	assert_int_equal(bj_udp_send(u, &to, BYTES_LIT("x")), BJ_ERR_IO_UNREACHABLE); /* from an IPv4 address */
	to.ip = bj_ip4(10, 0, 0, 2);
	assert_int_equal(bj_udp_send(u, &to, bytes_of(large, 1473)), BJ_ERR_LIMIT);
	assert_int_equal(bj_udp_send(u, &to, bytes_of(large, 1472)), BJ_OK);
	bj_stack_free(s);
}

static void what_is_sent_comes_out_whole_in_both_families(void **state)
{
	struct bj_stack *s = open_stack(0);
	const struct bj_ip any = { { 0 } };
	struct bj_udp *u = open_at(s, any, 53, &(struct bj_udp_options){ .ttl = 7, .tos = 0xb8 });
	const struct bj_endpoint to4 = { bj_ip4(10, 0, 0, 2), 9 }, to6 = { theirs6, 9 };
	uint8_t packet[1500];
	struct ipv4 v4;
	struct ipv6 v6;
	struct udp d;
	size_t len;

	(void)state;
	assert_int_equal(bj_udp_send(u, &to4, BYTES_LIT("four")), BJ_OK);
	assert_int_equal(bj_udp_send(u, &to6, BYTES_LIT("")), BJ_OK);
	assert_int_equal(bj_stack_output(s, 5 * SECOND, packet, sizeof(packet), &len), BJ_OK);
	assert_int_equal(ipv4_parse(bytes_of(packet, len), &v4), BJ_OK);
	assert_int_equal(v4.ttl, 7);
	assert_int_equal(v4.tos, 0xb8);
	assert_int_equal(udp_parse(v4.payload, bytes_of(ours, 4), bytes_of(theirs, 4), &d), BJ_OK);
	assert_int_equal(d.source_port, 53);
	assert_int_equal(d.destination_port, 9);
	assert_memory_equal(d.payload.ptr, "four", 4);
	assert_int_equal(bj_stack_output(s, 5 * SECOND, packet, sizeof(packet), &len), BJ_OK);
	assert_int_equal(ipv6_parse(bytes_of(packet, len), &v6), BJ_OK);
	assert_int_equal(udp_parse(v6.payload, bytes_of(ours6.bytes, 16), bytes_of(theirs6.bytes, 16), &d), BJ_OK);
	assert_int_equal(d.payload.len, 0);
	assert_int_equal(bj_stack_output(s, 5 * SECOND, packet, sizeof(packet), &len), BJ_ERR_WOULD_BLOCK);
	bj_stack_free(s);
}

/* The most particular socket gets it: address and port, then any address of the family, then any. */
static void datagrams_find_their_socket(void **state)
{
	struct bj_stack *s = open_stack(0);
	const struct bj_ip any = { { 0 } };
	struct bj_udp *exact = open_at(s, bj_ip4(10, 0, 0, 1), 53, NULL), *all = open_at(s, any, 53, NULL), *peers = open_at(s, any, 54, NULL);
	const struct bj_endpoint peer = { bj_ip4(10, 0, 0, 2), 9 };
	struct bj_ready_one one;

	(void)state;
	deliver4(s, 2, 9, 53, BYTES_LIT("exact"));
	deliver6(s, 9, 53, BYTES_LIT("all"));
	assert_receives(exact, "exact", 9);
	assert_receives(all, "all", 9);
	assert_int_equal(bj_stack_next_ready(s, &one), BJ_OK);
	assert_ptr_equal(one.udp, exact);
	assert_int_equal(one.ready, BJ_READY_READ);
	assert_int_equal(bj_stack_next_ready(s, &one), BJ_OK);
	assert_int_equal(bj_stack_next_ready(s, &one), BJ_ERR_WOULD_BLOCK);
	assert_int_equal(bj_udp_connect(peers, &peer), BJ_OK);
	deliver4(s, 3, 9, 54, BYTES_LIT("of another host"));
	deliver4(s, 2, 8, 54, BYTES_LIT("of another port"));
	deliver4(s, 2, 0, 54, BYTES_LIT("of no port"));
	assert_receives_nothing(peers);
	assert_int_equal(bj_udp_dropped(peers), 3);
	deliver4(s, 2, 9, 54, BYTES_LIT("of the peer"));
	assert_receives(peers, "of the peer", 9);
	assert_int_equal(bj_udp_connect(peers, NULL), BJ_OK);
	deliver4(s, 3, 9, 54, BYTES_LIT("of anybody"));
	assert_receives(peers, "of anybody", 9);
	bj_stack_free(s);
}

static void a_short_buffer_loses_nothing(void **state)
{
	struct bj_stack *s = open_stack(0);
	struct bj_udp *u = open_at(s, bj_ip4(10, 0, 0, 1), 53, NULL);
	struct bj_endpoint from;
	uint8_t buf[4];
	size_t len;

	(void)state;
	deliver4(s, 2, 9, 53, BYTES_LIT("hello"));
	assert_int_equal(bj_udp_receive(u, buf, sizeof(buf), &len, &from), BJ_ERR_SPACE);
	assert_receives(u, "hello", 9);
	bj_stack_free(s);
}

static void queues_are_bounded_and_count_against_the_stack(void **state)
{
	static const uint8_t kilo[1000];
	const struct bj_udp_options small = { .receive_max = 10000, .send_max = 10000 };
	const struct bj_endpoint to = { bj_ip4(10, 0, 0, 2), 9 };
	struct bj_stack *s = open_stack(15000);
	struct bj_udp *u = open_at(s, bj_ip4(10, 0, 0, 1), 53, &small);
	struct bj_stack_stats stats;
	unsigned sent = 0;

	(void)state;
	for (unsigned i = 0; i < 20; i++)
		deliver4(s, 2, 9, 53, bytes_of(kilo, sizeof(kilo)));
	assert_in_range(bj_udp_dropped(u), 11, 12);
	bj_stack_stats(s, &stats);
	assert_in_range(stats.memory_used, 8000, 10000);
	while (bj_udp_send(u, &to, bytes_of(kilo, sizeof(kilo))) == BJ_OK)
		sent++;
	assert_in_range(sent, 4, 6); /* the stack's limit, before the socket's */
	bj_udp_close(u);
	bj_stack_stats(s, &stats);
	assert_int_equal(stats.memory_used, 0);
	bj_stack_free(s);
}

static void sockets_take_turns(void **state)
{
	struct bj_stack *s = open_stack(0);
	struct bj_udp *a = open_at(s, bj_ip4(10, 0, 0, 1), 1, NULL), *b = open_at(s, bj_ip4(10, 0, 0, 1), 2, NULL);
	const struct bj_endpoint to = { bj_ip4(10, 0, 0, 2), 9 };
	uint8_t packet[1500], order[6];
	size_t len;

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(bj_udp_send(a, &to, BYTES_LIT("a")), BJ_OK);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(bj_udp_send(b, &to, BYTES_LIT("b")), BJ_OK);
	for (unsigned i = 0; i < 6; i++) {
		assert_int_equal(bj_stack_output(s, 5 * SECOND, packet, sizeof(packet), &len), BJ_OK);
		order[i] = packet[len - 1];
	}
	assert_memory_equal(order, "ababab", 6);
	bj_stack_free(s);
}

static unsigned count_output(struct bj_stack *s, int64_t now, uint8_t *packet, size_t *len)
{
	unsigned count = 0;

	while (bj_stack_output(s, now, packet, 1500, len) == BJ_OK)
		count++;
	return count;
}

static void a_port_of_nobody_is_answered_a_few_times_a_second(void **state)
{
	struct bj_stack *s = open_stack(0);
	struct bj_stack_stats stats;
	uint8_t packet[1500];
	struct icmpv6_path path = { .hop_limit = 64 };
	struct icmpv6 m6;
	struct ipv6 v6;
	struct icmp m;
	struct ipv4 ip;
	size_t len;
	unsigned answers;

	(void)state;
	deliver4(s, 2, 9, 53, BYTES_LIT("is anybody there?"));
	assert_int_equal(bj_stack_output(s, 5 * SECOND, packet, sizeof(packet), &len), BJ_OK);
	assert_int_equal(ipv4_parse(bytes_of(packet, len), &ip), BJ_OK);
	assert_memory_equal(ip.to, theirs, 4);
	assert_int_equal(icmp_parse(ip.payload, &m), BJ_OK);
	assert_int_equal(m.type, ICMP_UNREACHABLE);
	assert_int_equal(m.code, ICMP_PORT);
	assert_int_equal(m.body.len, 28);
	deliver6(s, 9, 53, BYTES_LIT("is anybody there?"));
	assert_int_equal(bj_stack_output(s, 5 * SECOND, packet, sizeof(packet), &len), BJ_OK);
	assert_int_equal(ipv6_parse(bytes_of(packet, len), &v6), BJ_OK);
	memcpy(path.from, v6.from, 16);
	memcpy(path.to, v6.to, 16);
	assert_int_equal(icmpv6_parse(v6.payload, &path, &m6), BJ_OK);
	assert_int_equal(m6.type, ICMPV6_UNREACHABLE);
	assert_int_equal(m6.code, 4);
	for (unsigned i = 0; i < 1000; i++)
		deliver4(s, 2, 9, 53, BYTES_LIT("x"));
	answers = count_output(s, 5 * SECOND, packet, &len) + 2;
	assert_in_range(answers, UDP_UNREACHABLES_PER_S / 2, UDP_UNREACHABLES_PER_S);
	bj_stack_tick(s, 6 * SECOND);
	deliver4(s, 2, 9, 53, BYTES_LIT("x"));
	assert_int_equal(count_output(s, 6 * SECOND, packet, &len), 1);
	bj_stack_stats(s, &stats);
	assert_int_equal(stats.unreachables_sent, answers + 1);
	bj_stack_free(s);
}

/* CVE-2020-25705: who floods us cannot tell by what is left of a number that he knows whom else we answered. */
static void how_many_errors_there_are_in_a_second_is_not_to_be_known(void **state)
{
	struct bj_stack *s = open_stack(0);
	uint8_t packet[1500];
	unsigned first = 0, differ = 0;
	size_t len;

	(void)state;
	for (unsigned second = 0; second < 20; second++) {
		unsigned answers;

		bj_stack_tick(s, (6 + second) * SECOND);
		for (unsigned i = 0; i < 200; i++)
			deliver4(s, 2, 9, 53, BYTES_LIT("x"));
		answers = count_output(s, (6 + second) * SECOND, packet, &len);
		assert_in_range(answers, UDP_UNREACHABLES_PER_S / 2, UDP_UNREACHABLES_PER_S);
		first = second ? first : answers;
		differ += answers != first;
	}
	assert_true(differ > 10);
	bj_stack_free(s);
}

/* An ICMP error of this code about the packet. */
static void deliver_error(struct bj_stack *s, uint8_t code, struct bj_bytes about)
{
	uint8_t room[256];
	struct writer w = wr_make(room, sizeof(room));
	struct icmp m = { .type = ICMP_UNREACHABLE, .code = code, .body = bytes_of(about.ptr, 28) };
	struct ipv4 ip = { .ttl = 64, .protocol = IP_ICMP, .from = { 10, 0, 0, 2 }, .to = { 10, 0, 0, 1 } };

	ipv4_write_header(&w, &ip, 8 + 28);
	icmp_write(&w, &m);
	assert_true(wr_ok(&w));
	bj_stack_input(s, 5 * SECOND, wr_view(&w));
}

static void errors_are_told_once_and_to_their_peer_only(void **state)
{
	static const struct { uint8_t code; enum bj_err err; } rows[] = {
		{ ICMP_PORT, BJ_ERR_IO_REFUSED }, { 1, BJ_ERR_IO_UNREACHABLE }, { ICMP_FRAGMENTATION_NEEDED, BJ_ERR_LIMIT },
	};
	struct bj_stack *s = open_stack(0);
	struct bj_udp *u = open_at(s, bj_ip4(10, 0, 0, 1), 53, NULL);
	const struct bj_endpoint peer = { bj_ip4(10, 0, 0, 2), 9 }, other = { bj_ip4(10, 0, 0, 3), 9 };
	uint8_t packet[1500], buf[64];
	struct bj_endpoint from;
	size_t len, none;

	(void)state;
	assert_int_equal(bj_udp_send(u, &peer, BYTES_LIT("x")), BJ_OK);
	assert_int_equal(bj_stack_output(s, 5 * SECOND, packet, sizeof(packet), &len), BJ_OK);
	deliver_error(s, ICMP_PORT, bytes_of(packet, len)); /* nobody's in particular */
	assert_receives_nothing(u);
	assert_int_equal(bj_udp_connect(u, &peer), BJ_OK);
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		deliver_error(s, rows[i].code, bytes_of(packet, len));
		assert_int_equal(bj_udp_receive(u, buf, sizeof(buf), &none, &from), rows[i].err);
		assert_receives_nothing(u);
		deliver_error(s, rows[i].code, bytes_of(packet, len));
		assert_int_equal(bj_udp_send(u, NULL, BYTES_LIT("y")), rows[i].err);
		assert_int_equal(bj_udp_send(u, NULL, BYTES_LIT("y")), BJ_OK);
	}
	assert_int_equal(bj_udp_connect(u, &other), BJ_OK);
	deliver_error(s, ICMP_PORT, bytes_of(packet, len));
	assert_receives_nothing(u);
	bj_stack_free(s);
}

/* Every bit of a datagram that is turned over is noticed, or it was for somebody else. */
static void a_spoilt_datagram_is_not_taken(void **state)
{
	uint8_t good[64], bad[64];
	struct writer w = wr_make(good, sizeof(good));
	struct ipv4 ip = { .ttl = 64, .protocol = IP_UDP, .from = { 10, 0, 0, 2 }, .to = { 10, 0, 0, 1 } };
	const struct udp d = { 9, 53, BYTES_LIT("content") };
	struct bj_stack *s = open_stack(0);
	struct bj_udp *u = open_at(s, bj_ip4(10, 0, 0, 1), 53, NULL);

	(void)state;
	ipv4_write_header(&w, &ip, UDP_HEADER_LEN + d.payload.len);
	udp_write(&w, &d, bytes_of(theirs, 4), bytes_of(ours, 4));
	assert_true(wr_ok(&w));
	for (size_t bit = 0; bit < 8 * w.len; bit++) {
		memcpy(bad, good, w.len);
		bad[bit / 8] ^= (uint8_t)(1 << bit % 8);
		bj_stack_input(s, 5 * SECOND, bytes_of(bad, w.len));
		assert_receives_nothing(u);
	}
	for (size_t len = 0; len < w.len; len++) {
		bj_stack_input(s, 5 * SECOND, bytes_of(good, len));
		assert_receives_nothing(u);
	}
	bj_stack_input(s, 5 * SECOND, wr_view(&w));
	assert_receives(u, "content", 9);
	bj_stack_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sockets_are_not_opened_where_they_cannot_be),
		cmocka_unit_test(datagrams_to_impossible_peers_are_refused),
		cmocka_unit_test(what_is_sent_comes_out_whole_in_both_families),
		cmocka_unit_test(datagrams_find_their_socket),
		cmocka_unit_test(a_short_buffer_loses_nothing),
		cmocka_unit_test(queues_are_bounded_and_count_against_the_stack),
		cmocka_unit_test(sockets_take_turns),
		cmocka_unit_test(a_port_of_nobody_is_answered_a_few_times_a_second),
		cmocka_unit_test(how_many_errors_there_are_in_a_second_is_not_to_be_known),
		cmocka_unit_test(errors_are_told_once_and_to_their_peer_only),
		cmocka_unit_test(a_spoilt_datagram_is_not_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
