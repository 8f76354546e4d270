/* compress_certificate.h - which compression of certificates a side takes (rfc8879:3). */
#ifndef TLS_EXT_COMPRESS_CERTIFICATE_H
#define TLS_EXT_COMPRESS_CERTIFICATE_H

#include "tls/ext/table.h"

/* Codes in wire form; none of them twice (BJ_ERR_ILLEGAL_PARAMETER). */
enum bj_err compress_certificate_parse(struct bj_bytes body, struct bj_bytes *out) BJ_MUST_USE;
void compress_certificate_write(struct writer *w, struct bj_bytes codes);

#endif
