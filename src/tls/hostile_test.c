/* hostile_test.c - handshake messages that are cut, changed or out of place: an alert, never a connection, never a crash.
 *
 * Messages are changed inside the encryption: this test opens the records itself, changes one message, and hands it on in a buffer of
 * exactly its size, so that a sanitizer sees a read past its end.
 */
#include "tls/fixture.h"
#include "tls/flight.h"

/* What happens to one message. */
enum harm {
	HARM_NONE,
	HARM_FLIP,     /* a bit of byte `at` */
	HARM_CUT,      /* the body ends at `at`, and the header says so */
	HARM_GROW,     /* a byte more at the end, and the header says so */
	HARM_LENGTH,   /* byte `at` one more */
};

struct plan {
	enum harm harm;
	unsigned message; /* which of the whole handshake */
	size_t at;
	uint8_t mask;
	/* what was seen */
	unsigned messages;
	size_t lens[32];
	uint8_t types[32];
	bool to_server[32];
	bool done; /* the message that is meant was there */
	bool outside; /* every message that has no place is tried before each one that has */
};

static struct plan plan;
static uint8_t session[SESSION_BLOB_MAX]; /* offered by each client, if there is one */
static size_t session_len;

static void fail_side(struct side *to, enum bj_err err)
{
	to->err = conn_fail(to->conn, err);
}

static void try_outsiders(struct side *to)
{
	for (unsigned type = 0; type < 256; type++) {
		uint8_t raw[4 + 40] = { (uint8_t)type, 0, 0, 40 };
		enum bj_err err;

		if (type == MSG_SERVER_HELLO || type == MSG_HELLO_RETRY_REQUEST)
			continue; /* told apart by what is in them: tried below */
		if (handshake_awaits(to->conn, type))
			continue;
		err = handshake_receive(to->conn, type, bytes_of(raw, sizeof(raw)), true);
		assert_int_equal(err, state_at(&to->conn->state) == ST_OPEN && to->conn->is_server && type == MSG_CLIENT_HELLO &&
						      !conn_is_13(to->conn) ? BJ_ERR_RENEGOTIATION : BJ_ERR_UNEXPECTED_MESSAGE);
	}
	for (unsigned retry = 0; retry < 2; retry++) {
		uint8_t raw[4 + 40] = { MSG_SERVER_HELLO, 0, 0, 40 };

		if (retry)
			memcpy(raw + 6, server_hello_retry_random, RANDOM_LEN);
		if (!handshake_awaits(to->conn, retry && !to->conn->is_server ? (unsigned)MSG_HELLO_RETRY_REQUEST : MSG_SERVER_HELLO))
			assert_int_equal(handshake_receive(to->conn, MSG_SERVER_HELLO, bytes_of(raw, sizeof(raw)), true),
					 BJ_ERR_UNEXPECTED_MESSAGE);
	}
}

/* A copy of the message, changed if it is the one that is meant. */
static uint8_t *harmed(const struct message *m, size_t *len)
{
	/* signatures have different lengths: what lies behind the end of this one is not harmed */
	bool is_it = plan.harm != HARM_NONE && plan.messages == plan.message && (plan.at < m->body.len || plan.harm == HARM_GROW);
	uint8_t *copy;

	*len = m->whole.len;
	if (is_it && plan.harm == HARM_CUT)
		*len = MESSAGE_HEADER_LEN + plan.at;
	if (is_it && plan.harm == HARM_GROW)
		*len += 1;
	copy = calloc(1, *len);
	assert_non_null(copy);
	memcpy(copy, m->whole.ptr, *len < m->whole.len ? *len : m->whole.len);
	if (!is_it)
		return copy;
	plan.done = true;
	if (plan.harm == HARM_FLIP)
		copy[MESSAGE_HEADER_LEN + plan.at] ^= plan.mask;
	if (plan.harm == HARM_LENGTH)
		copy[MESSAGE_HEADER_LEN + plan.at]++;
	copy[1] = (uint8_t)((*len - MESSAGE_HEADER_LEN) >> 16);
	copy[2] = (uint8_t)((*len - MESSAGE_HEADER_LEN) >> 8);
	copy[3] = (uint8_t)(*len - MESSAGE_HEADER_LEN);
	return copy;
}

