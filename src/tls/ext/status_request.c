/* status_request.c - see status_request.h. */
#include "tls/ext/status_request.h"

enum bj_err status_request_parse(struct bj_bytes body, bool *out_ocsp)
{
	struct reader r = rd_of(body);

	if (rd_u8(&r) != STATUS_OCSP && !r.bad) {
		*out_ocsp = false;
		return BJ_OK;
	}
	(void)rd_vec_bytes(&r, 2); /* responders that the client trusts */
	(void)rd_vec_bytes(&r, 2); /* extensions of the request */
	if (!rd_end(&r))
		return BJ_ERR_DECODE;
	*out_ocsp = true;
	return BJ_OK;
}

void status_request_write(struct writer *w)
{
	size_t ext = ext_open(w, EXT_STATUS_REQUEST);

	wr_u8(w, STATUS_OCSP);
	wr_u16(w, 0);
	wr_u16(w, 0);
	ext_close(w, ext);
}

enum bj_err status_request_parse_entry(struct bj_bytes body, struct bj_bytes *out_response)
{
	struct reader r = rd_of(body);
	uint8_t type = rd_u8(&r);
	struct bj_bytes response = rd_vec_bytes(&r, 3);

	if (!rd_end(&r) || response.len == 0)
		return BJ_ERR_DECODE;
	if (type != STATUS_OCSP)
		return BJ_ERR_ILLEGAL_PARAMETER;
	*out_response = response;
	return BJ_OK;
}

void status_request_write_entry(struct writer *w, struct bj_bytes response)
{
	size_t ext = ext_open(w, EXT_STATUS_REQUEST);

	wr_u8(w, STATUS_OCSP);
	wr_vec(w, response, 3);
	ext_close(w, ext);
}
