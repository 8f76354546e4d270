/* quic_test.c - connections that key QUIC: levels, secrets, parameters, and what must not be there. */
#include "support/scarce.h"
#include "tls/fixture.h"
#include "tls/msg/message.h"
#include "tls/quic.h"

#define WIRE_MAX 32768

/* ---- two ends, and four streams between them in each direction */

struct end {
	struct bj_tls *conn;
	uint8_t wire[QUIC_LEVELS][WIRE_MAX]; /* came, and was not fed yet */
	size_t len[QUIC_LEVELS];
	size_t total[QUIC_LEVELS];           /* that came in all */
	struct bj_tls_quic_secret secrets[QUIC_SECRETS_MAX];
	size_t secret_count;
	unsigned done, tickets;
	enum bj_err err;
};

static struct end c, s;
static size_t chunk; /* fed at once at most; 0: all there is */

static void take_secrets(struct end *e)
{
	while (bj_tls_quic_secret(e->conn, &e->secrets[e->secret_count])) {
		assert_true(e->secret_count < QUIC_SECRETS_MAX);
		e->secret_count++;
	}
}

static bool carry(struct end *from, struct end *to)
{
	enum bj_tls_level level;
	bool moved = false;
	uint8_t buf[777];
	size_t n;

	take_secrets(from);
	while ((n = bj_tls_quic_pull(from->conn, &level, buf, sizeof(buf))) > 0) {
		assert_true(to->len[level] + n <= WIRE_MAX);
		memcpy(to->wire[level] + to->len[level], buf, n);
		to->len[level] += n;
		to->total[level] += n;
		moved = true;
	}
	assert_int_equal(bj_tls_pending(from->conn), 0);
	return moved;
}

/* Feeds what there is at the level of reading; says whether anything happened. */
static bool feed(struct end *e)
{
	bool moved = false;

	while (!e->err) {
		enum bj_tls_level level = bj_tls_quic_read_level(e->conn);
		size_t n = chunk && chunk < e->len[level] ? chunk : e->len[level];
		enum bj_tls_event event;

		e->err = bj_tls_quic_feed(e->conn, NOW_MS, level, e->wire[level], n, &event);
		memmove(e->wire[level], e->wire[level] + n, e->len[level] - n);
		e->len[level] -= n;
		e->done += event == BJ_TLS_DONE;
		e->tickets += event == BJ_TLS_TICKET;
		take_secrets(e);
		moved |= n > 0;
		if (event == BJ_TLS_ASK || (event == BJ_TLS_NONE && e->len[bj_tls_quic_read_level(e->conn)] == 0))
			break;
	}
	return moved;
}

static void run(void)
{
	bool moved = true;

	while (moved) {
		moved = carry(&c, &s);
		moved |= feed(&s);
		moved |= carry(&s, &c);
		moved |= feed(&c);
		moved |= bj_tls_pending(c.conn) + bj_tls_pending(s.conn) > 0; /* an answer was taken */
	}
}

static void begin(void)
{
	memset(&c, 0, sizeof(c));
	memset(&s, 0, sizeof(s));
	assert_int_equal(bj_tls_config_freeze(client), BJ_OK);
	assert_int_equal(bj_tls_config_freeze(server), BJ_OK);
	assert_int_equal(bj_tls_new(client, PKI_NAME, &c.conn), BJ_OK);
	assert_int_equal(bj_tls_new(server, NULL, &s.conn), BJ_OK);
	assert_int_equal(bj_tls_quic_set_params(c.conn, "of the client", 13), BJ_OK);
	assert_int_equal(bj_tls_quic_set_params(s.conn, "of the server", 13), BJ_OK);
}

static void shake(void)
{
	begin();
	assert_int_equal(bj_tls_start(c.conn, NOW_MS), BJ_OK);
	run();
}

static void end_both(void)
{
	bj_tls_free(c.conn);
	bj_tls_free(s.conn);
	c.conn = s.conn = NULL;
}

static int setup(void **state)
{
	static const char *const names[] = { "h3" };

	ends_setup(state);
	assert_int_equal(bj_tls_config_quic(client, true), BJ_OK);
	assert_int_equal(bj_tls_config_quic(server, true), BJ_OK);
	assert_int_equal(bj_tls_config_alpn(client, names, 1), BJ_OK);
	assert_int_equal(bj_tls_config_alpn(server, names, 1), BJ_OK);
	chunk = 0;
	return 0;
}

static int teardown(void **state)
{
	end_both();
	return ends_teardown(state);
}

/* The client's hello, waiting at the server. */
static void hello_is_there(void)
{
	begin();
	assert_int_equal(bj_tls_start(c.conn, NOW_MS), BJ_OK);
	assert_true(carry(&c, &s));
}

