/* fixture.h - for tests: what most programs of this folder have one of, for cmocka to make and to free: certificates, a configuration for
 * each end, and the pair of connections.
 *
 * A program that needs more calls these functions from its own.
 */
#ifndef TLS_FIXTURE_H
#define TLS_FIXTURE_H

#include "tls/testkit.h"

static struct pki pki;
__attribute__((unused)) static struct pki stranger; /* trusted by nobody here */
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

static inline int strangers_setup(void **state)
{
	pki_make(&stranger);
	return pki_setup(state);
}

static inline int strangers_teardown(void **state)
{
	pki_fini(&stranger);
	return pki_teardown(state);
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

static inline void ends_expect_done(void)
{
	ends_expect(BJ_OK, BJ_OK);
	assert_int_equal(pair.client.done, 1);
	assert_int_equal(pair.server.done, 1);
}

/* The hello that is out is answered with a retry; that server goes away, and another one of the same configuration will have the next. */
static inline void ends_forget_the_server(void)
{
	side_carry(&pair, &pair.client, &pair.server);
	side_feed(&pair, &pair.server);
	assert_true(report_of(&pair.server).retried);
	side_carry(&pair, &pair.server, &pair.client);
	side_feed(&pair, &pair.client);
	assert_int_equal(pair.client.err, BJ_OK);
	bj_tls_free(pair.server.conn);
	assert_int_equal(bj_tls_new(server, NULL, &pair.server.conn), BJ_OK);
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
