/* pair13_test.c - our client and our server shake hands in TLS 1.3 in memory. */
#include "tls/testkit.h"

static struct pki pki;
static struct pair pair;

static int setup(void **state)
{
	pki_make(&pki);
	return 0;
}

static int teardown(void **state)
{
	pki_fini(&pki);
	return 0;
}

static void expect_done(const struct pair *p)
{
	if (p->client.err || p->server.err)
		print_message("client %s (%s), server %s (%s)\n", bj_err_name(p->client.err), report_of(&p->client).message,
			      bj_err_name(p->server.err), report_of(&p->server).message);
	assert_int_equal(p->client.err, BJ_OK);
	assert_int_equal(p->server.err, BJ_OK);
	assert_int_equal(p->client.done, 1);
	assert_int_equal(p->server.done, 1);
}

static void a_full_handshake_carries_data(void **state)
{
	struct bj_tls_config *client = pki_client_config(&pki), *server = pki_server_config(&pki, KEY_P256);

	pair_start(&pair, client, server, PKI_NAME);
	pair_shake(&pair);
	expect_done(&pair);
	pair_echo(&pair);
	assert_int_equal(report_of(&pair.client).version, BJ_TLS_1_3);
	assert_true(report_of(&pair.client).peer_verified);
	assert_string_equal(report_of(&pair.server).server_name, PKI_NAME);
	pair_fini(&pair);
	bj_tls_config_free(client);
	bj_tls_config_free(server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_full_handshake_carries_data),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
