/* pair13_test.c - our client and our server shake hands in TLS 1.3 in memory. */
#include "tls/fixture.h"
#include "tls/group.h"
#include "tls/scheme.h"


/* ---- what must fail */

static void a_stranger_for_a_server_is_refused(void **state)
{
	assert_int_equal(bj_tls_config_trust(client, stranger.trust), BJ_OK);
	pair_start(&pair, client, server, PKI_NAME);
	pair_shake(&pair);
	ends_expect(BJ_ERR_CERT_UNKNOWN_CA, BJ_ERR_ALERT_RECEIVED);
	assert_int_equal(report_of(&pair.server).alert_received, ALERT_UNKNOWN_CA);
	assert_false(report_of(&pair.client).peer_verified);
	assert_non_null(report_of(&pair.client).verdict);
	assert_int_equal(report_of(&pair.client).verdict->err, BJ_ERR_CERT_UNKNOWN_CA);
	assert_string_equal(report_of(&pair.client).message, "Certificate");
}

static void another_name_is_refused(void **state)
{
	pair_start(&pair, client, server, "www.example.org");
	pair_shake(&pair);
	ends_expect(BJ_ERR_CERT_NAME, BJ_ERR_ALERT_RECEIVED);
}

static void an_expired_chain_is_refused(void **state)
{
	pair_start(&pair, client, server, PKI_NAME);
	pair.now_ms += (int64_t)400 * 86400 * 1000;
	pair_shake(&pair);
	ends_expect(BJ_ERR_CERT_EXPIRED, BJ_ERR_ALERT_RECEIVED);
}

static void strict_sni_refuses_unknown_names(void **state)
{
	assert_int_equal(bj_tls_config_strict_sni(server, true), BJ_OK);
	pair_start(&pair, client, server, "www.example.org");
	pair_shake(&pair);
	ends_expect(BJ_ERR_ALERT_RECEIVED, BJ_ERR_UNKNOWN_NAME);
	assert_int_equal(report_of(&pair.client).alert_received, ALERT_UNRECOGNIZED_NAME);
}

static void without_a_common_protocol_there_is_no_connection(void **state)
{
	const char *const h2[] = { "h2" }, *const http[] = { "http/1.1" };

	assert_int_equal(bj_tls_config_alpn(client, h2, 1), BJ_OK);
	assert_int_equal(bj_tls_config_alpn(server, http, 1), BJ_OK);
	pair_start(&pair, client, server, PKI_NAME);
	pair_shake(&pair);
	ends_expect(BJ_ERR_ALERT_RECEIVED, BJ_ERR_NO_ALPN);
}

static void without_a_common_group_there_is_no_connection(void **state)
{
	const uint16_t x25519 = KEX_X25519, p256 = KEX_P256;

	assert_int_equal(bj_tls_config_groups(client, &x25519, 1), BJ_OK);
	assert_int_equal(bj_tls_config_groups(server, &p256, 1), BJ_OK);
	pair_start(&pair, client, server, PKI_NAME);
	pair_shake(&pair);
	ends_expect(BJ_ERR_ALERT_RECEIVED, BJ_ERR_NO_COMMON_GROUP);
}

static void a_required_client_certificate_is_required(void **state)
{
	assert_int_equal(bj_tls_config_client_auth(server, BJ_TLS_AUTH_REQUIRED), BJ_OK);
	pair_start(&pair, client, server, PKI_NAME);
	pair_shake(&pair);
	assert_int_equal(pair.server.err, BJ_ERR_CERTIFICATE_REQUIRED);
	assert_int_equal(pair.client.err, BJ_ERR_ALERT_RECEIVED);
	assert_int_equal(report_of(&pair.client).alert_received, ALERT_CERTIFICATE_REQUIRED);
}

static void give_client_certificate(const struct pki *of, enum issue_kind kind)
{
	struct bj_credential *credential = pki_credential(of, kind, KEY_P256, kind == ISSUE_SERVER ? PKI_NAME : NULL);

	assert_int_equal(bj_tls_config_credential(client, credential), BJ_OK);
	bj_credential_free(credential);
}

static void an_optional_client_certificate_must_be_good(void **state)
{
	assert_int_equal(bj_tls_config_client_auth(server, BJ_TLS_AUTH_OPTIONAL), BJ_OK);
	give_client_certificate(&stranger, ISSUE_CLIENT);
	pair_start(&pair, client, server, PKI_NAME);
	pair_shake(&pair);
	assert_int_equal(pair.server.err, BJ_ERR_CERT_UNKNOWN_CA);
}

