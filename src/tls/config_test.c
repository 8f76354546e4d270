/* config_test.c - configurations refuse what makes no sense, never change once frozen, and choose the right credential. */
#include "crypto/rng_os.h"
#include "tls/fixture.h"
#include "tls/scheme.h"

static struct bj_tls_config *a_config(enum bj_tls_role role)
{
	struct bj_tls_config *config = bj_tls_config_new(role);

	assert_non_null(config);
	return config;
}

static void add(struct bj_tls_config *config, enum issue_kind kind, enum key_kind key, const char *name)
{
	struct bj_credential *credential = pki_credential(&pki, kind, key, name);

	assert_int_equal(bj_tls_config_credential(config, credential), BJ_OK);
	bj_credential_free(credential);
}

static void a_client_without_anchors_is_refused(void **state)
{
	struct bj_tls_config *config = a_config(BJ_TLS_CLIENT);

	assert_int_equal(bj_tls_config_freeze(config), BJ_ERR_CONFIG_NO_TRUST);
	assert_int_equal(bj_tls_config_insecure_no_name(config), BJ_OK);
	assert_int_equal(bj_tls_config_freeze(config), BJ_ERR_CONFIG_NO_TRUST);
	assert_int_equal(bj_tls_config_insecure_no_verify(config), BJ_OK);
	assert_int_equal(bj_tls_config_freeze(config), BJ_OK);
	bj_tls_config_free(config);
}

static void a_server_without_a_credential_is_refused(void **state)
{
	struct bj_tls_config *config = a_config(BJ_TLS_SERVER);

	assert_int_equal(bj_tls_config_freeze(config), BJ_ERR_CONFIG_NO_CREDENTIAL);
	assert_int_equal(bj_tls_config_insecure_no_verify(config), BJ_ERR_ARGUMENT);
	assert_int_equal(bj_tls_config_ask(config, 1u << BJ_TLS_Q_CREDENTIAL), BJ_OK);
	assert_int_equal(bj_tls_config_freeze(config), BJ_OK);
	bj_tls_config_free(config);
}

static void a_server_that_judges_clients_needs_anchors(void **state)
{
	struct bj_tls_config *config = a_config(BJ_TLS_SERVER);

	add(config, ISSUE_SERVER, KEY_P256, PKI_NAME);
	assert_int_equal(bj_tls_config_client_auth(config, BJ_TLS_AUTH_OPTIONAL), BJ_OK);
	assert_int_equal(bj_tls_config_freeze(config), BJ_ERR_CONFIG_NO_TRUST);
	bj_tls_config_free(config);
}

static void versions_without_a_suite_are_refused(void **state)
{
	const uint16_t only_12 = 0xc02b;
	struct bj_tls_config *config = a_config(BJ_TLS_SERVER);

	add(config, ISSUE_SERVER, KEY_P256, PKI_NAME);
	assert_int_equal(bj_tls_config_suites(config, &only_12, 1), BJ_OK);
	assert_int_equal(bj_tls_config_versions(config, BJ_TLS_1_3, BJ_TLS_1_3), BJ_OK);
	assert_int_equal(bj_tls_config_freeze(config), BJ_ERR_CONFIG_EMPTY);
	assert_int_equal(bj_tls_config_versions(config, BJ_TLS_1_2, BJ_TLS_1_3), BJ_OK);
	assert_int_equal(bj_tls_config_freeze(config), BJ_OK);
	assert_false(config_has_version(config, BJ_TLS_1_3));
	bj_tls_config_free(config);
}

