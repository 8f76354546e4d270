/* uri_test.c - paths in their one form, hosts, targets, and what matches what. */
#include "base/test.h"
#include "http/uri.h"

static uint64_t arena[65536 / 8];
static struct http_fields fields;

static const struct {
	const char *path;
	const char *form; /* null: refused */
	const char *why;
} paths[] = {
	{ "", NULL, "no path" },
	{ "a", NULL, "no slash at the start" },
	{ "/%", NULL, "escape cut short" },
	{ "/%4", NULL, "escape cut short" },
	{ "/%zz", NULL, "no hexadecimal digits" },
	{ "/a%00", NULL, "NUL" },
	{ "/a%0d%0aX: y", NULL, "line end" },
	{ "/a%7f", NULL, "control byte" },
	{ "/a\\b", NULL, "backslash, a slash for some" },
	{ "/a%5cb", NULL, "the same, escaped" },
	{ "/a%5Cb", NULL, "the same, escaped" },
	{ "/a/..;/b", NULL, "dots with parameters, dots for some" },
	{ "/a/..;x=1", NULL, "the same at the end" },
	{ "/.;/b", NULL, "one dot with parameters" },
	{ "/%2e%2e;/b", NULL, "the same, escaped" },
	{ "/\351", NULL, "high byte" },
	{ "/", "/", "root" },
	{ "/a/b", "/a/b", "plain" },
	{ "/a/", "/a/", "slash at the end" },
	{ "//", "/", "empty segments" },
	{ "//a///b//", "/a/b/", "empty segments" },
	{ "/.", "/", "one dot" },
	{ "/./a/./b", "/a/b", "one dot" },
	{ "/a/b/.", "/a/b/", "one dot at the end" },
	{ "/a/../b", "/b", "two dots" },
	{ "/a/b/..", "/a/", "two dots at the end" },
	{ "/../../a", "/a", "two dots beyond the root" },
	{ "/a/..b/.c/...", "/a/..b/.c/...", "dots in names" },
	{ "/%61%2D%5f%7E", "/a-_~", "escapes that need not be" },
	{ "/%e2%82%ac", "/%E2%82%AC", "small hexadecimal digits" },
	{ "/a%20b", "/a%20b", "space" },
	{ "/a%2fb", "/a/b", "escaped slash" },
	{ "/a/..%2fb", "/b", "escaped slash behind dots" },
	{ "/a%2f..%2fb", "/b", "escaped slashes around dots" },
	{ "/%2e%2e/a", "/a", "escaped dots" },
	{ "/a/%2e%2E%2fb", "/b", "all escaped" },
	{ "/%252e%252e/a", "/%252e%252e/a", "escaped twice is decoded once" },
	{ "/%2525", "/%2525", "escaped percent" },
	{ "/%3b%3f%23", "/%3B%3F%23", "delimiters stay escaped" },
	{ "/a/..%3bx/b", NULL, "two dots with escaped parameters" },
	{ "/a/%2e%3B", NULL, "one dot with escaped parameters" },
	{ "/a/...%3bx", "/a/...%3Bx", "three dots are a name" },
	{ "/a;x=1/b", "/a;x=1/b", "parameters" },
	{ "/[a]|{b}\"<>^`", "/%5Ba%5D%7C%7Bb%7D%22%3C%3E%5E%60", "what may not stand there is escaped" },
	{ "/a:@!$&'()*+,=", "/a:@!$&'()*+,=", "what may stand there" },
};

static void each_path_has_its_form_or_is_refused(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(paths); i++) {
		uint8_t out[256];
		size_t len = 0;
		enum bj_err err = uri_path_normalise(bytes_text(paths[i].path), out, &len);

		if ((err == BJ_OK) != (paths[i].form != NULL))
			fail_msg("%s: %s: error %d", paths[i].why, paths[i].path, (int)err);
		if (!err && !bytes_equal(bytes_of(out, len), bytes_text(paths[i].form)))
			fail_msg("%s: %s became %.*s", paths[i].why, paths[i].path, (int)len, (const char *)out);
	}
}