static void a_server_certificate_is_no_client_certificate(void **state)
{
	assert_int_equal(bj_tls_config_client_auth(server, BJ_TLS_AUTH_OPTIONAL), BJ_OK);
	give_client_certificate(&pki, ISSUE_SERVER);
	pair_start(&pair, client, server, PKI_NAME);
	pair_shake(&pair);
	assert_int_equal(pair.server.err, BJ_ERR_CERT_PURPOSE);
}

static void ending_without_close_notify_is_truncation(void **state)
{
	pair_start(&pair, client, server, PKI_NAME);
	pair_shake(&pair);
	ends_expect_done();
	assert_int_equal(bj_tls_eof(pair.client.conn), BJ_ERR_TRUNCATED);
	bj_tls_close(pair.server.conn);
	assert_int_equal(bj_tls_error(pair.client.conn), BJ_ERR_TRUNCATED);
}

/* ---- what must work */

static void a_full_handshake_carries_data(void **state)
{
	struct bj_tls_report r;

	pair_start(&pair, client, server, PKI_NAME);
	pair_shake(&pair);
	ends_expect_done();
	pair_echo(&pair);
	r = report_of(&pair.client);
	assert_int_equal(r.version, BJ_TLS_1_3);
	assert_true(r.peer_verified);
	assert_false(r.resumed);
	assert_int_equal(r.group, KEX_X25519MLKEM768);
	assert_int_equal(pair.client.tickets > 0, 1);
	assert_string_equal(report_of(&pair.server).server_name, PKI_NAME);
	assert_null(pair.client.conn->hs);
	assert_null(pair.server.conn->hs);
	bj_tls_close(pair.client.conn);
	pair_run(&pair);
	assert_int_equal(pair.server.closes, 1);
	assert_int_equal(bj_tls_eof(pair.server.conn), BJ_OK);
}

static void every_suite_group_and_key_works(void **state)
{
	static const uint16_t suites[] = { 0x1301, 0x1302, 0x1303 };
	static const enum key_kind kinds[] = { KEY_P256, KEY_P384, KEY_P521, KEY_ED25519, KEY_RSA };

	for (size_t k = 0; k < ARRAY_COUNT(kinds); k++) {
		for (size_t i = 0; i < ARRAY_COUNT(suites) * GROUP_COUNT; i++) {
			uint16_t suite = suites[i % 3], group = group_table[i / 3].code;

			ends_teardown(NULL);
			client = pki_client_config(&pki);
			server = pki_server_config(&pki, kinds[k]);
			assert_int_equal(bj_tls_config_suites(client, &suite, 1), BJ_OK);
			assert_int_equal(bj_tls_config_groups(client, &group, 1), BJ_OK);
			assert_int_equal(bj_tls_config_groups(server, &group, 1), BJ_OK);
			pair_start(&pair, client, server, PKI_NAME);
			pair_shake(&pair);
			ends_expect_done();
			pair_echo(&pair);
			assert_int_equal(report_of(&pair.server).suite, suite);
			assert_int_equal(report_of(&pair.server).group, group);
			if (k > 0)
				i += 3; /* suites and groups do not depend on the key */
		}
	}
}

/* Nobody takes such signatures who did not name them; and where libcrypto has none, nobody can name them. */
static void ml_dsa_is_for_those_who_name_it_in_1_3(void **state)
{
	static const uint16_t schemes[] = { SCHEME_MLDSA44, SCHEME_MLDSA65, SCHEME_MLDSA87 };

	for (unsigned i = 0; i < ARRAY_COUNT(schemes); i++) {
		bool here = sig_is_here((enum sig_alg)(SIG_MLDSA44 + i));

		ends_teardown(NULL);
		memset(&pair, 0, sizeof(pair));
		client = pki_client_config(&pki);
		assert_false(codes_have(config_codes_view(&client->schemes), schemes[i]));
		assert_int_equal(bj_tls_config_signature_algorithms(client, &schemes[i], 1), here ? BJ_OK : BJ_ERR_ARGUMENT);
		server = pki_server_config(&pki, here ? (enum key_kind)(KEY_MLDSA44 + i) : KEY_P256);
		if (!here) {
			print_message("SKIPPED: this libcrypto has no ML-DSA (it comes with 3.5)\n");
			skip();
		}
		pair_start(&pair, client, server, PKI_NAME);
		pair_shake(&pair);
		ends_expect_done();
		pair_echo(&pair);
		assert_int_equal(report_of(&pair.client).signature_scheme, schemes[i]);
		for (unsigned unwilling = 0; unwilling < 2; unwilling++) { /* one that did not name it, one that speaks 1.2 alone */
			pair_fini(&pair);
			bj_tls_config_free(client);
			client = pki_client_config(&pki);
			if (unwilling) {
				assert_int_equal(bj_tls_config_signature_algorithms(client, schemes, 3), BJ_OK);
				assert_int_equal(bj_tls_config_versions(client, BJ_TLS_1_2, BJ_TLS_1_2), BJ_OK);
			}
			pair_start(&pair, client, server, PKI_NAME);
			pair_shake(&pair);
			assert_true(pair.server.err == BJ_ERR_NO_COMMON_SIGNATURE || pair.server.err == BJ_ERR_NO_COMMON_SUITE);
		}
	}
}