/* What makes no sense is changed, not begun anew. */
static void a_freezing_that_fails_changes_nothing(void **state)
{
	static const char *const names[] = { "h3" };
	const uint16_t only_12 = 0xc02b, only_13 = 0x0202;
	struct bj_tls_config *config = pki_client_config(&pki);

	assert_int_equal(bj_tls_config_suites(config, &only_12, 1), BJ_OK);
	assert_int_equal(bj_tls_config_alpn(config, names, 1), BJ_OK);
	assert_int_equal(bj_tls_config_quic(config, true), BJ_OK);
	assert_int_equal(bj_tls_config_freeze(config), BJ_ERR_CONFIG_EMPTY);
	assert_int_equal(bj_tls_config_quic(config, false), BJ_OK);
	assert_int_equal(bj_tls_config_groups(config, &only_13, 1), BJ_OK);
	assert_int_equal(bj_tls_config_judge_resumed(config, true), BJ_OK);
	assert_int_equal(bj_tls_config_freeze(config), BJ_ERR_CONFIG_EMPTY);
	assert_int_equal(bj_tls_config_judge_resumed(config, false), BJ_OK);
	assert_int_equal(bj_tls_config_profile(config, "modern"), BJ_OK);
	assert_int_equal(bj_tls_config_groups(config, &only_13, 1), BJ_OK);
	assert_int_equal(bj_tls_config_versions(config, BJ_TLS_1_2, BJ_TLS_1_2), BJ_OK);
	assert_int_equal(bj_tls_config_suites(config, &only_12, 1), BJ_OK);
	assert_int_equal(bj_tls_config_freeze(config), BJ_ERR_CONFIG_EMPTY);
	assert_int_equal(config->groups.count, 1);
	assert_int_equal(config->version_min, BJ_TLS_1_2);
	assert_false(config->keep_peer_chain);
	bj_tls_config_free(config);
}

static void values_that_do_not_exist_change_nothing(void **state)
{
	static const char *const bad_names[] = { "h2", "" };
	const uint16_t unknown = 0x1399, twice[] = { 0x1301, 0x1301 };
	struct bj_tls_config *config = a_config(BJ_TLS_CLIENT);
	uint8_t before = config->suites.count;
	char context[CONFIG_CONTEXT_MAX + 1] = { 0 };

	assert_null(bj_tls_config_new((enum bj_tls_role)3));
	assert_int_equal(bj_tls_config_suites(config, &unknown, 1), BJ_ERR_ARGUMENT);
	assert_int_equal(bj_tls_config_suites(config, twice, 2), BJ_ERR_ARGUMENT);
	assert_int_equal(bj_tls_config_suites(config, twice, 0), BJ_ERR_ARGUMENT);
	assert_int_equal(bj_tls_config_groups(config, &unknown, 1), BJ_ERR_ARGUMENT);
	assert_int_equal(bj_tls_config_signature_algorithms(config, &unknown, 1), BJ_ERR_ARGUMENT);
	assert_int_equal(bj_tls_config_versions(config, BJ_TLS_1_3, BJ_TLS_1_2), BJ_ERR_ARGUMENT);
	assert_int_equal(bj_tls_config_versions(config, (enum bj_tls_version)0x0302, BJ_TLS_1_2), BJ_ERR_ARGUMENT);
	assert_int_equal(bj_tls_config_profile(config, "old"), BJ_ERR_ARGUMENT);
	assert_int_equal(bj_tls_config_alpn(config, bad_names, 2), BJ_ERR_ARGUMENT);
	assert_int_equal(bj_tls_config_key_shares(config, 4), BJ_ERR_ARGUMENT);
	assert_int_equal(bj_tls_config_tickets(config, 9, 100, 100, 1), BJ_ERR_ARGUMENT);
	assert_int_equal(bj_tls_config_tickets(config, 1, 604801, 100, 1), BJ_ERR_ARGUMENT);
	assert_int_equal(bj_tls_config_tickets(config, 1, 100, 0, 1), BJ_ERR_ARGUMENT);
	assert_int_equal(bj_tls_config_tickets(config, 1, 100, 100, 8), BJ_ERR_ARGUMENT);
	assert_int_equal(bj_tls_config_session_context(config, context, sizeof(context)), BJ_ERR_ARGUMENT);
	assert_int_equal(bj_tls_config_ask(config, 1u << 9), BJ_ERR_ARGUMENT);
	assert_int_equal(bj_tls_config_client_auth(config, (enum bj_tls_client_auth)7), BJ_ERR_ARGUMENT);
	assert_int_equal(config->suites.count, before);
	assert_int_equal(config->alpn_len, 0);
	bj_tls_config_free(config);
}

static void a_frozen_configuration_never_changes(void **state)
{
	struct bj_tls_config *config = pki_client_config(&pki);
	const uint16_t suite = 0x1301;

	assert_int_equal(bj_tls_config_freeze(config), BJ_OK);
	assert_int_equal(bj_tls_config_freeze(config), BJ_OK);
	assert_int_equal(bj_tls_config_suites(config, &suite, 1), BJ_ERR_CONFIG_FROZEN);
	assert_int_equal(bj_tls_config_insecure_no_verify(config), BJ_ERR_CONFIG_FROZEN);
	assert_int_equal(bj_tls_config_trust(config, pki.trust), BJ_ERR_CONFIG_FROZEN);
	assert_int_equal(bj_tls_config_profile(config, "modern"), BJ_ERR_CONFIG_FROZEN);
	bj_tls_config_free(config);
}

