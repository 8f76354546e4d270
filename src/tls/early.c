/* early.c - see early.h. */
#include "tls/early.h"

#include <stdlib.h>

#include "base/reader.h"
#include "tls/key_schedule.h"
#include "tls/keys.h"
#include "tls/quic.h"
#include "tls/replay.h"
#include "tls/suite.h"

void early_free(struct handshake *hs)
{
	if (!hs->early_data)
		return;
	wipe(hs->early_data, sizeof(*hs->early_data));
	free(hs->early_data);
	hs->early_data = NULL;
}

static enum bj_err early_new(struct bj_tls *conn, uint64_t max)
{
	conn->hs->early_data = calloc(1, sizeof(*conn->hs->early_data));
	if (!conn->hs->early_data)
		return BJ_ERR_NO_MEMORY;
	conn->hs->early_data->max = max;
	return BJ_OK;
}

/* ---- clients */

/* The session's protocol is among those that are offered again, or neither has one. */
static bool alpn_is_offered(const struct bj_tls *conn, const struct session *s)
{
	return s->alpn_len == 0 || config_alpn(conn->config, bytes_of(s->alpn, s->alpn_len)).len > 0;
}

static enum bj_tls_early offer_judge(const struct bj_tls *conn)
{
	const struct session *s = conn->hs->session;

	if (conn->config->early_max == 0)
		return BJ_TLS_EARLY_OFF;
	if (!config_has_version(conn->config, VERSION_1_3))
		return BJ_TLS_EARLY_VERSION;
	if (!s)
		return BJ_TLS_EARLY_NO_SESSION;
	if (s->version != VERSION_1_3 || s->early_max == 0 || s->ticket_len == 0)
		return BJ_TLS_EARLY_SESSION;
	return alpn_is_offered(conn, s) ? BJ_TLS_EARLY_OFFERED : BJ_TLS_EARLY_ALPN;
}

enum bj_err early_offer(struct bj_tls *conn)
{
	uint32_t max = conn->config->early_max;

	conn->early = (uint8_t)offer_judge(conn);
	if (conn->early != BJ_TLS_EARLY_OFFERED)
		return BJ_OK;
	return early_new(conn, max < conn->hs->session->early_max ? max : conn->hs->session->early_max);
}

void early_refused(struct bj_tls *conn, enum bj_tls_early why)
{
	if (conn->early == BJ_TLS_EARLY_OFFERED)
		conn->early = (uint8_t)why;
	if (conn->hs->early_data)
		conn->hs->early_data->may_send = false;
}

enum bj_err early_accepted(struct bj_tls *conn)
{
	const struct session *s = conn->hs->session;

	if (!s || !conn->resumed || s->suite != conn->suite->code || !bytes_equal(bytes_of(s->alpn, s->alpn_len), conn->alpn))
		return BJ_ERR_ILLEGAL_PARAMETER;
	conn->early = BJ_TLS_EARLY_ACCEPTED;
	return BJ_OK;
}

/* ---- servers */

/* The difference of what the client says and what we know. Both clocks may be off, and the hello was on its way. */
static bool age_fits(struct bj_tls *conn, uint32_t age_ms)
{
	int64_t skew_ms = (int64_t)age_ms - (conn->now_ms - conn->hs->session->made_ms);
	int64_t window_ms = (int64_t)conn->config->early_window_s * 1000;

	conn->age_skew_ms = skew_ms < -INT32_MAX ? -INT32_MAX : skew_ms > INT32_MAX ? INT32_MAX : (int32_t)skew_ms;
	return skew_ms >= -window_ms && skew_ms <= window_ms;
}

static enum bj_tls_early consider(struct bj_tls *conn, bool offers_psk, uint32_t age_ms)
{
	const struct handshake *hs = conn->hs;
	const struct session *s = hs->session;
	bool fits = s && age_fits(conn, age_ms);

	if (conn->config->early_max == 0)
		return BJ_TLS_EARLY_OFF;
	if (!s)
		return offers_psk ? BJ_TLS_EARLY_NOT_RESUMED : BJ_TLS_EARLY_NO_SESSION;
	if (!(hs->offered & EXT_BIT(EXT_EARLY_DATA)) && !conn->retried)
		return BJ_TLS_EARLY_NOT_OFFERED;
	if (s->early_max == 0 || hs->psk_index != 0)
		return BJ_TLS_EARLY_SESSION;
	if (conn->retried)
		return BJ_TLS_EARLY_RETRY;
	if (s->suite != conn->suite->code)
		return BJ_TLS_EARLY_SUITE;
	if (!bytes_equal(bytes_of(s->alpn, s->alpn_len), conn->alpn))
		return BJ_TLS_EARLY_ALPN;
	return fits ? BJ_TLS_EARLY_OFFERED : BJ_TLS_EARLY_AGE;
}

enum bj_err early_consider(struct bj_tls *conn, bool offers_psk, uint32_t age_ms, struct bj_bytes binder)
{
	enum bj_err err;

	conn->early = (uint8_t)consider(conn, offers_psk, age_ms);
	if (conn->early != BJ_TLS_EARLY_OFFERED)
		return BJ_OK;
	err = early_new(conn, conn->hs->session->early_max);
	if (err)
		return err;
	check(binder.len >= EARLY_ID_LEN);
	memcpy(conn->hs->early_data->id, binder.ptr, EARLY_ID_LEN);
	return BJ_OK;
}

/* The guard first: what it has seen is not worth a question. */
enum bj_err early_ask_prepare(struct bj_tls *conn, struct bj_bytes body)
{
	struct handshake *hs = conn->hs;
	int64_t keep_ms = (int64_t)conn->config->early_window_s * 2000 + 1000;

