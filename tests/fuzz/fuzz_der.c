/* fuzz_der.c - the DER reader: no read outside, and what it calls well formed can be walked again. */
#include "base/check.h"
#include "x509/der.h"
#include "x509/time.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = rd_make(data, size);
	size_t seen = 0;
	unsigned unused;
	bool odd = false;

	while (rd_more(&r)) {
		struct der_item item = der_any(&r);

		seen += item.whole.len;
		check(item.content.len <= item.whole.len);
		check(r.bad || item.content.ptr + item.content.len == item.whole.ptr + item.whole.len);
	}
	check(r.bad || seen == size);
	if (der_is_well_formed(bytes_of(data, size)))
		check(!r.bad);
	/* every kind of value, on the same bytes */
	r = rd_make(data, size);
	der_boolean(&r);
	r = rd_make(data, size);
	der_unsigned(&r);
	r = rd_make(data, size);
	der_small(&r, size ? data[0] : 0);
	r = rd_make(data, size);
	der_bit_string(&r, &unused);
	check(unused < 8);
	r = rd_make(data, size);
	der_oid(&r);
	r = rd_make(data, size);
	time_read(&r, &odd);
	return 0;
}
