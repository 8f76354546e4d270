/* cert_test.c - certificates that are damaged in any octet are refused or say something else, but never more than they hold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "x509/algorithm.h"
#include "x509/der.h"
#include "x509/der_write.h"
#include "x509/general_name.h"
#include "x509/made_chain.h"
#include "x509/oid.h"
#include "x509/request.h"
#include "x509/show.h"

static const char *const names[] = { "www.example.com", "192.0.2.1", "a@example.com", "https://example.com/x" };
static const char *const permitted[] = { "example.com", "192.0.2.0/24" };
static struct made_cert ca, server;

static int make_all(void **state)
{
	made_cert_issue(&ca, (struct issue){ .kind = ISSUE_CA, .common_name = "CA", .permitted = permitted, .permitted_count = 2,
					     .has_path_len = true, .path_len = 3 }, NULL);
	made_cert_issue(&server, (struct issue){ .kind = ISSUE_SERVER, .common_name = "www.example.com", .names = names, .name_count = 4 },
			&ca);
	return 0;
}

static int free_all(void **state)
{
	made_cert_free(&ca);
	made_cert_free(&server);
	return 0;
}

static void every_cut_and_every_longer_certificate_is_refused(void **state)
{
	struct cert cert;
	size_t len = server.cert.der.len;

	for (size_t cut = 0; cut < len; cut++) {
		uint8_t *copy = malloc(cut ? cut : 1); /* so that a read too far is seen */

		memcpy(copy, server.der, cut);
		assert_int_not_equal(cert_parse(bytes_of(copy, cut), &cert), BJ_OK);
		free(copy);
	}
	assert_int_equal(cert_parse(bytes_of(server.der, len), &cert), BJ_OK);
	assert_int_equal(cert_parse(bytes_of(server.der, len + 1), &cert), BJ_ERR_CERT_DER);
}

static bool is_inside(struct bj_bytes view, struct bj_bytes der)
{
	return view.len == 0 || (view.ptr >= der.ptr && view.ptr + view.len <= der.ptr + der.len);
}

/* Any octet changed to any value: parsing ends, views stay inside, and the signature no longer holds. */
static void a_changed_octet_never_goes_unseen(void **state)
{
	static const uint8_t masks[] = { 0x01, 0x80, 0xff, 0x20 };
	struct bj_bytes der = server.cert.der;
	static char text_buf[SHOW_TEXT_MAX];
	unsigned parsed = 0;

	for (size_t at = 0; at < der.len; at++)
		for (size_t m = 0; m < sizeof(masks); m++) {
			struct text text = text_make(text_buf, sizeof(text_buf));
			struct cert cert;

			server.der[at] ^= masks[m];
			if (cert_parse(der, &cert) == BJ_OK) {
				parsed++;
				assert_true(is_inside(cert.tbs, der) && is_inside(cert.san, der) && is_inside(cert.key.point, der));
				show_cert(&cert, &text);
				if (at % 16 == 0 && m == 0)
					assert_int_not_equal(pubkey_verify(&ca.cert.key, cert.sig_alg, cert.tbs, cert.signature), BJ_OK);
			}
			server.der[at] ^= masks[m];
		}
	assert_true(parsed > 100); /* signature, key and serial can be anything */
}

/* ---- single rules of form: a small certificate is put together by hand */

struct hand {
	struct bj_bytes version, serial, inner, outer, issuer, validity, spki, extensions, tail;
};

static struct hand good_hand(void)
{
	struct reader tbs = der_only(server.cert.tbs, DER_SEQUENCE);
	struct hand h = { 0 };

	h.version = der_take_whole(&tbs, DER_CONTEXT_CONSTRUCTED(0));
	h.serial = der_take_whole(&tbs, DER_INTEGER);
	h.inner = h.outer = der_take_whole(&tbs, DER_SEQUENCE);
	h.issuer = der_take_whole(&tbs, DER_SEQUENCE);
	h.validity = der_take_whole(&tbs, DER_SEQUENCE);
	der_take(&tbs, DER_SEQUENCE);
	h.spki = der_take_whole(&tbs, DER_SEQUENCE);
	h.extensions = der_take_whole(&tbs, DER_CONTEXT_CONSTRUCTED(3));
	assert_true(rd_end(&tbs));
	return h;
}

