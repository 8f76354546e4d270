/* question_test.c - the handshake stops at each question and goes on with its answer; and it stands every failure of an allocation. */
#include "support/scarce.h"
#include "tls/fixture.h"
#include "tls/delegated.h"
#include "tls/replay.h"
#include "tls/scheme.h"

static struct bj_credential *credential, *own; /* the server's, the client's */
static unsigned answers;

#define ALL (1u << BJ_TLS_Q_CREDENTIAL | 1u << BJ_TLS_Q_SIGN | 1u << BJ_TLS_Q_VERIFY)

static struct pkey *bare_key, *handed_key;

static int group_setup(void **state)
{
	pki_make(&pki);
	credential = pki_credential(&pki, ISSUE_SERVER, KEY_P256, PKI_NAME);
	own = pki_credential(&pki, ISSUE_CLIENT, KEY_P256, NULL);
	assert_int_equal(pkey_generate(KEY_P256, 0, &bare_key), BJ_OK);
	assert_int_equal(pkey_generate(KEY_P256, 0, &handed_key), BJ_OK);
	return 0;
}

static int group_teardown(void **state)
{
	pki_fini(&pki);
	bj_credential_free(credential);
	bj_credential_free(own);
	pkey_free(bare_key);
	pkey_free(handed_key);
	return 0;
}

static enum bj_tls_version version;

static int setup_again(void **state)
{
	client = pki_client_config(&pki);
	server = bj_tls_config_new(BJ_TLS_SERVER);
	assert_int_equal(bj_tls_config_versions(client, version, version), BJ_OK);
	assert_int_equal(bj_tls_config_trust(server, pki.trust), BJ_OK);
	assert_int_equal(bj_tls_config_client_auth(server, BJ_TLS_AUTH_REQUIRED), BJ_OK);
	assert_int_equal(bj_tls_config_ask(server, ALL), BJ_OK);
	assert_int_equal(bj_tls_config_ask(client, ALL), BJ_OK);
	memset(&pair, 0, sizeof(pair));
	answers = 0;
	return 0;
}

static int setup(void **state)
{
	version = BJ_TLS_1_3;
	return setup_again(state);
}

static int setup12(void **state)
{
	version = BJ_TLS_1_2;
	return setup_again(state);
}

/* The only ticket of the owner, and what it stands for; the only key. */
static const uint8_t ticket_name[] = { 't', 1, 2, 3 };
static uint8_t ticket_state[SESSION_STATE_MAX];
static size_t ticket_state_len;
static const struct bj_tls_psk psk = { "psk1", "0123456789abcdef", NULL, 4, 16, 0, BJ_TLS_PSK_SHA256, false };
/* What a choice can be made by: a server that asks names its anchors, a client none. */
static void check_wishes(const struct side *s)
{
	struct bj_bytes schemes = bj_tls_question_schemes(s->conn), name = bj_tls_question_authority(s->conn, 0);

	assert_true(codes_have(schemes, SCHEME_ECDSA_P256_SHA256));
	if (s == &pair.client)
		assert_true(bytes_equal(name, pki.root.cert.subject));
	else
		assert_int_equal(name.len, 0);
	assert_int_equal(bj_tls_question_authority(s->conn, 1).len, 0);
}

/* Answers what is asked; false if nothing is. `refuse`: this question is answered with no. */
static bool answer(struct side *s, enum bj_tls_question refuse)
{
	enum bj_tls_question question = bj_tls_question(s->conn);
	struct bj_verdict verdict = { .err = refuse == BJ_TLS_Q_VERIFY ? BJ_ERR_CERT_REVOKED : BJ_OK, .rule = "" };
	uint8_t signature[SIG_LEN_MAX];
	struct bj_bytes message;
	const struct pkey *key;
	size_t len;

	answers += question != BJ_TLS_Q_NONE;
	switch (question) {
	case BJ_TLS_Q_CREDENTIAL:
		assert_int_equal(bj_tls_answer_sign(s->conn, "x", 1), BJ_ERR_STATE);
		assert_string_equal(report_of(s).server_name, PKI_NAME);
		check_wishes(s);
		assert_int_equal(bj_tls_answer_credential(s->conn, refuse == question ? NULL : s == &pair.client ? own : credential), BJ_OK);
		return true;
	case BJ_TLS_Q_SIGN:
		assert_int_equal(bj_tls_answer_verify(s->conn, &verdict), BJ_ERR_STATE);
		message = bj_tls_question_bytes(s->conn);
		assert_int_equal(bj_tls_question_scheme(s->conn), SCHEME_ECDSA_P256_SHA256);
		key = s->conn->hs->credential->key;
		assert_int_equal(pkey_sign(key, SIG_ECDSA_SHA256, message, signature, sizeof(signature), &len), BJ_OK);
		if (refuse == question)
			signature[len - 1] ^= 1;
		assert_int_equal(bj_tls_answer_sign(s->conn, signature, len), BJ_OK);
		return true;
	case BJ_TLS_Q_VERIFY:
		assert_true(report_of(s).peer_chain_count == 2);
		assert_int_equal(bj_tls_answer_verify(s->conn, &verdict), BJ_OK);
		return true;
	case BJ_TLS_Q_EARLY_DATA:
		assert_int_equal(bj_tls_answer_early_data(s->conn, refuse != question), BJ_OK);
		return true;
	case BJ_TLS_Q_TICKET:
		assert_int_equal(bj_tls_answer_ticket_seal(s->conn, "x", 1), BJ_ERR_STATE);
		message = bj_tls_question_bytes(s->conn);
		if (refuse == question || message.len != sizeof(ticket_name) || memcmp(message.ptr, ticket_name, sizeof(ticket_name)) != 0)
			message.len = 0;
		assert_int_equal(bj_tls_answer_ticket(s->conn, ticket_state, message.len ? ticket_state_len : 0), BJ_OK);
		return true;
	case BJ_TLS_Q_TICKET_SEAL:
		message = bj_tls_question_bytes(s->conn);
		assert_in_range(message.len, 1, sizeof(ticket_state));
		memcpy(ticket_state, message.ptr, message.len);
		ticket_state_len = message.len;
		assert_int_equal(bj_tls_answer_ticket_seal(s->conn, ticket_name, refuse == question ? 0 : sizeof(ticket_name)), BJ_OK);
		return true;
	case BJ_TLS_Q_PSK:
		assert_int_equal(bj_tls_answer_psk(s->conn, refuse == question ? NULL : &psk), BJ_OK);
		return true;
	case BJ_TLS_Q_NONE:
		break;
	}
	return false;
}

