/* client_key_exchange.h - the client's ephemeral key of 1.2 (rfc8422:5.7). */
#ifndef TLS_MSG_CLIENT_KEY_EXCHANGE_H
#define TLS_MSG_CLIENT_KEY_EXCHANGE_H

#include "tls/msg/message.h"
enum bj_err client_key_exchange_parse(struct bj_bytes body, struct bj_bytes *out_key) BJ_MUST_USE;
void client_key_exchange_write(struct writer *w, struct bj_bytes key);

#endif
