/* h1_request_test.c - request heads beyond the 60 cases: limits, versions, what a head means, what is written. */
#include "http/h1_test.h"

static struct passed passed;
static struct http_request request;

/* Parses a whole head; the error, with request set. */
static enum bj_err parse_within(const char *text, size_t size_max, size_t arena_cap, size_t count_max)
{
	struct h1_parser parser;
	size_t used;
	bool done;
	enum bj_err err;

	memset(&request, 0, sizeof(request));
	http_fields_init(&request.fields, test_arena, arena_cap, count_max);
	h1_parser_init(&parser, size_max);
	err = h1_request_feed(&parser, &request, text, strlen(text), &used, &done);
	if (!err)
		assert_true(done);
	else
		assert_string_not_equal(parser.why, "");
	return err;
}

static enum bj_err parse(const char *text)
{
	return parse_within(text, 32768, sizeof(test_arena), 100);
}

static void malformed_heads_are_refused_with_their_status(void **state)
{
	static const struct {
		const char *text;
		unsigned status;
	} rows[] = {
		{ "GET /\r\n\r\n", 400 },
		{ "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
		{ "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400 },
		{ " GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
		{ "GET / http/1.1\r\nHost: a\r\n\r\n", 400 },
		{ "GET / HTTP/1.\r\nHost: a\r\n\r\n", 400 },
		{ "GET / HTTP/11\r\nHost: a\r\n\r\n", 400 },
		{ "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505 },
		{ "GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505 },
		{ "PRI * HTTP/2.0\r\n\r\n", 505 },
		{ "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
		{ "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
		{ "\026\003\001", 400 },
		{ "G@T / HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501 },
		{ "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked;q=1\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \"chunked\"\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\n\r\n", 417 },
		{ "GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nExpect: 100-continue\r\n\r\n", 417 },
		{ "CONNECT a:80 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n", 400 },
		{ "TRACE / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 400 },
		{ "CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
		{ "GET a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
		{ "GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\r\nHost:\r\n\r\n", 400 },
		{ "GET http://b/ HTTP/1.1\r\nHost: a,b\r\n\r\n", 400 },
		{ "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\r\nHost: a\r\nX: \177\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\r\nHost: a\r\n\tX: y\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\r\nHost: a\r\nX\t: y\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n", 400 },
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		enum bj_err err = parse(rows[i].text);

		if (!err || http_status_of(err) != rows[i].status)
			fail_msg("%s\nerror %d", rows[i].text, (int)err);
	}
}

static void too_many_names_in_connection_are_refused(void **state)
{
	char text[1024];
	size_t len = (size_t)snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nHost: a\r\nConnection: a");

	for (int i = 0; i < 32; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, ",b");
	snprintf(text + len, sizeof(text) - len, "\r\n\r\n");
	assert_int_equal(parse(text), BJ_ERR_HTTP_BAD_REQUEST);
}

/* A head of exactly the limit passes; one byte more does not, in whatever pieces it comes. */
static void the_size_of_a_head_is_a_limit_to_the_byte(void **state)
{
	static const char head[] = "GET / HTTP/1.1\r\nHost: a\r\nX-Name: 0123456789\r\n\r\n";
	const size_t len = sizeof(head) - 1;

	assert_int_equal(parse_within(head, len, sizeof(test_arena), 100), BJ_OK);
	for (size_t size_max = 1; size_max < len; size_max++) {
		enum bj_err whole = parse_within(head, size_max, sizeof(test_arena), 100);

		assert_int_equal(http_status_of(whole), size_max < 16 ? 414 : 431);
		for (size_t step = 1; step < len; step++) {
			struct h1_parser parser;
			size_t pos = 0, end = 0, used;
			bool done = false;
			enum bj_err err = BJ_OK;

			http_fields_init(&request.fields, test_arena, sizeof(test_arena), 100);
			h1_parser_init(&parser, size_max);
			while (end < len && !err) {
				end = len - end < step ? len : end + step;
				err = h1_request_feed(&parser, &request, head + pos, end - pos, &used, &done);
				pos += used;
			}
			assert_int_equal(err, whole);
			assert_int_equal(h1_request_feed(&parser, &request, head + pos, end - pos, &used, &done), whole);
		}
	}
}

static void count_and_arena_are_limits(void **state)
{
	static const char head[] = "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\nY: 2\r\n\r\n";

	assert_int_equal(parse_within(head, 32768, sizeof(test_arena), 3), BJ_OK);
	assert_int_equal(parse_within(head, 32768, sizeof(test_arena), 2), BJ_ERR_HTTP_HEADER_LIMIT);
	for (size_t cap = 0; cap < 64; cap += 8)
		assert_int_equal(http_status_of(parse_within(head, 32768, cap, 100)), cap < 16 ? 414 : 431);
}

static void a_long_target_is_a_limit_of_its_own(void **state)
{
	static char text[H1_TARGET_MAX + 200];
	size_t len = (size_t)snprintf(text, sizeof(text), "GET /");

	memset(text + len, 'a', H1_TARGET_MAX);
	strcpy(text + len + H1_TARGET_MAX, " HTTP/1.1\r\nHost: a\r\n\r\n");
	assert_int_equal(parse_within(text, 64 * 1024, sizeof(test_arena), 100), BJ_ERR_HTTP_URI_TOO_LONG);
	strcpy(text + len + H1_TARGET_MAX - 1, " HTTP/1.1\r\nHost: a\r\n\r\n");
	assert_int_equal(parse_within(text, 64 * 1024, sizeof(test_arena), 100), BJ_OK);
}

/* rfc9112 gives names no limit; ours must hold at the edges of 8 and 16 bits. */
static void names_at_the_edges_of_integers_are_counted_right(void **state)
{
	static const size_t lens[] = { 1, 255, 256, 1024, 1025, 65535, 65536 };
	static char text[70000];
	static uint64_t big[(80000) / 8];

	for (size_t i = 0; i < ARRAY_COUNT(lens); i++) {
		struct h1_parser parser;
		size_t len = (size_t)snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nHost: a\r\n"), used;
		bool done;
		enum bj_err err;

		memset(text + len, 'n', lens[i]);
		strcpy(text + len + lens[i], ": v\r\n\r\n");
		http_fields_init(&request.fields, big, sizeof(big), 100);
		h1_parser_init(&parser, 256 * 1024);
		err = h1_request_feed(&parser, &request, text, strlen(text), &used, &done);
		assert_int_equal(err, lens[i] <= HTTP_FIELD_NAME_MAX ? BJ_OK : BJ_ERR_HTTP_HEADER_LIMIT);
		if (!err)
			assert_int_equal(http_field_name(&request.fields, http_field_at(&request.fields, 1)).len, lens[i]);
	}
}

static void one_empty_line_before_a_request_is_passed_over(void **state)
{
	assert_int_equal(parse("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), BJ_OK);
	assert_int_equal(request.method, HTTP_GET);
}

/* Logs show it after the bytes that it came in are gone. */
static void the_method_of_a_refused_request_is_its_own(void **state)
{
	static const char *const rows[] = { "GET /\\ HTTP/1.1\r\n", "GET / HTTP/9.9\r\n", "GET \x80 HTTP/1.1\r\n", "GET / HTTP/1.10\r\n" };

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct h1_parser parser;
		char text[64];
		size_t used, len = strlen(rows[i]);
		bool done;

		memcpy(text, rows[i], len);
		memset(&request, 0, sizeof(request));
		http_fields_init(&request.fields, test_arena, 4096, 10);
		h1_parser_init(&parser, 4096);
		assert_int_not_equal(h1_request_feed(&parser, &request, text, len, &used, &done), BJ_OK);
		memset(text, 'x', len);
		assert_true(bytes_equal(request.method_text, BYTES_LIT("GET")));
	}
}

static void a_head_says_what_it_means(void **state)
{
	assert_int_equal(parse("POST /a/%2e%2e/b?q HTTP/1.1\r\nhost: Example.com:8443\r\ncontent-length: 12\r\nexpect: 100-Continue\r\n\r\n"), BJ_OK);
	assert_int_equal(request.method, HTTP_POST);
	assert_int_equal(request.version, HTTP_1_1);
	assert_true(http_is(request.host.host, "example.com") && request.host.port == 8443);
	assert_true(bytes_equal(request.target.path, BYTES_LIT("/b")));
	assert_int_equal(request.framing.kind, HTTP_BODY_LENGTH);
	assert_int_equal(request.framing.length, 12);
	assert_true(request.expect_continue && request.keep_alive && !request.upgrade_websocket);
	assert_int_equal(parse("GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n"), BJ_OK);
	assert_false(request.expect_continue); /* no body comes */
	assert_int_equal(parse("GET / HTTP/1.1\r\nHost: a\r\nConnection: x, CLOSE\r\n\r\n"), BJ_OK);
	assert_false(request.keep_alive);
	assert_int_equal(parse("GET / HTTP/1.0\r\n\r\n"), BJ_OK);
	assert_true(!request.keep_alive && request.host.host.len == 0);
	assert_int_equal(parse("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\nExpect: nonsense\r\n\r\n"), BJ_OK);
	assert_true(request.keep_alive && !request.expect_continue);
	assert_int_equal(parse("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nConnection: keep-alive\r\n\r\n"), BJ_OK);
	assert_false(request.keep_alive);
	assert_int_equal(parse("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: CHUNKED\r\n\r\n"), BJ_OK);
	assert_int_equal(request.framing.kind, HTTP_BODY_CHUNKED);
}

#define WEBSOCKET "Upgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"

static void only_a_whole_websocket_handshake_upgrades(void **state)
{
	assert_int_equal(parse("GET / HTTP/1.1\r\nHost: a\r\n" WEBSOCKET "\r\n"), BJ_OK);
	assert_false(request.upgrade_websocket);
	assert_int_equal(parse("POST / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\n" WEBSOCKET "\r\n"), BJ_OK);
	assert_false(request.upgrade_websocket);
	assert_int_equal(parse("GET / HTTP/1.0\r\nHost: a\r\nConnection: upgrade\r\n" WEBSOCKET "\r\n"), BJ_OK);
	assert_false(request.upgrade_websocket);
	assert_int_equal(parse("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nContent-Length: 0\r\n" WEBSOCKET "\r\n"), BJ_OK);
	assert_false(request.upgrade_websocket);
	assert_int_equal(parse("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"), BJ_OK);
	assert_false(request.upgrade_websocket);
	assert_int_equal(parse("GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\n" WEBSOCKET "\r\n"), BJ_OK);
	assert_true(request.upgrade_websocket);
}

/* What one request becomes, as bytes. */
static void becomes(const char *text, const char *wanted)
{
	pass_request(text, strlen(text), SIZE_MAX / 2, &passed);
	if (passed.err || !bytes_equal(bytes_of(passed.out, passed.out_len), bytes_text(wanted)))
		fail_msg("error %d:\n%.*s", (int)passed.err, (int)passed.out_len, (const char *)passed.out);
}

static void what_belongs_to_one_connection_is_not_passed_on(void **state)
{
	becomes("GET / HTTP/1.1\r\nHost: a\r\nKeep-Alive: timeout=5\r\nProxy-Connection: x\r\nProxy-Authorization: x\r\nTE: trailers\r\n"
		"Trailer: X\r\nUpgrade: foo\r\nConnection: upgrade, te\r\nProxy: http://evil\r\nX_Y: 1\r\nAccept: */*\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n");
	becomes("GET / HTTP/1.1\r\nConnection: Cookie\r\nHost: a\r\nCookie: a=b\r\nConnection: x-forwarded-for\r\nX-Forwarded-For: 1\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	becomes("GET / HTTP/1.1\r\nHost: a\r\nConnection: connection, close\r\nX: 1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n\r\n");
	becomes("GET /c HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\n" WEBSOCKET "\r\n",
		"GET /c HTTP/1.1\r\nHost: a\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
		"Connection: upgrade\r\nUpgrade: websocket\r\n\r\n");
}

static void heads_are_written_in_one_form(void **state)
{
	becomes("GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.1\r\nHost: default\r\n\r\n");
	becomes("OPTIONS * HTTP/1.1\r\nHost: A.:80\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: a:80\r\n\r\n");
	becomes("GET HTTPS://B?x HTTP/1.1\r\nHost: a\r\n\r\n", "GET /?x HTTP/1.1\r\nHost: b\r\n\r\n");
	becomes("GET / HTTP/1.1\r\nhOST:a\r\naCCEPT:  \t x \t\r\nX-Own-Name:\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nAccept: x\r\nX-Own-Name: \r\n\r\n");
	becomes("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0005\r\nExpect: 100-continue\r\n\r\nhello",
		"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello");
	becomes("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
	becomes("CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n", "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n");
}

static void a_head_that_does_not_fit_the_buffer_is_told(void **state)
{
	uint8_t buf[30];
	struct writer w = wr_make(buf, sizeof(buf));

	assert_int_equal(parse("GET / HTTP/1.1\r\nHost: a\r\nX: 0123456789\r\n\r\n"), BJ_OK);
	h1_request_write(&w, &request, false, bytes_of(NULL, 0));
	assert_false(wr_ok(&w));
}

static void a_parser_that_saw_nothing_is_fresh(void **state)
{
	struct h1_parser parser;
	size_t used;
	bool done;

	http_fields_init(&request.fields, test_arena, sizeof(test_arena), 100);
	h1_parser_init(&parser, 1000);
	assert_true(h1_parser_is_fresh(&parser));
	assert_int_equal(h1_request_feed(&parser, &request, "G", 1, &used, &done), BJ_OK);
	assert_false(h1_parser_is_fresh(&parser));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(malformed_heads_are_refused_with_their_status),
		cmocka_unit_test(too_many_names_in_connection_are_refused),
		cmocka_unit_test(the_size_of_a_head_is_a_limit_to_the_byte),
		cmocka_unit_test(count_and_arena_are_limits),
		cmocka_unit_test(a_long_target_is_a_limit_of_its_own),
		cmocka_unit_test(names_at_the_edges_of_integers_are_counted_right),
		cmocka_unit_test(one_empty_line_before_a_request_is_passed_over),
		cmocka_unit_test(the_method_of_a_refused_request_is_its_own),
		cmocka_unit_test(a_head_says_what_it_means),
		cmocka_unit_test(only_a_whole_websocket_handshake_upgrades),
		cmocka_unit_test(what_belongs_to_one_connection_is_not_passed_on),
		cmocka_unit_test(heads_are_written_in_one_form),
		cmocka_unit_test(a_head_that_does_not_fit_the_buffer_is_told),
		cmocka_unit_test(a_parser_that_saw_nothing_is_fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
