/* wheel_test.c - timers expire at their time, in order, never early; against a model and across every level. */
#include "base/wheel.h"

#include "base/bytes.h"
#include "base/prng.h"
#include "base/test.h"

static struct wheel wheel;

static void a_deadline_in_the_past_is_due_at_once(void **state)
{
	struct timer t;
	struct list due;

	(void)state;
	list_init(&due);
	timer_init(&t);
	wheel_init(&wheel, 1000);
	wheel_add(&wheel, &t, 5);
	assert_int_equal(wheel_next_ms(&wheel), 1000);
	wheel_advance(&wheel, 1000, &due);
	assert_ptr_equal(wheel_take(&due), &t);
	assert_false(timer_is_armed(&t));
	assert_null(wheel_take(&due));
	assert_int_equal(wheel_next_ms(&wheel), INT64_MAX);
}

static void a_removed_timer_never_expires(void **state)
{
	struct timer t[3];
	struct list due;

	(void)state;
	list_init(&due);
	wheel_init(&wheel, 0);
	for (int i = 0; i < 3; i++) {
		timer_init(&t[i]);
		wheel_remove(&wheel, &t[i]);
		wheel_add(&wheel, &t[i], 100 + i);
	}
	wheel_remove(&wheel, &t[1]);
	wheel_advance(&wheel, 1000, &due);
	wheel_remove(&wheel, &t[2]); /* due already, but not taken yet */
	assert_ptr_equal(wheel_take(&due), &t[0]);
	assert_null(wheel_take(&due));
	assert_int_equal(wheel.count, 0);
}

static void a_clock_that_goes_back_expires_nothing(void **state)
{
	struct timer t;
	struct list due;

	(void)state;
	list_init(&due);
	timer_init(&t);
	wheel_init(&wheel, 1000000);
	wheel_add(&wheel, &t, 1000100);
	wheel_advance(&wheel, 10, &due);
	assert_true(list_is_empty(&due));
	assert_int_equal(wheel.now_ms, 1000000);
	wheel_advance(&wheel, 1000099, &due);
	assert_true(list_is_empty(&due));
	wheel_advance(&wheel, 1000100, &due);
	assert_ptr_equal(wheel_take(&due), &t);
}

static void a_deadline_beyond_all_levels_is_kept(void **state)
{
	struct timer t;
	struct list due;

	(void)state;
	list_init(&due);
	timer_init(&t);
	wheel_init(&wheel, 0);
	wheel_add(&wheel, &t, INT64_MAX);
	wheel_advance(&wheel, INT64_C(1) << 40, &due);
	assert_true(list_is_empty(&due));
	assert_true(timer_is_armed(&t));
	wheel_remove(&wheel, &t);
	assert_int_equal(wheel_next_ms(&wheel), INT64_MAX);
}

/* Sleeps exactly as wheel_next_ms() says: the timer must fire at its very millisecond, after few wake-ups. */
static void sleeping_as_told_meets_every_deadline_exactly(void **state)
{
	struct prng g = { 4 };

	(void)state;
	for (int turn = 0; turn < 3000; turn++) {
		int64_t now = (int64_t)(prng_next(&g) >> (18 + prng_below(&g, 40)));
		int64_t at = now + 1 + (int64_t)(prng_next(&g) >> (20 + prng_below(&g, 43)));
		struct timer t;
		struct list due;
		int wakes = 0;

		list_init(&due);
		timer_init(&t);
		wheel_init(&wheel, now);
		wheel_add(&wheel, &t, at);
		while (list_is_empty(&due)) {
			int64_t next = wheel_next_ms(&wheel);

			assert_true(next > now && next <= at);
			now = next;
			wheel_advance(&wheel, now, &due);
			wakes++;
		}
		assert_true(now == at);
		assert_true(wakes <= WHEEL_LEVELS + 1);
	}
}

#define TIMERS 300

static void random_timers_expire_as_a_plain_list_says(void **state)
{
	static struct timer timers[TIMERS];
	struct prng g = { 5 };
	int64_t now = INT64_C(1700000000000);

	(void)state;
	wheel_init(&wheel, now);
	for (int i = 0; i < TIMERS; i++)
		timer_init(&timers[i]);
	for (int turn = 0; turn < 30000; turn++) {
		struct timer *t = &timers[prng_below(&g, TIMERS)];
		struct list due;
		size_t expect = 0, armed = 0, got = 0;
		int64_t last = INT64_MIN;

		if (prng_below(&g, 4) == 0)
			wheel_remove(&wheel, t);
		else
			wheel_add(&wheel, t, now - 5 + (int64_t)(prng_next(&g) >> (38 + prng_below(&g, 26))));
		if (prng_below(&g, 3))
			continue;
		now += (int64_t)(prng_next(&g) >> (40 + prng_below(&g, 24)));
		for (int i = 0; i < TIMERS; i++)
			if (timers[i].armed && timers[i].at_ms <= now)
				expect++;
		list_init(&due);
		wheel_advance(&wheel, now, &due);
		while ((t = wheel_take(&due))) {
			assert_true(t->at_ms <= now);
			if (t->at_ms > last)
				last = t->at_ms;
			got++;
		}
		assert_int_equal(got, expect);
		for (int i = 0; i < TIMERS; i++)
			armed += timers[i].armed;
		assert_int_equal(wheel.count, armed);
	}
}

static void timers_that_are_due_together_come_in_order(void **state)
{
	static struct timer timers[TIMERS];
	struct prng g = { 6 };
	struct list due;
	struct timer *t;
	int64_t last = 0;
	int count = 0;

	(void)state;
	list_init(&due);
	wheel_init(&wheel, 0);
	for (int i = 0; i < TIMERS; i++) {
		timer_init(&timers[i]);
		wheel_add(&wheel, &timers[i], 1 + (int64_t)prng_below(&g, 10000000));
	}
	wheel_advance(&wheel, 10000001, &due);
	while ((t = wheel_take(&due))) {
		assert_true(t->at_ms >= last);
		last = t->at_ms;
		count++;
	}
	assert_int_equal(count, TIMERS);
}

static void a_handler_may_rearm_its_timer_and_remove_others(void **state)
{
	struct timer a, b;
	struct list due;

	(void)state;
	list_init(&due);
	timer_init(&a);
	timer_init(&b);
	wheel_init(&wheel, 0);
	wheel_add(&wheel, &a, 10);
	wheel_add(&wheel, &b, 10);
	wheel_advance(&wheel, 10, &due);
	assert_ptr_equal(wheel_take(&due), &a);
	wheel_add(&wheel, &a, 20);
	wheel_add(&wheel, &b, 30); /* moves it out of the due list */
	assert_null(wheel_take(&due));
	wheel_advance(&wheel, 25, &due);
	assert_ptr_equal(wheel_take(&due), &a);
	assert_null(wheel_take(&due));
	assert_int_equal(wheel_next_ms(&wheel), 30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_deadline_in_the_past_is_due_at_once),
		cmocka_unit_test(a_removed_timer_never_expires),
		cmocka_unit_test(a_clock_that_goes_back_expires_nothing),
		cmocka_unit_test(a_deadline_beyond_all_levels_is_kept),
		cmocka_unit_test(sleeping_as_told_meets_every_deadline_exactly),
		cmocka_unit_test(random_timers_expire_as_a_plain_list_says),
		cmocka_unit_test(timers_that_are_due_together_come_in_order),
		cmocka_unit_test(a_handler_may_rearm_its_timer_and_remove_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
