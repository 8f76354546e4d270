/* padding.c - see padding.h. */
#include "tls/ext/padding.h"

enum bj_err padding_parse(struct bj_bytes body)
{
	for (size_t i = 0; i < body.len; i++)
		if (body.ptr[i] != 0)
			return BJ_ERR_ILLEGAL_PARAMETER;
	return BJ_OK;
}

void padding_write(struct writer *w, size_t len)
{
	size_t ext = ext_open(w, EXT_PADDING);
	uint8_t *zeros = wr_room(w, len);

	if (zeros)
		memset(zeros, 0, len);
	ext_close(w, ext);
}