/* Up to the server's flight, waiting at the client. */
static void flight_is_there(void)
{
	hello_is_there();
	assert_true(feed(&s));
	assert_true(carry(&s, &c));
}

/* In the hello that waits at the server: the extension of this type becomes one that nobody knows. */
static void hide_extension(uint16_t type, size_t body_len)
{
	const uint8_t head[4] = { (uint8_t)(type >> 8), (uint8_t)type, (uint8_t)(body_len >> 8), (uint8_t)body_len };
	unsigned found = 0;

	for (size_t i = 0; i + sizeof(head) <= s.len[0]; i++) {
		if (memcmp(s.wire[0] + i, head, sizeof(head)) != 0)
			continue;
		s.wire[0][i] = s.wire[0][i + 1] = 0x1b;
		found++;
	}
	assert_int_equal(found, 1);
}

static void fails_with(struct end *e, enum bj_err err, int alert)
{
	struct bj_tls_report report;

	feed(e);
	assert_int_equal(e->err, err);
	bj_tls_report(e->conn, &report);
	assert_int_equal(report.alert_sent, alert);
}

/* ---- what is refused */

static void a_configuration_without_protocols_or_without_1_3_is_not_frozen(void **state)
{
	struct bj_tls_config *config = pki_client_config(&pki);
	static const char *const names[] = { "h3" };

	assert_int_equal(bj_tls_config_quic(config, true), BJ_OK);
	assert_int_equal(bj_tls_config_freeze(config), BJ_ERR_CONFIG_NO_ALPN);
	assert_int_equal(bj_tls_config_alpn(config, names, 1), BJ_OK);
	assert_int_equal(bj_tls_config_versions(config, BJ_TLS_1_2, BJ_TLS_1_2), BJ_OK);
	assert_int_equal(bj_tls_config_freeze(config), BJ_ERR_CONFIG_EMPTY);
	assert_int_equal(bj_tls_config_versions(config, BJ_TLS_1_2, BJ_TLS_1_3), BJ_OK);
	assert_int_equal(bj_tls_config_freeze(config), BJ_OK);
	assert_int_equal(bj_tls_config_quic(config, false), BJ_ERR_CONFIG_FROZEN);
	bj_tls_config_free(config);
}

static void calls_of_records_are_refused(void **state)
{
	struct bj_bytes piece = BYTES_LIT("data");
	uint8_t buf[256] = { 22, 3, 3, 0, 0 };
	struct bj_tls_fed fed;
	size_t used, len;

	shake();
	assert_int_equal(bj_tls_feed(s.conn, NOW_MS, buf, 5, &fed), BJ_ERR_STATE);
	assert_int_equal(bj_tls_seal(s.conn, &piece, 1, buf, sizeof(buf), &used, &len), BJ_ERR_STATE);
	assert_int_equal(bj_tls_key_update(s.conn, false), BJ_ERR_STATE);
	assert_int_equal(bj_tls_eof(s.conn), BJ_ERR_STATE);
	bj_tls_close(s.conn);
	assert_int_equal(bj_tls_pending(s.conn), 0);
	assert_int_equal(bj_tls_error(s.conn), BJ_OK);
	end_both();
	hello_is_there();
	feed(&s);
	assert_true(bj_tls_pending(s.conn) > 0);
	assert_int_equal(bj_tls_pull(s.conn, buf, sizeof(buf)), 0);
}

static void calls_of_quic_are_refused_where_there_are_records(void **state)
{
	struct bj_tls_config *config = pki_client_config(&pki);
	struct bj_tls_quic_secret secret;
	enum bj_tls_level level;
	enum bj_tls_event event;
	struct bj_tls *conn;
	uint8_t buf[16];

	assert_int_equal(bj_tls_config_freeze(config), BJ_OK);
	assert_int_equal(bj_tls_new(config, PKI_NAME, &conn), BJ_OK);
	assert_int_equal(bj_tls_quic_set_params(conn, "x", 1), BJ_ERR_STATE);
	assert_int_equal(bj_tls_start(conn, NOW_MS), BJ_OK);
	assert_int_equal(bj_tls_quic_feed(conn, NOW_MS, BJ_TLS_LEVEL_INITIAL, "x", 1, &event), BJ_ERR_STATE);
	assert_int_equal(bj_tls_quic_pull(conn, &level, buf, sizeof(buf)), 0);
	assert_false(bj_tls_quic_secret(conn, &secret));
	assert_int_equal(bj_tls_quic_peer_params(conn).len, 0);
	bj_tls_free(conn);
	bj_tls_config_free(config);
}

