/* fuzz_h1_request.c - request heads: no input harms, pieces change nothing, and what was written clean is clean.
 *
 * The first byte says in which pieces the rest is fed.
 */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "http/forward.h"
#include "http/h1.h"

#define ARENA 16384
#define OUT 65536

struct result {
	enum bj_err err;
	bool done;
	size_t used;
	struct http_request request;
};

static uint64_t arenas[2][ARENA / 8];
static uint8_t outs[2][OUT];

/* Each piece is an allocation of its own, so that a read past it is seen. */
static struct result parse(const uint8_t *data, size_t size, size_t step, uint64_t *arena)
{
	struct result r = { .err = BJ_OK };
	struct h1_parser parser;
	size_t end = 0;

	http_fields_init(&r.request.fields, arena, ARENA, 64);
	h1_parser_init(&parser, 8192);
	while (end < size && !r.err && !r.done) {
		size_t used = 0;
		uint8_t *copy;

		end = size - end < step ? size : end + step;
		copy = malloc(end - r.used);
		check(copy != NULL);
		memcpy(copy, data + r.used, end - r.used);
		r.err = h1_request_feed(&parser, &r.request, copy, end - r.used, &used, &r.done);
		check(used <= end - r.used);
		r.used += used;
		free(copy);
	}
	check(!r.err || parser.why[0]);
	return r;
}

static size_t write_clean(struct result *r, uint8_t *out)
{
	struct writer w = wr_make(out, OUT);

	http_request_strip(&r->request);
	h1_request_write(&w, &r->request, false, BYTES_LIT("default"));
	check(wr_ok(&w));
	return w.len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t step = size > 0 ? (size_t)data[0] + 1 : 1, len, again_len;
	struct forward_facts facts = { .client_address = BYTES_LIT("192.0.2.1"), .peer_is_trusted = step & 1 };
	struct result whole, pieces;

	if (size == 0)
		return 0;
	whole = parse(data + 1, size - 1, SIZE_MAX / 2, arenas[0]);
	pieces = parse(data + 1, size - 1, step, arenas[1]);
	check(whole.err == pieces.err && whole.done == pieces.done);
	if (!whole.done)
		return 0;
	check(whole.used == pieces.used);
	len = write_clean(&whole, outs[0]);
	again_len = write_clean(&pieces, outs[1]);
	check(len == again_len && memcmp(outs[0], outs[1], len) == 0);
	/* the clean form fits the same limits, or is refused for its size only; read again it gives the same bytes */
	pieces = parse(outs[0], len, step, arenas[1]);
	check(pieces.done || pieces.err == BJ_ERR_HTTP_HEADER_LIMIT || pieces.err == BJ_ERR_HTTP_URI_TOO_LONG);
	if (pieces.done) {
		check(pieces.used == len);
		again_len = write_clean(&pieces, outs[1]);
		check(len == again_len && memcmp(outs[0], outs[1], len) == 0);
	}
	if (forward_request(&whole.request, &facts) == BJ_OK)
		check(http_field_count(&whole.request.fields, HTTP_N_X_FORWARDED_FOR) == 1);
	return 0;
}