static void a_wrong_share_is_retried(void **state)
{
	const uint16_t groups[] = { KEX_X25519, KEX_P256 }, p256 = KEX_P256;

	assert_int_equal(bj_tls_config_groups(client, groups, 2), BJ_OK);
	assert_int_equal(bj_tls_config_groups(server, &p256, 1), BJ_OK);
	pair_start(&pair, client, server, PKI_NAME);
	pair_shake(&pair);
	ends_expect_done();
	pair_echo(&pair);
	assert_true(report_of(&pair.client).retried);
	assert_true(report_of(&pair.server).retried);
	assert_int_equal(report_of(&pair.client).group, KEX_P256);
}

static void a_hello_without_shares_is_retried(void **state)
{
	assert_int_equal(bj_tls_config_key_shares(client, 0), BJ_OK);
	pair_start(&pair, client, server, PKI_NAME);
	pair_shake(&pair);
	ends_expect_done();
	assert_true(report_of(&pair.client).retried);
}

static void several_shares_need_no_retry(void **state)
{
	const uint16_t groups[] = { KEX_X25519MLKEM768, KEX_X25519, KEX_P256 }, p256 = KEX_P256;

	assert_int_equal(bj_tls_config_key_shares(client, 3), BJ_OK);
	assert_int_equal(bj_tls_config_groups(client, groups, 3), BJ_OK);
	assert_int_equal(bj_tls_config_groups(server, &p256, 1), BJ_OK);
	pair_start(&pair, client, server, PKI_NAME);
	pair_shake(&pair);
	ends_expect_done();
	assert_false(report_of(&pair.client).retried);
	assert_int_equal(report_of(&pair.client).group, KEX_P256);
}

static void a_protocol_is_chosen_by_the_server(void **state)
{
	const char *const theirs[] = { "http/1.1", "h2" }, *const ours[] = { "h2", "http/1.1" };

	assert_int_equal(bj_tls_config_alpn(client, theirs, 2), BJ_OK);
	assert_int_equal(bj_tls_config_alpn(server, ours, 2), BJ_OK);
	pair_start(&pair, client, server, PKI_NAME);
	pair_shake(&pair);
	ends_expect_done();
	assert_true(bytes_equal(report_of(&pair.client).alpn, bytes_text("h2")));
	assert_true(bytes_equal(report_of(&pair.server).alpn, bytes_text("h2")));
}

static void clients_authenticate_themselves(void **state)
{
	assert_int_equal(bj_tls_config_client_auth(server, BJ_TLS_AUTH_REQUIRED), BJ_OK);
	assert_int_equal(bj_tls_config_keep_peer_chain(server, true), BJ_OK);
	give_client_certificate(&pki, ISSUE_CLIENT);
	pair_start(&pair, client, server, PKI_NAME);
	pair_shake(&pair);
	ends_expect_done();
	pair_echo(&pair);
	assert_true(report_of(&pair.server).peer_verified);
	assert_int_equal(report_of(&pair.server).peer_chain_count, 2);
	assert_true(report_of(&pair.client).client_certificate_asked);
}

static void an_optional_client_certificate_may_be_left_out(void **state)
{
	assert_int_equal(bj_tls_config_client_auth(server, BJ_TLS_AUTH_OPTIONAL), BJ_OK);
	pair_start(&pair, client, server, PKI_NAME);
	pair_shake(&pair);
	ends_expect_done();
	assert_false(report_of(&pair.server).peer_verified);
}

static void the_credential_follows_the_name(void **state)
{
	static const char *const names[] = { "a.example.com", "*.example.net", "*.b.example.com" };
	static const struct { const char *ask; int covered; } rows[] = {
		{ "a.example.com", 1 }, { "A.Example.COM", 1 }, { "x.example.net", 2 }, { "x.b.example.com", 3 }, { PKI_NAME, 0 },
	};

	for (size_t r = 0; r < ARRAY_COUNT(rows); r++) {
		ends_teardown(NULL);
		ends_setup(NULL);
		for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
			struct bj_credential *credential = pki_credential(&pki, ISSUE_SERVER, KEY_P256, names[i]);

			assert_int_equal(bj_tls_config_credential(server, credential), BJ_OK);
			bj_credential_free(credential);
		}
		pair_start(&pair, client, server, rows[r].ask);
		pair_shake(&pair);
		ends_expect_done();
	}
}

