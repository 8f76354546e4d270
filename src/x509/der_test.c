/* der_test.c - what is not DER is refused, octet by octet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "x509/der.h"
#include "x509/der_write.h"
#include "x509/time.h"

#define ROW(...) { bytes_of((const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ })) }

static void long_missing_or_indefinite_lengths_are_refused(void **state)
{
	const struct { struct bj_bytes der; } bad[] = {
		ROW(0x04),                          /* no length */
		ROW(0x04, 0x01),                    /* no content */
		ROW(0x04, 0x80),                    /* indefinite */
		ROW(0x04, 0x81, 0x01, 0x00),        /* fits into one octet */
		ROW(0x04, 0x82, 0x00, 0x01, 0x00),  /* leading zero */
		ROW(0x04, 0x84, 0x00, 0x00, 0x00, 0x01, 0x00),
		ROW(0x04, 0xff, 0x00),
		ROW(0x1f, 0x01, 0x00),              /* high tag number */
		ROW(0x00, 0x00),                    /* end of contents */
	};

	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		struct reader r = rd_of(bad[i].der);

		der_any(&r);
		assert_true(r.bad);
	}
}

static void every_cut_of_a_long_item_is_refused(void **state)
{
	uint8_t der[3 + 200] = { 0x04, 0x81, 200 };

	for (size_t len = 0; len <= sizeof(der); len++) {
		struct reader r = rd_make(der, len);
		struct bj_bytes b = der_take(&r, DER_OCTET_STRING);

		assert_int_equal(rd_end(&r), len == sizeof(der));
		assert_int_equal(b.len, len == sizeof(der) ? 200 : 0);
	}
}

static void values_in_another_form_than_ders_are_refused(void **state)
{
	struct reader r;
	unsigned unused;

#define REFUSED(read, ...)                                                                                              \
	r = rd_of(bytes_of((const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ })));                \
	read;                                                                                                           \
	assert_true(r.bad)
	REFUSED(der_boolean(&r), 1, 1, 1);
	REFUSED(der_boolean(&r), 1, 2, 0xff, 0xff);
	REFUSED(der_boolean(&r), 1, 0);
	REFUSED(der_boolean_default_false(&r), 1, 1, 0);
	REFUSED(der_integer(&r), 2, 0);
	REFUSED(der_integer(&r), 2, 2, 0, 0x7f);
	REFUSED(der_integer(&r), 2, 2, 0xff, 0x80);
	REFUSED(der_unsigned(&r), 2, 1, 0x80);
	REFUSED(der_small(&r, DER_INTEGER), 2, 1, 0xff);
	REFUSED(der_small(&r, DER_INTEGER), 2, 5, 0, 0x80, 0, 0, 0);
	REFUSED(der_bit_string(&r, &unused), 3, 0);
	REFUSED(der_bit_string(&r, &unused), 3, 1, 1);
	REFUSED(der_bit_string(&r, &unused), 3, 2, 8, 0);
	REFUSED(der_bit_string(&r, &unused), 3, 2, 1, 1);
	REFUSED(der_bit_octets(&r), 3, 2, 1, 2);
	REFUSED(der_oid(&r), 6, 0);
	REFUSED(der_oid(&r), 6, 2, 0x2a, 0x80);
	REFUSED(der_oid(&r), 6, 3, 0x2a, 0x80, 0x01);
	REFUSED(der_null(&r), 5, 1, 0);
#undef REFUSED
}

static void right_values_are_read(void **state)
{
	static const uint8_t der[] = { 1, 1, 0xff, 2, 2, 0, 0x80, 2, 4, 0x7f, 0xff, 0xff, 0xff, 3, 2, 7, 0x80, 6, 2, 0x88, 0x37, 5, 0 };
	struct reader r = rd_make(der, sizeof(der));
	struct bj_bytes b;
	unsigned unused;

	assert_true(der_boolean_default_false(&r));
	assert_false(der_boolean_default_false(&r));
	b = der_unsigned(&r);
	assert_int_equal(b.len, 1);
	assert_int_equal(b.ptr[0], 0x80);
	assert_int_equal(der_small(&r, DER_INTEGER), 0x7fffffff);
	b = der_bit_string(&r, &unused);
	assert_int_equal(b.len, 1);
	assert_int_equal(unused, 7);
	assert_int_equal(der_oid(&r).len, 2);
	der_null(&r);
	assert_true(rd_end(&r));
}

static void deep_or_torn_trees_are_not_well_formed(void **state)
{
	uint8_t deep[2 * (DER_DEPTH_MAX + 1)];

	for (size_t levels = 1; levels <= DER_DEPTH_MAX + 1; levels++) {
		for (size_t i = 0; i < levels; i++) {
			deep[2 * i] = 0x30;
			deep[2 * i + 1] = (uint8_t)(2 * (levels - 1 - i));
		}
		assert_int_equal(der_is_well_formed(bytes_of(deep, 2 * levels)), levels < DER_DEPTH_MAX);
	}
	assert_false(der_is_well_formed(BYTES_LIT("\x30\x03\x04\x02\x00")));
	assert_true(der_is_well_formed(BYTES_LIT("\x30\x03\x04\x01\x00\x05\x00")));
}

