/* issue_test.c - what issue.c makes is read back as it was asked for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "x509/algorithm.h"
#include "x509/der.h"
#include "x509/issue.h"
#include "x509/issue_crl.h"
#include "x509/issue_parts.h"
#include "x509/ocsp_answer.h"
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

/* ---- lists and answers */

struct authority {
	struct pkey *key, *leaf_key;
	struct cert ca, leaf;
	uint8_t ca_der[ISSUE_DER_MAX], leaf_der[ISSUE_DER_MAX];
};

static void authority_make(struct authority *a)
{
	static const char *const name = "a.example";
	struct issue in;
	size_t len;

	a->key = make_key(KEY_P256);
	a->leaf_key = make_key(KEY_P256);
	in = a_ca(a->key);
	assert_int_equal(issue_cert(&in, a->ca_der, ISSUE_DER_MAX, &len), BJ_OK);
	assert_int_equal(cert_parse(bytes_of(a->ca_der, len), &a->ca), BJ_OK);
	in = (struct issue){ .kind = ISSUE_SERVER, .names = &name, .name_count = 1, .not_before = NOW, .not_after = NOW + 1000, .key = a->leaf_key,
			     .issuer = &a->ca, .issuer_key = a->key };
	assert_int_equal(issue_cert(&in, a->leaf_der, ISSUE_DER_MAX, &len), BJ_OK);
	assert_int_equal(cert_parse(bytes_of(a->leaf_der, len), &a->leaf), BJ_OK);
}

static void authority_free(struct authority *a)
{
	pkey_free(a->key);
	pkey_free(a->leaf_key);
}

static void a_list_holds_what_was_put_in(void **state)
{
	static struct authority a;
	static uint8_t der[ISSUE_CRL_DER_MAX(2)];
	struct issue_crl_entry entries[2];
	struct issue_crl in = { .entries = entries, .entry_count = 2, .this_update = NOW, .next_update = NOW + 10, .number = 0x80ff };
	struct crl_index index;
	struct crl_entry found;
	struct crl crl;
	size_t len;

	authority_make(&a);
	in.issuer = &a.ca;
	in.issuer_key = a.leaf_key;
	entries[0] = (struct issue_crl_entry){ BYTES_LIT("\x01\x02"), NOW - 5, REASON_UNSPECIFIED };
	entries[1] = (struct issue_crl_entry){ a.leaf.serial, NOW - 3, REASON_KEY };
	assert_int_equal(issue_crl(&in, der, sizeof(der), &len), BJ_ERR_KEY_MISMATCH);
	in.issuer_key = a.key;
	assert_int_equal(issue_crl(&in, der, 100, &len), BJ_ERR_SPACE);
	in.next_update = NOW;
	assert_int_equal(issue_crl(&in, der, sizeof(der), &len), BJ_ERR_ARGUMENT);
	in.next_update = NOW + 10;
	entries[1].reason = REASON_REMOVE; /* only deltas take back */
	assert_int_equal(issue_crl(&in, der, sizeof(der), &len), BJ_ERR_ARGUMENT);
	entries[1].reason = REASON_KEY;
	assert_int_equal(issue_crl(&in, der, sizeof(der), &len), BJ_OK);
	assert_int_equal(crl_parse(bytes_of(der, len), &crl), BJ_OK);
	assert_int_equal(pubkey_verify(&a.ca.key, crl.sig_alg, crl.tbs, crl.signature), BJ_OK);
	assert_true(crl.this_update == NOW && crl.next_update == NOW + 10 && crl.entry_count == 2 && !crl.has_unknown_critical);
	assert_true(bytes_equal(crl.number, BYTES_LIT("\x80\xff")) && bytes_equal(crl.aki, a.ca.ski) && name_equal(crl.issuer, a.ca.subject));
	assert_int_equal(crl_index_make(&crl, &index), BJ_OK);
	assert_true(crl_find(&crl, &index, a.leaf.serial, a.ca.subject, &found) && found.reason == REASON_KEY && found.date == NOW - 3);
	assert_true(crl_find(&crl, &index, entries[0].serial, a.ca.subject, &found) && found.reason == REASON_UNSPECIFIED);
	assert_false(crl_find(&crl, &index, BYTES_LIT("\x01\x03"), a.ca.subject, &found));
	crl_index_free(&index);
	in.entry_count = 0;
	assert_int_equal(issue_crl(&in, der, sizeof(der), &len), BJ_OK);
	assert_int_equal(crl_parse(bytes_of(der, len), &crl), BJ_OK);
	assert_int_equal(crl.entry_count, 0);
	authority_free(&a);
}