	if (conn->early == BJ_TLS_EARLY_OFFERED &&
	    !replay_guard_first(conn->config->replay, conn->now_ms, keep_ms, bytes_of(hs->early_data->id, EARLY_ID_LEN)))
		conn->early = BJ_TLS_EARLY_REPLAYED;
	hs->needless = conn->early != BJ_TLS_EARLY_OFFERED;
	return BJ_OK;
}

enum bj_err early_ask(struct bj_tls *conn, struct bj_bytes body)
{
	struct handshake *hs = conn->hs;
	bool accepted;

	if (conn->early == BJ_TLS_EARLY_OFFERED)
		conn->early = hs->answer.is_there && !hs->answer.accepts ? BJ_TLS_EARLY_REFUSED : BJ_TLS_EARLY_ACCEPTED;
	accepted = conn->early == BJ_TLS_EARLY_ACCEPTED;
	if (accepted)
		hs->skip_early = false;
	else
		early_free(hs);
	state_settle(&conn->state, F_EARLY, accepted && !conn->quic);
	return accepted && conn->quic ? early_keys(conn) : BJ_OK; /* QUIC needs no message to end them. rfc9001:8.3 */
}

bool early_comes(const struct bj_tls *conn)
{
	return conn->is_server && conn->hs && state_at(&conn->state) == ST_WAIT_FLIGHT && state_holds(&conn->state, F_13) &&
	       state_holds(&conn->state, F_EARLY);
}

enum bj_err early_count(struct bj_tls *conn, size_t len)
{
	struct early_data *early = conn->hs->early_data;

	early->used += len;
	return early->used > early->max ? BJ_ERR_TOO_MUCH_EARLY_DATA : BJ_OK;
}

/* ---- both */

/* The secrets are made of a stage of their own, as the client's handshake may go on without the PSK, with another hash. */
enum bj_err early_keys(struct bj_tls *conn)
{
	struct handshake *hs = conn->hs;
	const struct suite *suite = suite_find(hs->session->suite);
	enum hash_alg alg = (enum hash_alg)suite->hash;
	uint8_t hash[HASH_MAX];
	size_t len = transcript_peek_with(&hs->transcript, alg, (struct bj_bytes){ NULL, 0 }, hash);
	struct ks_early stage;
	struct secret traffic;
	enum bj_err err = BJ_OK;

	ks_early_init(&stage, alg, secret_view(&hs->session->secret));
	ks_early_traffic(&stage, bytes_of(hash, len), &traffic);
	ks_early_exporter(&stage, bytes_of(hash, len), &hs->early_data->exporter);
	ks_early_wipe(&stage);
	conn_keylog(conn, "CLIENT_EARLY_TRAFFIC_SECRET", secret_view(&traffic));
	conn_keylog(conn, "EARLY_EXPORTER_SECRET", secret_view(&hs->early_data->exporter));
	if (conn->quic)
		quic_secret_put(conn, BJ_TLS_LEVEL_EARLY, !conn->is_server, suite, &traffic);
	else
		err = ks_traffic_keys(suite, &traffic, conn->is_server ? &conn->rd : &conn->wr, NULL);
	secret_wipe(&traffic);
	conn_observe(conn, BJ_TLS_SAW_KEYS, !conn->is_server, 3, (struct bj_bytes){ NULL, 0 });
	hs->early_data->may_send = !conn->is_server;
	return err;
}

void early_keys_end(struct bj_tls *conn)
{
	struct handshake *hs = conn->hs;
	struct record_keys *to = conn->is_server ? &conn->rd : &conn->wr, *from = conn->is_server ? &hs->next_rd : &hs->next_wr;

	if (!conn->is_server)
		hs->early_data->may_send = false;
	if (conn->quic) /* who had the secret of the handshake at once */
		return;
	record_keys_fini(to);
	*to = *from;
	wipe(from, sizeof(*from));
	conn_observe(conn, BJ_TLS_SAW_KEYS, !conn->is_server, 0, (struct bj_bytes){ NULL, 0 });
}

uint64_t early_room(const struct bj_tls *conn)
{
	const struct early_data *early = conn->hs ? conn->hs->early_data : NULL;

	if (!early || !early->may_send)
		return 0;
	if (conn->is_server)
		return UINT64_MAX;
	return record_wants_update(&conn->wr) ? 0 : early->max - early->used; /* there is no KeyUpdate for its keys. rfc9846:5.5 */
}

void early_sent(struct bj_tls *conn, size_t len)
{
	if (conn->hs && conn->hs->early_data && !conn->is_server)
		conn->hs->early_data->used += len;
}

BJ_API enum bj_err bj_tls_export_early(struct bj_tls *conn, const char *label, const void *context, size_t context_len, uint8_t *out,
				       size_t len)
{
	const struct early_data *early = conn->hs ? conn->hs->early_data : NULL;
	const struct suite *suite;

	if (conn->err)
		return (enum bj_err)conn->err;
	if (!early || early->exporter.len == 0 || (conn->early != BJ_TLS_EARLY_OFFERED && conn->early != BJ_TLS_EARLY_ACCEPTED))
		return BJ_ERR_STATE;
	if (!label)
		return BJ_ERR_ARGUMENT;
	suite = suite_find(conn->hs->session->suite);
	return ks_export((enum hash_alg)suite->hash, &early->exporter, bytes_text(label), bytes_of(context, context ? context_len : 0), out, len);
}
