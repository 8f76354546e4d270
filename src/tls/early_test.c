/* early_test.c - early data is taken once, in time, for the session and protocol that it was meant for, and nothing is lost where it is
 * not: who reads it can tell it apart, and who sent it learns that it must be sent again. */
#include <pthread.h>

#include "crypto/rng_os.h"
#include "tls/early.h"
#include "tls/fixture.h"
#include "tls/replay.h"

#define MAX 1000
#define WINDOW_S 10

static uint8_t flight[WIRE_CAP];
static size_t flight_len;
static const uint8_t request[] = "GET / early";

static int setup(void **state)
{
	const char *const names[] = { "h2", "http/1.1" };

	ends_setup(state);
	assert_int_equal(bj_tls_config_alpn(client, names, 2), BJ_OK);
	assert_int_equal(bj_tls_config_alpn(server, names, 2), BJ_OK);
	assert_int_equal(bj_tls_config_early_data(client, UINT32_MAX, 0), BJ_OK);
	assert_int_equal(bj_tls_config_early_data(server, MAX, WINDOW_S), BJ_OK);
	return 0;
}

/* A full handshake, whose session goes into `kept`. */
static void first(void)
{
	ends_shake();
	session_keep();
}

/* A client with that session has made its hello. */
static void offer(int64_t now_ms)
{
	pair_start(&pair, client, server, PKI_NAME);
	pair.now_ms = now_ms;
	assert_int_equal(bj_tls_resume(pair.client.conn, now_ms, kept, kept_len), BJ_OK);
	assert_int_equal(bj_tls_start(pair.client.conn, now_ms), BJ_OK);
}

static enum bj_err seal(struct side *from, struct side *to, const void *data, size_t len, size_t *out_used)
{
	struct bj_bytes piece = { data, len };
	size_t out_len;
	enum bj_err err = bj_tls_seal(from->conn, &piece, 1, to->wire + to->wire_len, WIRE_CAP - to->wire_len, out_used, &out_len);

	to->wire_len += out_len;
	return err;
}

/* The hello and the request, which stay in `flight` too. */
static void send_early(void)
{
	size_t used;

	assert_int_equal(report_of(&pair.client).early_data, BJ_TLS_EARLY_OFFERED);
	assert_int_equal(seal(&pair.client, &pair.server, request, sizeof(request), &used), BJ_OK);
	assert_int_equal(used, sizeof(request));
	memcpy(flight, pair.server.wire, pair.server.wire_len);
	flight_len = pair.server.wire_len;
}

static void expect(enum bj_tls_early at_client, enum bj_tls_early at_server)
{
	assert_int_equal(pair.client.err, BJ_OK);
	assert_int_equal(pair.server.err, BJ_OK);
	assert_int_equal(pair.client.done, 1);
	assert_int_equal(pair.server.done, 1);
	assert_int_equal(report_of(&pair.client).early_data, at_client);
	assert_int_equal(report_of(&pair.server).early_data, at_server);
	assert_int_equal(pair.server.early_len, at_server == BJ_TLS_EARLY_ACCEPTED ? sizeof(request) : 0);
	if (at_server == BJ_TLS_EARLY_ACCEPTED)
		assert_memory_equal(pair.server.early, request, sizeof(request));
	pair_echo(&pair);
}

/* ---- it is refused, and the handshake goes on */

static void a_replayed_hello_is_not_taken_again(void **state)
{
	first();
	offer(NOW_MS);
	send_early();
	pair_run(&pair);
	expect(BJ_TLS_EARLY_ACCEPTED, BJ_TLS_EARLY_ACCEPTED);
	for (unsigned i = 0; i < 3; i++) {
		pair_fini(&pair);
		pair_start(&pair, client, server, PKI_NAME);
		pair.now_ms = NOW_MS + 1000 * i;
		memcpy(pair.server.wire, flight, flight_len);
		pair.server.wire_len = flight_len;
		side_feed(&pair, &pair.server);
		assert_int_equal(pair.server.err, BJ_OK);
		assert_int_equal(pair.server.early_len, 0);
		assert_true(report_of(&pair.server).resumed);
		assert_int_equal(report_of(&pair.server).early_data, BJ_TLS_EARLY_REPLAYED);
	}
}

