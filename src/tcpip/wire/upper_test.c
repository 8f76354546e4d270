/* upper_test.c - ICMP, ICMPv6 with neighbour discovery, UDP and TCP segments with their options. */
#include "tcpip/wire/icmp.h"
#include "tcpip/wire/icmpv6.h"
#include "tcpip/wire/tcp.h"
#include "tcpip/wire/udp.h"
#include "tcpip/wire/wire_test.h"

static const uint8_t ip4[8] = { 10, 0, 0, 1, 10, 0, 0, 2 };
static const uint8_t ip6[32] = { 0xfd, 1, [16] = 0xfd, [31] = 2 };
#define FROM4 bytes_of(ip4, 4)
#define TO4 bytes_of(ip4 + 4, 4)
#define FROM6 bytes_of(ip6, 16)
#define TO6 bytes_of(ip6 + 16, 16)

static void icmp_comes_back_and_flipped_bits_are_found(void **state)
{
	static const struct icmp rows[] = {
		{ .type = ICMP_ECHO, .id = 7, .sequence = 9, .body = { ip6, 13 } },
		{ .type = ICMP_ECHO_REPLY, .id = 0xffff, .body = { ip6, 0 } },
		{ .type = ICMP_UNREACHABLE, .code = ICMP_FRAGMENTATION_NEEDED, .next_mtu = 1400, .body = { ip6, 28 } },
		{ .type = ICMP_PARAMETER_PROBLEM, .pointer = 20, .body = { ip6, 28 } },
		{ .type = ICMP_TIME_EXCEEDED, .code = 1, .body = { ip6, 28 } },
	};
	uint8_t room[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct writer w = wr_make(room, sizeof(room));
		struct icmp out;

		icmp_write(&w, &rows[i]);
		for (size_t bit = 0; bit < 8 * w.len; bit++) {
			room[bit / 8] ^= (uint8_t)(1 << bit % 8);
			assert_int_equal(icmp_parse(wr_view(&w), &out), BJ_ERR_DECODE);
			room[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		assert_int_equal(icmp_parse(bytes_of(room, 7), &out), BJ_ERR_DECODE);
		assert_int_equal(icmp_parse(wr_view(&w), &out), BJ_OK);
		assert_int_equal(out.type, rows[i].type);
		assert_int_equal(out.code, rows[i].code);
		assert_int_equal(out.id, rows[i].id);
		assert_int_equal(out.sequence, rows[i].sequence);
		assert_int_equal(out.next_mtu, rows[i].next_mtu);
		assert_int_equal(out.pointer, rows[i].pointer);
		assert_true(bytes_equal(out.body, rows[i].body));
	}
}

static struct icmpv6_path path6(uint8_t hop_limit)
{
	struct icmpv6_path p = { .hop_limit = hop_limit };

	memcpy(p.from, ip6, 16);
	memcpy(p.to, ip6 + 16, 16);
	return p;
}

static void icmpv6_comes_back(void **state)
{
	static const struct icmpv6 rows[] = {
		{ .type = ICMPV6_ECHO, .id = 7, .sequence = 9, .body = { ip6, 13 } },
		{ .type = ICMPV6_PACKET_TOO_BIG, .mtu = 1280, .body = { ip6, 32 } },
		{ .type = ICMPV6_PARAMETER_PROBLEM, .code = 1, .pointer = 40, .body = { ip6, 32 } },
		{ .type = ICMPV6_UNREACHABLE, .code = 4, .body = { ip6, 32 } },
		{ .type = ICMPV6_ROUTER_SOLICITATION, .nd = { .has_source_mac = true, .source_mac = { 1, 2, 3, 4, 5, 6 } } },
		{ .type = ICMPV6_NEIGHBOR_SOLICITATION, .nd = { .target = { 0xfe, 0x80 }, .has_source_mac = true, .source_mac = { 9 } } },
		{ .type = ICMPV6_NEIGHBOR_ADVERTISEMENT, .nd = { .target = { 0xfe, 0x80 }, .router = true, .override = true,
								 .has_target_mac = true, .target_mac = { 1, 2, 3, 4, 5, 6 } } },
		{ .type = ICMPV6_ROUTER_ADVERTISEMENT,
		  .nd = { .hop_limit = 64, .managed = true, .lifetime_s = 1800, .reachable_ms = 30000, .retrans_ms = 1000, .has_mtu = true,
			  .mtu = 1400, .prefix_count = 2,
			  .prefixes = { { .len = 64, .on_link = true, .autonomous = true, .valid_s = 86400, .preferred_s = 14400,
					  .prefix = { 0x20, 1 } }, { .len = 48, .valid_s = 1, .prefix = { 0x20, 2 } } } } },
	};
	const struct icmpv6_path path = path6(255), other = path6(64);
	uint8_t room[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct writer w = wr_make(room, sizeof(room));
		struct icmpv6 out;

		icmpv6_write(&w, &rows[i], &path);
		assert_true(wr_ok(&w));
		FOR_EVERY_TRUNCATION(wr_view(&w), cut)
			assert_int_not_equal(icmpv6_parse(cut, &path, &out), BJ_OK);
		/* neighbour discovery from beyond the link is refused */
		assert_int_equal(icmpv6_parse(wr_view(&w), &other, &out), icmpv6_is_nd(rows[i].type) ? BJ_ERR_DECODE : BJ_OK);
		assert_int_equal(icmpv6_parse(wr_view(&w), &path, &out), BJ_OK);
		assert_true(bytes_equal(out.body, rows[i].body));
		out.body = rows[i].body;
		assert_int_equal(out.type, rows[i].type);
		assert_int_equal(out.code, rows[i].code);
		assert_int_equal(out.mtu, rows[i].mtu);
		assert_int_equal(out.pointer, rows[i].pointer);
		assert_memory_equal(&out.nd, &rows[i].nd, sizeof(out.nd));
	}
}

static void nd_options_of_length_zero_are_refused(void **state)
{
	static const struct icmpv6 solicitation = { .type = ICMPV6_ROUTER_SOLICITATION,
						    .nd = { .has_source_mac = true, .source_mac = { 1 } } };
	const struct icmpv6_path path = path6(255);
	uint8_t room[64];
	struct icmpv6 out;

	(void)state;
	for (unsigned units = 0; units < 4; units++) {
		struct writer w = wr_make(room, sizeof(room));

		icmpv6_write(&w, &solicitation, &path);
		/* keep the sum: what the length loses, the reserved bytes gain */
		room[9] = (uint8_t)units;
		room[7] = (uint8_t)(1 - units);
		if (units > 1) {
			room[6] = 0xff; /* 1 - units, as ones' complement would have it */
			room[7] = (uint8_t)(0x100 - units);
		}
		assert_int_equal(icmpv6_parse(wr_view(&w), &path, &out), units == 1 ? BJ_OK : BJ_ERR_DECODE);
	}
}

static void udp_comes_back(void **state)
{
	uint8_t room[64];
	struct udp u = { 1000, 53, { ip6, 15 } }, out;

	(void)state;
	for (int six = 0; six < 2; six++) {
		struct writer w = wr_make(room, sizeof(room));
		struct bj_bytes from = six ? FROM6 : FROM4, to = six ? TO6 : TO4;

		udp_write(&w, &u, from, to);
		for (size_t bit = 0; bit < 8 * w.len; bit++) {
			room[bit / 8] ^= (uint8_t)(1 << bit % 8);
			assert_int_equal(udp_parse(wr_view(&w), from, to, &out), BJ_ERR_DECODE);
			room[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		FOR_EVERY_TRUNCATION(wr_view(&w), cut)
			assert_int_equal(udp_parse(cut, from, to, &out), BJ_ERR_DECODE);
		assert_int_equal(udp_parse(bytes_of(room, w.len + 3), from, to, &out), BJ_OK);
		assert_true(bytes_equal(out.payload, u.payload));
		room[6] = room[7] = 0; /* no checksum: IPv4 only */
		assert_int_equal(udp_parse(wr_view(&w), from, to, &out), six ? BJ_ERR_DECODE : BJ_OK);
	}
}

static struct tcp_segment sample(void)
{
	return (struct tcp_segment){ .source_port = 1234, .destination_port = 80, .seq = 0xfffffff0, .ack = 7, .flags = TCP_ACK | TCP_PSH,
				     .window = 65535, .urgent = 3, .payload = { ip6, 17 } };
}

/* MUST-2 MUST-3 of rfc9293:3.1 */
static void any_flipped_bit_of_a_segment_is_found(void **state)
{
	uint8_t room[128];
	struct tcp_segment s = sample(), out;

	(void)state;
	s.options.has_timestamps = true;
	for (int six = 0; six < 2; six++) {
		struct writer w = wr_make(room, sizeof(room));
		struct bj_bytes from = six ? FROM6 : FROM4, to = six ? TO6 : TO4;

		tcp_write(&w, &s, from, to);
		for (size_t bit = 0; bit < 8 * w.len; bit++) {
			room[bit / 8] ^= (uint8_t)(1 << bit % 8);
			assert_int_equal(tcp_parse(wr_view(&w), from, to, &out), BJ_ERR_DECODE);
			room[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		FOR_EVERY_TRUNCATION(wr_view(&w), cut)
			assert_int_equal(tcp_parse(cut, from, to, &out), BJ_ERR_DECODE);
		assert_int_equal(tcp_parse(wr_view(&w), from, to, &out), BJ_OK);
	}
}

static void a_wrong_data_offset_is_refused(void **state)
{
	uint8_t room[128];
	struct writer w = wr_make(room, sizeof(room));
	struct tcp_segment s = sample(), out;

	(void)state;
	tcp_write(&w, &s, FROM4, TO4);
	for (unsigned offset = 0; offset < 16; offset++) {
		room[12] = (uint8_t)(offset << 4 | (room[12] & 15));
		/* 37 bytes: up to 9 words are there, but what would be options then is no option */
		if (offset < 5 || offset > 9)
			assert_int_equal(tcp_parse_unchecked(wr_view(&w), &out), BJ_ERR_DECODE);
		else
			(void)!tcp_parse_unchecked(wr_view(&w), &out);
	}
}

/* MUST-7 of rfc9293:3.1 */
static void options_with_wrong_lengths_are_refused(void **state)
{
	static const struct { uint8_t bytes[8]; size_t len; bool good; } rows[] = {
		{ { 2 }, 1, false }, { { 2, 0 }, 2, false }, { { 2, 1 }, 2, false }, { { 2, 4, 1 }, 3, false }, { { 1, 1, 1, 8 }, 4, false },
		{ { 99, 9, 0, 0 }, 4, false }, { { 99, 255 }, 2, false }, { { 5, 0, 5, 0 }, 4, false },
		{ { 0, 2, 0, 0 }, 4, true }, { { 1, 1, 1, 1 }, 4, true }, { { 99, 2, 99, 2 }, 4, true }, { { 2, 3, 9, 1 }, 4, true },
		{ { 5, 6, 1, 2, 3, 4 }, 6, true }, { { 5, 2 }, 2, true },
	};
	struct tcp_options o;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct bj_bytes exact = wire_cut(bytes_of(rows[i].bytes, rows[i].len), rows[i].len);

		assert_int_equal(tcp_options_parse(exact, &o), rows[i].good ? BJ_OK : BJ_ERR_DECODE);
		if (rows[i].good) {
			assert_false(o.has_mss); /* a known kind of a wrong size is as if it were not there */
			assert_int_equal(o.sack_count, 0);
		}
		free((void *)(uintptr_t)exact.ptr);
	}
}

static void random_options_end(void **state)
{
	struct prng g = { 11 };

	(void)state;
	for (int round = 0; round < 20000; round++) {
		uint8_t bytes[40];
		size_t len = prng_below(&g, 41);
		struct tcp_options o;

		prng_fill(&g, bytes, sizeof(bytes));
		for (size_t i = 0; i < 40; i++)
			bytes[i] &= (uint8_t)(prng_below(&g, 2) ? 0xff : 0x0f);
		(void)!tcp_options_parse(bytes_of(bytes, len), &o);
	}
}

/* MUST-69: the padding is zero. */
static void options_come_back(void **state)
{
	static const struct tcp_options rows[] = {
		{ .has_mss = true, .mss = 1460, .sack_permitted = true, .has_timestamps = true, .ts_val = 7, .ts_ecr = 9,
		  .has_window_scale = true, .window_scale = 7 },
		{ .has_mss = true, .mss = 1, .sack_permitted = true, .has_window_scale = true, .window_scale = 14 },
		{ .has_timestamps = true, .ts_val = 0xffffffff, .sack_count = 3, .sack = { { 1, 2 }, { 3, 4 }, { 0xffffffff, 5 } } },
		{ .sack_count = 4, .sack = { { 1, 2 }, { 3, 4 }, { 5, 6 }, { 7, 8 } } },
		{ .has_user_timeout = true, .user_timeout = 0x8001, .has_fast_open = true },
		{ .has_mss = true, .mss = 9, .has_fast_open = true, .fast_open = { ip6, 10 } },
		{ .has_fast_open = true, .fast_open_experimental = true, .fast_open = { ip6, 8 } },
		{ .md5 = { ip6, 16 } },
		{ .ao = { ip6, 14 } },
		{ .has_mss = true, .mss = 1460, .sack_permitted = true, .has_window_scale = true, .has_ecn = true, .ecn_ect1_first = true,
		  .ecn_count = 3, .ecn = { 1, 0, 0xffffff } },
		{ .has_timestamps = true, .has_ecn = true, .ecn_count = 2, .ecn = { 0x123456, 7 }, .sack_count = 2, .sack = { { 1, 2 }, { 3, 4 } } },
		{ .has_ecn = true, .ecn_count = 1, .ecn = { 0x800000 } },
		{ .has_ecn = true },
	};
	uint8_t room[128];

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct writer w = wr_make(room, sizeof(room));
		struct tcp_segment s = sample(), out;

		s.options = rows[i];
		assert_int_equal(tcp_options_len(&rows[i]) % 4, 0);
		tcp_write(&w, &s, FROM4, TO4);
		assert_true(wr_ok(&w));
		assert_int_equal(tcp_parse(wr_view(&w), FROM4, TO4, &out), BJ_OK);
		assert_int_equal(out.raw_options.len, tcp_options_len(&rows[i]));
		assert_true(bytes_equal(out.options.fast_open, rows[i].fast_open));
		assert_true(bytes_equal(out.options.md5, rows[i].md5));
		assert_true(bytes_equal(out.options.ao, rows[i].ao));
		assert_int_equal(out.options.has_fast_open, rows[i].has_fast_open);
		assert_int_equal(out.options.fast_open_experimental, rows[i].fast_open_experimental);
		assert_int_equal(out.options.user_timeout, rows[i].user_timeout);
		assert_int_equal(out.options.mss, rows[i].mss);
		assert_int_equal(out.options.ts_val, rows[i].ts_val);
		assert_int_equal(out.options.ts_ecr, rows[i].ts_ecr);
		assert_int_equal(out.options.window_scale, rows[i].window_scale);
		assert_int_equal(out.options.sack_permitted, rows[i].sack_permitted);
		assert_int_equal(out.options.sack_count, rows[i].sack_count);
		assert_memory_equal(out.options.sack, rows[i].sack, sizeof(out.options.sack));
		assert_int_equal(out.options.has_ecn, rows[i].has_ecn);
		assert_int_equal(out.options.ecn_ect1_first, rows[i].ecn_ect1_first);
		assert_int_equal(out.options.ecn_count, rows[i].ecn_count);
		assert_memory_equal(out.options.ecn, rows[i].ecn, sizeof(out.options.ecn));
		assert_int_equal(out.seq, s.seq);
		assert_int_equal(out.ack, s.ack);
		assert_int_equal(out.flags, s.flags);
		assert_int_equal(out.window, s.window);
		assert_int_equal(out.urgent, s.urgent);
		assert_true(bytes_equal(out.payload, s.payload));
	}
}

/* rfc9768:3.2.3: whole fields count, whatever the length; which codepoint stands where is the kind's to say. */
static void bytes_by_codepoint_are_read_at_any_length(void **state)
{
	static const struct { uint8_t bytes[16]; size_t len, count; uint32_t fields[3]; bool ect1_first, good; } rows[] = {
		{ { 172, 1 }, 2, 0, { 0 }, false, false }, { { 174, 5, 0, 0 }, 4, 0, { 0 }, false, false },
		{ { 172, 2 }, 2, 0, { 0 }, false, true }, { { 174, 4, 1, 2 }, 4, 0, { 0 }, true, true },
		{ { 172, 5, 0, 0, 1 }, 5, 1, { 1 }, false, true }, { { 174, 8, 0, 0, 1, 0xff, 0xff, 0xff }, 8, 2, { 1, 0xffffff }, true, true },
		{ { 174, 10, 0, 0, 1, 0, 0, 2, 9, 9 }, 10, 2, { 1, 2 }, true, true },
		{ { 172, 11, 0, 0, 1, 0, 0, 2, 0, 1, 0 }, 11, 3, { 1, 2, 256 }, false, true },
		{ { 172, 14, 0, 0, 1, 0, 0, 2, 0, 0, 3, 4, 4, 4 }, 14, 3, { 1, 2, 3 }, false, true },
	};
	static const unsigned codepoints[2][3] = { { 2, 3, 1 }, { 1, 3, 2 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct bj_bytes exact = wire_cut(bytes_of(rows[i].bytes, rows[i].len), rows[i].len);
		struct tcp_options o = { 0 };

		assert_int_equal(tcp_options_parse(exact, &o), rows[i].good ? BJ_OK : BJ_ERR_DECODE);
		assert_int_equal(o.has_ecn, rows[i].good);
		assert_int_equal(o.ecn_ect1_first, rows[i].ect1_first);
		assert_int_equal(o.ecn_count, rows[i].count);
		assert_memory_equal(o.ecn, rows[i].fields, sizeof(o.ecn));
		free((void *)(uintptr_t)exact.ptr);
	}
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(tcp_ecn_codepoint(i / 3, i % 3), codepoints[i / 3][i % 3]);
}

static void more_options_than_fit_are_not_written(void **state)
{
	struct tcp_segment s = sample();
	uint8_t room[256];
	struct writer w = wr_make(room, sizeof(room));

	(void)state;
	s.options = (struct tcp_options){ .has_mss = true, .has_timestamps = true, .sack_count = 4 };
	tcp_write(&w, &s, FROM4, TO4);
	assert_false(wr_ok(&w));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(icmp_comes_back_and_flipped_bits_are_found),
		cmocka_unit_test(icmpv6_comes_back),
		cmocka_unit_test(nd_options_of_length_zero_are_refused),
		cmocka_unit_test(udp_comes_back),
		cmocka_unit_test(any_flipped_bit_of_a_segment_is_found),
		cmocka_unit_test(a_wrong_data_offset_is_refused),
		cmocka_unit_test(options_with_wrong_lengths_are_refused),
		cmocka_unit_test(random_options_end),
		cmocka_unit_test(options_come_back),
		cmocka_unit_test(bytes_by_codepoint_are_read_at_any_length),
		cmocka_unit_test(more_options_than_fit_are_not_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
