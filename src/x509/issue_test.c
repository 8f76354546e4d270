/* issue_test.c - what issue.c makes is read back as it was asked for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "x509/algorithm.h"
#include "x509/issue.h"
#include "x509/name.h"

#define NOW 1800000000

static uint8_t buf[2][ISSUE_DER_MAX];

static struct pkey *make_key(enum key_kind kind)
{
	struct pkey *key;

	assert_int_equal(pkey_generate(kind, 2048, &key), BJ_OK);
	return key;
}

static struct issue a_ca(const struct pkey *key)
{
	return (struct issue){ .kind = ISSUE_CA, .common_name = "Test CA", .organization = "Acme, \"Inc\"",
			       .not_before = NOW, .not_after = NOW + 1000, .key = key };
}

static void wrong_orders_are_refused(void **state)
{
	struct pkey *key = make_key(KEY_P256), *other = make_key(KEY_P256);
	const char *bad_names[] = { "", "a b", "-a.example", "*.com", "a..b", "10.0.0.256.", "\xc3\xa9.example", "under_score.example" };
	struct issue in = a_ca(key);
	struct cert ca;
	size_t len;

	in.not_after = NOW - 1;
	assert_int_equal(issue_cert(&in, buf[0], ISSUE_DER_MAX, &len), BJ_ERR_ARGUMENT);
	in = a_ca(key);
	in.issuer_key = other;
	assert_int_equal(issue_cert(&in, buf[0], ISSUE_DER_MAX, &len), BJ_ERR_ARGUMENT);
	in = a_ca(key);
	in.common_name = in.organization = NULL;
	assert_int_equal(issue_cert(&in, buf[0], ISSUE_DER_MAX, &len), BJ_ERR_ARGUMENT);
	in = a_ca(key);
	in.common_name = "12345678901234567890123456789012345678901234567890123456789012345";
	assert_int_equal(issue_cert(&in, buf[0], ISSUE_DER_MAX, &len), BJ_ERR_ARGUMENT);
	for (size_t i = 0; i < ARRAY_COUNT(bad_names); i++) {
		in = a_ca(key);
		in.names = &bad_names[i];
		in.name_count = 1;
		assert_int_equal(issue_cert(&in, buf[0], ISSUE_DER_MAX, &len), BJ_ERR_ARGUMENT);
		in.name_count = 0;
		in.permitted = &bad_names[i];
		in.permitted_count = 1;
		assert_int_equal(issue_cert(&in, buf[0], ISSUE_DER_MAX, &len), BJ_ERR_ARGUMENT);
	}
	in = a_ca(key);
	for (size_t cap = 0; cap < 300; cap += 7)
		assert_int_equal(issue_cert(&in, buf[0], cap, &len), BJ_ERR_SPACE);
	assert_int_equal(issue_cert(&in, buf[0], ISSUE_DER_MAX, &len), BJ_OK);
	assert_int_equal(cert_parse(bytes_of(buf[0], len), &ca), BJ_OK);
	in = (struct issue){ .kind = ISSUE_SERVER, .common_name = "x", .not_after = 1, .key = other, .issuer = &ca, .issuer_key = other };
	assert_int_equal(issue_cert(&in, buf[1], ISSUE_DER_MAX, &len), BJ_ERR_KEY_MISMATCH);
	pkey_free(key);
	pkey_free(other);
}

static void a_certificate_of_every_kind_of_key_verifies(void **state)
{
	static const struct { enum key_kind kind; enum sig_alg alg; } kinds[] = {
		{ KEY_RSA, SIG_RSA_PKCS1_SHA256 }, { KEY_P256, SIG_ECDSA_SHA256 }, { KEY_P384, SIG_ECDSA_SHA384 },
		{ KEY_P521, SIG_ECDSA_SHA512 }, { KEY_ED25519, SIG_ED25519 },
	};

	for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
		struct pkey *key = make_key(kinds[i].kind);
		struct issue in = a_ca(key);
		struct cert cert;
		size_t len;

		assert_int_equal(issue_cert(&in, buf[0], ISSUE_DER_MAX, &len), BJ_OK);
		assert_int_equal(cert_parse(bytes_of(buf[0], len), &cert), BJ_OK);
		assert_int_equal(cert.key.kind, kinds[i].kind);
		assert_int_equal(cert.sig_alg, kinds[i].alg);
		assert_int_equal(pubkey_verify(&cert.key, cert.sig_alg, cert.tbs, cert.signature), BJ_OK);
		buf[0][len / 2] ^= 1;
		assert_int_not_equal(pubkey_verify(&cert.key, cert.sig_alg, cert.tbs, cert.signature), BJ_OK);
		pkey_free(key);
	}
}

static void a_ca_and_its_server_are_what_was_asked_for(void **state)
{
	const char *names[] = { "localhost", "*.example.com", "127.0.0.1", "::1" };
	const char *permitted[] = { "localhost", "example.com", "127.0.0.0/8" };
	struct pkey *ca_key = make_key(KEY_P256), *key = make_key(KEY_P256);
	struct issue in = a_ca(ca_key);
	struct cert ca, leaf;
	char line[200];
	struct text text = text_make(line, sizeof(line));
	size_t len;

	in.permitted = permitted;
	in.permitted_count = 3;
	in.has_path_len = true;
	assert_int_equal(issue_cert(&in, buf[0], ISSUE_DER_MAX, &len), BJ_OK);
	assert_int_equal(cert_parse(bytes_of(buf[0], len), &ca), BJ_OK);
	assert_true(ca.is_ca && ca.basic_constraints_critical && ca.has_path_len && ca.path_len == 0);
	assert_int_equal(ca.key_usage, KU_KEY_CERT_SIGN | KU_CRL_SIGN);
	assert_true(ca.name_constraints_critical && ca.name_constraints.len > 0);
	assert_true(bytes_equal(ca.ski, ca.aki) && ca.ski.len == 20);
	assert_true(cert_is_self_issued(&ca));
	assert_int_equal(ca.not_before, NOW);
	assert_int_equal(ca.not_after, NOW + 1000);
	name_text(ca.subject, &text);
	assert_string_equal(line, "CN=Test CA,O=Acme\\, \\\"Inc\\\"");

	in = (struct issue){ .kind = ISSUE_SERVER, .names = names, .name_count = 4, .not_before = NOW, .not_after = NOW + 10,
			     .key = key, .issuer = &ca, .issuer_key = ca_key };
	assert_int_equal(issue_cert(&in, buf[1], ISSUE_DER_MAX, &len), BJ_OK);
	assert_int_equal(cert_parse(bytes_of(buf[1], len), &leaf), BJ_OK);
	assert_true(name_is_empty(leaf.subject) && leaf.san_critical);
	assert_true(name_equal(leaf.issuer, ca.subject));
	assert_true(bytes_equal(leaf.aki, ca.ski));
	assert_int_equal(leaf.eku, EKU_SERVER);
	assert_int_equal(leaf.key_usage, KU_DIGITAL_SIGNATURE);
	assert_false(leaf.is_ca);
	assert_int_equal(pubkey_verify(&ca.key, leaf.sig_alg, leaf.tbs, leaf.signature), BJ_OK);
	pkey_free(ca_key);
	pkey_free(key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_orders_are_refused),
		cmocka_unit_test(a_certificate_of_every_kind_of_key_verifies),
		cmocka_unit_test(a_ca_and_its_server_are_what_was_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
