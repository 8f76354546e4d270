/* accurate_test.c - how accurate ECN's option and SACK share what room there is, and how packets are counted that a device merged. The
 * rest is in tests/pkt/ecn. */
#include "tcpip/accurate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define E1 (1u << 1)
#define E0 (1u << 2)
#define CE (1u << 3)
#define BESIDE_TS 28u
#define ALL 40u

static void two_blocks_come_first_and_what_changed_is_told_or_nothing(void **state)
{
	static const struct {
		const char *why;
		uint32_t blocks, room;
		uint8_t changed;
		struct accurate_share want;
	} rows[] = {
		{ "nothing changed", 4, ALL, 0, { 4, 0, false } },
		{ "nothing changed, beside timestamps", 4, BESIDE_TS, 0, { 3, 0, false } },
		{ "no blocks", 0, BESIDE_TS, CE, { 0, 3, true } },
		{ "one block", 1, BESIDE_TS, E0 | E1 | CE, { 1, 3, true } },
		{ "two blocks, one order", 2, BESIDE_TS, E1 | CE, { 2, 2, true } },
		{ "two blocks, the other order", 2, BESIDE_TS, E0 | CE, { 2, 2, false } },
		{ "two blocks, and both ends of it", 2, BESIDE_TS, E0 | E1, { 2, 0, false } },
		{ "three blocks, and both ends of it", 3, BESIDE_TS, E0 | E1 | CE, { 3, 0, false } },
		{ "the third block makes room", 3, BESIDE_TS, CE, { 2, 2, true } },
		{ "the fourth block makes room", 4, ALL, E0 | E1, { 3, 3, true } },
		{ "more than there will ever be", 90, ALL, E0, { 3, 3, true } },
	};
	struct tcp_config config = { 0 };
	struct tcp_rare rare = { 0 };
	struct bj_tcp t = { .config = &config, .rare = &rare, .ecn_accurate = true };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct accurate_share got;

		rare.accurate.changed = rows[i].changed;
		got = accurate_share(&t, rows[i].blocks, rows[i].room, false);
		if (got.blocks != rows[i].want.blocks || got.fields != rows[i].want.fields || got.ect1_first != rows[i].want.ect1_first)
			fail_msg("%s: %u blocks, %u fields, order %u", rows[i].why, got.blocks, got.fields, got.ect1_first);
		assert_true(accurate_share_len(&got) <= rows[i].room);
	}
	rare.accurate.changed = CE;
	rare.accurate.option_stopped = true;
	assert_int_equal(accurate_share(&t, 4, ALL, true).fields, 0);
}

/* Nothing changed, and it goes all the same where it fits whole. */
static void an_option_that_always_goes_makes_no_block_but_the_last_make_room(void **state)
{
	struct tcp_config config = { .options = { .ecn_option = BJ_ECN_OPTION_ALWAYS } };
	struct tcp_rare rare = { .accurate = { .changed = CE } };
	struct bj_tcp t = { .config = &config, .rare = &rare, .ecn_accurate = true };

	(void)state;
	assert_int_equal(accurate_share(&t, 0, ALL, true).fields, 0); /* the peer has sent none */
	rare.accurate.changed = 0;
	rare.accurate.option_seen = true;
	assert_int_equal(accurate_share(&t, 1, BESIDE_TS, false).fields, 3);
	assert_int_equal(accurate_share(&t, 2, BESIDE_TS, false).fields, 0);
	assert_int_equal(accurate_share(&t, 2, BESIDE_TS, false).blocks, 2);
}

static void a_marked_packet_that_stands_for_several_counts_as_they(void **state)
{
	static const struct {
		uint8_t tos;
		uint16_t segment_len;
		uint32_t len, packets, bytes[3];
	} rows[] = {
		{ 3, 0, 0, 1, { 0, 0, 0 } },           { 3, 0, 60000, 1, { 0, 0, 60000 } },   { 3, 1000, 1000, 1, { 0, 0, 1000 } },
		{ 3, 1000, 1001, 2, { 0, 0, 1001 } },  { 3, 1448, 65160, 45, { 0, 0, 65160 } }, { 2, 1000, 9000, 0, { 0, 9000, 0 } },
		{ 1, 1000, 9000, 0, { 9000, 0, 0 } },  { 0, 1000, 9000, 0, { 0, 0, 0 } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct tcp_rare rare = { 0 };
		struct bj_tcp t = { .state = BJ_TCP_ESTABLISHED, .rare = &rare, .ecn_accurate = true };
		struct arrival a = { .tos = rows[i].tos, .segment_len = rows[i].segment_len, .payload_len = rows[i].len };

		accurate_count(&t, &a);
		assert_int_equal(rare.accurate.r_cep, rows[i].packets);
		assert_memory_equal(rare.accurate.r_bytes, rows[i].bytes, sizeof(rows[i].bytes));
		assert_int_equal(rare.accurate.changed, rows[i].len > 0 && rows[i].tos ? 1u << rows[i].tos : 0);
		assert_int_equal(t.ack_now, rows[i].tos == 3 && rows[i].len > 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_blocks_come_first_and_what_changed_is_told_or_nothing),
		cmocka_unit_test(an_option_that_always_goes_makes_no_block_but_the_last_make_room),
		cmocka_unit_test(a_marked_packet_that_stands_for_several_counts_as_they),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