static bool answer_both(enum bj_tls_question client_refuses, enum bj_tls_question server_refuses)
{
	bool answered = answer(&pair.client, client_refuses);

	return answer(&pair.server, server_refuses) || answered;
}

/* Runs, and answers until nothing is asked. */
static void shake(enum bj_tls_question client_refuses, enum bj_tls_question server_refuses)
{
	pair_start(&pair, client, server, PKI_NAME);
	pair_shake(&pair);
	while (answer_both(client_refuses, server_refuses))
		pair_run(&pair);
}

static void every_question_stops_and_goes_on(void **state)
{
	shake(BJ_TLS_Q_NONE, BJ_TLS_Q_NONE);
	assert_int_equal(pair.client.err, BJ_OK);
	assert_int_equal(pair.server.err, BJ_OK);
	assert_int_equal(pair.client.done, 1);
	assert_int_equal(pair.server.done, 1);
	assert_int_equal(answers, 6);
	assert_true(report_of(&pair.server).peer_verified);
	assert_true(report_of(&pair.client).peer_verified);
	pair_echo(&pair);
}

static void questions_are_told_again_until_they_are_answered(void **state)
{
	struct bj_tls_fed fed;

	pair_start(&pair, client, server, PKI_NAME);
	pair_shake(&pair);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(bj_tls_feed(pair.server.conn, NOW_MS, NULL, 0, &fed), BJ_OK);
		assert_int_equal(fed.event, BJ_TLS_ASK);
	}
}

static void a_refused_name_ends_the_handshake(void **state)
{
	shake(BJ_TLS_Q_NONE, BJ_TLS_Q_CREDENTIAL);
	assert_int_equal(pair.server.err, BJ_ERR_UNKNOWN_NAME);
	assert_int_equal(report_of(&pair.client).alert_received, ALERT_UNRECOGNIZED_NAME);
}

static void a_client_may_show_nothing(void **state)
{
	shake(BJ_TLS_Q_CREDENTIAL, BJ_TLS_Q_NONE);
	assert_int_equal(pair.server.err, BJ_ERR_CERTIFICATE_REQUIRED);
	assert_int_equal(report_of(&pair.client).err, BJ_ERR_ALERT_RECEIVED);
}

/* A credential that can make no signature that the peer takes is no answer. */
static void a_credential_that_does_not_fit_is_refused(void **state)
{
	static const uint16_t schemes[] = { SCHEME_ECDSA_P256_SHA256 };
	struct bj_credential *rsa = pki_credential(&pki, ISSUE_CLIENT, KEY_RSA, NULL);

	assert_int_equal(bj_tls_config_signature_algorithms(server, schemes, 1), BJ_OK);
	pair_start(&pair, client, server, PKI_NAME);
	pair_shake(&pair);
	while (bj_tls_question(pair.client.conn) != BJ_TLS_Q_CREDENTIAL && (answer(&pair.server, BJ_TLS_Q_NONE) || answer(&pair.client, BJ_TLS_Q_NONE)))
		pair_run(&pair);
	assert_int_equal(bj_tls_answer_credential(pair.client.conn, rsa), BJ_OK);
	bj_credential_free(rsa);
	pair_run(&pair);
	assert_int_equal(pair.client.err, BJ_ERR_NO_COMMON_SIGNATURE);
}

static struct bj_bytes sent_signature; /* the server's signature, as it went out */
static uint8_t sent_bytes[SIG_LEN_MAX];

static void see_signature(void *self, const struct bj_tls *conn, const struct bj_tls_event_info *info)
{
	if (info->kind != BJ_TLS_SAW_MESSAGE || !info->sent || info->type != (version == BJ_TLS_1_3 ? MSG_CERTIFICATE_VERIFY : MSG_SERVER_KEY_EXCHANGE))
		return;
	assert_true(info->bytes.len > SIG_LEN_MAX);
	sent_signature = bytes_of(sent_bytes, SIG_LEN_MAX);
	memcpy(sent_bytes, info->bytes.ptr + info->bytes.len - SIG_LEN_MAX, SIG_LEN_MAX);
}

