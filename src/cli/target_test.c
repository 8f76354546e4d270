/* target_test.c - how people write a peer. */
#include "base/test.h"

#include "cli/target.h"

static void what_is_no_target_is_refused(void **state)
{
	const char *const bad[] = { "", ":443", "host:", "host:0", "host:65536", "host:80x", "host:-1", "[::1", "[::1]x", "[::1]:", "[host]:443",
				    "a b", "user@host", "https://", "https:///", "host name:443", "[]:443", "ho\nst", "/path" };
	struct target target = { .port = 7 };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (target_parse(bad[i], 443, &target) != BJ_ERR_SYNTAX)
			fail_msg("'%s' was taken as %s port %u", bad[i], target.host, target.port);
	assert_int_equal(target.port, 7);
}

static void a_host_longer_than_the_limit_is_refused(void **state)
{
	char text[TARGET_HOST_MAX + 1];
	struct target target;

	memset(text, 'a', sizeof(text));
	text[TARGET_HOST_MAX - 1] = '\0';
	assert_int_equal(target_parse(text, 443, &target), BJ_OK);
	text[TARGET_HOST_MAX - 1] = 'a';
	text[TARGET_HOST_MAX] = '\0';
	assert_int_equal(target_parse(text, 443, &target), BJ_ERR_SYNTAX);
}

static void every_usual_spelling_is_understood(void **state)
{
	static const struct {
		const char *text, *host;
		unsigned port;
	} rows[] = {
		{ "example.com", "example.com", 443 },
		{ "example.com.", "example.com", 443 },
		{ "example.com:8443", "example.com", 8443 },
		{ "https://example.com", "example.com", 443 },
		{ "HTTPS://example.com:1/path?x:y#z", "example.com", 1 },
		{ "https://example.com/a:b", "example.com", 443 },
		{ "127.0.0.1:65535", "127.0.0.1", 65535 },
		{ "::1", "::1", 443 },
		{ "2001:db8::1", "2001:db8::1", 443 },
		{ "[::1]", "::1", 443 },
		{ "[::1]:8443", "::1", 8443 },
		{ "https://[::1]:8443/", "::1", 8443 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct target target;

		assert_int_equal(target_parse(rows[i].text, 443, &target), BJ_OK);
		assert_string_equal(target.host, rows[i].host);
		assert_int_equal(target.port, rows[i].port);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_target_is_refused),
		cmocka_unit_test(a_host_longer_than_the_limit_is_refused),
		cmocka_unit_test(every_usual_spelling_is_understood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