static void connections_need_a_frozen_configuration_and_a_good_name(void **state)
{
	static const char *const bad[] = { "", ".", "a..b", "-a.example", "a-.example", "a b", "\xc3\xa4.example", "a.example-",
					   "1234567890123456789012345678901234567890123456789012345678901234.example" };
	static const char *const good[] = { "a", "a.example", "A-1.example.", "192.0.2.1", "2001:db8::1", "xn--bcher-kva.example" };
	static const char *const no_hosts[] = { "a_b.example", "a.1", "1.2.3" }; /* no certificate is for them */
	struct bj_tls_config *config = pki_client_config(&pki), *lax = pki_client_config(&pki);
	struct bj_tls *conn;

	assert_int_equal(bj_tls_new(config, "a.example", &conn), BJ_ERR_CONFIG_NOT_FROZEN);
	assert_int_equal(bj_tls_config_insecure_no_name(lax), BJ_OK);
	assert_int_equal(bj_tls_config_freeze(lax), BJ_OK);
	assert_int_equal(bj_tls_config_freeze(config), BJ_OK);
	assert_int_equal(bj_tls_new(config, NULL, &conn), BJ_ERR_CONFIG_NO_NAME);
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
		assert_int_equal(bj_tls_new(config, bad[i], &conn), BJ_ERR_CONFIG_BAD_NAME);
	for (size_t i = 0; i < ARRAY_COUNT(good); i++) {
		assert_int_equal(bj_tls_new(config, good[i], &conn), BJ_OK);
		bj_tls_free(conn);
	}
	for (size_t i = 0; i < ARRAY_COUNT(no_hosts); i++) {
		assert_int_equal(bj_tls_new(config, no_hosts[i], &conn), BJ_ERR_CONFIG_BAD_NAME);
		assert_int_equal(bj_tls_new(lax, no_hosts[i], &conn), BJ_OK);
		bj_tls_free(conn);
	}
	assert_int_equal(holds_held(&config->holds), 0);
	bj_tls_config_free(config);
	bj_tls_config_free(lax);
}

/* ---- the choice of a credential */

static struct bj_bytes authorities; /* that the peer names */

static const struct config_credential *choose(const struct bj_tls_config *config, const char *name, uint16_t scheme, enum bj_err expected)
{
	uint8_t wire[] = { (uint8_t)(scheme >> 8), (uint8_t)scheme };
	struct config_wish wish = {
		.name = bytes_text(name), .schemes = bytes_of(wire, 2), .authorities = authorities, .kinds = ~(uint32_t)0, .version = BJ_TLS_1_3,
		.types = 1 << BJ_TLS_X509,
	};
	const struct config_credential *chosen = NULL;
	uint16_t with;

	assert_int_equal(config_choose_credential(config, &wish, &chosen, &with), expected);
	if (!expected)
		assert_int_equal(with, scheme);
	return chosen;
}

static void names_and_signatures_choose_the_credential(void **state)
{
	struct bj_tls_config *config = a_config(BJ_TLS_SERVER);
	const struct config_credential *list;

	add(config, ISSUE_SERVER, KEY_P256, "default.example");
	add(config, ISSUE_SERVER, KEY_RSA, "a.example");
	add(config, ISSUE_SERVER, KEY_P256, "a.example");
	add(config, ISSUE_SERVER, KEY_P256, "*.b.example");
	add(config, ISSUE_SERVER, KEY_P384, "x.b.example");
	assert_int_equal(bj_tls_config_freeze(config), BJ_OK);
	list = config->credentials;
	assert_ptr_equal(choose(config, NULL, SCHEME_ECDSA_P256_SHA256, BJ_OK), &list[0]);
	assert_ptr_equal(choose(config, "other.example", SCHEME_ECDSA_P256_SHA256, BJ_OK), &list[0]);
	assert_ptr_equal(choose(config, "other.example", SCHEME_RSA_PSS_RSAE_SHA256, BJ_OK), &list[1]);
	assert_ptr_equal(choose(config, "a.example", SCHEME_RSA_PSS_RSAE_SHA256, BJ_OK), &list[1]);
	assert_ptr_equal(choose(config, "A.EXAMPLE", SCHEME_ECDSA_P256_SHA256, BJ_OK), &list[2]);
	assert_ptr_equal(choose(config, "y.b.example", SCHEME_ECDSA_P256_SHA256, BJ_OK), &list[3]);
	assert_ptr_equal(choose(config, "x.b.example", SCHEME_ECDSA_P384_SHA384, BJ_OK), &list[4]);
	assert_ptr_equal(choose(config, "x.b.example", SCHEME_ECDSA_P256_SHA256, BJ_OK), &list[3]);
	assert_ptr_equal(choose(config, "y.x.b.example", SCHEME_ECDSA_P256_SHA256, BJ_OK), &list[0]);
	assert_ptr_equal(choose(config, "b.example", SCHEME_ECDSA_P256_SHA256, BJ_OK), &list[0]);
	choose(config, "a.example", SCHEME_ED25519, BJ_ERR_NO_COMMON_SIGNATURE);
	choose(config, "x.b.example", SCHEME_RSA_PSS_RSAE_SHA256, BJ_ERR_NO_COMMON_SIGNATURE);
	bj_tls_config_free(config);
}

