/* renegotiation_info.c - see renegotiation_info.h. */
#include "tls/ext/renegotiation_info.h"

enum bj_err renegotiation_info_parse(struct bj_bytes body)
{
	struct reader r = rd_of(body);
	struct bj_bytes connection = rd_vec_bytes(&r, 1);

	if (!rd_end(&r))
		return BJ_ERR_DECODE;
	return connection.len == 0 ? BJ_OK : BJ_ERR_RENEGOTIATION_INFO;
}

void renegotiation_info_write(struct writer *w)
{
	ext_write_vec(w, EXT_RENEGOTIATION_INFO, (struct bj_bytes){ 0 }, 1);
}
