/* pool_test.c - who may be chosen: states, backups, retries, panic, ejection, slow start. */
#include "base/test.h"

#include <pthread.h>

#include "balance/fixture.h"

static void options_that_make_no_sense_are_refused(void **state)
{
	struct pool_control control;
	struct pool p;
	struct pool_server_options server = { .name = BYTES_LIT("a") };
	struct pool_options options = { .algorithm = &pool_algorithms[0], .servers = &server, .server_count = 1 };

	(void)state;
	assert_int_equal(pool_control_init(&control, 0), BJ_ERR_ARGUMENT);
	assert_int_equal(pool_control_init(&control, POOL_SERVER_MAX + 1), BJ_ERR_ARGUMENT);
	assert_int_equal(pool_control_init(&control, 2), BJ_OK);
	assert_int_equal(pool_init(&p, &options, &control), BJ_ERR_ARGUMENT); /* the table is for two */
	pool_control_fini(&control);
	assert_int_equal(pool_control_init(&control, 1), BJ_OK);
	options.eject.at_most_percent = 101;
	assert_int_equal(pool_init(&p, &options, &control), BJ_ERR_ARGUMENT);
	options.eject.at_most_percent = 0;
	options.algorithm = NULL;
	assert_int_equal(pool_init(&p, &options, &control), BJ_ERR_ARGUMENT);
	assert_null(pool_algorithm_by_name(BYTES_LIT("round_robi")));
	assert_null(pool_algorithm_by_name(BYTES_LIT("")));
	pool_control_fini(&control);
}

/* For every algorithm: never a server that is down, drained, without weight, or tried already. */
static void nobody_gets_a_server_that_may_not_be_chosen(void **state)
{
	struct prng g = { 11 };

	(void)state;
	for (size_t a = 0; a < pool_algorithm_count; a++) {
		struct fixture f;

		fixture_open(&f, pool_algorithms[a].name, 9, NULL, (struct pool_options){ .no_panic = true });
		for (int turn = 0; turn < 400; turn++) {
			bool good[9];
			struct pool_set exclude = { { 0 } };
			size_t good_count = 0;

			for (size_t i = 0; i < 9; i++) {
				unsigned roll = prng_below(&g, 6);

				pool_control_set_state(&f.control, i, roll == 0 ? POOL_DOWN : roll == 1 ? POOL_DRAIN : POOL_UP);
				pool_control_set_weight(&f.control, i, roll == 2 ? 0 : 1 + prng_below(&g, 3));
				good[i] = roll > 3;
				if (roll == 3)
					pool_set_add(&exclude, i);
				good_count += good[i];
			}
			for (int k = 0; k < 10; k++) {
				size_t server = pool_pick(&f.pool, turn, CLIENT(prng_next(&g)), &exclude);

				if (good_count == 0)
					assert_true(server == POOL_NONE);
				else
					assert_true(server < 9 && good[server]);
			}
		}
		fixture_close(&f);
	}
}

static void backups_serve_only_when_the_others_are_gone_or_tried(void **state)
{
	static const struct pool_server_options roles[3] = { { .backup = false }, { .backup = false }, { .backup = true } };

	(void)state;
	for (size_t a = 0; a < pool_algorithm_count; a++) {
		struct fixture f;
		struct pool_set tried = { { 0 } };

		fixture_open(&f, pool_algorithms[a].name, 3, NULL, (struct pool_options){ .servers = roles });
		for (uint32_t i = 0; i < 50; i++)
			assert_true(pool_pick(&f.pool, 0, CLIENT(i), NULL) < 2);
		pool_set_add(&tried, 0);
		assert_int_equal(pool_pick(&f.pool, 0, CLIENT(1), &tried), 1);
		pool_set_add(&tried, 1);
		assert_int_equal(pool_pick(&f.pool, 0, CLIENT(1), &tried), 2);
		pool_set_add(&tried, 2);
		assert_true(pool_pick(&f.pool, 0, CLIENT(1), &tried) == POOL_NONE);
		pool_control_set_state(&f.control, 0, POOL_DOWN);
		pool_control_set_state(&f.control, 1, POOL_DRAIN);
		assert_int_equal(pool_pick(&f.pool, 0, CLIENT(1), NULL), 2);
		pool_control_set_state(&f.control, 0, POOL_UP);
		assert_int_equal(pool_pick(&f.pool, 0, CLIENT(1), NULL), 0);
		fixture_close(&f);
	}
}

