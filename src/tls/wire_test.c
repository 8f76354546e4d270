/* wire_test.c - what a configuration makes of the form of hellos. */
#include "tls/fixture.h"

#include "tls/hello_form.h"

/* ---- a second try */

static void a_fallback_without_need_is_refused_and_one_with_it_is_not(void **state)
{
	for (int needed = 0; needed <= 1; needed++) {
		ends_setup(NULL);
		assert_int_equal(bj_tls_config_versions(client, BJ_TLS_1_2, BJ_TLS_1_2), BJ_OK);
		assert_int_equal(bj_tls_config_fallback(client, true), BJ_OK);
		if (needed)
			assert_int_equal(bj_tls_config_versions(server, BJ_TLS_1_2, BJ_TLS_1_2), BJ_OK);
		ends_shake();
		assert_int_equal(pair.server.err, needed ? BJ_OK : BJ_ERR_INAPPROPRIATE_FALLBACK);
		assert_int_equal(pair.client.done, needed);
		ends_teardown(NULL);
	}
}

/* ---- clients whose credentials do not fit */

static void a_client_that_must_authenticate_does_not_go_on_without_a_name(void **state)
{
	static const uint16_t versions[] = { VERSION_1_2, VERSION_1_3 }, rsa_only = 0x0804;

	for (unsigned i = 0; i < 4; i++) {
		struct bj_credential *own = pki_credential(&pki, ISSUE_CLIENT, KEY_P256, NULL);
		bool must = i / 2;

		ends_make(KEY_RSA);
		assert_int_equal(bj_tls_config_versions(client, versions[i % 2], versions[i % 2]), BJ_OK);
		assert_int_equal(bj_tls_config_credential(client, own), BJ_OK);
		bj_credential_free(own);
		assert_int_equal(bj_tls_config_must_authenticate(client, must), BJ_OK);
		assert_int_equal(bj_tls_config_client_auth(server, BJ_TLS_AUTH_OPTIONAL), BJ_OK);
		assert_int_equal(bj_tls_config_signature_algorithms(server, &rsa_only, 1), BJ_OK);
		ends_shake();
		assert_int_equal(pair.client.err, must ? BJ_ERR_NO_COMMON_SIGNATURE : BJ_OK);
		assert_int_equal(pair.server.done, !must);
		if (!must)
			assert_false(report_of(&pair.server).peer_verified);
		ends_teardown(NULL);
	}
}

/* ---- the form of hellos */

#define HELLOS 24

/* The hellos that a client sent, each copied and parsed. */
static struct seen_hello {
	uint8_t bytes[4096];
	struct client_hello hello;
	uint16_t order[64]; /* types of its extensions */
	size_t count;
} hellos[HELLOS];
static size_t hello_count;

static void hello_tap(void *self, bool to_server, uint8_t *bytes, size_t len)
{
	struct seen_hello *seen = &hellos[hello_count];
	size_t at = 0;
	struct reader r;
	struct ext_view view;

	if (to_server && len > 6 && bytes[0] == RECORD_CCS)
		at = 6;
	if (!to_server || len < at + 9 || bytes[at] != RECORD_HANDSHAKE || bytes[at + 5] != MSG_CLIENT_HELLO)
		return;
	assert_true(hello_count < HELLOS && len - at - 9 <= sizeof(seen->bytes));
	memcpy(seen->bytes, bytes + at + 9, len - at - 9);
	assert_int_equal(client_hello_parse(bytes_of(seen->bytes, len - at - 9), &seen->hello), BJ_OK);
	r = rd_of(seen->hello.extensions);
	for (seen->count = 0; ext_next(&r, &view); seen->count++)
		seen->order[seen->count] = view.type;
	hello_count++;
}

static void shake_seen(void)
{
	pair_start(&pair, client, server, PKI_NAME);
	pair.tap = hello_tap;
	pair_shake(&pair);
	assert_int_equal(pair.client.err, BJ_OK);
	assert_int_equal(pair.server.err, BJ_OK);
	assert_int_equal(pair.client.done, 1);
	pair.tap = NULL;
	pair_echo(&pair);
}

static void every_value_of_grease_is_one(void **state)
{
	bool seen[16] = { false };

	for (unsigned i = 0; i < 256; i++) {
		assert_true(is_grease(grease_value((uint8_t)i)));
		seen[grease_value((uint8_t)i) >> 12] = true;
	}
	for (unsigned i = 0; i < 16; i++)
		assert_true(seen[i]);
}

