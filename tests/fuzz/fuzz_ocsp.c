/* fuzz_ocsp.c - OCSP responses: certificate and issuer with two bytes of length each, then the response.
 *
 * Where both are empty, the rest is ResponseData without a signature: it is signed here by a CA whose key is always the same, so that changes
 * get as far as what the response says of that CA's certificate number 1.
 */
#include "base/check.h"
#include "x509/algorithm.h"
#include "x509/der.h"
#include "x509/der_write.h"
#include "x509/made_chain.h"
#include "x509/ocsp.h"
#include "x509/oid.h"

#define RESPONSE_MAX (80 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct bj_bytes input;

static void check_inside(struct bj_bytes view)
{
	check(view.len == 0 || (view.ptr >= input.ptr && view.ptr + view.len <= input.ptr + input.len));
}

static const uint8_t ca_key[] = { 0x30, 0x31, 0x02, 0x01, 0x01, 0x04, 0x20, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20,
				  21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7 };

/* A successful basic response around what is signed. */
static struct bj_bytes sign(const struct made_cert *ca, struct bj_bytes tbs)
{
	static uint8_t buf[RESPONSE_MAX];
	uint8_t signature[SIG_LEN_MAX];
	struct writer w = wr_make(buf, sizeof(buf));
	size_t len, outer = dw_open(&w, DER_SEQUENCE), tagged, bytes, octets, basic;

	wr_raw(&w, "\x0a\x01\x00", 3);
	tagged = dw_open(&w, DER_CONTEXT_CONSTRUCTED(0));
	bytes = dw_open(&w, DER_SEQUENCE);
	dw_item(&w, DER_OID, oid_bytes(OID_OCSP_BASIC));
	octets = dw_open(&w, DER_OCTET_STRING);
	basic = dw_open(&w, DER_SEQUENCE);
	wr_bytes(&w, tbs);
	wr_bytes(&w, algorithm_der(SIG_ECDSA_SHA256));
	check(pkey_sign(ca->key, SIG_ECDSA_SHA256, tbs, signature, sizeof(signature), &len) == BJ_OK);
	dw_bits(&w, bytes_of(signature, len));
	dw_close(&w, basic);
	dw_close(&w, octets);
	dw_close(&w, bytes);
	dw_close(&w, tagged);
	dw_close(&w, outer);
	return wr_ok(&w) ? wr_view(&w) : (struct bj_bytes){ 0 };
}

static void judge_signed(struct bj_bytes tbs)
{
	static struct made_cert ca;
	struct ocsp_response parsed;
	struct ocsp_answer answer;
	struct ocsp_asks asks = { .now = 1800000000, .check_time = true };
	struct cert cert;
	enum bj_err err;

	if (!ca.key) {
		check(pkey_from_der(bytes_of(ca_key, sizeof(ca_key)), &ca.key) == BJ_OK);
		made_cert_issue(&ca, (struct issue){ .kind = ISSUE_CA, .common_name = "CA" }, NULL);
	}
	cert = (struct cert){ .serial = BYTES_LIT("\x01"), .issuer = ca.cert.subject, .issuer_hash = ca.cert.subject_hash };
	asks.cert = &cert;
	asks.issuer = &ca.cert;
	asks.response = sign(&ca, tbs);
	err = ocsp_check(&asks, &answer);
	check(answer.why && (!err || answer.status == OCSP_UNKNOWN));
	if (answer.status == OCSP_UNKNOWN)
		return;
	check(ocsp_parse(asks.response, &parsed) == BJ_OK && answer.this_update <= asks.now && answer.next_update >= asks.now);
	cert.serial = BYTES_LIT("\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01");
	check(ocsp_check(&asks, &answer) == BJ_OK); /* a longer number that begins with the same */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = rd_make(data, size);
	struct bj_bytes first = rd_vec_bytes(&r, 2), second = rd_vec_bytes(&r, 2), nonce = BYTES_LIT("nonce");
	struct ocsp_response response;
	struct ocsp_answer answer;
	struct cert cert, issuer;
	enum bj_err err;

	if (r.bad)
		return 0;
	input = rd_rest(&r);
	if (first.len == 0 && second.len == 0) {
		judge_signed(input);
		return 0;
	}
	if (ocsp_parse(input, &response) == BJ_OK) {
		check_inside(response.tbs);
		check_inside(response.signature);
		check_inside(response.by_name);
		check_inside(response.by_key);
		check_inside(response.nonce);
		check_inside(response.answers);
		check_inside(response.certs);
		check((response.by_name.len > 0) != (response.by_key.len > 0));
	}
	if (cert_parse(first, &cert) || cert_parse(second, &issuer))
		return 0;
	for (unsigned i = 0; i < 4; i++) {
		struct ocsp_asks asks = { .response = input, .cert = &cert, .issuer = &issuer, .now = 1800000000, .check_time = i & 1,
					  .nonce = i & 2 ? nonce : (struct bj_bytes){ 0 } };

		err = ocsp_check(&asks, &answer);
		check(answer.why && (!err || (err == BJ_ERR_OCSP && answer.status == OCSP_UNKNOWN)));
	}
	return 0;
}
