/* fuzz_connection.c - a connection that is fed anything: used bytes are counted right, the first failure sticks, nothing leaks.
 *
 * The first byte: bit 0 a client, else a server; bit 1 TLS 1.2 only; bit 2 fed in pieces. Randomness is a counter and keys are fixed, so an
 * input does the same every time.
 */
#include <bojagi/tls.h>

#include <stdlib.h>

#include "base/bytes.h"
#include "base/check.h"
#include "crypto/pkey.h"
#include "x509/credential.h"
#include "x509/issue.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

#define NOW_S 1800000000

static struct bj_tls_config *configs[2][2]; /* server or client, both versions or 1.2 only */
static uint8_t counter;

static enum bj_err fill(void *self, uint8_t *out, size_t len)
{
	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)(counter++ * 167 + 13);
	return BJ_OK;
}

static struct bj_credential *credential_of_fixed_key(void)
{
	static const uint8_t pkcs8[48] = { 0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20, 1, 2, 3 };
	static const char *const name = "www.example.com";
	struct issue in = { .kind = ISSUE_SERVER, .common_name = "fuzz", .names = &name, .name_count = 1,
			    .not_before = NOW_S - 1000, .not_after = NOW_S + 1000000 };
	const struct bj_rng rng = { fill, NULL };
	struct bj_credential *credential = NULL;
	uint8_t der[ISSUE_DER_MAX];
	struct bj_bytes chain;
	struct pkey *key;

	check(pkey_from_der(bytes_of(pkcs8, sizeof(pkcs8)), &key) == BJ_OK);
	in.key = key;
	in.rng = &rng;
	check(issue_cert(&in, der, sizeof(der), &chain.len) == BJ_OK);
	chain.ptr = der;
	check(credential_make(&chain, 1, key, &credential) == BJ_OK);
	pkey_free(key);
	return credential;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct bj_credential *credential = credential_of_fixed_key();
	struct bj_trust *trust = bj_trust_new();

	check(trust != NULL);
	for (int client = 0; client < 2; client++) {
		for (int only_12 = 0; only_12 < 2; only_12++) {
			struct bj_tls_config *config = bj_tls_config_new(client ? BJ_TLS_CLIENT : BJ_TLS_SERVER);

			check(config && bj_tls_config_rng(config, (struct bj_rng){ fill, NULL }) == BJ_OK);
			check(bj_tls_config_credential(config, credential) == BJ_OK);
			check(bj_tls_config_trust(config, trust) == BJ_OK);
			if (only_12)
				check(bj_tls_config_versions(config, BJ_TLS_1_2, BJ_TLS_1_2) == BJ_OK);
			if (client)
				check(bj_tls_config_insecure_no_verify(config) == BJ_OK);
			else
				check(bj_tls_config_client_auth(config, BJ_TLS_AUTH_OPTIONAL) == BJ_OK);
			check(bj_tls_config_freeze(config) == BJ_OK);
			configs[client][only_12] = config;
		}
	}
	bj_credential_free(credential);
	bj_trust_free(trust);
	return 0;
}

/* Feeds all of `buf` as long as there is progress; says how it went. */
static enum bj_err feed(struct bj_tls *conn, uint8_t *buf, size_t len, size_t step)
{
	static uint8_t out[1 << 16];
	size_t at = 0, end = step;

	for (;;) {
		size_t have = (end < len ? end : len) - at;
		struct bj_tls_fed fed;
		enum bj_err err = bj_tls_feed(conn, (int64_t)NOW_S * 1000, buf + at, have, &fed);

		check(fed.used <= have);
		check(fed.event != BJ_TLS_DATA || (fed.data.ptr >= buf + at && fed.data.ptr + fed.data.len <= buf + at + fed.used));
		at += fed.used;
		while (bj_tls_pull(conn, out, sizeof(out)) > 0)
			;
		if (err) {
			check(bj_tls_error(conn) == err && bj_tls_feed(conn, 0, buf + at, 0, &fed) == err);
			return err;
		}
		if (fed.event == BJ_TLS_NONE && end >= len)
			return BJ_OK;
		if (fed.event == BJ_TLS_NONE)
			end += step;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bj_tls_report report;
	struct bj_tls *conn = NULL;
	uint8_t *copy;
	bool client;

	if (size < 1 || size > 1 << 16)
		return 0;
	counter = 0;
	client = data[0] & 1;
	copy = malloc(size);
	check(copy != NULL && bj_tls_new(configs[client][data[0] >> 1 & 1], client ? "www.example.com" : NULL, &conn) == BJ_OK);
	memcpy(copy, data, size);
	if (client)
		check(bj_tls_start(conn, (int64_t)NOW_S * 1000) == BJ_OK);
	(void)feed(conn, copy + 1, size - 1, data[0] & 4 ? 7 : size);
	bj_tls_report(conn, &report);
	check(!report.handshake_done || report.version == BJ_TLS_1_2 || report.version == BJ_TLS_1_3);
	bj_tls_free(conn);
	free(copy);
	return 0;
}