static void a_hello_that_comes_too_late_or_too_soon_is_not_taken(void **state)
{
	static const struct { int64_t late_ms; enum bj_tls_early why; } rows[] = {
		{ WINDOW_S * 1000 + 1, BJ_TLS_EARLY_AGE }, { -WINDOW_S * 1000 - 1, BJ_TLS_EARLY_AGE },
		{ WINDOW_S * 1000, BJ_TLS_EARLY_ACCEPTED }, { -WINDOW_S * 1000, BJ_TLS_EARLY_ACCEPTED },
	};

	first();
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		bool taken = rows[i].why == BJ_TLS_EARLY_ACCEPTED;

		offer(NOW_MS + 100000);
		send_early();
		pair.now_ms += rows[i].late_ms;
		pair_run(&pair);
		expect(taken ? BJ_TLS_EARLY_ACCEPTED : BJ_TLS_EARLY_REFUSED, rows[i].why);
		assert_int_equal(report_of(&pair.server).age_skew_ms, -rows[i].late_ms);
		pair_fini(&pair);
	}
}

/* The server of the second connection: what it knows of the first is the keys of its tickets. */
static void change_server(void (*change)(struct bj_tls_config *config))
{
	struct bj_tls_config *next = pki_server_config(&pki, KEY_P256);
	const char *const names[] = { "h2", "http/1.1" };

	assert_int_equal(bj_tls_config_alpn(next, names, 2), BJ_OK);
	assert_int_equal(bj_tls_config_early_data(next, MAX, WINDOW_S), BJ_OK);
	change(next);
	assert_int_equal(bj_tls_config_freeze(next), BJ_OK);
	ticket_keys_free(next->tickets);
	next->tickets = server->tickets;
	server->tickets = NULL;
	bj_tls_config_free(server);
	server = next;
}

static void turn_off(struct bj_tls_config *config)
{
	assert_int_equal(bj_tls_config_early_data(config, 0, 0), BJ_OK);
}

static void another_group(struct bj_tls_config *config)
{
	const uint16_t p384 = KEX_P384;

	assert_int_equal(bj_tls_config_groups(config, &p384, 1), BJ_OK);
}

static void another_suite(struct bj_tls_config *config)
{
	const uint16_t suite = 0x1303; /* of the same hash */

	assert_int_equal(bj_tls_config_suites(config, &suite, 1), BJ_OK);
}

static void another_context(struct bj_tls_config *config)
{
	assert_int_equal(bj_tls_config_session_context(config, "b", 1), BJ_OK);
}

static void another_protocol(struct bj_tls_config *config)
{
	const char *const names[] = { "http/1.1" };

	assert_int_equal(bj_tls_config_alpn(config, names, 1), BJ_OK);
}

static void another_server_refuses_it_and_both_know_why(void **state)
{
	static const struct { void (*change)(struct bj_tls_config *config); enum bj_tls_early at_client, at_server; } rows[] = {
		{ turn_off, BJ_TLS_EARLY_REFUSED, BJ_TLS_EARLY_OFF },
		{ another_group, BJ_TLS_EARLY_RETRY, BJ_TLS_EARLY_RETRY },
		{ another_suite, BJ_TLS_EARLY_REFUSED, BJ_TLS_EARLY_SUITE },
		{ another_context, BJ_TLS_EARLY_NOT_RESUMED, BJ_TLS_EARLY_NOT_RESUMED },
		{ another_protocol, BJ_TLS_EARLY_NOT_RESUMED, BJ_TLS_EARLY_NOT_RESUMED },
	};
	const uint16_t suites[] = { 0x1301, 0x1303 };

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		ends_teardown(NULL);
		setup(NULL);
		assert_int_equal(bj_tls_config_suites(client, suites, 2), BJ_OK);
		first();
		change_server(rows[i].change);
		offer(NOW_MS);
		send_early();
		pair_run(&pair);
		expect(rows[i].at_client, rows[i].at_server);
	}
}