static void nothing_begins_without_parameters_of_our_own(void **state)
{
	enum bj_tls_event event;

	begin();
	end_both();
	assert_int_equal(bj_tls_new(client, PKI_NAME, &c.conn), BJ_OK);
	assert_int_equal(bj_tls_new(server, NULL, &s.conn), BJ_OK);
	assert_int_equal(bj_tls_start(c.conn, NOW_MS), BJ_ERR_STATE);
	assert_int_equal(bj_tls_quic_feed(s.conn, NOW_MS, BJ_TLS_LEVEL_INITIAL, "\x01", 1, &event), BJ_ERR_STATE);
	assert_int_equal(bj_tls_quic_set_params(c.conn, NULL, 1), BJ_ERR_ARGUMENT);
	assert_int_equal(bj_tls_quic_set_params(c.conn, "", BJ_TLS_QUIC_PARAMS_MAX + 1), BJ_ERR_ARGUMENT);
	assert_int_equal(bj_tls_quic_set_params(c.conn, NULL, 0), BJ_OK);
	assert_int_equal(bj_tls_start(c.conn, NOW_MS), BJ_OK);
	assert_int_equal(bj_tls_quic_set_params(c.conn, "x", 1), BJ_ERR_STATE);
}

static void bytes_of_a_level_without_a_secret_change_nothing(void **state)
{
	enum bj_tls_event event;

	hello_is_there();
	assert_int_equal(bj_tls_quic_feed(s.conn, NOW_MS, BJ_TLS_LEVEL_HANDSHAKE, "\x14", 1, &event), BJ_ERR_STATE);
	assert_int_equal(bj_tls_quic_feed(s.conn, NOW_MS, BJ_TLS_LEVEL_APPLICATION, "\x14", 1, &event), BJ_ERR_STATE);
	assert_int_equal(bj_tls_quic_feed(s.conn, NOW_MS, (enum bj_tls_level)4, "\x14", 1, &event), BJ_ERR_ARGUMENT);
	run();
	assert_int_equal(c.done + s.done, 2);
}

static void bytes_of_the_early_level_end_the_connection(void **state)
{
	enum bj_tls_event event;

	hello_is_there();
	assert_int_equal(bj_tls_quic_feed(s.conn, NOW_MS, BJ_TLS_LEVEL_EARLY, "\x05\0\0\0", 4, &event), BJ_ERR_UNEXPECTED_MESSAGE);
	assert_int_equal(bj_tls_error(s.conn), BJ_ERR_UNEXPECTED_MESSAGE);
}

static void bytes_of_a_level_that_is_over_end_the_connection(void **state)
{
	enum bj_tls_event event;

	shake();
	assert_int_equal(bj_tls_quic_feed(c.conn, NOW_MS, BJ_TLS_LEVEL_INITIAL, "\x02", 1, &event), BJ_ERR_UNEXPECTED_MESSAGE);
	assert_int_equal(bj_tls_quic_feed(s.conn, NOW_MS, BJ_TLS_LEVEL_HANDSHAKE, "\x14", 1, &event), BJ_ERR_UNEXPECTED_MESSAGE);
	assert_int_equal(bj_tls_error(c.conn), BJ_ERR_UNEXPECTED_MESSAGE);
	assert_int_equal(bj_tls_pending(c.conn), 0);
}

static void bytes_left_over_when_the_level_changes_end_the_connection(void **state)
{
	flight_is_there();
	c.wire[0][c.len[0]++] = MSG_ENCRYPTED_EXTENSIONS; /* behind the ServerHello */
	fails_with(&c, BJ_ERR_EXCESSIVE_DATA, ALERT_UNEXPECTED_MESSAGE);
	end_both();
	hello_is_there();
	s.wire[0][s.len[0]++] = MSG_FINISHED;
	fails_with(&s, BJ_ERR_EXCESSIVE_DATA, ALERT_UNEXPECTED_MESSAGE);
	end_both();
	flight_is_there();
	feed(&c);
	assert_true(carry(&c, &s));
	s.wire[2][s.len[2]++] = MSG_KEY_UPDATE; /* behind the client's Finished */
	fails_with(&s, BJ_ERR_EXCESSIVE_DATA, ALERT_UNEXPECTED_MESSAGE);
}

