/* matrix_test.c - every combination that can be negotiated works: version, key, suite, group, retry, client certificate, protocol; a
 * full handshake, then a resumed one, in pieces of changing size. And every kind of client certificate meets every policy.
 */
#include "tls/group.h"
#include "tls/testkit.h"

static struct pki pki;
static struct pair pair;

static const enum key_kind kinds[] = { KEY_P256, KEY_P384, KEY_P521, KEY_ED25519, KEY_RSA };
static struct bj_credential *servers[ARRAY_COUNT(kinds)], *clients[ARRAY_COUNT(kinds)];

struct cell {
	uint16_t version;
	size_t kind;
	const struct suite *suite;
	uint16_t group;
	bool retry; /* the client's first share is for another group */
	enum bj_tls_client_auth auth;
	bool has_certificate;
	bool alpn;
	bool ids; /* 1.2: no tickets, sessions by id */
};

static size_t cells;

static void configure(const struct cell *c, struct bj_tls_config **client, struct bj_tls_config **server)
{
	static const char *const protocols[] = { "h2", "http/1.1" };
	uint16_t groups[2] = { c->group == KEX_P256 ? KEX_X25519 : KEX_P256, c->group };

	*client = bj_tls_config_new(BJ_TLS_CLIENT);
	*server = bj_tls_config_new(BJ_TLS_SERVER);
	assert_int_equal(bj_tls_config_trust(*client, pki.trust), BJ_OK);
	assert_int_equal(bj_tls_config_trust(*server, pki.trust), BJ_OK);
	assert_int_equal(bj_tls_config_credential(*server, servers[c->kind]), BJ_OK);
	assert_int_equal(bj_tls_config_versions(*client, (enum bj_tls_version)c->version, (enum bj_tls_version)c->version), BJ_OK);
	assert_int_equal(bj_tls_config_suites(*client, &c->suite->code, 1), BJ_OK);
	if (c->version == BJ_TLS_1_3) {
		assert_int_equal(bj_tls_config_groups(*client, c->retry ? groups : groups + 1, c->retry ? 2 : 1), BJ_OK);
		assert_int_equal(bj_tls_config_groups(*server, &c->group, 1), BJ_OK);
	} else {
		/* 1.2 clients must have the curve of the key too: the server's choice decides */
		assert_int_equal(bj_tls_config_groups(*server, &c->group, 1), BJ_OK);
	}
	assert_int_equal(bj_tls_config_client_auth(*server, c->auth), BJ_OK);
	if (c->has_certificate)
		assert_int_equal(bj_tls_config_credential(*client, clients[c->kind]), BJ_OK);
	if (c->alpn) {
		assert_int_equal(bj_tls_config_alpn(*client, protocols, 2), BJ_OK);
		assert_int_equal(bj_tls_config_alpn(*server, protocols + 1, 1), BJ_OK);
	}
	if (c->ids)
		assert_int_equal(bj_tls_config_tickets(*server, 0, 0, 0, 0), BJ_OK);
}

static void complain(const struct cell *c, bool resumed)
{
	print_message("%s %s %s key %d%s%s%s auth %d%s: client %s at %s, server %s at %s\n", bj_tls_version_name(c->version), c->suite->name,
		      bj_tls_group_name(c->group), kinds[c->kind], c->retry ? " retry" : "", c->alpn ? " alpn" : "", c->ids ? " ids" : "",
		      c->auth, resumed ? " resumed" : "", bj_err_name(pair.client.err), report_of(&pair.client).message,
		      bj_err_name(pair.server.err), report_of(&pair.server).message);
}