/* Some clients say the root's dot, which they must not. rfc6066:3 */
static void a_name_with_a_dot_at_its_end_is_the_name_without(void **state)
{
	assert_int_equal(bj_tls_config_strict_sni(server, true), BJ_OK);
	pair_start(&pair, client, server, PKI_NAME);
	free(pair.client.conn->name);
	pair.client.conn->name = strdup(PKI_NAME ".");
	assert_non_null(pair.client.conn->name);
	pair_shake(&pair);
	ends_expect_done();
	assert_string_equal(report_of(&pair.server).server_name, PKI_NAME);
}

static void a_chain_longer_than_a_record_passes(void **state)
{
	static char text[60][256];
	const char *names[60];
	struct issue in = { .kind = ISSUE_SERVER, .common_name = "many names", .names = names, .name_count = 60 };
	struct issue ca = { .kind = ISSUE_CA, .common_name = "Large Intermediate", .permitted = names, .permitted_count = 60 };
	uint8_t der[ISSUE_DER_MAX];
	struct bj_credential *credential;
	struct pki_ca large;
	struct bj_bytes chain[2];
	struct pkey *key;
	size_t len;

	for (size_t i = 0; i < 60; i++) {
		snprintf(text[i], sizeof(text[i]), "%060u.%060u.%040u.example.com", (unsigned)i, (unsigned)i, (unsigned)i);
		names[i] = i == 0 ? PKI_NAME : text[i];
	}
	assert_int_equal(pkey_generate(KEY_P256, 0, &large.key), BJ_OK);
	ca.key = large.key;
	pki_issue(&ca, &pki.root, large.der, &large.len);
	assert_int_equal(cert_parse(bytes_of(large.der, large.len), &large.cert), BJ_OK);
	assert_int_equal(pkey_generate(KEY_P256, 0, &key), BJ_OK);
	in.key = key;
	pki_issue(&in, &large, der, &len);
	chain[0] = bytes_of(der, len);
	chain[1] = bytes_of(large.der, large.len);
	assert_true(len + large.len > BJ_TLS_RECORD_PLAIN_MAX);
	assert_int_equal(credential_make(chain, 2, key, &credential), BJ_OK);
	bj_tls_config_free(server);
	server = bj_tls_config_new(BJ_TLS_SERVER);
	assert_int_equal(bj_tls_config_credential(server, credential), BJ_OK);
	bj_credential_free(credential);
	pkey_free(key);
	pkey_free(large.key);
	pair_start(&pair, client, server, PKI_NAME);
	pair.chunk = 777;
	pair_shake(&pair);
	ends_expect_done();
	pair_echo(&pair);
}

static void one_byte_at_a_time_is_the_same(void **state)
{
	const uint16_t groups[] = { KEX_X25519, KEX_P256 }, p256 = KEX_P256;

	assert_int_equal(bj_tls_config_groups(client, groups, 2), BJ_OK);
	assert_int_equal(bj_tls_config_groups(server, &p256, 1), BJ_OK);
	assert_int_equal(bj_tls_config_client_auth(server, BJ_TLS_AUTH_REQUIRED), BJ_OK);
	give_client_certificate(&pki, ISSUE_CLIENT);
	pair_start(&pair, client, server, PKI_NAME);
	pair.chunk = 1;
	pair_shake(&pair);
	ends_expect_done();
	pair_echo(&pair);
}

static void keys_are_updated_both_ways(void **state)
{
	pair_start(&pair, client, server, PKI_NAME);
	pair_shake(&pair);
	ends_expect_done();
	for (unsigned i = 0; i < 40; i++) {
		assert_int_equal(bj_tls_key_update(i & 1 ? pair.client.conn : pair.server.conn, i & 2), BJ_OK);
		pair_run(&pair);
		pair_echo(&pair);
	}
}

static void shares_are_for_the_groups_that_were_chosen(void **state)
{
	const uint16_t groups[] = { 0x001d, 0x0017, 0x0018 }, one[] = { 0x0018 }, four[] = { 0x001d, 0x0017, 0x0018, 0x0019 };

	assert_int_equal(bj_tls_config_key_share_groups(client, four, 4), BJ_ERR_ARGUMENT);
	assert_int_equal(bj_tls_config_groups(client, groups, 3), BJ_OK);
	assert_int_equal(bj_tls_config_key_share_groups(client, one, 1), BJ_OK);
	pair_start(&pair, client, server, PKI_NAME);
	pair_shake(&pair);
	assert_int_equal(report_of(&pair.client).group, 0x0018);
	assert_false(report_of(&pair.client).retried);
}

