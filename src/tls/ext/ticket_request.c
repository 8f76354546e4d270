/* ticket_request.c - see ticket_request.h. */
#include "tls/ext/ticket_request.h"

enum bj_err ticket_request_parse(struct bj_bytes body, struct ticket_request *out)
{
	struct reader r = rd_of(body);
	struct ticket_request request;

	request.new_count = rd_u8(&r);
	request.resumed_count = rd_u8(&r);
	if (!rd_end(&r))
		return BJ_ERR_DECODE;
	*out = request;
	return BJ_OK;
}

void ticket_request_write(struct writer *w, struct ticket_request request)
{
	size_t ext = ext_open(w, EXT_TICKET_REQUEST);

	wr_u8(w, request.new_count);
	wr_u8(w, request.resumed_count);
	ext_close(w, ext);
}

enum bj_err ticket_request_parse_answer(struct bj_bytes body, uint8_t *out_expected)
{
	struct reader r = rd_of(body);
	uint8_t expected = rd_u8(&r);

	if (!rd_end(&r))
		return BJ_ERR_DECODE;
	*out_expected = expected;
	return BJ_OK;
}

void ticket_request_write_answer(struct writer *w, uint8_t expected)
{
	size_t ext = ext_open(w, EXT_TICKET_REQUEST);

	wr_u8(w, expected);
	ext_close(w, ext);
}
