/* pack_test.c - an open connection goes on elsewhere from its bytes, and from no others. */
#include "support/scarce.h"
#include "tls/ech.h"
#include "tls/fixture.h"
#include "tls/later.h"
#include "tls/msg/message.h"
#include "tls/pack.h"

static uint8_t blob[BJ_TLS_PACKED_MAX];
static size_t blob_len;
static const uint8_t key[32] = "thirty-two bytes of a test's key";

_Static_assert(PACK_MAX <= BJ_TLS_PACKED_MAX, "what the header promises");

static int setup(void **state)
{
	struct bj_credential *own = pki_credential(&pki, ISSUE_CLIENT, KEY_P256, NULL);
	static const char *const names[] = { "h2", "http/1.1" };

	ends_setup(state);
	assert_int_equal(bj_tls_config_credential(client, own), BJ_OK);
	bj_credential_free(own);
	assert_int_equal(bj_tls_config_client_auth(server, BJ_TLS_AUTH_REQUIRED), BJ_OK);
	assert_int_equal(bj_tls_config_keep_peer_chain(server, true), BJ_OK);
	assert_int_equal(bj_tls_config_alpn(client, names, 2), BJ_OK);
	assert_int_equal(bj_tls_config_alpn(server, names, 2), BJ_OK);
	return 0;
}

static enum bj_err pack(struct side *s)
{
	return bj_tls_pack(s->conn, key, sizeof(key), blob, sizeof(blob), &blob_len);
}

static enum bj_err unpack(struct bj_tls_config *config, struct bj_tls **out)
{
	return bj_tls_unpack(config, key, sizeof(key), blob, blob_len, out);
}

/* The connection of one side goes away and comes back. */
static void move(struct side *s)
{
	struct bj_tls_config *config = s == &pair.client ? client : server;

	assert_int_equal(pack(s), BJ_OK);
	bj_tls_free(s->conn);
	s->conn = NULL;
	assert_int_equal(unpack(config, &s->conn), BJ_OK);
}

/* ---- what is refused */

static void a_connection_that_is_not_quite_open_is_not_packed(void **state)
{
	struct bj_tls_traffic_keys keys;
	struct bj_tls_fed fed;
	struct bj_bytes piece = BYTES_LIT("\x18\0");
	uint8_t part[64];
	size_t len;

	pair_start(&pair, client, server, PKI_NAME);
	assert_int_equal(pack(&pair.server), BJ_ERR_STATE);
	assert_int_equal(bj_tls_start(pair.client.conn, NOW_MS), BJ_OK);
	assert_int_equal(pack(&pair.client), BJ_ERR_STATE);
	pair_run(&pair);
	bj_tls_close(pair.client.conn); /* waits to be pulled */
	assert_int_equal(pack(&pair.client), BJ_ERR_STATE);
	assert_int_equal(record_seal(&pair.client.conn->wr, RECORD_HANDSHAKE, VERSION_1_2, &piece, 1, part, sizeof(part), &len), BJ_OK);
	pair.client.conn->out.off = pair.client.conn->out.len;
	pair.server.conn->rd.seq++; /* the close_notify never comes */
	assert_int_equal(bj_tls_feed(pair.server.conn, NOW_MS, part, len, &fed), BJ_OK);
	assert_int_equal(pack(&pair.server), BJ_ERR_STATE); /* half a message */
	pair_fini(&pair);
	ends_open();
	assert_int_equal(bj_tls_traffic_keys(pair.server.conn, true, &keys), BJ_OK);
	assert_int_equal(pack(&pair.server), BJ_ERR_STATE);
	assert_int_equal(bj_tls_error(pair.server.conn), BJ_OK);
}

