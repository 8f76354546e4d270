/* trust_test.c - sets of anchors and credentials: what they refuse, what they find again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <openssl/pkcs12.h>

#include "base/base64.h"
#include "crypto/hash.h"
#include "crypto/pkcs12.h"
#include "crypto/pkey_own.h"
#include "x509/credential.h"
#include "x509/made_chain.h"
#include "x509/trust.h"

static const char *const names[] = { "www.example.com", "*.wild.example.com" };
static struct made_cert root, middle, leaf, stranger;

static int make_all(void **state)
{
	made_cert_issue(&root, (struct issue){ .kind = ISSUE_CA, .common_name = "Root" }, NULL);
	made_cert_issue(&middle, (struct issue){ .kind = ISSUE_CA, .common_name = "Middle" }, &root);
	made_cert_issue(&leaf, (struct issue){ .kind = ISSUE_SERVER, .names = names, .name_count = 2 }, &middle);
	made_cert_issue(&stranger, (struct issue){ .kind = ISSUE_CA, .common_name = "Middle" }, NULL);
	return 0;
}

static int free_all(void **state)
{
	made_cert_free(&root);
	made_cert_free(&middle);
	made_cert_free(&leaf);
	made_cert_free(&stranger);
	return 0;
}

/* Appends a PEM block. */
static void put_pem(char *text, const char *label, struct bj_bytes der)
{
	char *at = text + strlen(text);

	at += sprintf(at, "-----BEGIN %s-----\n", label);
	base64_encode(der.ptr, der.len, at);
	strcat(at, "\n-----END ");
	strcat(at, label);
	strcat(at, "-----\n");
}

static void put_key(char *text, const struct pkey *key)
{
	uint8_t der[2048];
	size_t len;

	assert_int_equal(pkey_pkcs8(key, der, sizeof(der), &len), BJ_OK);
	put_pem(text, "PRIVATE KEY", bytes_of(der, len));
}

static void what_is_no_certificate_is_not_trusted(void **state)
{
	struct bj_trust *trust = bj_trust_new();
	char text[8192] = "";
	size_t count = 7;

	assert_int_equal(bj_trust_add_der(trust, root.der, root.cert.der.len - 1), BJ_ERR_CERT_DER);
	assert_int_equal(bj_trust_add_der(trust, "", 0), BJ_ERR_CERT_DER);
	assert_int_equal(bj_trust_add_der(trust, leaf.der, leaf.cert.der.len), BJ_ERR_CERT_NAME_FORM); /* no subject */
	assert_int_equal(bj_trust_add_pem(trust, "nothing", 7, &count), BJ_ERR_PEM_NONE);
	assert_int_equal(count, 0);
	put_pem(text, "CERTIFICATE", root.cert.der);
	put_pem(text, "CERTIFICATE", BYTES_LIT("damaged"));
	put_pem(text, "CERTIFICATE", middle.cert.der);
	assert_int_equal(bj_trust_add_pem(trust, text, strlen(text), &count), BJ_ERR_CERT_DER);
	assert_int_equal(count, 1);
	assert_int_equal(bj_trust_count(trust), 1); /* the one before it stays */
	assert_int_equal(bj_trust_count(NULL), 0);
	bj_trust_free(trust);
	bj_trust_free(NULL);
}

static void every_anchor_is_found_and_none_twice(void **state)
{
	static uint8_t ders[100][1024];
	static struct cert certs[100];
	struct bj_trust *trust = bj_trust_new();
	struct issue in = { .kind = ISSUE_CA, .not_before = MADE_NOW, .not_after = MADE_NOW + 1, .key = root.key };

	for (size_t i = 0; i < 100; i++) {
		char name[16];
		size_t len;

		sprintf(name, "anchor %zu", i);
		in.common_name = name;
		assert_int_equal(issue_cert(&in, ders[i], sizeof(ders[i]), &len), BJ_OK);
		assert_int_equal(cert_parse(bytes_of(ders[i], len), &certs[i]), BJ_OK);
		assert_false(trust_holds(trust, &certs[i]));
		assert_int_equal(bj_trust_add_der(trust, ders[i], len), BJ_OK);
		assert_int_equal(bj_trust_add_der(trust, ders[i], len), BJ_OK);
	}
	assert_int_equal(bj_trust_count(trust), 100);
	for (size_t i = 0; i < 100; i++) {
		assert_true(trust_holds(trust, &certs[i]));
		assert_non_null(trust_first(trust, certs[i].subject_hash));
	}
	assert_false(trust_holds(trust, &middle.cert));
	assert_int_equal(bj_trust_add_der(trust, stranger.der, stranger.cert.der.len), BJ_OK);
	assert_false(trust_holds(trust, &middle.cert)); /* the name alone is nothing */
	bj_trust_free(trust);
}

