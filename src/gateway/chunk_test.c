/* chunk_test.c - waiting bytes stay what they were, and the store keeps its bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/prng.h"
#include "gateway/chunk.h"

static void more_than_the_largest_block_is_refused_and_counted(void **state)
{
	struct chunks chunks = { 0 };

	assert_null(chunk_take(&chunks, CHUNK_SIZE_MAX + 1));
	assert_int_equal(chunks.refused, 1);
	assert_int_equal(chunks.used_bytes, 0);
	chunks_fini(&chunks);
}

static void bytes_keep_their_order_through_growing_and_moving(void **state)
{
	struct chunks chunks = { 0 };
	struct prng prng = { .state = 7 };
	struct chunk *chunk = NULL;
	uint8_t bytes[3000];
	size_t in = 0, out = 0;

	for (int step = 0; step < 2000; step++) {
		size_t len = (size_t)(prng_next(&prng) % sizeof(bytes)), have = chunk_view(chunk).len;

		if (have + len <= CHUNK_SIZE_MAX / 2) {
			for (size_t i = 0; i < len; i++)
				bytes[i] = (uint8_t)((in + i) * 7);
			assert_true(chunk_append(&chunks, &chunk, bytes_of(bytes, len)));
			in += len;
		}
		have = chunk_view(chunk).len;
		assert_int_equal(have, in - out);
		len = have ? (size_t)(prng_next(&prng) % (have + 1)) : 0;
		for (size_t i = 0; i < len; i++)
			assert_int_equal(chunk_view(chunk).ptr[i], (uint8_t)((out + i) * 7));
		out += len;
		if (chunk)
			chunk->start += (uint32_t)len;
	}
	chunk_give(&chunks, chunk);
	assert_int_equal(chunks.used_bytes, 0);
	chunks_fini(&chunks);
}

static void given_blocks_are_taken_again(void **state)
{
	struct chunks chunks = { 0 };
	struct chunk *first = chunk_take(&chunks, 100), *again;

	chunk_give(&chunks, first);
	again = chunk_take(&chunks, 1000);
	assert_ptr_equal(first, again);
	assert_int_equal(again->end, 0);
	chunk_give(&chunks, again);
	chunk_give(&chunks, NULL);
	chunks_fini(&chunks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(more_than_the_largest_block_is_refused_and_counted),
		cmocka_unit_test(bytes_keep_their_order_through_growing_and_moving),
		cmocka_unit_test(given_blocks_are_taken_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
