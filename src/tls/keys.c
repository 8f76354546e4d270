/* keys.c - changes of traffic keys. */
#include "tls/keys.h"

#include "tls/early.h"
#include "tls/msg/finished.h"
#include "tls/quic.h"

static enum hash_alg suite_hash(const struct bj_tls *conn)
{
	return (enum hash_alg)conn->suite->hash;
}

void keys_early(struct bj_tls *conn)
{
	ks_early_init(&conn->hs->early, suite_hash(conn), secret_view(&conn->hs->psk));
	conn->hs->stage = STAGE_EARLY;
}

static struct bj_bytes transcript_now(struct bj_tls *conn, uint8_t hash[HASH_MAX])
{
	return bytes_of(hash, transcript_peek(&conn->hs->transcript, hash));
}

static void saw_keys(struct bj_tls *conn, bool write, uint8_t kind)
{
	conn_observe(conn, BJ_TLS_SAW_KEYS, write, kind, (struct bj_bytes){ NULL, 0 });
}

/* A secret comes in force for a direction: for its records (at the end of early data, if it `waits`), or for the owner's packets. */
static enum bj_err secret_use(struct bj_tls *conn, bool write, enum bj_tls_level level, const struct secret *secret, bool waits,
			      struct secret *out_finished_key)
{
	struct handshake *hs = conn->hs;
	struct record_keys *keys = waits ? (write ? &hs->next_wr : &hs->next_rd) : write ? &conn->wr : &conn->rd;

	if (!conn->quic)
		return ks_traffic_keys(conn->suite, secret, keys, out_finished_key);
	if (out_finished_key)
		ks_finished_key(suite_hash(conn), secret, out_finished_key);
	quic_secret_put(conn, level, write, conn->suite, secret);
	return BJ_OK;
}

static enum bj_err handshake_keys(struct bj_tls *conn)
{
	struct handshake *hs = conn->hs;
	/* what the client sends stays under its early keys until it says that it was all */
	bool early = !conn->quic && state_holds(&conn->state, F_EARLY), rd_waits = early && conn->is_server, wr_waits = early && !conn->is_server;
	struct secret client, server;
	uint8_t hash[HASH_MAX];
	enum bj_err err;

	check(hs->stage == STAGE_EARLY);
	ks_handshake_from(&hs->handshake, &hs->early, secret_view(&hs->shared));
	secret_wipe(&hs->shared);
	ks_handshake_traffic(&hs->handshake, transcript_now(conn, hash), &client, &server);
	ks_master_from(&hs->master, &hs->handshake);
	hs->stage = STAGE_MASTER;
	conn_keylog(conn, "CLIENT_HANDSHAKE_TRAFFIC_SECRET", secret_view(&client));
	conn_keylog(conn, "SERVER_HANDSHAKE_TRAFFIC_SECRET", secret_view(&server));
	err = secret_use(conn, false, BJ_TLS_LEVEL_HANDSHAKE, conn->is_server ? &client : &server, rd_waits, &hs->finished_peers);
	if (!err)
		err = secret_use(conn, true, BJ_TLS_LEVEL_HANDSHAKE, conn->is_server ? &server : &client, wr_waits, &hs->finished_ours);
	secret_wipe(&client);
	secret_wipe(&server);
	if (!rd_waits)
		saw_keys(conn, false, 0);
	if (!wr_waits)
		saw_keys(conn, true, 0);
	return err;
}

void keys_master(struct bj_tls *conn)
{
	struct handshake *hs = conn->hs;
	uint8_t hash[HASH_MAX];
	struct bj_bytes now = transcript_now(conn, hash);

	check(hs->stage == STAGE_MASTER);
	ks_master_traffic(&hs->master, now, &hs->traffic_client, &hs->traffic_server);
	ks_master_exporter(&hs->master, now, &conn->s13.exporter);
	hs->stage = STAGE_TRAFFIC;
	conn_keylog(conn, "CLIENT_TRAFFIC_SECRET_0", secret_view(&hs->traffic_client));
	conn_keylog(conn, "SERVER_TRAFFIC_SECRET_0", secret_view(&hs->traffic_server));
	conn_keylog(conn, "EXPORTER_SECRET", secret_view(&conn->s13.exporter));
}

static enum bj_err application_keys(struct bj_tls *conn, bool write)
{
	struct handshake *hs = conn->hs;
	bool of_client = write != conn->is_server;
	struct secret *secret = write ? &conn->s13.write : &conn->s13.read;
	uint8_t hash[HASH_MAX];
	enum bj_err err;

