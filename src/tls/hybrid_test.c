/* hybrid_test.c - the hybrid groups in handshakes: shares that are cut, groups that were not sent; then every way to agree on one. */
#include "tls/fixture.h"
#include "tls/group.h"
#include "tls/msg/client_hello.h"
#include "tls/msg/server_hello.h"

#define HEADERS (5 + 4) /* of the record and of the message */

static void setup_again(void)
{
	ends_teardown(NULL);
	ends_setup(NULL);
}

static void groups_set(struct bj_tls_config *config, uint16_t first, uint16_t second)
{
	const uint16_t groups[] = { first, second };

	assert_int_equal(bj_tls_config_groups(config, groups, second ? 2 : 1), BJ_OK);
}

static void expect_group(uint16_t group, bool retried)
{
	struct bj_tls_report ours = report_of(&pair.client), theirs = report_of(&pair.server);

	assert_int_equal(pair.client.err, BJ_OK);
	assert_int_equal(pair.server.err, BJ_OK);
	assert_int_equal(ours.group, group);
	assert_int_equal(theirs.group, group);
	assert_int_equal(ours.retried, retried);
	assert_int_equal(theirs.retried, retried);
	pair_echo(&pair);
}

/* The body of the message in the first record that `from` sends, into `buf`. */
static struct bj_bytes first_message(struct bj_tls *from, uint8_t *buf, size_t cap)
{
	size_t len = bj_tls_pull(from, buf, cap);

	assert_true(len > HEADERS);
	return bytes_of(buf + HEADERS, (size_t)buf[7] << 8 | buf[8]);
}

/* Feeds the message that is in buf + 5, in a record, from memory that ends with it. */
static enum bj_err feed_message(struct bj_tls *to, const uint8_t *message, size_t len)
{
	uint8_t *record = malloc(5 + len);
	struct bj_tls_fed fed;
	enum bj_err err;

	memcpy(record, (const uint8_t[]){ 22, 3, 3, (uint8_t)(len >> 8), (uint8_t)len }, 5);
	memcpy(record + 5, message, len);
	err = bj_tls_feed(to, NOW_MS, record, 5 + len, &fed);
	free(record);
	return err;
}

static void client_shares_cut_anywhere_are_refused(uint16_t group)
{
	static uint8_t sent[8192], shares[2048], message[8192];
	size_t whole = kex_public_len((enum kex_group)group);
	struct client_hello hello;
	struct bj_bytes key;

	groups_set(client, group, 0);
	groups_set(server, group, 0);
	pair_start(&pair, client, server, PKI_NAME);
	assert_int_equal(bj_tls_start(pair.client.conn, NOW_MS), BJ_OK);
	assert_int_equal(client_hello_parse(first_message(pair.client.conn, sent, sizeof(sent)), &hello), BJ_OK);
	assert_true(key_share_find(hello.shares, group, &key));
	assert_int_equal(key.len, whole);
	for (size_t len = 0; len < whole + 2; len++) {
		struct writer list = wr_make(shares, sizeof(shares)), w = wr_make(message, sizeof(message));
		struct client_hello cut = hello;
		struct bj_tls *conn;
		enum bj_err err;

		memset(shares, 0, sizeof(shares));
		memcpy(shares + 4, key.ptr, key.len);
		key_share_add(&list, group, bytes_of(shares + 4, len));
		cut.shares = wr_view(&list);
		client_hello_write(&w, &cut);
		assert_true(wr_ok(&w));
		assert_int_equal(bj_tls_new(server, NULL, &conn), BJ_OK);
		err = feed_message(conn, message, w.len);
		assert_int_equal(err, len == whole ? BJ_OK : len == 0 ? BJ_ERR_DECODE : BJ_ERR_BAD_KEY_SHARE);
		bj_tls_free(conn);
	}
}

static void a_clients_share_of_x25519mlkem768_cut_anywhere_is_refused(void **state)
{
	client_shares_cut_anywhere_are_refused(KEX_X25519MLKEM768);
}

static void a_clients_share_of_secp256r1mlkem768_cut_anywhere_is_refused(void **state)
{
	client_shares_cut_anywhere_are_refused(KEX_SECP256R1MLKEM768);
}

static void a_clients_share_of_mlkem1024_cut_anywhere_is_refused(void **state)
{
	client_shares_cut_anywhere_are_refused(KEX_MLKEM1024);
}

