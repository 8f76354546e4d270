/* psk_test.c - keys from outside: imported as RFC 9258 has it, used with both hashes, only where both sides mean the same one. */
#include "base/hex.h"
#include "tls/ext/certificate_authorities.h"
#include "tls/fixture.h"
#include "tls/psk.h"

static const uint8_t key[32] = { 0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
				 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31 };

static int setup(void **state)
{
	client = bj_tls_config_new(BJ_TLS_CLIENT);
	server = bj_tls_config_new(BJ_TLS_SERVER);
	memset(&pair, 0, sizeof(pair));
	return 0;
}

static struct bj_tls_psk psk_of(const char *identity, const char *context)
{
	return (struct bj_tls_psk){ identity, key, context, strlen(identity), sizeof(key), strlen(context), BJ_TLS_PSK_SHA256, false };
}

static void give(struct bj_tls_config *config, struct bj_tls_psk psk)
{
	assert_int_equal(bj_tls_config_psk(config, &psk), BJ_OK);
}

static void again(void)
{
	ends_teardown(NULL);
	setup(NULL);
}

static void shake(void)
{
	pair_start(&pair, client, server, NULL);
	pair_shake(&pair);
}

static void expect_psk(const char *identity)
{
	assert_int_equal(pair.client.err, BJ_OK);
	assert_int_equal(pair.server.err, BJ_OK);
	assert_int_equal(pair.client.done, 1);
	assert_int_equal(pair.server.done, 1);
	assert_true(bytes_equal(report_of(&pair.client).psk_identity, bytes_text(identity)));
	assert_true(bytes_equal(report_of(&pair.server).psk_identity, bytes_text(identity)));
	assert_false(report_of(&pair.client).resumed);
	assert_false(report_of(&pair.server).peer_verified);
	assert_int_equal(report_of(&pair.client).peer_chain_count, 0);
	pair_echo(&pair);
}

/* ---- what is not a key */

static void keys_and_names_have_their_lengths(void **state)
{
	static const uint8_t longest[BJ_TLS_PSK_IDENTITY_MAX + 1] = { 1 };
	struct bj_tls_psk rows[8];

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
		rows[i] = psk_of("a", "");
	rows[0].identity_len = 0;
	rows[1].key_len = BJ_TLS_PSK_KEY_MIN - 1;
	rows[2].key_len = BJ_TLS_PSK_KEY_MAX + 1;
	rows[3].identity = longest;
	rows[3].identity_len = sizeof(longest);
	rows[4].context = longest;
	rows[4].context_len = sizeof(longest);
	rows[5].context = NULL;
	rows[5].context_len = 1;
	rows[6].raw = true;
	rows[6].context_len = 1;
	rows[7].hash = (enum bj_tls_psk_hash)2;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
		assert_int_equal(bj_tls_config_psk(server, &rows[i]), BJ_ERR_ARGUMENT);
	assert_int_equal(bj_tls_config_freeze(server), BJ_ERR_CONFIG_NO_CREDENTIAL);
	for (size_t i = 0; i < BJ_TLS_PSK_MAX; i++)
		give(server, psk_of("a", ""));
	rows[0] = psk_of("a", "");
	assert_int_equal(bj_tls_config_psk(server, &rows[0]), BJ_ERR_LIMIT);
	assert_int_equal(bj_tls_config_freeze(server), BJ_OK);
	assert_int_equal(bj_tls_config_psk(server, &rows[0]), BJ_ERR_CONFIG_FROZEN);
}

/* However many and long they are: a hello has as many as a server reads, and the first are among them. */
static void a_client_offers_no_more_keys_than_a_hello_holds(void **state)
{
	static char names[BJ_TLS_PSK_MAX][BJ_TLS_PSK_IDENTITY_MAX];

	for (unsigned is_long = 0; is_long < 2; is_long++) {
		struct bj_tls_psk row;

		ends_teardown(NULL);
		setup(NULL);
		for (size_t i = 0; i < BJ_TLS_PSK_MAX; i++) {
			row = psk_of("a", "");
			memset(names[i], 'a', sizeof(names[i]));
			(void)snprintf(names[i], 4, "%02zu", i);
			row.identity = names[i];
			row.identity_len = is_long ? sizeof(names[i]) : 2;
			row.context = names[i];
			row.context_len = is_long ? sizeof(names[i]) : 0;
			give(client, row);
			if (i == 0)
				give(server, row);
		}
		shake();
		assert_int_equal(pair.client.err, BJ_OK);
		assert_int_equal(pair.server.err, BJ_OK);
		assert_int_equal(report_of(&pair.server).psk_identity.len, is_long ? sizeof(names[0]) : 2);
		pair_echo(&pair);
	}
}