static enum bj_err parse_hand(const struct hand *h, struct cert *out)
{
	static uint8_t buf[8192];
	struct writer w = wr_make(buf, sizeof(buf));
	size_t whole = dw_open(&w, DER_SEQUENCE), tbs = dw_open(&w, DER_SEQUENCE);

	wr_bytes(&w, h->version);
	wr_bytes(&w, h->serial);
	wr_bytes(&w, h->inner);
	wr_bytes(&w, h->issuer);
	wr_bytes(&w, h->validity);
	wr_bytes(&w, h->issuer);
	wr_bytes(&w, h->spki);
	wr_bytes(&w, h->extensions);
	dw_close(&w, tbs);
	wr_bytes(&w, h->outer);
	dw_bits(&w, BYTES_LIT("signature"));
	wr_bytes(&w, h->tail);
	dw_close(&w, whole);
	assert_true(wr_ok(&w));
	return cert_parse(wr_view(&w), out);
}

static void fields_out_of_form_are_refused_by_name(void **state)
{
	struct hand h = good_hand();
	struct cert cert;

#define WITH(field, text, expected)                                                                                     \
	h = good_hand();                                                                                                \
	h.field = BYTES_LIT(text);                                                                                      \
	assert_int_equal(parse_hand(&h, &cert), expected)
	assert_int_equal(parse_hand(&h, &cert), BJ_OK);
	WITH(version, "\xa0\x03\x02\x01\x00", BJ_ERR_CERT_VERSION); /* v1 is never written */
	WITH(version, "\xa0\x03\x02\x01\x01", BJ_ERR_CERT_VERSION);
	WITH(version, "\xa0\x03\x02\x01\x03", BJ_ERR_CERT_VERSION);
	WITH(version, "", BJ_ERR_CERT_VERSION); /* v1 has no extensions */
	h.extensions = (struct bj_bytes){ 0 };
	assert_int_equal(parse_hand(&h, &cert), BJ_OK);
	assert_int_equal(cert.version, 1);
	WITH(serial, "\x02\x01\x80", BJ_ERR_CERT_SERIAL);
	WITH(serial, "\x02\x15\x01" "12345678901234567890", BJ_ERR_CERT_SERIAL);
	WITH(serial, "\x02\x14\x01" "1234567890123456789", BJ_OK);
	WITH(serial, "\x02\x02\x00\x01", BJ_ERR_CERT_DER);
	WITH(inner, "\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x03", BJ_ERR_CERT_ALGORITHM_MISMATCH);
	h.outer = h.inner;
	assert_int_equal(parse_hand(&h, &cert), BJ_OK);
	assert_int_equal(cert.sig_alg, SIG_ECDSA_SHA384);
	h.outer = h.inner = BYTES_LIT("\x30\x0c\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02\x05\x00"); /* NULL too many */
	assert_int_equal(parse_hand(&h, &cert), BJ_ERR_CERT_ALGORITHM);
	h.outer = h.inner = BYTES_LIT("\x30\x0b\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b"); /* NULL too few */
	assert_int_equal(parse_hand(&h, &cert), BJ_ERR_CERT_ALGORITHM);
	h.outer = h.inner = BYTES_LIT("\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05\x05\x00"); /* SHA-1 */
	assert_int_equal(parse_hand(&h, &cert), BJ_OK);
	assert_int_equal(cert.sig_alg, SIG_NONE);
	WITH(issuer, "\x30\x02\x31\x00", BJ_ERR_CERT_NAME_FORM);
	WITH(validity, "\x30\x0f\x17\x0d" "261120235116Z", BJ_ERR_CERT_TIME);
	WITH(tail, "\x05\x00", BJ_ERR_CERT_DER);
	WITH(spki, "\x30\x00", BJ_ERR_CERT_DER);
	WITH(extensions, "\xa3\x02\x30\x00", BJ_ERR_CERT_EXTENSION); /* none at all */
	WITH(extensions, "\xa3\x00", BJ_ERR_CERT_DER);
	WITH(extensions, "\xa4\x00", BJ_ERR_CERT_DER);
#undef WITH
}

