/* server_key_exchange.c - see server_key_exchange.h. */
#include "tls/msg/server_key_exchange.h"

#define CURVE_TYPE_NAMED 3

enum bj_err server_key_exchange_parse(struct bj_bytes body, struct server_key_exchange *out)
{
	struct reader r = rd_of(body);
	struct server_key_exchange ske;

	if (rd_u8(&r) != CURVE_TYPE_NAMED)
		return r.bad ? BJ_ERR_DECODE : BJ_ERR_ILLEGAL_PARAMETER;
	ske.group = rd_u16(&r);
	ske.key = rd_vec_bytes(&r, 1);
	ske.scheme = rd_u16(&r);
	ske.signature = rd_vec_bytes(&r, 2);
	if (!rd_end(&r) || ske.key.len == 0)
		return BJ_ERR_DECODE;
	*out = ske;
	return BJ_OK;
}

static void write_params(struct writer *w, const struct server_key_exchange *ske)
{
	wr_u8(w, CURVE_TYPE_NAMED);
	wr_u16(w, ske->group);
	wr_vec(w, ske->key, 1);
}

void server_key_exchange_write(struct writer *w, const struct server_key_exchange *ske)
{
	size_t message = message_open(w, MSG_SERVER_KEY_EXCHANGE);

	write_params(w, ske);
	wr_u16(w, ske->scheme);
	wr_vec(w, ske->signature, 2);
	message_close(w, message);
}

size_t server_key_exchange_signed(const struct server_key_exchange *ske, const uint8_t client_random[RANDOM_LEN],
				  const uint8_t server_random[RANDOM_LEN], uint8_t out[SKE_SIGNED_MAX])
{
	struct writer w = wr_make(out, SKE_SIGNED_MAX);

	wr_raw(&w, client_random, RANDOM_LEN);
	wr_raw(&w, server_random, RANDOM_LEN);
	write_params(&w, ske);
	return wr_view(&w).len;
}
