/* cookie.c - see cookie.h. */
#include "tls/ext/cookie.h"

enum bj_err cookie_parse(struct bj_bytes body, struct bj_bytes *out_cookie)
{
	struct reader r = rd_of(body);
	struct bj_bytes cookie = rd_vec_bytes(&r, 2);

	if (!rd_end(&r) || cookie.len == 0)
		return BJ_ERR_DECODE;
	*out_cookie = cookie;
	return BJ_OK;
}

void cookie_write(struct writer *w, struct bj_bytes cookie)
{
	ext_write_vec(w, EXT_COOKIE, cookie, 2);
}
