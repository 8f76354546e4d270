/* sct.c - see sct.h. */
#include "tls/ext/sct.h"

#include "x509/sct.h"

enum bj_err sct_list_parse(struct bj_bytes body, struct bj_bytes *out_list)
{
	struct reader list = sct_of_list(body);

	if (!rd_more(&list))
		return BJ_ERR_DECODE;
	while (rd_more(&list))
		if (rd_vec_bytes(&list, 2).len == 0)
			return BJ_ERR_DECODE;
	if (!rd_end(&list))
		return BJ_ERR_DECODE;
	*out_list = body;
	return BJ_OK;
}

void sct_list_write(struct writer *w, struct bj_bytes list)
{
	size_t ext = ext_open(w, EXT_SCT);

	wr_bytes(w, list);
	ext_close(w, ext);
}