static void an_answer_says_what_it_was_told_to(void **state)
{
	static const struct { enum ocsp_status status; enum crl_reason reason; } rows[] = {
		{ OCSP_GOOD, REASON_UNSPECIFIED }, { OCSP_REVOKED, REASON_UNSPECIFIED }, { OCSP_REVOKED, REASON_KEY }, { OCSP_UNKNOWN, REASON_UNSPECIFIED },
	};
	static struct authority a;
	static uint8_t der[OCSP_ANSWER_DER_MAX];
	uint8_t id[OCSP_ID_MAX];
	struct ocsp_word word;
	struct ocsp_answering in = { .words = &word, .word_count = 1, .this_update = NOW, .next_update = NOW + 10, .nonce = BYTES_LIT("nonce") };
	struct ocsp_answer got;
	size_t len;

	authority_make(&a);
	in.issuer = &a.ca;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct ocsp_asks asks = { .cert = &a.leaf, .issuer = &a.ca, .now = NOW + 1, .check_time = true, .nonce = BYTES_LIT("nonce") };

		word = (struct ocsp_word){ .status = rows[i].status, .date = NOW - 7, .reason = rows[i].reason };
		assert_int_equal(ocsp_id_make(&a.leaf, &a.ca, id, &word.id), BJ_OK);
		in.issuer_key = a.leaf_key;
		assert_int_equal(ocsp_answer(&in, der, sizeof(der), &len), BJ_ERR_KEY_MISMATCH);
		in.issuer_key = a.key;
		assert_int_equal(ocsp_answer(&in, der, sizeof(der), &len), BJ_OK);
		asks.response = bytes_of(der, len);
		assert_int_equal(ocsp_check(&asks, &got), BJ_OK);
		assert_int_equal(got.status, rows[i].status);
		if (got.status == OCSP_REVOKED)
			assert_true(got.date == NOW - 7 && got.reason == rows[i].reason);
		asks.nonce = BYTES_LIT("Nonce");
		assert_int_equal(ocsp_check(&asks, &got), BJ_ERR_OCSP);
	}
	authority_free(&a);
}

/* A request for the leaf, with this nonce and one more extension, if there is one. */
static size_t request_make(const struct ocsp_id *id, const char *nonce, bool critical, uint8_t *out, size_t cap)
{
	struct writer w = wr_make(out, cap);
	size_t outer = dw_open(&w, DER_SEQUENCE), tbs = dw_open(&w, DER_SEQUENCE), list = dw_open(&w, DER_SEQUENCE), one = dw_open(&w, DER_SEQUENCE);
	struct issue_mark mark;

	wr_bytes(&w, id->whole);
	dw_close(&w, one);
	dw_close(&w, list);
	if (nonce) {
		one = dw_open(&w, DER_CONTEXT_CONSTRUCTED(2));
		list = dw_open(&w, DER_SEQUENCE);
		mark = issue_extension_open(&w, critical ? OID_OCSP_NO_CHECK : OID_OCSP_NONCE, critical);
		dw_item(&w, DER_OCTET_STRING, bytes_text(nonce));
		issue_extension_close(&w, mark);
		dw_close(&w, list);
		dw_close(&w, one);
	}
	dw_close(&w, tbs);
	dw_close(&w, outer);
	assert_true(wr_ok(&w));
	return w.len;
}

static void requests_are_read_strictly(void **state)
{
	static struct authority a, other;
	static const char long_nonce[] = "12345678901234567890123456789012345678901234567890123456789012345"
					 "12345678901234567890123456789012345678901234567890123456789012345";
	uint8_t der[512], id_buf[OCSP_ID_MAX];
	struct ocsp_request request;
	struct ocsp_id id;
	size_t len;

	authority_make(&a);
	authority_make(&other);
	assert_int_equal(ocsp_id_make(&a.leaf, &a.ca, id_buf, &id), BJ_OK);
	assert_int_equal(ocsp_request_read(bytes_of("", 0), &a.ca, &request), BJ_ERR_OCSP);
	assert_int_equal(ocsp_request_read(BYTES_LIT("\x30\x04\x30\x02\x30\x00"), &a.ca, &request), BJ_ERR_OCSP);
	len = request_make(&id, "x", true, der, sizeof(der));
	assert_int_equal(ocsp_request_read(bytes_of(der, len), &a.ca, &request), BJ_ERR_OCSP);
	len = request_make(&id, "", false, der, sizeof(der));
	assert_int_equal(ocsp_request_read(bytes_of(der, len), &a.ca, &request), BJ_ERR_OCSP);
	len = request_make(&id, long_nonce, false, der, sizeof(der));
	assert_int_equal(ocsp_request_read(bytes_of(der, len), &a.ca, &request), BJ_ERR_OCSP);
	len = request_make(&id, "nonce", false, der, sizeof(der));
	for (size_t cut = 0; cut < len; cut++)
		assert_int_equal(ocsp_request_read(bytes_of(der, cut), &a.ca, &request), BJ_ERR_OCSP);
	assert_int_equal(ocsp_request_read(bytes_of(der, len), &a.ca, &request), BJ_OK);
	assert_true(request.id_count == 1 && request.ids[0].is_ours && bytes_equal(request.ids[0].serial, a.leaf.serial));
	assert_true(bytes_equal(request.nonce, BYTES_LIT("nonce")));
	assert_int_equal(ocsp_request_read(bytes_of(der, len), &other.ca, &request), BJ_OK);
	assert_false(request.ids[0].is_ours);
	authority_free(&a);
	authority_free(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_orders_are_refused),
		cmocka_unit_test(a_certificate_of_every_kind_of_key_verifies),
		cmocka_unit_test(a_ca_and_its_server_are_what_was_asked_for),
		cmocka_unit_test(a_list_holds_what_was_put_in),
		cmocka_unit_test(requests_are_read_strictly),
		cmocka_unit_test(an_answer_says_what_it_was_told_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