static void bytes_that_come_while_a_question_waits_are_left_over_too(void **state)
{
	enum bj_tls_event event;

	assert_int_equal(bj_tls_config_ask(server, 1u << BJ_TLS_Q_CREDENTIAL), BJ_OK);
	hello_is_there();
	feed(&s);
	assert_int_equal(bj_tls_question(s.conn), BJ_TLS_Q_CREDENTIAL);
	assert_int_equal(bj_tls_quic_feed(s.conn, NOW_MS, BJ_TLS_LEVEL_INITIAL, "\x14", 1, &event), BJ_OK);
	assert_int_equal(event, BJ_TLS_ASK);
	assert_int_equal(bj_tls_answer_credential(s.conn, server->credentials[0].credential), BJ_OK);
	assert_int_equal(bj_tls_quic_feed(s.conn, NOW_MS, BJ_TLS_LEVEL_INITIAL, NULL, 0, &event), BJ_ERR_EXCESSIVE_DATA);
}

/* Anybody can make packets of the initial level: what they hold is never read as the handshake's. */
static void bytes_that_come_with_the_answer_do_not_reach_the_next_level(void **state)
{
	enum bj_tls_event event;

	assert_int_equal(bj_tls_config_ask(server, 1u << BJ_TLS_Q_CREDENTIAL), BJ_OK);
	hello_is_there();
	feed(&s);
	assert_int_equal(bj_tls_answer_credential(s.conn, server->credentials[0].credential), BJ_OK);
	assert_int_equal(bj_tls_quic_feed(s.conn, NOW_MS, BJ_TLS_LEVEL_INITIAL, "\x14", 1, &event), BJ_ERR_EXCESSIVE_DATA);
	assert_int_equal(bj_tls_error(s.conn), BJ_ERR_EXCESSIVE_DATA);
}

static void messages_that_quic_does_not_have_are_unexpected(void **state)
{
	enum bj_tls_event event;

	shake();
	assert_int_equal(bj_tls_quic_feed(s.conn, NOW_MS, BJ_TLS_LEVEL_APPLICATION, "\x18\0\0\x01\0", 5, &event), BJ_ERR_UNEXPECTED_MESSAGE);
	assert_int_equal(bj_tls_quic_feed(c.conn, NOW_MS, BJ_TLS_LEVEL_APPLICATION, "\x18\0\0\x01\x01", 5, &event), BJ_ERR_UNEXPECTED_MESSAGE);
	end_both();
	flight_is_there();
	assert_int_equal(bj_tls_quic_feed(s.conn, NOW_MS, BJ_TLS_LEVEL_HANDSHAKE, "\x05\0\0\0", 4, &event), BJ_ERR_UNEXPECTED_MESSAGE);
}

static void a_hello_without_parameters_or_protocols_is_refused(void **state)
{
	hello_is_there();
	hide_extension(57, 13);
	fails_with(&s, BJ_ERR_MISSING_EXTENSION, ALERT_MISSING_EXTENSION);
	end_both();
	hello_is_there();
	hide_extension(16, 5);
	fails_with(&s, BJ_ERR_NO_ALPN, ALERT_NO_APPLICATION_PROTOCOL);
}

/* The same hello with a session id of one byte. */
static void a_hello_with_a_session_id_is_refused(void **state)
{
	const size_t at = MESSAGE_HEADER_LEN + 2 + RANDOM_LEN;

	hello_is_there();
	assert_int_equal(s.wire[0][at], 0);
	memmove(s.wire[0] + at + 1, s.wire[0] + at, s.len[0]++ - at);
	s.wire[0][at] = 1;
	s.wire[0][2] = (uint8_t)((s.len[0] - MESSAGE_HEADER_LEN) >> 8);
	s.wire[0][3] = (uint8_t)(s.len[0] - MESSAGE_HEADER_LEN);
	fails_with(&s, BJ_ERR_ILLEGAL_PARAMETER, ALERT_ILLEGAL_PARAMETER);
}

static void parameters_of_quic_in_a_record_are_refused(void **state)
{
	struct bj_tls_config *config = pki_server_config(&pki, KEY_P256);
	uint8_t record[8192] = { 22, 3, 1 };
	struct bj_tls_fed fed;
	struct bj_tls *conn;

	hello_is_there();
	record[3] = (uint8_t)(s.len[0] >> 8);
	record[4] = (uint8_t)s.len[0];
	memcpy(record + 5, s.wire[0], s.len[0]);
	assert_int_equal(bj_tls_config_freeze(config), BJ_OK);
	assert_int_equal(bj_tls_new(config, NULL, &conn), BJ_OK);
	assert_int_equal(bj_tls_feed(conn, NOW_MS, record, s.len[0] + 5, &fed), BJ_ERR_UNSUPPORTED_EXTENSION);
	bj_tls_free(conn);
	bj_tls_config_free(config);
}

