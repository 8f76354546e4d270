/* fuzz_crl.c - revocation lists: views inside and every entry found again. */
#include "base/check.h"
#include "x509/crl.h"
#include "x509/der.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct bj_bytes input;

static void check_inside(struct bj_bytes view)
{
	check(view.len == 0 || (view.ptr >= input.ptr && view.ptr + view.len <= input.ptr + input.len));
}

static void find_all(const struct crl *crl, const struct crl_index *index)
{
	struct reader r = rd_of(crl->entries);

	while (rd_more(&r)) {
		struct reader seq = der_open(&r, DER_SEQUENCE);
		struct bj_bytes serial = der_integer(&seq);
		struct crl_entry entry;

		if (crl->issuer_count == 0) {
			check(crl_find(crl, index, serial, crl->issuer, &entry));
			check(bytes_equal(entry.serial, serial) && crl_reason_text(entry.reason));
		} else if (crl_find(crl, index, serial, crl->issuer, &entry)) {
			check_inside(entry.issuer);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct crl_index index;
	struct crl crl;

	input = bytes_of(data, size);
	if (crl_parse(input, &crl))
		return 0;
	check_inside(crl.tbs);
	check_inside(crl.signature);
	check_inside(crl.issuer);
	check_inside(crl.entries);
	check_inside(crl.idp);
	check_inside(crl.name.names);
	check_inside(crl.number);
	check_inside(crl.aki);
	check(!crl.is_delta || crl.has_number);
	if (crl_index_make(&crl, &index) == BJ_OK) {
		find_all(&crl, &index);
		crl_index_free(&index);
	}
	(void)dist_names_meet(&crl.name, crl.issuer, &crl.name, crl.issuer);
	return 0;
}
