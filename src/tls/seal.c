/* seal.c - what an open connection sends: the owner's data in records, close_notify, key updates; and what it exports.
 *
 * Implements   rfc9846:5.1 rfc9846:6.1 rfc9846:4.6.3 rfc9846:5.5 rfc9846:7.5 rfc5705 rfc7918
 */
#include "tls/early.h"
#include "tls/false_start.h"
#include "tls/flight.h"
#include "tls/keys.h"
#include "tls/limits.h"
#include "tls/msg/key_update.h"

#define KEY_UPDATE_LEN (MESSAGE_HEADER_LEN + 1)
#define SEAL_LEAST 512 /* a record is not made smaller than this only because the buffer is nearly full */

/* Nothing may stand between the messages of a client that answers a later request. rfc9846:4.6.2 */
static bool is_open(const struct bj_tls *conn)
{
	return conn->is_server ? state_is_open(&conn->state) : state_at(&conn->state) == ST_OPEN;
}

BJ_API size_t bj_tls_pending(const struct bj_tls *conn)
{
	return conn->out.len - conn->out.off;
}

BJ_API size_t bj_tls_pull(struct bj_tls *conn, uint8_t *out, size_t cap)
{
	struct outbox *box = &conn->out;
	size_t len = bj_tls_pending(conn) < cap ? bj_tls_pending(conn) : cap;

	if (len == 0 || conn->quic) /* bytes without their level are of no use: bj_tls_quic_pull() */
		return 0;
	memcpy(out, box->buf + box->off, len);
	box->off += (uint32_t)len;
	if (box->off == box->len)
		outbox_free(box);
	return len;
}

/* Queues KeyUpdate under the old keys, then takes the new ones. Who was asked is not asked again before he answers. rfc9846:4.6.3 */
static enum bj_err update_keys(struct bj_tls *conn, bool ask_peer)
{
	struct writer w;
	enum bj_err err = flight_begin(conn, &w);

	if (err)
		return err;
	conn->update_owed = false;
	key_update_write(&w, ask_peer && !conn->update_asked);
	conn->update_asked |= ask_peer;
	err = flight_end(conn, &w, false);
	if (!err)
		err = flight_flush(conn);
	return err ? err : keys_update(conn, true);
}

/* How many bytes of plaintext may be sealed now. */
static uint64_t room(const struct bj_tls *conn)
{
	if (is_open(conn) || false_start_may(conn))
		return UINT64_MAX;
	return early_room(conn);
}

static bool is_shut(const struct bj_tls *conn)
{
	return conn->close_sent || conn->quic || conn->wr_given;
}

BJ_API bool bj_tls_may_seal(const struct bj_tls *conn)
{
	return !conn->err && !is_shut(conn) && room(conn) > 0;
}

/* Seals as many records as fit, all with the keys in force. */
static enum bj_err seal_records(struct bj_tls *conn, struct record_cursor *cursor, uint8_t *out, size_t cap, size_t *out_len)
{
	size_t overhead = record_overhead(&conn->wr), max = limits_send_max(conn);
	uint64_t may = room(conn);

	while (record_cursor_left(cursor) > 0 && may > 0) {
		struct bj_bytes pieces[RECORD_PIECES_MAX];
		size_t room = cap - *out_len, left = record_cursor_left(cursor), count, len, sealed;
		enum bj_err err;

		if (room <= overhead || (*out_len > 0 && room - overhead < left && room - overhead < SEAL_LEAST))
			break;
		if (record_wants_update(&conn->wr))
			break;
		room -= overhead;
		room = room < max ? room : max;
		len = record_cut(cursor, room < may ? room : (size_t)may, pieces, &count);
		err = record_seal_padded(&conn->wr, RECORD_DATA, VERSION_1_2, pieces, count, limits_padding(conn, &conn->wr, len, room - len), out + *out_len, cap - *out_len, &sealed);
		if (err)
			return err;
		*out_len += sealed;
		conn->bytes_out += len;
		may -= len;
		early_sent(conn, len);
		conn->records_out++;
	}
	return BJ_OK;
}