static void deliver_message(struct side *to, const struct message *m, bool last)
{
	size_t len;
	uint8_t *copy = harmed(m, &len);
	enum bj_err err = BJ_OK;

	if (plan.messages < ARRAY_COUNT(plan.lens)) {
		plan.lens[plan.messages] = m->body.len;
		plan.types[plan.messages] = m->type;
		plan.to_server[plan.messages] = to == &pair.server;
	}
	plan.messages++;
	if (to->conn->is_server && !to->conn->hs && state_at(&to->conn->state) == ST_START)
		err = handshake_new(to->conn);
	if (!err && plan.outside)
		try_outsiders(to);
	if (!err)
		err = handshake_receive(to->conn, m->type, bytes_of(copy, len), last);
	if (!err)
		err = handshake_advance(to->conn);
	if (err)
		fail_side(to, err);
	free(copy);
}

static void deliver_record(struct side *to, const struct record *rec)
{
	size_t taken = 0, need;
	struct message m;
	enum bj_err err;

	if (rec->type == RECORD_ALERT) {
		to->conn->alert_received = rec->body.ptr[1];
		fail_side(to, BJ_ERR_ALERT_RECEIVED);
	} else if (rec->type == RECORD_CCS && to->conn->version == BJ_TLS_1_2) {
		err = handshake_receive(to->conn, MSG_CHANGE_CIPHER_SPEC, (struct bj_bytes){ NULL, 0 }, true);
		if (!err)
			err = handshake_advance(to->conn);
		if (err)
			fail_side(to, err);
	} else if (rec->type == RECORD_HANDSHAKE) {
		while (!to->err && message_take(bytes_of(rec->body.ptr + taken, rec->body.len - taken), &m, &need)) {
			taken += m.whole.len;
			deliver_message(to, &m, taken == rec->body.len);
		}
		if (!to->err)
			assert_int_equal(taken, rec->body.len);
	}
}

static bool deliver(struct side *from, struct side *to)
{
	size_t len = bj_tls_pull(from->conn, to->wire, WIRE_CAP), at = 0;
	struct record rec;

	to->conn->now_ms = NOW_MS;
	while (at < len && !to->err) {
		enum bj_err err = record_open(&to->conn->rd, to->wire + at, len - at, &rec);

		if (err) {
			fail_side(to, err);
			break;
		}
		assert_true(rec.used > 0);
		at += rec.used;
		deliver_record(to, &rec);
	}
	return len > 0;
}

static void shake_harmed(void)
{
	pair_start(&pair, client, server, PKI_NAME);
	plan.messages = 0;
	plan.done = false;
	if (session_len > 0)
		assert_int_equal(bj_tls_resume(pair.client.conn, NOW_MS, session, session_len), BJ_OK);
	assert_int_equal(bj_tls_start(pair.client.conn, NOW_MS), BJ_OK);
	for (bool moved = true; moved;) {
		moved = deliver(&pair.client, &pair.server);
		moved |= deliver(&pair.server, &pair.client);
	}
}

/* Which of the two has to have noticed, and how. */
static void expect_refusal(void)
{
	bool after = plan.types[plan.message] == MSG_NEW_SESSION_TICKET && pair.client.conn->version == BJ_TLS_1_3;
	struct side *sides[2] = { &pair.client, &pair.server };
	bool open = true;

	if (!plan.done) {
		assert_true(plan.types[plan.message] == MSG_CERTIFICATE_VERIFY || plan.types[plan.message] == MSG_SERVER_KEY_EXCHANGE);
		pair_fini(&pair);
		return;
	}
	for (unsigned i = 0; i < 2; i++) {
		struct bj_tls_report r = report_of(sides[i]);

		open &= r.err == BJ_OK && r.handshake_done;
		if (r.alert_sent == ALERT_INTERNAL_ERROR || r.err == BJ_ERR_INTERNAL)
			fail_msg("internal error: message %u (%s), harm %d at %zu mask %02x: %s", plan.message,
				 message_name(plan.types[plan.message]), plan.harm, plan.at, plan.mask, bj_err_name(r.err));
		if (r.err && r.err != BJ_ERR_ALERT_RECEIVED)
			assert_true(r.alert_sent > 0);
	}
	if (open && !after)
		fail_msg("a connection: message %u (%s), harm %d at %zu mask %02x", plan.message, message_name(plan.types[plan.message]),
			 plan.harm, plan.at, plan.mask);
	pair_fini(&pair);
}

