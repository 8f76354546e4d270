/* client_key_exchange.c - see client_key_exchange.h. */
#include "tls/msg/client_key_exchange.h"

enum bj_err client_key_exchange_parse(struct bj_bytes body, struct bj_bytes *out_key)
{
	struct reader r = rd_of(body);
	struct bj_bytes key = rd_vec_bytes(&r, 1);

	if (!rd_end(&r) || key.len == 0)
		return BJ_ERR_DECODE;
	*out_key = key;
	return BJ_OK;
}

void client_key_exchange_write(struct writer *w, struct bj_bytes key)
{
	size_t message = message_open(w, MSG_CLIENT_KEY_EXCHANGE);

	wr_vec(w, key, 1);
	message_close(w, message);
}
