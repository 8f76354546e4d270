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

static void a_word_longer_than_the_limit_is_never_near(void **state)
{
	char word[NEAREST_WORD_MAX + 2];
	const char *const words[] = { word };

	memset(word, 'a', NEAREST_WORD_MAX);
	word[NEAREST_WORD_MAX] = '\0';
	assert_int_equal(nearest_distance(word, word), 0);
	memset(word, 'a', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	assert_true(nearest_distance(word, word) > NEAREST_WORD_MAX);
	assert_null(nearest_word(word, words, 1));
}

static void each_kind_of_slip_counts_one(void **state)
{
	static const struct {
		const char *a, *b;
		size_t distance;
		const char *why;
	} rows[] = {
		{ "serve", "serve", 0, "equal" },
		{ "serv", "serve", 1, "a letter is missing" },
		{ "sserve", "serve", 1, "a letter too many" },
		{ "serbe", "serve", 1, "a wrong letter" },
		{ "sevre", "serve", 1, "two letters swapped" },
		{ "SERVE", "serve", 0, "case does not matter" },
		{ "no_color", "no-color", 0, "nor does the kind of hyphen" },
		{ "", "cert", 4, "all is missing" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (nearest_distance(rows[i].a, rows[i].b) != rows[i].distance)
			fail_msg("%s: %zu", rows[i].why, nearest_distance(rows[i].a, rows[i].b));
		assert_int_equal(nearest_distance(rows[i].b, rows[i].a), rows[i].distance);
	}
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
		cmocka_unit_test(a_word_longer_than_the_limit_is_never_near),
		cmocka_unit_test(each_kind_of_slip_counts_one),
		cmocka_unit_test(slips_in_a_command_find_the_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