static enum bj_err from_text(const char *chain, const char *key, struct bj_credential **out)
{
	return bj_credential_from_pem(chain, strlen(chain), key, key ? strlen(key) : 0, out);
}

static void credentials_that_do_not_fit_together_are_refused(void **state)
{
	char chain[8192] = "", key[4096] = "", other[4096] = "", both[8192] = "";
	struct bj_bytes many[CREDENTIAL_CHAIN_MAX + 1];
	struct bj_credential *credential = NULL;

	put_pem(chain, "CERTIFICATE", leaf.cert.der);
	put_key(key, leaf.key);
	put_key(other, root.key);
	assert_int_equal(from_text(chain, other, &credential), BJ_ERR_KEY_MISMATCH);
	assert_int_equal(from_text(chain, NULL, &credential), BJ_ERR_PEM_NONE);
	assert_int_equal(from_text(key, key, &credential), BJ_ERR_PEM_NONE);
	assert_int_equal(from_text("", "", &credential), BJ_ERR_PEM_NONE);
	put_pem(both, "ENCRYPTED PRIVATE KEY", BYTES_LIT("x"));
	assert_int_equal(from_text(chain, both, &credential), BJ_ERR_KEY_ENCRYPTED);
	put_pem(chain, "CERTIFICATE", root.cert.der); /* not who issued it */
	assert_int_equal(from_text(chain, key, &credential), BJ_ERR_CHAIN_ORDER);
	chain[0] = 0;
	put_pem(chain, "CERTIFICATE", leaf.cert.der);
	put_pem(chain, "CERTIFICATE", stranger.cert.der); /* the right name, another key */
	assert_int_equal(from_text(chain, key, &credential), BJ_ERR_CHAIN_ORDER);
	chain[0] = 0;
	put_pem(chain, "CERTIFICATE", middle.cert.der);
	put_pem(chain, "CERTIFICATE", leaf.cert.der);
	assert_int_equal(from_text(chain, key, &credential), BJ_ERR_KEY_MISMATCH);
	for (size_t i = 0; i < ARRAY_COUNT(many); i++)
		many[i] = leaf.cert.der;
	assert_int_equal(credential_make(many, ARRAY_COUNT(many), leaf.key, &credential), BJ_ERR_LIMIT);
	assert_int_equal(credential_make(many, 0, leaf.key, &credential), BJ_ERR_PEM_NONE);
	assert_null(credential);
}

static void a_credential_holds_its_chain_and_key(void **state)
{
	char text[8192] = "";
	struct bj_credential *credential, *again;

	put_key(text, leaf.key); /* in any order, in one text */
	put_pem(text, "CERTIFICATE", leaf.cert.der);
	put_pem(text, "CERTIFICATE", middle.cert.der);
	put_pem(text, "CERTIFICATE", root.cert.der);
	assert_int_equal(from_text(text, NULL, &credential), BJ_OK);
	memset(text, 0, sizeof(text));
	assert_int_equal(bj_credential_chain_count(credential), 3);
	assert_true(bytes_equal(bj_credential_chain(credential, 0), leaf.cert.der));
	assert_true(bytes_equal(bj_credential_chain(credential, 2), root.cert.der));
	assert_int_equal(bj_credential_chain(credential, 3).len, 0);
	assert_int_equal(pkey_kind(credential_key(credential)), KEY_P256);
	assert_int_equal(credential_leaf(credential)->eku, EKU_SERVER);
	again = bj_credential_ref(credential);
	bj_credential_free(credential);
	assert_int_equal(bj_credential_chain_count(again), 3);
	bj_credential_free(again);
	bj_credential_free(NULL);
}

static void source_with_old_encryption(const char *chain, const char *key)
{
	struct bj_credential_source source = { bytes_text(chain), bytes_text(key), BYTES_LIT("pass") };
	struct bj_credential *credential = NULL;
	char why[BJ_WHY_MAX];

	assert_int_equal(bj_credential_from(&source, &credential, why), BJ_ERR_KEY_ENCRYPTION);
	assert_non_null(strstr(why, "openssl pkcs8 -topk8"));
}

