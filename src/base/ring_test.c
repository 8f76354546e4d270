/* ring_test.c - the ring gives back what it got, in order, and never more than it holds. */
#include "base/ring.h"

#include "base/prng.h"
#include "base/test.h"

static void a_ring_takes_no_more_than_it_holds(void **state)
{
	uint8_t buf[5], out[8];
	struct ring r = ring_make(buf, sizeof(buf)), none = ring_make(NULL, 0);

	(void)state;
	assert_int_equal(ring_write(&none, "a", 1), 0);
	assert_int_equal(ring_read(&none, out, 1), 0);
	assert_int_equal(ring_write(&r, "abcdefg", 7), 5);
	assert_int_equal(ring_write(&r, "h", 1), 0);
	assert_int_equal(ring_left(&r), 0);
	assert_int_equal(ring_read(&r, out, 8), 5);
	assert_memory_equal(out, "abcde", 5);
	assert_int_equal(ring_read(&r, out, 8), 0);
}

static void random_use_keeps_the_order(void **state)
{
	struct prng g = { 8 };

	(void)state;
	for (size_t cap = 1; cap < 40; cap++) {
		uint8_t *buf = (uint8_t *)malloc(cap), piece[64];
		struct ring r = ring_make(buf, cap);
		uint8_t in = 0, out = 0;
		size_t inside = 0;

		for (int turn = 0; turn < 3000; turn++) {
			size_t len = prng_below(&g, 50), done;

			if (prng_below(&g, 2)) {
				for (size_t i = 0; i < len; i++)
					piece[i] = (uint8_t)(in + i);
				done = ring_write(&r, piece, len);
				assert_int_equal(done, len < cap - inside ? len : cap - inside);
				in = (uint8_t)(in + done);
				inside += done;
			} else {
				done = ring_read(&r, piece, len);
				assert_int_equal(done, len < inside ? len : inside);
				for (size_t i = 0; i < done; i++)
					assert_int_equal(piece[i], out++);
				inside -= done;
			}
			assert_int_equal(ring_len(&r), inside);
		}
		free(buf);
	}
}

static void two_views_see_all(void **state)
{
	uint8_t buf[8], out[8];
	struct ring r = ring_make(buf, sizeof(buf));
	struct bj_bytes v;
	size_t room;

	(void)state;
	(void)ring_write(&r, "abcdef", 6);
	(void)ring_read(&r, out, 4);
	assert_int_equal(ring_write(&r, "ghijkl", 6), 6);
	(void)ring_space(&r, &room);
	assert_int_equal(room, 0);
	v = ring_view(&r);
	assert_true(bytes_equal(v, BYTES_LIT("efgh")));
	ring_skip(&r, v.len);
	v = ring_view(&r);
	assert_true(bytes_equal(v, BYTES_LIT("ijkl")));
	(void)ring_space(&r, &room);
	assert_int_equal(room, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_ring_takes_no_more_than_it_holds),
		cmocka_unit_test(random_use_keeps_the_order),
		cmocka_unit_test(two_views_see_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
