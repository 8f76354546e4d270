/* end_of_early_data.h - an empty message (rfc9846:4.5). */
#ifndef TLS_MSG_END_OF_EARLY_DATA_H
#define TLS_MSG_END_OF_EARLY_DATA_H

#include "tls/msg/message.h"
enum bj_err end_of_early_data_parse(struct bj_bytes body) BJ_MUST_USE;
void end_of_early_data_write(struct writer *w);

#endif
