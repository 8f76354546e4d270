/* trust_file_test.c - anchors and credentials from files. */
#include "base/test.h"

#include "crypto/pkcs12.h"
#include "host/testkit.h"
#include "x509/credential.h"
#include "x509/rules.h"
#include "x509/show.h"
#include "x509/trust.h"
#include <bojagi/x509.h>

static struct kit kit;

static int setup(void **state)
{
	(void)state;
	kit_open(&kit);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	kit_close(&kit);
	return 0;
}

static void use_environment(const char *file, const char *folders)
{
	if (file)
		assert_int_equal(setenv("SSL_CERT_FILE", file, 1), 0);
	else
		assert_int_equal(unsetenv("SSL_CERT_FILE"), 0);
	if (folders)
		assert_int_equal(setenv("SSL_CERT_DIR", folders, 1), 0);
	else
		assert_int_equal(unsetenv("SSL_CERT_DIR"), 0);
}

static void files_without_anchors_are_refused(void **state)
{
	struct bj_trust *trust = bj_trust_new();
	size_t count = 77;

	(void)state;
	kit_write(&kit, "empty", "", 0);
	kit_write(&kit, "words", "only words\n", 11);
	kit_write(&kit, "damaged", "-----BEGIN CERTIFICATE-----\nAAAA\n", 33);
	kit_write(&kit, "cut.der", kit.ca_der, kit.ca_len - 1);
	assert_int_equal(bj_trust_add_file(trust, kit_path(&kit, "absent"), &count), BJ_ERR_FILE_OPEN);
	assert_int_equal(bj_trust_add_file(trust, kit.folder, &count), BJ_ERR_FILE_READ);
	assert_int_equal(bj_trust_add_file(trust, kit_path(&kit, "empty"), &count), BJ_ERR_PEM_NONE);
	assert_int_equal(bj_trust_add_file(trust, kit_path(&kit, "words"), &count), BJ_ERR_PEM_NONE);
	assert_int_equal(bj_trust_add_file(trust, kit_path(&kit, "damaged"), &count), BJ_ERR_PEM);
	assert_int_equal(bj_trust_add_file(trust, kit_path(&kit, "cut.der"), &count), BJ_ERR_CERT_DER);
	assert_int_equal(bj_trust_count(trust), 0);
	bj_trust_free(trust);
}

static void pem_and_der_give_the_same_anchor(void **state)
{
	struct bj_trust *trust = bj_trust_new();
	size_t count = 0;

	(void)state;
	assert_int_equal(bj_trust_add_file(trust, kit_path(&kit, "ca.pem"), &count), BJ_OK);
	assert_int_equal(count, 1);
	assert_int_equal(bj_trust_add_file(trust, kit_path(&kit, "ca.der"), NULL), BJ_OK);
	assert_int_equal(bj_trust_count(trust), 1);
	bj_trust_free(trust);
}

static void revocation_lists_are_told_from_other_files(void **state)
{
	static const uint8_t cut[] = { 0x30, 0x81, 0x80, 0x30 };
	struct bj_crls *crls = bj_crls_new();
	size_t count = 77;

	(void)state;
	kit_write(&kit, "cut.crl", cut, sizeof(cut));
	assert_int_equal(bj_crls_add_file(crls, kit_path(&kit, "absent"), &count), BJ_ERR_FILE_OPEN);
	assert_int_equal(bj_crls_add_file(crls, kit_path(&kit, "ca.pem"), &count), BJ_ERR_PEM_NONE);
	assert_int_equal(bj_crls_add_file(crls, kit_path(&kit, "ca.der"), &count), BJ_ERR_CRL);
	assert_int_equal(bj_crls_add_file(crls, kit_path(&kit, "cut.crl"), &count), BJ_ERR_CRL);
	assert_int_equal(count, 0);
	assert_int_equal(bj_crls_count(crls), 0);
	bj_crls_free(crls);
}