/* However wrong it is: what goes out is what was given, and nothing of ours beside it. */
static void a_signature_from_outside_goes_out_as_it_is_whatever_its_length(void **state)
{
	uint8_t long_one[SIG_LEN_MAX];

	memset(long_one, 0x5a, sizeof(long_one));
	sent_signature.len = 0;
	assert_int_equal(bj_tls_config_observer(server, see_signature, NULL), BJ_OK);
	pair_start(&pair, client, server, PKI_NAME);
	pair_shake(&pair);
	while (bj_tls_question(pair.server.conn) != BJ_TLS_Q_SIGN && (answer(&pair.client, BJ_TLS_Q_NONE) || answer(&pair.server, BJ_TLS_Q_NONE)))
		pair_run(&pair);
	assert_int_equal(bj_tls_answer_sign(pair.server.conn, long_one, sizeof(long_one)), BJ_OK);
	side_feed(&pair, &pair.server);
	assert_int_equal(sent_signature.len, sizeof(long_one));
	assert_memory_equal(sent_signature.ptr, long_one, sizeof(long_one));
	pair_run(&pair);
	assert_int_not_equal(pair.client.err, BJ_OK);
}

static void a_wrong_signature_from_outside_is_noticed(void **state)
{
	shake(BJ_TLS_Q_NONE, BJ_TLS_Q_SIGN);
	assert_int_equal(pair.client.err, BJ_ERR_BAD_SIGNATURE);
}

static void a_verdict_from_outside_is_final(void **state)
{
	shake(BJ_TLS_Q_VERIFY, BJ_TLS_Q_NONE);
	assert_int_equal(pair.client.err, BJ_ERR_CERT_REVOKED);
	assert_int_equal(report_of(&pair.server).alert_received, ALERT_CERTIFICATE_REVOKED);
	assert_false(report_of(&pair.client).peer_verified);
	pair_fini(&pair);
	shake(BJ_TLS_Q_NONE, BJ_TLS_Q_VERIFY);
	assert_int_equal(pair.server.err, BJ_ERR_CERT_REVOKED);
}

/* ---- resumption, early data, keys: a kind of handshake, what its server asks in the order of the questions, and what comes of it */

struct kind {
	const char *why;
	enum bj_tls_version version;
	bool resumes, sends_early, has_psk, retries;
	enum bj_tls_question refuses;
	enum bj_tls_question asked[8];
	bool resumed, early;
};

#define SEAL BJ_TLS_Q_TICKET_SEAL

static const struct kind kinds[] = {
	{ "1.3, no ticket is made", BJ_TLS_1_3, .refuses = SEAL, .asked = { BJ_TLS_Q_CREDENTIAL, BJ_TLS_Q_SIGN, SEAL } },
	{ "1.2, no ticket is made", BJ_TLS_1_2, .refuses = SEAL, .asked = { BJ_TLS_Q_CREDENTIAL, BJ_TLS_Q_SIGN, SEAL } },
	{ "1.3, the ticket is unknown", BJ_TLS_1_3, .resumes = true, .refuses = BJ_TLS_Q_TICKET,
	  .asked = { BJ_TLS_Q_TICKET, BJ_TLS_Q_PSK, BJ_TLS_Q_CREDENTIAL, BJ_TLS_Q_SIGN, SEAL, SEAL } },
	{ "1.2, the ticket is unknown", BJ_TLS_1_2, .resumes = true, .refuses = BJ_TLS_Q_TICKET,
	  .asked = { BJ_TLS_Q_TICKET, BJ_TLS_Q_CREDENTIAL, BJ_TLS_Q_SIGN, SEAL } },
	{ "early data is not taken", BJ_TLS_1_3, .resumes = true, .sends_early = true, .refuses = BJ_TLS_Q_EARLY_DATA,
	  .asked = { BJ_TLS_Q_TICKET, BJ_TLS_Q_EARLY_DATA, SEAL }, .resumed = true },
	{ "the key is unknown", BJ_TLS_1_3, .has_psk = true, .refuses = BJ_TLS_Q_PSK,
	  .asked = { BJ_TLS_Q_TICKET, BJ_TLS_Q_PSK, BJ_TLS_Q_TICKET, BJ_TLS_Q_PSK, BJ_TLS_Q_CREDENTIAL, BJ_TLS_Q_SIGN, SEAL, SEAL } },
	{ "1.3", BJ_TLS_1_3, .asked = { BJ_TLS_Q_CREDENTIAL, BJ_TLS_Q_SIGN, SEAL, SEAL } },
	{ "1.3 with a retry", BJ_TLS_1_3, .retries = true, .asked = { BJ_TLS_Q_CREDENTIAL, BJ_TLS_Q_SIGN, SEAL, SEAL } },
	{ "1.2", BJ_TLS_1_2, .asked = { BJ_TLS_Q_CREDENTIAL, BJ_TLS_Q_SIGN, SEAL } },
	{ "1.3 resumed", BJ_TLS_1_3, .resumes = true, .asked = { BJ_TLS_Q_TICKET, SEAL }, .resumed = true },
	{ "1.3 resumed with a retry", BJ_TLS_1_3, .resumes = true, .retries = true, .asked = { BJ_TLS_Q_TICKET, SEAL }, .resumed = true },
	{ "1.2 resumed", BJ_TLS_1_2, .resumes = true, .asked = { BJ_TLS_Q_TICKET }, .resumed = true },
	{ "early data", BJ_TLS_1_3, .resumes = true, .sends_early = true, .asked = { BJ_TLS_Q_TICKET, BJ_TLS_Q_EARLY_DATA, SEAL },
	  .resumed = true, .early = true },
	{ "a key", BJ_TLS_1_3, .has_psk = true, .asked = { BJ_TLS_Q_TICKET, BJ_TLS_Q_PSK, SEAL, SEAL } },
	{ "a key with a retry", BJ_TLS_1_3, .has_psk = true, .retries = true, .asked = { BJ_TLS_Q_TICKET, BJ_TLS_Q_PSK, SEAL, SEAL } },
};


