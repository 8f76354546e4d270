/* trust_test.c - sets of anchors and credentials: what they refuse, what they find again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/base64.h"
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
	assert_true(credential_covers(credential, BYTES_LIT("WWW.example.com")));
	assert_true(credential_covers(credential, BYTES_LIT("a.wild.example.com")));
	assert_false(credential_covers(credential, BYTES_LIT("example.com")));
	assert_false(credential_covers(credential, BYTES_LIT("192.0.2.1")));
	assert_false(credential_covers(credential, BYTES_LIT("")));
	again = bj_credential_ref(credential);
	bj_credential_free(credential);
	assert_int_equal(bj_credential_chain_count(again), 3);
	bj_credential_free(again);
	bj_credential_free(NULL);
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
		cmocka_unit_test(a_walk_meets_every_anchor_once),
	};

	return cmocka_run_group_tests(tests, make_all, free_all);
}
