/* fuzz_ocsp_request.c - OCSP requests; what is read is answered, and the answer is a response in good form. */
#include "base/check.h"
#include "x509/issue.h"
#include "x509/ocsp_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct pkey *key;
static struct cert ca;

static void make_ca(void)
{
	static uint8_t der[ISSUE_DER_MAX];
	struct issue in = { .kind = ISSUE_CA, .common_name = "CA", .not_after = 2000000000 };
	size_t len;

	check(pkey_generate(KEY_P256, 0, &key) == BJ_OK);
	in.key = key;
	check(issue_cert(&in, der, sizeof(der), &len) == BJ_OK && cert_parse(bytes_of(der, len), &ca) == BJ_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t out[OCSP_ANSWER_DER_MAX];
	struct ocsp_word words[OCSP_REQUEST_IDS_MAX];
	struct ocsp_answering in = { .issuer = &ca, .words = words, .this_update = 1800000000, .next_update = 1800000010 };
	struct ocsp_request request;
	struct ocsp_response response;
	size_t len;

	if (!key)
		make_ca();
	if (ocsp_request_read(bytes_of(data, size), &ca, &request) != BJ_OK)
		return 0;
	check(request.id_count > 0 && request.id_count <= OCSP_REQUEST_IDS_MAX);
	for (size_t i = 0; i < request.id_count; i++)
		words[i] = (struct ocsp_word){ .id = request.ids[i], .status = (enum ocsp_status)(i % 3), .date = 1700000000 };
	in.issuer_key = key;
	in.word_count = request.id_count;
	in.nonce = request.nonce;
	check(ocsp_answer(&in, out, sizeof(out), &len) == BJ_OK);
	check(len > 0 && (ocsp_parse(bytes_of(out, len), &response) != BJ_OK || bytes_equal(response.nonce, request.nonce)));
	return 0;
}
