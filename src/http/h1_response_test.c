/* h1_response_test.c - response heads: refused, framed, made clean; the proxy's own answers. */
#include "http/h1_test.h"

static struct http_response response;
static uint8_t out[8192];

static enum bj_err parse(const char *text, size_t step, enum http_method method, bool upgrade_asked)
{
	struct h1_parser parser;
	size_t len = strlen(text), pos = 0, end = 0, used;
	bool done = false;
	enum bj_err err = BJ_OK;

	memset(&response, 0, sizeof(response));
	http_fields_init(&response.fields, test_arena, sizeof(test_arena), 100);
	h1_parser_init(&parser, 16384);
	while (end < len && !err && !done) {
		end = len - end < step ? len : end + step;
		err = h1_response_feed(&parser, &response, method, upgrade_asked, text + pos, end - pos, &used, &done);
		pos += used;
	}
	if (!err)
		assert_true(done);
	return err;
}

static void malformed_responses_are_refused(void **state)
{
	static const char *const rows[] = {
		"X", "HTTP/1.1\r\n\r\n", "HTTP/1.1 \r\n\r\n", "HTTP/1.1 20\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1 099 X\r\n\r\n",
		"HTTP/1.1 600 X\r\n\r\n", "HTTP/1.1 abc X\r\n\r\n", "HTTP/1.1  200 OK\r\n\r\n", "HTTP/2.0 200 OK\r\n\r\n", "HTTP/1.2 200 OK\r\n\r\n",
		"HTTP/1.1 200 O\001K\r\n\r\n", "http/1.1 200 OK\r\n\r\n", "\r\nHTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\n\n",
		"HTTP/1.1 200 OK\r\nX : y\r\n\r\n", "HTTP/1.1 200 OK\r\n X: y\r\n\r\n", "HTTP/1.1 200 OK\r\nX: y\r\n z\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, identity\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
		"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
		"HTTP/1.1 304 X\r\nContent-Length: x\r\n\r\n",
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
		for (size_t step = 1; step <= strlen(rows[i]); step++)
			if (parse(rows[i], step, HTTP_GET, false) != BJ_ERR_HTTP_BAD_RESPONSE)
				fail_msg("accepted: %s", rows[i]);
	assert_int_equal(http_status_of(BJ_ERR_HTTP_BAD_RESPONSE), 502);
}

static void a_switch_of_protocols_must_be_the_one_that_was_asked_for(void **state)
{
	assert_int_equal(parse("HTTP/1.1 101 X\r\nUpgrade: websocket\r\n\r\n", 99, HTTP_GET, true), BJ_ERR_HTTP_BAD_RESPONSE);
	assert_int_equal(parse("HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n", 99, HTTP_GET, true), BJ_ERR_HTTP_BAD_RESPONSE);
	assert_int_equal(parse("HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", 99, HTTP_GET, true), BJ_OK);
	assert_int_equal(response.framing.kind, HTTP_BODY_TUNNEL);
}

static void each_response_frames_its_body(void **state)
{
	static const struct {
		enum http_method method;
		const char *text;
		enum http_body_kind kind;
		uint64_t length;
		bool keep_alive;
	} rows[] = {
		{ HTTP_GET, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", HTTP_BODY_LENGTH, 5, true },
		{ HTTP_GET, "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", HTTP_BODY_LENGTH, 0, true },
		{ HTTP_GET, "HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n", HTTP_BODY_CHUNKED, 0, true },
		{ HTTP_GET, "HTTP/1.1 200 OK\r\n\r\n", HTTP_BODY_CLOSE, 0, false },
		{ HTTP_GET, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n", HTTP_BODY_LENGTH, 5, false },
		{ HTTP_GET, "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n", HTTP_BODY_LENGTH, 5, false },
		{ HTTP_GET, "HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\n", HTTP_BODY_LENGTH, 5, true },
		{ HTTP_GET, "HTTP/1.1 204 X\r\nContent-Length: 5\r\n\r\n", HTTP_BODY_NONE, 0, false },
		{ HTTP_GET, "HTTP/1.1 304 X\r\nContent-Length: 5\r\n\r\n", HTTP_BODY_NONE, 0, true },
		{ HTTP_GET, "HTTP/1.1 100 Continue\r\n\r\n", HTTP_BODY_NONE, 0, true },
		{ HTTP_GET, "HTTP/1.1 103 X\r\nLink: </a>\r\n\r\n", HTTP_BODY_NONE, 0, true },
		{ HTTP_HEAD, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", HTTP_BODY_NONE, 0, true },
		{ HTTP_HEAD, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", HTTP_BODY_NONE, 0, true },
		{ HTTP_CONNECT, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", HTTP_BODY_TUNNEL, 0, false },
		{ HTTP_CONNECT, "HTTP/1.1 403 X\r\nContent-Length: 5\r\n\r\n", HTTP_BODY_LENGTH, 5, true },
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		if (parse(rows[i].text, 7, rows[i].method, false) != BJ_OK)
			fail_msg("refused: %s", rows[i].text);
		if (response.framing.kind != rows[i].kind || response.framing.length != rows[i].length ||
		    response.keep_alive != rows[i].keep_alive)
			fail_msg("%s: kind %d, length %llu, keep alive %d", rows[i].text, (int)response.framing.kind,
				 (unsigned long long)response.framing.length, response.keep_alive);
	}
}

static void becomes(enum http_method method, const char *text, uint8_t client_version, bool close, const char *wanted)
{
	struct writer w = wr_make(out, sizeof(out));
	struct http_framing framing;

	assert_int_equal(parse(text, 99, method, true), BJ_OK);
	framing = response.framing;
	if (framing.kind == HTTP_BODY_CHUNKED && client_version < HTTP_1_1)
		framing.kind = HTTP_BODY_CLOSE;
	http_response_strip(&response);
	h1_response_write(&w, &response, &framing, client_version, close);
	if (!wr_ok(&w) || !bytes_equal(wr_view(&w), bytes_text(wanted)))
		fail_msg("%.*s", (int)w.len, (const char *)out);
}

static void responses_are_written_in_one_form(void **state)
{
	becomes(HTTP_GET, "HTTP/1.0 200  fine \r\nset-cookie: a\r\nKeep-Alive: 5\r\nConnection: x-a\r\nX-A: 1\r\nX_B: 2\r\nContent-Length: 05\r\n\r\n", HTTP_1_1,
		false, "HTTP/1.1 200 fine\r\nSet-Cookie: a\r\nX_B: 2\r\nContent-Length: 5\r\n\r\n");
	becomes(HTTP_GET, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", HTTP_1_1, false,
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
	becomes(HTTP_GET, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", HTTP_1_0, false,
		"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
	becomes(HTTP_GET, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n", HTTP_1_0, false,
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: keep-alive\r\n\r\n");
	becomes(HTTP_GET, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n", HTTP_1_1, true,
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\n");
	becomes(HTTP_HEAD, "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n", HTTP_1_1, false, "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n");
	becomes(HTTP_GET, "HTTP/1.1 204 No\r\nContent-Length: 7\r\n\r\n", HTTP_1_1, false, "HTTP/1.1 204 No\r\n\r\n");
	becomes(HTTP_GET, "HTTP/1.1 304 No\r\nContent-Length: 7\r\n\r\n", HTTP_1_1, false, "HTTP/1.1 304 No\r\nContent-Length: 7\r\n\r\n");
	becomes(HTTP_GET, "HTTP/1.1 100 C\r\n\r\n", HTTP_1_1, true, "HTTP/1.1 100 C\r\n\r\n");
	becomes(HTTP_GET, "HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Accept: x\r\n\r\n", HTTP_1_1, false,
		"HTTP/1.1 101 S\r\nSec-WebSocket-Accept: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n");
}

static void a_connection_is_not_used_again_behind_a_204_that_announces_content(void **state)
{
	assert_int_equal(parse("HTTP/1.1 204 No\r\nContent-Length: 7\r\n\r\n", 99, HTTP_GET, false), BJ_OK);
	assert_false(response.keep_alive);
	assert_int_equal(parse("HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n", 99, HTTP_GET, false), BJ_OK);
	assert_false(response.keep_alive);
	assert_int_equal(parse("HTTP/1.1 204 No\r\nContent-Length: 0\r\n\r\n", 99, HTTP_GET, false), BJ_OK);
	assert_true(response.keep_alive);
	assert_int_equal(parse("HTTP/1.1 304 No\r\nContent-Length: 7\r\n\r\n", 99, HTTP_GET, false), BJ_OK);
	assert_true(response.keep_alive);
}

static void a_proxys_own_answer_is_a_whole_response(void **state)
{
	struct writer w = wr_make(out, sizeof(out));

	h1_error_write(&w, 404, false, true, 784111777, BYTES_LIT("X: y\r\n"));
	assert_true(bytes_equal(wr_view(&w), BYTES_LIT("HTTP/1.1 404 Not Found\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
						       "Content-Type: text/plain; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\nX: y\r\n"
						       "Content-Length: 14\r\nConnection: close\r\n\r\n404 Not Found\n")));
	for (unsigned status = 400; status < 600; status++) {
		w = wr_make(out, sizeof(out));
		h1_error_write(&w, status, false, false, 0, bytes_of(NULL, 0));
		out[w.len] = 0;
		assert_int_equal(parse((const char *)out, 50, HTTP_GET, false), BJ_OK);
		assert_int_equal(strlen(strstr((const char *)out, "\r\n\r\n") + 4), response.framing.length);
		w = wr_make(out, sizeof(out));
		h1_error_write(&w, status, true, false, 0, bytes_of(NULL, 0));
		assert_memory_equal(out + w.len - 4, "\r\n\r\n", 4);
	}
}

static void dates_are_right_over_leap_years(void **state)
{
	static const struct {
		int64_t now;
		const char *text;
	} rows[] = {
		{ -5, "Thu, 01 Jan 1970 00:00:00 GMT" },	 { 0, "Thu, 01 Jan 1970 00:00:00 GMT" },
		{ 784111777, "Sun, 06 Nov 1994 08:49:37 GMT" }, { 951782400, "Tue, 29 Feb 2000 00:00:00 GMT" },
		{ 951868800, "Wed, 01 Mar 2000 00:00:00 GMT" }, { 1709164800, "Thu, 29 Feb 2024 00:00:00 GMT" },
		{ 1735689599, "Tue, 31 Dec 2024 23:59:59 GMT" }, { 4107542400, "Mon, 01 Mar 2100 00:00:00 GMT" },
		{ 253402300799, "Fri, 31 Dec 9999 23:59:59 GMT" }, { INT64_MAX, "Fri, 31 Dec 9999 23:59:59 GMT" },
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		char date[HTTP_DATE_LEN + 1];

		http_date_write(rows[i].now, date);
		assert_string_equal(date, rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(malformed_responses_are_refused),
		cmocka_unit_test(a_switch_of_protocols_must_be_the_one_that_was_asked_for),
		cmocka_unit_test(each_response_frames_its_body),
		cmocka_unit_test(responses_are_written_in_one_form),
		cmocka_unit_test(a_connection_is_not_used_again_behind_a_204_that_announces_content),
		cmocka_unit_test(a_proxys_own_answer_is_a_whole_response),
		cmocka_unit_test(dates_are_right_over_leap_years),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
