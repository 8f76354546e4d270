/* both12.c - see both12.h. */
#include "tls/both12.h"

#include "tls/auth.h"
#include "tls/ext/certificate_type.h"
#include "tls/hello.h"
#include "x509/credential.h"

static void master_made(struct bj_tls *conn)
{
	memcpy(conn->s12.client_random, conn->hs->client_random, RANDOM_LEN);
	memcpy(conn->s12.server_random, conn->hs->server_random, RANDOM_LEN);
	conn_keylog(conn, "CLIENT_RANDOM", secret_view(&conn->s12.master));
}

enum bj_err master12_step(struct bj_tls *conn, struct bj_bytes body)
{
	struct handshake *hs = conn->hs;
	enum hash_alg alg = (enum hash_alg)conn->suite->hash;
	uint8_t hash[HASH_MAX];

	if (conn->is_unbound)
		keys12_master_unbound(alg, &hs->shared, hs->client_random, hs->server_random, &conn->s12.master);
	else
		keys12_master(alg, &hs->shared, bytes_of(hash, transcript_peek(&hs->transcript, hash)), &conn->s12.master);
	master_made(conn);
	return BJ_OK;
}

enum bj_err master12_resume(struct bj_tls *conn, const struct session *s)
{
	conn->s12.master = s->secret;
	master_made(conn);
	return hello_resumed(conn, s);
}

enum bj_err certificate12_parse_form(const struct bj_tls *conn, struct bj_bytes body, struct certificate *out)
{
	bool is_key = conn->hs->peer_type == CERTIFICATE_RAW_KEY;

	return is_key ? certificate12_parse_key(body, out) : certificate12_parse(body, out);
}

/* Ours; an empty list where a client has none that fits. */
enum bj_err certificate12_make(struct bj_tls *conn, struct writer *w)
{
	const struct config_credential *own = conn->hs->credential;
	struct certificate cert = { 0 };
	size_t len = HS_ROOM;
	enum bj_err err = own ? auth_own_chain(own->credential, &cert, &len) : BJ_OK;

	if (!err)
		err = conn_room(conn, w, len);
	if (err)
		return err;
	if (conn->hs->own_type == CERTIFICATE_RAW_KEY)
		certificate12_write_key(w, &cert);
	else
		certificate12_write(w, &cert);
	return BJ_OK;
}

/* The record's form was judged where it came in; here its place was right. */
enum bj_err ccs12_take(struct bj_tls *conn, struct bj_bytes body)
{
	return BJ_OK;
}