static void a_call_that_fails_changes_nothing(void **state)
{
	size_t len;

	ends_open();
	assert_int_equal(bj_tls_pack(pair.server.conn, key, 31, blob, sizeof(blob), &len), BJ_ERR_ARGUMENT);
	assert_int_equal(bj_tls_pack(pair.server.conn, NULL, 32, blob, sizeof(blob), &len), BJ_ERR_ARGUMENT);
	assert_int_equal(bj_tls_pack(pair.server.conn, key, 32, blob, 100, &len), BJ_ERR_SPACE);
	assert_int_equal(bj_tls_pack(pair.server.conn, key, 32, NULL, 0, &len), BJ_ERR_SPACE);
	pair_echo(&pair);
}

static void a_packed_connection_is_over_here(void **state)
{
	static const struct secret none;
	struct bj_bytes piece = BYTES_LIT("x");
	uint8_t buf[64];
	size_t used, len;

	ends_open();
	assert_int_equal(pack(&pair.server), BJ_OK);
	assert_int_equal(bj_tls_seal(pair.server.conn, &piece, 1, buf, sizeof(buf), &used, &len), BJ_ERR_CLOSED);
	assert_int_equal(bj_tls_pending(pair.server.conn), 0);
	assert_int_equal(report_of(&pair.server).alert_sent, -1);
	assert_false(report_of(&pair.server).close_sent);
	bj_tls_close(pair.server.conn);
	bj_tls_abort(pair.server.conn, BJ_ERR_INTERNAL);
	assert_int_equal(bj_tls_pending(pair.server.conn), 0);
	assert_int_equal(bj_tls_eof(pair.server.conn), BJ_ERR_CLOSED);
	assert_false(report_of(&pair.server).close_sent);
	assert_memory_equal(&pair.server.conn->s13.write, &none, sizeof(none));
	assert_int_equal(pack(&pair.server), BJ_ERR_CLOSED);
}

static void refused(const char *why, size_t at)
{
	struct bj_tls *conn = NULL;
	enum bj_err err = unpack(server, &conn);

	if (err != BJ_ERR_BAD_TICKET || conn)
		fail_msg("%s at %zu: %s", why, at, bj_err_name(err));
}

static void any_other_byte_is_noticed(void **state)
{
	size_t whole;

	assert_int_equal(bj_tls_config_client_auth(server, BJ_TLS_AUTH_NONE), BJ_OK);
	ends_open();
	assert_int_equal(pack(&pair.server), BJ_OK);
	assert_true(blob_len < 600);
	whole = blob_len;
	for (size_t i = 0; i < whole; i++) {
		blob[i] ^= 1;
		refused("a changed byte", i);
		blob[i] ^= 1;
		blob_len = i;
		refused("cut", i);
		blob_len = whole;
	}
	blob[blob_len++] = 0;
	refused("one byte more", whole);
}

static void another_key_or_configuration_does_not_open_it(void **state)
{
	static const uint8_t other[32] = "thirty-two bytes of another key";
	struct bj_tls_config *configs[3];
	struct bj_tls *conn = NULL;

	ends_open();
	assert_int_equal(pack(&pair.server), BJ_OK);
	assert_int_equal(bj_tls_unpack(server, other, 32, blob, blob_len, &conn), BJ_ERR_BAD_TICKET);
	assert_int_equal(bj_tls_unpack(server, key, 16, blob, blob_len, &conn), BJ_ERR_ARGUMENT);
	assert_int_equal(unpack(client, &conn), BJ_ERR_BAD_TICKET);
	for (unsigned i = 0; i < 3; i++) {
		configs[i] = pki_server_config(&pki, KEY_P256);
		assert_int_equal(bj_tls_config_client_auth(configs[i], BJ_TLS_AUTH_REQUIRED), BJ_OK);
		assert_int_equal(unpack(configs[i], &conn), BJ_ERR_CONFIG_NOT_FROZEN);
	}
	assert_int_equal(bj_tls_config_session_context(configs[0], "other", 5), BJ_OK);
	assert_int_equal(bj_tls_config_alpn(configs[0], &(const char *){ "h2" }, 1), BJ_OK);
	assert_int_equal(bj_tls_config_versions(configs[1], BJ_TLS_1_2, BJ_TLS_1_2), BJ_OK);
	assert_int_equal(bj_tls_config_alpn(configs[1], &(const char *){ "h2" }, 1), BJ_OK);
	assert_int_equal(bj_tls_config_alpn(configs[2], &(const char *){ "smtp" }, 1), BJ_OK); /* the protocol in use is gone */
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(bj_tls_config_freeze(configs[i]), BJ_OK);
		assert_int_equal(unpack(configs[i], &conn), BJ_ERR_BAD_TICKET);
		bj_tls_config_free(configs[i]);
	}
}