static void the_environment_replaces_the_systems_places(void **state)
{
	struct bj_trust *trust = bj_trust_new();
	char list[PATH_MAX], path[PATH_MAX];
	size_t count = 0;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s", kit_path(&kit, "absent"));
	use_environment(path, NULL);
	assert_int_equal(bj_trust_add_system(trust, &count), BJ_ERR_FILE_OPEN);
	use_environment(NULL, path);
	assert_int_equal(bj_trust_add_system(trust, &count), BJ_ERR_FILE_OPEN);
	(void)snprintf(path, sizeof(path), "%s", kit_path(&kit, "ca.pem"));
	use_environment(path, NULL);
	assert_int_equal(bj_trust_add_system(trust, &count), BJ_OK);
	assert_int_equal(count, 1);
	assert_int_equal(bj_trust_count(trust), 1);
	bj_trust_free(trust);
	trust = bj_trust_new();
	(void)snprintf(list, sizeof(list), "%s/nowhere::%s:", kit.folder, kit.folder); /* holds the anchor twice, and the server */
	use_environment(NULL, list);
	assert_int_equal(bj_trust_add_system(trust, NULL), BJ_OK);
	assert_true(bj_trust_count(trust) >= 1);
	use_environment(NULL, NULL);
	bj_trust_free(trust);
}

static void a_bad_anchor_among_good_ones_is_skipped_in_the_systems_places(void **state)
{
	static char text[3 * ISSUE_DER_MAX];
	static const uint8_t bad[] = { 0x30, 0x80, 1, 2 };
	struct bj_trust *trust = bj_trust_new();
	size_t count = 0;

	(void)state;
	text[0] = 0;
	kit_add_pem(text, sizeof(text), "CERTIFICATE", bad, sizeof(bad));
	kit_add_pem(text, sizeof(text), "X509 CRL", bad, sizeof(bad));
	kit_add_pem(text, sizeof(text), "CERTIFICATE", kit.ca_der, kit.ca_len);
	kit_write(&kit, "mixed.pem", text, strlen(text));
	assert_int_not_equal(bj_trust_add_file(trust, kit_path(&kit, "mixed.pem"), &count), BJ_OK);
	use_environment(kit_path(&kit, "mixed.pem"), NULL);
	assert_int_equal(bj_trust_add_system(trust, &count), BJ_OK);
	assert_int_equal(count, 1);
	use_environment(NULL, NULL);
	bj_trust_free(trust);
}

static void a_credential_without_its_key_or_with_anothers_is_refused(void **state)
{
	static char other[3 * ISSUE_DER_MAX];
	struct bj_credential *credential = NULL;
	char chain[PATH_MAX];

	(void)state;
	(void)snprintf(chain, sizeof(chain), "%s", kit_path(&kit, "server.pem"));
	kit_issue(&kit, ISSUE_SERVER, "other.example.com", other, sizeof(other));
	kit_write(&kit, "other.pem", other, strlen(other));
	assert_int_equal(bj_credential_from_files(kit_path(&kit, "absent"), NULL, &credential), BJ_ERR_FILE_OPEN);
	assert_int_equal(bj_credential_from_files(chain, kit_path(&kit, "absent"), &credential), BJ_ERR_FILE_OPEN);
	assert_int_equal(bj_credential_from_files(kit_path(&kit, "ca.pem"), NULL, &credential), BJ_ERR_PEM_NONE);
	assert_int_equal(bj_credential_from_files(chain, kit_path(&kit, "other.pem"), &credential), BJ_ERR_KEY_MISMATCH);
	assert_null(credential);
	assert_int_equal(bj_credential_from_files(chain, NULL, &credential), BJ_OK);
	assert_int_equal(bj_credential_chain_count(credential), 1);
	bj_credential_free(credential);
	assert_int_equal(bj_credential_from_files(chain, chain, &credential), BJ_OK);
	bj_credential_free(credential);
}

/* A PKCS#12 of what server.pem holds. */
static void write_pkcs12(const char *name, const char *passphrase)
{
	struct bj_credential *credential;
	struct bj_bytes leaf, file;

	assert_int_equal(bj_credential_from_files(kit_path(&kit, "server.pem"), NULL, &credential), BJ_OK);
	leaf = bj_credential_chain(credential, 0);
	assert_int_equal(pkcs12_write(credential_key(credential), &leaf, 1, "me", bytes_text(passphrase), &file), BJ_OK);
	kit_write(&kit, name, file.ptr, file.len);
	pkcs12_written_free(&file);
	bj_credential_free(credential);
}

