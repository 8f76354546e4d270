/* cookie.h - what a server wants back after a HelloRetryRequest (rfc9846:4.2.2). */
#ifndef TLS_EXT_COOKIE_H
#define TLS_EXT_COOKIE_H

#include "tls/ext/table.h"

enum bj_err cookie_parse(struct bj_bytes body, struct bj_bytes *out_cookie) BJ_MUST_USE;
void cookie_write(struct writer *w, struct bj_bytes cookie);

#endif