static void a_failure_is_a_code_and_no_bytes(void **state)
{
	struct bj_tls_report report;

	bj_tls_config_free(client);
	client = bj_tls_config_new(BJ_TLS_CLIENT);
	assert_int_equal(bj_tls_config_quic(client, true), BJ_OK);
	assert_int_equal(bj_tls_config_alpn(client, &(const char *){ "h3" }, 1), BJ_OK);
	assert_int_equal(bj_tls_config_ask(client, 1u << BJ_TLS_Q_VERIFY), BJ_OK);
	shake();
	assert_int_equal(bj_tls_question(c.conn), BJ_TLS_Q_VERIFY);
	bj_tls_abort(c.conn, BJ_ERR_CERT_REVOKED);
	bj_tls_report(c.conn, &report);
	assert_int_equal(report.alert_sent, ALERT_CERTIFICATE_REVOKED);
	assert_int_equal(bj_tls_pending(c.conn), 0);
	assert_false(bj_tls_quic_secret(c.conn, &c.secrets[0]));
}

/* ---- what works */

static const struct bj_tls_quic_secret *secret_of(const struct end *e, enum bj_tls_level level, bool write)
{
	for (size_t i = 0; i < e->secret_count; i++)
		if (e->secrets[i].level == level && e->secrets[i].write == write)
			return &e->secrets[i];
	fail_msg("no secret at level %d", level);
	return NULL;
}

static void same_secret(enum bj_tls_level level, bool of_client)
{
	const struct bj_tls_quic_secret *a = secret_of(&c, level, of_client), *b = secret_of(&s, level, !of_client);

	assert_int_equal(a->suite, b->suite);
	assert_int_equal(a->len, b->len);
	assert_memory_equal(a->bytes, b->bytes, a->len);
}

static void good(void)
{
	assert_int_equal(c.err, BJ_OK);
	assert_int_equal(s.err, BJ_OK);
	assert_int_equal(c.done, 1);
	assert_int_equal(s.done, 1);
	assert_int_equal(c.secret_count, 4);
	assert_int_equal(s.secret_count, 4);
	for (unsigned of_client = 0; of_client < 2; of_client++) {
		same_secret(BJ_TLS_LEVEL_HANDSHAKE, of_client);
		same_secret(BJ_TLS_LEVEL_APPLICATION, of_client);
	}
	assert_true(bytes_equal(bj_tls_quic_peer_params(c.conn), BYTES_LIT("of the server")));
	assert_true(bytes_equal(bj_tls_quic_peer_params(s.conn), BYTES_LIT("of the client")));
}

static void both_ends_have_the_same_secrets_and_each_others_parameters(void **state)
{
	uint8_t a[32], b[32];

	shake();
	good();
	assert_memory_not_equal(secret_of(&c, BJ_TLS_LEVEL_HANDSHAKE, true)->bytes, secret_of(&c, BJ_TLS_LEVEL_HANDSHAKE, false)->bytes, 32);
	assert_int_equal(bj_tls_export(c.conn, "test", NULL, 0, a, sizeof(a)), BJ_OK);
	assert_int_equal(bj_tls_export(s.conn, "test", NULL, 0, b, sizeof(b)), BJ_OK);
	assert_memory_equal(a, b, sizeof(a));
	for (unsigned level = 0; level < QUIC_LEVELS; level++) {
		assert_int_equal(c.len[level], 0);
		assert_int_equal(s.len[level], 0);
	}
	assert_int_equal(c.total[1] + s.total[1], 0);
	assert_true(c.tickets > 0);
}

/* The server may send at the application level before it may read there. rfc9001:5.7 */
static void secrets_come_in_the_order_of_their_use(void **state)
{
	static const struct {
		uint8_t level;
		bool write;
	} of_client[] = { { 2, false }, { 2, true }, { 3, false }, { 3, true } }, of_server[] = { { 2, false }, { 2, true }, { 3, true }, { 3, false } };

	flight_is_there();
	assert_int_equal(s.secret_count, 3);
	run();
	for (unsigned i = 0; i < 4; i++) {
		assert_true((unsigned)c.secrets[i].level == of_client[i].level && c.secrets[i].write == of_client[i].write);
		assert_true((unsigned)s.secrets[i].level == of_server[i].level && s.secrets[i].write == of_server[i].write);
	}
}

static void bytes_may_come_in_any_pieces(void **state)
{
	static const size_t pieces[] = { 1, 2, 3, 7, 100, 1200 };

	for (size_t i = 0; i < ARRAY_COUNT(pieces); i++) {
		chunk = pieces[i];
		shake();
		good();
		end_both();
	}
}

