/* key_update.c - see key_update.h. */
#include "tls/msg/key_update.h"

enum bj_err key_update_parse(struct bj_bytes body, bool *out_requested)
{
	struct reader r = rd_of(body);
	uint8_t request = rd_u8(&r);

	if (!rd_end(&r))
		return BJ_ERR_DECODE;
	if (request > 1)
		return BJ_ERR_ILLEGAL_PARAMETER;
	*out_requested = request == 1;
	return BJ_OK;
}

void key_update_write(struct writer *w, bool request)
{
	size_t message = message_open(w, MSG_KEY_UPDATE);

	wr_u8(w, request);
	message_close(w, message);
}
