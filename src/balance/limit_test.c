/* limit_test.c - token buckets to the millisecond, and a retry storm that a budget stops. */
#include "base/test.h"

#include "balance/fixture.h"
#include "balance/limit.h"
#include "balance/retry.h"

static const struct limit_rate hundred = { 100, 200 }; /* 100/s burst 200 */

static void a_bucket_gives_its_burst_and_then_its_rate_exactly(void **state)
{
	struct limit_bucket b = limit_bucket_make(&hundred, 1000);
	size_t got = 0;

	(void)state;
	for (int i = 0; i < 500; i++)
		got += limit_bucket_take(&b, &hundred, 1000);
	assert_int_equal(got, 200);
	assert_false(limit_bucket_take(&b, &hundred, 1009));
	assert_true(limit_bucket_take(&b, &hundred, 1010));
	got = 0;
	for (int64_t now = 1011; now <= 11010; now++) /* ten seconds, asked every millisecond: nothing is rounded away */
		got += limit_bucket_take(&b, &hundred, now);
	assert_int_equal(got, 1000);
	got = 0;
	for (int i = 0; i < 500; i++) /* an hour later it is full, and no fuller */
		got += limit_bucket_take(&b, &hundred, 3600000);
	assert_int_equal(got, 200);
	assert_false(limit_bucket_take(&b, &hundred, 5)); /* a clock that goes back gives nothing */
}

static void a_rate_of_three_a_second_is_three_a_second(void **state)
{
	static const struct limit_rate three = { 3, 1 };
	struct limit_bucket b = limit_bucket_make(&three, 0);
	size_t got = 0;

	(void)state;
	for (int64_t now = 0; now < 1000000; now++)
		got += limit_bucket_take(&b, &three, now);
	/* one a third of a second, at whole milliseconds: 334 apart, and a burst of 1 keeps no rest */
	assert_in_range(got, 2990, 3001);
}

static void a_rate_of_zero_gives_the_burst_once(void **state)
{
	static const struct limit_rate once = { 0, 2 };
	struct limit_bucket b = limit_bucket_make(&once, 0);

	(void)state;
	assert_true(limit_bucket_take(&b, &once, 0));
	assert_true(limit_bucket_take(&b, &once, INT64_MAX / 2));
	assert_false(limit_bucket_take(&b, &once, INT64_MAX / 2));
}

/* Every request fails, every failure is retried as often as the budget lets it: what servers get must stay bounded. */
static void a_retry_storm_adds_no_more_than_the_budget(void **state)
{
	static const unsigned percents[] = { 0, 10, 20, 100 };

	(void)state;
	for (size_t r = 0; r < ARRAY_COUNT(percents); r++) {
		struct retry_budget b = retry_make(percents[r], 0);
		int64_t requests = 0, retries = 0, most;

		for (int64_t now = 0; now < 60000; now++) { /* a thousand requests a second for a minute */
			requests++;
			retry_note_request(&b);
			for (int attempt = 0; attempt < 5 && retry_take(&b, now); attempt++)
				retries++;
		}
		most = requests * percents[r] / 100 + RETRY_RESERVE + 60;
		assert_true(retries <= most);
		if (percents[r])
			assert_true(retries >= requests * percents[r] / 100);
		else
			assert_int_equal(retries, 0);
	}
}

static void a_quiet_hour_does_not_pay_for_a_storm(void **state)
{
	struct retry_budget b = retry_make(20, 0);
	size_t got = 0;

	(void)state;
	for (int i = 0; i < 100000; i++)
		retry_note_request(&b);
	for (int i = 0; i < 1000; i++)
		got += retry_take(&b, 3600000);
	assert_int_equal(got, RETRY_SAVED_MAX);
}

static void a_quiet_pool_may_retry_from_its_reserve(void **state)
{
	struct retry_budget b = retry_make(20, 0);
	size_t got = 0;

	(void)state;
	for (int i = 0; i < 50; i++)
		got += retry_take(&b, 0);
	assert_int_equal(got, RETRY_RESERVE);
	assert_false(retry_take(&b, 999));
	assert_true(retry_take(&b, 1000));
	assert_false(retry_take(&b, 1999));
	assert_true(retry_take(&b, 2000));
	got = 0;
	for (int i = 0; i < 50; i++)
		got += retry_take(&b, 3600000);
	assert_int_equal(got, RETRY_RESERVE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bucket_gives_its_burst_and_then_its_rate_exactly),
		cmocka_unit_test(a_rate_of_three_a_second_is_three_a_second),
		cmocka_unit_test(a_rate_of_zero_gives_the_burst_once),
		cmocka_unit_test(a_retry_storm_adds_no_more_than_the_budget),
		cmocka_unit_test(a_quiet_hour_does_not_pay_for_a_storm),
		cmocka_unit_test(a_quiet_pool_may_retry_from_its_reserve),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
