/* nearest_test.c - words that people mistype. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "cli/nearest.h"

static const char *const commands[] = { "proxy", "check", "serve", "connect", "cert", "explain" };
#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static void a_word_that_is_far_from_all_has_no_nearest(void **state)
{
	const char *const far[] = { "", "x", "zzzz", "handshake", "-" };

	for (size_t i = 0; i < sizeof(far) / sizeof(far[0]); i++)
		assert_null(nearest_word(far[i], commands, COMMAND_COUNT));
	assert_null(nearest_word("proxy", commands, 0));
}

static void case_and_the_kind_of_hyphen_do_not_matter(void **state)
{
	const char *const words[] = { "no-color", "servername" };

	assert_string_equal(nearest_word("NO_COLOR", words, 2), "no-color");
	assert_string_equal(nearest_word("serverName", words, 2), "servername");
}

static void slips_in_a_command_find_the_command(void **state)
{
	assert_string_equal(nearest_word("conect", commands, COMMAND_COUNT), "connect");
	assert_string_equal(nearest_word("porxy", commands, COMMAND_COUNT), "proxy");
	assert_string_equal(nearest_word("certs", commands, COMMAND_COUNT), "cert");
	assert_string_equal(nearest_word("explian", commands, COMMAND_COUNT), "explain");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_word_that_is_far_from_all_has_no_nearest),
		cmocka_unit_test(case_and_the_kind_of_hyphen_do_not_matter),
		cmocka_unit_test(slips_in_a_command_find_the_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
