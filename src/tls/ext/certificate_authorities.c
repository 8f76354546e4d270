/* certificate_authorities.c - see certificate_authorities.h. */
#include "tls/ext/certificate_authorities.h"

enum bj_err certificate_authorities_parse(struct bj_bytes body, struct bj_bytes *out_list)
{
	struct reader r = rd_of(body);
	struct bj_bytes list = rd_vec_bytes(&r, 2);
	enum bj_err err;

	if (!rd_end(&r) || list.len == 0)
		return BJ_ERR_DECODE;
	err = authorities_check(list);
	if (err)
		return err;
	*out_list = list;
	return BJ_OK;
}

void certificate_authorities_write(struct writer *w, struct bj_bytes list)
{
	ext_write_vec(w, EXT_CERTIFICATE_AUTHORITIES, list, 2);
}

enum bj_err authorities_check(struct bj_bytes list)
{
	struct reader r = rd_of(list);
	struct bj_bytes name;

	for (size_t count = 0; authority_next(&r, &name); count++)
		if (count == AUTHORITIES_MAX)
			return BJ_ERR_DECODE;
	return rd_end(&r) ? BJ_OK : BJ_ERR_DECODE;
}

bool authority_next(struct reader *list, struct bj_bytes *out_name)
{
	struct bj_bytes name;

	if (!rd_more(list))
		return false;
	name = rd_vec_bytes(list, 2);
	if (name.len == 0)
		rd_fail(list);
	if (list->bad)
		return false;
	*out_name = name;
	return true;
}
