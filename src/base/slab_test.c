/* slab_test.c - objects do not overlap, empty chunks go back, limits hold, what is released is wiped. */
#include "base/slab.h"

#include "base/bytes.h"
#include "base/prng.h"
#include "base/test.h"

static void sizes_out_of_range_are_refused(void **state)
{
	struct slab s = { 0 };

	(void)state;
	assert_int_equal(slab_init(&s, &(struct slab_options){ .object_size = 0 }), BJ_ERR_ARGUMENT);
	assert_int_equal(slab_init(&s, &(struct slab_options){ .object_size = SLAB_OBJECT_MAX + 1 }), BJ_ERR_ARGUMENT);
	assert_int_equal(slab_init(&s, &(struct slab_options){ .object_size = 8, .chunk_min = 3 * SLAB_CHUNK_MIN }), BJ_ERR_ARGUMENT);
	slab_fini(&s);
}

static void the_limit_of_objects_holds(void **state)
{
	struct slab s;
	void *a, *b;

	(void)state;
	assert_int_equal(slab_init(&s, &(struct slab_options){ .object_size = 40, .object_count_max = 2 }), BJ_OK);
	a = slab_alloc(&s);
	b = slab_alloc(&s);
	assert_non_null(a);
	assert_non_null(b);
	assert_null(slab_alloc(&s));
	assert_int_equal(slab_stats(&s).refused, 1);
	slab_free(&s, a);
	a = slab_alloc(&s);
	assert_non_null(a);
	slab_free(&s, a);
	slab_free(&s, b);
	slab_free(&s, NULL);
	slab_fini(&s);
}

static void empty_chunks_go_back_beyond_the_reserve(void **state)
{
	struct slab s;
	static void *objects[20000];
	size_t per_chunk;

	(void)state;
	assert_int_equal(slab_init(&s, &(struct slab_options){ .object_size = 100, .reserve_chunks = 2 }), BJ_OK);
	for (size_t i = 0; i < ARRAY_COUNT(objects); i++)
		assert_non_null(objects[i] = slab_alloc(&s));
	per_chunk = s.per_chunk;
	assert_int_equal(slab_stats(&s).chunks, (ARRAY_COUNT(objects) + per_chunk - 1) / per_chunk);
	for (size_t i = 0; i < ARRAY_COUNT(objects); i++)
		slab_free(&s, objects[i]);
	assert_int_equal(slab_stats(&s).objects, 0);
	assert_int_equal(slab_stats(&s).objects_peak, ARRAY_COUNT(objects));
	assert_int_equal(slab_stats(&s).chunks, 2);
	slab_trim(&s);
	assert_int_equal(slab_stats(&s).chunks, 0);
	assert_non_null(objects[0] = slab_alloc(&s));
	assert_int_equal(slab_stats(&s).chunks, 1);
	slab_free(&s, objects[0]);
	slab_fini(&s);
}

static void objects_of_every_size_do_not_overlap(void **state)
{
	static const size_t sizes[] = { 1, 8, 16, 17, 100, 1000, 4096, 5000, 16640, SLAB_OBJECT_MAX };

	(void)state;
	for (size_t k = 0; k < ARRAY_COUNT(sizes); k++) {
		struct slab s;
		uint8_t *objects[40];

		assert_int_equal(slab_init(&s, &(struct slab_options){ .object_size = sizes[k] }), BJ_OK);
		assert_true(s.per_chunk >= SLAB_CHUNK_OBJECTS_MIN);
		for (size_t i = 0; i < ARRAY_COUNT(objects); i++) {
			objects[i] = (uint8_t *)slab_alloc(&s);
			assert_non_null(objects[i]);
			assert_int_equal((uintptr_t)objects[i] % 16, 0);
			memset(objects[i], (int)i + 1, sizes[k]);
		}
		for (size_t i = 0; i < ARRAY_COUNT(objects); i++) {
			for (size_t at = 0; at < sizes[k]; at++)
				assert_int_equal(objects[i][at], i + 1);
			slab_free(&s, objects[i]);
		}
		assert_int_equal(slab_stats(&s).chunks, 0);
		slab_fini(&s);
	}
}

static void random_use_keeps_every_object_whole(void **state)
{
	struct slab s;
	static uint64_t *objects[1000];
	struct prng g = { 3 };
	size_t live = 0;

	(void)state;
	memset(objects, 0, sizeof(objects));
	assert_int_equal(slab_init(&s, &(struct slab_options){ .object_size = 200, .reserve_chunks = 1 }), BJ_OK);
	for (int turn = 0; turn < 200000; turn++) {
		size_t i = prng_below(&g, ARRAY_COUNT(objects));

		if (objects[i]) {
			assert_true(objects[i][0] == i && objects[i][24] == ~(uint64_t)i);
			slab_free(&s, objects[i]);
			objects[i] = NULL;
			live--;
		} else {
			objects[i] = (uint64_t *)slab_alloc(&s);
			objects[i][0] = i;
			objects[i][24] = ~(uint64_t)i;
			live++;
		}
		assert_int_equal(slab_stats(&s).objects, live);
	}
	for (size_t i = 0; i < ARRAY_COUNT(objects); i++)
		slab_free(&s, objects[i]);
	slab_fini(&s);
}

static void a_released_object_of_a_wiping_slab_comes_back_zero(void **state)
{
	struct slab s;
	uint8_t zeros[256] = { 0 };
	void *a;

	(void)state;
	assert_int_equal(slab_init(&s, &(struct slab_options){ .object_size = 256, .reserve_chunks = 1, .wipe = true }), BJ_OK);
	a = slab_alloc(&s);
	memset(a, 0x99, 256);
	slab_free(&s, a);
	assert_ptr_equal(slab_alloc(&s), a);
	assert_memory_equal(a, zeros, 256);
	slab_free(&s, a);
	slab_fini(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_out_of_range_are_refused),
		cmocka_unit_test(the_limit_of_objects_holds),
		cmocka_unit_test(empty_chunks_go_back_beyond_the_reserve),
		cmocka_unit_test(objects_of_every_size_do_not_overlap),
		cmocka_unit_test(random_use_keeps_every_object_whole),
		cmocka_unit_test(a_released_object_of_a_wiping_slab_comes_back_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
