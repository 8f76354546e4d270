/* handshake.c - the driver of the handshake tables. */
#include "tls/handshake.h"

#include "tls/conn.h"
#include "tls/flight.h"
#include "tls/keys.h"
#include "tls/msg/server_hello.h"

#define STEPS_MAX 64 /* rows taken without a message: the longest flight has far fewer */

const char *hs_message_name(unsigned type)
{
	if (type == MSG_HELLO_RETRY_REQUEST)
		return "HelloRetryRequest";
	if (type == MSG_CHANGE_CIPHER_SPEC)
		return "ChangeCipherSpec";
	if (type == MSG_ASK_LATER)
		return "(order)";
	return message_name((uint8_t)type);
}

static bool before_version(bool server, enum hs_state at)
{
	if (at == ST_START)
		return true;
	return !server && (at == ST_EARLY || at == ST_WAIT_SERVER_HELLO || at == ST_RETRY || at == ST_WAIT_SECOND_SERVER_HELLO);
}

const struct hs_table *handshake_table(bool server, const struct state *s)
{
	if (before_version(server, state_at(s)))
		return server ? &table_server_start : &table_client_start;
	if (state_holds(s, F_13))
		return server ? &table_server13 : &table_client13;
	return server ? &table_server12 : &table_client12;
}

/* The first row of the state, whose rows stand together: looked for around the place where the handshake was last, since it is seldom far. */
static size_t row_first(const struct bj_tls *conn, const struct hs_table *table)
{
	size_t last = conn->row < table->count ? conn->row : 0, at = table->count;

	for (size_t far = 0; far < table->count && at == table->count; far++) {
		if (last + far < table->count && table->rows[last + far].from == state_at(&conn->state))
			at = last + far;
		else if (far <= last && table->rows[last - far].from == state_at(&conn->state))
			at = last - far;
	}
	while (at > 0 && at < table->count && table->rows[at - 1].from == state_at(&conn->state))
		at--;
	return at;
}

/* The row that receives `type`, or (own) the one row of ours that fits. */
static const struct hs_row *row_find(struct bj_tls *conn, bool own, unsigned type)
{
	const struct hs_table *table = handshake_table(conn->is_server, &conn->state);
	size_t at = row_first(conn, table);

	for (conn->row = (uint8_t)at; at < table->count && table->rows[at].from == state_at(&conn->state); at++) {
		const struct hs_row *row = &table->rows[at];

		if ((row->op != OP_RECV) != own || (!own && row->what != type))
			continue;
		if (state_fits(&conn->state, row->when, row->unless))
			return row;
	}
	return NULL;
}

/* A CompressedCertificate stands wherever a Certificate may, where it was offered. rfc8879:4 */
static const struct hs_row *row_receives(struct bj_tls *conn, unsigned type)
{
	bool packed = type == MSG_COMPRESSED_CERTIFICATE && conn_is_13(conn) && conn->config->compression_count > 0;

	return row_find(conn, false, packed ? (unsigned)MSG_CERTIFICATE : type);
}

bool handshake_awaits(struct bj_tls *conn, unsigned type)
{
	return row_receives(conn, type) != NULL;
}

/* Messages after the handshake are no part of it. */
static bool is_hashed(const struct bj_tls *conn, unsigned type)
{
	if (type == MSG_KEY_UPDATE || type == MSG_CHANGE_CIPHER_SPEC || type == MSG_ASK_LATER || type == MSG_HELLO_REQUEST)
		return false;
	return conn->hs && !(type == MSG_NEW_SESSION_TICKET && conn_is_13(conn));
}

/* A row's handler ended well: facts, keys, state. */
static enum bj_err row_leave(struct bj_tls *conn, const struct hs_row *row)
{
	enum bj_err err;

	state_leave(&conn->state, row->sets, row->clears, (enum hs_state)row->to);
	if (row->keys) {
		err = flight_flush(conn);
		if (err)
			return err;
		err = keys_change(conn, row->keys);
		if (err)
			return err;
	}
	if (conn->hs && state_at(&conn->state) == ST_OPEN)
		return handshake_finish(conn);
	return BJ_OK;
}

static enum bj_err row_send(struct bj_tls *conn, const struct hs_row *row)
{
	struct writer w;
	enum bj_err err;

	conn->message = row->what;
	if (conn->behind && !state_is_open(&conn->state)) /* the peer has not read what comes now, so nothing of its next flight can be here */
		return BJ_ERR_EXCESSIVE_DATA;
	if (row->what == MSG_CHANGE_CIPHER_SPEC)
		return flight_ccs(conn);
	err = flight_begin(conn, &w);
	if (err)
		return err;
	err = row->make(conn, &w);
	if (err)
		return err;
	return flight_end(conn, &w, is_hashed(conn, row->what));
}

