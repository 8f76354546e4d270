/* feed.c - takes the peer's records: opens them in place, cuts handshake messages out of them, tells data and events.
 *
 * Implements   rfc9846:5.1 rfc9846:6 rfc9846:D.4 (what we pass over) rfc9846:4.2.10 (early data that we rejected)
 */
#include <stdlib.h>

#include "tls/feed.h"
#include "tls/early.h"
#include "tls/flight.h"
#include "tls/limits.h"
#include "tls/quic.h"

#define INBOX_FIRST 1024

/* ---- handshake bytes */

static enum bj_err inbox_add(struct inbox *in, struct bj_bytes bytes)
{
	size_t kept = in->len - in->off, want = kept + bytes.len, cap = in->cap ? in->cap : INBOX_FIRST;
	uint8_t *buf = in->buf;

	if (want > MESSAGE_CERTIFICATE_MAX + MESSAGE_HEADER_LEN + RECORD_PLAIN_MAX)
		return BJ_ERR_LIMIT;
	if (want > in->cap) {
		while (cap < want)
			cap *= 2;
		buf = malloc(cap);
		if (!buf)
			return BJ_ERR_NO_MEMORY;
	}
	if (kept > 0 && buf != in->buf + in->off) /* in small pieces it would be moved onto itself each time */
		memmove(buf, in->buf + in->off, kept);
	bytes_copy(buf + kept, bytes.ptr, bytes.len);
	if (buf != in->buf) {
		if (in->buf)
			wipe(in->buf, in->len);
		free(in->buf);
		in->buf = buf;
		in->cap = (uint32_t)cap;
	}
	in->off = 0;
	in->len = (uint32_t)want;
	return BJ_OK;
}

static struct bj_bytes inbox_view(const struct inbox *in)
{
	return bytes_of(in->buf + in->off, in->len - in->off);
}

/* Judges the beginning of a message that is not all there: what has no place here is not waited for. */
static enum bj_err begun(struct bj_tls *conn, struct bj_bytes bytes)
{
	struct reader r = rd_of(bytes);
	uint8_t type = rd_u8(&r);
	uint32_t len = rd_u24(&r);

	if (bytes.len == 0)
		return BJ_OK;
	if (rd_left(&r) < len || r.bad) {
		conn->message = type;
		if (!handshake_awaits(conn, type))
			return handshake_unexpected(conn, type);
	}
	if (message_body_max(type) == 0)
		return BJ_ERR_UNEXPECTED_MESSAGE;
	if (bytes.len >= MESSAGE_HEADER_LEN && len > message_body_max(type))
		return BJ_ERR_MESSAGE_TOO_LONG;
	return BJ_OK;
}

/* Takes whole messages from `bytes` until there is none, or a question is open, or a session waits to be told before the next takes its
 * place; says how much was taken. */
static enum bj_err take_messages(struct bj_tls *conn, struct bj_bytes bytes, size_t *out_taken)
{
	size_t taken = 0, need;
	enum bj_err err = BJ_OK;

	while (!err && !(conn->hs && conn->hs->question) && !(conn->told & TELL_TICKET)) {
		struct bj_bytes rest = bytes_of(bytes.ptr + taken, bytes.len - taken);
		struct message m;

		err = begun(conn, rest);
		if (err || !message_take(rest, &m, &need))
			break;
		taken += m.whole.len;
		err = handshake_receive(conn, m.type, m.whole, taken == bytes.len);
		if (!err)
			err = handshake_advance(conn);
	}
	if (conn->hs) { /* these views end here */
		conn->hs->body = (struct bj_bytes){ NULL, 0 };
		memset(&conn->hs->client_hello, 0, sizeof(conn->hs->client_hello));
	}
	*out_taken = taken;
	return err;
}

static enum bj_err take_inbox(struct bj_tls *conn)
{
	size_t taken = 0;
	enum bj_err err;

	if (conn->in.len == 0)
		return BJ_OK;
	err = take_messages(conn, inbox_view(&conn->in), &taken);
	if (err)
		return err;
	conn->in.off += (uint32_t)taken;
	if (conn->in.off == conn->in.len)
		inbox_free(&conn->in);
	return BJ_OK;
}

enum bj_err feed_handshake(struct bj_tls *conn, struct bj_bytes body)
{
	size_t taken = 0;
	enum bj_err err;

	if (!conn->hs && state_at(&conn->state) == ST_START) {
		err = handshake_new(conn);
		if (err)
			return err;
	}
	if (conn->in.len > 0) {
		err = inbox_add(&conn->in, body);
		return err ? err : take_inbox(conn);
	}
	err = take_messages(conn, body, &taken);
	if (err || taken == body.len)
		return err;
	return inbox_add(&conn->in, bytes_of(body.ptr + taken, body.len - taken));
}

/* ---- the other records */

static bool is_12(const struct bj_tls *conn)
{
	return conn->version == VERSION_1_2;
}