/* One extension, with its critical octets ("" or TRUE). */
static enum bj_err parse_extension(enum oid oid, bool critical, struct bj_bytes value, unsigned times, struct cert *out)
{
	static uint8_t buf[4096];
	struct writer w = wr_make(buf, sizeof(buf));
	size_t tag = dw_open(&w, DER_CONTEXT_CONSTRUCTED(3)), list = dw_open(&w, DER_SEQUENCE);
	struct hand h = good_hand();

	for (unsigned i = 0; i < times; i++) {
		size_t one = dw_open(&w, DER_SEQUENCE);

		if (oid == OID_UNKNOWN)
			dw_item(&w, DER_OID, bytes_of((const uint8_t[]){ 0x2a, (uint8_t)(times > 2 ? i : 1) }, 2));
		else
			dw_item(&w, DER_OID, oid_bytes(oid));
		if (critical)
			dw_true(&w);
		dw_item(&w, DER_OCTET_STRING, value);
		dw_close(&w, one);
	}
	dw_close(&w, list);
	dw_close(&w, tag);
	h.extensions = wr_view(&w);
	return parse_hand(&h, out);
}

static const struct { enum oid oid; const char *value; size_t len; } bad_values[] = {
#define BAD(oid, text) { oid, text, sizeof(text) - 1 }
	BAD(OID_EXT_SKI, "\x04\x00"), BAD(OID_EXT_SKI, "\x04\x01\x00\x00"), BAD(OID_EXT_SKI, "x"),
	BAD(OID_EXT_KEY_USAGE, "\x03\x01\x00"), BAD(OID_EXT_KEY_USAGE, "\x03\x02\x07\x00"), BAD(OID_EXT_KEY_USAGE, "\x03\x04\x00\x80\x80\x80"),
	BAD(OID_EXT_KEY_USAGE, "\x04\x02\x07\x80"),
	BAD(OID_EXT_SAN, "\x30\x00"), BAD(OID_EXT_SAN, "a.example"), BAD(OID_EXT_SAN, "\x30\x03\x82\x01\xe9"), BAD(OID_EXT_SAN, "\x30\x03\xa2\x01" "a"),
	BAD(OID_EXT_SAN, "\x30\x03\x89\x01" "a"), BAD(OID_EXT_SAN, "\x30\x03\x02\x01\x01"), BAD(OID_EXT_SAN, "\x30\x04\xa4\x02\x31\x00"),
	BAD(OID_EXT_SAN, "\x30\x03\x82\x01" "a" "\x05\x00"), BAD(OID_EXT_SAN, "\x30\x02\x88\x00"), BAD(OID_EXT_SAN, "\x30\x04\xa0\x02\x05\x00"),
	BAD(OID_EXT_BASIC_CONSTRAINTS, "\x30\x03\x01\x01\x00"), BAD(OID_EXT_BASIC_CONSTRAINTS, "\x30\x03\x01\x01\x01"),
	BAD(OID_EXT_BASIC_CONSTRAINTS, "\x30\x03\x02\x01\x00"), BAD(OID_EXT_BASIC_CONSTRAINTS, "\x30\x06\x01\x01\xff\x02\x01\xff"),
	BAD(OID_EXT_BASIC_CONSTRAINTS, "\x30\x08\x01\x01\xff\x02\x01\x00\x05\x00"), BAD(OID_EXT_BASIC_CONSTRAINTS, ""),
	BAD(OID_EXT_NAME_CONSTRAINTS, "\x30\x00"), BAD(OID_EXT_NAME_CONSTRAINTS, "\x30\x04\xa0\x00\xa1\x00"),
	BAD(OID_EXT_CRL_POINTS, "\x30\x00"), BAD(OID_EXT_CRL_POINTS, "\x30\x04\x30\x02\x30\x01"), BAD(OID_EXT_FRESHEST_CRL, "\x30\x00"),
	BAD(OID_EXT_POLICIES, "\x30\x00"), BAD(OID_EXT_POLICIES, "\x30\x02\x30\x00"),
	BAD(OID_EXT_POLICIES, "\x30\x0c\x30\x04\x06\x02\x2a\x03\x30\x04\x06\x02\x2a\x03"),
	BAD(OID_EXT_POLICY_MAPPINGS, "\x30\x00"),
	BAD(OID_EXT_POLICY_MAPPINGS, "\x30\x0c\x30\x0a\x06\x02\x2a\x03\x06\x04\x55\x1d\x20\x00"),
	BAD(OID_EXT_POLICY_MAPPINGS, "\x30\x0c\x30\x0a\x06\x04\x55\x1d\x20\x00\x06\x02\x2a\x03"), BAD(OID_EXT_POLICY_MAPPINGS, "\x30\x06\x30\x04\x06\x02\x2a\x03"),
	BAD(OID_EXT_AKI, ""), BAD(OID_EXT_AKI, "\x30\x02\x80\x00"), BAD(OID_EXT_AKI, "\x30\x03\x82\x01\x01"), BAD(OID_EXT_AKI, "\x30\x05\xa1\x03\x82\x01" "a"),
	BAD(OID_EXT_AKI, "\x30\x03\x83\x01\x01"),
	BAD(OID_EXT_POLICY_CONSTRAINTS, "\x30\x00"), BAD(OID_EXT_POLICY_CONSTRAINTS, "\x30\x03\x80\x01\x80"),
	BAD(OID_EXT_EKU, "\x30\x00"), BAD(OID_EXT_EKU, "\x30\x02\x06\x00"), BAD(OID_EXT_EKU, "\x06\x01\x2a"),
	BAD(OID_EXT_INHIBIT_ANY, "\x02\x01\xff"), BAD(OID_EXT_INHIBIT_ANY, ""), BAD(OID_EXT_IAN, "\x30\x00"),
	BAD(OID_EXT_AIA, "\x30\x00"), BAD(OID_EXT_AIA, "malformed"), BAD(OID_EXT_AIA, "\x30\x06\x30\x04\x06\x02\x2a\x03"), BAD(OID_EXT_SIA, "\x30\x00"),
	BAD(OID_EXT_DELEGATION_USAGE, ""), BAD(OID_EXT_DELEGATION_USAGE, "\x05\x01\x00"), BAD(OID_EXT_DELEGATION_USAGE, "\x05\x00\x05\x00"),
	BAD(OID_EXT_TLS_FEATURE, "\x30\x00"), BAD(OID_EXT_TLS_FEATURE, "\x30\x03\x04\x01\x05"), BAD(OID_EXT_TLS_FEATURE, "\x02\x01\x05"),
#undef BAD
};