static void harm_everything(void)
{
	struct plan seen;

	plan = (struct plan){ .outside = true };
	shake_harmed();
	if (pair.client.err || pair.server.err)
		print_message("client %s, server %s\n", bj_err_name(pair.client.err), bj_err_name(pair.server.err));
	assert_int_equal(pair.client.err, BJ_OK);
	assert_int_equal(pair.server.err, BJ_OK);
	assert_true(report_of(&pair.server).handshake_done);
	pair_fini(&pair);
	seen = plan;
	for (unsigned i = 0; i < seen.messages; i++) {
		/* the middle of certificates is the parser of certificates' to prove */
		size_t step = seen.types[i] == MSG_CERTIFICATE ? 37 : 1;

		plan = seen;
		plan.outside = false;
		plan.message = i;
		for (plan.at = 0; plan.at < seen.lens[i]; plan.at += plan.at < 16 ? 1 : step) {
			plan.harm = HARM_FLIP;
			plan.mask = (uint8_t)(1 << plan.at % 8);
			shake_harmed();
			expect_refusal();
			plan.harm = HARM_LENGTH;
			shake_harmed();
			expect_refusal();
			plan.harm = HARM_CUT;
			shake_harmed();
			expect_refusal();
		}
		plan.harm = HARM_GROW;
		shake_harmed();
		if (pair.client.err != BJ_ERR_ALERT_RECEIVED) /* whoever received it found it malformed */
			assert_int_equal(pair.client.err, seen.to_server[i] ? BJ_OK : BJ_ERR_DECODE);
		expect_refusal();
	}
}

/* The same for handshakes that resume a session. */
static void harm_resumption(void)
{
	struct bj_bytes newest;

	plan = (struct plan){ 0 };
	shake_harmed();
	newest = bj_tls_session(pair.client.conn);
	assert_true(newest.len > 0);
	memcpy(session, newest.ptr, newest.len);
	session_len = newest.len;
	pair_fini(&pair);
	shake_harmed();
	assert_true(report_of(&pair.server).resumed);
	pair_fini(&pair);
	harm_everything();
	session_len = 0;
}

static void a_full_handshake_of_13_lets_nothing_through(void **state)
{
	const char *const names[] = { "h2" };

	assert_int_equal(bj_tls_config_alpn(client, names, 1), BJ_OK);
	assert_int_equal(bj_tls_config_alpn(server, names, 1), BJ_OK);
	harm_everything();
}

static void client_certificates_and_a_retry_let_nothing_through(void **state)
{
	const uint16_t groups[] = { KEX_X25519, KEX_P256 }, p256 = KEX_P256;
	struct bj_credential *credential = pki_credential(&pki, ISSUE_CLIENT, KEY_P256, NULL);

	assert_int_equal(bj_tls_config_credential(client, credential), BJ_OK);
	bj_credential_free(credential);
	assert_int_equal(bj_tls_config_client_auth(server, BJ_TLS_AUTH_OPTIONAL), BJ_OK);
	assert_int_equal(bj_tls_config_groups(client, groups, 2), BJ_OK);
	assert_int_equal(bj_tls_config_groups(server, &p256, 1), BJ_OK);
	harm_everything();
}

static void only_12(void)
{
	assert_int_equal(bj_tls_config_versions(client, BJ_TLS_1_2, BJ_TLS_1_2), BJ_OK);
}

static void a_full_handshake_of_12_lets_nothing_through(void **state)
{
	only_12();
	harm_everything();
}

static void client_certificates_of_12_let_nothing_through(void **state)
{
	struct bj_credential *credential = pki_credential(&pki, ISSUE_CLIENT, KEY_P256, NULL);

	assert_int_equal(bj_tls_config_credential(client, credential), BJ_OK);
	bj_credential_free(credential);
	assert_int_equal(bj_tls_config_client_auth(server, BJ_TLS_AUTH_OPTIONAL), BJ_OK);
	only_12();
	harm_everything();
}

static void resumption_of_13_lets_nothing_through(void **state)
{
	harm_resumption();
}

static void resumption_of_12_lets_nothing_through(void **state)
{
	only_12();
	harm_resumption();
}

#define T(f) cmocka_unit_test_setup_teardown(f, ends_setup, ends_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_full_handshake_of_13_lets_nothing_through),
		T(client_certificates_and_a_retry_let_nothing_through),
		T(a_full_handshake_of_12_lets_nothing_through),
		T(client_certificates_of_12_let_nothing_through),
		T(resumption_of_13_lets_nothing_through),
		T(resumption_of_12_lets_nothing_through),
	};

	return cmocka_run_group_tests(tests, pki_setup, pki_teardown);
}