static void a_refusal_of_the_owner_is_kept(void **state)
{
	uint8_t id[32];

	assert_int_equal(bj_tls_config_ask(server, 1u << BJ_TLS_Q_EARLY_DATA), BJ_OK);
	first();
	for (unsigned accept = 0; accept < 2; accept++) {
		offer(NOW_MS);
		send_early();
		pair_run(&pair);
		assert_int_equal(bj_tls_question(pair.server.conn), BJ_TLS_Q_EARLY_DATA);
		assert_int_equal(bj_tls_question_bytes(pair.server.conn).len, sizeof(id));
		if (accept)
			assert_memory_not_equal(bj_tls_question_bytes(pair.server.conn).ptr, id, sizeof(id));
		memcpy(id, bj_tls_question_bytes(pair.server.conn).ptr, sizeof(id));
		assert_int_equal(pair.server.early_len, 0);
		assert_int_equal(bj_tls_answer_early_data(pair.server.conn, accept), BJ_OK);
		assert_int_equal(bj_tls_answer_early_data(pair.server.conn, accept), BJ_ERR_STATE);
		pair_run(&pair);
		expect(accept ? BJ_TLS_EARLY_ACCEPTED : BJ_TLS_EARLY_REFUSED, accept ? BJ_TLS_EARLY_ACCEPTED : BJ_TLS_EARLY_REFUSED);
		pair_fini(&pair);
	}
}

static void it_is_not_offered_where_it_is_off_or_the_session_is_another(void **state)
{
	const char *const names[] = { "http/1.1" };

	first();
	bj_tls_config_free(client);
	client = pki_client_config(&pki);
	assert_int_equal(bj_tls_config_alpn(client, names, 1), BJ_OK);
	assert_int_equal(bj_tls_config_early_data(client, MAX, 0), BJ_OK);
	offer(NOW_MS);
	assert_int_equal(report_of(&pair.client).early_data, BJ_TLS_EARLY_ALPN);
	pair_fini(&pair);
	bj_tls_config_free(client);
	client = pki_client_config(&pki);
	offer(NOW_MS);
	assert_int_equal(report_of(&pair.client).early_data, BJ_TLS_EARLY_OFF);
	pair_run(&pair);
	assert_int_equal(pair.client.done, 1);
}

/* A ticket is no older than new: its age is not counted backwards into weeks. */
static void it_is_taken_though_the_clocks_went_back_a_little(void **state)
{
	first();
	offer(NOW_MS - 5000);
	send_early();
	pair_run(&pair);
	expect(BJ_TLS_EARLY_ACCEPTED, BJ_TLS_EARLY_ACCEPTED);
	assert_int_equal(report_of(&pair.server).age_skew_ms, 5000);
}

/* ---- limits */

static void a_server_takes_no_more_than_it_said(void **state)
{
	static const uint8_t zeros[MAX + 1];
	size_t used;

	first();
	offer(NOW_MS);
	pair.client.conn->hs->early_data->max = UINT64_MAX; /* a client that does not keep to it */
	assert_int_equal(seal(&pair.client, &pair.server, zeros, MAX, &used), BJ_OK);
	assert_int_equal(seal(&pair.client, &pair.server, zeros, 1, &used), BJ_OK);
	pair_run(&pair);
	assert_int_equal(pair.server.err, BJ_ERR_TOO_MUCH_EARLY_DATA);
	assert_int_equal(report_of(&pair.server).alert_sent, ALERT_UNEXPECTED_MESSAGE);
	assert_int_equal(pair.server.early_len, MAX);
}

static void a_client_sends_no_more_than_its_ticket_allows(void **state)
{
	static const uint8_t zeros[MAX + 100];
	size_t used;

	first();
	offer(NOW_MS);
	assert_int_equal(seal(&pair.client, &pair.server, zeros, sizeof(zeros), &used), BJ_OK);
	assert_int_equal(used, MAX);
	assert_int_equal(seal(&pair.client, &pair.server, zeros, 1, &used), BJ_ERR_STATE);
	assert_int_equal(used, 0);
	pair_run(&pair);
	assert_int_equal(pair.server.err, BJ_OK);
	assert_int_equal(pair.server.early_len, MAX);
	assert_int_equal(seal(&pair.client, &pair.server, zeros, 100, &used), BJ_OK);
	assert_int_equal(used, 100);
}

