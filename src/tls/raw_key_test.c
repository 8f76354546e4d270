/* raw_key_test.c - raw public keys in the place of certificates, in both versions and roles. rfc7250 */
#include "tls/ext/certificate_type.h"
#include "tls/fixture.h"
#include "tls/raw_key.h"

static struct bj_credential *server_key, *client_key, *other_key, *rsa_key;
static enum bj_tls_version version;

static const enum bj_tls_certificate_type raw_only[] = { BJ_TLS_RAW_PUBLIC_KEY };
static const enum bj_tls_certificate_type raw_first[] = { BJ_TLS_RAW_PUBLIC_KEY, BJ_TLS_X509 };
static const enum bj_tls_certificate_type raw_last[] = { BJ_TLS_X509, BJ_TLS_RAW_PUBLIC_KEY };

static struct bj_credential *bare(enum key_kind kind)
{
	struct bj_credential *credential;
	struct pkey *key;

	assert_int_equal(pkey_generate(kind, 2048, &key), BJ_OK);
	assert_int_equal(credential_make_bare(key, &credential), BJ_OK);
	pkey_free(key);
	return credential;
}

static int group_setup(void **state)
{
	pki_make(&pki);
	server_key = bare(KEY_P256);
	client_key = bare(KEY_ED25519);
	other_key = bare(KEY_P256);
	rsa_key = bare(KEY_RSA);
	return 0;
}

static int group_teardown(void **state)
{
	pki_fini(&pki);
	bj_credential_free(server_key);
	bj_credential_free(client_key);
	bj_credential_free(other_key);
	bj_credential_free(rsa_key);
	return 0;
}

static int setup_of(enum bj_tls_version v)
{
	version = v;
	client = bj_tls_config_new(BJ_TLS_CLIENT);
	server = bj_tls_config_new(BJ_TLS_SERVER);
	assert_int_equal(bj_tls_config_versions(client, version, version), BJ_OK);
	memset(&pair, 0, sizeof(pair));
	return 0;
}

static int setup13(void **state)
{
	return setup_of(BJ_TLS_1_3);
}

static int setup12(void **state)
{
	return setup_of(BJ_TLS_1_2);
}

static void expects(struct bj_tls_config *config, const struct bj_credential *key)
{
	struct bj_bytes spki = bj_credential_public_key(key);

	assert_int_equal(bj_tls_config_peer_key(config, spki.ptr, spki.len), BJ_OK);
}

static void check_ends(enum bj_err client_err, enum bj_err server_err)
{
	assert_int_equal(pair.client.err, client_err);
	assert_int_equal(pair.server.err, server_err);
	if (!client_err && !server_err)
		pair_echo(&pair);
}

/* A server with that bare key, a client that takes nothing else and expects this one. */
static void server_shows(struct bj_credential *key, const struct bj_credential *expected)
{
	assert_int_equal(bj_tls_config_credential(server, key), BJ_OK);
	assert_int_equal(bj_tls_config_peer_types(client, raw_only, 1), BJ_OK);
	expects(client, expected);
}

static void a_key_that_is_not_expected_is_refused(void **state)
{
	server_shows(server_key, other_key);
	ends_shake();
	check_ends(BJ_ERR_KEY_UNEXPECTED, BJ_ERR_ALERT_RECEIVED);
	assert_int_equal(report_of(&pair.client).verdict->err, BJ_ERR_KEY_UNEXPECTED);
	assert_false(report_of(&pair.client).peer_verified);
}

static void a_key_that_is_expected_is_enough(void **state)
{
	struct bj_bytes spki = bj_credential_public_key(server_key);
	struct bj_tls_report report;

	expects(client, other_key);
	server_shows(server_key, server_key);
	assert_int_equal(bj_tls_config_keep_peer_chain(client, true), BJ_OK);
	ends_shake();
	check_ends(BJ_OK, BJ_OK);
	report = report_of(&pair.client);
	assert_true(report.peer_verified);
	assert_int_equal(report.peer_chain_count, 0);
	assert_true(bytes_equal(report.peer_public_key, spki));
	assert_int_equal(report.verdict->err, BJ_OK);
}