static void malformed_extensions_are_refused(void **state)
{
	struct cert cert;

	for (size_t i = 0; i < ARRAY_COUNT(bad_values); i++) {
		struct bj_bytes value = bytes_of(bad_values[i].value, bad_values[i].len);

		if (parse_extension(bad_values[i].oid, false, value, 1, &cert) != BJ_ERR_CERT_EXTENSION)
			fail_msg("row %zu: %s", i, oid_label(bad_values[i].oid));
	}
}

static void a_demand_for_a_staple_is_noted(void **state)
{
	struct cert cert;

	assert_int_equal(parse_extension(OID_EXT_DELEGATION_USAGE, false, BYTES_LIT("\x05\x00"), 1, &cert), BJ_OK);
	assert_true(cert.delegation_usage && !cert.has_wrong_critical);
	assert_int_equal(parse_extension(OID_EXT_DELEGATION_USAGE, true, BYTES_LIT("\x05\x00"), 1, &cert), BJ_OK);
	assert_true(cert.has_wrong_critical);
	assert_int_equal(parse_extension(OID_EXT_TLS_FEATURE, false, BYTES_LIT("\x30\x03\x02\x01\x05"), 1, &cert), BJ_OK);
	assert_true(cert.must_staple);
	assert_int_equal(parse_extension(OID_EXT_TLS_FEATURE, true, BYTES_LIT("\x30\x06\x02\x01\x11\x02\x01\x05"), 1, &cert), BJ_OK);
	assert_true(cert.must_staple && !cert.has_unknown_critical);
	assert_int_equal(parse_extension(OID_EXT_TLS_FEATURE, false, BYTES_LIT("\x30\x03\x02\x01\x11"), 1, &cert), BJ_OK);
	assert_false(cert.must_staple);
}