/* The ServerHello is here, so the version is known; there is no KeyUpdate yet all the same. rfc9846:5.5 */
static void where_keys_of_early_data_reach_their_limit_it_waits_for_the_next(void **state)
{
	struct bj_tls_fed fed;
	size_t used, len;

	first();
	offer(NOW_MS);
	send_early();
	side_feed(&pair, &pair.server);
	assert_int_equal(bj_tls_pending(pair.client.conn), 0);
	side_carry(&pair, &pair.server, &pair.client);
	len = RECORD_HEADER_LEN + ((size_t)pair.client.wire[3] << 8 | pair.client.wire[4]);
	assert_int_equal(bj_tls_feed(pair.client.conn, NOW_MS, pair.client.wire, len, &fed), BJ_OK);
	assert_int_equal(fed.used, len);
	memmove(pair.client.wire, pair.client.wire + len, pair.client.wire_len -= len);
	len = pair.client.conn->wr.seq;
	pair.client.conn->wr.seq = RECORD_SOFT_LIMIT;
	assert_false(bj_tls_may_seal(pair.client.conn));
	assert_int_equal(seal(&pair.client, &pair.server, "x", 1, &used), BJ_ERR_STATE);
	assert_int_equal(bj_tls_pending(pair.client.conn), 0);
	pair.client.conn->wr.seq = len;
	pair_run(&pair);
	expect(BJ_TLS_EARLY_ACCEPTED, BJ_TLS_EARLY_ACCEPTED);
}

static void refused_data_is_passed_over_to_its_limit(void **state)
{
	static const uint8_t zeros[MAX];
	size_t used;

	first();
	change_server(another_suite);
	offer(NOW_MS);
	for (unsigned i = 0; i < MAX / 10; i++)
		assert_int_equal(seal(&pair.client, &pair.server, zeros, 10, &used), BJ_OK);
	pair_run(&pair);
	assert_int_equal(pair.server.err, BJ_OK);
	assert_int_equal(pair.server.done, 1);
	assert_int_equal(report_of(&pair.client).early_data, BJ_TLS_EARLY_REFUSED);
}

static void a_window_must_be_one(void **state)
{
	assert_int_equal(bj_tls_config_early_data(server, MAX, 0), BJ_ERR_ARGUMENT);
	assert_int_equal(bj_tls_config_early_data(server, MAX, 601), BJ_ERR_ARGUMENT);
	assert_int_equal(bj_tls_config_early_data(server, MAX, 600), BJ_OK);
	assert_int_equal(bj_tls_config_freeze(server), BJ_OK);
	assert_int_equal(bj_tls_config_early_data(server, MAX, 10), BJ_ERR_CONFIG_FROZEN);
}

/* ---- it is taken */

static void it_comes_before_the_handshake_is_done_whatever_the_pieces(void **state)
{
	static const size_t chunks[] = { 0, 1, 7, 100 };

	first();
	for (size_t i = 0; i < ARRAY_COUNT(chunks); i++) {
		offer(NOW_MS);
		pair.chunk = chunks[i];
		send_early();
		side_feed(&pair, &pair.server);
		assert_int_equal(pair.server.early_len, sizeof(request));
		assert_int_equal(pair.server.done, 0);
		pair_run(&pair);
		expect(BJ_TLS_EARLY_ACCEPTED, BJ_TLS_EARLY_ACCEPTED);
		assert_int_equal(report_of(&pair.server).bytes_in, sizeof(request) + sizeof("hello, server"));
		pair_fini(&pair);
	}
}

static void a_server_answers_before_it_is_done_and_only_then(void **state)
{
	size_t used;

	first();
	offer(NOW_MS);
	assert_int_equal(seal(&pair.server, &pair.client, "x", 1, &used), BJ_ERR_STATE);
	send_early();
	side_feed(&pair, &pair.server);
	assert_int_equal(seal(&pair.server, &pair.client, "answer", 6, &used), BJ_OK);
	assert_int_equal(pair.server.done, 0);
	side_feed(&pair, &pair.client);
	assert_int_equal(pair.client.done, 1);
	assert_int_equal(pair.client.data_len, 6);
	assert_memory_equal(pair.client.data, "answer", 6);
	pair_run(&pair);
	expect(BJ_TLS_EARLY_ACCEPTED, BJ_TLS_EARLY_ACCEPTED);
}

