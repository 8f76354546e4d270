/* algorithm_test.c - the algorithms that count: exact turns, exact weights, and simulations on a virtual clock. */
#include "base/test.h"

#include "balance/fixture.h"
#include "base/heap.h"

static void round_robin_is_exact_over_ten_thousand_requests(void **state)
{
	(void)state;
	for (size_t count = 1; count <= 50; count++) {
		struct fixture f;
		size_t hits[50] = { 0 }, last = 0;

		fixture_open(&f, "round_robin", count, NULL, (struct pool_options){ .seed = count });
		for (size_t k = 0; k < 10000; k++) {
			size_t server = pool_pick(&f.pool, (int64_t)k, NO_KEY, NULL);

			if (k > 0)
				assert_int_equal(server, (last + 1) % count);
			last = server;
			hits[server]++;
		}
		for (size_t i = 0; i < count; i++)
			assert_in_range(hits[i], 10000 / count, (10000 + count - 1) / count);
		fixture_close(&f);
	}
}

static void round_robin_is_exact_over_workers_that_share_their_turns(void **state)
{
	_Atomic uint64_t turns = 0;
	struct fixture workers[3];
	size_t hits[4] = { 0 };
	struct prng prng = { .state = 5 };

	(void)state;
	for (size_t w = 0; w < 3; w++)
		fixture_open(&workers[w], "round_robin", 4, NULL, (struct pool_options){ .seed = w, .turns = &turns });
	for (size_t k = 0; k < 10000; k++) {
		struct pool_set tried = { { 0 } };
		size_t w = prng_below(&prng, 3), server = pool_pick(&workers[w].pool, (int64_t)k, NO_KEY, NULL);

		hits[server]++;
		pool_set_add(&tried, server);
		if (prng_below(&prng, 10) == 0) /* a retry elsewhere shifts nobody's turn */
			assert_int_not_equal(pool_pick(&workers[w].pool, (int64_t)k, NO_KEY, &tried), server);
	}
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(hits[i], 2500);
	for (size_t w = 0; w < 3; w++)
		fixture_close(&workers[w]);
}

static void workers_with_other_seeds_begin_with_other_servers(void **state)
{
	size_t seen[4] = { 0 };

	(void)state;
	for (uint64_t seed = 0; seed < 100; seed++) {
		struct fixture f;

		fixture_open(&f, "round_robin", 4, NULL, (struct pool_options){ .seed = seed });
		seen[pool_pick(&f.pool, 0, NO_KEY, NULL)]++;
		fixture_close(&f);
	}
	for (size_t i = 0; i < 4; i++)
		assert_true(seen[i] > 10);
}

static void weights_are_met_exactly_in_every_cycle_without_bursts(void **state)
{
	static const unsigned rows[][6] = { { 5, 1, 1 }, { 3, 1 }, { 1, 2, 3, 4, 5, 6 }, { 100, 1 }, { 7 }, { 2, 2, 2, 1 }, { 1000, 999, 1 } };

	(void)state;
	for (size_t r = 0; r < ARRAY_COUNT(rows); r++) {
		struct fixture f;
		size_t count = 0, sum = 0;

		while (count < 6 && rows[r][count]) {
			sum += rows[r][count];
			count++;
		}
		fixture_open(&f, "weighted_round_robin", count, rows[r], (struct pool_options){ .seed = r });
		for (size_t cycle = 0; cycle < 3; cycle++) {
			size_t hits[6] = { 0 };

			for (size_t k = 1; k <= sum; k++) {
				hits[pool_pick(&f.pool, 0, NO_KEY, NULL)]++;
				/* smooth: at any time nobody is further than a few requests from its share */
				for (size_t i = 0; i < count; i++) {
					double away = (double)hits[i] - (double)k * rows[r][i] / (double)sum;

					assert_true(away < 2 && away > -2);
				}
			}
			for (size_t i = 0; i < count; i++)
				assert_int_equal(hits[i], rows[r][i]);
		}
		fixture_close(&f);
	}
}

static void weights_hold_within_one_percent_while_servers_come_and_go(void **state)
{
	static const unsigned weights[4] = { 6, 3, 2, 1 };
	struct fixture f;
	size_t hits[4] = { 0 };

	(void)state;
	fixture_open(&f, "weighted_round_robin", 4, weights, (struct pool_options){ 0 });
	for (int k = 0; k < 12000; k++) {
		if (k % 2000 == 1000)
			pool_control_set_state(&f.control, 3, POOL_DOWN);
		if (k % 2000 == 0)
			pool_control_set_state(&f.control, 3, POOL_UP);
		hits[pool_pick(&f.pool, k, NO_KEY, NULL)]++;
	}
	/* half of the time of 12 parts, half of 11 */
	assert_in_range(hits[0], 6000 * 6 / 12 + 6000 * 6 / 11 - 63, 6000 * 6 / 12 + 6000 * 6 / 11 + 63);
	assert_in_range(hits[1], 6000 * 3 / 12 + 6000 * 3 / 11 - 31, 6000 * 3 / 12 + 6000 * 3 / 11 + 31);
	assert_in_range(hits[3], 495, 505);
	fixture_close(&f);
}

