/* tls_fuzz.h - what the targets of the TLS engine share: certificates, configurations, randomness from a seed. */
#ifndef TLS_FUZZ_H
#define TLS_FUZZ_H

#include <stdlib.h>

#include <bojagi/tls.h>

#include "base/check.h"
#include "tls/conn.h"
#include "x509/credential.h"
#include "x509/issue.h"

#define FUZZ_NOW ((int64_t)1800000000)
#define FUZZ_NAME "fuzz.example"

static inline enum bj_err fuzz_fill(void *self, uint8_t *out, size_t len)
{
	uint64_t *seed = (uint64_t *)self;

	for (size_t i = 0; i < len; i++) {
		*seed = *seed * 6364136223846793005u + 1442695040888963407u;
		out[i] = (uint8_t)(*seed >> 56);
	}
	return BJ_OK;
}

static inline struct bj_credential *fuzz_credential(enum issue_kind kind, struct bj_trust *trust)
{
	static const char *const names[] = { FUZZ_NAME };
	uint8_t root_der[ISSUE_DER_MAX], der[ISSUE_DER_MAX];
	struct pkey *root_key = NULL, *key = NULL;
	struct bj_credential *credential = NULL;
	struct issue in = { .kind = ISSUE_CA, .common_name = "Fuzz Root", .not_before = FUZZ_NOW - 100, .not_after = FUZZ_NOW + 1000000 };
	struct cert root;
	struct bj_bytes chain;
	size_t root_len, len;

	check(pkey_generate(KEY_P256, 0, &root_key) == BJ_OK && pkey_generate(KEY_P256, 0, &key) == BJ_OK);
	in.key = root_key;
	check(issue_cert(&in, root_der, sizeof(root_der), &root_len) == BJ_OK);
	check(cert_parse(bytes_of(root_der, root_len), &root) == BJ_OK);
	check(bj_trust_add_der(trust, root_der, root_len) == BJ_OK);
	in.kind = kind;
	in.common_name = "an end entity";
	in.key = key;
	in.issuer = &root;
	in.issuer_key = root_key;
	in.names = names;
	in.name_count = kind == ISSUE_SERVER;
	check(issue_cert(&in, der, sizeof(der), &len) == BJ_OK);
	chain = bytes_of(der, len);
	check(credential_make(&chain, 1, key, &credential) == BJ_OK);
	pkey_free(key);
	pkey_free(root_key);
	return credential;
}

/* Configurations for both roles that are not frozen yet, with certificates made at the first call; `own` and `theirs` may be null. */
static inline void fuzz_roles(struct bj_rng rng, struct bj_tls_config **client, struct bj_tls_config **server, struct bj_credential **out_own,
			      struct bj_credential **out_theirs)
{
	static struct bj_credential *own, *theirs;
	static struct bj_trust *trust;
	static const char *const protocols[] = { "h2", "http/1.1" };

	if (!trust) {
		trust = bj_trust_new();
		check(trust != NULL);
		own = fuzz_credential(ISSUE_SERVER, trust);
		theirs = fuzz_credential(ISSUE_CLIENT, trust);
	}
	*client = bj_tls_config_new(BJ_TLS_CLIENT);
	*server = bj_tls_config_new(BJ_TLS_SERVER);
	check(*client && *server);
	check(!bj_tls_config_trust(*client, trust) && !bj_tls_config_trust(*server, trust));
	check(!bj_tls_config_rng(*client, rng) && !bj_tls_config_rng(*server, rng));
	check(!bj_tls_config_credential(*server, own) && !bj_tls_config_credential(*client, theirs));
	check(!bj_tls_config_alpn(*server, protocols, 2) && !bj_tls_config_alpn(*client, protocols, 2));
	if (out_own)
		*out_own = own;
	if (out_theirs)
		*out_theirs = theirs;
}

static inline void fuzz_psk(struct bj_tls_config *client, struct bj_tls_config *server)
{
	const struct bj_tls_psk psk = { "fuzz", "0123456789abcdef", "context", 4, 16, 7, BJ_TLS_PSK_SHA256, false };

	check(!bj_tls_config_psk(client, &psk) && !bj_tls_config_psk(server, &psk));
}

static inline void fuzz_retry(struct bj_tls_config *server)
{
	const uint16_t p256 = KEX_P256;

	check(!bj_tls_config_groups(server, &p256, 1));
}

/* Frozen configurations for both roles; bit 0 of `variant` asks for client certificates, bit 1 forces a HelloRetryRequest, bit 2 is 1.2, bit 3 QUIC, bit 4
 * has keys from outside, early data and cookies. */
static inline void fuzz_configs(unsigned variant, struct bj_rng rng, struct bj_tls_config **client, struct bj_tls_config **server)
{
	fuzz_roles(rng, client, server, NULL, NULL);
	if (variant & 1)
		check(!bj_tls_config_client_auth(*server, BJ_TLS_AUTH_OPTIONAL));
	if (variant & 2)
		fuzz_retry(*server);
	if (variant & 4)
		check(!bj_tls_config_versions(*client, BJ_TLS_1_2, BJ_TLS_1_2));
	if (variant & 8)
		check(!bj_tls_config_quic(*client, true) && !bj_tls_config_quic(*server, true));
	if (variant & 16) {
		fuzz_psk(*client, *server);
		check(!bj_tls_config_early_data(*client, 1000, 0) && !bj_tls_config_early_data(*server, 1000, 10));
		check(!bj_tls_config_cookies(*server, 30));
	}
	check(!bj_tls_config_freeze(*client) && !bj_tls_config_freeze(*server));
}

/* Feeds all of `data` in pieces of at most `chunk` bytes, in a buffer of its own size. */
static inline void fuzz_feed(struct bj_tls *conn, const uint8_t *data, size_t size, size_t chunk)
{
	uint8_t *buf = (uint8_t *)malloc(size ? size : 1), pulled[512];
	size_t at = 0, given = 0;
	enum bj_err err = BJ_OK;

	check(buf != NULL);
	bytes_copy(buf, data, size);
	for (size_t rounds = 0; !err && rounds < size + 64; rounds++) {
		struct bj_tls_fed fed;

		if (given < size)
			given = size - given < chunk ? size : given + chunk;
		err = bj_tls_feed(conn, FUZZ_NOW * 1000, buf + at, given - at, &fed);
		check(fed.used <= given - at);
		check(fed.data.len == 0 || (fed.data.ptr >= buf + at && fed.data.ptr + fed.data.len <= buf + given));
		at += fed.used;
		while (bj_tls_pull(conn, pulled, sizeof(pulled)) > 0)
			;
		if (!err && fed.event == BJ_TLS_NONE && fed.used == 0 && given == size)
			break;
	}
	if (err)
		check(bj_tls_error(conn) == err && bj_tls_seal(conn, NULL, 0, pulled, sizeof(pulled), &at, &given) == err);
	free(buf);
}

#endif