static void connect_cell(const struct cell *c, struct bj_tls_config *client, struct bj_tls_config *server, bool resumed)
{
	static const size_t chunks[] = { 0, 1, 0, 7, 0, 1000 };
	static uint8_t session[SESSION_BLOB_MAX];
	static size_t session_len;
	struct bj_tls_report ours, theirs;
	struct bj_bytes newest;

	pair_start(&pair, client, server, PKI_NAME);
	pair.chunk = chunks[cells++ % ARRAY_COUNT(chunks)];
	if (resumed)
		assert_int_equal(bj_tls_resume(pair.client.conn, NOW_MS, session, session_len), BJ_OK);
	pair_shake(&pair);
	ours = report_of(&pair.server);
	theirs = report_of(&pair.client);
	if (pair.client.err || pair.server.err || ours.resumed != resumed)
		complain(c, resumed);
	assert_int_equal(pair.client.done, 1);
	assert_int_equal(pair.server.done, 1);
	pair_echo(&pair);
	assert_int_equal(ours.version, c->version);
	assert_int_equal(ours.suite, c->suite->code);
	assert_int_equal(theirs.suite, c->suite->code);
	assert_int_equal(ours.group, theirs.group);
	assert_int_equal(ours.group, resumed && c->version == BJ_TLS_1_2 ? 0 : c->group);
	assert_int_equal(ours.resumed, resumed);
	assert_int_equal(theirs.resumed, resumed);
	assert_int_equal(ours.retried, c->retry);
	assert_int_equal(ours.signature_scheme, theirs.signature_scheme);
	assert_true(theirs.peer_verified);
	assert_int_equal(ours.peer_verified, c->has_certificate && c->auth != BJ_TLS_AUTH_NONE);
	assert_true(bytes_equal(ours.alpn, bytes_text(c->alpn ? "http/1.1" : NULL)));
	assert_true(bytes_equal(ours.alpn, theirs.alpn));
	newest = bj_tls_session(pair.client.conn);
	if (!resumed) {
		assert_true(newest.len > 0 && newest.len <= sizeof(session));
		memcpy(session, newest.ptr, newest.len);
		session_len = newest.len;
	}
	bj_tls_close(pair.server.conn);
	pair_run(&pair);
	assert_int_equal(bj_tls_eof(pair.client.conn), BJ_OK);
	pair_fini(&pair);
}

static void try_cell(const struct cell *c)
{
	struct bj_tls_config *client, *server;

	configure(c, &client, &server);
	connect_cell(c, client, server, false);
	connect_cell(c, client, server, true);
	bj_tls_config_free(client);
	bj_tls_config_free(server);
}

/* Client certificates: none asked, asked and not given, asked and given, demanded. */
static void try_auths(struct cell c)
{
	static const struct { enum bj_tls_client_auth auth; bool has; } rows[] = {
		{ BJ_TLS_AUTH_NONE, false }, { BJ_TLS_AUTH_OPTIONAL, false }, { BJ_TLS_AUTH_OPTIONAL, true }, { BJ_TLS_AUTH_REQUIRED, true },
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		c.auth = rows[i].auth;
		c.has_certificate = rows[i].has;
		c.alpn = i & 1;
		try_cell(&c);
	}
}

static void everything_in_13_works(void **state)
{
	struct cell c = { .version = BJ_TLS_1_3 };

	for (c.kind = 0; c.kind < ARRAY_COUNT(kinds); c.kind++)
		for (size_t s = 0; s < SUITE_COUNT; s++)
			for (size_t g = 0; g < GROUP_COUNT; g++)
				for (unsigned retry = 0; retry < 2; retry++) {
					c.suite = &suite_table[s];
					c.group = group_table[g].code;
					c.retry = retry;
					if (c.suite->version == BJ_TLS_1_3)
						try_auths(c);
				}
}

static void everything_in_12_works(void **state)
{
	struct cell c = { .version = BJ_TLS_1_2 };

	for (c.kind = 0; c.kind < ARRAY_COUNT(kinds); c.kind++)
		for (size_t s = 0; s < SUITE_COUNT; s++)
			for (size_t g = 0; g < GROUP_COUNT; g++)
				for (unsigned ids = 0; ids < 2 && group_table[g].in_12; ids++) {
					c.suite = &suite_table[s];
					c.group = group_table[g].code;
					c.ids = ids;
					if (c.suite->version == BJ_TLS_1_2 && suite_fits_key(c.suite, kinds[c.kind]))
						try_auths(c);
				}
}

/* ---- client certificates that are good and others, under each policy */

enum client_kind { CLIENT_NONE, CLIENT_GOOD, CLIENT_STRANGER, CLIENT_FOR_SERVERS, CLIENT_EXPIRED, CLIENT_NO_SIGNING, CLIENT_KINDS };

/* A key usage of keyEncipherment in the place of digitalSignature: nobody gets as far as the signature over it. */
static void take_signing_away(uint8_t *der, size_t len)
{
	static const uint8_t usage[] = { 0x55, 0x1d, 0x0f, 0x01, 0x01, 0xff, 0x04, 0x04, 0x03, 0x02, 0x07, 0x80 };

	for (size_t i = 0; i + sizeof(usage) <= len; i++)
		if (memcmp(der + i, usage, sizeof(usage)) == 0) {
			der[i + 10] = 0x05;
			der[i + 11] = 0x20;
			return;
		}
	fail_msg("there is no key usage");
}