static void with_all_down_the_undrained_are_used_anyway(void **state)
{
	struct fixture f;
	size_t hits[4] = { 0 };

	(void)state;
	fixture_open(&f, "round_robin", 4, NULL, (struct pool_options){ 0 });
	for (size_t i = 0; i < 3; i++)
		pool_control_set_state(&f.control, i, POOL_DOWN);
	pool_control_set_state(&f.control, 3, POOL_DRAIN);
	assert_true(pool_panics(&f.pool, 0));
	for (int i = 0; i < 300; i++)
		hits[pool_pick(&f.pool, 0, NO_KEY, NULL)]++;
	assert_int_equal(hits[0], 100);
	assert_int_equal(hits[1], 100);
	assert_int_equal(hits[2], 100);
	pool_control_set_state(&f.control, 1, POOL_UP); /* one good one ends the panic */
	assert_false(pool_panics(&f.pool, 0));
	for (int i = 0; i < 10; i++)
		assert_int_equal(pool_pick(&f.pool, 0, NO_KEY, NULL), 1);
	for (size_t i = 0; i < 4; i++)
		pool_control_set_state(&f.control, i, POOL_DRAIN);
	assert_true(pool_pick(&f.pool, 0, NO_KEY, NULL) == POOL_NONE); /* a drained server is never forced */
	fixture_close(&f);
	fixture_open(&f, "round_robin", 1, NULL, (struct pool_options){ .no_panic = true });
	pool_control_set_state(&f.control, 0, POOL_DOWN);
	assert_true(pool_pick(&f.pool, 0, NO_KEY, NULL) == POOL_NONE);
	fixture_close(&f);
}

static void a_client_may_stay_where_it_drains_but_not_where_it_died(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, "round_robin", 2, NULL, (struct pool_options){ 0 });
	assert_true(pool_may_stay(&f.pool, 0, 0));
	pool_control_set_state(&f.control, 0, POOL_DRAIN);
	assert_true(pool_may_stay(&f.pool, 0, 0));
	pool_control_set_state(&f.control, 0, POOL_DOWN);
	assert_false(pool_may_stay(&f.pool, 0, 0));
	fixture_close(&f);
}

static void fail_at(struct pool *p, size_t server, int64_t now, int times)
{
	for (int i = 0; i < times; i++) {
		pool_begin(p, server);
		pool_end(p, server, now, POOL_FAILED, 10);
	}
}

static const struct pool_eject_options half = { .errors = 5, .for_ms = 30000, .at_most_percent = 50 };

static void four_failures_or_a_success_between_eject_nobody(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, "round_robin", 4, NULL, (struct pool_options){ .eject = half });
	(void)pool_pick(&f.pool, 0, NO_KEY, NULL);
	fail_at(&f.pool, 0, 0, 4);
	assert_false(pool_is_ejected(&f.pool, 0, 0));
	pool_begin(&f.pool, 0);
	pool_end(&f.pool, 0, 0, POOL_SUCCEEDED, 10);
	fail_at(&f.pool, 0, 0, 4);
	pool_begin(&f.pool, 0);
	pool_end(&f.pool, 0, 0, POOL_ABANDONED, 0); /* says nothing: neither counts nor forgives */
	assert_false(pool_is_ejected(&f.pool, 0, 0));
	fail_at(&f.pool, 0, 0, 1);
	assert_true(pool_is_ejected(&f.pool, 0, 0));
	fixture_close(&f);
}

static void an_ejected_server_gets_nothing_until_its_time_is_over(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, "round_robin", 4, NULL, (struct pool_options){ .eject = half });
	(void)pool_pick(&f.pool, 1000, NO_KEY, NULL);
	fail_at(&f.pool, 2, 1000, 5);
	for (int64_t now = 1000; now < 31000; now += 100)
		assert_true(pool_pick(&f.pool, now, NO_KEY, NULL) != 2);
	assert_false(pool_may_stay(&f.pool, 30999, 2));
	{
		size_t hits = 0;

		for (int i = 0; i < 40; i++)
			hits += pool_pick(&f.pool, 31000, NO_KEY, NULL) == 2;
		assert_int_equal(hits, 10);
	}
	fixture_close(&f);
}