static void what_is_written_is_read_again_at_every_length(void **state)
{
	static uint8_t content[70000], out[70100];
	static const size_t lens[] = { 0, 1, 127, 128, 129, 255, 256, 257, 65535, 65536, 70000 };

	for (size_t i = 0; i < ARRAY_COUNT(lens); i++) {
		struct writer w = wr_make(out, sizeof(out));
		struct reader r;
		size_t seq = dw_open(&w, DER_SEQUENCE);

		dw_small(&w, (uint32_t)lens[i] * 20000);
		dw_item(&w, DER_OCTET_STRING, bytes_of(content, lens[i]));
		dw_close(&w, seq);
		assert_true(wr_ok(&w));
		r = der_only(wr_view(&w), DER_SEQUENCE);
		assert_int_equal(der_small(&r, DER_INTEGER), (uint32_t)lens[i] * 20000);
		assert_int_equal(der_take(&r, DER_OCTET_STRING).len, lens[i]);
		assert_true(rd_end(&r));
	}
}

static void dates_that_are_none_are_refused(void **state)
{
	static const char *const bad[] = {
		"\x17\x0b" "2611202351Z",       /* no seconds */
		"\x17\x11" "261120235116+0000", /* an offset */
		"\x17\x0c" "261120235116",      /* no Z */
		"\x17\x0d" "261320235116Z", "\x17\x0d" "260020235116Z", "\x17\x0d" "260230235116Z", "\x17\x0d" "250229235116Z",
		"\x17\x0d" "261120245116Z", "\x17\x0d" "261120236016Z", "\x17\x0d" "261120235160Z", "\x17\x0d" "2611202351 6Z",
		"\x17\x0d" "26112023511-Z", "\x18\x0d" "261120235116Z", "\x17\x0f" "20261120235116Z", "\x18\x11" "20501120235116.5Z",
		"\x18\x0f" "20510229235116Z", "\x18\x0f" "21000229000000Z",
	};
	bool odd = false;

	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		struct reader r = rd_make(bad[i], strlen(bad[i]));

		time_read(&r, &odd);
		assert_true(r.bad);
	}
}

static void dates_are_seconds_and_back(void **state)
{
	static const struct { const char *der; int64_t seconds; const char *text; bool odd; } good[] = {
		{ "\x17\x0d" "700101000000Z", 0, "1970-01-01 00:00:00 UTC", false },
		{ "\x17\x0d" "500101000000Z", -631152000, "1950-01-01 00:00:00 UTC", false },
		{ "\x17\x0d" "491231235959Z", 2524607999, "2049-12-31 23:59:59 UTC", false },
		{ "\x17\x0d" "240229120000Z", 1709208000, "2024-02-29 12:00:00 UTC", false },
		{ "\x18\x0f" "20500101000000Z", 2524608000, "2050-01-01 00:00:00 UTC", false },
		{ "\x18\x0f" "20000229000000Z", 951782400, "2000-02-29 00:00:00 UTC", true },
		{ "\x18\x0f" "99991231235959Z", TIME_NONE, "9999-12-31 23:59:59 UTC", false },
	};

	for (size_t i = 0; i < ARRAY_COUNT(good); i++) {
		struct reader r = rd_make(good[i].der, strlen(good[i].der));
		char text[TIME_TEXT_MAX];
		uint8_t der[TIME_DER_MAX];
		bool odd = false;

		assert_true(time_read(&r, &odd) == good[i].seconds);
		assert_true(rd_end(&r) && odd == good[i].odd);
		time_text(good[i].seconds, text);
		assert_string_equal(text, good[i].text);
		if (odd)
			continue;
		assert_int_equal(time_der(good[i].seconds, der), strlen(good[i].der));
		assert_memory_equal(der, good[i].der, strlen(good[i].der));
	}
	for (int64_t s = -62167219200; s <= TIME_NONE; s += 86399 * 37)
		assert_true(time_of(time_civil(s)) == s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(long_missing_or_indefinite_lengths_are_refused),
		cmocka_unit_test(every_cut_of_a_long_item_is_refused),
		cmocka_unit_test(values_in_another_form_than_ders_are_refused),
		cmocka_unit_test(right_values_are_read),
		cmocka_unit_test(deep_or_torn_trees_are_not_well_formed),
		cmocka_unit_test(what_is_written_is_read_again_at_every_length),
		cmocka_unit_test(dates_that_are_none_are_refused),
		cmocka_unit_test(dates_are_seconds_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