static void a_share_longer_than_any_is_refused(void **state)
{
	static uint8_t sent[8192], shares[8192], message[16384], zeros[4096];
	struct writer list = wr_make(shares, sizeof(shares)), w = wr_make(message, sizeof(message));
	struct client_hello hello;

	pair_start(&pair, client, server, PKI_NAME);
	assert_int_equal(bj_tls_start(pair.client.conn, NOW_MS), BJ_OK);
	assert_int_equal(client_hello_parse(first_message(pair.client.conn, sent, sizeof(sent)), &hello), BJ_OK);
	key_share_add(&list, KEX_X25519MLKEM768, bytes_of(zeros, sizeof(zeros)));
	hello.shares = wr_view(&list);
	client_hello_write(&w, &hello);
	assert_int_equal(feed_message(pair.server.conn, message, w.len), BJ_ERR_BAD_KEY_SHARE);
	assert_int_equal(report_of(&pair.server).alert_sent, ALERT_ILLEGAL_PARAMETER);
}

/* A ServerHello with `share` in the place of its own, to a fresh client. */
static enum bj_err answer_with(uint16_t group, struct bj_bytes (*change)(struct bj_bytes share, size_t n), size_t n)
{
	static uint8_t sent[8192], answer[8192], message[4096];
	struct writer w = wr_make(message, sizeof(message));
	struct server_hello hello;
	struct bj_bytes first;
	enum bj_err err;

	pair_start(&pair, client, server, PKI_NAME);
	assert_int_equal(bj_tls_start(pair.client.conn, NOW_MS), BJ_OK);
	first = first_message(pair.client.conn, sent, sizeof(sent));
	assert_int_equal(feed_message(pair.server.conn, first.ptr - 4, first.len + 4), BJ_OK);
	assert_int_equal(server_hello_parse(first_message(pair.server.conn, answer, sizeof(answer)), ~0u, &hello), BJ_OK);
	hello.share.group = group;
	hello.share.key = change(hello.share.key, n);
	server_hello_write(&w, &hello);
	assert_true(wr_ok(&w));
	err = feed_message(pair.client.conn, message, w.len);
	pair_fini(&pair);
	memset(&pair, 0, sizeof(pair));
	return err;
}

static struct bj_bytes cut(struct bj_bytes share, size_t n)
{
	return bytes_of(share.ptr, n < share.len ? n : share.len);
}

static struct bj_bytes without_plain(struct bj_bytes share, size_t n)
{
	memset((uint8_t *)(uintptr_t)share.ptr + share.len - n, 0, n);
	return share;
}

static void a_servers_share_cut_anywhere_is_refused(void **state)
{
	static const struct {
		uint16_t group;
		size_t whole;
	} rows[] = { { KEX_X25519MLKEM768, 1088 + 32 }, { KEX_SECP256R1MLKEM768, 1088 + 65 }, { KEX_MLKEM1024, 1568 } };

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		const size_t whole = rows[i].whole;
		uint16_t group = rows[i].group;

		groups_set(client, group, 0);
		groups_set(server, group, 0);
		for (size_t len = 0; len <= whole; len++)
			assert_int_equal(answer_with(group, cut, len), len == whole ? BJ_OK : len == 0 ? BJ_ERR_DECODE : BJ_ERR_BAD_KEY_SHARE);
		setup_again();
	}
}

static void an_x25519_half_of_zeros_is_refused_by_the_client(void **state)
{
	assert_int_equal(answer_with(KEX_X25519MLKEM768, without_plain, 32), BJ_ERR_BAD_KEY_SHARE);
}

/* The plain half of a hybrid is no share of its own where it was not sent as one. */
static void a_half_that_was_not_offered_or_not_sent_is_refused(void **state)
{
	groups_set(client, KEX_X25519MLKEM768, 0);
	assert_int_equal(answer_with(KEX_X25519, cut, 32), BJ_ERR_ILLEGAL_PARAMETER);
	setup_again();
	groups_set(client, KEX_X25519MLKEM768, KEX_X25519);
	assert_int_equal(bj_tls_config_key_shares(client, 1), BJ_OK);
	assert_int_equal(answer_with(KEX_X25519, cut, 32), BJ_ERR_ILLEGAL_PARAMETER);
	setup_again();
	groups_set(client, KEX_X25519MLKEM768, KEX_X25519);
	assert_int_equal(answer_with(KEX_X25519, cut, 32), BJ_OK); /* the control: sent, so taken */
}

static void hybrids_alone_cannot_be_of_12(void **state)
{
	groups_set(client, KEX_X25519MLKEM768, KEX_SECP256R1MLKEM768);
	assert_int_equal(bj_tls_config_versions(client, BJ_TLS_1_2, BJ_TLS_1_2), BJ_OK);
	assert_int_equal(bj_tls_config_freeze(client), BJ_ERR_CONFIG_EMPTY);
	setup_again();
	groups_set(client, KEX_MLKEM1024, 0);
	assert_int_equal(bj_tls_config_versions(client, BJ_TLS_1_2, BJ_TLS_1_2), BJ_OK);
	assert_int_equal(bj_tls_config_freeze(client), BJ_ERR_CONFIG_EMPTY);
}

