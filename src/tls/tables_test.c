/* tables_test.c - suites, groups, schemes and alerts: what may be used with what, and their names. */
#include "base/test.h"

#include "tls/alert.h"
#include "tls/group.h"
#include "tls/scheme.h"
#include "tls/suite.h"

static void every_name_leads_back_to_its_code(void **state)
{
	for (size_t i = 0; i < SUITE_COUNT; i++)
		assert_int_equal(bj_tls_suite_by_name(bj_tls_suite_name(suite_table[i].code)), suite_table[i].code);
	for (size_t i = 0; i < GROUP_COUNT; i++)
		assert_int_equal(bj_tls_group_by_name(bj_tls_group_name(group_table[i].code)), group_table[i].code);
	for (size_t i = 0; i < SCHEME_COUNT; i++)
		assert_int_equal(bj_tls_scheme_by_name(bj_tls_scheme_name(scheme_table[i].code)), scheme_table[i].code);
}

static void what_nobody_knows_has_no_code_and_no_name(void **state)
{
	assert_int_equal(bj_tls_suite_by_name("TLS_RSA_WITH_AES_128_CBC_SHA"), 0);
	assert_int_equal(bj_tls_suite_by_name("unknown"), 0);
	assert_int_equal(bj_tls_suite_by_name(NULL), 0);
	assert_int_equal(bj_tls_group_by_name("x25519"), 0);
	assert_int_equal(bj_tls_scheme_by_name(""), 0);
	assert_string_equal(bj_tls_suite_name(0x2a2a), "unknown");
	assert_string_equal(bj_tls_group_name(0), "unknown");
	assert_string_equal(bj_tls_scheme_name(0x0201), "unknown");
	assert_string_equal(bj_tls_alert_name(-1), "unknown");
	assert_string_equal(bj_tls_alert_name(256), "unknown");
	assert_string_equal(bj_tls_version_name(0x0305), "unknown");
	assert_null(suite_find(SUITE_SCSV_FALLBACK));
}

static void every_failure_that_sends_an_alert_sends_one_that_has_a_name(void **state)
{
	static const enum bj_err errs[] = {
#define BJ_ERR(name, value, id, alert, words) BJ_ERR_##name,
#include <bojagi/err.def>
#undef BJ_ERR
	};
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_COUNT(errs); i++) {
		int alert = bj_err_alert(errs[i]);

		if (alert < 0)
			continue;
		assert_string_not_equal(bj_tls_alert_name(alert), "unknown");
		count++;
	}
	assert_true(count > 40);
}

/* Kinds in the order RSA RSA_PSS P256 P384 P521 ED25519 and the three of ML-DSA: may they sign a handshake of 1.3, of 1.2? */
static void only_keys_that_fit_may_sign(void **state)
{
	static const enum key_kind kinds[] = { KEY_RSA, KEY_RSA_PSS, KEY_P256, KEY_P384, KEY_P521, KEY_ED25519, KEY_MLDSA44, KEY_MLDSA65, KEY_MLDSA87 };
	static const struct {
		uint16_t scheme;
		const char *in_13, *in_12;
	} rows[] = {
		{ SCHEME_RSA_PKCS1_SHA256, "000000000", "100000000" },    { SCHEME_RSA_PKCS1_SHA384, "000000000", "100000000" },
		{ SCHEME_RSA_PKCS1_SHA512, "000000000", "100000000" },    { SCHEME_ECDSA_P256_SHA256, "001000000", "001110000" },
		{ SCHEME_ECDSA_P384_SHA384, "000100000", "001110000" },   { SCHEME_ECDSA_P521_SHA512, "000010000", "001110000" },
		{ SCHEME_RSA_PSS_RSAE_SHA256, "100000000", "100000000" }, { SCHEME_RSA_PSS_RSAE_SHA384, "100000000", "100000000" },
		{ SCHEME_RSA_PSS_RSAE_SHA512, "100000000", "100000000" }, { SCHEME_RSA_PSS_PSS_SHA256, "010000000", "010000000" },
		{ SCHEME_RSA_PSS_PSS_SHA384, "010000000", "010000000" },  { SCHEME_RSA_PSS_PSS_SHA512, "010000000", "010000000" },
		{ SCHEME_ED25519, "000001000", "000001000" },       { SCHEME_MLDSA44, "000000100", "000000000" },
		{ SCHEME_MLDSA65, "000000010", "000000000" },       { SCHEME_MLDSA87, "000000001", "000000000" },
	};

	assert_int_equal(ARRAY_COUNT(rows), SCHEME_COUNT);
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		const struct scheme *scheme = scheme_find(rows[i].scheme);

		assert_non_null(scheme);
		for (size_t k = 0; k < ARRAY_COUNT(kinds); k++) {
			assert_int_equal(scheme_fits(scheme, kinds[k], VERSION_1_3), rows[i].in_13[k] == '1');
			assert_int_equal(scheme_fits(scheme, kinds[k], VERSION_1_2), rows[i].in_12[k] == '1');
			if (rows[i].in_12[k] == '1' || rows[i].in_13[k] == '1') /* and the algorithm below agrees */
				assert_true(sig_fits_key((enum sig_alg)scheme->alg, kinds[k]));
		}
	}
}

static void suites_of_1_2_name_the_key_and_those_of_1_3_do_not(void **state)
{
	assert_true(suite_fits_key(suite_find(0x1301), KEY_RSA) && suite_fits_key(suite_find(0x1301), KEY_ED25519));
	assert_true(suite_fits_key(suite_find(0xc02b), KEY_P384) && suite_fits_key(suite_find(0xc02b), KEY_ED25519));
	assert_false(suite_fits_key(suite_find(0xc02b), KEY_RSA));
	assert_true(suite_fits_key(suite_find(0xc02f), KEY_RSA_PSS));
	assert_false(suite_fits_key(suite_find(0xc02f), KEY_P256));
	assert_false(suite_fits_key(suite_find(0x1301), KEY_NONE));
}

static void a_bound_key_signs_with_its_one_algorithm(void **state)
{
	const struct cert bound = { .key = { .kind = KEY_RSA_PSS }, .key_only = SIG_RSA_PSS_SHA384 };
	const struct cert free_one = { .key = { .kind = KEY_RSA_PSS } };

	assert_false(scheme_allowed(scheme_find(SCHEME_RSA_PSS_PSS_SHA256), &bound));
	assert_true(scheme_allowed(scheme_find(SCHEME_RSA_PSS_PSS_SHA384), &bound));
	assert_true(scheme_allowed(scheme_find(SCHEME_RSA_PSS_PSS_SHA256), &free_one));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bound_key_signs_with_its_one_algorithm),
		cmocka_unit_test(every_name_leads_back_to_its_code),
		cmocka_unit_test(what_nobody_knows_has_no_code_and_no_name),
		cmocka_unit_test(every_failure_that_sends_an_alert_sends_one_that_has_a_name),
		cmocka_unit_test(only_keys_that_fit_may_sign),
		cmocka_unit_test(suites_of_1_2_name_the_key_and_those_of_1_3_do_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
