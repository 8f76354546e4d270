/* traffic.c - hands the traffic keys of an open connection to somebody else (the kernel's TLS, a network card), who then works the records.
 *
 * Owns nothing: the keys are copied out and the direction is marked as given away, so that no nonce is ever used twice.
 *
 * Implements   rfc9846:5.3 rfc9846:7.3 rfc5288:3 rfc7905:2 (what the keys are)
 */
#include "tls/feed.h"
#include "tls/keys.h"

#define PAUSE_MS 1000 /* the data between two messages is not seen here: so much time between them stands for it */

/* Nothing may be on its way in a direction whose records somebody else is to go on with. */
static enum bj_err may_give(const struct bj_tls *conn, bool write)
{
	if (conn->err)
		return (enum bj_err)conn->err;
	if (state_at(&conn->state) != ST_OPEN || conn->hs || conn->quic)
		return BJ_ERR_STATE;
	if (write ? conn->close_sent || bj_tls_pending(conn) > 0 : conn->close_received || conn->in.len > 0)
		return BJ_ERR_STATE;
	return BJ_OK;
}

static void keys_copy(const struct bj_tls *conn, const struct record_keys *from, struct bj_tls_traffic_keys *out)
{
	*out = (struct bj_tls_traffic_keys){
		.version = conn->version,
		.suite = conn->suite->code,
		.key_len = (uint8_t)aead_key_len((enum aead_alg)conn->suite->aead),
		.iv_len = from->form == RECORD_12_GCM ? RECORD_IV_LEN - RECORD_EXPLICIT_LEN : RECORD_IV_LEN,
		.sequence = from->seq,
	};
	memcpy(out->key, from->aead.key, out->key_len);
	memcpy(out->iv, from->iv, out->iv_len);
}

BJ_API enum bj_err bj_tls_traffic_keys(struct bj_tls *conn, bool write, struct bj_tls_traffic_keys *out)
{
	enum bj_err err = may_give(conn, write);

	if (!err && write && conn->update_owed && !conn->wr_given) { /* the peer's wish goes out first, and is to be pulled */
		err = bj_tls_key_update(conn, false);
		return err ? err : BJ_ERR_STATE;
	}
	if (err)
		return err;
	*(write ? &conn->wr_given : &conn->rd_given) = true;
	keys_copy(conn, write ? &conn->wr : &conn->rd, out);
	return BJ_OK;
}

BJ_API enum bj_err bj_tls_traffic_keys_next(struct bj_tls *conn, struct bj_tls_traffic_keys *out)
{
	enum bj_err err = may_give(conn, true);

	if (err)
		return err;
	if (!conn_is_13(conn) || !conn->wr_given)
		return BJ_ERR_STATE;
	err = keys_update(conn, true);
	if (err)
		return conn_fail(conn, err);
	conn->update_owed = false;
	keys_copy(conn, &conn->wr, out);
	return BJ_OK;
}

static enum bj_err take_opened(struct bj_tls *conn, const struct record *record, struct bj_tls_fed *out)
{
	if (feed_waits(conn)) /* a question was answered, or a session told: on from there */
		return feed_answered(conn);
	if (record->body.len > RECORD_PLAIN_MAX)
		return BJ_ERR_RECORD_OVERFLOW;
	if (record->body.len == 0)
		return BJ_ERR_UNEXPECTED_MESSAGE;
	return conn->close_received ? BJ_OK : feed_record(conn, record, out);
}

BJ_API enum bj_err bj_tls_feed_opened(struct bj_tls *conn, int64_t now_ms, uint8_t type, const void *bytes, size_t len,
				      enum bj_tls_event *out_event)
{
	const struct record record = { .type = type, .body = bytes_of(bytes, len) };
	struct bj_tls_fed fed = { 0 };
	enum bj_err err;

	*out_event = bj_tls_question(conn) ? BJ_TLS_ASK : BJ_TLS_NONE;
	if (conn->err)
		return (enum bj_err)conn->err;
	if (!conn->rd_given || *out_event || (len > 0 && feed_waits(conn)))
		return BJ_ERR_STATE;
	if (type != RECORD_ALERT && type != RECORD_HANDSHAKE && type != RECORD_CCS)
		return BJ_ERR_ARGUMENT;
	if (now_ms - conn->now_ms >= PAUSE_MS)
		conn->updates = conn->warnings = 0;
	conn->now_ms = now_ms;
	err = take_opened(conn, &record, &fed);
	if (err)
		return conn_fail(conn, err);
	conn->message = CONN_NO_MESSAGE;
	*out_event = fed.event;
	if (!fed.event)
		(void)feed_tell(conn, out_event);
	return BJ_OK;
}
