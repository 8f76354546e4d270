/* false_start_test.c - data goes out before the server's Finished only where the owner wants it and rfc7918 has no objection. */
#include "tls/fixture.h"

static const uint8_t request[] = "GET / one round trip earlier";
static const char *const h1 = "http/1.1";

static int setup(void **state)
{
	ends_setup(state);
	assert_int_equal(bj_tls_config_versions(client, BJ_TLS_1_2, BJ_TLS_1_2), BJ_OK);
	assert_int_equal(bj_tls_config_alpn(client, &h1, 1), BJ_OK);
	assert_int_equal(bj_tls_config_alpn(server, &h1, 1), BJ_OK);
	assert_int_equal(bj_tls_config_false_start(client, BJ_TLS_FALSE_START_ALPN), BJ_OK);
	return 0;
}

static void setup_again(void)
{
	ends_teardown(NULL);
	setup(NULL);
}

/* Until the client's Finished is made, and the server has not seen it. */
static void half_way(void)
{
	pair_start(&pair, client, server, PKI_NAME);
	assert_int_equal(bj_tls_start(pair.client.conn, NOW_MS), BJ_OK);
	assert_false(bj_tls_may_seal(pair.client.conn));
	side_carry(&pair, &pair.client, &pair.server);
	side_feed(&pair, &pair.server);
	assert_false(bj_tls_may_seal(pair.server.conn));
	side_carry(&pair, &pair.server, &pair.client);
	side_feed(&pair, &pair.client);
	assert_int_equal(pair.client.err, BJ_OK);
}

static enum bj_err seal(void)
{
	struct bj_bytes piece = { request, sizeof(request) };
	size_t used, len;
	enum bj_err err = bj_tls_seal(pair.client.conn, &piece, 1, pair.server.wire + pair.server.wire_len, WIRE_CAP, &used, &len);

	assert_true(err || used == sizeof(request));
	pair.server.wire_len += len;
	return err;
}

static void expect_none(void)
{
	uint8_t out[16];

	half_way();
	assert_false(report_of(&pair.client).handshake_done);
	assert_false(bj_tls_may_seal(pair.client.conn));
	assert_int_equal(seal(), BJ_ERR_STATE);
	assert_int_equal(bj_tls_export(pair.client.conn, "label", NULL, 0, out, sizeof(out)), BJ_ERR_STATE);
	pair_run(&pair);
	assert_int_equal(pair.client.done, 1);
	assert_true(bj_tls_may_seal(pair.client.conn));
	pair_echo(&pair);
}

static void who_did_not_ask_for_it_waits_for_the_server(void **state)
{
	assert_int_equal(bj_tls_config_false_start(client, BJ_TLS_FALSE_START_OFF), BJ_OK);
	expect_none();
}

static void without_a_protocol_only_who_always_wants_it_has_it(void **state)
{
	ends_teardown(NULL);
	ends_setup(NULL);
	assert_int_equal(bj_tls_config_versions(client, BJ_TLS_1_2, BJ_TLS_1_2), BJ_OK);
	assert_int_equal(bj_tls_config_alpn(client, &h1, 1), BJ_OK); /* the server has none */
	assert_int_equal(bj_tls_config_false_start(client, BJ_TLS_FALSE_START_ALPN), BJ_OK);
	expect_none();
	ends_teardown(NULL);
	ends_setup(NULL);
	assert_int_equal(bj_tls_config_versions(client, BJ_TLS_1_2, BJ_TLS_1_2), BJ_OK);
	assert_int_equal(bj_tls_config_false_start(client, BJ_TLS_FALSE_START_ALWAYS), BJ_OK);
	half_way();
	assert_true(bj_tls_may_seal(pair.client.conn));
}

static void without_extended_master_secret_there_is_none(void **state)
{
	half_way();
	assert_true(bj_tls_may_seal(pair.client.conn));
	pair.client.conn->is_unbound = true;
	assert_false(bj_tls_may_seal(pair.client.conn));
	assert_int_equal(seal(), BJ_ERR_STATE);
}

