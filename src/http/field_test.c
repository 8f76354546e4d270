/* field_test.c - names, arenas, lists and cookies. */
#include "base/test.h"
#include "http/field.h"

static uint64_t arena[4096 / 8];
static struct http_fields fields;

static void start(size_t cap, size_t count_max)
{
	http_fields_init(&fields, arena, cap, count_max);
}

static enum bj_err add(const char *name, const char *value)
{
	return http_field_add(&fields, bytes_text(name), bytes_text(value));
}

static void names_that_are_nearly_known_are_not_known(void **state)
{
	static const char *const rows[] = { "", "h", "hos", "hosts", "content_length", "content-lengt", "transfer-encodinG ", "x-forwarded-fo",
					    "sec-fetch-modd", "xost" };

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
		assert_int_equal(http_name_find((const uint8_t *)rows[i], strlen(rows[i])), HTTP_N_OTHER);
}

static void every_well_known_name_is_found_in_any_case(void **state)
{
	for (int id = HTTP_N_OTHER + 1; id < HTTP_N_COUNT; id++) {
		struct bj_bytes text = http_name_text((enum http_name)id);
		uint8_t copy[64];

		assert_true(text.len > 0 && text.len < sizeof(copy));
		assert_int_equal(http_name_find(text.ptr, text.len), id);
		for (size_t i = 0; i < text.len; i++)
			copy[i] = http_lower(text.ptr[i]);
		assert_int_equal(http_name_find(copy, text.len), id);
		for (size_t i = 0; i < text.len; i++)
			copy[i] = copy[i] >= 'a' && copy[i] <= 'z' ? (uint8_t)(copy[i] - 32) : copy[i];
		assert_int_equal(http_name_find(copy, text.len), id);
	}
}

static void a_full_arena_takes_no_more_and_keeps_what_it_has(void **state)
{
	size_t count = 0;
	struct bj_bytes value;

	start(256, 100);
	while (add("X-Name", "0123456789") == BJ_OK)
		count++;
	assert_int_equal(count, 256 / (HTTP_FIELD_ENTRY + 6 + 10));
	assert_int_equal(fields.count, count);
	assert_true(fields.used + count * HTTP_FIELD_ENTRY <= 256);
	value = http_field_value(&fields, http_field_at(&fields, count - 1));
	assert_true(http_is(value, "0123456789"));
}

static void empty_fields_cost_their_entry(void **state)
{
	size_t count = 0;
	uint8_t *at;

	start(1600, 1000);
	while (http_field_put_room(&fields, HTTP_N_COOKIE, 0, &at) == BJ_OK)
		count++;
	assert_int_equal(count, 100);
}

static void the_count_is_a_limit_of_its_own(void **state)
{
	start(sizeof(arena), 3);
	for (int i = 0; i < 3; i++)
		assert_int_equal(add("a", "b"), BJ_OK);
	assert_int_equal(add("a", "b"), BJ_ERR_HTTP_HEADER_LIMIT);
}

static void a_name_beyond_its_limit_is_refused(void **state)
{
	static uint8_t name[HTTP_FIELD_NAME_MAX + 1];

	memset(name, 'a', sizeof(name));
	start(sizeof(arena), 10);
	assert_int_equal(http_field_add(&fields, bytes_of(name, sizeof(name)), BYTES_LIT("v")), BJ_ERR_HTTP_HEADER_LIMIT);
	assert_int_equal(http_field_add(&fields, bytes_of(name, sizeof(name) - 1), BYTES_LIT("v")), BJ_OK);
}

static void fields_are_found_in_order_and_removed(void **state)
{
	const struct http_field *f;
	struct bj_bytes value;

	start(sizeof(arena), 20);
	assert_int_equal(add("x-a", "1") | add("Host", "h") | add("X-A", "2") | add("hOST", "i"), 0);
	assert_false(http_field_get(&fields, HTTP_N_COOKIE, &value));
	assert_true(http_field_get(&fields, HTTP_N_HOST, &value) && http_is(value, "h"));
	assert_int_equal(http_field_count(&fields, HTTP_N_HOST), 2);
	f = http_field_find_text(&fields, BYTES_LIT("X-a"), NULL);
	assert_non_null(f);
	f = http_field_find_text(&fields, BYTES_LIT("X-a"), f);
	assert_non_null(f);
	assert_true(http_is(http_field_value(&fields, f), "2"));
	assert_null(http_field_find_text(&fields, BYTES_LIT("X-a"), f));
	assert_int_equal(http_field_remove_text(&fields, BYTES_LIT("x-A")), 2);
	assert_int_equal(http_field_remove(&fields, HTTP_N_HOST), 2);
	assert_false(http_field_get(&fields, HTTP_N_HOST, &value));
	assert_int_equal(http_field_count(&fields, HTTP_N_HOST), 0);
}