	if (hs->stage == STAGE_MASTER)
		keys_master(conn);
	check(hs->stage == STAGE_TRAFFIC);
	secret_move(secret, of_client ? &hs->traffic_client : &hs->traffic_server);
	if (of_client) /* the client's Finished was the last: the transcript is complete */
		ks_master_resumption(&hs->master, transcript_now(conn, hash), &conn->s13.resumption);
	saw_keys(conn, write, 1);
	err = secret_use(conn, write, BJ_TLS_LEVEL_APPLICATION, secret, false, NULL);
	if (conn->quic)
		secret_wipe(secret); /* the next generations are QUIC's own matter. rfc9001:6 */
	return err;
}

static enum bj_err keys_12(struct bj_tls *conn, bool write)
{
	struct handshake *hs = conn->hs;
	struct record_keys *client = conn->is_server ? &hs->next_rd : &hs->next_wr;
	struct record_keys *server = conn->is_server ? &hs->next_wr : &hs->next_rd;
	struct record_keys *from = write ? &hs->next_wr : &hs->next_rd;
	struct record_keys *to = write ? &conn->wr : &conn->rd;
	enum bj_err err;

	if (hs->stage != STAGE_KEYS_12) {
		err = keys12_traffic(conn->suite, &conn->s12.master, hs->client_random, hs->server_random, client, server);
		if (err)
			return err;
		hs->stage = STAGE_KEYS_12;
	}
	record_keys_fini(to);
	*to = *from;
	wipe(from, sizeof(*from));
	saw_keys(conn, write, 1);
	return BJ_OK;
}

enum bj_err keys_change(struct bj_tls *conn, unsigned changes)
{
	enum bj_err err = BJ_OK;

	check(conn->hs && conn->flight.len == 0);
	if (((changes & (KEYS_HANDSHAKE | KEYS_READ_APP | KEYS_READ_12)) || (conn->is_server && (changes & (KEYS_EARLY | KEYS_EARLY_END)))) && conn->behind)
		return BJ_ERR_EXCESSIVE_DATA;
	if (changes & KEYS_EARLY_END)
		early_keys_end(conn);
	if (changes & KEYS_EARLY)
		err = early_keys(conn);
	if (!err && (changes & KEYS_HANDSHAKE))
		err = handshake_keys(conn);
	if (!err && (changes & KEYS_READ_APP))
		err = application_keys(conn, false);
	if (!err && (changes & KEYS_WRITE_APP))
		err = application_keys(conn, true);
	if (!err && (changes & KEYS_READ_12))
		err = keys_12(conn, false);
	if (!err && (changes & KEYS_WRITE_12))
		err = keys_12(conn, true);
	return err;
}

enum bj_err keys_update(struct bj_tls *conn, bool write)
{
	struct secret *secret = write ? &conn->s13.write : &conn->s13.read;

	ks_update(suite_hash(conn), secret);
	saw_keys(conn, write, 2);
	return ks_traffic_keys(conn->suite, secret, write ? &conn->wr : &conn->rd, NULL);
}

/* verify_data. */
static size_t finished(struct bj_tls *conn, bool ours, uint8_t out[HASH_MAX])
{
	struct handshake *hs = conn->hs;
	uint8_t hash[HASH_MAX];
	struct bj_bytes now = transcript_now(conn, hash);

	if (conn_is_13(conn))
		return ks_finished(suite_hash(conn), ours ? &hs->finished_ours : &hs->finished_peers, now, out);
	keys12_finished(suite_hash(conn), &conn->s12.master, ours != conn->is_server, now, out);
	return KEYS12_VERIFY_LEN;
}

enum bj_err keys_finished_make(struct bj_tls *conn, struct writer *w)
{
	uint8_t verify_data[HASH_MAX];

	finished_write(w, bytes_of(verify_data, finished(conn, true, verify_data)));
	return BJ_OK;
}

enum bj_err keys_finished_take(struct bj_tls *conn, struct bj_bytes body)
{
	uint8_t expected[HASH_MAX];
	struct bj_bytes verify_data;
	size_t len = finished(conn, false, expected);
	enum bj_err err = finished_parse(body, len, &verify_data);

	if (err)
		return err;
	return ct_equal(expected, verify_data.ptr, len) ? BJ_OK : BJ_ERR_BAD_FINISHED;
}