static void a_client_of_12_offers_no_hybrid(void **state)
{
	static uint8_t sent[4096];
	struct client_hello hello;

	assert_int_equal(bj_tls_config_versions(client, BJ_TLS_1_2, BJ_TLS_1_2), BJ_OK);
	pair_start(&pair, client, server, PKI_NAME);
	assert_int_equal(bj_tls_start(pair.client.conn, NOW_MS), BJ_OK);
	assert_int_equal(client_hello_parse(first_message(pair.client.conn, sent, sizeof(sent)), &hello), BJ_OK);
	assert_false(codes_have(hello.groups, KEX_X25519MLKEM768));
	assert_false(codes_have(hello.groups, KEX_SECP256R1MLKEM768));
	assert_true(codes_have(hello.groups, KEX_X25519));
	assert_false(group_find(KEX_X25519MLKEM768)->in_12);
	assert_false(group_find(KEX_SECP256R1MLKEM768)->in_12);
}

/* Off by default on both sides: no hello has it, and no server takes it. */
static void mlkem1024_is_used_by_nobody_who_did_not_name_it(void **state)
{
	static const char *const profiles[] = { "intermediate", "modern" };

	for (size_t i = 0; i < ARRAY_COUNT(profiles); i++) {
		assert_int_equal(bj_tls_config_profile(client, profiles[i]), BJ_OK);
		assert_false(codes_have(config_codes_view(&client->groups), KEX_MLKEM1024));
	}
	groups_set(client, KEX_MLKEM1024, 0);
	pair_start(&pair, client, server, PKI_NAME);
	pair_shake(&pair);
	assert_int_equal(pair.server.err, BJ_ERR_NO_COMMON_GROUP);
}

/* ---- what must work */

static void mlkem1024_is_agreed_where_both_name_it(void **state)
{
	assert_int_equal(bj_tls_group_by_name("MLKEM1024"), KEX_MLKEM1024);
	groups_set(client, KEX_MLKEM1024, KEX_X25519);
	groups_set(server, KEX_MLKEM1024, KEX_X25519);
	ends_shake();
	expect_group(KEX_MLKEM1024, false);
}

/* The client's guess was X25519; whose order counts is asked too. */
static void order_comes_before_shares_only_where_the_server_says_so(void **state)
{
	static const struct {
		bool own, retry;
		uint16_t group;
	} rows[] = {
		{ true, true, KEX_MLKEM1024 }, { true, false, KEX_X25519 }, { false, true, KEX_X25519 }, { false, false, KEX_X25519 },
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		groups_set(client, KEX_X25519, KEX_MLKEM1024);
		groups_set(server, KEX_MLKEM1024, KEX_X25519);
		assert_int_equal(bj_tls_config_prefer_own_order(server, rows[i].own), BJ_OK);
		assert_int_equal(bj_tls_config_retry_for_group(server, rows[i].retry), BJ_OK);
		ends_shake();
		expect_group(rows[i].group, rows[i].group == KEX_MLKEM1024);
		assert_int_equal(bj_tls_config_retry_for_group(server, false), BJ_ERR_CONFIG_FROZEN);
		setup_again();
	}
}

static void a_share_of_a_lower_group_does_not_keep_the_first_of_the_client_away(void **state)
{
	static const uint16_t p256 = KEX_P256;

	groups_set(client, KEX_X25519, KEX_P256);
	assert_int_equal(bj_tls_config_key_share_groups(client, &p256, 1), BJ_OK);
	assert_int_equal(bj_tls_config_retry_for_group(server, true), BJ_OK);
	ends_shake();
	expect_group(KEX_X25519, true);
}

static void the_usual_hello_has_the_hybrid_first_and_its_half_as_a_share_too(void **state)
{
	static uint8_t sent[8192];
	struct bj_bytes hybrid, plain;
	struct client_hello hello;

	pair_start(&pair, client, server, PKI_NAME);
	assert_int_equal(bj_tls_start(pair.client.conn, NOW_MS), BJ_OK);
	assert_int_equal(client_hello_parse(first_message(pair.client.conn, sent, sizeof(sent)), &hello), BJ_OK);
	assert_int_equal(codes_at(hello.groups, 0), KEX_X25519MLKEM768);
	assert_true(key_share_find(hello.shares, KEX_X25519MLKEM768, &hybrid));
	assert_true(key_share_find(hello.shares, KEX_X25519, &plain));
	assert_int_equal(hybrid.len, 1216);
	assert_int_equal(hello.shares.len, 4 + 1216 + 4 + 32);
	assert_memory_equal(plain.ptr, hybrid.ptr + hybrid.len - 32, 32);
}

