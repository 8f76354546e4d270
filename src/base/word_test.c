/* word_test.c - how far words are apart. */
#include "base/test.h"

#include "base/word.h"

static size_t distance(const char *a, const char *b)
{
	return word_distance(bytes_text(a), bytes_text(b));
}

static void a_word_longer_than_the_limit_is_far_from_everything(void **state)
{
	char word[WORD_MAX + 2];

	memset(word, 'a', sizeof(word) - 1);
	word[WORD_MAX + 1] = '\0';
	assert_int_equal(distance(word, word), WORD_MAX + 1);
	assert_int_equal(distance("a", word), WORD_MAX + 1);
	word[WORD_MAX] = '\0';
	assert_int_equal(distance(word, word), 0);
	assert_int_equal(distance("", word), WORD_MAX);
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
		{ "sevre", "serve", 1, "two neighbours swapped" },
		{ "Serve", "serve", 1, "case is a letter of its own" },
		{ "ca", "abc", 3, "a swapped pair is not changed again" },
		{ "kitten", "sitting", 3, "three slips" },
		{ "", "cert", 4, "all is missing" },
		{ "", "", 0, "nothing" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (distance(rows[i].a, rows[i].b) != rows[i].distance)
			fail_msg("%s: %zu", rows[i].why, distance(rows[i].a, rows[i].b));
		assert_int_equal(distance(rows[i].b, rows[i].a), rows[i].distance);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_word_longer_than_the_limit_is_far_from_everything),
		cmocka_unit_test(each_kind_of_slip_counts_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