/* What people are told; `has` is a part of it. */
static void mistakes_are_named(void **state)
{
	static char leaf_text[4096], middle_text[4096], root_text[4096], key[4096], other[4096], swapped[8192], gap[8192], self[8192], old[4096];
	static const char html[] = "\n<!DOCTYPE html><html><body>404 Not Found</body></html>", page_of_two[] = "\xff\xfe-\0-\0";
	static const char request[] = "-----BEGIN CERTIFICATE REQUEST-----\nMAA=\n-----END CERTIFICATE REQUEST-----\n";
	static const char openssh[] = "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n";
	static const char torn[] = "-----BEGIN CERTIFICATE-----\nMAA=\n";
	uint8_t key_der[512];
	size_t key_len;
	const struct {
		enum bj_err err;
		const char *has;
		struct bj_bytes chain, key;
	} rows[] = {
		{ BJ_ERR_PEM_NONE, "the chain seems to be an HTML", bytes_text(html), bytes_text(key) },
		{ BJ_ERR_PEM_NONE, "UTF-16", bytes_of(page_of_two, 6), bytes_text(key) },
		{ BJ_ERR_PEM_NONE, "an empty file", bytes_text(" \n"), bytes_text(key) },
		{ BJ_ERR_PEM_NONE, "a certificate signing request in PEM", bytes_text(request), bytes_text(key) },
		{ BJ_ERR_PEM_NONE, "the chain seems to be a private key in PEM", bytes_text(key), bytes_text(key) },
		{ BJ_ERR_FILE_KIND, "the chain seems to be a private key in DER", bytes_of(key_der, sizeof(key_der)), bytes_text(key) },
		{ BJ_ERR_PEM, "the chain, line 1: the block has no END line", bytes_text(torn), bytes_text(key) },
		{ BJ_ERR_PEM_NONE, "the key seems to be a private key in OpenSSH's own form", bytes_text(leaf_text), bytes_text(openssh) },
		{ BJ_ERR_PEM_NONE, "the key seems to be a certificate in PEM", bytes_text(leaf_text), bytes_text(middle_text) },
		{ BJ_ERR_KEY_FORMAT, "the key seems to be a certificate in DER", bytes_text(leaf_text), middle.cert.der },
		{ BJ_ERR_KEY_MISMATCH, "is for another key: P-256, the private key is P-256, too, but not the same", bytes_text(leaf_text),
		  bytes_text(other) },
		{ BJ_ERR_KEY_MISMATCH, "the key belongs to certificate 2, which must come first", bytes_text(swapped), bytes_text(key) },
		{ BJ_ERR_CHAIN_ORDER, "its issuer is missing", bytes_text(gap), bytes_text(key) },
		{ BJ_ERR_CHAIN_ORDER, "the right order is 1 3 2", bytes_text(self), bytes_text(key) },
		{ BJ_ERR_KEY_ENCRYPTED, "a passphrase is needed", bytes_text(leaf_text), bytes_text(old) },
	};
	struct bj_credential *credential = NULL;
	char why[BJ_WHY_MAX];

	put_pem(leaf_text, "CERTIFICATE", leaf.cert.der);
	put_pem(middle_text, "CERTIFICATE", middle.cert.der);
	put_pem(root_text, "CERTIFICATE", root.cert.der);
	put_key(key, leaf.key);
	put_key(other, root.key);
	sprintf(swapped, "%s%s", middle_text, leaf_text);
	sprintf(gap, "%s%s", leaf_text, root_text);
	sprintf(self, "%s%s%s", leaf_text, root_text, middle_text);
	sprintf(old, "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: DES-CBC,00\n\nMAA=\n-----END EC PRIVATE KEY-----\n");
	assert_int_equal(pkey_pkcs8(leaf.key, key_der, sizeof(key_der), &key_len), BJ_OK);
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct bj_credential_source source = { rows[i].chain, rows[i].key, { 0 } };
		enum bj_err err;

		if (source.chain.ptr == key_der)
			source.chain.len = key_len;
		else if (source.chain.len == 0) /* texts are made after the rows */
			source.chain = bytes_text((const char *)source.chain.ptr);
		if (source.key.ptr && source.key.len == 0)
			source.key = bytes_text((const char *)source.key.ptr);
		err = bj_credential_from(&source, &credential, why);
		if (err != rows[i].err || !strstr(why, rows[i].has))
			fail_msg("row %zu: %s \"%s\", wanted \"%s\"", i, bj_err_name(err), why, rows[i].has);
	}
	source_with_old_encryption(leaf_text, old);
	assert_null(credential);
}

static void der_is_read_as_pem_is(void **state)
{
	uint8_t key_der[512];
	struct bj_credential *credential;
	struct bj_credential_source source = { .chain = leaf.cert.der };
	char why[BJ_WHY_MAX] = "before";
	size_t len;

	assert_int_equal(pkey_pkcs8(leaf.key, key_der, sizeof(key_der), &len), BJ_OK);
	source.key = bytes_of(key_der, len);
	assert_int_equal(bj_credential_from(&source, &credential, why), BJ_OK);
	assert_string_equal(why, "");
	assert_int_equal(bj_credential_chain_count(credential), 1);
	bj_credential_free(credential);
}

