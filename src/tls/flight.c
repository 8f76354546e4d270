/* flight.c - builds flights of handshake messages and queues records. */
#include "tls/flight.h"

#include <stdlib.h>

#include "tls/limits.h"
#include "tls/quic.h"

#define OUTBOX_FIRST 4096

/* Room for `len` more bytes behind what is there. */
static enum bj_err outbox_room(struct outbox *out, size_t len, size_t max, size_t first)
{
	size_t want = out->len + len, cap = out->cap ? out->cap : first;
	uint8_t *buf;

	if (want <= out->cap)
		return BJ_OK;
	if (want > max)
		return BJ_ERR_LIMIT;
	while (cap < want)
		cap *= 2;
	buf = malloc(cap);
	if (!buf)
		return BJ_ERR_NO_MEMORY;
	bytes_copy(buf, out->buf, out->len);
	if (out->buf)
		wipe(out->buf, out->len);
	free(out->buf);
	out->buf = buf;
	out->cap = (uint32_t)cap;
	return BJ_OK;
}

void outbox_free(struct outbox *out)
{
	if (out->buf)
		wipe(out->buf, out->len);
	free(out->buf);
	*out = (struct outbox){ 0 };
}

void inbox_free(struct inbox *in)
{
	if (in->buf)
		wipe(in->buf, in->len);
	free(in->buf);
	*in = (struct inbox){ 0 };
}

enum bj_err flight_begin(struct bj_tls *conn, struct writer *w)
{
	struct outbox *f = &conn->flight;
	enum bj_err err = outbox_room(f, HS_ROOM, FLIGHT_MAX, conn->is_server ? OUTBOX_FIRST : OUTBOX_FIRST / 2);

	if (err)
		return err;
	*w = wr_make(f->buf + f->len, f->cap - f->len);
	return BJ_OK;
}

enum bj_err conn_room(struct bj_tls *conn, struct writer *w, size_t len)
{
	struct outbox *f = &conn->flight;
	uint32_t before = f->len;
	enum bj_err err;

	if (!wr_ok(w))
		return BJ_ERR_INTERNAL;
	if (wr_left(w) >= len)
		return BJ_OK;
	f->len += (uint32_t)w->len;
	err = outbox_room(f, len, FLIGHT_MAX, OUTBOX_FIRST);
	f->len = before;
	if (err)
		return err;
	w->buf = f->buf + f->len;
	w->cap = f->cap - f->len;
	return BJ_OK;
}

enum bj_err flight_end(struct bj_tls *conn, struct writer *w, bool hashed)
{
	struct bj_bytes message = wr_view(w);

	if (!wr_ok(w) || message.len < MESSAGE_HEADER_LEN)
		return BJ_ERR_INTERNAL;
	conn_observe(conn, BJ_TLS_SAW_MESSAGE, true, message.ptr[0], message);
	conn->flight.len += (uint32_t)message.len;
	if (!hashed)
		return BJ_OK;
	if (conn->hs->instead.len > 0)
		message = conn->hs->instead;
	conn->hs->instead = (struct bj_bytes){ NULL, 0 };
	return transcript_add(&conn->hs->transcript, message);
}

static enum bj_err queue_record(struct bj_tls *conn, struct record_keys *keys, enum record_type type, const struct bj_bytes *pieces,
				size_t count, size_t len)
{
	struct outbox *out = &conn->out;
	/* the first ClientHello says 0x0301 for the sake of old peers. rfc9846:5.1 */
	uint16_t version = !conn->is_server && conn->version == 0 && type != RECORD_CCS ? VERSION_1_0 : VERSION_1_2;
	size_t sealed = 0, pad = limits_padding(conn, keys, len, RECORD_PADDING_MAX), first = len + pad + BJ_TLS_OVERHEAD_MAX;
	enum bj_err err;

	if (conn->close_sent) /* nothing comes behind close_notify, whatever the peer still asks. rfc9846:6.1 */
		return BJ_OK;
	if (conn->wr_given)
		return BJ_ERR_STATE;
	if (conn->is_server && conn->wr.form == RECORD_PLAIN && conn->hs) /* there is more to come */
		first = OUTBOX_FIRST / 2;
	err = outbox_room(out, len + pad + BJ_TLS_OVERHEAD_MAX, OUTBOX_MAX, first);
	if (err)
		return err;
	err = record_seal_padded(keys, type, version, pieces, count, pad, out->buf + out->len, out->cap - out->len, &sealed);
	if (err)
		return err;
	out->len += (uint32_t)sealed;
	conn->records_out++;
	return BJ_OK;
}

