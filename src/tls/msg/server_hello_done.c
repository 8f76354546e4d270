/* server_hello_done.c - see server_hello_done.h. */
#include "tls/msg/server_hello_done.h"

enum bj_err server_hello_done_parse(struct bj_bytes body)
{
	return body.len == 0 ? BJ_OK : BJ_ERR_DECODE;
}

void server_hello_done_write(struct writer *w)
{
	message_close(w, message_open(w, MSG_SERVER_HELLO_DONE));
}
