/* max_fragment_length.h - a client asks for short records (rfc6066:4). */
#ifndef TLS_EXT_MAX_FRAGMENT_LENGTH_H
#define TLS_EXT_MAX_FRAGMENT_LENGTH_H

#include "tls/ext/table.h"

/* One of the four codes: BJ_ERR_ILLEGAL_PARAMETER for others. */
enum bj_err max_fragment_length_parse(struct bj_bytes body, uint8_t *out_code) BJ_MUST_USE;
void max_fragment_length_write(struct writer *w, uint8_t code);

/* 512, 1024, 2048 or 4096, and back; 0 for what is no code or length. */
uint16_t max_fragment_len(uint8_t code);
uint8_t max_fragment_code(size_t len);

#endif