static void a_retry_elsewhere_does_not_disturb_the_turns(void **state)
{
	struct fixture f;
	size_t hits[3] = { 0 };

	(void)state;
	fixture_open(&f, "round_robin", 3, NULL, (struct pool_options){ 0 });
	for (int k = 0; k < 3000; k++) {
		struct pool_set tried = { { 0 } };
		size_t server = pool_pick(&f.pool, 0, NO_KEY, NULL);

		if (server == 0) {
			pool_set_add(&tried, 0);
			server = pool_pick(&f.pool, 0, NO_KEY, &tried);
		}
		assert_true(server != 0);
		hits[server]++;
	}
	assert_in_range(hits[1], 1490, 1510);
	fixture_close(&f);
}

/* ---- a small world: requests arrive at a fixed pace, servers take a fixed time for each */

#define REQUEST_MAX 2000

struct request {
	struct heap_node ends;
	size_t server;
	int64_t began;
};

struct world {
	struct fixture f;
	struct request requests[REQUEST_MAX];
	struct heap_node *room[REQUEST_MAX];
	struct heap heap;
	size_t hits[8];
	uint32_t peak[8];
};

static void finish_until(struct world *w, int64_t now)
{
	struct heap_node *n;

	while ((n = heap_first(&w->heap)) && n->key <= now) {
		struct request *r = (struct request *)(void *)n;

		heap_remove(&w->heap, n);
		pool_end(&w->f.pool, r->server, n->key, POOL_SUCCEEDED, (uint64_t)(n->key - r->began) * 1000);
	}
}

/* `every_ms` per request, `service_ms` per server; a server without limits, so slowness shows as many active. */
static void run_world(struct world *w, int64_t *clock, int64_t requests, int64_t every_ms, const int64_t *service_ms)
{
	for (int64_t k = 0; k < requests; k++, *clock += every_ms) {
		struct request *r = NULL;
		size_t server;

		finish_until(w, *clock);
		for (size_t i = 0; i < REQUEST_MAX && !r; i++)
			if (!heap_holds(&w->heap, &w->requests[i].ends))
				r = &w->requests[i];
		assert_non_null(r);
		server = pool_pick(&w->f.pool, *clock, NO_KEY, NULL);
		pool_begin(&w->f.pool, server);
		w->hits[server]++;
		if (w->f.pool.servers[server].active > w->peak[server])
			w->peak[server] = w->f.pool.servers[server].active;
		*r = (struct request){ .server = server, .began = *clock };
		heap_node_init(&r->ends);
		assert_int_equal(heap_insert(&w->heap, &r->ends, *clock + service_ms[server]), BJ_OK);
	}
}

static void open_world(struct world *w, const char *algorithm, size_t count, const unsigned *weights)
{
	memset(w, 0, sizeof(*w));
	for (size_t i = 0; i < REQUEST_MAX; i++)
		heap_node_init(&w->requests[i].ends);
	w->heap = heap_make(w->room, REQUEST_MAX);
	fixture_open(&w->f, algorithm, count, weights, (struct pool_options){ .seed = 3 });
}

static struct world world;

static void least_connections_sends_a_slow_server_its_share_and_no_more(void **state)
{
	static const int64_t service[3] = { 10, 10, 100 };
	int64_t clock = 0;

	(void)state;
	open_world(&world, "least_connections", 3, NULL);
	run_world(&world, &clock, 20000, 2, service);
	/* by Little's law each holds as many at once; so rates go as 10 : 10 : 1 */
	assert_in_range(world.hits[0], 9000, 10000);
	assert_in_range(world.hits[1], 9000, 10000);
	assert_in_range(world.hits[2], 700, 1400);
	assert_true(world.peak[2] <= world.peak[0] + 1);
	finish_until(&world, INT64_MAX);
	fixture_close(&world.f);
}

static void least_connections_follows_when_a_server_becomes_slow_and_well_again(void **state)
{
	static const int64_t well[3] = { 10, 10, 10 }, ill[3] = { 10, 500, 10 };
	int64_t clock = 0;
	size_t before;

	(void)state;
	open_world(&world, "least_connections", 3, NULL);
	run_world(&world, &clock, 3000, 2, well);
	assert_in_range(world.hits[1], 950, 1050);
	before = world.hits[1];
	run_world(&world, &clock, 3000, 2, ill);
	assert_true(world.hits[1] - before < 60);
	before = world.hits[1];
	run_world(&world, &clock, 3000, 2, well);
	assert_in_range(world.hits[1] - before, 700, 1050);
	finish_until(&world, INT64_MAX);
	fixture_close(&world.f);
}

