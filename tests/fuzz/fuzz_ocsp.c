/* fuzz_ocsp.c - OCSP responses: certificate and issuer with two bytes of length each, then the response. */
#include "base/check.h"
#include "x509/ocsp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct bj_bytes input;

static void check_inside(struct bj_bytes view)
{
	check(view.len == 0 || (view.ptr >= input.ptr && view.ptr + view.len <= input.ptr + input.len));
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