/* Below the seal, too, nothing is believed: a field that says more than there is ends it, and what comes out can be used and freed. */
static void fields_are_checked_without_their_seal(void **state)
{
	uint8_t plain[8192], changed[8192];
	struct writer w = wr_make(plain, sizeof(plain));
	struct bj_tls *conn;

	ends_open();
	pack_write(&w, pair.server.conn);
	assert_true(wr_ok(&w));
	for (size_t i = 0; i < w.len; i++) {
		conn = NULL;
		assert_int_equal(pack_read(bytes_of(plain, i), server, &conn), BJ_ERR_BAD_TICKET);
		memcpy(changed, plain, w.len);
		for (unsigned flip = 1; flip < 256; flip = flip * 2 + 1) {
			struct bj_tls_report report;
			uint8_t buf[64];

			changed[i] = (uint8_t)(plain[i] ^ flip);
			if (pack_read(bytes_of(changed, w.len), server, &conn) == BJ_OK) {
				bj_tls_report(conn, &report);
				assert_true(bj_tls_export(conn, "x", NULL, 0, buf, sizeof(buf)) != BJ_ERR_INTERNAL);
				bj_tls_close(conn);
				bj_tls_free(conn);
			}
		}
	}
	plain[w.len] = 0;
	assert_int_equal(pack_read(bytes_of(plain, w.len + 1), server, &conn), BJ_ERR_BAD_TICKET);
}

/* ---- what goes on */

static void same_facts(const struct bj_tls_report *a, const struct bj_tls_report *b)
{
	assert_int_equal(a->version, b->version);
	assert_int_equal(a->suite, b->suite);
	assert_int_equal(a->group, b->group);
	assert_int_equal(a->signature_scheme, b->signature_scheme);
	assert_int_equal(a->resumed, b->resumed);
	assert_int_equal(a->retried, b->retried);
	assert_int_equal(a->early_data, b->early_data);
	assert_int_equal(a->client_certificate_asked, b->client_certificate_asked);
	assert_int_equal(a->peer_verified, b->peer_verified);
	assert_int_equal(a->handshake_done, b->handshake_done);
	assert_int_equal(a->alert_sent, b->alert_sent);
	assert_int_equal(a->alert_received, b->alert_received);
	assert_int_equal(a->bytes_in, b->bytes_in);
	assert_int_equal(a->bytes_out, b->bytes_out);
	assert_int_equal(a->records_in, b->records_in);
	assert_int_equal(a->records_out, b->records_out);
	assert_int_equal(a->peer_chain_count, b->peer_chain_count);
}

static void every_suite_and_both_sides_go_on(void **state)
{
	static const uint16_t suites[] = { 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02c, 0xcca9 };

	for (size_t i = 0; i < ARRAY_COUNT(suites); i++) {
		struct bj_tls_report before, after;
		uint8_t a[32], b[32];

		ends_teardown(NULL);
		setup(NULL);
		assert_int_equal(bj_tls_config_suites(client, &suites[i], 1), BJ_OK);
		ends_open();
		before = report_of(&pair.server);
		assert_int_equal(before.peer_chain_count, 2);
		move(&pair.server);
		after = report_of(&pair.server);
		same_facts(&before, &after);
		assert_string_equal(after.server_name, PKI_NAME);
		assert_true(bytes_equal(after.alpn, BYTES_LIT("h2")));
		assert_int_equal(after.suite, suites[i]);
		pair_echo(&pair);
		move(&pair.client);
		pair_echo(&pair);
		move(&pair.server);
		move(&pair.client);
		pair_echo(&pair);
		assert_int_equal(bj_tls_export(pair.client.conn, "label", NULL, 0, a, sizeof(a)), BJ_OK);
		assert_int_equal(bj_tls_export(pair.server.conn, "label", NULL, 0, b, sizeof(b)), BJ_OK);
		assert_memory_equal(a, b, sizeof(a));
		bj_tls_close(pair.server.conn);
		pair_run(&pair);
		assert_int_equal(pair.client.closes, 1);
	}
}