static void a_hello_retry_request_is_of_the_initial_level(void **state)
{
	const uint16_t p256 = KEX_P256;
	struct bj_tls_report report;

	assert_int_equal(bj_tls_config_groups(server, &p256, 1), BJ_OK);
	for (chunk = 0; chunk < 2; chunk++) {
		shake();
		good();
		bj_tls_report(s.conn, &report);
		assert_true(report.retried);
		end_both();
	}
}

static void every_suite_says_its_number(void **state)
{
	static const uint16_t suites[] = { 0x1301, 0x1302, 0x1303 };

	for (size_t i = 0; i < ARRAY_COUNT(suites); i++) {
		teardown(NULL);
		setup(NULL);
		assert_int_equal(bj_tls_config_suites(client, &suites[i], 1), BJ_OK);
		shake();
		good();
		assert_int_equal(c.secrets[0].suite, suites[i]);
		assert_int_equal(c.secrets[0].len, suites[i] == 0x1302 ? 48 : 32);
	}
}

static void a_client_certificate_and_every_question_go_through(void **state)
{
	struct bj_credential *own = pki_credential(&pki, ISSUE_CLIENT, KEY_P256, NULL);
	struct bj_verdict verdict = { .err = BJ_OK, .rule = "" };
	unsigned asked = 0;
	bool waits = true;

	assert_int_equal(bj_tls_config_credential(client, own), BJ_OK);
	bj_credential_free(own);
	assert_int_equal(bj_tls_config_client_auth(server, BJ_TLS_AUTH_REQUIRED), BJ_OK);
	assert_int_equal(bj_tls_config_ask(server, 1u << BJ_TLS_Q_CREDENTIAL | 1u << BJ_TLS_Q_VERIFY), BJ_OK);
	assert_int_equal(bj_tls_config_ask(client, 1u << BJ_TLS_Q_VERIFY), BJ_OK);
	chunk = 5;
	shake();
	while (waits) {
		waits = false;
		for (unsigned i = 0; i < 2; i++) {
			struct bj_tls *conn = i ? s.conn : c.conn;

			if (bj_tls_question(conn) == BJ_TLS_Q_VERIFY) {
				assert_int_equal(bj_tls_answer_verify(conn, &verdict), BJ_OK);
				waits = true;
			} else if (bj_tls_question(conn) == BJ_TLS_Q_CREDENTIAL) {
				assert_true(bytes_equal(bj_tls_quic_peer_params(conn), BYTES_LIT("of the client")));
				assert_int_equal(bj_tls_quic_set_params(conn, "of the server", 13), BJ_OK);
				assert_int_equal(bj_tls_answer_credential(conn, server->credentials[0].credential), BJ_OK);
				waits = true;
			}
			asked += bj_tls_question(conn) == BJ_TLS_Q_NONE && waits;
		}
		feed(&s);
		feed(&c);
		run();
	}
	good();
	assert_true(asked > 0);
}

/* Tickets that come while the client's signature is still being made are kept until it is there. */
static void tickets_may_come_before_the_client_has_finished(void **state)
{
	struct bj_credential *own = pki_credential(&pki, ISSUE_CLIENT, KEY_P256, NULL);
	static const uint8_t ticket[] = { MSG_NEW_SESSION_TICKET, 0, 0, 17, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 3, 'a', 'b', 'c', 0, 0 };
	uint8_t signature[SIG_LEN_MAX];
	enum bj_tls_event event;
	size_t len;

	assert_int_equal(bj_tls_config_credential(client, own), BJ_OK);
	bj_credential_free(own);
	assert_int_equal(bj_tls_config_client_auth(server, BJ_TLS_AUTH_REQUIRED), BJ_OK);
	assert_int_equal(bj_tls_config_ask(client, 1u << BJ_TLS_Q_SIGN), BJ_OK);
	shake();
	assert_int_equal(bj_tls_question(c.conn), BJ_TLS_Q_SIGN);
	assert_int_equal(bj_tls_quic_feed(c.conn, NOW_MS, BJ_TLS_LEVEL_APPLICATION, ticket, sizeof(ticket), &event), BJ_OK);
	assert_int_equal(event, BJ_TLS_ASK);
	assert_int_equal(pkey_sign(c.conn->hs->credential->key, SIG_ECDSA_SHA256, bj_tls_question_bytes(c.conn), signature, sizeof(signature), &len),
			 BJ_OK);
	assert_int_equal(bj_tls_answer_sign(c.conn, signature, len), BJ_OK);
	run();
	good();
	assert_true(c.tickets >= 2);
}