static void least_connections_keeps_active_counts_by_weight(void **state)
{
	static const unsigned weights[2] = { 3, 1 };
	static const int64_t service[2] = { 100, 100 };
	int64_t clock = 0;

	(void)state;
	open_world(&world, "least_connections", 2, weights);
	run_world(&world, &clock, 10000, 1, service);
	assert_in_range(world.hits[0], 7450, 7550);
	finish_until(&world, INT64_MAX);
	fixture_close(&world.f);
}

static void least_connections_without_load_takes_turns_by_weight(void **state)
{
	static const unsigned weights[3] = { 2, 1, 1 };
	struct fixture f;
	size_t hits[3] = { 0 };

	(void)state;
	fixture_open(&f, "least_connections", 3, weights, (struct pool_options){ 0 });
	for (int k = 0; k < 400; k++)
		hits[pool_pick(&f.pool, 0, NO_KEY, NULL)]++;
	assert_int_equal(hits[0], 200);
	assert_int_equal(hits[1], 100);
	fixture_close(&f);
}

static void random_two_keeps_a_slow_server_from_piling_up(void **state)
{
	static const int64_t service[4] = { 10, 10, 10, 400 };
	int64_t clock = 0;

	(void)state;
	open_world(&world, "random_two", 4, NULL);
	run_world(&world, &clock, 20000, 1, service);
	assert_true(world.hits[3] < 1000);
	assert_true(world.peak[3] < 20);
	for (size_t i = 0; i < 3; i++)
		assert_in_range(world.hits[i], 5800, 7000);
	finish_until(&world, INT64_MAX);
	fixture_close(&world.f);
}

static void peak_ewma_leaves_a_slow_server_and_comes_back_when_it_is_well(void **state)
{
	static const int64_t well[3] = { 10, 10, 10 }, ill[3] = { 10, 10, 1000 };
	int64_t clock = 0;
	size_t before;

	(void)state;
	open_world(&world, "peak_ewma", 3, NULL);
	run_world(&world, &clock, 6000, 5, well);
	assert_in_range(world.hits[2], 1700, 2300);
	before = world.hits[2];
	run_world(&world, &clock, 6000, 5, ill);
	assert_true(world.hits[2] - before < 400);
	run_world(&world, &clock, 12000, 5, well); /* a minute to forget */
	before = world.hits[2];
	run_world(&world, &clock, 6000, 5, well);
	assert_in_range(world.hits[2] - before, 1500, 2300);
	finish_until(&world, INT64_MAX);
	fixture_close(&world.f);
}

static void peak_ewma_is_not_drawn_to_a_server_that_fails_quickly(void **state)
{
	struct fixture f;
	size_t hits[2] = { 0 };

	(void)state;
	fixture_open(&f, "peak_ewma", 2, NULL, (struct pool_options){ 0 });
	for (int64_t now = 0; now < 10000; now++) {
		size_t server = pool_pick(&f.pool, now, NO_KEY, NULL);

		hits[server]++;
		pool_begin(&f.pool, server);
		pool_end(&f.pool, server, now, server == 1 ? POOL_FAILED : POOL_SUCCEEDED, server == 1 ? 5 : 20000);
	}
	assert_true(hits[1] < 50);
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_robin_is_exact_over_ten_thousand_requests),
		cmocka_unit_test(round_robin_is_exact_over_workers_that_share_their_turns),
		cmocka_unit_test(workers_with_other_seeds_begin_with_other_servers),
		cmocka_unit_test(weights_are_met_exactly_in_every_cycle_without_bursts),
		cmocka_unit_test(weights_hold_within_one_percent_while_servers_come_and_go),
		cmocka_unit_test(a_retry_elsewhere_does_not_disturb_the_turns),
		cmocka_unit_test(least_connections_sends_a_slow_server_its_share_and_no_more),
		cmocka_unit_test(least_connections_follows_when_a_server_becomes_slow_and_well_again),
		cmocka_unit_test(least_connections_keeps_active_counts_by_weight),
		cmocka_unit_test(least_connections_without_load_takes_turns_by_weight),
		cmocka_unit_test(random_two_keeps_a_slow_server_from_piling_up),
		cmocka_unit_test(peak_ewma_leaves_a_slow_server_and_comes_back_when_it_is_well),
		cmocka_unit_test(peak_ewma_is_not_drawn_to_a_server_that_fails_quickly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