static void keys_are_updated_and_tickets_taken_after_a_move(void **state)
{
	static const uint8_t ticket[] = { MSG_NEW_SESSION_TICKET, 0, 0, 17, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 3, 'a', 'b', 'c', 0, 0 };
	struct bj_bytes piece = bytes_of(ticket, sizeof(ticket));
	struct secret resumption;
	unsigned tickets;
	size_t len;

	ends_open();
	resumption = pair.client.conn->s13.resumption;
	assert_int_equal(bj_tls_key_update(pair.client.conn, true), BJ_OK);
	assert_true(side_carry(&pair, &pair.client, &pair.server));
	side_feed(&pair, &pair.server);
	move(&pair.server); /* owes an update */
	assert_true(pair.server.conn->update_owed);
	move(&pair.client);
	assert_true(pair.client.conn->update_asked);
	pair_echo(&pair);
	assert_true(secret_equal(&resumption, &pair.client.conn->s13.resumption));
	assert_int_equal(bj_tls_key_update(pair.server.conn, true), BJ_OK);
	pair_run(&pair);
	pair_echo(&pair);
	tickets = pair.client.tickets;
	assert_int_equal(record_seal(&pair.server.conn->wr, RECORD_HANDSHAKE, VERSION_1_2, &piece, 1, pair.client.wire, WIRE_CAP, &len), BJ_OK);
	pair.client.wire_len = len;
	side_feed(&pair, &pair.client);
	assert_int_equal(pair.client.err, BJ_OK);
	assert_int_equal(pair.client.tickets, tickets + 1);
}

static void the_name_of_a_key_from_outside_moves_too(void **state)
{
	const struct bj_tls_psk psk = { "a name", key, "", 6, sizeof(key), 0, BJ_TLS_PSK_SHA256, false };

	bj_tls_config_free(server); /* one without a credential: it would come first */
	server = bj_tls_config_new(BJ_TLS_SERVER);
	assert_int_equal(bj_tls_config_psk(client, &psk), BJ_OK);
	assert_int_equal(bj_tls_config_psk(server, &psk), BJ_OK);
	ends_open();
	move(&pair.server);
	assert_true(bytes_equal(report_of(&pair.server).psk_identity, BYTES_LIT("a name")));
	assert_int_equal(report_of(&pair.server).peer_chain_count, 0);
	pair_echo(&pair);
}

static struct bj_tls_config *server_config(bool later)
{
	struct bj_tls_config *config = bj_tls_config_new(BJ_TLS_SERVER);
	struct bj_credential *own = pki_credential(&pki, ISSUE_SERVER, KEY_P256, PKI_NAME);

	assert_int_equal(bj_tls_config_credential(config, own), BJ_OK);
	assert_int_equal(bj_tls_config_trust(config, pki.trust), BJ_OK);
	assert_int_equal(bj_tls_config_keep_peer_chain(config, true), BJ_OK);
	assert_int_equal(bj_tls_config_post_handshake_auth(config, later), BJ_OK);
	assert_int_equal(bj_tls_config_freeze(config), BJ_OK);
	bj_credential_free(own);
	return config;
}

