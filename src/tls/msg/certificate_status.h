/* certificate_status.h - a stapled OCSP response in 1.2: the only status that there is (rfc6066:8). */
#ifndef TLS_MSG_CERTIFICATE_STATUS_H
#define TLS_MSG_CERTIFICATE_STATUS_H

#include "tls/msg/message.h"

enum bj_err certificate_status_parse(struct bj_bytes body, struct bj_bytes *out_response) BJ_MUST_USE;
void certificate_status_write(struct writer *w, struct bj_bytes response);

#endif