static void an_extension_stands_once(void **state)
{
	struct bj_bytes usage = BYTES_LIT("\x03\x02\x07\x80");
	struct cert cert;

	assert_int_equal(parse_extension(OID_EXT_KEY_USAGE, true, usage, 1, &cert), BJ_OK);
	assert_int_equal(parse_extension(OID_EXT_KEY_USAGE, true, usage, 2, &cert), BJ_ERR_CERT_EXTENSION);
	assert_int_equal(parse_extension(OID_UNKNOWN, false, usage, 2, &cert), BJ_ERR_CERT_EXTENSION);
	assert_int_equal(parse_extension(OID_UNKNOWN, false, usage, CERT_EXTENSION_MAX, &cert), BJ_OK);
	assert_int_equal(parse_extension(OID_UNKNOWN, false, usage, CERT_EXTENSION_MAX + 1, &cert), BJ_ERR_CERT_EXTENSION);
}

static void criticality_is_noted(void **state)
{
	static const struct { enum oid oid; const char *value; size_t len; bool when_critical, when_not; } rows[] = {
#define ROW(oid, text, critical, not) { oid, text, sizeof(text) - 1, critical, not }
		ROW(OID_EXT_SKI, "\x04\x01\x01", true, false),
		ROW(OID_EXT_AKI, "\x30\x03\x80\x01\x01", true, false),
		ROW(OID_EXT_AIA, "\x30\x09\x30\x07\x06\x02\x2a\x03\x86\x01" "u", true, false),
		ROW(OID_EXT_SIA, "\x30\x09\x30\x07\x06\x02\x2a\x03\x86\x01" "u", true, false),
		ROW(OID_EXT_FRESHEST_CRL, "\x30\x02\x30\x00", true, false),
		ROW(OID_EXT_POLICY_CONSTRAINTS, "\x30\x03\x80\x01\x00", false, true),
		ROW(OID_EXT_INHIBIT_ANY, "\x02\x01\x00", false, true),
		ROW(OID_EXT_KEY_USAGE, "\x03\x02\x07\x80", false, false),
		ROW(OID_EXT_POLICIES, "\x30\x06\x30\x04\x06\x02\x2a\x03", false, false),
#undef ROW
	};
	struct cert cert;

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct bj_bytes value = bytes_of(rows[i].value, rows[i].len);

		assert_int_equal(parse_extension(rows[i].oid, true, value, 1, &cert), BJ_OK);
		assert_int_equal(cert.has_wrong_critical, rows[i].when_critical);
		assert_false(cert.lacks_critical);
		assert_int_equal(parse_extension(rows[i].oid, false, value, 1, &cert), BJ_OK);
		assert_int_equal(cert.lacks_critical, rows[i].when_not);
		assert_false(cert.has_wrong_critical);
		assert_false(cert.has_unknown_critical);
	}
	assert_int_equal(parse_extension(OID_UNKNOWN, true, BYTES_LIT("x"), 1, &cert), BJ_OK);
	assert_true(cert.has_unknown_critical);
}

