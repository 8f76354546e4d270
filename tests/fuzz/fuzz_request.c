/* fuzz_request.c - certificate signing requests: views inside, what is shown is bounded, and the check says no to what is changed. */
#include "base/check.h"
#include "x509/request.h"
#include "x509/show.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char buf[SHOW_TEXT_MAX];
	struct text text = text_make(buf, sizeof(buf));
	struct cert request;

	if (request_parse(bytes_of(data, size), &request))
		return 0;
	check(request.tbs.ptr >= data && request.tbs.ptr + request.tbs.len <= data + size);
	check(request.san.len == 0 || (request.san.ptr >= data && request.san.ptr + request.san.len <= data + size));
	check(request.key.kind != KEY_NONE && request.signature.len > 0);
	show_request(&request, &text);
	check(text.len < sizeof(buf) && buf[text.len] == 0);
	if (request_check(&request) == BJ_OK) {
		request.tbs = request.spki;
		check(request_check(&request) != BJ_OK);
	}
	return 0;
}