static void both_sides_prefer_the_hybrid(void **state)
{
	ends_shake();
	expect_group(KEX_X25519MLKEM768, false);
}

static void a_server_without_the_hybrid_takes_its_half_without_a_retry(void **state)
{
	groups_set(server, KEX_X25519, KEX_P256);
	ends_shake();
	expect_group(KEX_X25519, false);
}

static void a_client_without_the_hybrid_is_served(void **state)
{
	groups_set(client, KEX_X25519, KEX_P256);
	ends_shake();
	expect_group(KEX_X25519, false);
}

static void a_server_can_ask_for_the_hybrid(void **state)
{
	static const uint16_t hybrids[] = { KEX_X25519MLKEM768, KEX_SECP256R1MLKEM768 };

	for (size_t i = 0; i < 2; i++) {
		groups_set(client, KEX_X25519, hybrids[i]);
		groups_set(server, hybrids[i], 0);
		ends_shake();
		expect_group(hybrids[i], true);
		setup_again();
	}
}

static void a_server_can_ask_for_something_else(void **state)
{
	groups_set(client, KEX_X25519MLKEM768, KEX_P384);
	groups_set(server, KEX_P384, 0);
	ends_shake();
	expect_group(KEX_P384, true);
}

static void a_server_can_ask_for_the_half_that_was_not_sent(void **state)
{
	groups_set(client, KEX_X25519MLKEM768, KEX_X25519);
	assert_int_equal(bj_tls_config_key_shares(client, 1), BJ_OK);
	groups_set(server, KEX_X25519, 0);
	ends_shake();
	expect_group(KEX_X25519, true);
}

static void the_half_serves_in_12_too(void **state)
{
	assert_int_equal(bj_tls_config_versions(server, BJ_TLS_1_2, BJ_TLS_1_2), BJ_OK);
	ends_shake();
	expect_group(KEX_X25519, false);
	assert_int_equal(report_of(&pair.client).version, BJ_TLS_1_2);
}

static void a_12_server_that_wants_another_group_gets_it(void **state)
{
	assert_int_equal(bj_tls_config_versions(server, BJ_TLS_1_2, BJ_TLS_1_2), BJ_OK);
	groups_set(server, KEX_P256, 0);
	ends_shake();
	expect_group(KEX_P256, false);
}

static void both_hybrids_work_one_byte_at_a_time(void **state)
{
	static const uint16_t hybrids[] = { KEX_X25519MLKEM768, KEX_SECP256R1MLKEM768 };

	for (size_t i = 0; i < 2; i++) {
		groups_set(client, hybrids[i], 0);
		pair_start(&pair, client, server, PKI_NAME);
		pair.chunk = 1;
		pair_shake(&pair);
		expect_group(hybrids[i], false);
		setup_again();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, ends_setup, ends_teardown)
		TEST(a_clients_share_of_x25519mlkem768_cut_anywhere_is_refused),
		TEST(a_clients_share_of_mlkem1024_cut_anywhere_is_refused),
		TEST(mlkem1024_is_used_by_nobody_who_did_not_name_it),
		TEST(mlkem1024_is_agreed_where_both_name_it),
		TEST(order_comes_before_shares_only_where_the_server_says_so),
		TEST(a_share_of_a_lower_group_does_not_keep_the_first_of_the_client_away),
		TEST(a_clients_share_of_secp256r1mlkem768_cut_anywhere_is_refused),
		TEST(a_share_longer_than_any_is_refused),
		TEST(a_servers_share_cut_anywhere_is_refused),
		TEST(an_x25519_half_of_zeros_is_refused_by_the_client),
		TEST(a_half_that_was_not_offered_or_not_sent_is_refused),
		TEST(hybrids_alone_cannot_be_of_12),
		TEST(a_client_of_12_offers_no_hybrid),
		TEST(the_usual_hello_has_the_hybrid_first_and_its_half_as_a_share_too),
		TEST(both_sides_prefer_the_hybrid),
		TEST(a_server_without_the_hybrid_takes_its_half_without_a_retry),
		TEST(a_client_without_the_hybrid_is_served),
		TEST(a_server_can_ask_for_the_hybrid),
		TEST(a_server_can_ask_for_something_else),
		TEST(a_server_can_ask_for_the_half_that_was_not_sent),
		TEST(the_half_serves_in_12_too),
		TEST(a_12_server_that_wants_another_group_gets_it),
		TEST(both_hybrids_work_one_byte_at_a_time),
	};

	return cmocka_run_group_tests(tests, pki_setup, pki_teardown);
}
