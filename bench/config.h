/* config.h - our configurations for the benchmarks: the same suites and groups for each, credentials of a chain. */
#ifndef BENCH_CONFIG_H
#define BENCH_CONFIG_H

#include <stdbool.h>

#include <bojagi/tls.h>

#include "chain.h"

/* Ends the program with what failed. */
void must(enum bj_err err, const char *what);
/* Not frozen yet. */
struct bj_tls_config *config_make(const struct chain *chain, bool is_server, enum bj_tls_version version);

#endif
