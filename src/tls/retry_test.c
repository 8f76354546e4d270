/* retry_test.c - a server forgets the first hello and knows it again by its cookie; no other hello goes with it, and none later. */
#include "tls/fixture.h"

#define AGE_S 30


static int setup(void **state)
{
	const uint16_t p384 = KEX_P384;

	ends_setup(state);
	assert_int_equal(bj_tls_config_groups(server, &p384, 1), BJ_OK);
	assert_int_equal(bj_tls_config_cookies(server, AGE_S), BJ_OK);
	kept_len = 0;
	return 0;
}

/* The client's second hello stands on the server's wire; the server that sent the retry is gone, and a new one is there. */
static void retry_and_forget(void)
{
	pair_start(&pair, client, server, PKI_NAME);
	if (kept_len > 0)
		assert_int_equal(bj_tls_resume(pair.client.conn, NOW_MS, kept, kept_len), BJ_OK);
	assert_int_equal(bj_tls_start(pair.client.conn, NOW_MS), BJ_OK);
	ends_forget_the_server();
	side_carry(&pair, &pair.client, &pair.server);
	assert_true(pair.server.wire_len > 0);
}

/* Where the cookie begins in the second hello: behind its extension's type, length and own length. */
static size_t cookie_at(void)
{
	static const uint8_t type[] = { 0, 44 };

	for (size_t i = 0; i + 6 < pair.server.wire_len; i++) {
		size_t outer = (size_t)pair.server.wire[i + 2] << 8 | pair.server.wire[i + 3], inner = (size_t)pair.server.wire[i + 4] << 8 | pair.server.wire[i + 5];

		if (memcmp(pair.server.wire + i, type, sizeof(type)) == 0 && outer == inner + 2 && inner > 64)
			return i + 6;
	}
	fail_msg("there is no cookie");
	return 0;
}

static void expect_open(bool resumed)
{
	pair_run(&pair);
	assert_int_equal(pair.client.err, BJ_OK);
	assert_int_equal(pair.server.err, BJ_OK);
	assert_int_equal(pair.client.done, 1);
	assert_int_equal(pair.server.done, 1);
	assert_int_equal(report_of(&pair.server).resumed, resumed);
	assert_true(report_of(&pair.server).retried);
	pair_echo(&pair);
}

static void every_byte_of_a_cookie_matters(void **state)
{
	for (size_t i = 0; i < 64; i += 7) {
		retry_and_forget();
		pair.server.wire[cookie_at() + i] ^= 1;
		pair_run(&pair);
		assert_int_equal(pair.server.err, BJ_ERR_BAD_RETRY);
		assert_int_equal(report_of(&pair.server).alert_sent, ALERT_ILLEGAL_PARAMETER);
		pair_fini(&pair);
		memset(&pair, 0, sizeof(pair));
	}
}

static void a_cookie_is_for_its_hello_alone(void **state)
{
	static const size_t random_at = 5 + 4 + 2; /* of the hello in its record, which a change_cipher_spec may precede */
	size_t at;

	retry_and_forget();
	at = pair.server.wire[0] == RECORD_CCS ? 6 : 0;
	pair.server.wire[at + random_at] ^= 1;
	pair_run(&pair);
	assert_int_equal(pair.server.err, BJ_ERR_BAD_RETRY);
}

static void a_cookie_ends(void **state)
{
	static const struct { int64_t late_ms; enum bj_err err; } rows[] = {
		{ -CLOCK_SLACK_MS - 1, BJ_ERR_BAD_RETRY }, { -CLOCK_SLACK_MS, BJ_OK },
		{ AGE_S * 1000 + 1, BJ_ERR_BAD_RETRY }, { AGE_S * 1000, BJ_OK }, { 0, BJ_OK },
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		retry_and_forget();
		pair.now_ms += rows[i].late_ms;
		pair_run(&pair);
		assert_int_equal(pair.server.err, rows[i].err);
		pair_fini(&pair);
		memset(&pair, 0, sizeof(pair));
	}
}

static void cookies_of_another_configuration_are_not_taken(void **state)
{
	struct bj_tls_config *other = pki_server_config(&pki, KEY_P256);
	const uint16_t p384 = KEX_P384;

	assert_int_equal(bj_tls_config_groups(other, &p384, 1), BJ_OK);
	assert_int_equal(bj_tls_config_cookies(other, AGE_S), BJ_OK);
	assert_int_equal(bj_tls_config_freeze(other), BJ_OK);
	retry_and_forget();
	bj_tls_free(pair.server.conn);
	assert_int_equal(bj_tls_new(other, NULL, &pair.server.conn), BJ_OK);
	pair_run(&pair);
	assert_int_equal(pair.server.err, BJ_ERR_BAD_RETRY);
	bj_tls_config_free(other);
}