static void a_resumed_handshake_waits_for_the_server(void **state)
{
	static uint8_t blob[SESSION_BLOB_MAX];
	struct bj_bytes session;

	pair_start(&pair, client, server, PKI_NAME);
	pair_shake(&pair);
	session = bj_tls_session(pair.client.conn);
	memcpy(blob, session.ptr, session.len);
	pair_fini(&pair);
	pair_start(&pair, client, server, PKI_NAME);
	assert_int_equal(bj_tls_resume(pair.client.conn, NOW_MS, blob, session.len), BJ_OK);
	pair.chunk = 1;
	assert_int_equal(bj_tls_start(pair.client.conn, NOW_MS), BJ_OK);
	side_carry(&pair, &pair.client, &pair.server);
	side_feed(&pair, &pair.server);
	side_carry(&pair, &pair.server, &pair.client);
	while (pair.client.wire_len > 0 && !report_of(&pair.client).handshake_done) { /* in each state on the way */
		struct bj_tls_fed fed;

		assert_false(bj_tls_may_seal(pair.client.conn));
		for (size_t len = 1; len <= pair.client.wire_len; len++) {
			assert_int_equal(bj_tls_feed(pair.client.conn, NOW_MS, pair.client.wire, len, &fed), BJ_OK);
			if (fed.used == 0)
				continue;
			memmove(pair.client.wire, pair.client.wire + fed.used, pair.client.wire_len - fed.used);
			pair.client.wire_len -= fed.used;
			break;
		}
	}
	assert_true(report_of(&pair.client).resumed);
	assert_true(bj_tls_may_seal(pair.client.conn));
}

static void a_finished_of_the_server_that_is_wrong_ends_what_began(void **state)
{
	half_way();
	assert_int_equal(seal(), BJ_OK);
	side_feed(&pair, &pair.server);
	side_carry(&pair, &pair.server, &pair.client);
	pair.client.wire[pair.client.wire_len - 1] ^= 1; /* the end of its flight is the Finished */
	side_feed(&pair, &pair.client);
	assert_int_equal(pair.client.err, BJ_ERR_BAD_RECORD_MAC);
	assert_int_equal(pair.client.done, 0);
	assert_false(bj_tls_may_seal(pair.client.conn));
	assert_int_equal(seal(), BJ_ERR_BAD_RECORD_MAC);
}

static void servers_and_values_that_do_not_exist_are_refused(void **state)
{
	assert_int_equal(bj_tls_config_false_start(server, BJ_TLS_FALSE_START_ALPN), BJ_ERR_ARGUMENT);
	assert_int_equal(bj_tls_config_false_start(client, (enum bj_tls_false_start)3), BJ_ERR_ARGUMENT);
	assert_int_equal(bj_tls_config_freeze(client), BJ_OK);
	assert_int_equal(bj_tls_config_false_start(client, BJ_TLS_FALSE_START_OFF), BJ_ERR_CONFIG_FROZEN);
}

static void tls_1_3_knows_nothing_of_it(void **state)
{
	ends_teardown(NULL);
	ends_setup(NULL);
	assert_int_equal(bj_tls_config_false_start(client, BJ_TLS_FALSE_START_ALWAYS), BJ_OK);
	pair_start(&pair, client, server, PKI_NAME);
	assert_int_equal(bj_tls_start(pair.client.conn, NOW_MS), BJ_OK);
	assert_false(bj_tls_may_seal(pair.client.conn));
	pair_run(&pair);
	assert_int_equal(report_of(&pair.client).version, BJ_TLS_1_3);
	pair_echo(&pair);
}

static void the_request_is_there_with_our_finished_and_both_export_the_same(void **state)
{
	uint8_t ours[32], theirs[32];

	for (unsigned tickets = 0; tickets < 2; tickets++) {
		if (!tickets) {
			assert_int_equal(bj_tls_config_tickets(client, 0, 7200, 3600, 1), BJ_OK);
		} else {
			setup_again();
		}
		half_way();
		assert_true(bj_tls_may_seal(pair.client.conn));
		assert_false(report_of(&pair.client).handshake_done);
		assert_int_equal(bj_tls_export(pair.client.conn, "label", NULL, 0, ours, sizeof(ours)), BJ_OK);
		assert_int_equal(seal(), BJ_OK);
		assert_int_equal(seal(), BJ_OK);
		side_feed(&pair, &pair.server);
		assert_int_equal(pair.server.done, 1);
		assert_int_equal(pair.server.data_len, 2 * sizeof(request));
		assert_memory_equal(pair.server.data, request, sizeof(request));
		assert_int_equal(bj_tls_export(pair.server.conn, "label", NULL, 0, theirs, sizeof(theirs)), BJ_OK);
		assert_memory_equal(ours, theirs, sizeof(ours));
		pair.server.data_len = 0;
		pair_run(&pair);
		assert_int_equal(pair.client.done, 1);
		pair_echo(&pair);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, ends_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_did_not_ask_for_it_waits_for_the_server),
		TEST(without_a_protocol_only_who_always_wants_it_has_it),
		TEST(without_extended_master_secret_there_is_none),
		TEST(a_resumed_handshake_waits_for_the_server),
		TEST(a_finished_of_the_server_that_is_wrong_ends_what_began),
		TEST(servers_and_values_that_do_not_exist_are_refused),
		TEST(tls_1_3_knows_nothing_of_it),
		TEST(the_request_is_there_with_our_finished_and_both_export_the_same),
	};

	return cmocka_run_group_tests(tests, pki_setup, pki_teardown);
}
