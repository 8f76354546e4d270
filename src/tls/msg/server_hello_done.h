/* server_hello_done.h - an empty message: the server waits for the client (rfc5246:7.4.5). */
#ifndef TLS_MSG_SERVER_HELLO_DONE_H
#define TLS_MSG_SERVER_HELLO_DONE_H

#include "tls/msg/message.h"
enum bj_err server_hello_done_parse(struct bj_bytes body) BJ_MUST_USE;
void server_hello_done_write(struct writer *w);

#endif
