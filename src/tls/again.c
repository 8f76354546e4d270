/* again.c - see again.h. */
#include "tls/again.h"

#include "tls/auth.h"
#include "tls/ext/certificate_type.h"
#include "tls/session.h"

bool again_fits(const struct bj_tls_config *config, const struct session *s)
{
	if (!config->judges_resumed)
		return true;
	if (!s->has_peer) /* a verdict without anybody to judge again: there was no memory for the chain */
		return !s->peer_verified;
	return s->peer_is_list && config_has_type(&config->peer_types, certificate_type_of(s->peer_is_key));
}

static bool is_wanted(const struct bj_tls *conn)
{
	const struct bj_tls_config *config = conn->config;
	const struct session *s = conn->hs->session;

	if (!config->judges_resumed || !s || !s->peer_is_list)
		return false;
	return !config->insecure_no_verify || (config->ask >> BJ_TLS_Q_VERIFY & 1);
}

static enum bj_err chain_load(struct bj_tls *conn)
{
	struct handshake *hs = conn->hs;
	struct session_peer peer;
	enum bj_err err;

	if (!session_peer_view(hs->session, &peer))
		return BJ_ERR_INTERNAL; /* it was read once already */
	hs->peer_type = certificate_type_of(hs->session->peer_is_key);
	err = auth_take_chain(conn, peer.chain, peer.count);
	return err ? err : auth_take_staples(conn, peer.ocsp, peer.scts);
}

static enum bj_err prepare(struct bj_tls *conn, bool wanted, struct bj_bytes body)
{
	enum bj_err err;

	conn->hs->needless = !wanted;
	if (!wanted)
		return BJ_OK;
	conn->peer_verified = false; /* what the session says of it is old */
	err = chain_load(conn);
	return err ? err : auth_judge_prepare(conn, body);
}

enum bj_err again_early_prepare(struct bj_tls *conn, struct bj_bytes body)
{
	return prepare(conn, is_wanted(conn), body);
}

/* What was judged is no more than what the session says: which server answers is still to be seen. */
enum bj_err again_early_judge(struct bj_tls *conn, struct bj_bytes body)
{
	enum bj_err err;

	if (conn->hs->needless)
		return BJ_OK;
	err = auth_judge(conn, body);
	if (!err)
		auth_forget_chain(conn);
	return err;
}

enum bj_err again_prepare(struct bj_tls *conn, struct bj_bytes body)
{
	return prepare(conn, is_wanted(conn) && !conn->psk && conn->early != BJ_TLS_EARLY_ACCEPTED, body);
}

enum bj_err again_judge(struct bj_tls *conn, struct bj_bytes body)
{
	return conn->hs->needless ? BJ_OK : auth_judge(conn, body);
}