BJ_API enum bj_err bj_tls_seal(struct bj_tls *conn, const struct bj_bytes *in, size_t in_count, uint8_t *out, size_t cap,
			       size_t *out_used, size_t *out_len)
{
	struct record_cursor cursor = { .pieces = in, .count = in_count };
	size_t total, len;
	enum bj_err err = BJ_OK;

	*out_used = *out_len = 0;
	if (conn->err)
		return (enum bj_err)conn->err;
	if (room(conn) == 0 || is_shut(conn))
		return conn->close_sent ? BJ_ERR_CLOSED : BJ_ERR_STATE;
	total = record_cursor_left(&cursor);
	if (conn->update_owed && total > 0) { /* one answer to all that the peer asked since */
		err = update_keys(conn, false);
		if (err)
			return conn_fail(conn, err);
	}
	len = bj_tls_pull(conn, out, cap);
	while (bj_tls_pending(conn) == 0) {
		err = seal_records(conn, &cursor, out, cap, &len);
		if (err || !record_wants_update(&conn->wr) || room(conn) == 0)
			break;
		err = update_keys(conn, false);
		if (err)
			break;
		len += bj_tls_pull(conn, out + len, cap - len);
	}
	if (err)
		return conn_fail(conn, err);
	*out_used = total - record_cursor_left(&cursor);
	*out_len = len;
	return BJ_OK;
}

BJ_API size_t bj_tls_sealed_len(const struct bj_tls *conn, size_t len)
{
	size_t max = limits_send_max(conn), records = len / max + (len % max != 0);
	size_t overhead = record_overhead(&conn->wr) + (conn->wr.form == RECORD_13 ? conn->config->padding : 0);
	/* KeyUpdates that may stand among them: one that the peer asked for, and those of the limit of keys */
	size_t updates = conn_is_13(conn) && len > 0 ? 2 + records / RECORD_SOFT_LIMIT : 0;

	return bj_tls_pending(conn) + len + records * overhead + updates * (KEY_UPDATE_LEN + overhead);
}

BJ_API void bj_tls_close(struct bj_tls *conn)
{
	if (conn->err || conn->close_sent || conn->quic)
		return;
	flight_drop(conn);
	if (flight_alert(conn, ALERT_WARNING, ALERT_CLOSE_NOTIFY) == BJ_OK)
		conn->alert_sent = ALERT_CLOSE_NOTIFY;
	conn->close_sent = true;
}

BJ_API void bj_tls_abort(struct bj_tls *conn, enum bj_err err)
{
	if (err != BJ_OK)
		(void)conn_fail(conn, err);
}

BJ_API enum bj_err bj_tls_key_update(struct bj_tls *conn, bool ask_peer)
{
	enum bj_err err;

	if (conn->err)
		return (enum bj_err)conn->err;
	if (!is_open(conn) || !conn_is_13(conn) || conn->close_sent || conn->quic || conn->wr_given)
		return BJ_ERR_STATE;
	err = update_keys(conn, ask_peer);
	return err ? conn_fail(conn, err) : BJ_OK;
}

/* RECV(KEY_UPDATE), both roles. rfc9846:4.6.3 */
enum bj_err key_update_take(struct bj_tls *conn, struct bj_bytes body)
{
	bool requested;
	enum bj_err err = key_update_parse(body, &requested);

	if (err)
		return err;
	if (conn->quic)
		return BJ_ERR_UNEXPECTED_MESSAGE; /* rfc9001:6 */
	if (conn->behind)
		return BJ_ERR_EXCESSIVE_DATA;
	if (++conn->updates > CONN_KEY_UPDATE_MAX)
		return BJ_ERR_TOO_MANY_RECORDS;
	err = keys_update(conn, false);
	conn->update_asked = false;
	conn->update_owed |= !err && requested;
	return err;
}

BJ_API enum bj_err bj_tls_export(struct bj_tls *conn, const char *label, const void *context, size_t context_len, uint8_t *out,
				 size_t len)
{
	struct bj_bytes ctx = bytes_of(context, context ? context_len : 0);

	if (conn->err)
		return (enum bj_err)conn->err;
	if (!state_is_open(&conn->state) && !(conn->is_server && early_room(conn) > 0) && !false_start_may(conn))
		return BJ_ERR_STATE;
	if (!label)
		return BJ_ERR_ARGUMENT;
	if (conn_is_13(conn))
		return ks_export((enum hash_alg)conn->suite->hash, &conn->s13.exporter, bytes_text(label), ctx, out, len);
	if (conn->is_unbound)
		return BJ_ERR_NO_EXTENDED_MASTER_SECRET; /* a second connection could have the same keys. rfc7627:5.4 */
	return keys12_export((enum hash_alg)conn->suite->hash, &conn->s12.master, conn->s12.client_random, conn->s12.server_random,
			     bytes_text(label), context != NULL, ctx, out, len);
}

BJ_API void bj_tls_rest(struct bj_tls *conn)
{
	record_keys_rest(&conn->rd);
	record_keys_rest(&conn->wr);
	if (conn->flight.len == 0)
		outbox_free(&conn->flight);
}