/* Who sends early data has not seen our limit of records. When the handshake is done, he has. */
static void records_have_their_limit_again_when_the_handshake_is_done(void **state)
{
	static uint8_t data[901];
	struct bj_bytes piece = { data, sizeof(data) };
	size_t len;

	for (unsigned asked = 0; asked < 2; asked++) {
		ends_teardown(NULL);
		setup(NULL);
		assert_int_equal(bj_tls_config_receive_max(client, 900), BJ_OK);
		assert_int_equal(bj_tls_config_receive_max(server, 900), BJ_OK);
		assert_int_equal(bj_tls_config_post_handshake_auth(client, true), BJ_OK);
		assert_int_equal(bj_tls_config_post_handshake_auth(server, true), BJ_OK);
		first();
		offer(NOW_MS);
		send_early();
		pair_run(&pair);
		expect(BJ_TLS_EARLY_ACCEPTED, BJ_TLS_EARLY_ACCEPTED);
		if (asked)
			assert_int_equal(bj_tls_request_certificate(pair.server.conn), BJ_OK);
		assert_int_equal(record_seal(&pair.client.conn->wr, RECORD_DATA, VERSION_1_2, &piece, 1, pair.server.wire, WIRE_CAP, &len), BJ_OK);
		pair.server.wire_len = len;
		side_feed(&pair, &pair.server);
		assert_int_equal(pair.server.err, BJ_ERR_RECORD_OVERFLOW);
	}
}

/* What is said to be enough is enough, padding and all. */
static void early_records_are_no_longer_than_was_said(void **state)
{
	struct bj_bytes piece = { request, sizeof(request) };
	size_t used, len;

	assert_int_equal(bj_tls_config_padding(client, 512), BJ_OK);
	first();
	offer(NOW_MS);
	(void)side_carry(&pair, &pair.client, &pair.server);
	assert_int_equal(bj_tls_seal(pair.client.conn, &piece, 1, flight, sizeof(flight), &used, &len), BJ_OK);
	pair_fini(&pair);
	offer(NOW_MS);
	(void)side_carry(&pair, &pair.client, &pair.server);
	assert_true(len <= bj_tls_sealed_len(pair.client.conn, sizeof(request)));
}

static void without_early_data_nothing_is_sent_before_the_end(void **state)
{
	size_t used;

	pair_start(&pair, client, server, PKI_NAME);
	assert_int_equal(bj_tls_start(pair.client.conn, NOW_MS), BJ_OK);
	assert_int_equal(report_of(&pair.client).early_data, BJ_TLS_EARLY_NO_SESSION);
	assert_int_equal(seal(&pair.client, &pair.server, "x", 1, &used), BJ_ERR_STATE);
	side_carry(&pair, &pair.client, &pair.server);
	side_feed(&pair, &pair.server);
	assert_int_equal(seal(&pair.server, &pair.client, "x", 1, &used), BJ_ERR_STATE);
}

static void both_export_the_same_early_and_nothing_afterwards(void **state)
{
	uint8_t a[32], b[32];

	first();
	offer(NOW_MS);
	send_early();
	side_feed(&pair, &pair.server);
	assert_int_equal(bj_tls_export(pair.client.conn, "x", NULL, 0, a, sizeof(a)), BJ_ERR_STATE);
	assert_int_equal(bj_tls_export_early(pair.client.conn, "x", "c", 1, a, sizeof(a)), BJ_OK);
	assert_int_equal(bj_tls_export_early(pair.server.conn, "x", "c", 1, b, sizeof(b)), BJ_OK);
	assert_memory_equal(a, b, sizeof(a));
	assert_int_equal(bj_tls_export(pair.server.conn, "x", "c", 1, b, sizeof(b)), BJ_OK);
	assert_memory_not_equal(a, b, sizeof(a));
	pair_run(&pair);
	assert_int_equal(bj_tls_export_early(pair.client.conn, "x", "c", 1, a, sizeof(a)), BJ_ERR_STATE);
	assert_int_equal(bj_tls_export(pair.client.conn, "x", "c", 1, a, sizeof(a)), BJ_OK);
	assert_memory_equal(a, b, sizeof(a));
}

