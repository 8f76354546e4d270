/* chain.h - a chain of three ECDSA P-256 certificates, made afresh for each run. */
#ifndef BENCH_CHAIN_H
#define BENCH_CHAIN_H

#include <stddef.h>

#define CHAIN_NAME "bench.example.com"

/* PEM: what a server sends, its key, and the anchor. */
struct chain {
	char *sent_pem, *key_pem, *root_pem;
	size_t sent_len, key_len, root_len;
};

/* Ends the program if libcrypto fails. */
void chain_make(struct chain *out);
void chain_free(struct chain *c);

#endif
