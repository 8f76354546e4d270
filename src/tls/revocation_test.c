/* revocation_test.c - handshakes ask what is known about revocation: lists of the trust, stapled responses, and their absence. */
#include "tls/fixture.h"

#include "x509/made_ocsp.h"

static struct made_cert root, leaf, demanding, of_client;
static struct bj_trust *trust;
static struct bj_crls *lists;

enum staple { NONE, GOOD, REVOKED, UNKNOWN, OLD, DAMAGED };

static int group_setup(void **state)
{
	static const char *const names[] = { PKI_NAME };
	const struct issue end = { .kind = ISSUE_SERVER, .common_name = "an end entity", .names = names, .name_count = 1 };
	struct issue demands = end;

	made_cert_issue(&root, (struct issue){ .kind = ISSUE_CA, .common_name = "Root" }, NULL);
	made_cert_issue(&leaf, end, &root);
	demands.must_staple = true;
	made_cert_issue(&demanding, demands, &root);
	made_cert_issue(&of_client, (struct issue){ .kind = ISSUE_CLIENT, .common_name = "a client" }, &root);
	return 0;
}

static int group_teardown(void **state)
{
	made_cert_free(&root);
	made_cert_free(&leaf);
	made_cert_free(&demanding);
	made_cert_free(&of_client);
	return 0;
}

static int setup(void **state)
{
	trust = bj_trust_new();
	lists = bj_crls_new();
	assert_int_equal(bj_trust_add_der(trust, root.cert.der.ptr, root.cert.der.len), BJ_OK);
	client = bj_tls_config_new(BJ_TLS_CLIENT);
	server = bj_tls_config_new(BJ_TLS_SERVER);
	assert_int_equal(bj_tls_config_trust(client, trust), BJ_OK);
	memset(&pair, 0, sizeof(pair));
	return 0;
}

static int teardown(void **state)
{
	pair_fini(&pair);
	bj_tls_config_free(client);
	bj_tls_config_free(server);
	bj_trust_free(trust);
	bj_crls_free(lists);
	return 0;
}

static struct bj_credential *credential_of(const struct made_cert *made)
{
	struct bj_bytes chain = made->cert.der;
	struct bj_credential *credential;

	assert_int_equal(credential_make(&chain, 1, made->key, &credential), BJ_OK);
	return credential;
}

static void staple(struct bj_credential *credential, const struct made_cert *made, enum staple what)
{
	struct made_response in = { .responder = &root, .answer_count = 1, .answers = { { .cert = made, .issuer = &root } } };
	struct bj_bytes der;

	if (what == NONE)
		return;
	in.answers[0].status = what == REVOKED ? 1 : what == UNKNOWN ? 2 : 0;
	if (what == OLD) {
		in.answers[0].this_update = MADE_NOW - 900000;
		in.answers[0].next_update = MADE_NOW - 800000;
	}
	der = made_response_write(&in);
	if (what == DAMAGED)
		((uint8_t *)der.ptr)[der.len - 1] ^= 1;
	assert_int_equal(bj_credential_staple_ocsp(credential, der.ptr, der.len), BJ_OK);
}

static void shake(enum bj_tls_version version, const struct made_cert *made, enum staple what, enum bj_revocation policy, bool asks)
{
	struct bj_credential *credential = credential_of(made);

	staple(credential, made, what);
	assert_int_equal(bj_tls_config_credential(server, credential), BJ_OK);
	bj_credential_free(credential);
	bj_trust_use_crls(trust, NULL, policy);
	assert_int_equal(bj_tls_config_versions(client, version, version), BJ_OK);
	assert_int_equal(bj_tls_config_stapling(client, asks, false), BJ_OK);
	pair_start(&pair, client, server, PKI_NAME);
	pair_shake(&pair);
}

static bool has_note(void)
{
	const struct bj_verdict *verdict = report_of(&pair.client).verdict;

	return verdict && verdict->note[0];
}

