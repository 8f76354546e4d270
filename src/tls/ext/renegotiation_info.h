/* renegotiation_info.h - ties a 1.2 handshake to the one before it: there is none (rfc5746:3.2). */
#ifndef TLS_EXT_RENEGOTIATION_INFO_H
#define TLS_EXT_RENEGOTIATION_INFO_H

#include "tls/ext/table.h"

/* We never renegotiate, so renegotiated_connection must be empty: BJ_ERR_RENEGOTIATION_INFO if it is not. */
enum bj_err renegotiation_info_parse(struct bj_bytes body) BJ_MUST_USE;
void renegotiation_info_write(struct writer *w);

#endif