/* The message that a question is about, for the report of a failure. */
static uint16_t question_message(const struct bj_tls *conn, unsigned question)
{
	if (question == BJ_TLS_Q_TICKET_SEAL)
		return MSG_NEW_SESSION_TICKET;
	if (question == BJ_TLS_Q_VERIFY)
		return MSG_CERTIFICATE;
	if (question == BJ_TLS_Q_SIGN)
		return MSG_CERTIFICATE_VERIFY;
	return conn->is_server ? MSG_CLIENT_HELLO : MSG_CERTIFICATE_REQUEST;
}

/* Prepares once, then waits for the owner if it wants to be asked. */
static enum bj_err row_ask(struct bj_tls *conn, const struct hs_row *row, bool *out_waits)
{
	struct handshake *hs = conn->hs;
	enum bj_err err;

	*out_waits = false;
	conn->message = question_message(conn, row->what);
	if (!hs->prepared) {
		err = row->prepare(conn, hs->body);
		if (err)
			return err;
		hs->prepared = true;
	}
	if ((conn->config->ask >> row->what & 1) && !hs->needless && !hs->answer.is_there) {
		hs->question = (enum bj_tls_question)row->what;
		*out_waits = true;
		return BJ_OK;
	}
	err = row->take(conn, hs->body);
	hs->prepared = hs->needless = false;
	hs->answer.is_there = false;
	return err;
}

enum bj_err handshake_advance(struct bj_tls *conn)
{
	enum bj_err err;

	for (unsigned steps = 0;; steps++) {
		const struct hs_row *row = row_find(conn, true, 0);
		const struct state before = conn->state;
		bool waits = false;

		if (!row)
			break;
		check(steps < STEPS_MAX);
		state_enter(&conn->state, row->decides);
		if (row->op == OP_SEND)
			err = row_send(conn, row);
		else if (row->op == OP_ASK)
			err = row_ask(conn, row, &waits);
		else
			err = row->take ? row->take(conn, conn->hs->body) : BJ_OK;
		if (err)
			return err;
		if (waits) {
			state_back(&conn->state, &before);
			return BJ_OK;
		}
		err = row_leave(conn, row);
		if (err)
			return err;
	}
	conn->message = CONN_NO_MESSAGE;
	return flight_flush(conn);
}

static bool server_hello_is_retry(struct bj_bytes body)
{
	return body.len >= 2 + RANDOM_LEN && memcmp(body.ptr + 2, server_hello_retry_random, RANDOM_LEN) == 0;
}

/* A ServerHello with that random is a HelloRetryRequest. rfc9846:4.1.3 */
static unsigned message_kind(const struct bj_tls *conn, unsigned type, struct bj_bytes body)
{
	if (type == MSG_SERVER_HELLO && !conn->is_server && server_hello_is_retry(body))
		return MSG_HELLO_RETRY_REQUEST;
	return type;
}

enum bj_err handshake_unexpected(const struct bj_tls *conn, unsigned type)
{
	if (state_at(&conn->state) == ST_OPEN && !conn_is_13(conn) && type == MSG_CLIENT_HELLO && conn->is_server)
		return BJ_ERR_RENEGOTIATION;
	return BJ_ERR_UNEXPECTED_MESSAGE;
}

enum bj_err handshake_receive(struct bj_tls *conn, unsigned type, struct bj_bytes raw, bool last)
{
	struct bj_bytes body = { NULL, 0 };
	const struct hs_row *row;
	enum bj_err err;

	if (raw.len >= MESSAGE_HEADER_LEN)
		body = bytes_of(raw.ptr + MESSAGE_HEADER_LEN, raw.len - MESSAGE_HEADER_LEN);
	type = message_kind(conn, type, body);
	conn->message = (uint16_t)type;
	if (type != MSG_CHANGE_CIPHER_SPEC && type != MSG_ASK_LATER)
		conn_observe(conn, BJ_TLS_SAW_MESSAGE, false, raw.len ? raw.ptr[0] : 0, raw);
	row = row_receives(conn, type);
	if (!row)
		return handshake_unexpected(conn, type);
	conn->behind = !last;
	if (conn->hs)
		conn->hs->body = body;
	if ((row->keys & (KEYS_READ_APP | KEYS_READ_12)) && !last)
		return BJ_ERR_EXCESSIVE_DATA;
	state_enter(&conn->state, row->decides);
	err = row->take(conn, body);
	if (!err && is_hashed(conn, type))
		err = transcript_add(&conn->hs->transcript, conn->hs->instead.len > 0 ? conn->hs->instead : raw);
	if (conn->hs)
		conn->hs->instead = (struct bj_bytes){ NULL, 0 };
	return err ? err : row_leave(conn, row);
}
