/* tls_flags.h - a set of flags, the last byte of which is not zero (rfc9847). Those of tickets are read for their form; none is known. */
#ifndef TLS_EXT_TLS_FLAGS_H
#define TLS_EXT_TLS_FLAGS_H

#include "tls/ext/table.h"

/* BJ_ERR_DECODE if there are none, BJ_ERR_ILLEGAL_PARAMETER if they could be shorter. */
enum bj_err tls_flags_parse(struct bj_bytes body) BJ_MUST_USE;

#endif