static void never_more_than_the_share_is_ejected(void **state)
{
	static const struct {
		size_t servers;
		unsigned percent;
		size_t most;
	} rows[] = { { 1, 50, 0 }, { 2, 50, 1 }, { 3, 50, 1 }, { 4, 50, 2 }, { 10, 50, 5 }, { 10, 0, 0 }, { 10, 99, 9 }, { 10, 100, 10 } };

	(void)state;
	for (size_t r = 0; r < ARRAY_COUNT(rows); r++) {
		struct fixture f;
		size_t ejected = 0;

		fixture_open(&f, "round_robin", rows[r].servers, NULL,
			     (struct pool_options){ .eject = { 5, 30000, rows[r].percent } });
		(void)pool_pick(&f.pool, 0, NO_KEY, NULL);
		for (int turn = 0; turn < 3; turn++)
			for (size_t i = 0; i < rows[r].servers; i++)
				fail_at(&f.pool, i, 10, 7);
		for (size_t i = 0; i < rows[r].servers; i++)
			ejected += pool_is_ejected(&f.pool, 10, i);
		assert_int_equal(ejected, rows[r].most);
		assert_true(pool_pick(&f.pool, 10, NO_KEY, NULL) < rows[r].servers); /* at 100 percent in panic */
		fixture_close(&f);
	}
}

/* How long server 0 stays out when it fails at `now`. */
static int64_t time_out_after_failing(struct fixture *f, int64_t now)
{
	int64_t back = now;

	(void)pool_pick(&f->pool, now, NO_KEY, NULL);
	fail_at(&f->pool, 0, now, 5);
	while (pool_is_ejected(&f->pool, back, 0))
		back += 1000;
	return back - now;
}

static void repeated_ejections_last_longer_and_quiet_time_shortens_them(void **state)
{
	struct fixture f;
	int64_t now = 0;

	(void)state;
	fixture_open(&f, "round_robin", 4, NULL, (struct pool_options){ .eject = half });
	for (int64_t times = 1; times <= POOL_EJECT_TIMES_MAX + 3; times++) {
		int64_t out = time_out_after_failing(&f, now);

		assert_int_equal(out, 30000 * (times < POOL_EJECT_TIMES_MAX ? times : POOL_EJECT_TIMES_MAX));
		now += out;
	}
	now += 30000 * 4; /* four quiet stretches: four steps back, then one step on */
	assert_int_equal(time_out_after_failing(&f, now), 30000 * (POOL_EJECT_TIMES_MAX - 4 + 1));
	now += 30000 * 100;
	assert_int_equal(time_out_after_failing(&f, now), 30000);
	fixture_close(&f);
}

static void a_server_that_comes_back_starts_slowly(void **state)
{
	struct fixture f;
	size_t hits[4] = { 0 }, before;

	(void)state;
	fixture_open(&f, "round_robin", 2, NULL, (struct pool_options){ .slow_start_ms = 30000 });
	for (int i = 0; i < 100; i++) /* all new together: no ramp */
		hits[pool_pick(&f.pool, 0, NO_KEY, NULL)]++;
	assert_int_equal(hits[0], 50);
	pool_control_set_state(&f.control, 0, POOL_DOWN);
	assert_int_equal(pool_pick(&f.pool, 1000, NO_KEY, NULL), 1);
	pool_control_set_state(&f.control, 0, POOL_UP);
	before = 0;
	for (int64_t stretch = 0; stretch < 4; stretch++) {
		size_t got = 0;

		for (int64_t k = 0; k < 1000; k++)
			got += pool_pick(&f.pool, 2000 + stretch * 10000 + k * 10, NO_KEY, NULL) == 0;
		assert_true(got > before || stretch == 3);
		before = got;
		if (stretch == 0)
			assert_in_range(got, 100, 200); /* a ramp from 1/16 to 1/3 of the other's weight */
		if (stretch == 3)
			assert_in_range(got, 499, 501); /* the ramp is over */
	}
	fixture_close(&f);
}

