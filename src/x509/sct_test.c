/* sct_test.c - timestamps of logs: read strictly, and good only for the certificate, the issuer, the time and the log they were given by. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/writer.h"
#include "crypto/hash.h"
#include "x509/der.h"
#include "x509/der_write.h"
#include "x509/made_chain.h"
#include "x509/oid.h"
#include "x509/sct.h"

#define WHEN_MS UINT64_C(1799999999123)
#define EXTENSIONS BYTES_LIT("\x01\x02\x03")

static const char *const names[] = { "www.example.com" };
static struct made_cert ca, server;
static struct pkey *log_key;
static uint8_t log_spki[256];
static size_t log_len;

static int make_all(void **state)
{
	made_cert_issue(&ca, (struct issue){ .kind = ISSUE_CA, .common_name = "CA" }, NULL);
	made_cert_issue(&server, (struct issue){ .kind = ISSUE_SERVER, .common_name = "www.example.com", .names = names, .name_count = 1 }, &ca);
	return pkey_generate(KEY_P256, 0, &log_key) || pkey_spki(log_key, log_spki, sizeof(log_spki), &log_len) ? 1 : 0;
}

static int free_all(void **state)
{
	made_cert_free(&ca);
	made_cert_free(&server);
	pkey_free(log_key);
	return 0;
}

static struct bj_bytes log_of(void)
{
	return bytes_of(log_spki, log_len);
}

/* A timestamp over `entry`, as a log makes it: rfc6962:3.2, spelled out once more. */
static size_t make_sct(uint8_t *out, size_t cap, bool precert, struct bj_bytes issuer_spki, struct bj_bytes entry)
{
	uint8_t room[MADE_DER_MAX + 256], signature[SIG_LEN_MAX], digest[HASH_MAX];
	struct writer w = wr_make(room, sizeof(room));
	size_t len;

	wr_u16(&w, 0); /* version 1, certificate_timestamp */
	wr_u64(&w, WHEN_MS);
	wr_u16(&w, precert);
	if (precert) {
		hash_once(HASH_SHA256, issuer_spki, digest);
		wr_bytes(&w, bytes_of(digest, 32));
	}
	wr_vec(&w, entry, 3);
	wr_vec(&w, EXTENSIONS, 2);
	assert_int_equal(pkey_sign(log_key, SIG_ECDSA_SHA256, bytes_of(w.buf, w.len), signature, sizeof(signature), &len), BJ_OK);
	hash_once(HASH_SHA256, log_of(), digest);
	w = wr_make(out, cap);
	wr_u8(&w, 0);
	wr_bytes(&w, bytes_of(digest, 32));
	wr_u64(&w, WHEN_MS);
	wr_vec(&w, EXTENSIONS, 2);
	wr_u16(&w, 0x0403);
	wr_vec(&w, bytes_of(signature, len), 2);
	assert_true(wr_ok(&w));
	return w.len;
}

/* The server's certificate, issued again with `list` in it: as the last extension, and the rest as it was. */
static struct cert with_list(uint8_t *out, size_t cap, struct bj_bytes list)
{
	struct reader tbs = der_only(server.cert.tbs, DER_SEQUENCE), whole = der_only(server.cert.der, DER_SEQUENCE);
	uint8_t room[MADE_DER_MAX], signature[SIG_LEN_MAX];
	struct writer w = wr_make(room, sizeof(room)), value, all = wr_make(out, cap);
	struct bj_bytes algorithm;
	struct cert cert;
	size_t mark, len;