static enum bj_err no_bytes(void *self, uint8_t *out, size_t len)
{
	return BJ_ERR_RANDOM;
}

static enum bj_err few_bytes(void *self, uint8_t *out, size_t len)
{
	static unsigned calls;

	memset(out, 1, len);
	return calls++ == 0 ? BJ_OK : BJ_ERR_RANDOM;
}

/* The sanitizers see what a freezing that failed late left behind. */
static void freezing_may_fail_and_be_tried_again(void **state)
{
	struct bj_tls_config *config = a_config(BJ_TLS_SERVER);
	struct bj_ech_key key;

	add(config, ISSUE_SERVER, KEY_P256, PKI_NAME);
	assert_int_equal(bj_ech_key_generate("a.example", 0, 1, NULL, &key), BJ_OK);
	assert_int_equal(bj_tls_config_ech_key(config, key.config, key.config_len, key.private_key, key.private_len, true), BJ_OK);
	assert_int_equal(bj_tls_config_rng(config, (struct bj_rng){ no_bytes, NULL }), BJ_OK);
	assert_int_not_equal(bj_tls_config_freeze(config), BJ_OK);
	assert_int_not_equal(bj_tls_config_freeze(config), BJ_OK);
	assert_int_equal(bj_tls_config_rng(config, (struct bj_rng){ few_bytes, NULL }), BJ_OK);
	assert_int_equal(bj_tls_config_cookies(config, 60), BJ_OK);
	assert_int_not_equal(bj_tls_config_freeze(config), BJ_OK); /* what tickets needed was there */
	assert_int_equal(bj_tls_config_tickets(config, 0, 0, 0, 0), BJ_OK);
	assert_int_equal(bj_tls_config_rng(config, rng_os), BJ_OK);
	assert_int_equal(bj_ech_key_generate("b.example", 0, 2, NULL, &key), BJ_OK);
	assert_int_equal(bj_tls_config_ech_key(config, key.config, key.config_len, key.private_key, key.private_len, true), BJ_OK);
	assert_int_equal(bj_tls_config_freeze(config), BJ_OK);
	assert_int_equal(config->ech_retry_len, 2 + 2 * key.config_len);
	assert_null(config->tickets);
	bj_tls_config_free(config);
}

static void a_credential_may_sign_with_less_than_is_accepted(void **state)
{
	const uint16_t pss384[] = { SCHEME_RSA_PSS_RSAE_SHA384 }, none[] = { 0x0201 };
	struct bj_tls_config *config = a_config(BJ_TLS_SERVER);

	assert_int_equal(bj_tls_config_credential_schemes(config, pss384, 1), BJ_ERR_ARGUMENT);
	add(config, ISSUE_SERVER, KEY_RSA, "a.example");
	assert_int_equal(bj_tls_config_credential_schemes(config, none, 1), BJ_ERR_ARGUMENT);
	assert_int_equal(bj_tls_config_credential_schemes(config, pss384, 1), BJ_OK);
	add(config, ISSUE_SERVER, KEY_RSA, "b.example");
	assert_int_equal(bj_tls_config_freeze(config), BJ_OK);
	choose(config, "a.example", SCHEME_RSA_PSS_RSAE_SHA256, BJ_ERR_NO_COMMON_SIGNATURE);
	assert_non_null(choose(config, "a.example", SCHEME_RSA_PSS_RSAE_SHA384, BJ_OK));
	assert_non_null(choose(config, "b.example", SCHEME_RSA_PSS_RSAE_SHA256, BJ_OK));
	bj_tls_config_free(config);
}

