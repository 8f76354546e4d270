/* client_table_test.c - limits per client hold over threads, and nothing that was taken stays taken. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/client_table.h"

#define THREADS 4
#define ROUNDS 20000

static const struct siphash_key key = { { 1, 2, 3 } };

static uint64_t hash_of(const struct client_table *t, uint32_t client)
{
	return client_table_hash(t, BYTES_LIT("web"), bytes_of(&client, sizeof(client)));
}

static void one_more_than_the_limit_is_refused_until_one_leaves(void **state)
{
	struct client_table t;
	bool counted;

	assert_int_equal(client_table_init(&t, &key), BJ_OK);
	assert_false(client_take(&t, hash_of(&t, 1), 0, &counted));
	for (int i = 0; i < 3; i++)
		assert_true(client_take(&t, hash_of(&t, 1), 3, &counted));
	assert_false(client_take(&t, hash_of(&t, 1), 3, &counted));
	assert_false(counted);
	assert_true(client_take(&t, hash_of(&t, 2), 3, &counted));
	client_drop(&t, hash_of(&t, 1));
	assert_true(client_take(&t, hash_of(&t, 1), 3, &counted));
	assert_true(counted);
	client_table_fini(&t);
}

static void the_same_address_at_another_listener_is_another_client(void **state)
{
	struct client_table t;
	uint32_t address = 7;

	assert_int_equal(client_table_init(&t, &key), BJ_OK);
	assert_true(client_table_hash(&t, BYTES_LIT("a"), bytes_of(&address, 4)) != client_table_hash(&t, BYTES_LIT("b"), bytes_of(&address, 4)));
	client_table_fini(&t);
}

static void a_client_of_ipv6_cannot_become_another_one_within_its_network(void **state)
{
	static const uint8_t addresses[3][16] = { { 0x20, 1, 0xd, 0xb8, 0, 0, 0, 7, [15] = 1 },
						  { 0x20, 1, 0xd, 0xb8, 0, 0, 0, 7, 0xff, [15] = 2 },
						  { 0x20, 1, 0xd, 0xb8, 0, 0, 0, 8, [15] = 1 } };
	struct client_table t;
	uint64_t hashes[3];

	assert_int_equal(client_table_init(&t, &key), BJ_OK);
	for (size_t i = 0; i < 3; i++)
		hashes[i] = client_table_hash(&t, BYTES_LIT("web"), bytes_of(addresses[i], 16));
	assert_true(hashes[0] == hashes[1]);
	assert_true(hashes[0] != hashes[2]);
	client_table_fini(&t);
}

static void a_full_table_lets_clients_in_uncounted(void **state)
{
	struct client_table t;
	size_t uncounted = 0;
	bool counted;

	assert_int_equal(client_table_init(&t, &key), BJ_OK);
	for (uint32_t i = 0; i < CLIENT_TABLE_SLOTS + 1000; i++) {
		assert_true(client_take(&t, hash_of(&t, i), 1, &counted));
		uncounted += !counted;
	}
	assert_true(uncounted >= 1000);
	client_table_fini(&t);
}

struct hammer {
	struct client_table *t;
	_Atomic int now, peak, refused;
};

static void *hammer(void *arg)
{
	struct hammer *h = (struct hammer *)arg;
	uint64_t hash = hash_of(h->t, 99);

	for (int i = 0; i < ROUNDS; i++) {
		bool counted;

		if (!client_take(h->t, hash, 2, &counted)) {
			h->refused++;
			continue;
		}
		int now = ++h->now, peak = h->peak;

		while (now > peak && !atomic_compare_exchange_weak(&h->peak, &peak, now))
			;
		h->now--;
		client_drop(h->t, hash);
	}
	return NULL;
}

static void threads_together_keep_the_limit(void **state)
{
	struct client_table t;
	struct hammer h = { .t = &t };
	pthread_t threads[THREADS];
	bool counted;

	assert_int_equal(client_table_init(&t, &key), BJ_OK);
	assert_true(client_take(&t, hash_of(&t, 99), 2, &counted)); /* so that its place stays */
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, hammer, &h), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(h.peak, 1);
	client_drop(&t, hash_of(&t, 99));
	for (uint32_t i = 0; i < 2; i++)
		assert_true(client_take(&t, hash_of(&t, 99), 2, &counted));
	client_table_fini(&t);
}

static void requests_come_at_their_rate_after_the_burst(void **state)
{
	struct client_table t;
	int64_t now_us = 1000000000;
	int let = 0;

	assert_int_equal(client_table_init(&t, &key), BJ_OK);
	for (int i = 0; i < 10; i++)
		let += client_pay(&t, hash_of(&t, 1), now_us, 60 * 100, 5);
	assert_int_equal(let, 5);
	assert_false(client_pay(&t, hash_of(&t, 1), now_us + 9999, 60 * 100, 5));
	assert_true(client_pay(&t, hash_of(&t, 1), now_us + 10000, 60 * 100, 5));
	assert_true(client_pay(&t, hash_of(&t, 2), now_us, 60 * 100, 5));
	let = 0;
	for (int ms = 0; ms < 10000; ms++)
		let += client_pay(&t, hash_of(&t, 3), now_us + ms * 1000, 60 * 100, 1);
	assert_in_range(let, 999, 1000);
	assert_true(client_pay(&t, hash_of(&t, 4), now_us, 10, 1)); /* less than one a second */
	assert_false(client_pay(&t, hash_of(&t, 4), now_us + 5999999, 10, 1));
	assert_true(client_pay(&t, hash_of(&t, 4), now_us + 6000000, 10, 1));
	client_table_fini(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_more_than_the_limit_is_refused_until_one_leaves),
		cmocka_unit_test(the_same_address_at_another_listener_is_another_client),
		cmocka_unit_test(a_client_of_ipv6_cannot_become_another_one_within_its_network),
		cmocka_unit_test(a_full_table_lets_clients_in_uncounted),
		cmocka_unit_test(threads_together_keep_the_limit),
		cmocka_unit_test(requests_come_at_their_rate_after_the_burst),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
