/* quic.c - see quic.h. */
#include "tls/quic.h"

#include <stdlib.h>

#include "tls/feed.h"
#include "tls/flight.h"

enum bj_err quic_new(struct bj_tls *conn)
{
	conn->quic = calloc(1, sizeof(*conn->quic));
	return conn->quic ? BJ_OK : BJ_ERR_NO_MEMORY;
}

void quic_wipe(struct bj_tls *conn)
{
	struct quic *quic = conn->quic;

	if (!quic)
		return;
	wipe(quic->secrets, sizeof(quic->secrets));
	quic->taken = quic->made;
}

void quic_free(struct bj_tls *conn)
{
	if (!conn->quic)
		return;
	quic_wipe(conn);
	free((void *)conn->quic->params.ptr);
	free((void *)conn->quic->peer_params.ptr);
	free(conn->quic);
	conn->quic = NULL;
}

/* ---- for the engine */

void quic_queued(struct bj_tls *conn, size_t len)
{
	conn->quic->waits[conn->quic->write_level] += (uint32_t)len;
}

void quic_secret_put(struct bj_tls *conn, enum bj_tls_level level, bool write, const struct suite *suite, const struct secret *secret)
{
	struct quic *quic = conn->quic;

	check(quic->made < QUIC_SECRETS_MAX);
	quic->secrets[quic->made++] = (struct quic_secret){ (uint8_t)level, write, suite->code, *secret };
	if (level != BJ_TLS_LEVEL_EARLY)
		*(write ? &quic->write_level : &quic->read_level) = (uint8_t)level;
}

/* A copy that lives as long as the connection. */
static enum bj_err params_copy(const void *ptr, size_t len, struct bj_bytes *out)
{
	uint8_t *copy = malloc(len + 1); /* never null for being empty */

	if (!copy)
		return BJ_ERR_NO_MEMORY;
	bytes_copy(copy, ptr, len);
	free((void *)out->ptr);
	*out = bytes_of(copy, len);
	return BJ_OK;
}

enum bj_err quic_take_hello(struct bj_tls *conn, const struct client_hello *hello)
{
	bool has_params = hello->has & EXT_BIT(EXT_QUIC_PARAMS);

	if (!conn->quic)
		return has_params ? BJ_ERR_UNSUPPORTED_EXTENSION : BJ_OK;
	if (hello->session_id.len > 0)
		return BJ_ERR_ILLEGAL_PARAMETER;
	if (!has_params)
		return BJ_ERR_MISSING_EXTENSION;
	return params_copy(hello->quic_params.ptr, hello->quic_params.len, &conn->quic->peer_params);
}

enum bj_err quic_take_answer(struct bj_tls *conn, const struct encrypted_extensions *ee)
{
	if (!(ee->has & EXT_BIT(EXT_QUIC_PARAMS)))
		return BJ_ERR_MISSING_EXTENSION;
	if (!(ee->has & EXT_BIT(EXT_ALPN)))
		return BJ_ERR_NO_ALPN;
	return params_copy(ee->quic_params.ptr, ee->quic_params.len, &conn->quic->peer_params);
}

/* ---- for the owner */

BJ_API enum bj_err bj_tls_quic_set_params(struct bj_tls *conn, const void *params, size_t len)
{
	enum hs_state at = state_at(&conn->state);

	if (conn->err)
		return (enum bj_err)conn->err;
	/* they are said in the ClientHello or the EncryptedExtensions, which comes right behind the question about the credential */
	if (!conn->quic || (conn->is_server ? at != ST_START && at != ST_CREDENTIAL && at != ST_WAIT_SECOND_CLIENT_HELLO : at != ST_START))
		return BJ_ERR_STATE;
	if (len > BJ_TLS_QUIC_PARAMS_MAX || (len > 0 && !params))
		return BJ_ERR_ARGUMENT;
	return params_copy(params, len, &conn->quic->params);
}

BJ_API struct bj_bytes bj_tls_quic_peer_params(const struct bj_tls *conn)
{
	return conn->quic ? conn->quic->peer_params : (struct bj_bytes){ NULL, 0 };
}

