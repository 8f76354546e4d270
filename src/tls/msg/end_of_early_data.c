/* end_of_early_data.c - see end_of_early_data.h. */
#include "tls/msg/end_of_early_data.h"

enum bj_err end_of_early_data_parse(struct bj_bytes body)
{
	return body.len == 0 ? BJ_OK : BJ_ERR_DECODE;
}

void end_of_early_data_write(struct writer *w)
{
	message_close(w, message_open(w, MSG_END_OF_EARLY_DATA));
}