/* QUIC: the bytes themselves, without records. */
static enum bj_err queue_bytes(struct bj_tls *conn, struct bj_bytes bytes)
{
	struct outbox *out = &conn->out;
	enum bj_err err = outbox_room(out, bytes.len, OUTBOX_MAX, OUTBOX_FIRST);

	if (err)
		return err;
	bytes_copy(out->buf + out->len, bytes.ptr, bytes.len);
	out->len += (uint32_t)bytes.len;
	quic_queued(conn, bytes.len);
	return BJ_OK;
}

void flight_drop(struct bj_tls *conn)
{
	if (conn->flight.len > 0)
		wipe(conn->flight.buf, conn->flight.len);
	conn->flight.len = 0;
}

enum bj_err flight_flush(struct bj_tls *conn)
{
	struct outbox *f = &conn->flight;
	size_t max = limits_send_max(conn);
	enum bj_err err = BJ_OK;

	if (conn->quic && f->len > 0)
		err = queue_bytes(conn, bytes_of(f->buf, f->len));
	for (size_t at = 0; at < f->len && !err && !conn->quic;) {
		size_t len = f->len - at < max ? f->len - at : max;
		struct bj_bytes piece = { f->buf + at, len };

		err = queue_record(conn, &conn->wr, RECORD_HANDSHAKE, &piece, 1, len);
		at += len;
	}
	f->len = 0;
	if (!conn->hs)
		outbox_free(f);
	return err;
}

enum bj_err flight_ccs(struct bj_tls *conn)
{
	static const uint8_t one = 1;
	struct bj_bytes piece = { &one, 1 };
	struct record_keys plain = { 0 };
	enum bj_err err = flight_flush(conn);

	if (err)
		return err;
	conn_observe(conn, BJ_TLS_SAW_CCS, true, 1, piece);
	/* in 1.2 it goes out before the keys change, so it is plaintext either way */
	return queue_record(conn, &plain, RECORD_CCS, &piece, 1, 1);
}

/* An alert may be the first that a client of 1.3 sends under keys: what stands before its second flight stands before that too.
 * rfc9846:D.4 */
static enum bj_err alert_compat(struct bj_tls *conn)
{
	struct handshake *hs = conn->hs;

	if (conn->is_server || !hs || hs->compat != COMPAT_WANTED || !conn_is_13(conn) || conn->wr.form == RECORD_PLAIN)
		return BJ_OK;
	hs->compat |= COMPAT_SENT;
	return flight_ccs(conn);
}

enum bj_err flight_alert(struct bj_tls *conn, uint8_t level, uint8_t description)
{
	const uint8_t alert[ALERT_LEN] = { level, description };
	struct bj_bytes piece = { alert, ALERT_LEN };
	enum bj_err err = flight_flush(conn);

	if (!err)
		err = alert_compat(conn);
	if (err)
		return err;
	conn_observe(conn, BJ_TLS_SAW_ALERT, true, description, piece);
	if (conn->quic || conn->wr_given) /* its code goes out in a frame of QUIC's own (rfc9001:4.8), or in a record by whom has the keys */
		return BJ_OK;
	return queue_record(conn, &conn->wr, RECORD_ALERT, &piece, 1, ALERT_LEN);
}
