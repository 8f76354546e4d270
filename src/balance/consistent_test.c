/* consistent_test.c - clients stay where they are; when a server goes, those that were not on it do not move. */
#include "base/test.h"

#include "balance/fixture.h"

#define CLIENTS 20000

static const char *const consistent[] = { "ip_hash", "maglev", "ring_hash" };
static size_t before[CLIENTS], after[CLIENTS];

static void place(struct fixture *f, size_t *out)
{
	for (uint32_t c = 0; c < CLIENTS; c++) {
		out[c] = pool_pick(&f->pool, 1, CLIENT(c), NULL);
		assert_true(out[c] < f->pool.count);
	}
}

static void a_client_stays_at_its_server_whoever_asks(void **state)
{
	(void)state;
	for (size_t a = 0; a < ARRAY_COUNT(consistent); a++) {
		struct fixture f, g;

		fixture_open(&f, consistent[a], 7, NULL, (struct pool_options){ .seed = 1 });
		fixture_open(&g, consistent[a], 7, NULL, (struct pool_options){ .seed = 2 }); /* another worker */
		place(&f, before);
		place(&f, after);
		assert_memory_equal(before, after, sizeof(before));
		place(&g, after);
		assert_memory_equal(before, after, sizeof(before));
		fixture_close(&f);
		fixture_close(&g);
	}
}

static void when_a_server_goes_only_its_clients_move_and_come_back_with_it(void **state)
{
	/* how far below the mean a server may stay that takes over: the ring's arcs are few and of random length */
	static const double least[] = { 0.6, 0.6, 0.1 };

	(void)state;
	for (size_t a = 0; a < ARRAY_COUNT(consistent); a++) {
		for (size_t count = 2; count <= 20; count += 6) {
			struct fixture f;
			size_t gone = count / 2, moved = 0, spread[20] = { 0 };

			fixture_open(&f, consistent[a], count, NULL, (struct pool_options){ 0 });
			place(&f, before);
			pool_control_set_state(&f.control, gone, POOL_DOWN);
			place(&f, after);
			for (size_t c = 0; c < CLIENTS; c++) {
				assert_true(after[c] != gone);
				if (before[c] != gone) {
					assert_int_equal(after[c], before[c]);
				} else {
					moved++;
					spread[after[c]]++;
				}
			}
			/* a share of 1/N, within what hashing scatters (the ring scatters most) */
			assert_true((double)moved < 1.25 * CLIENTS / (double)count);
			for (size_t i = 0; i < count; i++)
				assert_true(i == gone || (double)spread[i] > least[a] * (double)moved / (double)(count - 1));
			pool_control_set_state(&f.control, gone, POOL_UP);
			place(&f, after);
			assert_memory_equal(before, after, sizeof(before));
			fixture_close(&f);
		}
	}
}

/* A reload with one server more: other objects, the same names. */
static void a_new_server_takes_its_share_and_nobody_moves_between_the_old(void **state)
{
	static const double most[] = { 1.05, 1.15, 1.25 }; /* of 1/N: rendezvous, Maglev, ring */

	(void)state;
	for (size_t a = 0; a < ARRAY_COUNT(consistent); a++) {
		struct fixture f, g;
		size_t moved = 0, astray = 0;

		fixture_open(&f, consistent[a], 9, NULL, (struct pool_options){ 0 });
		place(&f, before);
		fixture_open(&g, consistent[a], 10, NULL, (struct pool_options){ 0 });
		place(&g, after);
		for (size_t c = 0; c < CLIENTS; c++) {
			moved += after[c] != before[c];
			astray += after[c] != before[c] && after[c] != 9;
		}
		assert_true((double)moved < most[a] * CLIENTS / 10);
		if (strcmp(consistent[a], "maglev") != 0)
			assert_int_equal(astray, 0);
		else
			assert_true(astray < CLIENTS / 50); /* rebuilding its table moves a few more */
		fixture_close(&f);
		fixture_close(&g);
	}
}