/* A session with the longest ticket. */
static void resume_at_length(struct bj_tls *conn)
{
	static uint8_t ticket[SESSION_TICKET_MAX];
	struct session s = { .version = BJ_TLS_1_3, .suite = 0x1301, .made_ms = NOW_MS, .lifetime_s = 7200, .ticket = ticket, .ticket_len = sizeof(ticket) };
	uint8_t *blob;
	size_t len;

	secret_set(&s.secret, ticket, 32);
	session_binding(client, PKI_NAME, s.binding);
	assert_int_equal(session_save(&s, &blob, &len), BJ_OK);
	assert_int_equal(bj_tls_resume(conn, NOW_MS, blob, len), BJ_OK);
	free(blob);
}

/* An encrypted hello holds everything secret twice, and is a hello all the same. */
static void an_encrypted_hello_offers_fewer_keys_rather_than_none(void **state)
{
	static char names[BJ_TLS_PSK_MAX][BJ_TLS_PSK_IDENTITY_MAX];
	struct bj_bytes authorities[AUTHORITIES_MAX];
	struct psk_entry entry;
	struct bj_ech_key ech_key;
	size_t count = 0, len;
	uint8_t list[600];

	for (size_t i = 0; i < BJ_TLS_PSK_MAX; i++) {
		struct bj_tls_psk row = psk_of("a", "");

		memset(names[i], 'a', sizeof(names[i]));
		(void)snprintf(names[i], 4, "%02zu", i);
		row.identity = names[i];
		row.identity_len = sizeof(names[i]) - 1;
		give(client, row);
		if (i == 0)
			give(server, row);
	}
	while ((count + 1) * (pki.root.cert.subject.len + 2) <= CONFIG_AUTHORITIES_MAX)
		authorities[count++] = pki.root.cert.subject;
	assert_int_equal(bj_tls_config_authorities(client, authorities, count), BJ_OK);
	assert_int_equal(bj_ech_key_generate("public.example", 255, 1, NULL, &ech_key), BJ_OK);
	assert_int_equal(bj_ech_config_list(&ech_key, 1, list, sizeof(list), &len), BJ_OK);
	pair_start(&pair, client, server, PKI_NAME);
	resume_at_length(pair.client.conn);
	assert_int_equal(bj_tls_ech(pair.client.conn, list, len), BJ_OK);
	assert_int_equal(bj_tls_start(pair.client.conn, NOW_MS), BJ_OK);
	assert_true(psk_entry_at(pair.client.conn, 1, &entry) && entry.psk);
}

static void another_identity_context_hash_or_form_is_no_common_key(void **state)
{
	for (unsigned i = 0; i < 4; i++) {
		struct bj_tls_psk psk = psk_of(i == 0 ? "other" : "psk1", i == 1 ? "other" : "context");

		again();
		psk.raw = i == 2;
		psk.context_len = psk.raw ? 0 : psk.context_len;
		psk.hash = i == 3 ? BJ_TLS_PSK_SHA384 : BJ_TLS_PSK_SHA256;
		give(client, psk_of("psk1", "context"));
		give(server, psk);
		shake();
		if (i < 3) {
			assert_int_equal(pair.server.err, BJ_ERR_NO_COMMON_PSK);
			assert_int_equal(report_of(&pair.client).alert_received, ALERT_HANDSHAKE_FAILURE);
		} else { /* the hash is not said, so the keys differ and nothing else */
			assert_int_equal(pair.server.err, BJ_ERR_BAD_BINDER);
		}
	}
}

/* Whoever is client and server under one key would take its own hello for the other's. With a direction in the context, as RFC 9258
 * has it, it does not. */
