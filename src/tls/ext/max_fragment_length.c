/* max_fragment_length.c - see max_fragment_length.h. */
#include "tls/ext/max_fragment_length.h"

#define CODE_MAX 4
#define LEN_OF_NONE 256 /* code 1 is twice that, and so on */

enum bj_err max_fragment_length_parse(struct bj_bytes body, uint8_t *out_code)
{
	struct reader r = rd_of(body);
	uint8_t code = rd_u8(&r);

	if (!rd_end(&r))
		return BJ_ERR_DECODE;
	if (!max_fragment_len(code))
		return BJ_ERR_ILLEGAL_PARAMETER;
	*out_code = code;
	return BJ_OK;
}

void max_fragment_length_write(struct writer *w, uint8_t code)
{
	size_t ext = ext_open(w, EXT_MAX_FRAGMENT_LENGTH);

	wr_u8(w, code);
	ext_close(w, ext);
}

uint16_t max_fragment_len(uint8_t code)
{
	return code >= 1 && code <= CODE_MAX ? (uint16_t)(LEN_OF_NONE << code) : 0;
}

uint8_t max_fragment_code(size_t len)
{
	for (uint8_t code = 1; code <= CODE_MAX; code++)
		if (max_fragment_len(code) == len)
			return code;
	return 0;
}
