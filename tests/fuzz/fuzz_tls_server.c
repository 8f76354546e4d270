/* fuzz_tls_server.c - a server is fed with arbitrary bytes. The first says how it is configured, the second in what pieces. */
#include "tls_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct bj_tls_config *clients[20], *servers[20];
	static uint64_t seed;
	struct bj_tls *conn;
	unsigned variant;

	if (size < 2)
		return 0;
	variant = data[0] & 19;
	seed = 1;
	if (!servers[variant])
		fuzz_configs(variant, (struct bj_rng){ fuzz_fill, &seed }, &clients[variant], &servers[variant]);
	check(bj_tls_new(servers[variant], NULL, &conn) == BJ_OK);
	fuzz_feed(conn, data + 2, size - 2, data[1] ? data[1] : size);
	bj_tls_free(conn);
	return 0;
}
