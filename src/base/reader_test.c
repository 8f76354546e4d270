/* reader_test.c - the reader never passes its end and stays bad. */
#include "base/reader.h"

#include "base/test.h"

static void a_short_read_is_bad_and_yields_zero(void **state)
{
	static const uint8_t bytes[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };

	(void)state;
	for (unsigned width = 1; width <= 8; width++) {
		for (size_t len = 0; len < width; len++) {
			struct reader r = rd_make(bytes, len);

			assert_int_equal(rd_uint(&r, width), 0);
			assert_true(r.bad);
			assert_false(rd_more(&r));
			assert_false(rd_end(&r));
			assert_int_equal(rd_left(&r), 0);
		}
	}
}

static void after_a_short_read_nothing_can_be_read(void **state)
{
	static const uint8_t bytes[4] = { 1, 2, 3, 4 };
	struct reader r = rd_make(bytes, sizeof(bytes)), v;

	(void)state;
	assert_int_equal(rd_bytes(&r, 5).len, 0);
	assert_int_equal(rd_u8(&r), 0);
	assert_int_equal(rd_bytes(&r, 1).len, 0);
	assert_int_equal(rd_rest(&r).len, 0);
	assert_int_equal(rd_bytes(&r, 0).len, 0);
	v = rd_vec(&r, 1);
	assert_true(v.bad);
	assert_false(rd_end(&r));
}

static void a_vector_longer_than_its_message_is_bad(void **state)
{
	static const struct {
		const char *why;
		uint8_t bytes[8];
		size_t len;
		unsigned width;
	} rows[] = {
		{ "no length at all", { 0 }, 0, 1 },
		{ "half a length", { 0 }, 1, 2 },
		{ "one byte too many", { 2, 9 }, 2, 1 },
		{ "the largest length of two bytes", { 0xff, 0xff, 1 }, 3, 2 },
		{ "the largest length of three bytes", { 0xff, 0xff, 0xff, 1 }, 4, 3 },
		{ "the largest length of four bytes", { 0xff, 0xff, 0xff, 0xff, 1 }, 5, 4 },
		{ "a length that would wrap a pointer", { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }, 8, 8 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct reader r = rd_make(rows[i].bytes, rows[i].len), v;
		struct reader again = r;

		v = rd_vec(&r, rows[i].width);
		assert_true(r.bad);
		assert_true(v.bad);
		assert_false(rd_more(&v));
		assert_int_equal(rd_vec_bytes(&again, rows[i].width).len, 0);
		assert_true(again.bad);
	}
}

/* A message: u8, u16, vec8 of { u8 u8 }, u24, u32, u64. */
static bool parse(struct bj_bytes b)
{
	struct reader r = rd_of(b), v;
	bool good = rd_u8(&r) == 1;

	good &= rd_u16(&r) == 0x0203;
	v = rd_vec(&r, 1);
	good &= rd_u8(&v) == 4 && rd_u8(&v) == 5;
	rd_close(&r, &v);
	good &= rd_u24(&r) == 0x060708;
	good &= rd_u32(&r) == 0x090a0b0c;
	good &= rd_u64(&r) == UINT64_C(0x0d0e0f1011121314);
	assert_true(!rd_end(&r) || good);
	return rd_end(&r);
}

static void a_message_cut_or_lengthened_at_any_byte_is_refused(void **state)
{
	static const uint8_t whole[] = { 1, 2, 3, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21 };

	(void)state;
	for (size_t len = 0; len < sizeof(whole) - 1; len++) {
		uint8_t *copy = (uint8_t *)malloc(len + 1); /* the sanitizer sees every byte beyond */

		memcpy(copy + 1, whole, len);
		assert_false(parse(bytes_of(copy + 1, len)));
		free(copy);
	}
	assert_true(parse(bytes_of(whole, sizeof(whole) - 1)));
	assert_false(parse(bytes_of(whole, sizeof(whole))));
}

static void an_unfinished_inner_reader_spoils_the_outer_one(void **state)
{
	static const uint8_t bytes[] = { 2, 1, 1, 7 };
	struct reader r = rd_make(bytes, sizeof(bytes)), v;

	(void)state;
	v = rd_vec(&r, 1);
	(void)rd_u8(&v);
	rd_close(&r, &v);
	assert_true(r.bad);
	assert_int_equal(rd_u8(&r), 0);
}

static void an_empty_reader_is_at_its_end(void **state)
{
	struct reader r = rd_make(NULL, 0);

	(void)state;
	assert_true(rd_end(&r));
	assert_int_equal(rd_bytes(&r, 0).len, 0);
	assert_int_equal(rd_rest(&r).len, 0);
	assert_true(rd_end(&r));
	(void)rd_u8(&r);
	assert_true(r.bad);
}

static void peeking_reads_nothing(void **state)
{
	static const uint8_t bytes[] = { 1, 2, 3 };
	struct reader r = rd_make(bytes, sizeof(bytes));

	(void)state;
	assert_int_equal(rd_peek(&r).len, 3);
	assert_int_equal(rd_left(&r), 3);
	assert_true(bytes_equal(rd_rest(&r), bytes_of(bytes, 3)));
	assert_true(rd_end(&r));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_short_read_is_bad_and_yields_zero),
		cmocka_unit_test(after_a_short_read_nothing_can_be_read),
		cmocka_unit_test(a_vector_longer_than_its_message_is_bad),
		cmocka_unit_test(a_message_cut_or_lengthened_at_any_byte_is_refused),
		cmocka_unit_test(an_unfinished_inner_reader_spoils_the_outer_one),
		cmocka_unit_test(an_empty_reader_is_at_its_end),
		cmocka_unit_test(peeking_reads_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
