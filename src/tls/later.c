/* later.c - see later.h. */
#include "tls/later.h"

#include <stdlib.h>

#include "crypto/rng_os.h"
#include "tls/ext/certificate_type.h"
#include "tls/keys.h"

enum bj_err later_keep(struct bj_tls *conn)
{
	bool agreed = conn->config->later && conn_is_13(conn) && !conn->quic && (conn->hs->offered & EXT_BIT(EXT_POST_HANDSHAKE_AUTH));

	if (!agreed || conn->later)
		return BJ_OK;
	conn->later = calloc(1, sizeof(*conn->later));
	if (!conn->later)
		return BJ_ERR_NO_MEMORY;
	conn->later->hash = conn->hs->transcript.hash;
	return BJ_OK;
}

/* What the handshake found out of the peer gives way to what came now, if anything came. */
void later_end(struct bj_tls *conn)
{
	if (!conn->later || !conn->later->runs)
		return;
	conn->later->runs = false;
	if (conn->is_server)
		conn->told |= TELL_AUTHENTICATED;
	if (conn->hs->peer_chain_count == 0)
		return;
	free(conn->peer);
	free(conn->verdict);
	conn->peer = NULL;
	conn->verdict = NULL;
}

struct bj_bytes later_context(const struct bj_tls *conn)
{
	if (!conn->later || !conn->later->runs)
		return (struct bj_bytes){ NULL, 0 };
	return bytes_of(conn->later->context, conn->later->context_len);
}

static enum bj_err begin(struct bj_tls *conn)
{
	enum bj_err err = handshake_new(conn);

	if (err)
		return err;
	conn->hs->transcript.hash = conn->later->hash;
	conn->later->runs = true;
	conn->later->count++;
	conn->auth_asked = true;
	return BJ_OK;
}

enum bj_err later_ask_take(struct bj_tls *conn, struct bj_bytes body)
{
	struct later *later = conn->later;
	enum bj_err err = begin(conn);

	later->context_len = LATER_CONTEXT_LEN;
	return err ? err : rng_fill(&conn->hs->rng, later->context, LATER_CONTEXT_LEN);
}

enum bj_err later_begin(struct bj_tls *conn, struct bj_bytes context)
{
	struct later *later = conn->later;

	if (!later)
		return BJ_ERR_UNEXPECTED_MESSAGE;
	if (later->count == LATER_MAX)
		return BJ_ERR_TOO_MANY_RECORDS;
	check(context.len <= sizeof(later->context));
	later->context_len = (uint8_t)context.len;
	bytes_copy(later->context, context.ptr, context.len);
	return begin(conn);
}

enum bj_err later_finished_make(struct bj_tls *conn, struct writer *w)
{
	ks_finished_key((enum hash_alg)conn->suite->hash, &conn->s13.write, &conn->hs->finished_ours);
	return keys_finished_make(conn, w);
}

enum bj_err later_finished_take(struct bj_tls *conn, struct bj_bytes body)
{
	ks_finished_key((enum hash_alg)conn->suite->hash, &conn->s13.read, &conn->hs->finished_peers);
	return keys_finished_take(conn, body);
}

BJ_API enum bj_err bj_tls_request_certificate(struct bj_tls *conn)
{
	enum bj_err err;

	if (conn->err)
		return (enum bj_err)conn->err;
	if (!conn->is_server || !conn->later || conn->close_sent || conn->close_received || state_at(&conn->state) != ST_OPEN)
		return BJ_ERR_STATE;
	if (conn->psk)
		return BJ_ERR_STATE; /* both would speak for the client, and nothing says how they go together. rfc9846:4.3.2 */
	if (conn->wr_given || conn->rd_given || !config_has_type(&conn->config->peer_types, CERTIFICATE_X509))
		return BJ_ERR_STATE;
	if (conn->later->count == LATER_MAX)
		return BJ_ERR_LIMIT;
	err = handshake_receive(conn, MSG_ASK_LATER, (struct bj_bytes){ NULL, 0 }, true);
	if (!err)
		err = handshake_advance(conn);
	return err ? conn_fail(conn, err) : BJ_OK;
}

BJ_API enum bj_err bj_tls_config_post_handshake_auth(struct bj_tls_config *config, bool on)
{
	if (!config)
		return BJ_ERR_ARGUMENT;
	if (config->frozen)
		return BJ_ERR_CONFIG_FROZEN;
	config->later = on;
	return BJ_OK;
}