static enum bj_err take_ccs(struct bj_tls *conn, const struct record *rec)
{
	enum hs_state at = state_at(&conn->state);
	bool is_one = rec->body.len == 1 && rec->body.ptr[0] == 1;
	enum bj_err err;

	if (!is_one || conn->in.len > 0)
		return BJ_ERR_BAD_CHANGE_CIPHER_SPEC;
	conn_observe(conn, BJ_TLS_SAW_CCS, false, 1, rec->body);
	if (is_12(conn)) {
		err = handshake_receive(conn, MSG_CHANGE_CIPHER_SPEC, (struct bj_bytes){ NULL, 0 }, true);
		return err ? err : handshake_advance(conn);
	}
	/* rfc9846:5: between the first ClientHello and the peer's Finished */
	if ((at == ST_START && !conn->config->cookies) || state_is_open(&conn->state) || (!rec->is_plain && conn->rd.form != RECORD_PLAIN) ||
	    ++conn->ccs > CONN_CCS_MAX)
		return BJ_ERR_BAD_CHANGE_CIPHER_SPEC;
	return BJ_OK;
}

static enum bj_err take_alert(struct bj_tls *conn, const struct record *rec, struct bj_tls_fed *out)
{
	struct bj_bytes body = rec->body;

	/* only while the peer may still lack the keys; later anybody could say close_notify in its name */
	if (rec->is_plain && state_is_open(&conn->state))
		return BJ_ERR_UNEXPECTED_MESSAGE;
	if (body.len != ALERT_LEN)
		return BJ_ERR_DECODE;
	conn_observe(conn, BJ_TLS_SAW_ALERT, false, body.ptr[1], body);
	if (body.ptr[1] == ALERT_CLOSE_NOTIFY && state_is_open(&conn->state)) {
		conn->alert_received = ALERT_CLOSE_NOTIFY;
		conn->close_received = true;
		out->event = BJ_TLS_CLOSE;
		return BJ_OK;
	}
	if (body.ptr[1] != ALERT_CLOSE_NOTIFY && ((conn_is_13(conn) && body.ptr[1] == ALERT_USER_CANCELED) ||
						  (!conn_is_13(conn) && body.ptr[0] == ALERT_WARNING)))
		return ++conn->warnings > CONN_WARNING_MAX ? BJ_ERR_TOO_MANY_RECORDS : BJ_OK;
	if (body.ptr[0] != ALERT_WARNING && body.ptr[0] != ALERT_FATAL)
		return BJ_ERR_ILLEGAL_PARAMETER;
	conn->alert_received = body.ptr[1];
	return BJ_ERR_ALERT_RECEIVED;
}

static enum bj_err take_data(struct bj_tls *conn, struct bj_bytes body, struct bj_tls_fed *out)
{
	bool is_early = early_comes(conn);

	if ((state_at(&conn->state) != ST_OPEN && state_at(&conn->state) != ST_ASKED && !is_early) || conn->in.len > 0)
		return BJ_ERR_UNEXPECTED_MESSAGE;
	if (body.len == 0)
		return ++conn->empties > CONN_EMPTY_MAX ? BJ_ERR_TOO_MANY_RECORDS : BJ_OK;
	if (is_early && early_count(conn, body.len) != BJ_OK)
		return BJ_ERR_TOO_MUCH_EARLY_DATA;
	conn->empties = conn->warnings = conn->updates = 0;
	conn->bytes_in += body.len;
	out->event = is_early ? BJ_TLS_EARLY_DATA : BJ_TLS_DATA;
	out->data = body;
	return BJ_OK;
}

enum bj_err feed_record(struct bj_tls *conn, const struct record *rec, struct bj_tls_fed *out)
{
	conn->message = CONN_RECORD;
	switch (rec->type) {
	case RECORD_HANDSHAKE:
		return feed_handshake(conn, rec->body);
	case RECORD_CCS:
		return take_ccs(conn, rec);
	case RECORD_ALERT:
		return take_alert(conn, rec, out);
	default:
		return take_data(conn, rec->body, out);
	}
}

/* ---- early data that we rejected: passed over until a record opens, or the second ClientHello comes. rfc9846:4.2.10 */

static bool skips(struct bj_tls *conn, uint8_t *buf, size_t len, struct record *rec)
{
	struct handshake *hs = conn->hs;
	size_t body;

	if (!hs || !hs->skip_early || len < RECORD_HEADER_LEN || buf[0] != RECORD_DATA)
		return false;
	body = (size_t)buf[3] << 8 | buf[4];
	if (body == 0 || body > BJ_TLS_RECORD_MAX - RECORD_HEADER_LEN) /* what is empty would never come to the limit */
		return false;
	if (hs->skipped + body > (uint64_t)CONN_SKIP_MAX + conn->config->early_max)
		return false;
	if (len < RECORD_HEADER_LEN + body) { /* the rest is still to come */
		rec->need = RECORD_HEADER_LEN + body;
		return true;
	}
	hs->skipped += (uint32_t)body;
	rec->used = RECORD_HEADER_LEN + body;
	return true;
}