static void keys_of_other_kinds_and_forms_are_refused(void **state)
{
	static const uint8_t p256[] = { 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
					0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07 };
	uint8_t spki[600], point[133] = { 4 };
	struct pubkey key;
	enum sig_alg only;
	struct writer w;
	size_t seq;

#define SPKI(algorithm, bits)                                                                                           \
	(w = wr_make(spki, sizeof(spki)), seq = dw_open(&w, DER_SEQUENCE), wr_bytes(&w, algorithm), dw_bits(&w, bits),  \
	 dw_close(&w, seq), algorithm_spki(wr_view(&w), &key, &only))
#define RSA BYTES_LIT("\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00")
	assert_int_equal(SPKI(bytes_of(p256, sizeof(p256)), bytes_of(point, 65)), BJ_OK);
	assert_int_equal(SPKI(bytes_of(p256, sizeof(p256)), bytes_of(point, 64)), BJ_ERR_CERT_KEY);
	assert_int_equal(SPKI(bytes_of(p256, sizeof(p256)), bytes_of(point, 97)), BJ_ERR_CERT_KEY);
	assert_int_equal(SPKI(bytes_of(p256, sizeof(p256)), bytes_of(point, 0)), BJ_ERR_CERT_KEY);
	point[0] = 2; /* compressed */
	assert_int_equal(SPKI(bytes_of(p256, sizeof(p256)), bytes_of(point, 33)), BJ_ERR_CERT_KEY);
	point[0] = 4;
	/* explicit parameters, an unknown curve, parameters missing, one too many */
	assert_int_equal(SPKI(BYTES_LIT("\x30\x0b\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x30\x00"), bytes_of(point, 65)), BJ_ERR_CERT_KEY);
	assert_int_equal(SPKI(BYTES_LIT("\x30\x0d\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x02\x2a\x03"), bytes_of(point, 65)), BJ_ERR_CERT_KEY);
	assert_int_equal(SPKI(BYTES_LIT("\x30\x09\x06\x07\x2a\x86\x48\xce\x3d\x02\x01"), bytes_of(point, 65)), BJ_ERR_CERT_KEY);
	assert_int_equal(SPKI(BYTES_LIT("\x30\x05\x06\x03\x2b\x65\x70"), bytes_of(point, 32)), BJ_OK);
	assert_int_equal(SPKI(BYTES_LIT("\x30\x05\x06\x03\x2b\x65\x70"), bytes_of(point, 33)), BJ_ERR_CERT_KEY);
	assert_int_equal(SPKI(BYTES_LIT("\x30\x07\x06\x03\x2b\x65\x70\x05\x00"), bytes_of(point, 32)), BJ_ERR_CERT_DER);
	assert_int_equal(SPKI(BYTES_LIT("\x30\x05\x06\x03\x2b\x65\x71"), bytes_of(point, 57)), BJ_ERR_CERT_KEY); /* Ed448 */
	assert_int_equal(SPKI(RSA, BYTES_LIT("\x30\x07\x02\x02\x01\x01\x02\x01\x03")), BJ_OK);
	assert_int_equal(key.bits, 9);
	assert_int_equal(SPKI(RSA, BYTES_LIT("\x30\x07\x02\x02\x01\x00\x02\x01\x03")), BJ_ERR_CERT_KEY); /* even */
	assert_int_equal(SPKI(RSA, BYTES_LIT("\x30\x07\x02\x02\x01\x01\x02\x01\x01")), BJ_ERR_CERT_KEY);
	assert_int_equal(SPKI(RSA, BYTES_LIT("\x30\x07\x02\x02\x01\x01\x02\x01\x04")), BJ_ERR_CERT_KEY);
	assert_int_equal(SPKI(RSA, BYTES_LIT("\x30\x07\x02\x02\x81\x01\x02\x01\x03")), BJ_ERR_CERT_DER); /* negative */
	assert_int_equal(SPKI(RSA, BYTES_LIT("\x30\x08\x02\x03\x00\x01\x01\x02\x01\x03")), BJ_ERR_CERT_DER);
	assert_int_equal(SPKI(BYTES_LIT("\x30\x0b\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"), BYTES_LIT("\x30\x07\x02\x02\x01\x01\x02\x01\x03")),
			 BJ_ERR_CERT_DER); /* no NULL */
	/* RSA-PSS: bound to nothing, bound to SHA-256, bound to something odd */
	assert_int_equal(SPKI(BYTES_LIT("\x30\x0b\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a"), BYTES_LIT("\x30\x07\x02\x02\x01\x01\x02\x01\x03")),
			 BJ_OK);
	assert_true(key.kind == KEY_RSA_PSS && only == SIG_NONE);
	assert_int_equal(SPKI(algorithm_der(SIG_RSA_PSS_SHA256), BYTES_LIT("\x30\x07\x02\x02\x01\x01\x02\x01\x03")), BJ_OK);
	assert_true(key.kind == KEY_RSA_PSS && only == SIG_RSA_PSS_SHA256);
	assert_int_equal(SPKI(BYTES_LIT("\x30\x3d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a\x30\x30\xa0\x0d\x30\x0b\x06\x09\x60\x86\x48\x01"
					"\x65\x03\x04\x02\x02\xa1\x1a\x30\x18\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08\x30\x0b\x06\x09"
					"\x60\x86\x48\x01\x65\x03\x04\x02\x02\xa2\x03\x02\x01\x30"),
			      BYTES_LIT("\x30\x07\x02\x02\x01\x01\x02\x01\x03")), BJ_OK);
	assert_true(key.kind == KEY_RSA_PSS && only == SIG_RSA_PSS_SHA384); /* hashes without NULL */
	assert_int_equal(SPKI(BYTES_LIT("\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a\x30\x00"), BYTES_LIT("\x30\x07\x02\x02\x01\x01\x02\x01\x03")),
			 BJ_ERR_CERT_KEY);
#undef SPKI
#undef RSA
}

