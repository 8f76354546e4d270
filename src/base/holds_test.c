/* holds_test.c - the last to leave is told, and nobody else. */
#include "base/test.h"

#include <pthread.h>

#include "base/holds.h"

static void without_holders_the_last_owner_is_the_last(void **state)
{
	struct holds h;

	holds_init(&h);
	holds_own(&h);
	assert_false(holds_disown(&h));
	assert_true(holds_disown(&h));
}

static void a_holder_that_leaves_before_the_owner_is_not_the_last(void **state)
{
	struct holds h;
	uint8_t place;

	holds_init(&h);
	place = holds_take(&h);
	assert_false(holds_drop(&h, place));
	assert_true(holds_disown(&h));
}

static void the_last_holder_after_the_owner_is_the_last(void **state)
{
	struct holds h;
	uint8_t a, b, c;

	holds_init(&h);
	a = holds_take(&h);
	b = holds_take(&h);
	c = holds_take(&h);
	assert_false(holds_drop(&h, b));
	assert_false(holds_disown(&h));
	assert_false(holds_drop(&h, a));
	assert_true(holds_drop(&h, c));
}

#define THREADS 4
#define ROUNDS 2000
#define HELD 3

static struct holds shared;
static pthread_barrier_t begin, end;
static atomic_uint lasts;

/* Takes, then leaves while the owner leaves; half of the holders leave on the next thread. */
static uint8_t places[THREADS][HELD];

static void *come_and_go(void *arg)
{
	size_t self = (size_t)(uintptr_t)arg;

	for (int round = 0; round < ROUNDS; round++) {
		(void)pthread_barrier_wait(&end);
		for (size_t i = 0; i < HELD; i++)
			places[self][i] = holds_take(&shared);
		(void)pthread_barrier_wait(&begin);
		for (size_t i = 0; i < HELD; i++)
			atomic_fetch_add(&lasts, holds_drop(&shared, places[(self + i % 2) % THREADS][i]));
		(void)pthread_barrier_wait(&end);
	}
	return NULL;
}

static void threads_that_leave_together_make_one_the_last(void **state)
{
	pthread_t threads[THREADS];

	assert_int_equal(pthread_barrier_init(&begin, NULL, THREADS + 1), 0);
	assert_int_equal(pthread_barrier_init(&end, NULL, THREADS + 1), 0);
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, (void *)(uintptr_t)i), 0);
	for (int round = 0; round < ROUNDS; round++) {
		holds_init(&shared);
		atomic_store(&lasts, 0);
		(void)pthread_barrier_wait(&end);
		(void)pthread_barrier_wait(&begin);
		atomic_fetch_add(&lasts, holds_disown(&shared));
		(void)pthread_barrier_wait(&end);
		assert_int_equal(atomic_load(&lasts), 1);
	}
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&begin);
	pthread_barrier_destroy(&end);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_holders_the_last_owner_is_the_last),
		cmocka_unit_test(a_holder_that_leaves_before_the_owner_is_not_the_last),
		cmocka_unit_test(the_last_holder_after_the_owner_is_the_last),
		cmocka_unit_test(threads_that_leave_together_make_one_the_last),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