static void a_control_byte_anywhere_makes_a_value_invalid(void **state)
{
	uint8_t value[70];

	for (size_t len = 1; len <= sizeof(value); len++) {
		memset(value, 'x', len);
		assert_true(http_value_valid(bytes_of(value, len)));
		for (size_t at = 0; at < len; at++) {
			static const uint8_t bad[] = { 0, 1, 10, 11, 13, 31, 127 };

			for (size_t b = 0; b < sizeof(bad); b++) {
				value[at] = bad[b];
				assert_false(http_value_valid(bytes_of(value, len)));
			}
			value[at] = '\t';
			assert_int_equal(http_value_valid(bytes_of(value, len)), at > 0 && at + 1 < len);
			value[at] = 0xff;
			assert_true(http_value_valid(bytes_of(value, len)));
			value[at] = 'x';
		}
	}
	assert_true(http_value_valid(bytes_of(NULL, 0)));
	assert_false(http_value_valid(BYTES_LIT(" a")));
	assert_false(http_value_valid(BYTES_LIT("a ")));
}

static void lists_are_cut_at_commas_outside_of_quotes(void **state)
{
	struct bj_bytes rest = BYTES_LIT(" ,a , \"b,\\\",c\" ,, d"), item;

	assert_true(http_list_next(&rest, &item) && http_is(item, "a"));
	assert_true(http_list_next(&rest, &item) && http_is(item, "\"b,\\\",c\""));
	assert_true(http_list_next(&rest, &item) && http_is(item, "d"));
	assert_false(http_list_next(&rest, &item));
	rest = BYTES_LIT("\"open\\");
	assert_true(http_list_next(&rest, &item));
	assert_false(http_list_next(&rest, &item));
}

static void decimal_numbers_are_digits_up_to_2_63(void **state)
{
	static const char *const bad[] = { "", "-1", "+1", " 1", "1 ", "0x1", "1_0", "9223372036854775808", "18446744073709551616", "1e3" };
	uint64_t value = 7;

	for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
		assert_false(http_decimal(bytes_text(bad[i]), &value));
	assert_int_equal(value, 7);
	assert_true(http_decimal(BYTES_LIT("9223372036854775807"), &value));
	assert_true(value == INT64_MAX);
	assert_true(http_decimal(BYTES_LIT("0000"), &value) && value == 0);
}

static void cookies_are_found_over_all_fields(void **state)
{
	struct bj_bytes value;

	start(sizeof(arena), 20);
	assert_int_equal(add("Cookie", "a=1; bb=2;cc=;d; e=x=y") | add("Cookie", "version=canary; a=9"), 0);
	assert_false(http_cookie_get(&fields, BYTES_LIT("b"), &value));
	assert_false(http_cookie_get(&fields, BYTES_LIT("d"), &value));
	assert_false(http_cookie_get(&fields, BYTES_LIT("A"), &value));
	assert_false(http_cookie_get(&fields, bytes_of(NULL, 0), &value));
	assert_true(http_cookie_get(&fields, BYTES_LIT("a"), &value) && http_is(value, "1"));
	assert_true(http_cookie_get(&fields, BYTES_LIT("bb"), &value) && http_is(value, "2"));
	assert_true(http_cookie_get(&fields, BYTES_LIT("cc"), &value) && value.len == 0);
	assert_true(http_cookie_get(&fields, BYTES_LIT("e"), &value) && http_is(value, "x=y"));
	assert_true(http_cookie_get(&fields, BYTES_LIT("version"), &value) && http_is(value, "canary"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_that_are_nearly_known_are_not_known),
		cmocka_unit_test(every_well_known_name_is_found_in_any_case),
		cmocka_unit_test(a_full_arena_takes_no_more_and_keeps_what_it_has),
		cmocka_unit_test(empty_fields_cost_their_entry),
		cmocka_unit_test(the_count_is_a_limit_of_its_own),
		cmocka_unit_test(a_name_beyond_its_limit_is_refused),
		cmocka_unit_test(fields_are_found_in_order_and_removed),
		cmocka_unit_test(a_control_byte_anywhere_makes_a_value_invalid),
		cmocka_unit_test(lists_are_cut_at_commas_outside_of_quotes),
		cmocka_unit_test(decimal_numbers_are_digits_up_to_2_63),
		cmocka_unit_test(cookies_are_found_over_all_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