static void fields_are_shown(void **state)
{
	static char buf[SHOW_TEXT_MAX];
	struct text text = text_make(buf, sizeof(buf));
	struct show_fields fields;
	char small[40];

	show_fields(&server.cert, &fields);
	assert_string_equal(fields.subject, "CN=www.example.com");
	assert_string_equal(fields.subject_cn, "www.example.com");
	assert_string_equal(fields.issuer, "CN=CA");
	assert_string_equal(fields.not_before, "2027-01-15 07:43:20 UTC");
	assert_string_equal(fields.key, "ECDSA P-256");
	assert_string_equal(fields.signature, "ecdsa-with-SHA256");
	assert_int_equal(strlen(fields.serial), 32);
	assert_int_equal(strlen(fields.sha256), 64);
	show_names(&server.cert, &text);
	assert_string_equal(buf, "DNS:www.example.com,IP:192.0.2.1,email:a@example.com,URI:https://example.com/x");
	text = text_make(small, sizeof(small));
	show_names(&server.cert, &text);
	assert_true(text.cut);
	assert_string_equal(small, "DNS:www.example.com,IP:192.0.2.1,email:");
	text = text_make(buf, sizeof(buf));
	show_cert(&ca.cert, &text);
	assert_non_null(strstr(buf, "CA            yes, CAs below: 3\n"));
	assert_non_null(strstr(buf, "  permitted   DNS:example.com, IP:192.0.2.0/255.255.255.0\n"));
	assert_non_null(strstr(buf, "  excluded    IP:::/::\n"));
	assert_false(text.cut);
}

/* ---- signing requests */

struct wish {
	uint32_t version;
	const char *attributes; /* the content of [0] as text, `len` octets; null: [0] is absent */
	size_t len;
	const struct pkey *signer; /* null: the key itself */
	bool twice, other_algorithm;
};

static struct bj_bytes request_make(const struct wish *in)
{
	static uint8_t info[1024], der[2048];
	uint8_t spki[256], signature[SIG_LEN_MAX];
	struct writer i = wr_make(info, sizeof(info)), w = wr_make(der, sizeof(der));
	size_t len, mark = dw_open(&i, DER_SEQUENCE), outer = dw_open(&w, DER_SEQUENCE);

	dw_small(&i, in->version);
	wr_bytes(&i, server.cert.subject);
	assert_int_equal(pkey_spki(server.key, spki, sizeof(spki), &len), BJ_OK);
	wr_raw(&i, spki, len);
	if (in->attributes) {
		size_t attributes = dw_open(&i, DER_CONTEXT_CONSTRUCTED(0));

		for (int n = 0; n < 1 + in->twice; n++)
			wr_raw(&i, in->attributes, in->len);
		dw_close(&i, attributes);
	}
	dw_close(&i, mark);
	assert_int_equal(pkey_sign(in->signer ? in->signer : server.key, SIG_ECDSA_SHA256, wr_view(&i), signature, sizeof(signature), &len), BJ_OK);
	wr_bytes(&w, wr_view(&i));
	wr_bytes(&w, algorithm_der(in->other_algorithm ? SIG_RSA_PKCS1_SHA256 : SIG_ECDSA_SHA256));
	dw_bits(&w, bytes_of(signature, len));
	dw_close(&w, outer);
	assert_true(wr_ok(&w));
	return wr_view(&w);
}

