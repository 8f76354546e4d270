/* retry.c - see retry.h. */
#include "tls/retry.h"

#include "tls/ech.h"

#include <stdlib.h>

#include "tls/suite.h"

#define COOKIE_FORM 1
#define PRINT_LEN 32

/* What the second hello must be. */
struct state_in_cookie {
	int64_t made_ms;
	uint16_t suite, group;
	struct bj_bytes print, hash; /* of the first hello: what must not change, all of it */
};

static void print_of(const struct client_hello *hello, uint8_t out[PRINT_LEN])
{
	uint8_t digest[HASH_MAX];

	client_hello_fingerprint(HASH_SHA256, hello, digest);
	memcpy(out, digest, PRINT_LEN);
}

static enum bj_err cookie_make(struct bj_tls *conn)
{
	struct handshake *hs = conn->hs;
	uint8_t plain[RETRY_COOKIE_MAX], sealed[RETRY_COOKIE_MAX], hash[HASH_MAX];
	struct writer w = wr_make(plain, sizeof(plain)), out = wr_make(sealed, sizeof(sealed));
	size_t len = transcript_peek(&hs->transcript, hash);
	enum bj_err err;

	wr_u8(&w, COOKIE_FORM);
	wr_u64(&w, (uint64_t)conn->now_ms);
	wr_u16(&w, conn->suite->code);
	wr_u16(&w, hs->group);
	wr_raw(&w, hs->hello_print, PRINT_LEN);
	wr_vec(&w, bytes_of(hash, len), 1);
	err = ticket_seal_bytes(conn->config->cookies, &hs->ticket_use, &hs->rng, conn->now_ms, wr_view(&w), &out);
	if (err)
		return err;
	hs->cookie = malloc(out.len);
	if (!hs->cookie)
		return BJ_ERR_NO_MEMORY;
	memcpy(hs->cookie, sealed, out.len);
	hs->cookie_len = out.len;
	return BJ_OK;
}

/* The same again when a connection goes on from a cookie, for the transcript. */
static void retry_write(const struct bj_tls *conn, struct bj_bytes cookie, struct writer *w)
{
	const struct handshake *hs = conn->hs;
	static const uint8_t room_for_confirmation[ECH_CONFIRMATION_LEN];
	struct server_hello retry = {
		.is_retry = true,
		.legacy_version = VERSION_1_2,
		.session_id = bytes_of(hs->session_id, hs->session_id_len),
		.suite = conn->suite->code,
		.version = VERSION_1_3,
		.has = EXT_BIT(EXT_SUPPORTED_VERSIONS) | EXT_BIT(EXT_KEY_SHARE) | (cookie.len > 0 ? EXT_BIT(EXT_COOKIE) : 0),
		.share = { .group = hs->group },
		.cookie = cookie,
	};

	if (ech_is(conn, BJ_TLS_ECH_ACCEPTED)) {
		retry.has |= EXT_BIT(EXT_ENCRYPTED_CLIENT_HELLO);
		retry.ech = bytes_of(room_for_confirmation, sizeof(room_for_confirmation));
	}
	server_hello_write(w, &retry);
}

enum bj_err retry_make(struct bj_tls *conn, struct writer *w)
{
	struct handshake *hs = conn->hs;
	/* who opened an encrypted hello must open the second with the same context: that state fits in no cookie */
	bool may_forget = conn->config->cookies && !ech_is(conn, BJ_TLS_ECH_ACCEPTED);
	enum bj_err err = may_forget ? cookie_make(conn) : BJ_OK;

	if (err)
		return err;
	conn->retried = true;
	transcript_retry(&hs->transcript);
	retry_write(conn, bytes_of(hs->cookie, hs->cookie_len), w);
	ech_server_confirm(conn, w, true);
	return BJ_OK;
}

bool retry_cookie_fits(const struct bj_tls *conn, const struct client_hello *hello)
{
	bool has = hello->has & EXT_BIT(EXT_COOKIE);

	return has == (conn->hs->cookie_len > 0) && (!has || bytes_equal(hello->cookie, bytes_of(conn->hs->cookie, conn->hs->cookie_len)));
}

static bool cookie_read(struct bj_bytes plain, struct state_in_cookie *out)
{
	struct reader r = rd_of(plain);
	uint8_t form = rd_u8(&r);

	out->made_ms = (int64_t)rd_u64(&r);
	out->suite = rd_u16(&r);
	out->group = rd_u16(&r);
	out->print = rd_bytes(&r, PRINT_LEN);
	out->hash = rd_vec_bytes(&r, 1);
	return rd_end(&r) && form == COOKIE_FORM;
}

enum bj_err retry_resume(struct bj_tls *conn, const struct client_hello *hello)
{
	struct handshake *hs = conn->hs;
	uint8_t plain[RETRY_COOKIE_MAX], print[PRINT_LEN], message[HS_ROOM];
	struct writer w = wr_make(message, sizeof(message));
	struct state_in_cookie was;
	size_t len;
	int64_t age_ms;

	if (!conn->config->cookies || !(hello->has & EXT_BIT(EXT_COOKIE)))
		return BJ_OK;
	if (ticket_open_bytes(conn->config->cookies, &conn->hs->ticket_use, conn->now_ms, hello->cookie, plain, sizeof(plain), &len) != BJ_OK ||
	    !cookie_read(bytes_of(plain, len), &was))
		return BJ_ERR_BAD_RETRY;
	age_ms = conn->now_ms - was.made_ms;
	print_of(hello, print);
	if (age_ms < -CLOCK_SLACK_MS || age_ms > (int64_t)conn->config->cookie_age_s * 1000 || was.suite != conn->suite->code ||
	    !bytes_equal(was.print, bytes_of(print, sizeof(print))) || was.hash.len != hash_len((enum hash_alg)conn->suite->hash))
		return BJ_ERR_BAD_RETRY;
	conn->retried = true;
	hs->group = was.group;
	transcript_begin_retried(&hs->transcript, was.hash);
	retry_write(conn, hello->cookie, &w);
	return wr_ok(&w) ? transcript_add(&hs->transcript, wr_view(&w)) : BJ_ERR_INTERNAL;
}
