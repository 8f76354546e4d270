/* record_size_limit.c - see record_size_limit.h. */
#include "tls/ext/record_size_limit.h"

enum bj_err record_size_limit_parse(struct bj_bytes body, uint16_t *out_limit)
{
	struct reader r = rd_of(body);
	uint16_t limit = rd_u16(&r);

	if (!rd_end(&r))
		return BJ_ERR_DECODE;
	if (limit < RECORD_SIZE_LIMIT_MIN)
		return BJ_ERR_ILLEGAL_PARAMETER;
	*out_limit = limit;
	return BJ_OK;
}

void record_size_limit_write(struct writer *w, uint16_t limit)
{
	size_t ext = ext_open(w, EXT_RECORD_SIZE_LIMIT);

	wr_u16(w, limit);
	ext_close(w, ext);
}
