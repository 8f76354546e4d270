/* padding.h - zeros that make a ClientHello longer (rfc7685:3). */
#ifndef TLS_EXT_PADDING_H
#define TLS_EXT_PADDING_H

#include "tls/ext/table.h"

/* BJ_ERR_ILLEGAL_PARAMETER for anything but zeros. */
enum bj_err padding_parse(struct bj_bytes body) BJ_MUST_USE;
void padding_write(struct writer *w, size_t len);

#endif
