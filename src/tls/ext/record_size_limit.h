/* record_size_limit.h - how long a record the peer takes (rfc8449:4). Recognised. */
#ifndef TLS_EXT_RECORD_SIZE_LIMIT_H
#define TLS_EXT_RECORD_SIZE_LIMIT_H

#include "tls/ext/table.h"

#define RECORD_SIZE_LIMIT_MIN 64

/* BJ_ERR_ILLEGAL_PARAMETER below the minimum. */
enum bj_err record_size_limit_parse(struct bj_bytes body, uint16_t *out_limit) BJ_MUST_USE;
void record_size_limit_write(struct writer *w, uint16_t limit);

#endif
