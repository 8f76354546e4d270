/* both13.c - see both13.h. */
#include "tls/both13.h"

#include "tls/auth.h"
#include "tls/msg/certificate_verify.h"

/* What is signed of the messages so far, by the server or the client. */
static size_t content_make(const struct bj_tls *conn, bool of_server, uint8_t out[CERTIFICATE_VERIFY_CONTENT_MAX])
{
	uint8_t hash[HASH_MAX];
	size_t len = transcript_peek(&conn->hs->transcript, hash);

	return certificate_verify_content(of_server, bytes_of(hash, len), out);
}

enum bj_err sign13_prepare(struct bj_tls *conn, struct bj_bytes body)
{
	struct handshake *hs = conn->hs;

	hs->sign_bytes = bytes_of(hs->sign_input, content_make(conn, conn->is_server, hs->sign_input));
	return BJ_OK;
}

enum bj_err verify13_make(struct bj_tls *conn, struct writer *w)
{
	const struct certificate_verify cv = {
		.scheme = conn->hs->scheme,
		.signature = auth_signature(conn),
	};
	enum bj_err err = conn_room(conn, w, cv.signature.len + 64);

	if (err)
		return err;
	certificate_verify_write(w, &cv);
	return BJ_OK;
}

enum bj_err verify13_take(struct bj_tls *conn, struct bj_bytes body)
{
	uint8_t content[CERTIFICATE_VERIFY_CONTENT_MAX];
	struct certificate_verify cv;
	enum bj_err err = certificate_verify_parse(body, &cv);

	if (err)
		return err;
	return auth_check_signature(conn, cv.scheme, bytes_of(content, content_make(conn, !conn->is_server, content)), cv.signature);
}