static void the_age_has_its_limits_and_is_a_servers(void **state)
{
	assert_int_equal(bj_tls_config_cookies(client, 1), BJ_ERR_ARGUMENT);
	assert_int_equal(bj_tls_config_cookies(server, 601), BJ_ERR_ARGUMENT);
	assert_int_equal(bj_tls_config_cookies(server, 600), BJ_OK);
}

static void a_new_connection_goes_on_where_another_was_left(void **state)
{
	static const size_t chunks[] = { 0, 1 };
	static const uint16_t suites[] = { 0x1301, 0x1302 };

	for (size_t i = 0; i < ARRAY_COUNT(chunks); i++)
		for (size_t s = 0; s < ARRAY_COUNT(suites); s++) {
			ends_teardown(NULL);
			setup(NULL);
			assert_int_equal(bj_tls_config_suites(server, &suites[s], 1), BJ_OK);
			retry_and_forget();
			pair.chunk = chunks[i];
			expect_open(false);
		}
}

static void it_resumes_sessions_too(void **state)
{
	retry_and_forget();
	expect_open(false);
	session_keep();
	retry_and_forget();
	expect_open(true);
}

static void a_connection_that_stays_knows_its_cookie(void **state)
{
	pair_start(&pair, client, server, PKI_NAME);
	assert_int_equal(bj_tls_start(pair.client.conn, NOW_MS), BJ_OK);
	expect_open(false);
}

/* A server asks the client to say so much again. */
static enum bj_err retry_with_cookie(size_t len)
{
	static uint8_t cookie[UINT16_MAX], message[2 * UINT16_MAX];
	struct bj_tls *conn = pair.client.conn;
	struct writer w = wr_make(message, sizeof(message));
	struct record_keys plain = { 0 };
	const struct server_hello retry = {
		.is_retry = true,
		.legacy_version = VERSION_1_2,
		.session_id = bytes_of(conn->hs->session_id, conn->hs->session_id_len),
		.suite = 0x1301,
		.version = VERSION_1_3,
		.has = EXT_BIT(EXT_SUPPORTED_VERSIONS) | EXT_BIT(EXT_COOKIE),
		.cookie = bytes_of(cookie, len),
	};

	server_hello_write(&w, &retry);
	assert_true(wr_ok(&w));
	for (size_t at = 0, sealed; at < w.len; at += RECORD_PLAIN_MAX) {
		struct bj_bytes piece = bytes_of(message + at, w.len - at < RECORD_PLAIN_MAX ? w.len - at : RECORD_PLAIN_MAX);

		assert_int_equal(record_seal(&plain, RECORD_HANDSHAKE, VERSION_1_2, &piece, 1, pair.client.wire + pair.client.wire_len,
					     WIRE_CAP - pair.client.wire_len, &sealed), BJ_OK);
		pair.client.wire_len += sealed;
	}
	side_feed(&pair, &pair.client);
	return pair.client.err;
}

/* What no hello holds is a limit, not a fault of ours, and the server hears that it is over. */
static void a_cookie_that_no_hello_holds_is_refused(void **state)
{
	uint8_t list[600];
	struct bj_ech_key key;
	size_t len;

	assert_int_equal(bj_ech_key_generate("public.example", 255, 1, NULL, &key), BJ_OK);
	assert_int_equal(bj_ech_config_list(&key, 1, list, sizeof(list), &len), BJ_OK);
	for (unsigned i = 0; i < 6; i++) {
		bool is_long = i & 1;

		ends_teardown(NULL);
		setup(NULL);
		assert_int_equal(bj_tls_config_ech_grease(client, i / 2 == 1), BJ_OK);
		pair_start(&pair, client, server, PKI_NAME);
		if (i / 2 == 2)
			assert_int_equal(bj_tls_ech(pair.client.conn, list, len), BJ_OK);
		assert_int_equal(bj_tls_start(pair.client.conn, NOW_MS), BJ_OK);
		assert_int_equal(retry_with_cookie(is_long ? 65300 : 60000), is_long ? BJ_ERR_LIMIT : BJ_OK);
		assert_int_equal(report_of(&pair.client).alert_sent, is_long ? ALERT_INTERNAL_ERROR : -1);
		if (!is_long)
			assert_true(bj_tls_pending(pair.client.conn) > 60000);
	}
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, ends_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(every_byte_of_a_cookie_matters),
		T(a_cookie_is_for_its_hello_alone),
		T(a_cookie_ends),
		T(cookies_of_another_configuration_are_not_taken),
		T(the_age_has_its_limits_and_is_a_servers),
		T(a_new_connection_goes_on_where_another_was_left),
		T(it_resumes_sessions_too),
		T(a_connection_that_stays_knows_its_cookie),
		T(a_cookie_that_no_hello_holds_is_refused),
	};

	return cmocka_run_group_tests(tests, pki_setup, pki_teardown);
}
