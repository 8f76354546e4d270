/* wishes_test.c - what peers say of the certificates that they take, and who follows it: authorities and signatures in chains. */
#include "base/writer.h"
#include "tls/fixture.h"
#include "tls/msg/certificate_request.h"

static struct pki other;
static struct pki_ca big; /* signs with P-384 */

static int group_setup(void **state)
{
	struct issue in = { .kind = ISSUE_CA, .common_name = "Big Root" };

	pki_make(&pki);
	pki_make(&other);
	pkey_free(other.root.key);
	pkey_free(other.middle.key);
	pki_ca_make(&other.root, "Other Root", NULL);
	pki_ca_make(&other.middle, "Other Intermediate", &other.root);
	assert_int_equal(pkey_generate(KEY_P384, 0, &big.key), BJ_OK);
	in.key = big.key;
	pki_issue(&in, NULL, big.der, &big.len);
	assert_int_equal(cert_parse(bytes_of(big.der, big.len), &big.cert), BJ_OK);
	return 0;
}

static int group_teardown(void **state)
{
	pki_fini(&pki);
	pki_fini(&other);
	pkey_free(big.key);
	return 0;
}

static int setup(void **state)
{
	client = pki_client_config(&pki);
	server = bj_tls_config_new(BJ_TLS_SERVER);
	memset(&pair, 0, sizeof(pair));
	return 0;
}

/* A credential of P-256 below a CA. */
static struct bj_credential *below(const struct pki_ca *ca, enum issue_kind kind)
{
	const char *name = PKI_NAME;
	struct issue in = { .kind = kind, .common_name = "an end entity", .names = &name, .name_count = kind == ISSUE_SERVER };
	struct bj_credential *credential;
	uint8_t der[ISSUE_DER_MAX];
	struct bj_bytes chain[2];
	struct pkey *key;
	size_t len;

	assert_int_equal(pkey_generate(KEY_P256, 0, &key), BJ_OK);
	in.key = key;
	pki_issue(&in, ca, der, &len);
	chain[0] = bytes_of(der, len);
	chain[1] = bytes_of(ca->der, ca->len);
	assert_int_equal(credential_make(chain, 2, key, &credential), BJ_OK);
	pkey_free(key);
	return credential;
}

static void add(struct bj_tls_config *config, struct bj_credential *credential, bool must_match)
{
	assert_int_equal(bj_tls_config_credential(config, credential), BJ_OK);
	if (must_match)
		assert_int_equal(bj_tls_config_credential_must_match(config), BJ_OK);
	bj_credential_free(credential);
}

static void both_good(void)
{
	assert_int_equal(pair.client.err, BJ_OK);
	assert_int_equal(pair.server.err, BJ_OK);
	pair_echo(&pair);
}

static void names_that_are_none_are_refused(void **state)
{
	struct bj_bytes bad = bytes_text("no name"), good = pki.root.cert.subject;
	struct bj_bytes many[CONFIG_AUTHORITIES_MAX / 8];

	assert_int_equal(bj_tls_config_authorities(client, &bad, 1), BJ_ERR_CERT_NAME_FORM);
	assert_int_equal(bj_tls_config_authorities(client, NULL, 1), BJ_ERR_ARGUMENT);
	assert_int_equal(bj_tls_config_authorities(NULL, NULL, 0), BJ_ERR_ARGUMENT);
	assert_int_equal(bj_tls_config_name_anchors(server, true), BJ_ERR_ARGUMENT);
	for (size_t i = 0; i < ARRAY_COUNT(many); i++)
		many[i] = good;
	assert_int_equal(bj_tls_config_authorities(client, many, ARRAY_COUNT(many)), BJ_ERR_LIMIT);
	assert_int_equal(bj_tls_config_authorities(client, many, CONFIG_AUTHORITIES_MAX / good.len), BJ_ERR_LIMIT);
	assert_int_equal(bj_tls_config_authorities(client, &good, 1), BJ_OK);
	assert_int_equal(bj_tls_config_freeze(client), BJ_OK);
	assert_int_equal(bj_tls_config_authorities(client, &good, 1), BJ_ERR_CONFIG_FROZEN);
	assert_int_equal(bj_tls_config_name_anchors(client, true), BJ_ERR_CONFIG_FROZEN);
}

