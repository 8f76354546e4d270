/* alpn.c - see alpn.h. */
#include "tls/ext/alpn.h"

enum bj_err alpn_parse(struct bj_bytes body, struct bj_bytes *out_list)
{
	struct reader r = rd_of(body);
	struct reader list = rd_vec(&r, 2);
	struct bj_bytes all = rd_peek(&list);

	while (rd_more(&list))
		if (rd_vec_bytes(&list, 1).len == 0)
			return BJ_ERR_DECODE;
	rd_close(&r, &list);
	if (!rd_end(&r) || all.len == 0)
		return BJ_ERR_DECODE;
	*out_list = all;
	return BJ_OK;
}

void alpn_write(struct writer *w, struct bj_bytes list)
{
	ext_write_vec(w, EXT_ALPN, list, 2);
}

enum bj_err alpn_parse_answer(struct bj_bytes body, struct bj_bytes *out_name)
{
	struct reader r = rd_of(body);
	struct reader list = rd_vec(&r, 2);
	struct bj_bytes name = rd_vec_bytes(&list, 1);

	rd_close(&r, &list);
	if (!rd_end(&r) || name.len == 0)
		return BJ_ERR_DECODE;
	*out_name = name;
	return BJ_OK;
}

void alpn_write_answer(struct writer *w, struct bj_bytes name)
{
	size_t ext = ext_open(w, EXT_ALPN);
	size_t list = wr_open(w, 2);

	wr_vec(w, name, 1);
	wr_close(w, list, 2);
	ext_close(w, ext);
}

bool alpn_has(struct bj_bytes list, struct bj_bytes name)
{
	struct reader r = rd_of(list);

	while (rd_more(&r))
		if (bytes_equal(rd_vec_bytes(&r, 1), name))
			return true;
	return false;
}

struct bj_bytes alpn_choose(struct bj_bytes prefer, struct bj_bytes other)
{
	struct reader r = rd_of(prefer);

	while (rd_more(&r)) {
		struct bj_bytes name = rd_vec_bytes(&r, 1);

		if (name.len > 0 && alpn_has(other, name))
			return name;
	}
	return (struct bj_bytes){ 0 };
}
