/* ec_point_formats.h - forms of points in 1.2: uncompressed only (rfc8422:5.1.2). */
#ifndef TLS_EXT_EC_POINT_FORMATS_H
#define TLS_EXT_EC_POINT_FORMATS_H

#include "tls/ext/table.h"

/* BJ_ERR_ILLEGAL_PARAMETER if uncompressed is not among them. */
enum bj_err ec_point_formats_parse(struct bj_bytes body) BJ_MUST_USE;
void ec_point_formats_write(struct writer *w);

#endif