static void passphrases_come_from_where_they_are_said_to_be(void **state)
{
	static const struct { const char *source, *has; enum bj_err err; } rows[] = {
		{ NULL, "a passphrase is needed", BJ_ERR_KEY_ENCRYPTED },
		{ "secret", "file:PATH, env:NAME or pass:TEXT", BJ_ERR_SYNTAX },
		{ "env:BOJAGI_TEST_UNSET", "BOJAGI_TEST_UNSET is not set", BJ_ERR_NOT_FOUND },
		{ "file:/nonexistent/pass", "the passphrase's file /nonexistent/pass", BJ_ERR_FILE_OPEN },
		{ "pass:wrong", "", BJ_ERR_KEY_PASSPHRASE },
		{ "pass:", "", BJ_ERR_KEY_PASSPHRASE },
		{ "pass:se cret", "", BJ_OK },
		{ "env:BOJAGI_TEST_PASS", "", BJ_OK },
	};
	struct bj_credential *credential = NULL;
	char path[PATH_MAX], source[PATH_MAX + 8], why[BJ_WHY_MAX];

	(void)state;
	write_pkcs12("me.p12", "se cret");
	(void)snprintf(path, sizeof(path), "%s", kit_path(&kit, "me.p12"));
	assert_int_equal(setenv("BOJAGI_TEST_PASS", "se cret", 1), 0);
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		enum bj_err err = bj_credential_open(path, NULL, rows[i].source, &credential, why);

		if (err != rows[i].err || !strstr(why, rows[i].has))
			fail_msg("%s: %s \"%s\"", rows[i].source, bj_err_name(err), why);
		bj_credential_free(credential);
		credential = NULL;
	}
	kit_write(&kit, "pass", "se cret\r\nsecond line\n", 22);
	(void)snprintf(source, sizeof(source), "file:%s", kit_path(&kit, "pass"));
	assert_int_equal(bj_credential_open(path, NULL, source, &credential, NULL), BJ_OK);
	bj_credential_free(credential);
}

static void what_cannot_be_opened_is_named(void **state)
{
	struct bj_credential *credential = NULL;
	char chain[PATH_MAX], why[BJ_WHY_MAX];

	(void)state;
	(void)snprintf(chain, sizeof(chain), "%s", kit_path(&kit, "server.pem"));
	assert_int_equal(bj_credential_open("/nonexistent/a", NULL, NULL, &credential, why), BJ_ERR_FILE_OPEN);
	assert_string_equal(why, "the chain /nonexistent/a: No such file or directory");
	assert_int_equal(bj_credential_open(chain, "/nonexistent/b", NULL, &credential, why), BJ_ERR_FILE_OPEN);
	assert_string_equal(why, "the key /nonexistent/b: No such file or directory");
	assert_int_equal(setenv("OPENSSL_MODULES", "/nonexistent", 1), 0); /* a provider that is installed is asked in tests/cli/test_keys.py */
	assert_int_equal(bj_credential_open(chain, "pkcs11:token=none;object=none", NULL, &credential, why), BJ_ERR_UNSUPPORTED);
	assert_non_null(strstr(why, "token"));
	assert_null(credential);
}

/* What people expect: whatever site their browser trusts by these anchors verifies here, too. */
static void every_anchor_of_the_system_can_end_a_path(void **state)
{
	static const struct path_input in = { .purpose = PATH_SERVER };
	const struct rules_for rules = { .in = &in };
	struct bj_trust *trust = bj_trust_new();
	const struct anchor *anchor = NULL;
	struct finding finding;
	size_t count = 0;

	(void)state;
	use_environment(NULL, NULL);
	if (access("/etc/ssl/certs/ca-certificates.crt", R_OK) != 0) {
		bj_trust_free(trust);
		skip();
	}
	assert_int_equal(bj_trust_add_file(trust, "/etc/ssl/certs/ca-certificates.crt", &count), BJ_OK); /* one that does not parse is an error */
	assert_int_equal(bj_trust_count(trust), count);
	while ((anchor = trust_each(trust, anchor)) != NULL)
		if (rules_judge(&rules, &anchor->cert, ROLE_ANCHOR, 0, &finding)) {
			struct show_fields fields;

			show_fields(&anchor->cert, &fields);
			fail_msg("%s: %s: %s", fields.subject, bj_err_name(finding.err), finding.detail);
		}
	bj_trust_free(trust);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_without_anchors_are_refused),
		cmocka_unit_test(pem_and_der_give_the_same_anchor),
		cmocka_unit_test(revocation_lists_are_told_from_other_files),
		cmocka_unit_test(the_environment_replaces_the_systems_places),
		cmocka_unit_test(a_bad_anchor_among_good_ones_is_skipped_in_the_systems_places),
		cmocka_unit_test(a_credential_without_its_key_or_with_anothers_is_refused),
		cmocka_unit_test(every_anchor_of_the_system_can_end_a_path),
		cmocka_unit_test(passphrases_come_from_where_they_are_said_to_be),
		cmocka_unit_test(what_cannot_be_opened_is_named),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
