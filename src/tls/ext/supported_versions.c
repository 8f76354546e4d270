/* supported_versions.c - see supported_versions.h. */
#include "tls/ext/supported_versions.h"

enum bj_err supported_versions_parse(struct bj_bytes body, struct bj_bytes *out_codes)
{
	return codes_parse(body, 1, out_codes);
}

void supported_versions_write(struct writer *w, struct bj_bytes codes)
{
	ext_write_vec(w, EXT_SUPPORTED_VERSIONS, codes, 1);
}

enum bj_err supported_versions_parse_answer(struct bj_bytes body, uint16_t *out_version)
{
	struct reader r = rd_of(body);
	uint16_t version = rd_u16(&r);

	if (!rd_end(&r))
		return BJ_ERR_DECODE;
	*out_version = version;
	return BJ_OK;
}

void supported_versions_write_answer(struct writer *w, uint16_t version)
{
	size_t ext = ext_open(w, EXT_SUPPORTED_VERSIONS);

	wr_u16(w, version);
	ext_close(w, ext);
}