static void an_rsa_key_is_shown_too(void **state)
{
	server_shows(rsa_key, rsa_key);
	ends_shake();
	check_ends(BJ_OK, BJ_OK);
}

static void a_client_that_takes_no_keys_gets_none(void **state)
{
	bj_tls_config_free(client);
	client = pki_client_config(&pki);
	assert_int_equal(bj_tls_config_versions(client, version, version), BJ_OK);
	assert_int_equal(bj_tls_config_credential(server, server_key), BJ_OK);
	ends_shake();
	check_ends(BJ_ERR_ALERT_RECEIVED, BJ_ERR_NO_CREDENTIAL);
}

static void a_server_shows_the_first_of_its_credentials_that_the_client_takes(void **state)
{
	struct bj_credential *chain = pki_credential(&pki, ISSUE_SERVER, KEY_P256, PKI_NAME);

	assert_int_equal(bj_tls_config_credential(server, server_key), BJ_OK);
	assert_int_equal(bj_tls_config_credential(server, chain), BJ_OK);
	assert_int_equal(bj_tls_config_credential(server, other_key), BJ_OK);
	bj_credential_free(chain);
	assert_int_equal(bj_tls_config_trust(client, pki.trust), BJ_OK);
	expects(client, server_key);
	assert_int_equal(bj_tls_config_peer_types(client, raw_last, 2), BJ_OK);
	ends_shake();
	check_ends(BJ_OK, BJ_OK);
	assert_true(pair.client.conn->peer_is_key);
	pair_fini(&pair);

	bj_tls_config_free(client);
	client = pki_client_config(&pki);
	ends_shake();
	check_ends(BJ_OK, BJ_OK);
	assert_false(pair.client.conn->peer_is_key);
}

static void client_shows(struct bj_credential *key, const struct bj_credential *expected)
{
	server_shows(server_key, server_key);
	assert_int_equal(bj_tls_config_credential(client, key), BJ_OK);
	assert_int_equal(bj_tls_config_client_auth(server, BJ_TLS_AUTH_REQUIRED), BJ_OK);
	assert_int_equal(bj_tls_config_peer_types(server, raw_first, 2), BJ_OK);
	assert_int_equal(bj_tls_config_trust(server, pki.trust), BJ_OK);
	assert_int_equal(bj_tls_config_keep_peer_chain(server, true), BJ_OK);
	expects(server, expected);
}

static void a_client_shows_its_key_when_it_is_asked(void **state)
{
	client_shows(client_key, client_key);
	ends_shake();
	check_ends(BJ_OK, BJ_OK);
	assert_true(report_of(&pair.server).peer_verified);
	assert_true(bytes_equal(report_of(&pair.server).peer_public_key, bj_credential_public_key(client_key)));
}

static void a_clients_key_that_is_not_expected_is_refused(void **state)
{
	client_shows(client_key, server_key);
	ends_shake();
	assert_int_equal(pair.server.err, BJ_ERR_KEY_UNEXPECTED);
}

static void a_client_without_a_form_that_the_server_takes_is_refused(void **state)
{
	struct bj_credential *chain = pki_credential(&pki, ISSUE_CLIENT, KEY_P256, NULL);

	client_shows(chain, client_key);
	bj_credential_free(chain);
	assert_int_equal(bj_tls_config_peer_types(server, raw_only, 1), BJ_OK);
	ends_shake();
	check_ends(BJ_ERR_ALERT_RECEIVED, BJ_ERR_NO_COMMON_CERTIFICATE_TYPE);
}

static void a_client_that_has_only_keys_says_so_when_it_is_asked_for_a_chain(void **state)
{
	client_shows(client_key, client_key);
	assert_int_equal(bj_tls_config_peer_types(server, (enum bj_tls_certificate_type[]){ BJ_TLS_X509 }, 1), BJ_OK);
	ends_shake();
	assert_int_equal(pair.server.err, BJ_ERR_NO_COMMON_CERTIFICATE_TYPE);
}