static void ones_own_hello_sent_back_is_refused_where_the_context_says_who_calls_whom(void **state)
{
	for (unsigned reflected = 0; reflected < 2; reflected++) {
		again();
		give(client, psk_of("psk1", "from a to b"));
		give(server, psk_of("psk1", reflected ? "from b to a" : "from a to b"));
		shake();
		if (reflected)
			assert_int_equal(pair.server.err, BJ_ERR_NO_COMMON_PSK);
		else
			expect_psk("psk1");
	}
}

static void another_key_is_noticed_by_its_binder(void **state)
{
	uint8_t other[32];
	struct bj_tls_psk psk = psk_of("psk1", "");

	for (unsigned raw = 0; raw < 2; raw++) {
		again();
		memcpy(other, key, sizeof(key));
		other[31] ^= 1;
		psk.raw = raw;
		psk.key = key;
		give(client, psk);
		psk.key = other;
		give(server, psk);
		shake();
		assert_int_equal(pair.server.err, BJ_ERR_BAD_BINDER);
		assert_int_equal(report_of(&pair.client).alert_received, ALERT_DECRYPT_ERROR);
	}
}

static void a_client_with_nothing_but_keys_takes_no_certificate(void **state)
{
	struct bj_credential *credential = pki_credential(&pki, ISSUE_SERVER, KEY_P256, PKI_NAME);

	give(client, psk_of("psk1", ""));
	assert_int_equal(bj_tls_config_credential(server, credential), BJ_OK);
	bj_credential_free(credential);
	shake();
	assert_int_equal(pair.server.err, BJ_ERR_MISSING_EXTENSION); /* no signature_algorithms */
	assert_int_not_equal(pair.client.err, BJ_OK);
}

/* ---- importing */

static void expect_import(const struct psk_import *import, const char *identity, const char *secret)
{
	char hex[512];

	hex_encode(import->identity.ptr, import->identity.len, hex);
	hex[2 * import->identity.len] = 0;
	assert_string_equal(hex, identity);
	hex_encode(import->key.bytes, import->key.len, hex);
	hex[2 * import->key.len] = 0;
	assert_string_equal(hex, secret);
}

/* The values come from a computation of their own, with other code. */
static void imported_keys_are_those_of_the_rfc(void **state)
{
	struct bj_tls_psk psk = psk_of("psk1", "context");
	struct config_psk made;

	assert_int_equal(config_psk_make(&psk, &made), BJ_OK);
	expect_import(&made.imports[0], "000470736b310007636f6e7465787403040001", "cd8fac9cdd59d206e336f0c3ea8dd911fb2954bfa3389b0a92f9cd8a4777358b");
	expect_import(&made.imports[1], "000470736b310007636f6e7465787403040002", "98d06ad99bf171010fd1d010e271eef3d83305bbd51c3bb7874e59b0df852b344334df33ed7e996be82b71e2b4cfd42a");
	config_psk_fini(&made);
	psk = psk_of("psk1", "");
	psk.hash = BJ_TLS_PSK_SHA384;
	assert_int_equal(config_psk_make(&psk, &made), BJ_OK);
	expect_import(&made.imports[0], "000470736b31000003040001", "f9208c4804a57b36da8a5a5aef777e8312cb9244748270f59f959906c1caa9e8");
	config_psk_fini(&made);
}

static void imported_identities_are_told_from_others(void **state)
{
	struct bj_tls_psk psk = psk_of("psk1", "context");
	struct bj_bytes identity, context, whole;
	struct config_psk made;
	uint8_t copy[64];

	assert_int_equal(config_psk_make(&psk, &made), BJ_OK);
	whole = made.imports[1].identity;
	assert_true(bj_tls_psk_imported(whole, &identity, &context));
	assert_true(bytes_equal(identity, bytes_text("psk1")) && bytes_equal(context, bytes_text("context")));
	for (size_t i = 0; i < whole.len; i++)
		assert_false(bj_tls_psk_imported(bytes_of(whole.ptr, i), &identity, &context));
	for (size_t i = whole.len - 4; i < whole.len; i++) {
		memcpy(copy, whole.ptr, whole.len);
		copy[i] ^= 0x40;
		assert_false(bj_tls_psk_imported(bytes_of(copy, whole.len), &identity, &context));
	}
	config_psk_fini(&made);
}

