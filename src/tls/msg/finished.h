/* finished.h - the proof that both saw the same handshake (rfc9846:4.4.4 rfc5246:7.4.9). */
#ifndef TLS_MSG_FINISHED_H
#define TLS_MSG_FINISHED_H

#include "tls/msg/message.h"
#include "crypto/hash.h"

/* `len`: what this version and suite make (12 in 1.2, else the hash). BJ_ERR_DECODE for another. */
enum bj_err finished_parse(struct bj_bytes body, size_t len, struct bj_bytes *out_verify_data) BJ_MUST_USE;
void finished_write(struct writer *w, struct bj_bytes verify_data);

#endif
