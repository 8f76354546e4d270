/* finished.c - see finished.h. */
#include "tls/msg/finished.h"

enum bj_err finished_parse(struct bj_bytes body, size_t len, struct bj_bytes *out_verify_data)
{
	if (body.len != len)
		return BJ_ERR_DECODE;
	*out_verify_data = body;
	return BJ_OK;
}

void finished_write(struct writer *w, struct bj_bytes verify_data)
{
	size_t message = message_open(w, MSG_FINISHED);

	wr_bytes(w, verify_data);
	message_close(w, message);
}
