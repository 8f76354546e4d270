/* fuzz_h1_response.c - response heads: the same as for requests. The first byte says what was asked and in which pieces it comes. */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "http/h1.h"

#define ARENA 16384
#define OUT 65536

struct result {
	enum bj_err err;
	bool done;
	size_t used;
	struct http_response response;
};

static uint64_t arenas[2][ARENA / 8];
static uint8_t outs[2][OUT];

static struct result parse(const uint8_t *data, size_t size, size_t step, enum http_method method, bool upgrade, uint64_t *arena)
{
	struct result r = { .err = BJ_OK };
	struct h1_parser parser;
	size_t end = 0;

	http_fields_init(&r.response.fields, arena, ARENA, 64);
	h1_parser_init(&parser, 8192);
	while (end < size && !r.err && !r.done) {
		size_t used = 0;
		uint8_t *copy;

		end = size - end < step ? size : end + step;
		copy = malloc(end - r.used);
		check(copy != NULL);
		memcpy(copy, data + r.used, end - r.used);
		r.err = h1_response_feed(&parser, &r.response, method, upgrade, copy, end - r.used, &used, &r.done);
		check(used <= end - r.used);
		r.used += used;
		free(copy);
	}
	check(!r.err || (r.err == BJ_ERR_HTTP_BAD_RESPONSE && parser.why[0]));
	return r;
}

static size_t write_clean(struct result *r, uint8_t *out)
{
	struct writer w = wr_make(out, OUT);
	struct http_framing framing = r->response.framing;

	http_response_strip(&r->response);
	h1_response_write(&w, &r->response, &framing, HTTP_1_1, false);
	check(wr_ok(&w));
	return w.len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum http_method methods[] = { HTTP_GET, HTTP_HEAD, HTTP_CONNECT, HTTP_POST };
	struct result whole, pieces;
	enum http_method method;
	size_t len, again_len, step;
	bool upgrade;

	if (size == 0)
		return 0;
	method = methods[data[0] & 3];
	upgrade = data[0] >> 2 & 1;
	step = (size_t)(data[0] >> 3) + 1;
	whole = parse(data + 1, size - 1, SIZE_MAX / 2, method, upgrade, arenas[0]);
	pieces = parse(data + 1, size - 1, step, method, upgrade, arenas[1]);
	check(whole.err == pieces.err && whole.done == pieces.done);
	if (!whole.done)
		return 0;
	check(whole.used == pieces.used);
	check(whole.response.framing.kind != HTTP_BODY_CLOSE || !whole.response.keep_alive);
	len = write_clean(&whole, outs[0]);
	pieces = parse(outs[0], len, step, method, upgrade, arenas[1]);
	check(pieces.done || whole.response.fields.count + 2 > 64 || len > 8192);
	if (pieces.done) {
		check(pieces.used == len);
		check(pieces.response.framing.kind == whole.response.framing.kind &&
		      pieces.response.framing.length == whole.response.framing.length);
		again_len = write_clean(&pieces, outs[1]);
		check(len == again_len && memcmp(outs[0], outs[1], len) == 0);
	}
	return 0;
}
