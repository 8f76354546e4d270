/* ec_point_formats.c - see ec_point_formats.h. */
#include "tls/ext/ec_point_formats.h"

#define FORM_UNCOMPRESSED 0

enum bj_err ec_point_formats_parse(struct bj_bytes body)
{
	struct reader r = rd_of(body);
	struct bj_bytes forms = rd_vec_bytes(&r, 1);

	if (!rd_end(&r) || forms.len == 0)
		return BJ_ERR_DECODE;
	return memchr(forms.ptr, FORM_UNCOMPRESSED, forms.len) ? BJ_OK : BJ_ERR_ILLEGAL_PARAMETER;
}

void ec_point_formats_write(struct writer *w)
{
	static const uint8_t forms[] = { FORM_UNCOMPRESSED };

	ext_write_vec(w, EXT_EC_POINT_FORMATS, bytes_of(forms, sizeof(forms)), 1);
}