/* Both sides for a kind; a session for it, made without questions that are refused. */
static void kind_configure(const struct kind *kind, bool asks)
{
	static const uint16_t p384 = KEX_P384;
	const uint32_t all = 1u << BJ_TLS_Q_CREDENTIAL | 1u << BJ_TLS_Q_SIGN | 1u << BJ_TLS_Q_TICKET | 1u << BJ_TLS_Q_PSK | 1u << SEAL |
			     1u << BJ_TLS_Q_EARLY_DATA;

	ends_teardown(NULL);
	memset(&pair, 0, sizeof(pair));
	client = pki_client_config(&pki);
	server = bj_tls_config_new(BJ_TLS_SERVER);
	assert_int_equal(bj_tls_config_credential(server, credential), BJ_OK);
	assert_int_equal(bj_tls_config_versions(client, kind->version, kind->version), BJ_OK);
	assert_int_equal(bj_tls_config_early_data(client, kind->sends_early ? 1000 : 0, 0), BJ_OK);
	assert_int_equal(bj_tls_config_early_data(server, 1000, 10), BJ_OK);
	if (kind->retries)
		assert_int_equal(bj_tls_config_groups(server, &p384, 1), BJ_OK);
	if (kind->has_psk)
		assert_int_equal(bj_tls_config_psk(client, &psk), BJ_OK);
	if (kind->has_psk && !asks)
		assert_int_equal(bj_tls_config_psk(server, &psk), BJ_OK);
	if (asks)
		assert_int_equal(bj_tls_config_ask(server, all), BJ_OK);
	assert_int_equal(bj_tls_config_freeze(client), BJ_OK);
	assert_int_equal(bj_tls_config_freeze(server), BJ_OK);
}

/* Feeds the side that waits with nothing, three times: nothing happens but that it is told again. */
static void stays_asked(struct side *s)
{
	enum bj_tls_question question = bj_tls_question(s->conn);

	for (unsigned i = 0; i < 3; i++) {
		struct bj_tls_fed fed;

		assert_int_equal(bj_tls_feed(s->conn, NOW_MS, NULL, 0, &fed), BJ_OK);
		assert_int_equal(fed.event, BJ_TLS_ASK);
		assert_int_equal(bj_tls_question(s->conn), question);
		assert_int_equal(bj_tls_pending(s->conn), 0);
	}
}

static bool kind_start(const struct kind *kind)
{
	struct bj_bytes early = BYTES_LIT("early");
	size_t used, len;

	memset(&pair, 0, sizeof(pair));
	pair.now_ms = NOW_MS;
	if (bj_tls_new(client, PKI_NAME, &pair.client.conn) || bj_tls_new(server, NULL, &pair.server.conn))
		return false;
	if (kind->resumes && bj_tls_resume(pair.client.conn, NOW_MS, kept, kept_len) != BJ_OK)
		return false;
	if (bj_tls_start(pair.client.conn, NOW_MS) != BJ_OK)
		return false;
	if (!kind->sends_early || bj_tls_seal(pair.client.conn, &early, 1, pair.server.wire, WIRE_CAP, &used, &len) != BJ_OK)
		return !kind->sends_early;
	pair.server.wire_len = len;
	return true;
}

static void kind_end(void)
{
	pair_fini(&pair);
}

static void kind_session(const struct kind *kind)
{
	kept_len = 0;
	if (!kind->resumes)
		return;
	assert_true(kind_start(&(struct kind){ .version = kind->version }));
	pair_run(&pair);
	while (answer(&pair.server, BJ_TLS_Q_NONE))
		pair_run(&pair);
	session_keep();
}

static void every_question_of_every_handshake_waits_as_long_as_it_takes(void **state)
{
	static const size_t chunks[] = { 0, 1 };

	for (size_t i = 0; i < ARRAY_COUNT(kinds); i++)
		for (size_t c = 0; c < ARRAY_COUNT(chunks); c++) {
			const struct kind *kind = &kinds[i];
			unsigned asked = 0;

			kind_configure(kind, true);
			kind_session(kind);
			assert_true(kind_start(kind));
			pair.chunk = chunks[c];
			pair_run(&pair);
			while (bj_tls_question(pair.server.conn) != BJ_TLS_Q_NONE) {
				assert_in_range(asked, 0, ARRAY_COUNT(kind->asked) - 1);
				if (bj_tls_question(pair.server.conn) != kind->asked[asked++])
					fail_msg("%s: question %u is %d", kind->why, asked, bj_tls_question(pair.server.conn));
				stays_asked(&pair.server);
				assert_true(answer(&pair.server, kind->refuses));
				pair_run(&pair);
			}
			assert_true(asked == ARRAY_COUNT(kind->asked) || kind->asked[asked] == BJ_TLS_Q_NONE);
			assert_int_equal(pair.client.err, BJ_OK);
			assert_int_equal(pair.server.err, BJ_OK);
			assert_int_equal(pair.client.done, 1);
			assert_int_equal(pair.server.done, 1);
			assert_int_equal(report_of(&pair.client).resumed, kind->resumed);
			assert_int_equal(report_of(&pair.server).early_data == BJ_TLS_EARLY_ACCEPTED, kind->early);
			assert_int_equal(pair.server.early_len, kind->early ? 5 : 0);
			pair_echo(&pair);
		}
}