/* What early data of QUIC may come to is not TLS's to say. rfc9001:4.6.1 */
static void tickets_with_a_length_of_early_data_are_refused(void **state)
{
	static const uint32_t lengths[] = { 0, 1, UINT32_MAX - 1 };
	uint8_t ticket[] = { MSG_NEW_SESSION_TICKET, 0, 0, 25, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 3, 'a', 'b', 'c', 0, 8, 0, 42, 0, 4, 0, 0, 0, 0 };
	enum bj_tls_event event;

	for (size_t i = 0; i < ARRAY_COUNT(lengths); i++) {
		for (size_t k = 0; k < 4; k++)
			ticket[sizeof(ticket) - 4 + k] = (uint8_t)(lengths[i] >> 8 * (3 - k));
		shake();
		assert_int_equal(bj_tls_quic_feed(c.conn, NOW_MS, BJ_TLS_LEVEL_APPLICATION, ticket, sizeof(ticket), &event), BJ_ERR_ILLEGAL_PARAMETER);
		end_both();
	}
	memset(ticket + sizeof(ticket) - 4, 0xff, 4);
	shake();
	assert_int_equal(bj_tls_quic_feed(c.conn, NOW_MS, BJ_TLS_LEVEL_APPLICATION, ticket, sizeof(ticket), &event), BJ_OK);
}

/* The session that a whole connection leaves to its client. */
static size_t earn_session(uint8_t *out, size_t cap)
{
	struct bj_bytes session;

	shake();
	session = bj_tls_session(c.conn);
	assert_true(session.len > 0 && session.len <= cap);
	memcpy(out, session.ptr, session.len);
	end_both();
	return session.len;
}

static void sessions_resume_with_quic_only(void **state)
{
	struct bj_tls_config *records = pki_client_config(&pki);
	uint8_t session[4096];
	struct bj_tls_report report;
	struct bj_tls *conn;
	size_t len;

	len = earn_session(session, sizeof(session));
	begin();
	assert_int_equal(bj_tls_resume(c.conn, NOW_MS, session, len), BJ_OK);
	assert_int_equal(bj_tls_start(c.conn, NOW_MS), BJ_OK);
	run();
	good();
	bj_tls_report(s.conn, &report);
	assert_true(report.resumed);
	assert_int_equal(bj_tls_config_freeze(records), BJ_OK);
	assert_int_equal(bj_tls_new(records, PKI_NAME, &conn), BJ_OK);
	assert_int_equal(bj_tls_resume(conn, NOW_MS, session, len), BJ_ERR_BAD_TICKET);
	bj_tls_free(conn);
	bj_tls_config_free(records);
}

static unsigned saw_keys[4]; /* that the client writes with, by their kind */

static void count_keys(void *self, const struct bj_tls *conn, const struct bj_tls_event_info *info)
{
	if (info->kind == BJ_TLS_SAW_KEYS && info->sent)
		saw_keys[info->type]++;
}

/* Early data is refused by the owner, by a retry, or not at all: its secret comes first, its level has no bytes, and keys are told once. */
static void early_data_is_a_secret_of_its_own_level(void **state)
{
	static const enum bj_tls_early ends[] = { BJ_TLS_EARLY_ACCEPTED, BJ_TLS_EARLY_REFUSED, BJ_TLS_EARLY_RETRY };
	const uint16_t p256 = KEX_P256;
	uint8_t session[4096];
	struct bj_tls_report report;
	size_t len;

	for (size_t i = 0; i < ARRAY_COUNT(ends); i++) {
		bool retries = ends[i] == BJ_TLS_EARLY_RETRY;

		teardown(NULL);
		setup(NULL);
		assert_int_equal(bj_tls_config_observer(client, count_keys, NULL), BJ_OK);
		assert_int_equal(bj_tls_config_early_data(client, 1, 0), BJ_OK);
		assert_int_equal(bj_tls_config_early_data(server, 1, 10), BJ_OK);
		assert_int_equal(bj_tls_config_ask(server, 1u << BJ_TLS_Q_EARLY_DATA), BJ_OK);
		if (retries)
			assert_int_equal(bj_tls_config_groups(server, &p256, 1), BJ_OK);
		len = earn_session(session, sizeof(session));
		memset(saw_keys, 0, sizeof(saw_keys));
		begin();
		assert_int_equal(bj_tls_resume(c.conn, NOW_MS, session, len), BJ_OK);
		assert_int_equal(bj_tls_start(c.conn, NOW_MS), BJ_OK);
		take_secrets(&c);
		assert_int_equal(c.secret_count, 1);
		assert_true(c.secrets[0].level == BJ_TLS_LEVEL_EARLY && c.secrets[0].write);
		run();
		assert_int_equal(bj_tls_question(s.conn), retries ? BJ_TLS_Q_NONE : BJ_TLS_Q_EARLY_DATA);
		if (!retries)
			assert_int_equal(bj_tls_answer_early_data(s.conn, ends[i] == BJ_TLS_EARLY_ACCEPTED), BJ_OK);
		run();
		assert_int_equal(c.done + s.done, 2);
		assert_int_equal(c.secret_count, 5);
		assert_int_equal(s.secret_count, ends[i] == BJ_TLS_EARLY_ACCEPTED ? 5 : 4);
		if (ends[i] == BJ_TLS_EARLY_ACCEPTED)
			assert_memory_equal(s.secrets[0].bytes, c.secrets[0].bytes, sizeof(c.secrets[0].bytes));
		assert_int_equal(c.total[BJ_TLS_LEVEL_EARLY] + s.total[BJ_TLS_LEVEL_EARLY], 0);
		bj_tls_report(c.conn, &report);
		assert_int_equal(report.early_data, ends[i]);
		assert_true(report.resumed);
		assert_int_equal(saw_keys[3], 1);
		assert_int_equal(saw_keys[0], 1);
		assert_int_equal(saw_keys[1], 1);
	}
}

