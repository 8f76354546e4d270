/* fuzz_revocation.c - a certificate's distribution points, with two bytes of length, and a list that is judged with them. */
#include "base/check.h"
#include "x509/revocation.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool yes(void *self, const struct crl_held *held)
{
	return true;
}

static bool no(void *self, const struct crl_held *held)
{
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = rd_make(data, size);
	struct bj_bytes points = rd_vec_bytes(&r, 2), der = rd_rest(&r);
	struct bj_crls *crls = bj_crls_new();
	struct crl crl;

	check(crls != NULL);
	if (crl_parse(der, &crl) == BJ_OK && bj_crls_add_der(crls, der.ptr, der.len) == BJ_OK) {
		struct cert cert = { .crl_points = points, .issuer = crl.issuer, .issuer_hash = crl.issuer_hash, .serial = BYTES_LIT("\x01") };
		struct revocation_asks asks = { .crls = crls, .now = crl.this_update, .check_time = true, .numbered = size % 2, .is_signed = yes };
		struct revocation_answer answer = revocation_judge(&asks, &cert);

		check(answer.why && (answer.status != REVOCATION_GOOD || (!crl.has_unknown_critical && !crl.is_delta)));
		check(answer.status != REVOCATION_GOOD || !asks.numbered || (crl.has_number && !crl.number_critical));
		asks.is_signed = no;
		answer = revocation_judge(&asks, &cert);
		check(answer.status == REVOCATION_UNKNOWN || answer.status == REVOCATION_UNUSABLE);
	}
	bj_crls_free(crls);
	return 0;
}