/* The events are the same whatever the pieces are. */
static void questions_do_not_depend_on_how_bytes_come(void **state)
{
	pair_start(&pair, client, server, PKI_NAME);
	pair.chunk = 1;
	pair_shake(&pair);
	while (answer_both(BJ_TLS_Q_NONE, BJ_TLS_Q_NONE))
		pair_run(&pair);
	assert_int_equal(pair.client.done, 1);
	assert_int_equal(pair.server.done, 1);
	assert_int_equal(answers, 6);
	assert_int_equal(bj_tls_question_schemes(pair.client.conn).len, 0);
	assert_int_equal(bj_tls_question_authority(pair.client.conn, 0).len, 0);
}

/* ---- memory runs out */

static uint8_t ech_list[BJ_ECH_CONFIG_MAX];
static size_t ech_list_len; /* 0: hellos are not encrypted */
static bool asks_later; /* the server asks for a certificate when the handshake is over */

/* Like a pair, but every call may fail. Says whether both are open. */
static bool try_pair(void)
{
	bool open;

	memset(&pair, 0, sizeof(pair));
	pair.now_ms = NOW_MS;
	if (bj_tls_new(client, PKI_NAME, &pair.client.conn) || bj_tls_new(server, NULL, &pair.server.conn))
		return false;
	if (ech_list_len > 0 && bj_tls_ech(pair.client.conn, ech_list, ech_list_len) != BJ_OK)
		return false;
	if (bj_tls_start(pair.client.conn, NOW_MS) == BJ_OK)
		pair_run(&pair);
	if (asks_later && pair.server.done && !pair.server.err && bj_tls_request_certificate(pair.server.conn) == BJ_OK)
		pair_run(&pair);
	open = pair.client.done && pair.server.done && !pair.client.err && !pair.server.err &&
	       !report_of(&pair.server).err;
	if (!open) {
		bool noticed = report_of(&pair.client).err == BJ_ERR_NO_MEMORY || report_of(&pair.server).err == BJ_ERR_NO_MEMORY ||
			       report_of(&pair.client).err == BJ_ERR_CRYPTO || report_of(&pair.server).err == BJ_ERR_CRYPTO;

		if (!noticed)
			print_message("client %s, server %s\n", bj_err_name(report_of(&pair.client).err), bj_err_name(report_of(&pair.server).err));
		assert_true(noticed);
	}
	return open;
}

/* Fails each allocation of a handshake in turn. */
static void fail_each(void)
{
	assert_int_equal(bj_tls_config_freeze(client), BJ_OK);
	assert_int_equal(bj_tls_config_freeze(server), BJ_OK);
	assert_true(scarce_each(try_pair, kind_end) > 5);
}

static void every_allocation_may_fail_with_raw_keys(void **state)
{
	const enum bj_tls_certificate_type raw = BJ_TLS_RAW_PUBLIC_KEY;
	struct bj_tls_config *configs[2];
	struct bj_credential *raw_key;
	struct pkey *key;

	ends_teardown(NULL);
	memset(&pair, 0, sizeof(pair));
	setup_again(NULL);
	assert_int_equal(pkey_generate(KEY_P256, 0, &key), BJ_OK);
	assert_int_equal(credential_make_bare(key, &raw_key), BJ_OK);
	pkey_free(key);
	bj_tls_config_free(client);
	client = bj_tls_config_new(BJ_TLS_CLIENT);
	assert_int_equal(bj_tls_config_versions(client, version, version), BJ_OK);
	configs[0] = client;
	configs[1] = server;
	for (size_t i = 0; i < 2; i++) {
		struct bj_bytes spki = bj_credential_public_key(raw_key);

		assert_int_equal(bj_tls_config_credential(configs[i], raw_key), BJ_OK);
		assert_int_equal(bj_tls_config_peer_types(configs[i], &raw, 1), BJ_OK);
		assert_int_equal(bj_tls_config_peer_key(configs[i], spki.ptr, spki.len), BJ_OK);
		assert_int_equal(bj_tls_config_ask(configs[i], 0), BJ_OK);
		assert_int_equal(bj_tls_config_keep_peer_chain(configs[i], true), BJ_OK);
	}
	bj_credential_free(raw_key);
	fail_each();
}

/* With a retry, so that there are two encrypted hellos. */
static void every_allocation_may_fail_with_an_encrypted_hello(void **state)
{
	const uint16_t p384 = KEX_P384;
	struct bj_ech_key key;

	ends_teardown(NULL);
	memset(&pair, 0, sizeof(pair));
	version = BJ_TLS_1_3;
	setup_again(NULL);
	assert_int_equal(bj_ech_key_generate("public.example", 0, 1, NULL, &key), BJ_OK);
	assert_int_equal(bj_ech_config_list(&key, 1, ech_list, sizeof(ech_list), &ech_list_len), BJ_OK);
	assert_int_equal(bj_tls_config_ech_key(server, key.config, key.config_len, key.private_key, key.private_len, true), BJ_OK);
	assert_int_equal(bj_tls_config_groups(server, &p384, 1), BJ_OK);
	assert_int_equal(bj_tls_config_credential(client, own), BJ_OK);
	assert_int_equal(bj_tls_config_credential(server, credential), BJ_OK);
	assert_int_equal(bj_tls_config_ask(server, 0), BJ_OK);
	assert_int_equal(bj_tls_config_ask(client, 0), BJ_OK);
	fail_each();
	assert_int_equal(report_of(&pair.server).ech, BJ_TLS_ECH_ACCEPTED);
	ech_list_len = 0;
}

