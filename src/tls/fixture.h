/* fixture.h - for tests: what most programs of this folder have one of, for cmocka to make and to free: certificates, a configuration for
 * each end, and the pair of connections.
 *
 * A program that needs more calls these functions from its own.
 */
#ifndef TLS_FIXTURE_H
#define TLS_FIXTURE_H

#include "tls/testkit.h"

static struct pki pki;
static struct pair pair;
static struct bj_tls_config *client, *server;
static uint8_t kept[SESSION_BLOB_MAX]; /* a session */
static size_t kept_len;

/* ---- for the program */

static inline int pki_setup(void **state)
{
	pki_make(&pki);
	return 0;
}

static inline int pki_teardown(void **state)
{
	pki_fini(&pki);
	return 0;
}

/* ---- for each test */

static inline void ends_make(enum key_kind kind)
{
	client = pki_client_config(&pki);
	server = pki_server_config(&pki, kind);
	memset(&pair, 0, sizeof(pair));
}

static inline int ends_setup(void **state)
{
	ends_make(KEY_P256);
	return 0;
}

static inline int ends_teardown(void **state)
{
	pair_fini(&pair);
	bj_tls_config_free(client);
	bj_tls_config_free(server);
	return 0;
}

/* ---- within a test */

static inline void ends_shake(void)
{
	pair_start(&pair, client, server, PKI_NAME);
	pair_shake(&pair);
}

static inline void ends_open(void)
{
	ends_shake();
	pair_echo(&pair);
}

static inline void ends_expect(enum bj_err client_err, enum bj_err server_err)
{
	if (pair.client.err != client_err || pair.server.err != server_err)
		print_message("client %s (%s), server %s (%s)\n", bj_err_name(pair.client.err), report_of(&pair.client).message,
			      bj_err_name(pair.server.err), report_of(&pair.server).message);
	assert_int_equal(pair.client.err, client_err);
	assert_int_equal(pair.server.err, server_err);
}

/* The client's session is kept; the pair ends. */
static inline void session_keep(void)
{
	struct bj_bytes session = bj_tls_session(pair.client.conn);

	assert_in_range(session.len, 1, sizeof(kept));
	memcpy(kept, session.ptr, session.len);
	kept_len = session.len;
	pair_fini(&pair);
}

#endif
