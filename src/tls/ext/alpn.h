/* alpn.h - application protocols: an offered list, one chosen (rfc7301:3.1). */
#ifndef TLS_EXT_ALPN_H
#define TLS_EXT_ALPN_H

#include "tls/ext/table.h"

/* `list` in wire form: names of 1..255 bytes behind their lengths. */
enum bj_err alpn_parse(struct bj_bytes body, struct bj_bytes *out_list) BJ_MUST_USE;
void alpn_write(struct writer *w, struct bj_bytes list);
/* An answer names exactly one. */
enum bj_err alpn_parse_answer(struct bj_bytes body, struct bj_bytes *out_name) BJ_MUST_USE;
void alpn_write_answer(struct writer *w, struct bj_bytes name);

bool alpn_has(struct bj_bytes list, struct bj_bytes name);
/* The first name of `prefer` that `other` has too (both in wire form); empty if none. */
struct bj_bytes alpn_choose(struct bj_bytes prefer, struct bj_bytes other);

#endif
