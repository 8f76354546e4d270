/* server_key_exchange.h - the server's signed ephemeral key of 1.2 (rfc8422:5.4). */
#ifndef TLS_MSG_SERVER_KEY_EXCHANGE_H
#define TLS_MSG_SERVER_KEY_EXCHANGE_H

#include "tls/msg/message.h"
#define SKE_PARAMS_MAX (1 + 2 + 1 + 255)
#define SKE_SIGNED_MAX (2 * RANDOM_LEN + SKE_PARAMS_MAX)

struct server_key_exchange {
	uint16_t group;
	struct bj_bytes key;       /* the server's public key */
	uint16_t scheme;
	struct bj_bytes signature;
};

/* BJ_ERR_ILLEGAL_PARAMETER for anything but a named curve. */
enum bj_err server_key_exchange_parse(struct bj_bytes body, struct server_key_exchange *out) BJ_MUST_USE;
void server_key_exchange_write(struct writer *w, const struct server_key_exchange *ske);
/* What is signed: both randoms and the parameters. Returns its length. */
size_t server_key_exchange_signed(const struct server_key_exchange *ske, const uint8_t client_random[RANDOM_LEN],
				  const uint8_t server_random[RANDOM_LEN], uint8_t out[SKE_SIGNED_MAX]);

#endif
