/* testkit.h - for tests: certificates made on the spot, and two connections joined in memory.
 *
 * Nothing here is part of the library. Time stands still at PKI_NOW unless a test moves it.
 */
#ifndef TLS_TESTKIT_H
#define TLS_TESTKIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <bojagi/tls.h>

#include "tls/conn.h"
#include "x509/credential.h"
#include "x509/issue.h"

#define PKI_NOW 1800000000
#define NOW_MS ((int64_t)PKI_NOW * 1000)
#define PKI_NAME "www.example.com"

/* ---- certificates: a root, an intermediate, and end entities below it */

struct pki_ca {
	struct pkey *key;
	uint8_t der[ISSUE_DER_MAX];
	size_t len;
	struct cert cert;
};

struct pki {
	struct pki_ca root, middle;
	struct bj_trust *trust;
};

static inline void pki_issue(struct issue *in, const struct pki_ca *issuer, uint8_t *der, size_t *len)
{
	in->not_before = PKI_NOW - 86400;
	in->not_after = PKI_NOW + 86400 * 90;
	if (issuer) {
		in->issuer = &issuer->cert;
		in->issuer_key = issuer->key;
	}
	assert_int_equal(issue_cert(in, der, ISSUE_DER_MAX, len), BJ_OK);
}

static inline void pki_ca_make(struct pki_ca *ca, const char *name, const struct pki_ca *issuer)
{
	struct issue in = { .kind = ISSUE_CA, .common_name = name };

	assert_int_equal(pkey_generate(KEY_P256, 0, &ca->key), BJ_OK);
	in.key = ca->key;
	pki_issue(&in, issuer, ca->der, &ca->len);
	assert_int_equal(cert_parse(bytes_of(ca->der, ca->len), &ca->cert), BJ_OK);
}

static inline void pki_make(struct pki *pki)
{
	memset(pki, 0, sizeof(*pki));
	pki_ca_make(&pki->root, "Test Root", NULL);
	pki_ca_make(&pki->middle, "Test Intermediate", &pki->root);
	pki->trust = bj_trust_new();
	assert_non_null(pki->trust);
	assert_int_equal(bj_trust_add_der(pki->trust, pki->root.der, pki->root.len), BJ_OK);
}

static inline void pki_fini(struct pki *pki)
{
	pkey_free(pki->root.key);
	pkey_free(pki->middle.key);
	bj_trust_free(pki->trust);
}

/* A credential below the intermediate. `name` may be null (clients). */
static inline struct bj_credential *pki_credential(const struct pki *pki, enum issue_kind kind, enum key_kind key_kind, const char *name)
{
	struct issue in = { .kind = kind, .common_name = "an end entity", .names = &name, .name_count = name != NULL };
	struct bj_credential *credential = NULL;
	uint8_t der[ISSUE_DER_MAX];
	struct bj_bytes chain[2];
	struct pkey *key;
	size_t len;

	assert_int_equal(pkey_generate(key_kind, 2048, &key), BJ_OK);
	in.key = key;
	pki_issue(&in, &pki->middle, der, &len);
	chain[0] = bytes_of(der, len);
	chain[1] = bytes_of(pki->middle.der, pki->middle.len);
	assert_int_equal(credential_make(chain, 2, key, &credential), BJ_OK);
	pkey_free(key);
	return credential;
}

static inline struct bj_tls_config *pki_server_config(const struct pki *pki, enum key_kind kind)
{
	struct bj_tls_config *config = bj_tls_config_new(BJ_TLS_SERVER);
	struct bj_credential *credential = pki_credential(pki, ISSUE_SERVER, kind, PKI_NAME);

	assert_non_null(config);
	assert_int_equal(bj_tls_config_credential(config, credential), BJ_OK);
	assert_int_equal(bj_tls_config_trust(config, pki->trust), BJ_OK);
	bj_credential_free(credential);
	return config;
}

static inline struct bj_tls_config *pki_client_config(const struct pki *pki)
{
	struct bj_tls_config *config = bj_tls_config_new(BJ_TLS_CLIENT);

	assert_non_null(config);
	assert_int_equal(bj_tls_config_trust(config, pki->trust), BJ_OK);
	return config;
}

/* ---- two connections joined in memory */

#define WIRE_CAP (1 << 18)

struct side {
	struct bj_tls *conn;
	uint8_t wire[WIRE_CAP]; /* what came and is not used yet */
	size_t wire_len;
	uint8_t data[WIRE_CAP]; /* plaintext that came out */
	size_t data_len;
	uint8_t early[WIRE_CAP]; /* and that which was early */
	size_t early_len;
	unsigned done, tickets, closes;
	enum bj_err err;
};

/* Sees every piece of bytes on its way; may change it. */
typedef void pair_tap_fn(void *self, bool to_server, uint8_t *bytes, size_t len);

struct pair {
	struct side client, server;
	int64_t now_ms;
	size_t chunk;     /* at most so many bytes are fed at once; 0: all there is */
	pair_tap_fn *tap;
	void *tap_self;
};

