/* h1_test.h - what the tests of heads share: a message's way through the proxy, as bytes. Never included by anything but tests. */
#ifndef HTTP_H1_TEST_H
#define HTTP_H1_TEST_H

#include "base/test.h"
#include "http/chunked.h"
#include "http/h1.h"

#define TEST_ARENA 65536
#define TEST_OUT 65536

/* What came of a request: `err` of head or body, else the bytes that would go to the server. */
struct passed {
	enum bj_err err;
	const char *why;
	bool head_done;
	bool body_done;
	size_t out_len;
	uint8_t out[TEST_OUT];
};

static uint64_t test_arena[TEST_ARENA / 8];

/* The body in chunks of `step` bytes, appended to the writer in the form of the framing. */
static inline void pass_body(struct passed *p, const struct http_framing *framing, const uint8_t *buf, size_t len, size_t step,
			     struct writer *w)
{
	struct chunked decoder;
	uint64_t left = framing->length;
	size_t pos = 0;

	if (framing->kind != HTTP_BODY_CHUNKED) {
		size_t take = left < len ? (size_t)left : len;

		wr_raw(w, buf, take);
		p->body_done = take == left;
		return;
	}
	chunked_init(&decoder);
	while (pos < len && !p->body_done && !p->err) {
		size_t end = len - pos < step ? len : pos + step, used;
		struct bj_bytes data;
		enum chunked_event event;

		do {
			p->err = chunked_feed(&decoder, buf + pos, end - pos, &used, &data, &event);
			pos += used;
			wr_bytes(w, data);
		} while (!p->err && event == CHUNKED_DATA);
		p->body_done = event == CHUNKED_END;
		p->why = decoder.why;
	}
}

/* Parses a request given in pieces of `step` bytes, strips it, writes it anew. The body of a chunked request comes out as one
 * chunk, so that the result does not depend on the pieces. */
static inline void pass_request(const void *bytes, size_t len, size_t step, struct passed *p)
{
	const uint8_t *buf = (const uint8_t *)bytes;
	struct http_request request = { .method = HTTP_METHOD_OTHER };
	struct h1_parser parser;
	struct writer w = wr_make(p->out, sizeof(p->out));
	static uint8_t body_buf[TEST_OUT];
	struct writer body = wr_make(body_buf, sizeof(body_buf));
	size_t pos = 0, end = 0, used;

	p->err = BJ_OK;
	p->head_done = p->body_done = false;
	http_fields_init(&request.fields, test_arena, sizeof(test_arena), 100);
	h1_parser_init(&parser, 32768);
	while (end < len && !p->head_done && !p->err) {
		end = len - end < step ? len : end + step;
		p->err = h1_request_feed(&parser, &request, buf + pos, end - pos, &used, &p->head_done);
		pos += used;
	}
	p->why = parser.why;
	p->out_len = 0;
	if (p->err || !p->head_done)
		return;
	http_request_strip(&request);
	h1_request_write(&w, &request, false, BYTES_LIT("default"));
	pass_body(p, &request.framing, buf + pos, len - pos, step, &body);
	if (request.framing.kind == HTTP_BODY_CHUNKED) {
		if (body.len > 0) {
			chunked_size_write(&w, body.len);
			wr_bytes(&w, wr_view(&body));
			wr_bytes(&w, BYTES_LIT(CHUNKED_DATA_END));
		}
		wr_bytes(&w, BYTES_LIT(CHUNKED_LAST));
	} else {
		wr_bytes(&w, wr_view(&body));
	}
	assert_true(wr_ok(&w));
	p->out_len = p->err ? 0 : w.len;
}

#endif