static struct bj_credential *client_of(enum client_kind kind, const struct pki *stranger)
{
	const struct pki *by = kind == CLIENT_STRANGER ? stranger : &pki;
	bool expired = kind == CLIENT_EXPIRED;
	struct issue in = { .kind = kind == CLIENT_FOR_SERVERS ? ISSUE_SERVER : ISSUE_CLIENT, .common_name = "alice", .issuer = &by->middle.cert,
			    .issuer_key = by->middle.key, .not_before = PKI_NOW - 86400, .not_after = expired ? PKI_NOW - 1 : PKI_NOW + 86400 };
	const char *name = PKI_NAME;
	uint8_t der[ISSUE_DER_MAX];
	struct bj_credential *made;
	struct bj_bytes chain[2];
	struct pkey *key;
	size_t len;

	if (in.kind == ISSUE_SERVER) {
		in.names = &name;
		in.name_count = 1;
	}
	assert_int_equal(pkey_generate(KEY_P256, 0, &key), BJ_OK);
	in.key = key;
	assert_int_equal(issue_cert(&in, der, sizeof(der), &len), BJ_OK);
	if (kind == CLIENT_NO_SIGNING)
		take_signing_away(der, len);
	chain[0] = bytes_of(der, len);
	chain[1] = bytes_of(by->middle.der, by->middle.len);
	/* a credential does not take a chain whose signatures are wrong */
	assert_int_equal(credential_make(chain, kind == CLIENT_NO_SIGNING ? 1 : 2, key, &made), BJ_OK);
	pkey_free(key);
	return made;
}

static enum bj_err what_comes_of(enum client_kind kind, enum bj_tls_client_auth auth)
{
	static const enum bj_err errs[CLIENT_KINDS] = {
		[CLIENT_STRANGER] = BJ_ERR_CERT_UNKNOWN_CA,  [CLIENT_FOR_SERVERS] = BJ_ERR_CERT_PURPOSE,
		[CLIENT_EXPIRED] = BJ_ERR_CERT_EXPIRED,      [CLIENT_NO_SIGNING] = BJ_ERR_CERT_KEY_USAGE,
	};

	if (auth == BJ_TLS_AUTH_NONE)
		return BJ_OK;
	if (kind == CLIENT_NONE)
		return auth == BJ_TLS_AUTH_REQUIRED ? BJ_ERR_CERTIFICATE_REQUIRED : BJ_OK;
	return errs[kind];
}

static void each_client_meets_each_policy_and_no_optional_one_lets_a_bad_certificate_in(void **state)
{
	static struct pki stranger;

	pki_make(&stranger);
	for (unsigned i = 0; i < CLIENT_KINDS * 3 * 2; i++) {
		enum client_kind kind = (enum client_kind)(i % CLIENT_KINDS);
		enum bj_tls_client_auth auth = (enum bj_tls_client_auth)(i / CLIENT_KINDS % 3);
		enum bj_tls_version version = i / CLIENT_KINDS / 3 ? BJ_TLS_1_2 : BJ_TLS_1_3;
		struct bj_tls_config *client = pki_client_config(&pki), *server = pki_server_config(&pki, KEY_P256);
		struct bj_credential *own = kind == CLIENT_NONE ? NULL : client_of(kind, &stranger);
		enum bj_err expected = what_comes_of(kind, auth);

		assert_int_equal(bj_tls_config_versions(client, version, version), BJ_OK);
		assert_int_equal(bj_tls_config_client_auth(server, auth), BJ_OK);
		if (own)
			assert_int_equal(bj_tls_config_credential(client, own), BJ_OK);
		pair_start(&pair, client, server, PKI_NAME);
		pair_shake(&pair);
		if (pair.server.err != expected)
			print_message("client %d, policy %d, %s\n", kind, auth, bj_tls_version_name(version));
		assert_int_equal(pair.server.err, expected);
		assert_int_equal(pair.server.done, expected == BJ_OK);
		assert_int_equal(report_of(&pair.server).peer_verified, kind == CLIENT_GOOD && auth != BJ_TLS_AUTH_NONE);
		if (!expected)
			pair_echo(&pair);
		pair_fini(&pair);
		bj_credential_free(own);
		bj_tls_config_free(client);
		bj_tls_config_free(server);
	}
	pki_fini(&stranger);
}

static int group_setup(void **state)
{
	pki_make(&pki);
	for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
		servers[i] = pki_credential(&pki, ISSUE_SERVER, kinds[i], PKI_NAME);
		clients[i] = pki_credential(&pki, ISSUE_CLIENT, kinds[i], NULL);
	}
	return 0;
}

static int group_teardown(void **state)
{
	pki_fini(&pki);
	for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
		bj_credential_free(servers[i]);
		bj_credential_free(clients[i]);
	}
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_in_13_works),
		cmocka_unit_test(everything_in_12_works),
		cmocka_unit_test(each_client_meets_each_policy_and_no_optional_one_lets_a_bad_certificate_in),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
