/* stats_test.c - durations fall into their buckets and every way to fail has a word. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/stats.h"

static void bounds_belong_to_the_bucket_below(void **state)
{
	struct histogram h = { 0 };

	histogram_add(&h, 0);
	histogram_add(&h, 500);
	histogram_add(&h, 501);
	histogram_add(&h, 10000000);
	histogram_add(&h, 10000001);
	histogram_add(&h, -5); /* a clock that was read earlier */
	assert_int_equal(stat_get(&h.buckets[0]), 3);
	assert_int_equal(stat_get(&h.buckets[1]), 1);
	assert_int_equal(stat_get(&h.buckets[HISTOGRAM_BUCKETS - 2]), 1);
	assert_int_equal(stat_get(&h.buckets[HISTOGRAM_BUCKETS - 1]), 1);
	assert_int_equal(stat_get(&h.sum_us), 20001002);
}

static void every_result_has_a_word_of_its_own(void **state)
{
	for (int i = 0; i < HANDSHAKE_RESULT_COUNT; i++) {
		const char *name = handshake_result_name((enum handshake_result)i);

		assert_non_null(name);
		for (int j = 0; j < i; j++)
			assert_string_not_equal(name, handshake_result_name((enum handshake_result)j));
	}
}

static void only_success_is_success(void **state)
{
	static const enum bj_err all[] = {
#define BJ_ERR(name, value, id, alert, words) BJ_ERR_##name,
#include <bojagi/err.def>
#undef BJ_ERR
	};

	assert_int_equal(handshake_result_of(BJ_OK), HANDSHAKE_SUCCESS);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		assert_int_not_equal(handshake_result_of(all[i]), HANDSHAKE_SUCCESS);
	assert_int_equal(handshake_result_of(BJ_ERR_CERT_SIGNATURE), HANDSHAKE_CERTIFICATE_VERIFICATION_FAILED);
	assert_int_equal(handshake_result_of(BJ_ERR_CERTIFICATE_REQUIRED), HANDSHAKE_CLIENT_CERTIFICATE_MISSING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bounds_belong_to_the_bucket_below),
		cmocka_unit_test(every_result_has_a_word_of_its_own),
		cmocka_unit_test(only_success_is_success),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
