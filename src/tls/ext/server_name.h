/* server_name.h - the name of the server that the client wants (rfc6066:3). */
#ifndef TLS_EXT_SERVER_NAME_H
#define TLS_EXT_SERVER_NAME_H

#include "tls/ext/table.h"

#define SERVER_NAME_MAX 255

/* The host_name of a ClientHello. Exactly one; not empty, at most SERVER_NAME_MAX visible ASCII characters; whether it is a name is not judged here. */
enum bj_err server_name_parse(struct bj_bytes body, struct bj_bytes *out_name) BJ_MUST_USE;
void server_name_write(struct writer *w, struct bj_bytes name);
/* The server's answer is empty: ext_write_empty(). */
enum bj_err server_name_parse_answer(struct bj_bytes body) BJ_MUST_USE;

#endif
