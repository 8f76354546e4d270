/* delegated_test.c - delegated credentials: what is refused, what is taken, and who shows them to whom. rfc9345 */
#include "tls/delegated.h"
#include "tls/fixture.h"

static uint8_t leaf_der[ISSUE_DER_MAX], made[DELEGATED_LEN_MAX];
static struct cert leaf;
static struct pkey *leaf_key, *key, *rsa_key;
static size_t leaf_len, made_len;

/* Certificates of the kit begin a day before PKI_NOW. */
#define DAY 86400u

static const uint16_t p256[] = { SCHEME_ECDSA_P256_SHA256 };
static const uint16_t p384[] = { SCHEME_ECDSA_P384_SHA384 };

static void leaf_make(bool delegates)
{
	const char *name = PKI_NAME;
	struct issue in = { .kind = ISSUE_SERVER, .common_name = "an end entity", .names = &name, .name_count = 1, .key = leaf_key };

	in.delegates = delegates;
	pki_issue(&in, &pki.middle, leaf_der, &leaf_len);
	assert_int_equal(cert_parse(bytes_of(leaf_der, leaf_len), &leaf), BJ_OK);
}

static int group_setup(void **state)
{
	pki_make(&pki);
	assert_int_equal(pkey_generate(KEY_P256, 0, &leaf_key), BJ_OK);
	assert_int_equal(pkey_generate(KEY_P256, 0, &key), BJ_OK);
	assert_int_equal(pkey_generate(KEY_RSA, 2048, &rsa_key), BJ_OK);
	return 0;
}

static int group_teardown(void **state)
{
	pki_fini(&pki);
	pkey_free(leaf_key);
	pkey_free(key);
	pkey_free(rsa_key);
	return 0;
}

static int setup(void **state)
{
	leaf_make(true);
	client = pki_client_config(&pki);
	server = bj_tls_config_new(BJ_TLS_SERVER);
	assert_int_equal(bj_tls_config_delegated_schemes(client, p256, 1), BJ_OK);
	memset(&pair, 0, sizeof(pair));
	return 0;
}

static void make(uint32_t valid_s, const struct pkey *by)
{
	const struct delegated_wish wish = { .leaf = &leaf, .leaf_key = by, .key = key, .scheme = p256[0], .algorithm = p256[0], .valid_s = valid_s };

	assert_int_equal(delegated_make(&wish, made, sizeof(made), &made_len), BJ_OK);
}

static struct bj_bytes made_view(void)
{
	return bytes_of(made, made_len);
}

/* The server's credential with what was made, and behind it the certificate's own. */
static void server_delegates(void)
{
	struct bj_bytes chain[2] = { bytes_of(leaf_der, leaf_len), bytes_of(pki.middle.der, pki.middle.len) };
	struct bj_credential *credential;
	struct delegated d;

	assert_int_equal(delegated_parse(made_view(), &d), BJ_OK);
	assert_int_equal(credential_make_delegated(chain, 2, key, d.bytes, d.spki, &credential), BJ_OK);
	assert_int_equal(bj_tls_config_credential(server, credential), BJ_OK);
	bj_credential_free(credential);
	assert_int_equal(credential_make(chain, 2, leaf_key, &credential), BJ_OK);
	assert_int_equal(bj_tls_config_credential(server, credential), BJ_OK);
	bj_credential_free(credential);
}

static void check_shake(enum bj_err expected, bool delegated)
{
	ends_shake();
	assert_int_equal(pair.client.err, expected);
	if (expected) {
		assert_int_equal(report_of(&pair.server).alert_received, ALERT_ILLEGAL_PARAMETER);
		return;
	}
	assert_int_equal(report_of(&pair.client).peer_delegated, delegated);
	assert_true(report_of(&pair.client).peer_verified);
	pair_echo(&pair);
}

/* ---- refused */

/* An end that does not look whether anybody would take it. */
static void show_all_the_same(struct bj_tls_config *config)
{
	assert_int_equal(bj_tls_config_freeze(config), BJ_OK);
	for (size_t i = 0; i < config->credential_count; i++)
		if (config->credentials[i].delegated.scheme)
			config->credentials[i].delegated.end = PKI_NOW + DAY;
}

static void one_that_lives_too_long_is_refused(void **state)
{
	make(8 * DAY + 1, leaf_key);
	server_delegates();
	show_all_the_same(server);
	check_shake(BJ_ERR_DELEGATION, false);
}

/* It was made ahead of its time, which comes. */
static void one_that_lives_too_long_is_not_shown(void **state)
{
	make(8 * DAY + 1, leaf_key);
	server_delegates();
	check_shake(BJ_OK, false);
}