	mark = dw_open(&w, DER_SEQUENCE);
	while (!der_at(&tbs, DER_CONTEXT_CONSTRUCTED(3)))
		wr_bytes(&w, der_any(&tbs).whole);
	{
		struct reader outer = der_open(&tbs, DER_CONTEXT_CONSTRUCTED(3)), old = der_open(&outer, DER_SEQUENCE);
		size_t context = dw_open(&w, DER_CONTEXT_CONSTRUCTED(3)), sequence = dw_open(&w, DER_SEQUENCE), extension;
		uint8_t octets[2048];

		wr_bytes(&w, rd_rest(&old));
		extension = dw_open(&w, DER_SEQUENCE);
		dw_item(&w, DER_OID, oid_bytes(OID_EXT_SCTS));
		value = wr_make(octets, sizeof(octets));
		dw_item(&value, DER_OCTET_STRING, list);
		dw_item(&w, DER_OCTET_STRING, bytes_of(value.buf, value.len));
		dw_close(&w, extension);
		dw_close(&w, sequence);
		dw_close(&w, context);
	}
	dw_close(&w, mark);
	(void)der_any(&whole);
	algorithm = der_any(&whole).whole;
	assert_int_equal(pkey_sign(ca.key, SIG_ECDSA_SHA256, bytes_of(w.buf, w.len), signature, sizeof(signature), &len), BJ_OK);
	mark = dw_open(&all, DER_SEQUENCE);
	wr_bytes(&all, bytes_of(w.buf, w.len));
	wr_bytes(&all, algorithm);
	dw_bits(&all, bytes_of(signature, len));
	dw_close(&all, mark);
	assert_true(wr_ok(&w) && wr_ok(&value) && wr_ok(&all));
	assert_int_equal(cert_parse(bytes_of(all.buf, all.len), &cert), BJ_OK);
	return cert;
}

static size_t make_list(uint8_t *out, size_t cap, struct bj_bytes sct)
{
	struct writer w = wr_make(out, cap);
	size_t mark = wr_open(&w, 2);

	wr_vec(&w, sct, 2);
	wr_vec(&w, BYTES_LIT("\x01of a later version"), 2);
	wr_vec(&w, sct, 2);
	wr_close(&w, mark, 2);
	assert_true(wr_ok(&w));
	return w.len;
}

static void a_timestamp_in_a_certificate_holds_for_what_the_log_saw(void **state)
{
	uint8_t one[512], list[1024], der[MADE_DER_MAX];
	size_t len = make_sct(one, sizeof(one), true, ca.cert.spki, server.cert.tbs);
	struct cert cert = with_list(der, sizeof(der), bytes_of(list, make_list(list, sizeof(list), bytes_of(one, len))));
	struct reader r = sct_of_cert(&cert);
	struct sct sct;

	assert_int_equal(sct_next(&r, &sct), BJ_OK);
	assert_int_equal(sct.timestamp_ms, WHEN_MS);
	assert_true(bytes_equal(sct.extensions, EXTENSIONS));
	assert_int_equal(sct_verify(&sct, &cert, &ca.cert, log_of()), BJ_OK);
	/* not for the certificate as it is, nor by another issuer, nor at another time, nor with other extensions, nor by another log */
	assert_int_equal(sct_verify(&sct, &cert, NULL, log_of()), BJ_ERR_BAD_SIGNATURE);
	assert_int_equal(sct_verify(&sct, &cert, &server.cert, log_of()), BJ_ERR_BAD_SIGNATURE);
	sct.timestamp_ms++;
	assert_int_equal(sct_verify(&sct, &cert, &ca.cert, log_of()), BJ_ERR_BAD_SIGNATURE);
	sct.timestamp_ms--;
	sct.extensions.len--;
	assert_int_equal(sct_verify(&sct, &cert, &ca.cert, log_of()), BJ_ERR_BAD_SIGNATURE);
	sct.extensions.len++;
	assert_int_equal(sct_verify(&sct, &ca.cert, &ca.cert, log_of()), BJ_ERR_BAD_SIGNATURE);
	assert_int_equal(sct_verify(&sct, &cert, &ca.cert, ca.cert.spki), BJ_ERR_ARGUMENT);
	sct.hash = 5;
	assert_int_equal(sct_verify(&sct, &cert, &ca.cert, log_of()), BJ_ERR_UNSUPPORTED);
	sct.hash = 4;
	sct.signer = 1; /* RSA, and the log's key is another one */
	assert_int_equal(sct_verify(&sct, &cert, &ca.cert, log_of()), BJ_ERR_UNSUPPORTED);
	assert_int_equal(sct_next(&r, &sct), BJ_OK);
	assert_int_equal(sct.version, 1);
	assert_int_equal(sct_verify(&sct, &cert, &ca.cert, log_of()), BJ_ERR_UNSUPPORTED);
	assert_int_equal(sct_next(&r, &sct), BJ_OK);
	assert_int_equal(sct_verify(&sct, &cert, &ca.cert, log_of()), BJ_OK);
	assert_true(rd_end(&r));
}

