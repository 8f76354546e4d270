/* staple_test.c - OCSP responses and timestamps beside a chain, in both versions. rfc6066:8 rfc6962:3.3.1 */
#include "tls/fixture.h"

#include "base/bytes.h"

static const char response[] = "an OCSP response";
static const uint8_t scts[] = { 0, 6, 0, 4, 5, 6, 7, 8 };

/* A server that has both, a client that asks for what it is told to. */
static void run(enum bj_tls_version version, bool wants_ocsp, bool wants_scts)
{
	struct bj_credential *credential = pki_credential(&pki, ISSUE_SERVER, KEY_P256, PKI_NAME);

	server = bj_tls_config_new(BJ_TLS_SERVER);
	client = pki_client_config(&pki);
	assert_int_equal(bj_credential_staple_ocsp(credential, response, sizeof(response)), BJ_OK);
	assert_int_equal(bj_credential_staple_scts(credential, scts, sizeof(scts)), BJ_OK);
	assert_int_equal(bj_tls_config_credential(server, credential), BJ_OK);
	assert_int_equal(bj_tls_config_versions(server, version, version), BJ_OK);
	assert_int_equal(bj_tls_config_stapling(client, wants_ocsp, wants_scts), BJ_OK);
	assert_int_equal(bj_tls_config_keep_peer_chain(client, true), BJ_OK);
	pair_start(&pair, client, server, PKI_NAME);
	pair_shake(&pair);
	assert_int_equal(pair.client.err, BJ_OK);
	assert_int_equal(pair.client.done, 1);
	bj_credential_free(credential);
}

static void a_client_gets_what_it_asked_for_and_no_more(void **state)
{
	for (unsigned i = 0; i < 8; i++) {
		bool wants_ocsp = i & 1, wants_scts = i & 2;
		struct bj_tls_report report;

		run(i & 4 ? BJ_TLS_1_2 : BJ_TLS_1_3, wants_ocsp, wants_scts);
		report = report_of(&pair.client);
		assert_int_equal(report.ocsp_response.len, wants_ocsp ? sizeof(response) : 0);
		assert_int_equal(report.sct_list.len, wants_scts ? sizeof(scts) : 0);
		assert_true(!wants_ocsp || memcmp(report.ocsp_response.ptr, response, sizeof(response)) == 0);
		assert_true(!wants_scts || memcmp(report.sct_list.ptr, scts, sizeof(scts)) == 0);
		ends_teardown(NULL);
	}
}

static void lists_that_are_none_are_refused_where_they_are_given(void **state)
{
	static const uint8_t empty[] = { 0, 0 }, hollow[] = { 0, 2, 0, 0 }, cut[] = { 0, 6, 0, 4, 5, 6, 7 };
	struct bj_credential *credential = pki_credential(&pki, ISSUE_SERVER, KEY_P256, PKI_NAME);

	assert_int_equal(bj_credential_staple_scts(credential, empty, sizeof(empty)), BJ_ERR_ARGUMENT);
	assert_int_equal(bj_credential_staple_scts(credential, hollow, sizeof(hollow)), BJ_ERR_ARGUMENT);
	assert_int_equal(bj_credential_staple_scts(credential, cut, sizeof(cut)), BJ_ERR_ARGUMENT);
	assert_int_equal(bj_credential_staple_scts(credential, NULL, 0), BJ_OK);
	assert_int_equal(bj_credential_staple_ocsp(credential, cut, BJ_STAPLE_MAX + 1), BJ_ERR_ARGUMENT);
	bj_credential_free(credential);
}

static void servers_ask_for_nothing(void **state)
{
	struct bj_tls_config *config = bj_tls_config_new(BJ_TLS_SERVER);

	assert_int_equal(bj_tls_config_stapling(config, true, true), BJ_ERR_ARGUMENT);
	bj_tls_config_free(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_client_gets_what_it_asked_for_and_no_more),
		cmocka_unit_test(lists_that_are_none_are_refused_where_they_are_given),
		cmocka_unit_test(servers_ask_for_nothing),
	};

	return cmocka_run_group_tests(tests, pki_setup, pki_teardown);
}
