/* signature_algorithms.h - signature schemes for handshakes, and for certificates where they differ (rfc9846:4.2.3). */
#ifndef TLS_EXT_SIGNATURE_ALGORITHMS_H
#define TLS_EXT_SIGNATURE_ALGORITHMS_H

#include "tls/ext/table.h"

enum bj_err signature_algorithms_parse(struct bj_bytes body, struct bj_bytes *out_codes) BJ_MUST_USE;
void signature_algorithms_write(struct writer *w, struct bj_bytes codes);

#endif
