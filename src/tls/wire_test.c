/* wire_test.c - what a configuration makes of the form of hellos and records. */
#include "tls/testkit.h"

#include "tls/group.h"

static struct pki pki;
static struct pair pair;

/* ---- records */

/* No record that passes has more than `limit` bytes behind its header. */
struct ruler {
	size_t limit, longest;
};

static void ruler_tap(void *self, bool to_server, uint8_t *bytes, size_t len)
{
	struct ruler *ruler = self;

	for (size_t at = 0; at + RECORD_HEADER_LEN <= len;) {
		size_t body = (size_t)(bytes[at + 3] << 8 | bytes[at + 4]);

		if (body > ruler->longest)
			ruler->longest = body;
		at += RECORD_HEADER_LEN + body;
	}
}

static void records_hold_no_more_than_was_set(void **state)
{
	static const uint16_t versions[] = { VERSION_1_2, VERSION_1_3 };
	static uint8_t data[5000];

	for (size_t i = 0; i < ARRAY_COUNT(versions); i++) {
		struct bj_tls_config *client = pki_client_config(&pki), *server = pki_server_config(&pki, KEY_P256);
		struct ruler ruler = { 0 };

		assert_int_equal(bj_tls_config_versions(client, versions[i], versions[i]), BJ_OK);
		assert_int_equal(bj_tls_config_record_max(server, 511), BJ_ERR_ARGUMENT);
		assert_int_equal(bj_tls_config_record_max(server, 16385), BJ_ERR_ARGUMENT);
		assert_int_equal(bj_tls_config_record_max(server, 512), BJ_OK);
		assert_int_equal(bj_tls_config_record_max(client, 512), BJ_OK);
		pair_start(&pair, client, server, PKI_NAME);
		pair.tap = ruler_tap;
		pair.tap_self = &ruler;
		pair_shake(&pair);
		assert_int_equal(pair.client.done, 1);
		assert_true(ruler.longest >= 512 && ruler.longest <= 512 + 17);
		assert_true(bj_tls_sealed_len(pair.server.conn, sizeof(data)) >= sizeof(data) + 10 * RECORD_HEADER_LEN);
		pair.client.data_len = 0;
		pair_send(&pair, &pair.server, &pair.client, data, sizeof(data));
		assert_int_equal(pair.client.data_len, sizeof(data));
		assert_int_equal(report_of(&pair.server).bytes_out, sizeof(data));
		assert_true(report_of(&pair.server).records_out >= 10);
		pair_fini(&pair);
		bj_tls_config_free(client);
		bj_tls_config_free(server);
	}
}

/* ---- a second try */

static void a_fallback_without_need_is_refused_and_one_with_it_is_not(void **state)
{
	for (int needed = 0; needed <= 1; needed++) {
		struct bj_tls_config *client = pki_client_config(&pki), *server = pki_server_config(&pki, KEY_P256);

		assert_int_equal(bj_tls_config_versions(client, BJ_TLS_1_2, BJ_TLS_1_2), BJ_OK);
		assert_int_equal(bj_tls_config_fallback(client, true), BJ_OK);
		if (needed)
			assert_int_equal(bj_tls_config_versions(server, BJ_TLS_1_2, BJ_TLS_1_2), BJ_OK);
		pair_start(&pair, client, server, PKI_NAME);
		pair_shake(&pair);
		assert_int_equal(pair.server.err, needed ? BJ_OK : BJ_ERR_INAPPROPRIATE_FALLBACK);
		assert_int_equal(pair.client.done, needed);
		pair_fini(&pair);
		bj_tls_config_free(client);
		bj_tls_config_free(server);
	}
}

/* ---- clients whose credentials do not fit */

static void a_client_that_must_authenticate_does_not_go_on_without_a_name(void **state)
{
	static const uint16_t versions[] = { VERSION_1_2, VERSION_1_3 }, rsa_only = 0x0804;

	for (unsigned i = 0; i < 4; i++) {
		struct bj_tls_config *client = pki_client_config(&pki), *server = pki_server_config(&pki, KEY_RSA);
		struct bj_credential *own = pki_credential(&pki, ISSUE_CLIENT, KEY_P256, NULL);
		bool must = i / 2;

		assert_int_equal(bj_tls_config_versions(client, versions[i % 2], versions[i % 2]), BJ_OK);
		assert_int_equal(bj_tls_config_credential(client, own), BJ_OK);
		bj_credential_free(own);
		assert_int_equal(bj_tls_config_must_authenticate(client, must), BJ_OK);
		assert_int_equal(bj_tls_config_client_auth(server, BJ_TLS_AUTH_OPTIONAL), BJ_OK);
		assert_int_equal(bj_tls_config_signature_algorithms(server, &rsa_only, 1), BJ_OK);
		pair_start(&pair, client, server, PKI_NAME);
		pair_shake(&pair);
		assert_int_equal(pair.client.err, must ? BJ_ERR_NO_COMMON_SIGNATURE : BJ_OK);
		assert_int_equal(pair.server.done, !must);
		if (!must)
			assert_false(report_of(&pair.server).peer_verified);
		pair_fini(&pair);
		bj_tls_config_free(client);
		bj_tls_config_free(server);
	}
}

static int setup(void **state)
{
	pki_make(&pki);
	return 0;
}

static int teardown(void **state)
{
	pki_fini(&pki);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_hold_no_more_than_was_set),
		cmocka_unit_test(a_fallback_without_need_is_refused_and_one_with_it_is_not),
		cmocka_unit_test(a_client_that_must_authenticate_does_not_go_on_without_a_name),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