/* ---- questions */

static void answer_all(void)
{
	struct bj_verdict good = { .err = BJ_OK, .index = -1, .rule = "" };

	for (bool asked = true; asked;) {
		asked = false;
		if (bj_tls_question(pair.client.conn) == BJ_TLS_Q_VERIFY) {
			assert_true(bytes_equal(report_of(&pair.client).peer_public_key, bj_credential_public_key(server_key)));
			assert_int_equal(bj_tls_answer_verify(pair.client.conn, &good), BJ_OK);
			asked = true;
		}
		if (bj_tls_question(pair.server.conn) == BJ_TLS_Q_CREDENTIAL) {
			assert_int_equal(bj_tls_answer_credential(pair.server.conn, server_key), BJ_OK);
			asked = true;
		}
		pair_run(&pair);
	}
}

static void the_owner_may_judge_a_key_and_choose_one(void **state)
{
	assert_int_equal(bj_tls_config_ask(client, 1u << BJ_TLS_Q_VERIFY), BJ_OK);
	assert_int_equal(bj_tls_config_ask(server, 1u << BJ_TLS_Q_CREDENTIAL), BJ_OK);
	assert_int_equal(bj_tls_config_peer_types(client, raw_only, 1), BJ_OK);
	ends_shake();
	answer_all();
	check_ends(BJ_OK, BJ_OK);
	assert_true(report_of(&pair.client).peer_verified);
}

/* ---- sessions */

static void client_anew(void)
{
	bj_tls_config_free(client);
	client = bj_tls_config_new(BJ_TLS_CLIENT);
	assert_int_equal(bj_tls_config_versions(client, version, version), BJ_OK);
}

static void again(enum bj_err expected)
{
	pair_start(&pair, client, server, PKI_NAME);
	assert_int_equal(bj_tls_resume(pair.client.conn, pair.now_ms, kept, kept_len), expected);
	pair_shake(&pair);
	check_ends(BJ_OK, BJ_OK);
	assert_int_equal(report_of(&pair.client).resumed, !expected);
}

static void a_session_remembers_the_keys_of_both(void **state)
{
	client_shows(client_key, client_key);
	assert_int_equal(bj_tls_config_keep_peer_chain(client, true), BJ_OK);
	ends_shake();
	check_ends(BJ_OK, BJ_OK);
	session_keep();
	again(BJ_OK);
	assert_true(bytes_equal(report_of(&pair.client).peer_public_key, bj_credential_public_key(server_key)));
	assert_true(bytes_equal(report_of(&pair.server).peer_public_key, bj_credential_public_key(client_key)));
	assert_true(report_of(&pair.server).peer_verified);
	assert_int_equal(report_of(&pair.server).peer_chain_count, 0);
}

static void a_session_ends_when_other_keys_are_expected(void **state)
{
	server_shows(server_key, server_key);
	ends_shake();
	check_ends(BJ_OK, BJ_OK);
	session_keep();
	client_anew();
	expects(client, other_key);
	assert_int_equal(bj_tls_config_peer_types(client, raw_only, 1), BJ_OK);
	pair_start(&pair, client, server, PKI_NAME);
	assert_int_equal(bj_tls_resume(pair.client.conn, pair.now_ms, kept, kept_len), BJ_ERR_BAD_TICKET);
	pair_shake(&pair);
	check_ends(BJ_ERR_KEY_UNEXPECTED, BJ_ERR_ALERT_RECEIVED);
}