static void a_pkcs12_file_gives_its_chain_in_order_without_the_root(void **state)
{
	const struct bj_bytes mixed[] = { leaf.cert.der, root.cert.der, stranger.cert.der, middle.cert.der };
	struct pkey *other;
	struct bj_bytes file;
	struct bj_credential *credential = NULL;
	struct bj_credential_source source = { 0 };
	char why[BJ_WHY_MAX];

	assert_int_equal(pkcs12_write(leaf.key, mixed, ARRAY_COUNT(mixed), "leaf", BYTES_LIT("pass"), &file), BJ_OK);
	source.chain = file;
	assert_int_equal(bj_credential_from(&source, &credential, why), BJ_ERR_KEY_ENCRYPTED);
	assert_string_equal(why, "a passphrase is needed");
	source.passphrase = BYTES_LIT("wrong");
	assert_int_equal(bj_credential_from(&source, &credential, why), BJ_ERR_KEY_PASSPHRASE);
	source.passphrase = BYTES_LIT("pass");
	assert_int_equal(bj_credential_from(&source, &credential, why), BJ_OK);
	assert_int_equal(bj_credential_chain_count(credential), 2);
	assert_true(bytes_equal(bj_credential_chain(credential, 0), leaf.cert.der));
	assert_true(bytes_equal(bj_credential_chain(credential, 1), middle.cert.der));
	bj_credential_free(credential);
	/* a key that is named counts, not the one in the file */
	assert_int_equal(credential_load(&source, stranger.key, &credential, why), BJ_OK);
	assert_true(bytes_equal(bj_credential_chain(credential, 0), stranger.cert.der));
	bj_credential_free(credential);
	assert_int_equal(pkey_generate(KEY_P256, 0, &other), BJ_OK);
	assert_int_equal(credential_load(&source, other, &credential, why), BJ_ERR_KEY_MISMATCH);
	pkey_free(other);
	pkcs12_written_free(&file);
}

/* Other programs keep CAs beside their own certificate, in any order. */
static void the_own_certificate_is_found_behind_many_others(void **state)
{
	STACK_OF(X509) *all = sk_X509_new_null();
	struct bj_credential_source source = { .passphrase = BYTES_LIT("pass") };
	struct bj_credential *credential = NULL;
	unsigned char *der = NULL;
	char why[BJ_WHY_MAX];
	PKCS12 *file;
	int len;

	for (unsigned i = 0; i < PKCS12_CERTS_MAX; i++) {
		const struct made_cert *made = i == PKCS12_CERTS_MAX - 1 ? &leaf : i == 3 ? &middle : &stranger;
		const unsigned char *p = made->der;

		assert_true(sk_X509_push(all, d2i_X509(NULL, &p, (long)made->cert.der.len)) > 0);
	}
	file = PKCS12_create("pass", "many", pkey_evp(leaf.key), NULL, all, NID_aes_256_cbc, NID_aes_256_cbc, 1, 1, 0);
	assert_non_null(file);
	len = i2d_PKCS12(file, &der);
	assert_true(len > 0);
	source.chain = bytes_of(der, (size_t)len);
	assert_int_equal(bj_credential_from(&source, &credential, why), BJ_OK);
	assert_int_equal(bj_credential_chain_count(credential), 2);
	assert_true(bytes_equal(bj_credential_chain(credential, 0), leaf.cert.der));
	bj_credential_free(credential);
	OPENSSL_free(der);
	PKCS12_free(file);
	sk_X509_pop_free(all, X509_free);
}

static void pin_of(const struct made_cert *made, uint8_t out[HASH_MAX])
{
	hash_once(HASH_SHA256, made->cert.spki, out);
}

