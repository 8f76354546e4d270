/* compress_certificate.c - see compress_certificate.h. */
#include "tls/ext/compress_certificate.h"

enum bj_err compress_certificate_parse(struct bj_bytes body, struct bj_bytes *out)
{
	struct bj_bytes codes;
	enum bj_err err = codes_parse(body, 1, &codes);

	if (err)
		return err;
	for (size_t i = 0; i < codes_count(codes); i++)
		if (codes_have(bytes_of(codes.ptr, 2 * i), codes_at(codes, i)))
			return BJ_ERR_ILLEGAL_PARAMETER;
	*out = codes;
	return BJ_OK;
}

void compress_certificate_write(struct writer *w, struct bj_bytes codes)
{
	ext_write_vec(w, EXT_COMPRESS_CERTIFICATE, codes, 1);
}