/* A certificate may be asked for after a move, of either side, as often as it could be without; not by a configuration that has it off. */
static void certificates_are_asked_for_after_a_move(void **state)
{
	struct bj_tls *conn;

	bj_tls_config_free(server);
	server = server_config(true);
	assert_int_equal(bj_tls_config_post_handshake_auth(client, true), BJ_OK);
	ends_open();
	for (unsigned i = 0; i < LATER_MAX; i++) {
		move(&pair.server);
		move(&pair.client);
		assert_int_equal(bj_tls_request_certificate(pair.server.conn), BJ_OK);
		assert_int_equal(pack(&pair.server), BJ_ERR_STATE); /* it waits for the answer */
		pair_run(&pair);
		assert_int_equal(pair.server.err, BJ_OK);
		assert_true(report_of(&pair.server).peer_verified);
		assert_int_equal(report_of(&pair.server).peer_chain_count, 2);
	}
	move(&pair.server);
	assert_int_equal(bj_tls_request_certificate(pair.server.conn), BJ_ERR_LIMIT);
	pair_echo(&pair);
	assert_int_equal(pack(&pair.server), BJ_OK);
	for (unsigned later = 0; later < 2; later++) {
		struct bj_tls_config *config = server_config(later);

		assert_int_equal(unpack(config, &conn), later ? BJ_OK : BJ_ERR_BAD_TICKET);
		bj_tls_config_free(config);
	}
	bj_tls_free(conn);
}

static void what_encryption_and_delegation_came_to_moves_too(void **state)
{
	static const uint8_t outcomes[] = { BJ_TLS_ECH_NONE, BJ_TLS_ECH_GREASED, BJ_TLS_ECH_ACCEPTED, BJ_TLS_ECH_REJECTED };

	for (size_t i = 0; i < ARRAY_COUNT(outcomes); i++) {
		struct side *side = outcomes[i] == BJ_TLS_ECH_REJECTED ? &pair.server : &pair.client; /* a rejected client is never open */

		ends_teardown(NULL);
		setup(NULL);
		ends_open();
		side->conn->peer_delegated = i & 1;
		if (outcomes[i] != BJ_TLS_ECH_NONE)
			side->conn->ech = ech_new(outcomes[i]);
		move(side);
		assert_int_equal(report_of(side).ech, outcomes[i]);
		assert_int_equal(report_of(side).peer_delegated, i & 1);
		pair_echo(&pair);
	}
}

static void one_side_may_have_closed(void **state)
{
	ends_open();
	bj_tls_close(pair.client.conn);
	pair_run(&pair);
	move(&pair.server);
	move(&pair.client);
	assert_true(report_of(&pair.server).close_received);
	assert_true(report_of(&pair.client).close_sent);
	pair.client.data_len = 0;
	pair_send(&pair, &pair.server, &pair.client, "last words", 10);
	assert_int_equal(pair.client.data_len, 10);
}

static void every_allocation_may_fail(void **state)
{
	unsigned failures = 0;
	enum bj_err err;

	ends_open();
	for (unsigned long i = 0;; i++) {
		scarce_begin(i);
		err = pack(&pair.server);
		scarce_end();
		if (!err)
			break;
		assert_true(err == BJ_ERR_NO_MEMORY || (i > 0 && err == BJ_ERR_CRYPTO));
		failures++;
	}
	bj_tls_free(pair.server.conn);
	pair.server.conn = NULL;
	for (unsigned long i = 0;; i++) {
		scarce_begin(i);
		err = unpack(server, &pair.server.conn);
		scarce_end();
		if (!err)
			break;
		assert_true(err == BJ_ERR_NO_MEMORY || err == BJ_ERR_CRYPTO);
		failures++;
	}
	assert_true(failures > 4);
	pair_echo(&pair);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, ends_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_connection_that_is_not_quite_open_is_not_packed),
		T(a_call_that_fails_changes_nothing),
		T(a_packed_connection_is_over_here),
		T(any_other_byte_is_noticed),
		T(another_key_or_configuration_does_not_open_it),
		T(fields_are_checked_without_their_seal),
		T(every_suite_and_both_sides_go_on),
		T(keys_are_updated_and_tickets_taken_after_a_move),
		T(the_name_of_a_key_from_outside_moves_too),
		T(certificates_are_asked_for_after_a_move),
		T(what_encryption_and_delegation_came_to_moves_too),
		T(one_side_may_have_closed),
		T(every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, pki_setup, pki_teardown);
}