static inline void pair_start(struct pair *p, struct bj_tls_config *client, struct bj_tls_config *server, const char *name)
{
	memset(p, 0, sizeof(*p));
	p->now_ms = NOW_MS;
	assert_int_equal(bj_tls_config_freeze(client), BJ_OK);
	assert_int_equal(bj_tls_config_freeze(server), BJ_OK);
	assert_int_equal(bj_tls_new(client, name, &p->client.conn), BJ_OK);
	assert_int_equal(bj_tls_new(server, NULL, &p->server.conn), BJ_OK);
}

static inline void pair_fini(struct pair *p)
{
	bj_tls_free(p->client.conn);
	bj_tls_free(p->server.conn);
	p->client.conn = p->server.conn = NULL;
}

/* Feeds what is on the wire until nothing more happens. */
static inline void side_feed(struct pair *p, struct side *s)
{
	size_t given = 0;

	if (s->err)
		return;
	for (;;) {
		size_t len = p->chunk && given + p->chunk < s->wire_len ? given + p->chunk : s->wire_len;
		struct bj_tls_fed fed;

		s->err = bj_tls_feed(s->conn, p->now_ms, s->wire, len, &fed);
		assert_true(fed.used <= len);
		if (fed.event == BJ_TLS_DATA) {
			assert_true(s->data_len + fed.data.len <= WIRE_CAP);
			memcpy(s->data + s->data_len, fed.data.ptr, fed.data.len);
			s->data_len += fed.data.len;
		}
		if (fed.event == BJ_TLS_EARLY_DATA) {
			assert_true(s->early_len + fed.data.len <= WIRE_CAP);
			memcpy(s->early + s->early_len, fed.data.ptr, fed.data.len);
			s->early_len += fed.data.len;
		}
		memmove(s->wire, s->wire + fed.used, s->wire_len - fed.used);
		s->wire_len -= fed.used;
		given = len - fed.used;
		s->done += fed.event == BJ_TLS_DONE;
		s->tickets += fed.event == BJ_TLS_TICKET;
		s->closes += fed.event == BJ_TLS_CLOSE;
		if (s->err || fed.event == BJ_TLS_ASK)
			return;
		if (fed.event == BJ_TLS_NONE && given == s->wire_len)
			return;
	}
}

/* Carries everything that `from` wants to send to `to`; says whether there was anything. */
static inline bool side_carry(struct pair *p, struct side *from, struct side *to)
{
	size_t len = bj_tls_pending(from->conn);

	if (len == 0)
		return false;
	assert_true(to->wire_len + len <= WIRE_CAP);
	assert_int_equal(bj_tls_pull(from->conn, to->wire + to->wire_len, len), len);
	if (p->tap)
		p->tap(p->tap_self, to == &p->server, to->wire + to->wire_len, len);
	to->wire_len += len;
	return true;
}

/* Runs both until nothing moves. */
static inline void pair_run(struct pair *p)
{
	bool moved = true;

	for (unsigned rounds = 0; moved; rounds++) {
		assert_true(rounds < 100);
		moved = side_carry(p, &p->client, &p->server);
		side_feed(p, &p->server);
		moved |= side_carry(p, &p->server, &p->client);
		side_feed(p, &p->client);
		moved |= bj_tls_pending(p->client.conn) > 0 || bj_tls_pending(p->server.conn) > 0;
	}
}

static inline void pair_shake(struct pair *p)
{
	assert_int_equal(bj_tls_start(p->client.conn, p->now_ms), BJ_OK);
	pair_run(p);
}

/* Seals on one side and runs. */
static inline void pair_send(struct pair *p, struct side *from, struct side *to, const void *data, size_t len)
{
	struct bj_bytes piece = { data, len };

	while (piece.len > 0) {
		size_t used, out_len;

		assert_int_equal(bj_tls_seal(from->conn, &piece, 1, to->wire + to->wire_len, WIRE_CAP - to->wire_len, &used, &out_len), BJ_OK);
		assert_true(used > 0);
		to->wire_len += out_len;
		piece.ptr += used;
		piece.len -= used;
	}
	side_feed(p, to);
}

static inline void pair_echo(struct pair *p)
{
	static const char hello[] = "hello, server", answer[] = "hello, client";

	p->client.data_len = p->server.data_len = 0;
	pair_send(p, &p->client, &p->server, hello, sizeof(hello));
	assert_int_equal(p->server.err, BJ_OK);
	assert_int_equal(p->server.data_len, sizeof(hello));
	assert_memory_equal(p->server.data, hello, sizeof(hello));
	pair_send(p, &p->server, &p->client, answer, sizeof(answer));
	assert_int_equal(p->client.err, BJ_OK);
	assert_int_equal(p->client.data_len, sizeof(answer));
	assert_memory_equal(p->client.data, answer, sizeof(answer));
}

static inline struct bj_tls_report report_of(const struct side *s)
{
	struct bj_tls_report report;

	bj_tls_report(s->conn, &report);
	return report;
}

#endif
