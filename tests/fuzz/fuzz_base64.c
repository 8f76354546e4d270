/* fuzz_base64.c - each value has one strict spelling; the lenient reader agrees where there is no white space. */
#include <stdlib.h>

#include "base/base64.h"
#include "base/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bj_bytes text = bytes_of(data, size);
	size_t cap = BASE64_BYTES_MAX(size), len = 0, lenient_len = 0, at = 0;
	uint8_t *strict = (uint8_t *)malloc(cap), *lenient = (uint8_t *)malloc(cap);
	char *again = (char *)malloc(BASE64_TEXT_LEN(cap) + 1);
	enum bj_err err;

	check(strict && lenient && again);
	err = base64_decode(text, strict, cap, &len, &at);
	check(err == BJ_OK || (err == BJ_ERR_SYNTAX && at <= size));
	if (!err) {
		check(base64_encode(strict, len, again) == size);
		check(bytes_equal(bytes_of(again, size), text));
		check(base64_decode_lenient(text, lenient, cap, &lenient_len, NULL) == BJ_OK);
		check(bytes_equal(bytes_of(lenient, lenient_len), bytes_of(strict, len)));
	} else if (base64_decode_lenient(text, lenient, cap, &lenient_len, NULL) == BJ_OK) {
		check(base64_encode(lenient, lenient_len, again) < size);
	}
	free(strict);
	free(lenient);
	free(again);
	return 0;
}
