/* psk_key_exchange_modes.c - see psk_key_exchange_modes.h. */
#include "tls/ext/psk_key_exchange_modes.h"

enum bj_err psk_key_exchange_modes_parse(struct bj_bytes body, uint8_t *out_modes)
{
	struct reader r = rd_of(body);
	struct bj_bytes list = rd_vec_bytes(&r, 1);
	uint8_t modes = 0;

	if (!rd_end(&r) || list.len == 0)
		return BJ_ERR_DECODE;
	for (size_t i = 0; i < list.len; i++)
		if (list.ptr[i] <= 1)
			modes |= (uint8_t)(1 << list.ptr[i]);
	*out_modes = modes;
	return BJ_OK;
}

void psk_key_exchange_modes_write(struct writer *w, uint8_t modes)
{
	size_t ext = ext_open(w, EXT_PSK_KEY_EXCHANGE_MODES);
	size_t list = wr_open(w, 1);

	if (modes & PSK_MODE_DHE_KE)
		wr_u8(w, 1);
	if (modes & PSK_MODE_KE)
		wr_u8(w, 0);
	wr_close(w, list, 1);
	ext_close(w, ext);
}