BJ_API enum bj_tls_level bj_tls_quic_read_level(const struct bj_tls *conn)
{
	return conn->quic ? (enum bj_tls_level)conn->quic->read_level : BJ_TLS_LEVEL_INITIAL;
}

/* Bytes of a level that is not the one being read. */
static enum bj_err wrong_level(struct bj_tls *conn, enum bj_tls_level level)
{
	if (level > BJ_TLS_LEVEL_APPLICATION)
		return BJ_ERR_ARGUMENT;
	if (level == BJ_TLS_LEVEL_EARLY || level < bj_tls_quic_read_level(conn))
		return conn_fail(conn, BJ_ERR_UNEXPECTED_MESSAGE); /* rfc9001:4.1.3 */
	return BJ_ERR_STATE; /* there are no keys for them yet */
}

static enum bj_err run(struct bj_tls *conn, enum bj_tls_level level, struct bj_bytes bytes, enum bj_tls_event *out_event)
{
	enum bj_err err = feed_answered(conn);

	if (!err && bytes.len > 0 && level != bj_tls_quic_read_level(conn))
		return BJ_ERR_EXCESSIVE_DATA; /* what was answered ended their level: they stand behind the message that asked */
	if (!err && bytes.len > 0) {
		/* whoever waits for our answer cannot have got further on this level */
		if (conn->hs && conn->hs->question && conn->quic->read_level != BJ_TLS_LEVEL_APPLICATION)
			conn->behind = true;
		err = feed_handshake(conn, bytes);
	}
	if (err)
		return err;
	conn->message = CONN_NO_MESSAGE;
	(void)feed_tell(conn, out_event);
	return BJ_OK;
}

BJ_API enum bj_err bj_tls_quic_feed(struct bj_tls *conn, int64_t now_ms, enum bj_tls_level level, const void *bytes, size_t len,
				    enum bj_tls_event *out_event)
{
	enum bj_err err;

	*out_event = BJ_TLS_NONE;
	if (conn->err)
		return (enum bj_err)conn->err;
	if (!conn->quic || (!conn->is_server && state_at(&conn->state) == ST_START))
		return BJ_ERR_STATE;
	if (conn->is_server && !conn->quic->params.ptr && !(conn->config->ask >> BJ_TLS_Q_CREDENTIAL & 1))
		return BJ_ERR_STATE;
	if (len > 0 && level != bj_tls_quic_read_level(conn))
		return wrong_level(conn, level);
	conn->now_ms = now_ms;
	err = run(conn, level, bytes_of(bytes, len), out_event);
	if (!err)
		return BJ_OK;
	return conn_fail(conn, err);
}

BJ_API size_t bj_tls_quic_pull(struct bj_tls *conn, enum bj_tls_level *out_level, uint8_t *out, size_t cap)
{
	struct outbox *box = &conn->out;
	unsigned level = 0;
	size_t len;

	if (!conn->quic)
		return 0;
	while (level < QUIC_LEVELS && conn->quic->waits[level] == 0)
		level++;
	if (level == QUIC_LEVELS || cap == 0)
		return 0;
	len = conn->quic->waits[level] < cap ? conn->quic->waits[level] : cap;
	memcpy(out, box->buf + box->off, len);
	box->off += (uint32_t)len;
	conn->quic->waits[level] -= (uint32_t)len;
	if (box->off == box->len)
		outbox_free(box);
	*out_level = (enum bj_tls_level)level;
	return len;
}

BJ_API bool bj_tls_quic_secret(struct bj_tls *conn, struct bj_tls_quic_secret *out)
{
	struct quic *quic = conn->quic;
	struct quic_secret *next;

	if (!quic || quic->taken == quic->made)
		return false;
	next = &quic->secrets[quic->taken++];
	*out = (struct bj_tls_quic_secret){ (enum bj_tls_level)next->level, next->write, next->suite, next->secret.len, { 0 } };
	check(next->secret.len <= sizeof(out->bytes));
	memcpy(out->bytes, next->secret.bytes, next->secret.len);
	wipe(next, sizeof(*next));
	return true;
}
