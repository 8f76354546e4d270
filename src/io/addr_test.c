/* addr_test.c - addresses are read strictly and printed back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "io/addr.h"

static void wrong_texts_are_refused(void **state)
{
	static const char *const wrong[] = {
		"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:80x", "localhost:80", "[::1]", "[::1:80",
		"[::1]80", "[::g]:80", "::1:80", "256.0.0.1:80", "1.2.3:80", "unix:",
	};
	char long_path[200] = "unix:/";
	struct addr a;

	for (size_t i = 0; i < ARRAY_COUNT(wrong); i++)
		assert_int_equal(addr_parse(wrong[i], 0, &a), BJ_ERR_SYNTAX);
	memset(long_path + 6, 'x', sizeof(long_path) - 7);
	assert_int_equal(addr_parse(long_path, 0, &a), BJ_ERR_SYNTAX);
}

static void texts_come_back_as_they_went_in(void **state)
{
	static const char *const right[] = { "127.0.0.1:80", "[::1]:8443", "[2001:db8::5]:0", "unix:/run/x.sock", "255.254.10.0:65535" };
	char text[ADDR_TEXT_MAX];
	struct addr a;

	for (size_t i = 0; i < ARRAY_COUNT(right); i++) {
		assert_int_equal(addr_parse(right[i], 0, &a), BJ_OK);
		assert_int_equal(addr_print(&a, text), strlen(right[i]));
		assert_string_equal(text, right[i]);
	}
}

static void default_port_serves_where_none_is_written(void **state)
{
	struct addr a;

	assert_int_equal(addr_parse("10.0.0.1", 443, &a), BJ_OK);
	assert_int_equal(addr_port(&a), 443);
	assert_int_equal(addr_parse("[::1]", 443, &a), BJ_OK);
	assert_int_equal(addr_port(&a), 443);
	assert_int_equal(addr_parse(":80", 443, &a), BJ_OK);
	assert_int_equal(addr_port(&a), 80);
}

static void mapped_addresses_equal_their_ipv4(void **state)
{
	char text[ADDR_TEXT_MAX];
	struct addr a, b;

	assert_int_equal(addr_parse("[::ffff:10.1.2.3]:80", 0, &a), BJ_OK);
	assert_int_equal(addr_parse("10.1.2.3:80", 0, &b), BJ_OK);
	assert_true(addr_equal(&a, &b));
	addr_print_host(&a, text);
	assert_string_equal(text, "10.1.2.3");
	assert_int_equal(addr_parse("10.1.2.3:81", 0, &b), BJ_OK);
	assert_false(addr_equal(&a, &b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_texts_are_refused),
		cmocka_unit_test(texts_come_back_as_they_went_in),
		cmocka_unit_test(default_port_serves_where_none_is_written),
		cmocka_unit_test(mapped_addresses_equal_their_ipv4),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