static void no_secret_stays_behind(void **state)
{
	static const struct quic_secret none[QUIC_SECRETS_MAX];

	shake();
	good();
	assert_memory_equal(c.conn->quic->secrets, none, sizeof(none));
	assert_memory_equal(s.conn->quic->secrets, none, sizeof(none));
	assert_int_equal(c.conn->s13.read.len + c.conn->s13.write.len + s.conn->s13.read.len + s.conn->s13.write.len, 0);
	assert_int_equal(c.conn->rd.form, RECORD_PLAIN);
}

/* Like shake(), but every call may fail. */
static bool try_shake(void)
{
	memset(&c, 0, sizeof(c));
	memset(&s, 0, sizeof(s));
	if (bj_tls_new(client, PKI_NAME, &c.conn) || bj_tls_new(server, NULL, &s.conn))
		return false;
	if (bj_tls_quic_set_params(c.conn, "of the client", 13) || bj_tls_quic_set_params(s.conn, "of the server", 13))
		return false;
	if (bj_tls_start(c.conn, NOW_MS) == BJ_OK)
		run();
	if (c.done && s.done && !c.err && !s.err)
		return true;
	assert_true(bj_tls_error(c.conn) == BJ_ERR_NO_MEMORY || bj_tls_error(s.conn) == BJ_ERR_NO_MEMORY ||
		    bj_tls_error(c.conn) == BJ_ERR_CRYPTO || bj_tls_error(s.conn) == BJ_ERR_CRYPTO);
	return false;
}

static void every_allocation_may_fail(void **state)
{
	unsigned failures;

	assert_int_equal(bj_tls_config_freeze(client), BJ_OK);
	assert_int_equal(bj_tls_config_freeze(server), BJ_OK);
	failures = scarce_each(try_shake, end_both);
	good();
	assert_true(failures > 10);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_configuration_without_protocols_or_without_1_3_is_not_frozen),
		T(calls_of_records_are_refused),
		T(calls_of_quic_are_refused_where_there_are_records),
		T(nothing_begins_without_parameters_of_our_own),
		T(bytes_of_a_level_without_a_secret_change_nothing),
		T(bytes_of_the_early_level_end_the_connection),
		T(bytes_of_a_level_that_is_over_end_the_connection),
		T(bytes_left_over_when_the_level_changes_end_the_connection),
		T(bytes_that_come_while_a_question_waits_are_left_over_too),
		T(bytes_that_come_with_the_answer_do_not_reach_the_next_level),
		T(messages_that_quic_does_not_have_are_unexpected),
		T(a_hello_without_parameters_or_protocols_is_refused),
		T(a_hello_with_a_session_id_is_refused),
		T(parameters_of_quic_in_a_record_are_refused),
		T(a_failure_is_a_code_and_no_bytes),
		T(both_ends_have_the_same_secrets_and_each_others_parameters),
		T(secrets_come_in_the_order_of_their_use),
		T(bytes_may_come_in_any_pieces),
		T(a_hello_retry_request_is_of_the_initial_level),
		T(every_suite_says_its_number),
		T(a_client_certificate_and_every_question_go_through),
		T(tickets_may_come_before_the_client_has_finished),
		T(tickets_with_a_length_of_early_data_are_refused),
		T(sessions_resume_with_quic_only),
		T(early_data_is_a_secret_of_its_own_level),
		T(no_secret_stays_behind),
		T(every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, pki_setup, pki_teardown);
}