static void a_session_ends_when_other_anchors_are_trusted(void **state)
{
	struct bj_credential *chain = pki_credential(&pki, ISSUE_SERVER, KEY_P256, PKI_NAME);
	struct bj_trust *both = bj_trust_new();
	struct bj_crls *lists = bj_crls_new();

	assert_int_equal(bj_tls_config_credential(server, chain), BJ_OK);
	bj_credential_free(chain);
	for (unsigned change = 0; change < 3; change++) {
		bj_tls_config_free(client);
		client = pki_client_config(&pki);
		assert_int_equal(bj_tls_config_versions(client, version, version), BJ_OK);
		ends_shake();
		check_ends(BJ_OK, BJ_OK);
		session_keep();
		bj_tls_config_free(client);
		client = bj_tls_config_new(BJ_TLS_CLIENT);
		if (change == 0)
			assert_int_equal(bj_trust_add_der(both, pki.root.der, pki.root.len), BJ_OK);
		if (change == 1)
			assert_int_equal(bj_trust_add_der(both, pki.middle.der, pki.middle.len), BJ_OK);
		if (change == 2)
			bj_trust_use_crls(both, lists, BJ_REVOCATION_IF_PRESENT);
		assert_int_equal(bj_tls_config_versions(client, version, version), BJ_OK);
		assert_int_equal(bj_tls_config_trust(client, both), BJ_OK);
		again(change == 0 ? BJ_OK : BJ_ERR_BAD_TICKET); /* the same anchors in another set are the same */
		pair_fini(&pair);
		memset(&pair, 0, sizeof(pair));
	}
	bj_trust_free(both);
	bj_crls_free(lists);
}

static void a_session_ends_when_the_client_no_longer_takes_keys(void **state)
{
	struct bj_credential *chain = pki_credential(&pki, ISSUE_SERVER, KEY_P256, PKI_NAME);

	assert_int_equal(bj_tls_config_credential(server, server_key), BJ_OK);
	assert_int_equal(bj_tls_config_credential(server, chain), BJ_OK);
	bj_credential_free(chain);
	assert_int_equal(bj_tls_config_insecure_no_verify(client), BJ_OK);
	assert_int_equal(bj_tls_config_peer_types(client, raw_last, 2), BJ_OK);
	ends_shake();
	check_ends(BJ_OK, BJ_OK);
	session_keep();
	client_anew();
	assert_int_equal(bj_tls_config_insecure_no_verify(client), BJ_OK);
	pair_start(&pair, client, server, PKI_NAME);
	assert_int_equal(bj_tls_resume(pair.client.conn, pair.now_ms, kept, kept_len), BJ_OK);
	pair_shake(&pair);
	check_ends(BJ_OK, BJ_OK);
	assert_false(report_of(&pair.client).resumed);
	assert_false(pair.client.conn->peer_is_key);
}

/* ---- configurations, and the inside */

static void what_is_not_allowed_is_refused(void **state)
{
	const enum bj_tls_certificate_type twice[] = { BJ_TLS_X509, BJ_TLS_X509 }, strange[] = { (enum bj_tls_certificate_type)1 };
	struct bj_bytes spki = bj_credential_public_key(server_key);
	uint8_t pin[32] = { 0 };

	assert_int_equal(bj_tls_config_peer_types(client, twice, 2), BJ_ERR_ARGUMENT);
	assert_int_equal(bj_tls_config_peer_types(client, strange, 1), BJ_ERR_ARGUMENT);
	assert_int_equal(bj_tls_config_peer_types(client, raw_only, 0), BJ_ERR_ARGUMENT);
	assert_int_equal(bj_tls_config_peer_types(NULL, raw_only, 1), BJ_ERR_ARGUMENT);
	assert_int_equal(bj_tls_config_own_types(server, raw_only, 1), BJ_ERR_ARGUMENT);
	assert_int_equal(bj_tls_config_peer_key(client, spki.ptr, spki.len - 1), BJ_ERR_CERT_DER);
	assert_int_equal(bj_tls_config_peer_key(client, NULL, 0), BJ_ERR_ARGUMENT);
	assert_int_equal(bj_tls_config_peer_pin(client, NULL), BJ_ERR_ARGUMENT);
	assert_int_equal(bj_credential_staple_ocsp(server_key, "x", 1), BJ_ERR_ARGUMENT);
	/* keys alone, and no way to judge them */
	assert_int_equal(bj_tls_config_trust(client, pki.trust), BJ_OK);
	assert_int_equal(bj_tls_config_peer_types(client, raw_first, 2), BJ_OK);
	assert_int_equal(bj_tls_config_freeze(client), BJ_ERR_CONFIG_NO_TRUST);
	for (size_t i = 0; i < CONFIG_PIN_MAX; i++)
		assert_int_equal(bj_tls_config_peer_pin(client, pin), BJ_OK);
	assert_int_equal(bj_tls_config_peer_pin(client, pin), BJ_ERR_LIMIT);
	assert_int_equal(bj_tls_config_freeze(client), BJ_OK);
	assert_int_equal(bj_tls_config_peer_pin(client, pin), BJ_ERR_CONFIG_FROZEN);
	assert_int_equal(bj_tls_config_peer_types(client, raw_only, 1), BJ_ERR_CONFIG_FROZEN);
}

