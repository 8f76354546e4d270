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

#endif
