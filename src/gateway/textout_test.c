/* textout_test.c - what strangers send never leaves its string, and times are right. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "gateway/textout.h"

static void assert_written(const struct writer *w, const char *want)
{
	assert_true(wr_ok(w));
	assert_int_equal(w->len, strlen(want));
	assert_memory_equal(w->buf, want, w->len);
}

static void strings_of_strangers_are_escaped_as_json(void **state)
{
	static const struct {
		const char *in;
		size_t len;
		const char *out;
	} rows[] = {
		{ "plain", 5, "\"plain\"" },
		{ "a\"b\\c", 5, "\"a\\\"b\\\\c\"" },
		{ "\n\r\t\0\x1b\x7f", 6, "\"\\u000a\\u000d\\u0009\\u0000\\u001b\\u007f\"" },
		{ "\xed\x95\x9c", 3, "\"\xed\x95\x9c\"" },
		{ "\xff\xc0\x80", 3, "\"\\u00ff\\u00c0\\u0080\"" },
		{ "\xe2\x82", 2, "\"\\u00e2\\u0082\"" },
		{ "\xed\xa0\x80", 3, "\"\\u00ed\\u00a0\\u0080\"" }, /* a surrogate is no character */
		{ "\xf4\x90\x80\x80", 4, "\"\\u00f4\\u0090\\u0080\\u0080\"" },
		{ "\xc2\x9b" "31m\xc2\x80\xc2\xa0", 9, "\"\\u009b31m\\u0080\xc2\xa0\"" }, /* terminals obey these as they do ESC */
		{ "", 0, "\"\"" },
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		char buf[256];
		struct writer w = wr_make(buf, sizeof(buf));

		out_json(&w, bytes_of(rows[i].in, rows[i].len), 100);
		assert_written(&w, rows[i].out);
	}
}

static void strings_of_strangers_are_escaped_in_text(void **state)
{
	char buf[256];
	struct writer w = wr_make(buf, sizeof(buf));

	out_quoted(&w, BYTES_LIT("a \"b\"\n\x1b[31m\xe2\x80\xae"), 100);
	assert_written(&w, "\"a \\x22b\\x22\\x0a\\x1b[31m\\xe2\\x80\\xae\"");
}

static void long_strings_are_cut(void **state)
{
	char buf[64];
	struct writer w = wr_make(buf, sizeof(buf));

	out_json(&w, BYTES_LIT("0123456789"), 4);
	out_quoted(&w, BYTES_LIT("0123456789"), 3);
	assert_written(&w, "\"0123\"\"012\"");
}

static void what_does_not_fit_marks_the_writer_bad(void **state)
{
	char buf[8];
	struct writer w = wr_make(buf, sizeof(buf));

	out_json(&w, BYTES_LIT("\n\n"), 100);
	assert_false(wr_ok(&w));
}

static void times_are_right_around_leap_days(void **state)
{
	static const struct {
		int64_t unix_ms;
		const char *text;
	} rows[] = {
		{ 0, "1970-01-01T00:00:00.000Z" },
		{ 951782400000 - 1, "2000-02-28T23:59:59.999Z" },
		{ 951782400000, "2000-02-29T00:00:00.000Z" },
		{ 951868800000, "2000-03-01T00:00:00.000Z" },
		{ 4107542400000, "2100-03-01T00:00:00.000Z" },
		{ 1795132269123, "2026-11-19T23:51:09.123Z" },
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		char buf[32];
		struct writer w = wr_make(buf, sizeof(buf));

		out_time(&w, rows[i].unix_ms);
		assert_written(&w, rows[i].text);
	}
}

static void numbers_are_written_whole(void **state)
{
	char buf[64];
	struct writer w = wr_make(buf, sizeof(buf));

	out_number(&w, 0);
	wr_u8(&w, ' ');
	out_number(&w, UINT64_MAX);
	wr_u8(&w, ' ');
	out_thousandths(&w, 12007);
	assert_written(&w, "0 18446744073709551615 12.007");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strings_of_strangers_are_escaped_as_json),
		cmocka_unit_test(strings_of_strangers_are_escaped_in_text),
		cmocka_unit_test(long_strings_are_cut),
		cmocka_unit_test(what_does_not_fit_marks_the_writer_bad),
		cmocka_unit_test(times_are_right_around_leap_days),
		cmocka_unit_test(numbers_are_written_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