/* In the order of the groups, whatever order they were named in. rfc9846:4.2.8 */
static void shares_stand_in_the_order_of_their_groups(void **state)
{
	const uint16_t groups[] = { 0x001d, 0x0017, 0x0018 }, chosen[] = { 0x0018, 0x001d };

	assert_int_equal(bj_tls_config_groups(client, groups, 3), BJ_OK);
	assert_int_equal(bj_tls_config_key_share_groups(client, chosen, 2), BJ_OK);
	pair_start(&pair, client, server, PKI_NAME);
	assert_int_equal(bj_tls_start(pair.client.conn, pair.now_ms), BJ_OK);
	assert_int_equal(pair.client.conn->hs->share_count, 2);
	assert_int_equal(pair.client.conn->hs->shares[0], 0x001d);
	assert_int_equal(pair.client.conn->hs->shares[1], 0x0018);
	pair_run(&pair);
	pair_echo(&pair);
}

static void endless_key_updates_are_refused(void **state)
{
	pair_start(&pair, client, server, PKI_NAME);
	pair_shake(&pair);
	for (unsigned i = 0; i < 100 && !pair.server.err; i++) {
		assert_int_equal(bj_tls_key_update(pair.client.conn, false), BJ_OK);
		pair_run(&pair);
	}
	assert_int_equal(pair.server.err, BJ_ERR_TOO_MANY_RECORDS);
}

static void both_export_the_same(void **state)
{
	uint8_t a[40], b[40];

	pair_start(&pair, client, server, PKI_NAME);
	assert_int_equal(bj_tls_export(pair.client.conn, "x", NULL, 0, a, sizeof(a)), BJ_ERR_STATE);
	pair_shake(&pair);
	assert_int_equal(bj_tls_export(pair.client.conn, "EXPORTER-test", "c", 1, a, sizeof(a)), BJ_OK);
	assert_int_equal(bj_tls_export(pair.server.conn, "EXPORTER-test", "c", 1, b, sizeof(b)), BJ_OK);
	assert_memory_equal(a, b, sizeof(a));
}

static void large_data_passes_in_both_directions(void **state)
{
	static uint8_t data[100000];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7);
	pair_start(&pair, client, server, PKI_NAME);
	pair_shake(&pair);
	pair_send(&pair, &pair.client, &pair.server, data, sizeof(data));
	assert_int_equal(pair.server.data_len, sizeof(data));
	assert_memory_equal(pair.server.data, data, sizeof(data));
	bj_tls_rest(pair.client.conn);
	bj_tls_rest(pair.server.conn);
	pair_send(&pair, &pair.server, &pair.client, data, sizeof(data));
	assert_memory_equal(pair.client.data, data, sizeof(data));
}

#define T(f) cmocka_unit_test_setup_teardown(f, ends_setup, ends_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_stranger_for_a_server_is_refused),
		T(another_name_is_refused),
		T(an_expired_chain_is_refused),
		T(strict_sni_refuses_unknown_names),
		T(without_a_common_protocol_there_is_no_connection),
		T(without_a_common_group_there_is_no_connection),
		T(a_required_client_certificate_is_required),
		T(an_optional_client_certificate_must_be_good),
		T(a_server_certificate_is_no_client_certificate),
		T(ending_without_close_notify_is_truncation),
		T(a_full_handshake_carries_data),
		T(every_suite_group_and_key_works),
		T(ml_dsa_is_for_those_who_name_it_in_1_3),
		T(a_wrong_share_is_retried),
		T(a_hello_without_shares_is_retried),
		T(several_shares_need_no_retry),
		T(a_protocol_is_chosen_by_the_server),
		T(clients_authenticate_themselves),
		T(an_optional_client_certificate_may_be_left_out),
		T(the_credential_follows_the_name),
		T(a_name_with_a_dot_at_its_end_is_the_name_without),
		T(a_chain_longer_than_a_record_passes),
		T(one_byte_at_a_time_is_the_same),
		T(keys_are_updated_both_ways),
		T(shares_are_for_the_groups_that_were_chosen),
		T(shares_stand_in_the_order_of_their_groups),
		T(endless_key_updates_are_refused),
		T(both_export_the_same),
		T(large_data_passes_in_both_directions),
	};

	return cmocka_run_group_tests(tests, strangers_setup, strangers_teardown);
}