static void one_that_has_seven_days_left_is_taken(void **state)
{
	make(8 * DAY, leaf_key);
	server_delegates();
	check_shake(BJ_OK, true);
}

static void one_past_its_end_is_not_shown_and_would_not_be_taken(void **state)
{
	struct delegated d;
	struct cert unused;

	make(DAY, leaf_key);
	server_delegates();
	check_shake(BJ_OK, false);
	assert_int_equal(delegated_parse(made_view(), &d), BJ_OK);
	assert_int_equal(delegated_judge(&d, &leaf, DELEGATED_SERVER, PKI_NOW, &unused), BJ_ERR_DELEGATION);
	assert_int_equal(delegated_judge(&d, &leaf, DELEGATED_SERVER, PKI_NOW - 1, &unused), BJ_OK);
}

static void one_by_another_key_is_refused(void **state)
{
	make(2 * DAY, pki.root.key);
	server_delegates();
	check_shake(BJ_ERR_DELEGATION, false);
}

static void one_by_a_certificate_that_may_not_delegate_is_refused(void **state)
{
	leaf_make(false);
	make(2 * DAY, leaf_key);
	server_delegates();
	check_shake(BJ_ERR_DELEGATION, false);
}

static void a_certificate_without_digital_signature_may_not_delegate(void **state)
{
	struct delegated d;
	struct cert unused, other = leaf;

	make(2 * DAY, leaf_key);
	assert_int_equal(delegated_parse(made_view(), &d), BJ_OK);
	other.key_usage = KU_KEY_ENCIPHERMENT;
	assert_int_equal(delegated_judge(&d, &other, DELEGATED_SERVER, PKI_NOW, &unused), BJ_ERR_DELEGATION);
	other.has_key_usage = false;
	assert_int_equal(delegated_judge(&d, &other, DELEGATED_SERVER, PKI_NOW, &unused), BJ_ERR_DELEGATION);
}

static void keys_of_the_wrong_kind_are_refused(void **state)
{
	const struct {
		const struct pkey *key;
		uint16_t scheme;
	} rows[] = { { rsa_key, SCHEME_RSA_PSS_RSAE_SHA256 }, { key, SCHEME_ECDSA_P384_SHA384 }, { key, SCHEME_ED25519 }, { key, 0x1234 } };
	struct delegated_wish wish = { .leaf = &leaf, .leaf_key = leaf_key, .algorithm = p256[0], .valid_s = 2 * DAY };
	struct delegated d;
	struct cert unused;

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		wish.key = rows[i].key;
		wish.scheme = rows[i].scheme;
		assert_int_equal(delegated_make(&wish, made, sizeof(made), &made_len), BJ_OK);
		assert_int_equal(delegated_parse(made_view(), &d), BJ_OK);
		assert_int_equal(delegated_judge(&d, &leaf, DELEGATED_SERVER, PKI_NOW, &unused), BJ_ERR_DELEGATION);
	}
	wish.algorithm = 0x1234;
	assert_int_equal(delegated_make(&wish, made, sizeof(made), &made_len), BJ_ERR_ARGUMENT);
	assert_int_equal(bj_tls_config_delegated_schemes(client, (uint16_t[]){ SCHEME_RSA_PSS_RSAE_SHA256 }, 1), BJ_ERR_ARGUMENT);
}

static void every_byte_of_one_matters(void **state)
{
	struct delegated d;
	struct cert unused;

	make(2 * DAY, leaf_key);
	for (size_t i = 0; i < made_len; i++) {
		enum bj_err err;

		made[i] ^= 1;
		err = delegated_parse(made_view(), &d);
		if (!err)
			err = delegated_judge(&d, &leaf, DELEGATED_SERVER, PKI_NOW, &unused);
		assert_int_not_equal(err, BJ_OK);
		made[i] ^= 1;
	}
	for (size_t i = 0; i < made_len; i++)
		assert_int_equal(delegated_parse(bytes_of(made, i), &d), BJ_ERR_DECODE);
}

/* ---- who shows it to whom */

static void a_client_that_did_not_ask_gets_the_certificates_own_key(void **state)
{
	make(2 * DAY, leaf_key);
	server_delegates();
	bj_tls_config_free(client);
	client = pki_client_config(&pki);
	check_shake(BJ_OK, false);
}

static void a_client_that_takes_other_schemes_gets_the_certificates_own_key(void **state)
{
	make(2 * DAY, leaf_key);
	server_delegates();
	assert_int_equal(bj_tls_config_delegated_schemes(client, p384, 1), BJ_OK);
	check_shake(BJ_OK, false);
}