/* ---- handshakes */

static void a_key_is_enough_with_every_suite(void **state)
{
	static const uint16_t suites[] = { 0x1301, 0x1302, 0x1303 };

	for (size_t i = 0; i < ARRAY_COUNT(suites); i++) {
		again();
		assert_int_equal(bj_tls_config_suites(server, &suites[i], 1), BJ_OK);
		give(client, psk_of("other", ""));
		give(client, psk_of("psk1", "context"));
		give(server, psk_of("psk1", "context"));
		shake();
		expect_psk("psk1");
		assert_int_equal(report_of(&pair.server).suite, suites[i]);
		assert_int_not_equal(report_of(&pair.server).group, 0);
	}
}

static void a_raw_key_is_used_with_its_own_hash(void **state)
{
	struct bj_tls_psk psk = psk_of("psk1", "");
	const uint16_t suites[] = { 0x1301, 0x1302 };

	psk.raw = true;
	for (unsigned sha384 = 0; sha384 < 2; sha384++) {
		again();
		psk.hash = sha384 ? BJ_TLS_PSK_SHA384 : BJ_TLS_PSK_SHA256;
		assert_int_equal(bj_tls_config_suites(server, &suites[sha384], 1), BJ_OK);
		give(client, psk);
		give(server, psk);
		shake();
		expect_psk("psk1");
	}
}

/* Whoever prefers a suite of the other hash, as s_client does, has the key nevertheless; also when it is asked for another share. */
static void the_suite_follows_the_hash_of_a_raw_key(void **state)
{
	const uint16_t other_first[2][3] = { { 0x1302, 0x1303, 0x1301 }, { 0x1301, 0x1303, 0x1302 } }, p384 = KEX_P384;
	struct bj_tls_psk psk = psk_of("psk1", "");

	psk.raw = true;
	for (unsigned i = 0; i < 4; i++) {
		again();
		psk.hash = i & 1 ? BJ_TLS_PSK_SHA384 : BJ_TLS_PSK_SHA256;
		assert_int_equal(bj_tls_config_suites(client, other_first[i & 1], 3), BJ_OK);
		if (i & 2)
			assert_int_equal(bj_tls_config_groups(server, &p384, 1), BJ_OK);
		give(client, psk);
		give(server, psk);
		shake();
		expect_psk("psk1");
		assert_int_equal(report_of(&pair.server).suite, i & 1 ? 0x1302 : 0x1303);
	}
	/* a server that has no suite of that hash has no common key */
	again();
	psk.hash = BJ_TLS_PSK_SHA384;
	assert_int_equal(bj_tls_config_suites(server, other_first[1], 2), BJ_OK);
	give(client, psk);
	give(server, psk);
	shake();
	assert_int_equal(pair.server.err, BJ_ERR_NO_COMMON_PSK);
}

static void a_key_survives_a_retry(void **state)
{
	const uint16_t p384 = KEX_P384, suite = 0x1302;

	assert_int_equal(bj_tls_config_groups(server, &p384, 1), BJ_OK);
	assert_int_equal(bj_tls_config_suites(server, &suite, 1), BJ_OK);
	give(client, psk_of("psk1", ""));
	give(server, psk_of("psk1", ""));
	shake();
	assert_true(report_of(&pair.server).retried);
	expect_psk("psk1");
}

static void the_order_of_keys_and_credentials_decides(void **state)
{
	for (unsigned key_first = 0; key_first < 2; key_first++) {
		struct bj_credential *credential = pki_credential(&pki, ISSUE_SERVER, KEY_P256, PKI_NAME);

		again();
		if (key_first)
			give(server, psk_of("psk1", ""));
		assert_int_equal(bj_tls_config_credential(server, credential), BJ_OK);
		if (!key_first)
			give(server, psk_of("psk1", ""));
		bj_credential_free(credential);
		give(client, psk_of("psk1", ""));
		assert_int_equal(bj_tls_config_trust(client, pki.trust), BJ_OK);
		pair_start(&pair, client, server, PKI_NAME);
		pair_shake(&pair);
		if (key_first)
			expect_psk("psk1");
		assert_int_equal(report_of(&pair.client).peer_verified, !key_first);
		assert_int_equal(report_of(&pair.server).psk_identity.len, key_first ? 4 : 0);
	}
}