static void the_form_of_a_form_is_itself(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(paths); i++) {
		uint8_t out[256];
		size_t len = 0;

		if (!paths[i].form)
			continue;
		assert_int_equal(uri_path_normalise(bytes_text(paths[i].form), out, &len), BJ_OK);
		if (!bytes_equal(bytes_of(out, len), bytes_text(paths[i].form)))
			fail_msg("%s became %.*s", paths[i].form, (int)len, (const char *)out);
	}
}

static void hosts_are_names_or_addresses_and_nothing_else(void **state)
{
	static const struct {
		const char *text;
		const char *host; /* null: refused */
		unsigned port;
	} rows[] = {
		{ "", NULL, 0 }, { "a,b", NULL, 0 }, { "u@h", NULL, 0 }, { "a b", NULL, 0 }, { "a/b", NULL, 0 }, { ".", NULL, 0 },
		{ ".a", NULL, 0 }, { "a..b", NULL, 0 }, { "a%2eb", NULL, 0 }, { "a:b", NULL, 0 }, { "a:0", NULL, 0 },
		{ "a:65536", NULL, 0 }, { "a:080808", NULL, 0 }, { "a:80:80", NULL, 0 }, { "a:+80", NULL, 0 }, { ":80", NULL, 0 },
		{ "[::1", NULL, 0 }, { "[]", NULL, 0 }, { "[::1]x", NULL, 0 }, { "[::1]:", "[::1]", 0 }, { "[:1]", NULL, 0 },
		{ "[1:2:3:4:5:6:7]", NULL, 0 }, { "[1:2:3:4:5:6:7:8:9]", NULL, 0 }, { "[1::2::3]", NULL, 0 }, { "[12345::]", NULL, 0 },
		{ "[::1%25eth0]", NULL, 0 }, { "[v1.x]", NULL, 0 }, { "[::256.1.1.1]", NULL, 0 }, { "[::1.1.1]", NULL, 0 },
		{ "[1:2:3:4:5:6:7:]", NULL, 0 }, { "[1:2:3:4:5:6:7:8::]", NULL, 0 },
		{ "::1", NULL, 0 }, { "a\tb", NULL, 0 }, { "\xc3\xa4", NULL, 0 },
		{ "Example.COM", "example.com", 0 }, { "example.com.", "example.com", 0 }, { "a:", "a", 0 }, { "a:8443", "a", 8443 },
		{ "192.0.2.1:80", "192.0.2.1", 80 }, { "[2001:DB8::1]:443", "[2001:db8::1]", 443 }, { "[::]", "[::]", 0 },
		{ "[1:2:3:4:5:6:7:8]", "[1:2:3:4:5:6:7:8]", 0 }, { "[1:2:3:4:5:6:7::]", "[1:2:3:4:5:6:7::]", 0 },
		{ "[::ffff:192.0.2.1]", "[::ffff:192.0.2.1]", 0 }, { "my_service", "my_service", 0 }, { "a-b.c", "a-b.c", 0 },
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct http_authority authority = { { NULL, 0 }, 0 };
		enum bj_err err;

		http_fields_init(&fields, arena, sizeof(arena), 10);
		err = uri_authority_parse(&fields, bytes_text(rows[i].text), &authority);
		if ((err == BJ_OK) != (rows[i].host != NULL))
			fail_msg("%s: error %d", rows[i].text, (int)err);
		if (!err && (!bytes_equal(authority.host, bytes_text(rows[i].host)) || authority.port != rows[i].port))
			fail_msg("%s became %.*s port %u", rows[i].text, (int)authority.host.len, (const char *)authority.host.ptr,
				 authority.port);
	}
}

