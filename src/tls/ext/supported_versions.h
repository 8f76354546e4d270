/* supported_versions.h - the versions that a client offers, and the one chosen (rfc9846:4.2.1). */
#ifndef TLS_EXT_SUPPORTED_VERSIONS_H
#define TLS_EXT_SUPPORTED_VERSIONS_H

#include "tls/ext/table.h"

enum bj_err supported_versions_parse(struct bj_bytes body, struct bj_bytes *out_codes) BJ_MUST_USE;
void supported_versions_write(struct writer *w, struct bj_bytes codes);
enum bj_err supported_versions_parse_answer(struct bj_bytes body, uint16_t *out_version) BJ_MUST_USE;
void supported_versions_write_answer(struct writer *w, uint16_t version);

#endif