/* extensionRequest with the alternative name DNS:a.example */
#define WISH_OID "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x0e"
#define WISH_SAN "\x30\x14\x30\x12\x06\x03\x55\x1d\x11\x04\x0b\x30\x09\x82\x07" "a.examp"
#define WISHES(text) .attributes = text, .len = sizeof(text) - 1

static void a_request_says_what_it_asks_for_and_whose_key_signed_it(void **state)
{
	static char buf[SHOW_TEXT_MAX];
	struct text text = text_make(buf, sizeof(buf));
	struct wish wish = { WISHES("\x30\x23" WISH_OID "\x31\x16" WISH_SAN) };
	struct cert request;

	assert_int_equal(request_parse(request_make(&wish), &request), BJ_OK);
	assert_int_equal(request_check(&request), BJ_OK);
	show_request(&request, &text);
	assert_non_null(strstr(buf, "Subject       CN=www.example.com\nKey           ECDSA P-256\n"));
	assert_non_null(strstr(buf, "Names         DNS:a.examp\n"));
	wish.signer = ca.key;
	assert_int_equal(request_parse(request_make(&wish), &request), BJ_OK);
	assert_int_equal(request_check(&request), BJ_ERR_BAD_SIGNATURE);
	wish.other_algorithm = true;
	assert_int_equal(request_parse(request_make(&wish), &request), BJ_OK);
	assert_int_equal(request_check(&request), BJ_ERR_CERT_ALGORITHM);
}

static void requests_out_of_form_are_refused(void **state)
{
	static const struct { struct wish wish; enum bj_err err; } rows[] = {
		{ { WISHES("") }, BJ_OK },
		{ { .attributes = NULL }, BJ_OK },
		{ { WISHES("\x30\x10\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x07\x31\x03\x0c\x01x") }, BJ_OK }, /* a challenge password */
		{ { .version = 1, WISHES("") }, BJ_ERR_CERT_VERSION },
		{ { WISHES("\x30\x23" WISH_OID "\x31\x16" WISH_SAN), .twice = true }, BJ_ERR_CERT_DER },
		{ { WISHES("\x30\x0d" WISH_OID "\x31\x00") }, BJ_ERR_CERT_DER },                              /* no value */
		{ { WISHES("\x30\x39" WISH_OID "\x31\x2c" WISH_SAN WISH_SAN) }, BJ_ERR_CERT_EXTENSION },      /* two */
		{ { WISHES("\x30\x0f" WISH_OID "\x31\x02\x30\x00") }, BJ_ERR_CERT_EXTENSION },                /* no extension */
		{ { WISHES("\x30\x0f" WISH_OID "\x30\x02\x30\x00") }, BJ_ERR_CERT_DER },                      /* no set */
		{ { WISHES("\x30\x00") }, BJ_ERR_CERT_DER },
		{ { WISHES("\x04\x00") }, BJ_ERR_CERT_DER },
	};
	struct cert request;
	struct bj_bytes der;

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
		if (request_parse(request_make(&rows[i].wish), &request) != rows[i].err)
			fail_msg("row %zu", i);
	der = request_make(&rows[0].wish);
	for (size_t len = 0; len < der.len; len++)
		assert_int_not_equal(request_parse(bytes_of(der.ptr, len), &request), BJ_OK);
	assert_int_equal(request_parse(bytes_of(der.ptr, der.len + 1), &request), BJ_ERR_CERT_DER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_cut_and_every_longer_certificate_is_refused),
		cmocka_unit_test(a_changed_octet_never_goes_unseen),
		cmocka_unit_test(fields_out_of_form_are_refused_by_name),
		cmocka_unit_test(malformed_extensions_are_refused),
		cmocka_unit_test(a_demand_for_a_staple_is_noted),
		cmocka_unit_test(an_extension_stands_once),
		cmocka_unit_test(criticality_is_noted),
		cmocka_unit_test(keys_of_other_kinds_and_forms_are_refused),
		cmocka_unit_test(fields_are_shown),
		cmocka_unit_test(a_request_says_what_it_asks_for_and_whose_key_signed_it),
		cmocka_unit_test(requests_out_of_form_are_refused),
	};

	return cmocka_run_group_tests(tests, make_all, free_all);
}
