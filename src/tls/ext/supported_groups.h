/* supported_groups.h - key exchange groups in order of preference (rfc9846:4.2.7). */
#ifndef TLS_EXT_SUPPORTED_GROUPS_H
#define TLS_EXT_SUPPORTED_GROUPS_H

#include "tls/ext/table.h"

enum bj_err supported_groups_parse(struct bj_bytes body, struct bj_bytes *out_codes) BJ_MUST_USE;
void supported_groups_write(struct writer *w, struct bj_bytes codes);

#endif
