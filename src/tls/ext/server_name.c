/* server_name.c - see server_name.h. */
#include "tls/ext/server_name.h"

#define NAME_TYPE_HOST 0

/* HostName is ASCII; that it holds nothing that breaks a line or ends a text matters to whoever logs it. */
static bool is_text(struct bj_bytes name)
{
	for (size_t i = 0; i < name.len; i++)
		if (name.ptr[i] <= ' ' || name.ptr[i] >= 0x7f)
			return false;
	return true;
}

enum bj_err server_name_parse(struct bj_bytes body, struct bj_bytes *out_name)
{
	struct reader r = rd_of(body);
	struct reader list = rd_vec(&r, 2);
	uint8_t type = rd_u8(&list);
	struct bj_bytes name = rd_vec_bytes(&list, 2);

	/* The list may name several types but only this one was ever defined, and no type may come twice. */
	rd_close(&r, &list);
	if (!rd_end(&r) || type != NAME_TYPE_HOST || name.len == 0)
		return BJ_ERR_DECODE;
	if (name.len > SERVER_NAME_MAX || !is_text(name))
		return BJ_ERR_ILLEGAL_PARAMETER;
	*out_name = name;
	return BJ_OK;
}

void server_name_write(struct writer *w, struct bj_bytes name)
{
	size_t ext = ext_open(w, EXT_SERVER_NAME);
	size_t list = wr_open(w, 2);

	wr_u8(w, NAME_TYPE_HOST);
	wr_vec(w, name, 2);
	wr_close(w, list, 2);
	ext_close(w, ext);
}

enum bj_err server_name_parse_answer(struct bj_bytes body)
{
	return body.len == 0 ? BJ_OK : BJ_ERR_DECODE;
}
