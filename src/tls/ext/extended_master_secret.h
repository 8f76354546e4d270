/* extended_master_secret.h - binds the 1.2 master secret to its handshake (rfc7627:5.1). Empty; write with ext_write_empty(). */
#ifndef TLS_EXT_EXTENDED_MASTER_SECRET_H
#define TLS_EXT_EXTENDED_MASTER_SECRET_H

#include "tls/ext/table.h"

enum bj_err extended_master_secret_parse(struct bj_bytes body) BJ_MUST_USE;

#endif