static void labels_and_names_have_limits(void **state)
{
	uint8_t text[HTTP_HOST_MAX + 1];
	struct http_authority authority;

	memset(text, 'a', sizeof(text));
	http_fields_init(&fields, arena, sizeof(arena), 10);
	assert_int_equal(uri_authority_parse(&fields, bytes_of(text, 64), &authority), BJ_ERR_HTTP_BAD_REQUEST);
	assert_int_equal(uri_authority_parse(&fields, bytes_of(text, 63), &authority), BJ_OK);
	for (size_t i = 1; i < sizeof(text); i += 2)
		text[i] = '.';
	assert_int_equal(uri_authority_parse(&fields, bytes_of(text, HTTP_HOST_MAX), &authority), BJ_OK);
	assert_int_equal(uri_authority_parse(&fields, bytes_of(text, HTTP_HOST_MAX + 1), &authority), BJ_ERR_HTTP_BAD_REQUEST);
}

enum { PLAIN, CONNECT, OPTIONS };

static void each_target_is_cut_into_its_parts_or_refused(void **state)
{
	static const struct {
		int method;
		const char *text;
		int form; /* 0: refused */
		const char *host, *path, *query;
	} rows[] = {
		{ PLAIN, "", 0, NULL, NULL, NULL }, { PLAIN, "a", 0, NULL, NULL, NULL }, { PLAIN, "*", 0, NULL, NULL, NULL },
		{ PLAIN, "?a", 0, NULL, NULL, NULL }, { PLAIN, "#a", 0, NULL, NULL, NULL }, { PLAIN, "http://", 0, NULL, NULL, NULL },
		{ PLAIN, "http:///a", 0, NULL, NULL, NULL }, { PLAIN, "ftp://a/b", 0, NULL, NULL, NULL },
		{ PLAIN, "http://u@h/", 0, NULL, NULL, NULL }, { PLAIN, "http:/a", 0, NULL, NULL, NULL },
		{ PLAIN, "javascript:alert(1)", 0, NULL, NULL, NULL }, { PLAIN, "a:80", 0, NULL, NULL, NULL },
		{ CONNECT, "/a", 0, NULL, NULL, NULL }, { CONNECT, "a", 0, NULL, NULL, NULL }, { CONNECT, "http://a:80/", 0, NULL, NULL, NULL },
		{ CONNECT, "a:80", HTTP_TARGET_AUTHORITY, "a", "", NULL },
		{ OPTIONS, "*", HTTP_TARGET_ASTERISK, "", "*", NULL }, { OPTIONS, "*a", 0, NULL, NULL, NULL },
		{ OPTIONS, "/a", HTTP_TARGET_ORIGIN, "", "/a", NULL },
		{ PLAIN, "/a?b=c?d/../e", HTTP_TARGET_ORIGIN, "", "/a", "b=c?d/../e" }, { PLAIN, "/?", HTTP_TARGET_ORIGIN, "", "/", "" },
		{ PLAIN, "/a#b?c", HTTP_TARGET_ORIGIN, "", "/a", NULL }, { PLAIN, "/a?b#c", HTTP_TARGET_ORIGIN, "", "/a", "b" },
		{ PLAIN, "HTTP://A.B", HTTP_TARGET_ABSOLUTE, "a.b", "/", NULL },
		{ PLAIN, "https://a:1?b", HTTP_TARGET_ABSOLUTE, "a", "/", "b" },
		{ PLAIN, "http://a/b/../c", HTTP_TARGET_ABSOLUTE, "a", "/c", NULL },
		{ PLAIN, "/http://a/", HTTP_TARGET_ORIGIN, "", "/http:/a/", NULL },
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct http_target target = { .form = HTTP_TARGET_ORIGIN };
		enum bj_err err;

		http_fields_init(&fields, arena, sizeof(arena), 10);
		err = uri_target_parse(&fields, bytes_text(rows[i].text), rows[i].method == CONNECT, rows[i].method == OPTIONS, &target);
		if ((err == BJ_OK) != (rows[i].form != 0))
			fail_msg("%s: error %d", rows[i].text, (int)err);
		if (err)
			continue;
		assert_int_equal((int)target.form, rows[i].form);
		assert_true(bytes_equal(target.authority.host, bytes_text(rows[i].host)));
		assert_true(bytes_equal(target.path, bytes_text(rows[i].path)));
		assert_int_equal(target.has_query, rows[i].query != NULL);
		assert_true(!rows[i].query || bytes_equal(target.query, bytes_text(rows[i].query)));
	}
}