static void there_are_none_in_12(void **state)
{
	make(2 * DAY, leaf_key);
	server_delegates();
	assert_int_equal(bj_tls_config_versions(client, BJ_TLS_1_2, BJ_TLS_1_2), BJ_OK);
	check_shake(BJ_OK, false);
}

static void a_client_that_asked_takes_it(void **state)
{
	make(2 * DAY, leaf_key);
	server_delegates();
	check_shake(BJ_OK, true);
	assert_int_equal(report_of(&pair.client).signature_scheme, p256[0]);
	assert_int_equal(report_of(&pair.client).verdict ? report_of(&pair.client).verdict->err : BJ_OK, BJ_OK);
}

/* The chain itself must still be good. */
static void a_delegation_does_not_make_a_chain_good(void **state)
{
	make(2 * DAY, leaf_key);
	server_delegates();
	pair_start(&pair, client, server, "other.example.com");
	pair_shake(&pair);
	assert_int_equal(pair.client.err, BJ_ERR_CERT_NAME);
}

static void a_key_that_is_not_the_delegated_one_is_no_credential(void **state)
{
	struct bj_bytes chain = bytes_of(leaf_der, leaf_len);
	struct bj_credential *credential;
	struct delegated d;

	make(2 * DAY, leaf_key);
	assert_int_equal(delegated_parse(made_view(), &d), BJ_OK);
	assert_int_equal(credential_make_delegated(&chain, 1, leaf_key, d.bytes, d.spki, &credential), BJ_ERR_KEY_MISMATCH);
	assert_int_equal(bj_tls_delegated_credential("x", 1, made, made_len - 1, "x", 1, &credential), BJ_ERR_DECODE);
	assert_int_equal(bj_tls_delegated_credential("x", 1, made, made_len, "x", 1, &credential), BJ_ERR_PEM_NONE);
	assert_int_equal(bj_tls_delegated_credential(NULL, 0, made, made_len, "x", 1, &credential), BJ_ERR_ARGUMENT);
}

/* ---- those of clients */

static struct delegated_wish client_wish(void)
{
	return (struct delegated_wish){ .leaf = &leaf, .leaf_key = leaf_key, .key = key, .scheme = p256[0], .algorithm = p256[0], .valid_s = 2 * DAY,
					.side = DELEGATED_CLIENT };
}

/* The client's certificate with what `wish` makes, and behind it the certificate's own key if there is to be one. */
static void client_delegates(struct delegated_wish wish, bool with_own)
{
	struct issue in = { .kind = ISSUE_CLIENT, .common_name = "alice", .key = leaf_key, .delegates = true };
	struct bj_bytes chain[2];
	struct bj_credential *own;
	struct delegated d;

	pki_issue(&in, &pki.middle, leaf_der, &leaf_len);
	assert_int_equal(cert_parse(bytes_of(leaf_der, leaf_len), &leaf), BJ_OK);
	chain[0] = bytes_of(leaf_der, leaf_len);
	chain[1] = bytes_of(pki.middle.der, pki.middle.len);
	assert_int_equal(delegated_make(&wish, made, sizeof(made), &made_len), BJ_OK);
	assert_int_equal(delegated_parse(made_view(), &d), BJ_OK);
	assert_int_equal(credential_make_delegated(chain, 2, key, d.bytes, d.spki, &own), BJ_OK);
	assert_int_equal(bj_tls_config_credential(client, own), wish.side == DELEGATED_CLIENT ? BJ_OK : BJ_ERR_DELEGATION);
	bj_credential_free(own);
	if (!with_own)
		return;
	assert_int_equal(credential_make(chain, 2, leaf_key, &own), BJ_OK);
	assert_int_equal(bj_tls_config_credential(client, own), BJ_OK);
	bj_credential_free(own);
}

/* A server with a certificate of its own that asks clients for theirs. */
static void server_asks(const uint16_t *schemes)
{
	struct bj_credential *own = pki_credential(&pki, ISSUE_SERVER, KEY_P256, PKI_NAME);

	assert_int_equal(bj_tls_config_credential(server, own), BJ_OK);
	assert_int_equal(bj_tls_config_trust(server, pki.trust), BJ_OK);
	assert_int_equal(bj_tls_config_client_auth(server, BJ_TLS_AUTH_REQUIRED), BJ_OK);
	if (schemes)
		assert_int_equal(bj_tls_config_delegated_schemes(server, schemes, 1), BJ_OK);
	bj_credential_free(own);
}

static void check_client(enum bj_err expected, bool delegated)
{
	ends_shake();
	assert_int_equal(pair.server.err, expected);
	if (expected)
		return;
	assert_int_equal(report_of(&pair.server).peer_delegated, delegated);
	assert_true(report_of(&pair.server).peer_verified);
	assert_false(report_of(&pair.client).peer_delegated);
	pair_echo(&pair);
}