static void ip_hash_moves_one_in_n_whichever_server_goes(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, "ip_hash", 8, NULL, (struct pool_options){ 0 });
	place(&f, before);
	for (size_t gone = 0; gone < 8; gone++) {
		size_t moved = 0;

		pool_control_set_state(&f.control, gone, gone % 2 ? POOL_DOWN : POOL_DRAIN);
		place(&f, after);
		for (size_t c = 0; c < CLIENTS; c++)
			moved += after[c] != before[c];
		assert_true(moved <= CLIENTS / 8 + CLIENTS / 100);
		pool_control_set_state(&f.control, gone, POOL_UP);
	}
	fixture_close(&f);
}

static void shares_follow_the_weights(void **state)
{
	static const unsigned weights[4] = { 1, 2, 3, 4 };
	static const double within[] = { 0.06, 0.06, 0.25 };

	(void)state;
	for (size_t a = 0; a < ARRAY_COUNT(consistent); a++) {
		struct fixture f;
		size_t hits[4] = { 0 };

		fixture_open(&f, consistent[a], 4, weights, (struct pool_options){ 0 });
		place(&f, before);
		for (size_t c = 0; c < CLIENTS; c++)
			hits[before[c]]++;
		for (size_t i = 0; i < 4; i++) {
			double want = CLIENTS * (double)weights[i] / 10;

			assert_true((double)hits[i] > want * (1 - within[a]) && (double)hits[i] < want * (1 + within[a]));
		}
		fixture_close(&f);
	}
}

static void more_weight_only_draws_clients_and_less_only_lets_go(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, "ip_hash", 5, (const unsigned[]){ 2, 2, 2, 2, 2 }, (struct pool_options){ 0 });
	place(&f, before);
	pool_control_set_weight(&f.control, 1, 4);
	place(&f, after);
	for (size_t c = 0; c < CLIENTS; c++)
		assert_true(after[c] == before[c] || after[c] == 1);
	pool_control_set_weight(&f.control, 1, 1);
	place(&f, after);
	for (size_t c = 0; c < CLIENTS; c++)
		assert_true(after[c] == before[c] || before[c] == 1);
	fixture_close(&f);
}

static void a_retry_goes_elsewhere_and_always_to_the_same_place(void **state)
{
	(void)state;
	for (size_t a = 0; a < ARRAY_COUNT(consistent); a++) {
		struct fixture f;

		fixture_open(&f, consistent[a], 5, NULL, (struct pool_options){ 0 });
		for (uint32_t c = 0; c < 500; c++) {
			struct pool_set tried = { { 0 } };

			for (size_t k = 0; k < 5; k++) {
				size_t server = pool_pick(&f.pool, 0, CLIENT(c), &tried);

				assert_true(server < 5 && !pool_set_has(&tried, server));
				assert_int_equal(pool_pick(&f.pool, 0, CLIENT(c), &tried), server);
				pool_set_add(&tried, server);
			}
			assert_true(pool_pick(&f.pool, 0, CLIENT(c), &tried) == POOL_NONE);
		}
		fixture_close(&f);
	}
}

static void a_thousand_servers_of_great_weight_fit(void **state)
{
	static unsigned weights[POOL_SERVER_MAX];

	(void)state;
	for (size_t i = 0; i < POOL_SERVER_MAX; i++)
		weights[i] = i % 3 ? POOL_WEIGHT_MAX : 1;
	for (size_t a = 0; a < ARRAY_COUNT(consistent); a++) {
		struct fixture f;

		fixture_open(&f, consistent[a], POOL_SERVER_MAX, weights, (struct pool_options){ 0 });
		for (uint32_t c = 0; c < 1000; c++)
			assert_true(pool_pick(&f.pool, 0, CLIENT(c), NULL) < POOL_SERVER_MAX);
		fixture_close(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_client_stays_at_its_server_whoever_asks),
		cmocka_unit_test(when_a_server_goes_only_its_clients_move_and_come_back_with_it),
		cmocka_unit_test(a_new_server_takes_its_share_and_nobody_moves_between_the_old),
		cmocka_unit_test(ip_hash_moves_one_in_n_whichever_server_goes),
		cmocka_unit_test(shares_follow_the_weights),
		cmocka_unit_test(more_weight_only_draws_clients_and_less_only_lets_go),
		cmocka_unit_test(a_retry_goes_elsewhere_and_always_to_the_same_place),
		cmocka_unit_test(a_thousand_servers_of_great_weight_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