/* The first credential is for others: without a name of an authority the second one comes, with it the first. */
static void a_server_follows_the_authorities_of_a_client_that_names_them(void **state)
{
	for (unsigned named = 0; named < 3; named++) {
		add(server, below(&other.root, ISSUE_SERVER), true);
		add(server, below(&pki.root, ISSUE_SERVER), false);
		if (named == 1)
			assert_int_equal(bj_tls_config_authorities(client, &other.root.cert.subject, 1), BJ_OK);
		if (named == 2)
			assert_int_equal(bj_tls_config_name_anchors(client, true), BJ_OK);
		ends_shake();
		if (named == 1)
			assert_int_equal(pair.client.err, BJ_ERR_CERT_UNKNOWN_CA);
		else
			both_good();
		ends_teardown(NULL);
		setup(NULL);
	}
}

static void a_client_follows_the_authorities_that_a_server_says_in_both_versions(void **state)
{
	for (unsigned i = 0; i < 4; i++) {
		enum bj_tls_version version = i & 1 ? BJ_TLS_1_2 : BJ_TLS_1_3;

		add(server, below(&pki.root, ISSUE_SERVER), false);
		add(client, below(&other.root, ISSUE_CLIENT), true);
		add(client, below(&pki.root, ISSUE_CLIENT), true);
		assert_int_equal(bj_tls_config_versions(client, version, version), BJ_OK);
		assert_int_equal(bj_tls_config_client_auth(server, BJ_TLS_AUTH_REQUIRED), BJ_OK);
		assert_int_equal(bj_tls_config_trust(server, pki.trust), BJ_OK);
		if (i & 2) /* none are said, so none can match */
			assert_int_equal(bj_tls_config_authorities(server, NULL, 0), BJ_OK);
		ends_shake();
		if (i & 2)
			assert_int_equal(pair.server.err, BJ_ERR_CERTIFICATE_REQUIRED);
		else
			both_good();
		ends_teardown(NULL);
		setup(NULL);
	}
}

/* ---- signatures in certificates */

static const uint16_t only_256[] = { SCHEME_ECDSA_P256_SHA256 };

static void server_has_both_chains(bool big_first)
{
	add(server, below(big_first ? &big : &pki.root, ISSUE_SERVER), false);
	add(server, below(big_first ? &pki.root : &big, ISSUE_SERVER), false);
}

static void a_chain_that_the_client_takes_comes_first(void **state)
{
	for (unsigned i = 0; i < 4; i++) {
		enum bj_tls_version version = i & 1 ? BJ_TLS_1_2 : BJ_TLS_1_3;

		server_has_both_chains(true);
		assert_int_equal(bj_tls_config_versions(client, version, version), BJ_OK);
		if (i & 2)
			assert_int_equal(bj_tls_config_certificate_schemes(client, only_256, 1), BJ_OK);
		else
			assert_int_equal(bj_tls_config_signature_algorithms(client, only_256, 1), BJ_OK);
		ends_shake();
		both_good();
		ends_teardown(NULL);
		setup(NULL);
	}
}

/* A list for certificates is asked in the place of the other one, and what cannot be met is passed over. */
static void where_no_chain_is_taken_the_first_is_sent(void **state)
{
	static const uint16_t none[] = { SCHEME_ED25519 };

	server_has_both_chains(false);
	assert_int_equal(bj_tls_config_certificate_schemes(client, none, 1), BJ_OK);
	ends_shake();
	both_good();
}

static void a_client_follows_what_a_server_takes_in_chains(void **state)
{
	add(server, below(&pki.root, ISSUE_SERVER), false);
	add(client, below(&big, ISSUE_CLIENT), false);
	add(client, below(&pki.root, ISSUE_CLIENT), false);
	assert_int_equal(bj_tls_config_client_auth(server, BJ_TLS_AUTH_REQUIRED), BJ_OK);
	assert_int_equal(bj_tls_config_trust(server, pki.trust), BJ_OK);
	assert_int_equal(bj_tls_config_certificate_schemes(server, only_256, 1), BJ_OK);
	ends_shake();
	both_good();
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, ends_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(names_that_are_none_are_refused),
		T(a_server_follows_the_authorities_of_a_client_that_names_them),
		T(a_client_follows_the_authorities_that_a_server_says_in_both_versions),
		T(a_chain_that_the_client_takes_comes_first),
		T(where_no_chain_is_taken_the_first_is_sent),
		T(a_client_follows_what_a_server_takes_in_chains),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
