/* tls_flags.c - see tls_flags.h. */
#include "tls/ext/tls_flags.h"

enum bj_err tls_flags_parse(struct bj_bytes body)
{
	struct reader r = rd_of(body);
	struct bj_bytes flags = rd_vec_bytes(&r, 1);

	if (!rd_end(&r) || flags.len == 0)
		return BJ_ERR_DECODE;
	return flags.ptr[flags.len - 1] != 0 ? BJ_OK : BJ_ERR_ILLEGAL_PARAMETER;
}
