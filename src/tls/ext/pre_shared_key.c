/* pre_shared_key.c - see pre_shared_key.h. */
#include "tls/ext/pre_shared_key.h"

enum bj_err pre_shared_key_parse(struct bj_bytes body, struct psk_offer *out)
{
	struct reader r = rd_of(body);
	struct reader identities = rd_vec(&r, 2), binders = rd_vec(&r, 2);
	struct psk_offer offer = { rd_peek(&identities), rd_peek(&binders), 0 };
	struct psk_identity identity;
	struct bj_bytes binder;
	size_t binder_count = 0;

	while (offer.count < PSK_OFFER_MAX && psk_identity_next(&identities, &identity))
		offer.count++;
	while (binder_count < PSK_OFFER_MAX && psk_binder_next(&binders, &binder))
		binder_count++;
	rd_close(&r, &identities);
	rd_close(&r, &binders);
	if (!rd_end(&r) || offer.count == 0 || binder_count == 0)
		return BJ_ERR_DECODE;
	if (offer.count != binder_count)
		return BJ_ERR_ILLEGAL_PARAMETER;
	*out = offer;
	return BJ_OK;
}

void pre_shared_key_write(struct writer *w, const struct psk_offer *offer)
{
	size_t ext = ext_open(w, EXT_PRE_SHARED_KEY);

	wr_vec(w, offer->identities, 2);
	wr_vec(w, offer->binders, 2);
	ext_close(w, ext);
}

bool psk_identity_next(struct reader *identities, struct psk_identity *out)
{
	struct psk_identity identity;

	if (!rd_more(identities))
		return false;
	identity.identity = rd_vec_bytes(identities, 2);
	identity.obfuscated_age = rd_u32(identities);
	if (identity.identity.len == 0)
		rd_fail(identities);
	if (identities->bad)
		return false;
	*out = identity;
	return true;
}

bool psk_binder_next(struct reader *binders, struct bj_bytes *out)
{
	struct bj_bytes binder;

	if (!rd_more(binders))
		return false;
	binder = rd_vec_bytes(binders, 1);
	if (binder.len < PSK_BINDER_MIN)
		rd_fail(binders);
	if (binders->bad)
		return false;
	*out = binder;
	return true;
}

void psk_identity_add(struct writer *identities, struct bj_bytes identity, uint32_t obfuscated_age)
{
	wr_vec(identities, identity, 2);
	wr_u32(identities, obfuscated_age);
}

enum bj_err pre_shared_key_parse_answer(struct bj_bytes body, uint16_t *out_index)
{
	struct reader r = rd_of(body);
	uint16_t index = rd_u16(&r);

	if (!rd_end(&r))
		return BJ_ERR_DECODE;
	*out_index = index;
	return BJ_OK;
}

void pre_shared_key_write_answer(struct writer *w, uint16_t index)
{
	size_t ext = ext_open(w, EXT_PRE_SHARED_KEY);

	wr_u16(w, index);
	ext_close(w, ext);
}
