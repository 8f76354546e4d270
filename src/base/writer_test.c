/* writer_test.c - the writer never passes its buffer and stays bad. */
#include "base/writer.h"

#include "base/reader.h"
#include "base/test.h"

static void a_number_that_needs_more_bytes_is_refused(void **state)
{
	(void)state;
	for (unsigned width = 1; width < 8; width++) {
		uint8_t buf[8] = { 0 };
		struct writer w = wr_make(buf, sizeof(buf));

		wr_uint(&w, UINT64_C(1) << (8 * width), width);
		assert_false(wr_ok(&w));
		assert_int_equal(wr_view(&w).len, 0);
		assert_int_equal(buf[0], 0);
		w = wr_make(buf, sizeof(buf));
		wr_uint(&w, (UINT64_C(1) << (8 * width)) - 1, width);
		assert_true(wr_ok(&w));
		assert_int_equal(wr_view(&w).len, width);
	}
}

static void after_a_write_that_does_not_fit_nothing_is_written(void **state)
{
	uint8_t buf[4] = { 0 };
	struct writer w = wr_make(buf, 3);

	(void)state;
	wr_u32(&w, 0x01020304);
	wr_u8(&w, 9);
	wr_raw(&w, "abc", 3);
	wr_close(&w, wr_open(&w, 1), 1);
	assert_false(wr_ok(&w));
	assert_null(wr_room(&w, 0));
	assert_int_equal(wr_left(&w), 0);
	assert_int_equal(buf[0] | buf[1] | buf[2] | buf[3], 0);
}

static void compose(struct writer *w)
{
	size_t outer = wr_open(w, 2), inner;

	wr_u8(w, 1);
	wr_u16(w, 0x0203);
	inner = wr_open(w, 1);
	wr_u24(w, 0x040506);
	wr_vec(w, BYTES_LIT("xyz"), 1);
	wr_close(w, inner, 1);
	wr_u32(w, 0x0708090a);
	wr_u64(w, UINT64_C(0x0b0c0d0e0f101112));
	wr_close(w, outer, 2);
}

static void a_message_in_a_buffer_too_short_by_any_number_is_refused(void **state)
{
	static const uint8_t want[] = { 0,   23,  1,   2, 3, 7, 4, 5,  6,  3,  'x', 'y', 'z',
					7,   8,   9,   10, 11, 12, 13, 14, 15, 16, 17,  18 };

	(void)state;
	for (size_t cap = 0; cap <= sizeof(want); cap++) {
		uint8_t *buf = (uint8_t *)malloc(cap + 1);
		struct writer w = wr_make(buf, cap);

		buf[cap] = 0x5a;
		compose(&w);
		assert_int_equal(wr_ok(&w), cap == sizeof(want));
		assert_int_equal(buf[cap], 0x5a);
		if (wr_ok(&w))
			assert_true(bytes_equal(wr_view(&w), bytes_of(want, sizeof(want))));
		free(buf);
	}
}

static void a_vector_longer_than_its_length_can_say_is_refused(void **state)
{
	static uint8_t buf[70000], zeros[65536];
	struct writer w = wr_make(buf, sizeof(buf));
	size_t mark = wr_open(&w, 1);

	(void)state;
	wr_raw(&w, zeros, 256);
	wr_close(&w, mark, 1);
	assert_false(wr_ok(&w));
	w = wr_make(buf, sizeof(buf));
	mark = wr_open(&w, 2);
	wr_raw(&w, zeros, 65535);
	wr_close(&w, mark, 2);
	assert_true(wr_ok(&w));
	assert_int_equal(wr_view(&w).len, 65537);
	w = wr_make(buf, sizeof(buf));
	wr_vec(&w, bytes_of(zeros, 65536), 2);
	assert_false(wr_ok(&w));
}

static void what_is_written_is_read_back(void **state)
{
	uint8_t buf[64];
	struct writer w = wr_make(buf, sizeof(buf));
	struct reader r, v;

	(void)state;
	wr_u8(&w, 0xfe);
	wr_u24(&w, 0xfedcba);
	wr_vec(&w, BYTES_LIT("name"), 3);
	wr_u64(&w, UINT64_MAX);
	assert_true(wr_ok(&w));
	r = rd_of(wr_view(&w));
	assert_int_equal(rd_u8(&r), 0xfe);
	assert_int_equal(rd_u24(&r), 0xfedcba);
	v = rd_vec(&r, 3);
	assert_true(bytes_equal(rd_rest(&v), BYTES_LIT("name")));
	rd_close(&r, &v);
	assert_true(rd_u64(&r) == UINT64_MAX);
	assert_true(rd_end(&r));
}

static void nothing_can_be_written_from_a_null_pointer(void **state)
{
	uint8_t buf[1];
	struct writer w = wr_make(buf, sizeof(buf));

	(void)state;
	wr_raw(&w, NULL, 0);
	wr_bytes(&w, (struct bj_bytes){ NULL, 0 });
	assert_true(wr_ok(&w));
	assert_int_equal(wr_view(&w).len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_number_that_needs_more_bytes_is_refused),
		cmocka_unit_test(after_a_write_that_does_not_fit_nothing_is_written),
		cmocka_unit_test(a_message_in_a_buffer_too_short_by_any_number_is_refused),
		cmocka_unit_test(a_vector_longer_than_its_length_can_say_is_refused),
		cmocka_unit_test(what_is_written_is_read_back),
		cmocka_unit_test(nothing_can_be_written_from_a_null_pointer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