static void a_timestamp_of_a_handshake_holds_for_the_certificate_as_it_is(void **state)
{
	uint8_t one[512], list[1024];
	size_t len = make_sct(one, sizeof(one), false, (struct bj_bytes){ 0 }, server.cert.der);
	struct reader r = sct_of_list(bytes_of(list, make_list(list, sizeof(list), bytes_of(one, len))));
	struct sct sct;

	assert_int_equal(sct_next(&r, &sct), BJ_OK);
	assert_int_equal(sct_verify(&sct, &server.cert, NULL, log_of()), BJ_OK);
	assert_int_equal(sct_verify(&sct, &server.cert, &ca.cert, log_of()), BJ_ERR_BAD_SIGNATURE);
	assert_int_equal(sct_verify(&sct, &ca.cert, NULL, log_of()), BJ_ERR_BAD_SIGNATURE);
}

/* How many timestamps a list yields before it ends or fails. */
static bool is_read(struct bj_bytes list)
{
	struct reader r = sct_of_list(list);
	struct sct sct;

	while (rd_more(&r))
		if (sct_next(&r, &sct))
			return false;
	return rd_end(&r);
}

static void every_cut_and_every_longer_list_is_refused(void **state)
{
	uint8_t one[512], list[1024];
	size_t len = make_list(list, sizeof(list), bytes_of(one, make_sct(one, sizeof(one), true, ca.cert.spki, server.cert.tbs)));

	assert_true(is_read(bytes_of(list, len)));
	for (size_t cut = 0; cut < len; cut++) {
		uint8_t *copy = malloc(cut ? cut : 1); /* so that a read too far is seen */

		memcpy(copy, list, cut);
		assert_false(is_read(bytes_of(copy, cut)));
		if (cut >= 2) { /* the list's own length fits, the last timestamp's does not */
			copy[0] = (uint8_t)((cut - 2) >> 8);
			copy[1] = (uint8_t)(cut - 2);
			(void)is_read(bytes_of(copy, cut));
		}
		free(copy);
	}
	assert_false(is_read(bytes_of(list, len + 1)));
	assert_false(is_read(BYTES_LIT("\0\2\0\0"))); /* one without a version */
	assert_false(is_read(BYTES_LIT("\0\3\0\1\0"))); /* version 1 and nothing else */
}

static void a_malformed_list_in_a_certificate_does_not_end_its_parsing(void **state)
{
	uint8_t der[MADE_DER_MAX];
	struct cert cert = with_list(der, sizeof(der), BYTES_LIT("\0\7junk"));
	struct reader r = sct_of_cert(&cert);

	assert_true(r.bad);
	r = sct_of_cert(&server.cert);
	assert_true(rd_end(&r));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_timestamp_in_a_certificate_holds_for_what_the_log_saw),
		cmocka_unit_test(a_timestamp_of_a_handshake_holds_for_the_certificate_as_it_is),
		cmocka_unit_test(every_cut_and_every_longer_list_is_refused),
		cmocka_unit_test(a_malformed_list_in_a_certificate_does_not_end_its_parsing),
	};

	return cmocka_run_group_tests(tests, make_all, free_all);
}