static void changes_of_the_control_thread_are_seen_at_the_next_pick(void **state)
{
	struct fixture f;
	struct pool other;
	struct pool_options options;
	static const struct pool_server_options servers[2] = { { .name = { (const uint8_t *)"a", 1 } },
							       { .name = { (const uint8_t *)"b", 1 } } };

	(void)state;
	fixture_open(&f, "weighted_round_robin", 2, NULL, (struct pool_options){ 0 });
	options = f.pool.options;
	options.servers = servers;
	assert_int_equal(pool_init(&other, &options, &f.control), BJ_OK);
	for (unsigned turn = 0; turn < 100; turn++) {
		unsigned down = turn % 2;

		pool_control_set_state(&f.control, down, POOL_DOWN);
		pool_control_set_state(&f.control, 1 - down, POOL_UP);
		assert_int_equal(pool_pick(&f.pool, 5, NO_KEY, NULL), 1 - down);
		assert_int_equal(pool_pick(&other, 5, NO_KEY, NULL), 1 - down);
	}
	pool_control_set_weight(&f.control, 0, 70000);
	assert_int_equal(pool_control_weight(&f.control, 0), POOL_WEIGHT_MAX);
	assert_int_equal(pool_control_state(&f.control, 0), POOL_UP);
	pool_fini(&other);
	fixture_close(&f);
}

struct picker {
	pthread_t thread;
	struct pool pool;
	_Atomic bool *stop;
	uint64_t picked, bad;
};

static void *pick_until_told(void *arg)
{
	struct picker *k = arg;

	for (int64_t now = 0; !atomic_load(k->stop); now++) {
		size_t server = pool_pick(&k->pool, now, NO_KEY, NULL);

		k->bad += server == 0 || server >= 4; /* server 0 is down throughout */
		k->picked++;
	}
	return NULL;
}

/* The worth of this is under the thread sanitizer. */
static void workers_pick_while_the_control_thread_changes_states(void **state)
{
	static struct picker pickers[2];
	struct fixture f;
	struct pool_options options;
	static const struct pool_server_options servers[4];
	_Atomic bool stop = false;

	(void)state;
	fixture_open(&f, "weighted_round_robin", 4, NULL, (struct pool_options){ 0 });
	pool_control_set_state(&f.control, 0, POOL_DOWN);
	options = f.pool.options;
	options.servers = servers;
	for (size_t i = 0; i < 2; i++) {
		pickers[i] = (struct picker){ .stop = &stop };
		assert_int_equal(pool_init(&pickers[i].pool, &options, &f.control), BJ_OK);
		assert_int_equal(pthread_create(&pickers[i].thread, NULL, pick_until_told, &pickers[i]), 0);
	}
	for (unsigned turn = 0; turn < 20000; turn++) {
		pool_control_set_state(&f.control, 1 + turn % 2, turn / 2 % 2 ? POOL_DOWN : POOL_UP);
		pool_control_set_weight(&f.control, 3, 1 + turn % 9);
	}
	atomic_store(&stop, true);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(pthread_join(pickers[i].thread, NULL), 0);
		assert_int_equal(pickers[i].bad, 0);
		pool_fini(&pickers[i].pool);
	}
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_that_make_no_sense_are_refused),
		cmocka_unit_test(nobody_gets_a_server_that_may_not_be_chosen),
		cmocka_unit_test(backups_serve_only_when_the_others_are_gone_or_tried),
		cmocka_unit_test(with_all_down_the_undrained_are_used_anyway),
		cmocka_unit_test(a_client_may_stay_where_it_drains_but_not_where_it_died),
		cmocka_unit_test(four_failures_or_a_success_between_eject_nobody),
		cmocka_unit_test(an_ejected_server_gets_nothing_until_its_time_is_over),
		cmocka_unit_test(never_more_than_the_share_is_ejected),
		cmocka_unit_test(repeated_ejections_last_longer_and_quiet_time_shortens_them),
		cmocka_unit_test(a_server_that_comes_back_starts_slowly),
		cmocka_unit_test(changes_of_the_control_thread_are_seen_at_the_next_pick),
		cmocka_unit_test(workers_pick_while_the_control_thread_changes_states),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