/* Opens one record. `*out_skipped`: it was early data. */
static enum bj_err open_record(struct bj_tls *conn, uint8_t *buf, size_t len, struct record *rec, bool *out_skipped)
{
	enum record_form form = (enum record_form)conn->rd.form;
	uint64_t seq = conn->rd.seq;
	enum bj_err err;

	*out_skipped = false;
	*rec = (struct record){ 0 };
	if (conn->rd.form == RECORD_PLAIN && skips(conn, buf, len, rec)) {
		*out_skipped = true;
		return BJ_OK;
	}
	err = record_open(&conn->rd, buf, len, rec);
	if (err == BJ_ERR_BAD_RECORD_MAC && skips(conn, buf, len, rec)) {
		conn->rd.seq = seq;
		*out_skipped = true;
		return BJ_OK;
	}
	if (!err && rec->used > 0 && conn->hs && conn->rd.form != RECORD_PLAIN && !rec->is_plain)
		conn->hs->skip_early = false;
	if (!err && rec->used > 0 && limits_exceeded(conn, form, rec))
		return BJ_ERR_RECORD_OVERFLOW;
	return err;
}

/* ---- the loop */

bool feed_tell(struct bj_tls *conn, enum bj_tls_event *out)
{
	if (conn->hs && conn->hs->question) {
		*out = BJ_TLS_ASK;
		return true;
	}
	if (state_is_open(&conn->state) && !(conn->told & TOLD_DONE)) {
		conn->told |= TOLD_DONE;
		*out = BJ_TLS_DONE;
		return true;
	}
	if (conn->told & TELL_AUTHENTICATED) {
		conn->told &= (uint8_t)~TELL_AUTHENTICATED;
		*out = BJ_TLS_AUTHENTICATED;
		return true;
	}
	if (conn->told & TELL_TICKET) {
		conn->told &= (uint8_t)~TELL_TICKET;
		*out = BJ_TLS_TICKET;
		return true;
	}
	return false;
}

enum bj_err feed_answered(struct bj_tls *conn)
{
	enum bj_err err;

	if (conn->hs && conn->hs->question)
		return BJ_OK;
	err = conn->hs ? handshake_advance(conn) : BJ_OK;
	return err ? err : take_inbox(conn);
}

bool feed_waits(const struct bj_tls *conn)
{
	struct message m;
	size_t need;

	return conn->hs || (conn->in.len > 0 && message_take(inbox_view(&conn->in), &m, &need));
}

static enum bj_err feed_run(struct bj_tls *conn, uint8_t *buf, size_t len, struct bj_tls_fed *out)
{
	enum bj_err err = feed_answered(conn);

	while (!err && !out->event && !feed_tell(conn, &out->event)) {
		struct record rec;
		bool skipped;

		if (conn->close_received) { /* what comes behind it is nothing. rfc9846:6.1 */
			out->used = len;
			break;
		}
		if (out->used == len)
			break;
		conn->message = CONN_RECORD;
		err = open_record(conn, buf + out->used, len - out->used, &rec, &skipped);
		if (err || rec.used == 0)
			break;
		out->used += rec.used;
		conn->records_in++;
		if (!skipped)
			err = feed_record(conn, &rec, out);
	}
	if (!err)
		conn->message = CONN_NO_MESSAGE;
	return err;
}

BJ_API enum bj_err bj_tls_feed(struct bj_tls *conn, int64_t now_ms, uint8_t *buf, size_t len, struct bj_tls_fed *out)
{
	enum bj_err err;

	*out = (struct bj_tls_fed){ 0 };
	if (conn->err)
		return (enum bj_err)conn->err;
	if ((!conn->is_server && state_at(&conn->state) == ST_START) || conn->quic || conn->rd_given)
		return BJ_ERR_STATE;
	conn->now_ms = now_ms;
	err = feed_run(conn, buf, len, out);
	if (!err)
		return BJ_OK;
	out->event = BJ_TLS_NONE;
	out->data = (struct bj_bytes){ NULL, 0 };
	return conn_fail(conn, err);
}

BJ_API enum bj_err bj_tls_start(struct bj_tls *conn, int64_t now_ms)
{
	enum bj_err err;

	if (conn->err)
		return (enum bj_err)conn->err;
	if (conn->is_server || state_at(&conn->state) != ST_START || (conn->quic && !conn->quic->params.ptr))
		return BJ_ERR_STATE;
	conn->now_ms = now_ms;
	err = handshake_new(conn);
	if (!err)
		err = handshake_advance(conn);
	return err ? conn_fail(conn, err) : BJ_OK;
}

BJ_API enum bj_err bj_tls_eof(struct bj_tls *conn)
{
	if (conn->quic)
		return BJ_ERR_STATE;
	conn->eof = true;
	if (conn->err)
		return (enum bj_err)conn->err;
	if (conn->close_received)
		return BJ_OK;
	return conn_fail(conn, BJ_ERR_TRUNCATED);
}
