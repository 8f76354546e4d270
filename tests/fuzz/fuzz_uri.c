/* fuzz_uri.c - request targets: a form is its own form, has no dots and no double slashes, and matches itself. */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "http/uri.h"

#define ARENA 65536

static uint64_t arena[ARENA / 8];

static void path_is_in_form(struct bj_bytes path)
{
	uint8_t *again = malloc(3 * path.len);
	size_t len = 0;

	check(again != NULL);
	check(path.len > 0 && path.ptr[0] == '/');
	for (size_t i = 1; i < path.len; i++) {
		bool segment_starts = path.ptr[i - 1] == '/';
		bool dot_ends = path.ptr[i] == '.' && (i + 1 == path.len || path.ptr[i + 1] == '/');

		check(path.ptr[i] > 0x20 && path.ptr[i] < 0x7f && path.ptr[i] != '\\' && path.ptr[i] != '?' && path.ptr[i] != '#');
		check(!(segment_starts && path.ptr[i] == '/'));
		check(!(segment_starts && dot_ends));
		check(!(i >= 2 && path.ptr[i - 2] == '/' && path.ptr[i - 1] == '.' && dot_ends));
	}
	check(uri_path_normalise(path, again, &len) == BJ_OK && bytes_equal(path, bytes_of(again, len)));
	check(uri_path_under(path, BYTES_LIT("/")));
	if (!uri_path_has_parameters(path)) /* these are passed over, and no configured path has them */
		check(uri_path_under(path, path) && uri_path_is(path, path));
	free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_target target = { .form = HTTP_TARGET_ORIGIN };
	struct http_authority authority = { { NULL, 0 }, 0 }, again = { { NULL, 0 }, 0 };
	struct http_fields fields;
	uint8_t *out;
	size_t len = 0;

	if (size == 0 || size > 8192)
		return 0;
	http_fields_init(&fields, arena, ARENA, 16);
	if (uri_target_parse(&fields, bytes_of(data + 1, size - 1), data[0] == 1, data[0] == 2, &target) == BJ_OK &&
	    target.form != HTTP_TARGET_AUTHORITY && target.form != HTTP_TARGET_ASTERISK)
		path_is_in_form(target.path);
	if (uri_authority_parse(&fields, bytes_of(data, size), &authority) == BJ_OK) {
		check(authority.host.len > 0 && authority.host.len <= HTTP_HOST_MAX);
		check(uri_authority_parse(&fields, authority.host, &again) == BJ_OK && bytes_equal(authority.host, again.host));
	}
	out = malloc(3 * size);
	check(out != NULL);
	if (uri_path_normalise(bytes_of(data, size), out, &len) == BJ_OK) {
		check(len <= 3 * size);
		path_is_in_form(bytes_of(out, len));
	}
	free(out);
	return 0;
}
