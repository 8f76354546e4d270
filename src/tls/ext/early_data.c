/* early_data.c - see early_data.h. */
#include "tls/ext/early_data.h"

enum bj_err early_data_parse(struct bj_bytes body)
{
	return body.len == 0 ? BJ_OK : BJ_ERR_DECODE;
}

enum bj_err early_data_parse_ticket(struct bj_bytes body, uint32_t *out_max)
{
	struct reader r = rd_of(body);
	uint32_t max = rd_u32(&r);

	if (!rd_end(&r))
		return BJ_ERR_DECODE;
	*out_max = max;
	return BJ_OK;
}

void early_data_write_ticket(struct writer *w, uint32_t max)
{
	size_t ext = ext_open(w, EXT_EARLY_DATA);

	wr_u32(w, max);
	ext_close(w, ext);
}
