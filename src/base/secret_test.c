/* secret_test.c - secrets, constant-time comparison and wiping. */
#include "base/secret.h"

#include "base/test.h"

static void comparison_sees_a_difference_in_any_bit(void **state)
{
	uint8_t a[33], b[33];

	(void)state;
	for (size_t i = 0; i < sizeof(a); i++)
		a[i] = b[i] = (uint8_t)(i * 7);
	for (size_t i = 0; i < sizeof(a); i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			b[i] ^= (uint8_t)(1u << bit);
			assert_false(ct_equal(a, b, sizeof(a)));
			assert_true(ct_equal(a, b, i));
			b[i] ^= (uint8_t)(1u << bit);
		}
	}
	assert_true(ct_equal(a, b, sizeof(a)));
	assert_true(ct_equal(NULL, NULL, 0));
}

static void zero_is_seen_only_where_all_is_zero(void **state)
{
	uint8_t a[32] = { 0 };

	(void)state;
	assert_true(ct_is_zero(a, sizeof(a)));
	for (size_t i = 0; i < sizeof(a); i++) {
		a[i] = 0x80;
		assert_false(ct_is_zero(a, sizeof(a)));
		assert_true(ct_is_zero(a, i));
		a[i] = 0;
	}
}

static void secrets_of_different_length_differ(void **state)
{
	struct secret a, b;

	(void)state;
	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
	secret_set(&a, "\0\0\0\0", 4);
	secret_set(&b, "\0\0\0\0\0", 5);
	assert_false(secret_equal(&a, &b));
	secret_set(&b, "\0\0\0\0", 4);
	assert_true(secret_equal(&a, &b));
	secret_set(&b, "\0\0\0\1", 4);
	assert_false(secret_equal(&a, &b));
}

static void moving_leaves_nothing_behind(void **state)
{
	uint8_t bytes[SECRET_MAX], zeros[sizeof(struct secret)] = { 0 };
	struct secret a, b;

	(void)state;
	memset(bytes, 0xa5, sizeof(bytes));
	secret_set(&a, bytes, sizeof(bytes));
	secret_move(&b, &a);
	assert_memory_equal(&a, zeros, sizeof(a));
	assert_true(bytes_equal(secret_view(&b), bytes_of(bytes, sizeof(bytes))));
	secret_wipe(&b);
	assert_memory_equal(&b, zeros, sizeof(b));
	assert_int_equal(secret_view(&b).len, 0);
}

/* Fills memory of its own with a pattern, wipes it, and gives its address away for a look from outside. */
static __attribute__((noinline)) void use_and_wipe(uint8_t *heap, size_t len)
{
	memset(heap, 0x77, len);
	wipe(heap, len); /* nothing reads it afterwards in this function: a plain memset could be left out */
}

static void wiping_a_length_touches_no_byte_beyond(void **state)
{
	uint8_t bytes[64];

	(void)state;
	for (size_t len = 0; len < sizeof(bytes); len++) {
		memset(bytes, 0x11, sizeof(bytes));
		use_and_wipe(bytes, len);
		for (size_t i = 0; i < sizeof(bytes); i++)
			assert_int_equal(bytes[i], i < len ? 0 : 0x11);
	}
	wipe(NULL, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comparison_sees_a_difference_in_any_bit),
		cmocka_unit_test(zero_is_seen_only_where_all_is_zero),
		cmocka_unit_test(secrets_of_different_length_differ),
		cmocka_unit_test(moving_leaves_nothing_behind),
		cmocka_unit_test(wiping_a_length_touches_no_byte_beyond),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