static void a_credential_that_must_match_is_for_those_who_name_its_issuer(void **state)
{
	struct bj_tls_config *config = a_config(BJ_TLS_SERVER);
	uint8_t wire[512];
	struct writer w = wr_make(wire, sizeof(wire));

	assert_int_equal(bj_tls_config_credential_must_match(config), BJ_ERR_ARGUMENT);
	add(config, ISSUE_SERVER, KEY_P256, "a.example");
	assert_int_equal(bj_tls_config_credential_must_match(config), BJ_OK);
	assert_int_equal(bj_tls_config_freeze(config), BJ_OK);
	choose(config, NULL, SCHEME_ECDSA_P256_SHA256, BJ_ERR_NO_CREDENTIAL);
	wr_vec(&w, bytes_text("no name"), 2);
	wr_vec(&w, credential_leaf(config->credentials[0].credential)->subject, 2);
	authorities = wr_view(&w);
	choose(config, NULL, SCHEME_ECDSA_P256_SHA256, BJ_ERR_NO_CREDENTIAL);
	wr_vec(&w, pki.root.cert.subject, 2);
	authorities = wr_view(&w);
	assert_non_null(choose(config, NULL, SCHEME_ECDSA_P256_SHA256, BJ_OK));
	authorities = (struct bj_bytes){ NULL, 0 };
	bj_tls_config_free(config);
}

static void strict_names_know_no_default(void **state)
{
	struct bj_tls_config *config = a_config(BJ_TLS_SERVER);

	add(config, ISSUE_SERVER, KEY_P256, "a.example");
	assert_int_equal(bj_tls_config_strict_sni(config, true), BJ_OK);
	assert_int_equal(bj_tls_config_freeze(config), BJ_OK);
	choose(config, "b.example", SCHEME_ECDSA_P256_SHA256, BJ_ERR_UNKNOWN_NAME);
	choose(config, "a.example.b", SCHEME_ECDSA_P256_SHA256, BJ_ERR_UNKNOWN_NAME);
	assert_non_null(choose(config, "a.example", SCHEME_ECDSA_P256_SHA256, BJ_OK));
	assert_non_null(choose(config, NULL, SCHEME_ECDSA_P256_SHA256, BJ_OK));
	bj_tls_config_free(config);
}

static void signatures_of_13_fit_the_curve_and_never_pkcs1(void **state)
{
	struct bj_tls_config *config = a_config(BJ_TLS_SERVER);

	add(config, ISSUE_SERVER, KEY_P256, "a.example");
	add(config, ISSUE_SERVER, KEY_RSA, "a.example");
	assert_int_equal(bj_tls_config_freeze(config), BJ_OK);
	choose(config, "a.example", SCHEME_ECDSA_P384_SHA384, BJ_ERR_NO_COMMON_SIGNATURE);
	choose(config, "a.example", SCHEME_RSA_PKCS1_SHA256, BJ_ERR_NO_COMMON_SIGNATURE);
	choose(config, "a.example", SCHEME_RSA_PSS_PSS_SHA256, BJ_ERR_NO_COMMON_SIGNATURE);
	bj_tls_config_free(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_client_without_anchors_is_refused),
		cmocka_unit_test(a_server_without_a_credential_is_refused),
		cmocka_unit_test(a_server_that_judges_clients_needs_anchors),
		cmocka_unit_test(versions_without_a_suite_are_refused),
		cmocka_unit_test(a_freezing_that_fails_changes_nothing),
		cmocka_unit_test(values_that_do_not_exist_change_nothing),
		cmocka_unit_test(a_frozen_configuration_never_changes),
		cmocka_unit_test(connections_need_a_frozen_configuration_and_a_good_name),
		cmocka_unit_test(names_and_signatures_choose_the_credential),
		cmocka_unit_test(a_credential_may_sign_with_less_than_is_accepted),
		cmocka_unit_test(freezing_may_fail_and_be_tried_again),
		cmocka_unit_test(a_credential_that_must_match_is_for_those_who_name_its_issuer),
		cmocka_unit_test(strict_names_know_no_default),
		cmocka_unit_test(signatures_of_13_fit_the_curve_and_never_pkcs1),
	};

	return cmocka_run_group_tests(tests, pki_setup, pki_teardown);
}