/* rfc8701:3.1 rfc8701:4.1; in a second hello the same again, which the server checks */
static void grease_stands_everywhere_and_is_never_taken(void **state)
{
	static const uint16_t p256 = KEX_P256, client_groups[] = { KEX_X25519, KEX_P256 };

	for (int round = 0; round < 9; round++) {
		int retry = round % 3 == 1, only_12 = round % 3 == 2;
		const struct client_hello *h = &hellos[0].hello;
		struct reader shares;
		struct key_share share;

		ends_setup(NULL);
		hello_count = 0;
		assert_int_equal(bj_tls_config_grease(client, true), BJ_OK);
		assert_int_equal(bj_tls_config_grease(server, true), BJ_OK);
		if (retry) {
			assert_int_equal(bj_tls_config_groups(client, client_groups, 2), BJ_OK);
			assert_int_equal(bj_tls_config_groups(server, &p256, 1), BJ_OK);
		}
		if (only_12)
			assert_int_equal(bj_tls_config_versions(client, BJ_TLS_1_2, BJ_TLS_1_2), BJ_OK);
		shake_seen();
		assert_int_equal(hello_count, 1 + retry);
		assert_int_equal(report_of(&pair.client).retried, retry);
		assert_true(is_grease(codes_at(h->suites, 0)) && !is_grease(codes_at(h->suites, 1)));
		assert_true(is_grease(codes_at(h->groups, 0)) && !is_grease(codes_at(h->groups, 1)));
		assert_true(is_grease(codes_at(h->schemes, 0)) && !is_grease(codes_at(h->schemes, 1)));
		assert_true(is_grease(hellos[0].order[0]) && is_grease(hellos[0].order[hellos[0].count - 1]));
		assert_true(hellos[0].order[0] != hellos[0].order[hellos[0].count - 1]);
		if (!only_12) {
			assert_true(is_grease(codes_at(h->versions, 0)));
			shares = rd_of(h->shares);
			assert_true(key_share_next(&shares, &share) && share.group == codes_at(h->groups, 0) && share.key.len == 1);
			assert_true(key_share_next(&shares, &share) && !is_grease(share.group));
			assert_true(pair.client.tickets > 0);
		}
		if (retry) { /* the one share that was asked for */
			shares = rd_of(hellos[1].hello.shares);
			assert_true(key_share_next(&shares, &share) && share.group == KEX_P256 && !key_share_next(&shares, &share));
		}
		ends_teardown(NULL);
	}
}

static void extensions_come_in_another_order_each_time_and_the_psk_stays_last(void **state)
{
	static const uint16_t p256 = KEX_P256, client_groups[] = { KEX_X25519, KEX_P256 };
	bool differ = false;

	ends_setup(NULL);
	hello_count = 0;
	assert_int_equal(bj_tls_config_permute(client, true), BJ_OK);
	assert_int_equal(bj_tls_config_groups(client, client_groups, 2), BJ_OK);
	assert_int_equal(bj_tls_config_groups(server, &p256, 1), BJ_OK); /* a retry each time: the second hello is checked by the server */
	for (int i = 0; i < 8; i++) {
		pair_start(&pair, client, server, PKI_NAME);
		pair.tap = hello_tap;
		if (i > 0)
			assert_int_equal(bj_tls_resume(pair.client.conn, pair.now_ms, kept, kept_len), BJ_OK);
		pair_shake(&pair);
		assert_int_equal(pair.client.done, 1);
		assert_int_equal(report_of(&pair.client).resumed, i > 0);
		session_keep();
	}
	assert_int_equal(hello_count, 16);
	for (size_t i = 2; i < hello_count; i++)
		assert_int_equal(hellos[i].order[hellos[i].count - 1], ext_table[EXT_PRE_SHARED_KEY].type);
	for (size_t i = 4; i < hello_count; i += 2)
		differ |= memcmp(hellos[i].order, hellos[2].order, hellos[2].count * sizeof(uint16_t)) != 0;
	assert_true(differ);
	ends_teardown(NULL);
}

static void a_hint_decides_for_which_group_the_share_is(void **state)
{
	static const struct {
		uint16_t hint[2], share;
		bool retried;
	} rows[] = {
		{ { KEX_P384, KEX_P256 }, KEX_P256, true }, /* ours first; the server takes P-384 alone */
		{ { KEX_P384, 0x1234 }, KEX_P384, false },
		{ { 0x1234, 0x2a2a }, KEX_X25519, true },   /* nothing of ours: as if nothing had been said */
	};
	static const uint16_t own[] = { KEX_X25519, KEX_P256, KEX_P384 }, p384 = KEX_P384;

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct key_share share;
		struct reader shares;

		ends_setup(NULL);
		hello_count = 0;
		assert_int_equal(bj_tls_config_groups(client, own, 3), BJ_OK);
		assert_int_equal(bj_tls_config_groups(server, &p384, 1), BJ_OK);
		pair_start(&pair, client, server, PKI_NAME);
		assert_int_equal(bj_tls_hint_groups(pair.server.conn, rows[i].hint, 2), BJ_ERR_STATE);
		assert_int_equal(bj_tls_hint_groups(pair.client.conn, rows[i].hint, 2), BJ_OK);
		pair.tap = hello_tap;
		pair_shake(&pair);
		assert_int_equal(pair.client.done, 1);
		assert_int_equal(bj_tls_hint_groups(pair.client.conn, rows[i].hint, 2), BJ_ERR_STATE);
		shares = rd_of(hellos[0].hello.shares);
		assert_true(key_share_next(&shares, &share) && share.group == rows[i].share && !key_share_next(&shares, &share));
		assert_int_equal(report_of(&pair.client).retried, rows[i].retried);
		ends_teardown(NULL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fallback_without_need_is_refused_and_one_with_it_is_not),
		cmocka_unit_test(every_value_of_grease_is_one),
		cmocka_unit_test(grease_stands_everywhere_and_is_never_taken),
		cmocka_unit_test(extensions_come_in_another_order_each_time_and_the_psk_stays_last),
		cmocka_unit_test(a_hint_decides_for_which_group_the_share_is),
		cmocka_unit_test(a_client_that_must_authenticate_does_not_go_on_without_a_name),
	};

	return cmocka_run_group_tests(tests, pki_setup, pki_teardown);
}