static void only_a_chain_with_a_pinned_key_is_good(void **state)
{
	const struct bj_bytes chain[] = { leaf.cert.der, middle.cert.der };
	const struct made_cert *pinned[] = { &leaf, &middle, &root };
	struct bj_verdict verdict;
	uint8_t pin[HASH_MAX];
	char text[96] = "sha256//", words[BJ_VERDICT_TEXT_MAX];

	for (size_t i = 0; i < ARRAY_COUNT(pinned); i++) {
		struct bj_trust *trust = bj_trust_new();

		assert_int_equal(bj_trust_add_der(trust, root.cert.der.ptr, root.cert.der.len), BJ_OK);
		assert_int_equal(bj_verify_server(trust, chain, 2, "www.example.com", MADE_NOW * INT64_C(1000), &verdict), BJ_OK);
		pin_of(&stranger, pin);
		assert_int_equal(bj_trust_pin(trust, pin), BJ_OK);
		assert_int_equal(bj_verify_server(trust, chain, 2, "www.example.com", MADE_NOW * INT64_C(1000), &verdict), BJ_ERR_CERT_PIN);
		assert_true(verdict.index == 0 && strstr(verdict.detail, "its key is pin-sha256="));
		bj_verdict_text(&verdict, words, sizeof(words));
		assert_non_null(strstr(words, "[rfc7469:2.6]; pin the peer's new key"));
		/* what else is wrong comes first */
		assert_int_equal(bj_verify_server(trust, chain, 2, "other.example.com", MADE_NOW * INT64_C(1000), &verdict), BJ_ERR_CERT_NAME);
		pin_of(pinned[i], pin);
		base64_encode(pin, 32, text + 8);
		assert_int_equal(bj_trust_pin_text(trust, text), BJ_OK);
		assert_int_equal(bj_verify_server(trust, chain, 2, "www.example.com", MADE_NOW * INT64_C(1000), &verdict), BJ_OK);
		bj_trust_free(trust);
	}
}

static void what_is_no_pin_is_refused(void **state)
{
	static const char *const bad[] = { "", "sha256//", "sha256//AAAA", "sha1//AAAAAAAAAAAAAAAAAAAAAAAAAAA=", "pin-sha256=\"AAAA\"",
					   "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
					   "g000000000000000000000000000000000000000000000000000000000000000" };
	struct bj_trust *trust = bj_trust_new();
	uint8_t pin[32] = { 0 };

	for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
		if (bj_trust_pin_text(trust, bad[i]) != BJ_ERR_SYNTAX)
			fail_msg("%s", bad[i]);
	assert_false(trust_has_pins(trust));
	for (size_t i = 0; i < BJ_PINS_MAX; i++)
		assert_int_equal(bj_trust_pin(trust, pin), BJ_OK);
	assert_int_equal(bj_trust_pin(trust, pin), BJ_ERR_LIMIT);
	bj_trust_free(trust);
}

static void every_failure_of_a_certificate_has_its_fix(void **state)
{
	static const enum bj_err errs[] = {
#define BJ_ERR(name, value, id, alert, words) BJ_ERR_##name,
#include <bojagi/err.def>
#undef BJ_ERR
	};

	for (size_t i = 0; i < ARRAY_COUNT(errs); i++) {
		const struct bj_verdict verdict = { .err = errs[i], .rule = "" };

		if (errs[i] >= 200 && errs[i] < 300 && !bj_verdict_fix(&verdict)[0])
			fail_msg("%s", bj_err_name(errs[i]));
	}
}

static void a_walk_meets_every_anchor_once(void **state)
{
	struct bj_trust *trust = bj_trust_new();
	const struct made_cert *added[] = { &root, &middle, &stranger };
	const struct anchor *anchor = NULL;
	unsigned seen = 0, count = 0;

	assert_null(trust_each(trust, NULL));
	for (size_t i = 0; i < ARRAY_COUNT(added); i++)
		assert_int_equal(bj_trust_add_der(trust, added[i]->cert.der.ptr, added[i]->cert.der.len), BJ_OK);
	while ((anchor = trust_each(trust, anchor)) != NULL) {
		count++;
		for (size_t i = 0; i < ARRAY_COUNT(added); i++)
			seen |= bytes_equal(anchor->cert.der, added[i]->cert.der) ? 1u << i : 0;
	}
	assert_int_equal(count, 3);
	assert_int_equal(seen, 7);
	bj_trust_free(trust);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_certificate_is_not_trusted),
		cmocka_unit_test(every_anchor_is_found_and_none_twice),
		cmocka_unit_test(credentials_that_do_not_fit_together_are_refused),
		cmocka_unit_test(a_credential_holds_its_chain_and_key),
		cmocka_unit_test(mistakes_are_named),
		cmocka_unit_test(der_is_read_as_pem_is),
		cmocka_unit_test(a_pkcs12_file_gives_its_chain_in_order_without_the_root),
		cmocka_unit_test(the_own_certificate_is_found_behind_many_others),
		cmocka_unit_test(only_a_chain_with_a_pinned_key_is_good),
		cmocka_unit_test(what_is_no_pin_is_refused),
		cmocka_unit_test(every_failure_of_a_certificate_has_its_fix),
		cmocka_unit_test(a_walk_meets_every_anchor_once),
	};

	return cmocka_run_group_tests(tests, make_all, free_all);
}