static void a_target_larger_than_the_arena_is_a_limit(void **state)
{
	static uint8_t text[100];
	struct http_target target;

	memset(text, '/', 1);
	memset(text + 1, '[', sizeof(text) - 1);
	http_fields_init(&fields, arena, 128, 4);
	assert_int_equal(uri_target_parse(&fields, bytes_of(text, sizeof(text)), false, false, &target), BJ_ERR_HTTP_HEADER_LIMIT);
}

static void prefixes_cover_whole_segments(void **state)
{
	static const struct {
		const char *path, *prefix;
		bool covered;
	} rows[] = {
		{ "/administrator", "/admin", false }, { "/admi", "/admin", false }, { "/", "/admin/", false }, { "/x/admin", "/admin", false },
		{ "/Admin/", "/admin/", false }, { "/admin", "/admin", true }, { "/admin", "/admin/", true }, { "/admin/", "/admin", true },
		{ "/admin/x", "/admin/", true }, { "/a", "/", true }, { "/", "/", true }, { "/admin;x/y", "/admin/", true },
		{ "/;x/admin/y", "/admin/", true }, { "/admin;x", "/admin/", true }, { "/ad;min/x", "/admin/", false },
		{ "/admin/;/x", "/admin/x", true }, { "/admin%3Bx/y", "/admin/", true }, { "/%3Bx/admin/y", "/admin/", true },
		{ "/admin%3", "/admin", false }, { "/admin%3Ax", "/admin", false },
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
		if (uri_path_under(bytes_text(rows[i].path), bytes_text(rows[i].prefix)) != rows[i].covered)
			fail_msg("%s under %s", rows[i].path, rows[i].prefix);
	assert_false(uri_path_is(BYTES_LIT("/a/"), BYTES_LIT("/a")));
	assert_false(uri_path_is(BYTES_LIT("/ab"), BYTES_LIT("/a")));
	assert_true(uri_path_is(BYTES_LIT("/a;x"), BYTES_LIT("/a")));
}

static void wildcards_cover_what_is_below_them(void **state)
{
	assert_false(uri_host_match(BYTES_LIT("example.com"), BYTES_LIT("*.example.com")));
	assert_false(uri_host_match(BYTES_LIT("badexample.com"), BYTES_LIT("*.example.com")));
	assert_false(uri_host_match(BYTES_LIT(".example.com"), BYTES_LIT("x.example.com")));
	assert_false(uri_host_match(bytes_of(NULL, 0), BYTES_LIT("example.com")));
	assert_false(uri_host_match(bytes_of(NULL, 0), BYTES_LIT("*.example.com")));
	assert_true(uri_host_match(BYTES_LIT("example.com"), BYTES_LIT("example.com")));
	assert_true(uri_host_match(BYTES_LIT("a.example.com"), BYTES_LIT("*.example.com")));
	assert_true(uri_host_match(BYTES_LIT("a.b.example.com"), BYTES_LIT("*.example.com")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_path_has_its_form_or_is_refused),
		cmocka_unit_test(the_form_of_a_form_is_itself),
		cmocka_unit_test(hosts_are_names_or_addresses_and_nothing_else),
		cmocka_unit_test(labels_and_names_have_limits),
		cmocka_unit_test(each_target_is_cut_into_its_parts_or_refused),
		cmocka_unit_test(a_target_larger_than_the_arena_is_a_limit),
		cmocka_unit_test(prefixes_cover_whole_segments),
		cmocka_unit_test(wildcards_cover_what_is_below_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