static void every_allocation_may_fail_when_a_certificate_is_asked_for_later(void **state)
{
	if (version != BJ_TLS_1_3)
		return;
	ends_teardown(NULL);
	memset(&pair, 0, sizeof(pair));
	setup_again(NULL);
	assert_int_equal(bj_tls_config_client_auth(server, BJ_TLS_AUTH_NONE), BJ_OK);
	assert_int_equal(bj_tls_config_post_handshake_auth(client, true), BJ_OK);
	assert_int_equal(bj_tls_config_post_handshake_auth(server, true), BJ_OK);
	assert_int_equal(bj_tls_config_credential(server, credential), BJ_OK);
	assert_int_equal(bj_tls_config_credential(client, own), BJ_OK);
	assert_int_equal(bj_tls_config_ask(server, 0), BJ_OK);
	assert_int_equal(bj_tls_config_ask(client, 0), BJ_OK);
	assert_int_equal(bj_tls_config_keep_peer_chain(server, true), BJ_OK);
	asks_later = true;
	fail_each();
	asks_later = false;
	assert_true(report_of(&pair.server).peer_verified);
}

static void every_allocation_may_fail(void **state)
{
	ends_teardown(NULL);
	memset(&pair, 0, sizeof(pair));
	setup_again(NULL);
	assert_int_equal(bj_tls_config_credential(server, credential), BJ_OK);
	assert_int_equal(bj_tls_config_ask(server, 0), BJ_OK);
	assert_int_equal(bj_tls_config_ask(client, 0), BJ_OK);
	assert_int_equal(bj_tls_config_credential(client, own), BJ_OK);
	assert_int_equal(bj_tls_config_credential_must_match(client), BJ_OK);
	assert_int_equal(bj_tls_config_keep_peer_chain(server, true), BJ_OK);
	fail_each();
}

/* As answer(), where the call itself may have no memory: then the owner gives up. */
static bool try_answer(struct side *s)
{
	enum bj_tls_question question = bj_tls_question(s->conn);
	uint8_t signature[SIG_LEN_MAX];
	struct bj_bytes bytes = bj_tls_question_bytes(s->conn);
	enum bj_err err = BJ_OK;
	size_t len;

	switch (question) {
	case BJ_TLS_Q_NONE:
		return false;
	case BJ_TLS_Q_CREDENTIAL:
		err = bj_tls_answer_credential(s->conn, credential);
		break;
	case BJ_TLS_Q_SIGN:
		err = pkey_sign(s->conn->hs->credential->key, SIG_ECDSA_SHA256, bytes, signature, sizeof(signature), &len);
		err = err ? err : bj_tls_answer_sign(s->conn, signature, len);
		break;
	case BJ_TLS_Q_VERIFY:
		return false;
	case BJ_TLS_Q_EARLY_DATA:
		err = bj_tls_answer_early_data(s->conn, true);
		break;
	case BJ_TLS_Q_TICKET:
		err = bj_tls_answer_ticket(s->conn, ticket_state, bytes.len == sizeof(ticket_name) ? ticket_state_len : 0);
		break;
	case BJ_TLS_Q_TICKET_SEAL:
		err = bj_tls_answer_ticket_seal(s->conn, ticket_name, sizeof(ticket_name));
		break;
	case BJ_TLS_Q_PSK:
		err = bj_tls_answer_psk(s->conn, &psk);
		break;
	}
	if (err)
		bj_tls_abort(s->conn, err);
	return !err;
}

/* The same hello does not come twice here, but the guard fills. */
static void replay_guard_forget(struct bj_tls_config *config)
{
	struct replay_guard *fresh = replay_guard_new(&config->rng);

	assert_non_null(fresh);
	replay_guard_free(config->replay);
	config->replay = fresh;
}

/* Both answer by themselves, or the owner does: every allocation of every kind fails once. */
static void every_allocation_of_every_handshake_may_fail(void **state)
{
	for (size_t k = 0; k < ARRAY_COUNT(kinds); k++)
		for (unsigned asks = 0; asks < 2; asks++) {
			const struct kind *kind = &kinds[k];
			unsigned failures = 0;

			if (kind->refuses)
				continue;
			kind_configure(kind, asks);
			kind_session(kind);
			for (unsigned long i = 0;; i++) {
				bool open, failed;

				assert_true(i < 1000);
				replay_guard_forget(server);
				scarce_begin(i);
				open = kind_start(kind);
				if (open) {
					pair_run(&pair);
					while (!pair.server.err && try_answer(&pair.server))
						pair_run(&pair);
					open = pair.client.done && pair.server.done && !pair.client.err && !pair.server.err;
				}
				failed = scarce_end();
				failures += !open;
				kind_end();
				if (open && !failed)
					break;
			}
			assert_true(failures > 5);
		}
}

/* ---- what is shown in other ways: everything is asked of both sides, each question waits, and each allocation fails once */

static uint8_t delegated_leaf[2][ISSUE_DER_MAX];

