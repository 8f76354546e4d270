/* options_test.c - numbers and times of the command line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cli/options.h"

static void text_that_is_no_time_is_refused(void **state)
{
	const char *const bad[] = { "", "s", "-1", "+1", " 1", "1 s", "1x", "1.5s", "10S", "367d", "99999999999999999999", "1ss" };
	uint64_t ms = 7;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (options_duration_ms(bad[i], &ms))
			fail_msg("'%s' was taken", bad[i]);
	assert_int_equal(ms, 7);
}

static void a_time_is_seconds_unless_it_says_otherwise(void **state)
{
	static const struct {
		const char *text;
		uint64_t ms;
	} rows[] = { { "0", 0 }, { "10", 10000 }, { "10s", 10000 }, { "250ms", 250 }, { "2m", 120000 }, { "3h", 10800000 }, { "366d", 31622400000 } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t ms = 1;

		assert_true(options_duration_ms(rows[i].text, &ms));
		assert_true(ms == rows[i].ms);
	}
}

static void a_number_outside_its_range_is_refused(void **state)
{
	const char *const bad[] = { "", "0", "65536", "-1", "1e3", "0x10", "80a", " 80", "18446744073709551616" };
	uint64_t number = 7;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (options_number(bad[i], 1, 65535, &number))
			fail_msg("'%s' was taken", bad[i]);
	assert_int_equal(number, 7);
	assert_true(options_number("65535", 1, 65535, &number));
	assert_int_equal(number, 65535);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_that_is_no_time_is_refused),
		cmocka_unit_test(a_time_is_seconds_unless_it_says_otherwise),
		cmocka_unit_test(a_number_outside_its_range_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