static void what_is_stapled_is_judged_by_the_policy(void **state)
{
	static const struct {
		enum staple what;
		enum bj_revocation policy;
		enum bj_err err;
		bool note;
	} rows[] = {
		{ REVOKED, BJ_REVOCATION_OFF, BJ_OK, false },
		{ REVOKED, BJ_REVOCATION_IF_PRESENT, BJ_ERR_CERT_REVOKED, false },
		{ REVOKED, BJ_REVOCATION_REQUIRED, BJ_ERR_CERT_REVOKED, false },
		{ GOOD, BJ_REVOCATION_IF_PRESENT, BJ_OK, false },
		{ GOOD, BJ_REVOCATION_REQUIRED, BJ_OK, false },
		{ NONE, BJ_REVOCATION_IF_PRESENT, BJ_OK, true },
		{ NONE, BJ_REVOCATION_REQUIRED, BJ_ERR_CERT_REVOCATION_UNKNOWN, false },
		{ UNKNOWN, BJ_REVOCATION_IF_PRESENT, BJ_OK, true },
		{ UNKNOWN, BJ_REVOCATION_REQUIRED, BJ_ERR_CERT_REVOCATION_UNKNOWN, false },
		{ OLD, BJ_REVOCATION_REQUIRED, BJ_ERR_CERT_REVOCATION_UNKNOWN, false },
		{ DAMAGED, BJ_REVOCATION_IF_PRESENT, BJ_ERR_OCSP, false },
		{ DAMAGED, BJ_REVOCATION_OFF, BJ_OK, false },
	};

	for (size_t i = 0; i < 2 * ARRAY_COUNT(rows); i++) {
		size_t row = i / 2;

		shake(i & 1 ? BJ_TLS_1_2 : BJ_TLS_1_3, &leaf, rows[row].what, rows[row].policy, true);
		if (pair.client.err != rows[row].err || (!rows[row].err && has_note() != rows[row].note))
			fail_msg("row %zu: %s, note %d", row, bj_err_name(pair.client.err), has_note());
		teardown(NULL);
		setup(NULL);
	}
}

static void a_certificate_that_demands_a_staple_must_have_it_where_it_was_asked_for(void **state)
{
	static const struct {
		enum staple what;
		bool asks;
		enum bj_revocation policy;
		enum bj_err err;
	} rows[] = {
		{ NONE, true, BJ_REVOCATION_IF_PRESENT, BJ_ERR_CERT_STAPLE_MISSING },
		{ NONE, true, BJ_REVOCATION_REQUIRED, BJ_ERR_CERT_STAPLE_MISSING },
		{ GOOD, true, BJ_REVOCATION_REQUIRED, BJ_OK },
		{ NONE, false, BJ_REVOCATION_IF_PRESENT, BJ_OK },
		{ NONE, true, BJ_REVOCATION_OFF, BJ_OK },
	};

	for (size_t i = 0; i < 2 * ARRAY_COUNT(rows); i++) {
		size_t row = i / 2;

		shake(i & 1 ? BJ_TLS_1_2 : BJ_TLS_1_3, &demanding, rows[row].what, rows[row].policy, rows[row].asks);
		if (pair.client.err != rows[row].err)
			fail_msg("row %zu: %s", row, bj_err_name(pair.client.err));
		teardown(NULL);
		setup(NULL);
	}
}

/* A list says it, in either direction. */
static void lists_are_looked_into_in_handshakes(void **state)
{
	struct made_list in = { .issuer = &root, .entry_count = 1 };
	struct bj_credential *own = credential_of(&leaf), *theirs = credential_of(&of_client);
	struct bj_bytes der;

	for (unsigned side = 0; side < 2; side++) {
		in.entries[0].serial = side ? of_client.cert.serial : leaf.cert.serial;
		der = made_list_write(&in);
		assert_int_equal(bj_crls_add_der(lists, der.ptr, der.len), BJ_OK);
		bj_trust_use_crls(trust, lists, BJ_REVOCATION_REQUIRED);
		assert_int_equal(bj_tls_config_credential(server, own), BJ_OK);
		assert_int_equal(bj_tls_config_credential(client, theirs), BJ_OK);
		assert_int_equal(bj_tls_config_trust(server, trust), BJ_OK);
		assert_int_equal(bj_tls_config_client_auth(server, BJ_TLS_AUTH_REQUIRED), BJ_OK);
		pair_start(&pair, client, server, PKI_NAME);
		pair_shake(&pair);
		assert_int_equal(side ? pair.server.err : pair.client.err, BJ_ERR_CERT_REVOKED);
		teardown(NULL);
		setup(NULL);
	}
	bj_credential_free(own);
	bj_credential_free(theirs);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_is_stapled_is_judged_by_the_policy),
		T(a_certificate_that_demands_a_staple_must_have_it_where_it_was_asked_for),
		T(lists_are_looked_into_in_handshakes),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