/* Answers by what is asked, for any form of certificate. */
static bool answer_any(struct side *s, struct bj_credential *with)
{
	struct bj_verdict verdict = { .err = BJ_OK, .rule = "" };
	uint8_t signature[SIG_LEN_MAX];
	size_t len = 0;

	switch (bj_tls_question(s->conn)) {
	case BJ_TLS_Q_CREDENTIAL:
		stays_asked(s);
		assert_int_equal(bj_tls_answer_credential(s->conn, with), BJ_OK);
		break;
	case BJ_TLS_Q_SIGN:
		stays_asked(s);
		assert_int_equal(pkey_sign(s->conn->hs->credential->key, SIG_ECDSA_SHA256, bj_tls_question_bytes(s->conn), signature, sizeof(signature), &len), BJ_OK);
		assert_int_equal(bj_tls_answer_sign(s->conn, signature, len), BJ_OK);
		break;
	case BJ_TLS_Q_VERIFY:
		stays_asked(s);
		assert_int_equal(bj_tls_answer_verify(s->conn, &verdict), BJ_OK);
		break;
	default:
		return false;
	}
	answers++;
	return true;
}

static struct bj_credential *bare(void)
{
	struct bj_credential *made;

	assert_int_equal(credential_make_bare(bare_key, &made), BJ_OK);
	return made;
}

/* A delegated credential of a certificate for that role. */
static struct bj_credential *delegated(enum issue_kind kind)
{
	static uint8_t bytes[2048];
	enum delegated_side side = kind == ISSUE_SERVER ? DELEGATED_SERVER : DELEGATED_CLIENT;
	const char *name = PKI_NAME;
	struct issue in = { .kind = kind, .common_name = "delegates", .names = &name, .name_count = kind == ISSUE_SERVER, .key = bare_key, .delegates = true };
	struct delegated_wish wish = { .leaf_key = bare_key, .key = handed_key, .scheme = SCHEME_ECDSA_P256_SHA256, .algorithm = SCHEME_ECDSA_P256_SHA256,
				       .valid_s = 2 * 86400, .side = side };
	struct bj_bytes chain[2];
	struct bj_credential *made;
	struct delegated d;
	struct cert leaf;
	size_t len;

	pki_issue(&in, &pki.middle, delegated_leaf[side], &len);
	chain[0] = bytes_of(delegated_leaf[side], len);
	chain[1] = bytes_of(pki.middle.der, pki.middle.len);
	assert_int_equal(cert_parse(chain[0], &leaf), BJ_OK);
	wish.leaf = &leaf;
	assert_int_equal(delegated_make(&wish, bytes, sizeof(bytes), &len), BJ_OK);
	assert_int_equal(delegated_parse(bytes_of(bytes, len), &d), BJ_OK);
	assert_int_equal(credential_make_delegated(chain, 2, handed_key, d.bytes, d.spki, &made), BJ_OK);
	return made;
}

enum shown {
	SHOWN_CHAINS = 0,
	SHOWN_BARE,
	SHOWN_DELEGATED,
	SHOWN_INSIDE_ECH, /* with a retry */
	SHOWN_COMPRESSED,
	SHOWN_END,
};

/* Two configurations that show so; both ask everything, or nothing and have the credentials themselves. */
static void show_configure(enum shown shown, bool asks, struct bj_credential *theirs[2])
{
	const enum bj_tls_certificate_type raw = BJ_TLS_RAW_PUBLIC_KEY;
	const uint16_t p256 = SCHEME_ECDSA_P256_SHA256, p384 = KEX_P384, zlib = 1;
	struct bj_tls_config *configs[2];
	struct bj_ech_key key;

	ends_teardown(NULL);
	memset(&pair, 0, sizeof(pair));
	version = BJ_TLS_1_3;
	setup_again(NULL);
	configs[0] = client;
	configs[1] = server;
	for (size_t i = 0; i < 2; i++) {
		struct bj_credential *show = shown == SHOWN_BARE ? bare() : shown == SHOWN_DELEGATED ? delegated(i ? ISSUE_SERVER : ISSUE_CLIENT) :
											  bj_credential_ref(i ? credential : own);
		struct bj_bytes spki = bj_credential_public_key(show);

		theirs[i] = show;
		assert_int_equal(bj_tls_config_ask(configs[i], asks ? ALL : 0), BJ_OK);
		if (!asks || shown == SHOWN_BARE) /* a bare key is offered as what it is */
			assert_int_equal(bj_tls_config_credential(configs[i], show), BJ_OK);
		if (shown == SHOWN_BARE) {
			assert_int_equal(bj_tls_config_peer_types(configs[i], &raw, 1), BJ_OK);
			assert_int_equal(bj_tls_config_peer_key(configs[i], spki.ptr, spki.len), BJ_OK);
		}
		if (shown == SHOWN_DELEGATED)
			assert_int_equal(bj_tls_config_delegated_schemes(configs[i], &p256, 1), BJ_OK);
		if (shown == SHOWN_COMPRESSED)
			assert_int_equal(bj_tls_config_certificate_compression(configs[i], &zlib, 1), BJ_OK);
	}
	if (shown != SHOWN_INSIDE_ECH)
		return;
	assert_int_equal(bj_ech_key_generate("public.example", 0, 1, NULL, &key), BJ_OK);
	assert_int_equal(bj_ech_config_list(&key, 1, ech_list, sizeof(ech_list), &ech_list_len), BJ_OK);
	assert_int_equal(bj_tls_config_ech_key(server, key.config, key.config_len, key.private_key, key.private_len, true), BJ_OK);
	assert_int_equal(bj_tls_config_groups(server, &p384, 1), BJ_OK);
}

static void show_end(struct bj_credential *theirs[2])
{
	bj_credential_free(theirs[0]);
	bj_credential_free(theirs[1]);
	ech_list_len = 0;
}

