/* key_share.c - see key_share.h. */
#include "tls/ext/key_share.h"

enum bj_err key_share_parse(struct bj_bytes body, struct bj_bytes *out_list)
{
	struct reader r = rd_of(body);
	struct reader list = rd_vec(&r, 2);
	struct bj_bytes all = rd_peek(&list);
	uint16_t seen[KEY_SHARE_MAX];
	struct key_share share;
	size_t count = 0;

	for (; key_share_next(&list, &share); count++) {
		if (count == KEY_SHARE_MAX)
			return BJ_ERR_DECODE;
		for (size_t i = 0; i < count; i++)
			if (seen[i] == share.group)
				return BJ_ERR_ILLEGAL_PARAMETER;
		seen[count] = share.group;
	}
	rd_close(&r, &list);
	if (!rd_end(&r))
		return BJ_ERR_DECODE;
	*out_list = all;
	return BJ_OK;
}

void key_share_write(struct writer *w, struct bj_bytes list)
{
	ext_write_vec(w, EXT_KEY_SHARE, list, 2);
}

bool key_share_next(struct reader *list, struct key_share *out)
{
	struct key_share share;

	if (!rd_more(list))
		return false;
	share.group = rd_u16(list);
	share.key = rd_vec_bytes(list, 2);
	if (share.key.len == 0)
		rd_fail(list);
	if (list->bad)
		return false;
	*out = share;
	return true;
}

bool key_share_find(struct bj_bytes list, uint16_t group, struct bj_bytes *out_key)
{
	struct reader r = rd_of(list);
	struct key_share share;

	while (key_share_next(&r, &share)) {
		if (share.group == group) {
			*out_key = share.key;
			return true;
		}
	}
	return false;
}

void key_share_add(struct writer *list, uint16_t group, struct bj_bytes key)
{
	wr_u16(list, group);
	wr_vec(list, key, 2);
}

enum bj_err key_share_parse_answer(struct bj_bytes body, struct key_share *out)
{
	struct reader r = rd_of(body);
	struct key_share share;

	if (!key_share_next(&r, &share) || !rd_end(&r))
		return BJ_ERR_DECODE;
	*out = share;
	return BJ_OK;
}

void key_share_write_answer(struct writer *w, const struct key_share *share)
{
	size_t ext = ext_open(w, EXT_KEY_SHARE);

	key_share_add(w, share->group, share->key);
	ext_close(w, ext);
}

enum bj_err key_share_parse_retry(struct bj_bytes body, uint16_t *out_group)
{
	struct reader r = rd_of(body);
	uint16_t group = rd_u16(&r);

	if (!rd_end(&r))
		return BJ_ERR_DECODE;
	*out_group = group;
	return BJ_OK;
}

void key_share_write_retry(struct writer *w, uint16_t group)
{
	size_t ext = ext_open(w, EXT_KEY_SHARE);

	wr_u16(w, group);
	ext_close(w, ext);
}
