/* fuzz_tls_client.c - a client is fed with arbitrary bytes. The first says how it is configured, the second in what pieces. */
#include "tls_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct bj_tls_config *clients[24], *servers[24];
	static uint64_t seed;
	struct bj_tls *conn;
	unsigned variant;

	if (size < 2)
		return 0;
	variant = data[0] & 23;
	seed = 1;
	if (!clients[variant])
		fuzz_configs(variant, (struct bj_rng){ fuzz_fill, &seed }, &clients[variant], &servers[variant]);
	check(bj_tls_new(clients[variant], FUZZ_NAME, &conn) == BJ_OK);
	check(bj_tls_start(conn, FUZZ_NOW * 1000) == BJ_OK);
	fuzz_feed(conn, data + 2, size - 2, data[1] ? data[1] : size);
	bj_tls_free(conn);
	return 0;
}