static void every_question_waits_whatever_is_shown(void **state)
{
	static const size_t chunks[] = { 0, 1 };

	for (int shown = 0; shown < SHOWN_END; shown++)
		for (size_t c = 0; c < ARRAY_COUNT(chunks); c++) {
			struct bj_credential *theirs[2];

			show_configure((enum shown)shown, true, theirs);
			answers = 0;
			pair_start(&pair, client, server, PKI_NAME);
			pair.chunk = chunks[c];
			if (ech_list_len > 0)
				assert_int_equal(bj_tls_ech(pair.client.conn, ech_list, ech_list_len), BJ_OK);
			assert_int_equal(bj_tls_start(pair.client.conn, NOW_MS), BJ_OK);
			pair_run(&pair);
			while (answer_any(&pair.client, theirs[0]) || answer_any(&pair.server, theirs[1]))
				pair_run(&pair);
			ends_expect(BJ_OK, BJ_OK);
			assert_int_equal(pair.client.done, 1);
			assert_int_equal(pair.server.done, 1);
			assert_int_equal(answers, 6);
			assert_int_equal(report_of(&pair.client).peer_delegated, shown == SHOWN_DELEGATED);
			assert_int_equal(report_of(&pair.server).peer_delegated, shown == SHOWN_DELEGATED);
			assert_int_equal(report_of(&pair.server).ech, shown == SHOWN_INSIDE_ECH ? BJ_TLS_ECH_ACCEPTED : BJ_TLS_ECH_NONE);
			pair_echo(&pair);
			show_end(theirs);
		}
}

/* A hello that does not open: the handshake goes to its end and then fails, with the keys to try with. */
static bool try_rejected(void)
{
	enum bj_err err = BJ_ERR_NO_MEMORY;

	memset(&pair, 0, sizeof(pair));
	pair.now_ms = NOW_MS;
	if (bj_tls_new(client, PKI_NAME, &pair.client.conn) == BJ_OK && bj_tls_new(server, NULL, &pair.server.conn) == BJ_OK &&
	    bj_tls_ech(pair.client.conn, ech_list, ech_list_len) == BJ_OK && bj_tls_start(pair.client.conn, NOW_MS) == BJ_OK) {
		pair_run(&pair);
		err = report_of(&pair.client).err;
		assert_false(pair.client.done);
		assert_true(err == BJ_ERR_ECH_REJECTED || err == BJ_ERR_NO_MEMORY || err == BJ_ERR_CRYPTO || report_of(&pair.server).err == BJ_ERR_NO_MEMORY ||
			    report_of(&pair.server).err == BJ_ERR_CRYPTO);
	}
	return err == BJ_ERR_ECH_REJECTED && report_of(&pair.client).ech_retry_configs.len > 0;
}

static void every_allocation_may_fail_when_a_hello_does_not_open(void **state)
{
	struct bj_credential *public_one = pki_credential(&pki, ISSUE_SERVER, KEY_P256, "public.example");
	struct bj_credential *theirs[2];
	struct bj_ech_key other;

	show_configure(SHOWN_INSIDE_ECH, false, theirs);
	assert_int_equal(bj_ech_key_generate("public.example", 0, 1, NULL, &other), BJ_OK);
	assert_int_equal(bj_ech_config_list(&other, 1, ech_list, sizeof(ech_list), &ech_list_len), BJ_OK);
	assert_int_equal(bj_tls_config_client_auth(server, BJ_TLS_AUTH_NONE), BJ_OK);
	assert_int_equal(bj_tls_config_credential(server, public_one), BJ_OK);
	assert_int_equal(bj_tls_config_freeze(client), BJ_OK);
	assert_int_equal(bj_tls_config_freeze(server), BJ_OK);
	assert_true(scarce_each(try_rejected, kind_end) > 5);
	bj_credential_free(public_one);
	show_end(theirs);
}

static void every_allocation_may_fail_whatever_is_shown(void **state)
{
	for (int shown = 0; shown < SHOWN_END; shown++) {
		struct bj_credential *theirs[2];

		show_configure((enum shown)shown, false, theirs);
		fail_each();
		show_end(theirs);
	}
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, ends_teardown), { #f "_in_1_2", f, setup12, ends_teardown, NULL }

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_refused_name_ends_the_handshake),
		T(a_client_may_show_nothing),
		T(a_credential_that_does_not_fit_is_refused),
		T(a_signature_from_outside_goes_out_as_it_is_whatever_its_length),
		T(a_wrong_signature_from_outside_is_noticed),
		T(a_verdict_from_outside_is_final),
		T(every_question_stops_and_goes_on),
		T(questions_are_told_again_until_they_are_answered),
		T(questions_do_not_depend_on_how_bytes_come),
		T(every_allocation_may_fail),
		cmocka_unit_test_setup_teardown(every_question_of_every_handshake_waits_as_long_as_it_takes, setup, ends_teardown),
		cmocka_unit_test_setup_teardown(every_allocation_of_every_handshake_may_fail, setup, ends_teardown),
		T(every_allocation_may_fail_with_raw_keys),
		cmocka_unit_test_setup_teardown(every_allocation_may_fail_with_an_encrypted_hello, setup, ends_teardown),
		T(every_allocation_may_fail_when_a_certificate_is_asked_for_later),
		cmocka_unit_test_setup_teardown(every_question_waits_whatever_is_shown, setup, ends_teardown),
		cmocka_unit_test_setup_teardown(every_allocation_may_fail_whatever_is_shown, setup, ends_teardown),
		cmocka_unit_test_setup_teardown(every_allocation_may_fail_when_a_hello_does_not_open, setup, ends_teardown),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
