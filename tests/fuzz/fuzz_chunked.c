/* fuzz_chunked.c - chunked bodies: no input harms, pieces change nothing, and what is encoded again decodes to the same. */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "http/chunked.h"

#define BODY_MAX (1u << 20)

static uint8_t bodies[2][BODY_MAX];
static uint8_t encoded[BODY_MAX + 64];

struct result {
	enum bj_err err;
	bool over;
	size_t used;
	size_t len;
};

static struct result decode(const uint8_t *data, size_t size, size_t step, uint8_t *body)
{
	struct result r = { .err = BJ_OK };
	struct chunked c;

	chunked_init(&c);
	while (r.used < size && !r.err && !r.over) {
		size_t piece = size - r.used < step ? size - r.used : step, used = 0;
		uint8_t *copy = malloc(piece);
		struct bj_bytes view;
		enum chunked_event event;

		check(copy != NULL);
		memcpy(copy, data + r.used, piece);
		r.err = chunked_feed(&c, copy, piece, &used, &view, &event);
		check(used <= piece && (r.err || used > 0));
		check(event == CHUNKED_DATA || view.len == 0);
		check(r.len + view.len <= BODY_MAX);
		bytes_copy(body + r.len, view.ptr, view.len);
		r.len += view.len;
		r.used += used;
		r.over = event == CHUNKED_END;
		free(copy);
	}
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct writer w = wr_make(encoded, sizeof(encoded));
	struct result whole, pieces;

	if (size == 0 || size > BODY_MAX)
		return 0;
	whole = decode(data + 1, size - 1, SIZE_MAX / 2, bodies[0]);
	pieces = decode(data + 1, size - 1, (size_t)data[0] + 1, bodies[1]);
	check(whole.err == pieces.err && whole.over == pieces.over && whole.len == pieces.len && whole.used == pieces.used);
	check(memcmp(bodies[0], bodies[1], whole.len) == 0);
	if (!whole.over)
		return 0;
	if (whole.len > 0) {
		chunked_size_write(&w, whole.len);
		wr_raw(&w, bodies[0], whole.len);
		wr_bytes(&w, BYTES_LIT(CHUNKED_DATA_END));
	}
	wr_bytes(&w, BYTES_LIT(CHUNKED_LAST));
	check(wr_ok(&w));
	pieces = decode(encoded, w.len, (size_t)data[0] + 1, bodies[1]);
	check(pieces.over && pieces.used == w.len && pieces.len == whole.len && memcmp(bodies[0], bodies[1], whole.len) == 0);
	return 0;
}
