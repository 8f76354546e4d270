/* fuzz_packed.c - the fields of a packed connection, without their seal; what comes out of them is used and ended. The first byte says for which
 * configuration. */
#include "tls_fuzz.h"

#include "tls/pack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct bj_tls_config *clients[2], *servers[2];
	static uint64_t seed = 1;
	struct bj_tls_config *config;
	struct bj_bytes piece = BYTES_LIT("data");
	uint8_t out[256];
	struct bj_tls_report report;
	struct bj_tls *conn = NULL;
	size_t used, len;
	unsigned variant;

	if (size < 1)
		return 0;
	variant = data[0] & 1;
	if (!servers[variant])
		fuzz_configs(variant ? 4 : 0, (struct bj_rng){ fuzz_fill, &seed }, &clients[variant], &servers[variant]);
	config = data[0] & 2 ? clients[variant] : servers[variant];
	/* the digest of the configuration is put in: nobody finds it */
	if (size > 1 + SESSION_BINDING_LEN && (data[0] & 4)) {
		uint8_t *copy = (uint8_t *)malloc(size - 1);

		check(copy != NULL);
		memcpy(copy, data + 1, size - 1);
		session_binding(config, data[0] & 8 ? FUZZ_NAME : NULL, copy);
		(void)!pack_read(bytes_of(copy, size - 1), config, &conn);
		free(copy);
	} else {
		(void)!pack_read(bytes_of(data + 1, size - 1), config, &conn);
	}
	if (!conn)
		return 0;
	bj_tls_report(conn, &report);
	check(report.handshake_done && report.suite != 0);
	(void)!bj_tls_seal(conn, &piece, 1, out, sizeof(out), &used, &len);
	(void)!bj_tls_export(conn, "label", NULL, 0, out, 32);
	bj_tls_close(conn);
	bj_tls_free(conn);
	return 0;
}
