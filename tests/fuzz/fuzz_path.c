/* fuzz_path.c - a chain as a peer sends it: pieces with two bytes of length; the first two are the anchor and the end entity. */
#include "base/check.h"
#include "x509/path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = rd_make(data, size);
	struct bj_bytes anchor = rd_vec_bytes(&r, 2), chain[20];
	struct bj_trust *trust = bj_trust_new();
	struct bj_verdict verdict;
	size_t count = 0;
	enum bj_err err;

	check(trust != NULL);
	if (bj_trust_add_der(trust, anchor.ptr, anchor.len) == BJ_OK) {
		while (rd_more(&r) && count < 20)
			chain[count++] = rd_vec_bytes(&r, 2);
		err = bj_verify_server(trust, chain, count, "www.example.com", INT64_C(1800000000000), &verdict);
		check(err == verdict.err && verdict.rule);
		check(memchr(verdict.detail, 0, sizeof(verdict.detail)) && memchr(verdict.subject, 0, sizeof(verdict.subject)));
		err = bj_verify_client(trust, chain, count, INT64_C(1800000000000), &verdict);
		check(err == verdict.err);
	}
	bj_trust_free(trust);
	return 0;
}