static void a_server_that_asks_takes_a_clients(void **state)
{
	server_asks(p256);
	client_delegates(client_wish(), false);
	check_client(BJ_OK, true);
}

static void a_server_that_does_not_ask_gets_the_certificates_own_key(void **state)
{
	server_asks(NULL);
	client_delegates(client_wish(), true);
	check_client(BJ_OK, false);
}

static void a_server_that_takes_other_schemes_gets_the_certificates_own_key(void **state)
{
	server_asks(p384);
	client_delegates(client_wish(), true);
	check_client(BJ_OK, false);
}

/* One who has nothing else shows nothing. */
static void a_client_with_nothing_else_has_no_certificate_for_others(void **state)
{
	server_asks(NULL);
	client_delegates(client_wish(), false);
	check_client(BJ_ERR_CERTIFICATE_REQUIRED, false);
}

static void one_of_a_client_is_judged_as_one_of_a_server_is(void **state)
{
	struct delegated_wish wish = client_wish();

	server_asks(p256);
	wish.valid_s = 8 * DAY + 1;
	client_delegates(wish, false);
	show_all_the_same(client);
	check_client(BJ_ERR_DELEGATION, false);
	assert_int_equal(report_of(&pair.client).alert_received, ALERT_ILLEGAL_PARAMETER);
}

/* What was made for a server is none of a client's, in the judge and in the configuration, and the other way round. */
static void each_role_has_its_own(void **state)
{
	struct delegated_wish wish = client_wish();
	struct delegated d;
	struct cert unused;

	for (unsigned side = 0; side < 2; side++) {
		wish.side = (enum delegated_side)side;
		assert_int_equal(delegated_make(&wish, made, sizeof(made), &made_len), BJ_OK);
		assert_int_equal(delegated_parse(made_view(), &d), BJ_OK);
		assert_int_equal(delegated_judge(&d, &leaf, (enum delegated_side)side, PKI_NOW, &unused), BJ_OK);
		assert_int_equal(delegated_judge(&d, &leaf, (enum delegated_side)!side, PKI_NOW, &unused), BJ_ERR_DELEGATION);
	}
	wish.side = DELEGATED_SERVER;
	client_delegates(wish, false);
}

/* Also after the handshake. */
static void a_client_that_is_asked_later_shows_its_own(void **state)
{
	struct bj_credential *own = pki_credential(&pki, ISSUE_SERVER, KEY_P256, PKI_NAME);

	assert_int_equal(bj_tls_config_credential(server, own), BJ_OK);
	bj_credential_free(own);
	assert_int_equal(bj_tls_config_trust(server, pki.trust), BJ_OK);
	assert_int_equal(bj_tls_config_delegated_schemes(server, p256, 1), BJ_OK);
	assert_int_equal(bj_tls_config_post_handshake_auth(server, true), BJ_OK);
	assert_int_equal(bj_tls_config_post_handshake_auth(client, true), BJ_OK);
	client_delegates(client_wish(), false);
	ends_shake();
	assert_int_equal(bj_tls_request_certificate(pair.server.conn), BJ_OK);
	pair_run(&pair);
	assert_int_equal(pair.server.err, BJ_OK);
	assert_true(report_of(&pair.server).peer_delegated);
	assert_true(report_of(&pair.server).peer_verified);
	pair_echo(&pair);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, ends_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(one_that_lives_too_long_is_refused),
		T(one_that_lives_too_long_is_not_shown),
		T(one_past_its_end_is_not_shown_and_would_not_be_taken),
		T(one_by_another_key_is_refused),
		T(one_by_a_certificate_that_may_not_delegate_is_refused),
		T(a_certificate_without_digital_signature_may_not_delegate),
		T(keys_of_the_wrong_kind_are_refused),
		T(every_byte_of_one_matters),
		T(a_key_that_is_not_the_delegated_one_is_no_credential),
		T(a_delegation_does_not_make_a_chain_good),
		T(one_that_has_seven_days_left_is_taken),
		T(a_client_that_did_not_ask_gets_the_certificates_own_key),
		T(a_client_that_takes_other_schemes_gets_the_certificates_own_key),
		T(there_are_none_in_12),
		T(a_client_that_asked_takes_it),
		T(each_role_has_its_own),
		T(one_of_a_client_is_judged_as_one_of_a_server_is),
		T(a_client_with_nothing_else_has_no_certificate_for_others),
		T(a_server_that_does_not_ask_gets_the_certificates_own_key),
		T(a_server_that_takes_other_schemes_gets_the_certificates_own_key),
		T(a_server_that_asks_takes_a_clients),
		T(a_client_that_is_asked_later_shows_its_own),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