static void its_session_is_resumed(void **state)
{
	static uint8_t blob[SESSION_BLOB_MAX];
	struct bj_bytes session;
	size_t len;

	give(client, psk_of("psk1", ""));
	give(server, psk_of("psk1", ""));
	shake();
	expect_psk("psk1");
	session = bj_tls_session(pair.client.conn);
	len = session.len;
	memcpy(blob, session.ptr, len);
	pair_fini(&pair);
	pair_start(&pair, client, server, NULL);
	assert_int_equal(bj_tls_resume(pair.client.conn, NOW_MS, blob, len), BJ_OK);
	pair_shake(&pair);
	assert_int_equal(pair.client.done, 1);
	assert_true(report_of(&pair.client).resumed && report_of(&pair.server).resumed);
	pair_echo(&pair);
}

/* ---- keys of the owner */

/* Answers with a key for `known`, and none for others. */
static unsigned answer_all(const char *known)
{
	unsigned asked = 0;

	while (bj_tls_question(pair.server.conn) == BJ_TLS_Q_PSK) {
		struct bj_tls_psk psk = psk_of("psk1", "context");
		struct bj_bytes identity, context;
		bool is_known;

		assert_true(bj_tls_psk_imported(bj_tls_question_bytes(pair.server.conn), &identity, &context));
		is_known = bytes_equal(identity, bytes_text(known));
		assert_int_equal(bj_tls_answer_psk(pair.server.conn, is_known ? &psk : NULL), BJ_OK);
		asked++;
		pair_run(&pair);
	}
	return asked;
}

static void the_owner_is_asked_for_each_identity(void **state)
{
	static const struct { const char *known; enum bj_err err; unsigned asked; } rows[] = {
		{ "nobody", BJ_ERR_NO_COMMON_PSK, 4 },
		{ "first", BJ_ERR_NO_COMMON_PSK, 4 }, /* the answer has another identity */
		{ "psk1", BJ_OK, 3 },
	};
	const uint16_t suite = 0x1301;

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
		for (size_t chunk = 0; chunk < 2; chunk++) {
			again();
			assert_int_equal(bj_tls_config_suites(server, &suite, 1), BJ_OK);
			assert_int_equal(bj_tls_config_ask(server, 1u << BJ_TLS_Q_PSK), BJ_OK);
			give(client, psk_of("first", ""));
			give(client, psk_of("psk1", "context"));
			give(client, psk_of("third", ""));
			pair_start(&pair, client, server, NULL);
			pair.chunk = chunk;
			pair_shake(&pair);
			assert_int_equal(answer_all(rows[i].known), rows[i].asked);
			assert_int_equal(pair.server.err, rows[i].err);
			if (!rows[i].err)
				expect_psk("psk1");
		}
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, ends_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(keys_and_names_have_their_lengths),
		T(a_client_offers_no_more_keys_than_a_hello_holds),
		T(an_encrypted_hello_offers_fewer_keys_rather_than_none),
		T(another_identity_context_hash_or_form_is_no_common_key),
		T(another_key_is_noticed_by_its_binder),
		T(ones_own_hello_sent_back_is_refused_where_the_context_says_who_calls_whom),
		T(a_client_with_nothing_but_keys_takes_no_certificate),
		T(imported_keys_are_those_of_the_rfc),
		T(imported_identities_are_told_from_others),
		T(a_key_is_enough_with_every_suite),
		T(a_raw_key_is_used_with_its_own_hash),
		T(the_suite_follows_the_hash_of_a_raw_key),
		T(a_key_survives_a_retry),
		T(the_order_of_keys_and_credentials_decides),
		T(its_session_is_resumed),
		T(the_owner_is_asked_for_each_identity),
	};

	return cmocka_run_group_tests(tests, pki_setup, pki_teardown);
}
