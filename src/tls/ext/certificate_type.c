/* certificate_type.c - see certificate_type.h. */
#include "tls/ext/certificate_type.h"

enum bj_err certificate_type_parse(struct bj_bytes body, struct bj_bytes *out_types)
{
	struct reader r = rd_of(body);
	struct bj_bytes types = rd_vec_bytes(&r, 1);

	if (!rd_end(&r))
		return BJ_ERR_DECODE;
	if (types.len == 0 || (types.len == 1 && types.ptr[0] == CERTIFICATE_X509))
		return BJ_ERR_ILLEGAL_PARAMETER; /* rfc7250:4.1 */
	*out_types = types;
	return BJ_OK;
}

enum bj_err certificate_type_parse_answer(struct bj_bytes body, uint8_t *out_type)
{
	if (body.len != 1)
		return BJ_ERR_DECODE;
	*out_type = body.ptr[0];
	return BJ_OK;
}

void certificate_type_write(struct writer *w, enum ext ext, struct bj_bytes types)
{
	ext_write_vec(w, ext, types, 1);
}

void certificate_type_write_answer(struct writer *w, enum ext ext, uint8_t type)
{
	size_t mark = ext_open(w, ext);

	wr_u8(w, type);
	ext_close(w, mark);
}

uint8_t certificate_type_mask(struct bj_bytes types)
{
	uint8_t mask = 0;

	for (size_t i = 0; i < types.len; i++)
		if (types.ptr[i] == CERTIFICATE_X509 || types.ptr[i] == CERTIFICATE_RAW_KEY)
			mask |= (uint8_t)(1 << types.ptr[i]);
	return mask;
}
