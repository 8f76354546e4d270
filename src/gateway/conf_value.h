/* conf_value.h - words that mean something: numbers, sizes, times, addresses. Pure; nothing is reported here. */
#ifndef GATEWAY_CONF_VALUE_H
#define GATEWAY_CONF_VALUE_H

#include "gateway/config.h"

#define CONF_NAME_MAX 64

/* Decimal digits, at most 2^63 - 1. */
bool conf_value_number(struct bj_bytes text, uint64_t *out);
/* Bytes: digits, then perhaps k, m or g (of 1024). */
bool conf_value_size(struct bj_bytes text, uint64_t *out);
/* Milliseconds: digits and ms, s, m, h or d; at most 366 days. */
bool conf_value_time(struct bj_bytes text, uint64_t *out_ms);
/* 0% to 100%. */
bool conf_value_percent(struct bj_bytes text, uint64_t *out);
/* Per minute: digits and /s or /m; at least one, at most a million per second. */
#define CONF_RATE_MAX (60ull * 1000000) /* a minute */
bool conf_value_rate(struct bj_bytes text, uint64_t *out_per_min);
/* IP with "/bits", or an IP alone. Host bits must be zero. */
bool conf_value_network(struct bj_bytes text, struct conf_network *out);
/* IP:PORT, [IPV6]:PORT or :PORT. `out->text` is not set. */
bool conf_value_address(struct bj_bytes text, struct conf_address *out);
/* unix:/PATH, absolute. `out->text` is not set. */
bool conf_value_unix(struct bj_bytes text, struct conf_address *out);
/* HOST:PORT where HOST is a name; the parts, for whoever resolves. */
bool conf_value_name_port(struct bj_bytes text, struct bj_bytes *out_name, uint16_t *out_port);
/* Letters, digits, '-', '_', '.', at most CONF_NAME_MAX. */
bool conf_value_name(struct bj_bytes text);
/* A host without port, in any case; with `wildcard` also "*.name". */
bool conf_value_host(struct bj_bytes text, bool wildcard);

#endif