/* ---- the guard by itself */

/* So few that a row of neighbours is full by chance once in ten million runs: the guard's keys are random. */
#define FEW_HELLOS 2000

static void the_guard_knows_each_once_until_its_window_is_over(void **state)
{
	struct replay_guard *guard = replay_guard_new(&rng_os);
	unsigned refused = 0;

	assert_non_null(guard);
	for (uint32_t i = 0; i < FEW_HELLOS; i++) {
		struct bj_bytes id = { (const uint8_t *)&i, sizeof(i) };

		refused += !replay_guard_first(guard, NOW_MS, 21000, id);
		assert_false(replay_guard_first(guard, NOW_MS + 20999, 21000, id));
	}
	assert_int_equal(refused, 0);
	for (uint32_t i = 0; i < FEW_HELLOS; i++)
		assert_true(replay_guard_first(guard, NOW_MS + 22000, 21000, bytes_of(&i, sizeof(i))));
	replay_guard_free(guard);
}

static void a_full_guard_lets_nothing_through(void **state)
{
	struct replay_guard *guard = replay_guard_new(&rng_os);
	uint32_t let = 0, n = 4 * REPLAY_ENTRIES;

	for (uint32_t i = 0; i < n; i++)
		let += replay_guard_first(guard, NOW_MS, 21000, bytes_of(&i, sizeof(i)));
	assert_in_range(let, REPLAY_ENTRIES / 2, REPLAY_ENTRIES);
	for (uint32_t i = 0; i < n; i++)
		assert_false(replay_guard_first(guard, NOW_MS, 21000, bytes_of(&i, sizeof(i))));
	replay_guard_free(guard);
}

struct crowd {
	struct replay_guard *guard;
	atomic_uint first;
};

static void *member(void *arg)
{
	struct crowd *crowd = arg;

	for (uint32_t i = 0; i < 20000; i++)
		if (replay_guard_first(crowd->guard, NOW_MS, 21000, bytes_of(&i, sizeof(i))))
			atomic_fetch_add(&crowd->first, 1);
	return NULL;
}

static void of_many_threads_at_most_one_is_first(void **state)
{
	struct crowd crowd = { replay_guard_new(&rng_os), 0 };
	pthread_t threads[4];

	for (size_t i = 0; i < ARRAY_COUNT(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, member, &crowd), 0);
	for (size_t i = 0; i < ARRAY_COUNT(threads); i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_in_range(atomic_load(&crowd.first), 15000, 20000);
	replay_guard_free(crowd.guard);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, ends_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_replayed_hello_is_not_taken_again),
		T(a_hello_that_comes_too_late_or_too_soon_is_not_taken),
		T(another_server_refuses_it_and_both_know_why),
		T(a_refusal_of_the_owner_is_kept),
		T(it_is_not_offered_where_it_is_off_or_the_session_is_another),
		T(it_is_taken_though_the_clocks_went_back_a_little),
		T(a_server_takes_no_more_than_it_said),
		T(a_client_sends_no_more_than_its_ticket_allows),
		T(where_keys_of_early_data_reach_their_limit_it_waits_for_the_next),
		T(refused_data_is_passed_over_to_its_limit),
		T(a_window_must_be_one),
		T(it_comes_before_the_handshake_is_done_whatever_the_pieces),
		T(a_server_answers_before_it_is_done_and_only_then),
		T(records_have_their_limit_again_when_the_handshake_is_done),
		T(early_records_are_no_longer_than_was_said),
		T(without_early_data_nothing_is_sent_before_the_end),
		T(both_export_the_same_early_and_nothing_afterwards),
		cmocka_unit_test(the_guard_knows_each_once_until_its_window_is_over),
		cmocka_unit_test(a_full_guard_lets_nothing_through),
		cmocka_unit_test(of_many_threads_at_most_one_is_first),
	};

	return cmocka_run_group_tests(tests, pki_setup, pki_teardown);
}
