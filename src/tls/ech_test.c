/* ech_test.c - Encrypted ClientHello between our client and our server, and what each refuses. */
#include "tls/ech.h"
#include "tls/ech_encode.h"
#include "tls/testkit.h"

#define PUBLIC_NAME "public.example"

static struct pki pki;
static struct pair pair;
static struct bj_tls_config *client, *server;
static struct bj_ech_key key, other;
static uint8_t list[1024];
static size_t list_len;

static int group_setup(void **state)
{
	pki_make(&pki);
	return 0;
}

static int group_teardown(void **state)
{
	pki_fini(&pki);
	return 0;
}

static void list_make(const struct bj_ech_key *keys, size_t count)
{
	assert_int_equal(bj_ech_config_list(keys, count, list, sizeof(list), &list_len), BJ_OK);
}

static void server_key(const struct bj_ech_key *k, bool retry)
{
	assert_int_equal(bj_tls_config_ech_key(server, k->config, k->config_len, k->private_key, k->private_len, retry), BJ_OK);
}

static int setup(void **state)
{
	struct bj_credential *credential = pki_credential(&pki, ISSUE_SERVER, KEY_P256, PUBLIC_NAME);

	client = pki_client_config(&pki);
	server = pki_server_config(&pki, KEY_P256);
	assert_int_equal(bj_tls_config_credential(server, credential), BJ_OK);
	bj_credential_free(credential);
	assert_int_equal(bj_ech_key_generate(PUBLIC_NAME, 64, 7, NULL, &key), BJ_OK);
	assert_int_equal(bj_ech_key_generate(PUBLIC_NAME, 64, 8, NULL, &other), BJ_OK);
	list_make(&key, 1);
	memset(&pair, 0, sizeof(pair));
	return 0;
}

static int teardown(void **state)
{
	pair_fini(&pair);
	bj_tls_config_free(client);
	bj_tls_config_free(server);
	return 0;
}

static void start(void)
{
	pair_start(&pair, client, server, PKI_NAME);
	assert_int_equal(bj_tls_ech(pair.client.conn, list, list_len), BJ_OK);
}

static void expect_both(enum bj_err client_err, enum bj_err server_err)
{
	if (pair.client.err != client_err || pair.server.err != server_err)
		print_message("client %s (%s), server %s (%s)\n", bj_err_name(pair.client.err), report_of(&pair.client).message,
			      bj_err_name(pair.server.err), report_of(&pair.server).message);
	assert_int_equal(pair.client.err, client_err);
	assert_int_equal(pair.server.err, server_err);
}

static void expect_accepted(void)
{
	expect_both(BJ_OK, BJ_OK);
	assert_int_equal(pair.client.done, 1);
	assert_int_equal(pair.server.done, 1);
	assert_int_equal(report_of(&pair.client).ech, BJ_TLS_ECH_ACCEPTED);
	assert_int_equal(report_of(&pair.server).ech, BJ_TLS_ECH_ACCEPTED);
	assert_string_equal(report_of(&pair.server).server_name, PKI_NAME);
	assert_null(report_of(&pair.client).ech_public_name);
	assert_true(report_of(&pair.client).peer_verified);
	pair_echo(&pair);
}

static void a_hello_that_opens_is_the_one_that_counts(void **state)
{
	server_key(&key, true);
	start();
	pair_shake(&pair);
	expect_accepted();
}

static void a_hello_that_does_not_open_brings_the_right_keys(void **state)
{
	server_key(&other, true);
	start();
	pair_shake(&pair);
	expect_both(BJ_ERR_ECH_REJECTED, BJ_ERR_ALERT_RECEIVED);
	assert_int_equal(report_of(&pair.server).alert_received, ALERT_ECH_REQUIRED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_hello_that_opens_is_the_one_that_counts, setup, teardown),
		cmocka_unit_test_setup_teardown(a_hello_that_does_not_open_brings_the_right_keys, setup, teardown),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
