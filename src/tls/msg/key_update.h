/* key_update.h - the sender changes its keys and may ask the peer to (rfc9846:4.6.3). */
#ifndef TLS_MSG_KEY_UPDATE_H
#define TLS_MSG_KEY_UPDATE_H

#include "tls/msg/message.h"
enum bj_err key_update_parse(struct bj_bytes body, bool *out_requested) BJ_MUST_USE;
void key_update_write(struct writer *w, bool request);

#endif