static void a_list_that_says_nothing_is_refused(void **state)
{
	static const struct {
		struct bj_bytes body;
		enum bj_err err;
	} rows[] = {
		{ { (const uint8_t *)"", 0 }, BJ_ERR_DECODE },          { { (const uint8_t *)"\1", 1 }, BJ_ERR_DECODE },
		{ { (const uint8_t *)"\1\2\0", 3 }, BJ_ERR_DECODE },    { { (const uint8_t *)"\0", 1 }, BJ_ERR_ILLEGAL_PARAMETER },
		{ { (const uint8_t *)"\1\0", 2 }, BJ_ERR_ILLEGAL_PARAMETER }, { { (const uint8_t *)"\1\2", 2 }, BJ_OK },
		{ { (const uint8_t *)"\2\0\2", 3 }, BJ_OK },            { { (const uint8_t *)"\1\5", 2 }, BJ_OK },
	};
	struct bj_bytes types;
	uint8_t type;

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
		assert_int_equal(certificate_type_parse(rows[i].body, &types), rows[i].err);
	assert_int_equal(certificate_type_parse_answer(bytes_of("\2\2", 2), &type), BJ_ERR_DECODE);
	assert_int_equal(certificate_type_parse_answer(bytes_of("", 0), &type), BJ_ERR_DECODE);
	assert_int_equal(certificate_type_mask(bytes_of("\0\2\5", 3)), 1 << CERTIFICATE_X509 | 1 << CERTIFICATE_RAW_KEY);
	assert_int_equal(certificate_type_mask(bytes_of("\5", 1)), 0);
}

#define BOTH(name)                                                   \
	{ #name "_in_13", name, setup13, ends_teardown, NULL },           \
	{ #name "_in_12", name, setup12, ends_teardown, NULL }

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_that_says_nothing_is_refused),
		cmocka_unit_test_setup_teardown(what_is_not_allowed_is_refused, setup13, ends_teardown),
		BOTH(a_key_that_is_not_expected_is_refused),
		BOTH(a_clients_key_that_is_not_expected_is_refused),
		BOTH(a_client_that_takes_no_keys_gets_none),
		BOTH(a_client_without_a_form_that_the_server_takes_is_refused),
		BOTH(a_client_that_has_only_keys_says_so_when_it_is_asked_for_a_chain),
		BOTH(a_key_that_is_expected_is_enough),
		BOTH(an_rsa_key_is_shown_too),
		BOTH(a_server_shows_the_first_of_its_credentials_that_the_client_takes),
		BOTH(a_client_shows_its_key_when_it_is_asked),
		BOTH(the_owner_may_judge_a_key_and_choose_one),
		BOTH(a_session_remembers_the_keys_of_both),
		BOTH(a_session_ends_when_other_keys_are_expected),
		BOTH(a_session_ends_when_other_anchors_are_trusted),
		BOTH(a_session_ends_when_the_client_no_longer_takes_keys),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
