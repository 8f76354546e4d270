/* body.h - where a message's body is: counts what is to come, whatever frames it. */
#ifndef GATEWAY_BODY_H
#define GATEWAY_BODY_H

#include "http/chunked.h"
#include "http/message.h"

struct body {
	uint8_t kind;     /* enum http_body_kind */
	bool done;
	uint64_t left;    /* HTTP_BODY_LENGTH */
	uint64_t total;   /* bytes of content so far */
	struct chunked chunked;
};

static inline void body_begin(struct body *b, const struct http_framing *framing)
{
	b->kind = (uint8_t)framing->kind;
	b->left = framing->length;
	b->total = 0;
	b->done = framing->kind == HTTP_BODY_NONE || (framing->kind == HTTP_BODY_LENGTH && framing->length == 0);
	if (framing->kind == HTTP_BODY_CHUNKED)
		chunked_init(&b->chunked);
}

/* Takes the next piece of content from `in`: `out_data` is a view, perhaps empty. `out_used` counts framing too. Call until all of
 * `in` is used or the body is done. BJ_ERR_HTTP_CHUNK. */
static inline BJ_MUST_USE enum bj_err body_take(struct body *b, struct bj_bytes in, size_t *out_used, struct bj_bytes *out_data)
{
	enum chunked_event event;
	enum bj_err err;

	*out_data = bytes_of(in.ptr, 0);
	*out_used = 0;
	switch (b->kind) {
	case HTTP_BODY_LENGTH:
		*out_used = in.len < b->left ? in.len : (size_t)b->left;
		*out_data = bytes_of(in.ptr, *out_used);
		b->left -= *out_used;
		b->done = b->left == 0;
		break;
	case HTTP_BODY_CHUNKED:
		err = chunked_feed(&b->chunked, in.ptr, in.len, out_used, out_data, &event);
		if (err)
			return err;
		if (event != CHUNKED_DATA)
			out_data->len = 0;
		b->done = event == CHUNKED_END;
		break;
	case HTTP_BODY_CLOSE:
	case HTTP_BODY_TUNNEL:
		*out_used = in.len;
		*out_data = in;
		break;
	default:
		b->done = true;
		break;
	}
	b->total += out_data->len;
	return BJ_OK;
}

#endif
