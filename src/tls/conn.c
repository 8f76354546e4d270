/* conn.c - a connection from its making to its end: memory, failure, wiping. */
#include "tls/conn.h"

#include <stdlib.h>

#include "base/hex.h"
#include "crypto/rng_os.h"
#include "tls/cache.h"
#include "tls/ech.h"
#include "tls/early.h"
#include "tls/flight.h"
#include "tls/issue.h"
#include "tls/psk.h"
#include "tls/later.h"
#include "tls/quic.h"
#include "x509/general_name.h"
#include "x509/hostname.h"

#define KEYLOG_LINE_MAX (64 + 2 * 32 + 2 * HASH_MAX + 4)

BJ_API size_t bj_tls_size(void)
{
	return sizeof(struct bj_tls);
}

/* A DNS name of A-labels, or the text of an IP address. rfc6066:3 rfc9525:6.3 */
static bool name_is_good(const char *name)
{
	struct bj_bytes text = bytes_text(name);
	uint8_t address[16];
	size_t label = 0;

	if (text.len == 0 || text.len > BJ_TLS_NAME_MAX)
		return false;
	if (ip_parse(text, address))
		return true;
	for (size_t i = 0; i < text.len; i++) {
		char c = name[i];
		bool last = i + 1 == text.len;

		if (c == '.') {
			if (label == 0 || (name[i - 1] == '-'))
				return false;
			label = 0;
			continue;
		}
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
		      (c == '-' && label > 0 && !last)))
			return false;
		if (++label > 63)
			return false;
	}
	return true;
}

/* Where a certificate must be for it, the name is one that certificates are for: else the handshake would fail at its end. */
static bool name_can_be_verified(const struct bj_tls_config *config, const char *name)
{
	struct host_id id;

	if (config->insecure_no_verify || config->insecure_no_name || config->psk_only || config->ask >> BJ_TLS_Q_VERIFY & 1)
		return true;
	return host_id_parse(bytes_text(name), &id);
}

static enum bj_err name_take(struct bj_tls *conn, const char *name)
{
	size_t len;

	if (conn->is_server)
		return name ? BJ_ERR_ARGUMENT : BJ_OK;
	if (!name) {
		bool needed = !conn->config->insecure_no_verify && !conn->config->insecure_no_name && !conn->config->psk_only;

		return needed ? BJ_ERR_CONFIG_NO_NAME : BJ_OK;
	}
	if (!name_is_good(name) || !name_can_be_verified(conn->config, name))
		return BJ_ERR_CONFIG_BAD_NAME;
	len = strlen(name);
	if (name[len - 1] == '.') /* the root's dot is not said. rfc6066:3 */
		len--;
	conn->name = calloc(1, len + 1);
	if (!conn->name)
		return BJ_ERR_NO_MEMORY;
	memcpy(conn->name, name, len);
	return BJ_OK;
}

BJ_API enum bj_err bj_tls_init(void *memory, struct bj_tls_config *config, const char *name, struct bj_tls **out)
{
	struct bj_tls *conn = memory;
	enum bj_err err;

	if (!conn || !config || !out)
		return BJ_ERR_ARGUMENT;
	if (!config->frozen)
		return BJ_ERR_CONFIG_NOT_FROZEN;
	memset(conn, 0, sizeof(*conn));
	conn->is_placed = true;
	conn->is_server = config->role == BJ_TLS_SERVER;
	conn->config = config;
	conn->alert_sent = conn->alert_received = -1;
	conn->message = CONN_NO_MESSAGE;
	err = name_take(conn, name);
	if (!err && config->quic)
		err = quic_new(conn);
	if (err) {
		free(conn->name);
		return err;
	}
	conn->config_place = holds_take(&config->holds);
	state_start(&conn->state);
	*out = conn;
	return BJ_OK;
}

BJ_API enum bj_err bj_tls_new(struct bj_tls_config *config, const char *name, struct bj_tls **out)
{
	void *memory = malloc(sizeof(struct bj_tls));
	enum bj_err err;

	if (!memory)
		return BJ_ERR_NO_MEMORY;
	err = bj_tls_init(memory, config, name, out);
	if (err) {
		free(memory);
		return err;
	}
	(*out)->is_placed = false;
	return BJ_OK;
}

/* Everything secret of an open connection. */
static void secrets_wipe(struct bj_tls *conn)
{
	record_keys_fini(&conn->rd);
	record_keys_fini(&conn->wr);
	wipe(&conn->s13, sizeof(conn->s13));
	wipe(&conn->s12, sizeof(conn->s12));
	inbox_free(&conn->in);
	outbox_free(&conn->flight);
	if (conn->err != BJ_ERR_ECH_REJECTED) /* that is said with the keys that the handshake came to */
		quic_wipe(conn);
	if (conn->session) {
		session_fini(conn->session);
		free(conn->session);
		conn->session = NULL;
	}
}

static void blob_free(struct bj_tls *conn)
{
	if (conn->session_blob)
		wipe(conn->session_blob, conn->session_blob_len);
	free(conn->session_blob);
	conn->session_blob = NULL;
	conn->session_blob_len = 0;
}

BJ_API void bj_tls_fini(struct bj_tls *conn)
{
	if (!conn)
		return;
	handshake_free(conn);
	secrets_wipe(conn);
	blob_free(conn);
	outbox_free(&conn->out);
	quic_free(conn);
	free(conn->name);
	free(conn->later);
	free(conn->peer);
	free(conn->psk);
	free(conn->verdict);
	ech_free(conn);
	config_drop(conn->config, conn->config_place);
	wipe(conn, sizeof(*conn));
}

BJ_API void bj_tls_free(struct bj_tls *conn)
{
	bool is_placed = conn && conn->is_placed;

	bj_tls_fini(conn);
	if (!is_placed)
		free(conn);
}

BJ_API void bj_tls_set_owner(struct bj_tls *conn, void *owner)
{
	conn->owner = owner;
}

BJ_API void *bj_tls_owner(const struct bj_tls *conn)
{
	return conn->owner;
}

/* ---- the handshake's part */

/* Each byte is given once and wiped here. */
static enum bj_err random_take(void *self, uint8_t *out, size_t len)
{
	struct bj_tls *conn = (struct bj_tls *)self;
	struct handshake *hs = conn->hs;
	enum bj_err err;

	if (len > sizeof(hs->random))
		return rng_fill(&conn->config->rng, out, len);
	if (len > hs->random_left) {
		err = rng_fill(&conn->config->rng, hs->random, sizeof(hs->random));
		if (err)
			return err;
		hs->random_left = sizeof(hs->random);
	}
	hs->random_left = (uint8_t)(hs->random_left - len);
	bytes_copy(out, hs->random + hs->random_left, len);
	wipe(hs->random + hs->random_left, len);
	return BJ_OK;
}

enum bj_err handshake_new(struct bj_tls *conn)
{
	check(!conn->hs);
	conn->hs = calloc(1, sizeof(*conn->hs));
	if (!conn->hs)
		return BJ_ERR_NO_MEMORY;
	conn->hs->kinds = ~(uint32_t)0;
	conn->hs->rng = (struct bj_rng){ random_take, conn };
	return BJ_OK;
}

void handshake_free(struct bj_tls *conn)
{
	struct handshake *hs = conn->hs;

	if (!hs)
		return;
	ech_end(conn);
	transcript_fini(&hs->transcript);
	early_free(hs);
	record_keys_fini(&hs->next_rd);
	record_keys_fini(&hs->next_wr);
	for (size_t i = 0; i < CONFIG_KEY_SHARE_MAX; i++)
		kex_fini(&hs->kex[i]);
	if (hs->session) {
		session_fini(hs->session);
		free(hs->session);
	}
	bj_credential_free(hs->credential_owned);
	bj_credential_free(hs->answer.credential);
	answer_bytes_free(&hs->answer);
	answer_psk_free(&hs->answer);
	issue_free(hs);
	ticket_use_fini(&hs->ticket_use);
	free(hs->psk_try);
	free(hs->credential_made.message);
	free(hs->signature_large);
	free(hs->peer_share);
	free(hs->form);
	free(hs->cookie);
	free(hs->ticket12);
	free(hs->peer_der);
	free(hs->peer_cert);
	free(hs->delegation);
	free((void *)hs->authorities.ptr);
	free((void *)hs->peer_ocsp.ptr);
	free((void *)hs->peer_scts.ptr);
	wipe(hs, sizeof(*hs));
	free(hs);
	conn->hs = NULL;
}

/* The peer's chain outlives the handshake where that is wanted. Without memory it does not. */
static void peer_keep(struct bj_tls *conn)
{
	const struct handshake *hs = conn->hs;
	struct kept_peer *kept;

	if (!conn->config->keep_peer_chain || !hs || hs->peer_chain_count == 0 || conn->peer)
		return;
	kept = malloc(sizeof(*kept) + hs->peer_der_len + hs->peer_ocsp.len + hs->peer_scts.len);
	if (!kept)
		return;
	memcpy(kept->der, hs->peer_der, hs->peer_der_len);
	kept->ocsp = bytes_of(kept->der + hs->peer_der_len, hs->peer_ocsp.len);
	kept->scts = bytes_of(kept->ocsp.ptr + kept->ocsp.len, hs->peer_scts.len);
	bytes_copy(kept->der + hs->peer_der_len, hs->peer_ocsp.ptr, hs->peer_ocsp.len);
	bytes_copy(kept->der + hs->peer_der_len + hs->peer_ocsp.len, hs->peer_scts.ptr, hs->peer_scts.len);
	kept->count = hs->peer_chain_count;
	for (size_t i = 0; i < kept->count; i++)
		kept->chain[i] = bytes_of(kept->der + (hs->peer_chain[i].ptr - hs->peer_der), hs->peer_chain[i].len);
	conn->peer = kept;
}

/* The verdict outlives the handshake where it says why that failed or what could not be found out, or where the chain is kept. */
static void verdict_keep(struct bj_tls *conn, bool failed)
{
	if (!conn->hs || !conn->hs->judged || conn->verdict ||
	    !(failed || conn->config->keep_peer_chain || conn->hs->verdict.note[0]))
		return;
	conn->verdict = malloc(sizeof(*conn->verdict));
	if (conn->verdict)
		*conn->verdict = conn->hs->verdict;
}

/* The id under which the cache has the session, if it has it. One that was resumed by a ticket has none, and what the client said beside the
 * ticket may be anybody's. rfc5077:3.4 */
static void session_id_keep(struct bj_tls *conn)
{
	const struct handshake *hs = conn->hs;
	const uint8_t *id = conn->resumed ? hs->session->id : hs->session_id;

	conn->s12.session_id_len = conn->resumed ? hs->session->id_len : hs->session_id_len;
	memcpy(conn->s12.session_id, id, sizeof(conn->s12.session_id));
}

enum bj_err handshake_finish(struct bj_tls *conn)
{
	enum bj_err err = flight_flush(conn);

	if (err)
		return err;
	if (!conn->is_server && ech_is(conn, BJ_TLS_ECH_REJECTED))
		return BJ_ERR_ECH_REJECTED; /* good for nothing but what the server said of its keys. rfc9849:6.1.6 */
	if (conn_is_13(conn) && conn->is_server)
		secret_wipe(&conn->s13.resumption); /* its tickets are out */
	if (!conn_is_13(conn) && conn->is_server)
		session_id_keep(conn);
	err = later_keep(conn);
	if (err)
		return err;
	later_end(conn);
	peer_keep(conn);
	verdict_keep(conn, false);
	handshake_free(conn);
	outbox_free(&conn->flight);
	return BJ_OK;
}

/* ---- failure */

/* The alert of a failure; 1.2 does not know those that came with 1.3. */
static int alert_of(const struct bj_tls *conn, enum bj_err err)
{
	int alert = bj_err_alert(err);

	if (conn->version == VERSION_1_2 && (alert == ALERT_CERTIFICATE_REQUIRED || alert == ALERT_MISSING_EXTENSION))
		return ALERT_HANDSHAKE_FAILURE;
	return alert;
}

/* A session whose connection ended with a fatal alert is not resumed; a server's tickets are out of reach. The peer has proven that it is
 * the one of the session: strangers cannot end those of others. rfc5246:7.2.2 rfc9846:6.2 */
static void session_drop(struct bj_tls *conn)
{
	if (!conn->is_server)
		blob_free(conn);
	else if (!conn_is_13(conn) && conn->s12.session_id_len > 0 && conn->config->cache)
		session_cache_drop(conn->config->cache, bytes_of(conn->s12.session_id, conn->s12.session_id_len));
}

/* user_canceled alone ends nothing: peers wait for the close_notify behind it. rfc9846:6.1 */
static enum bj_err alert_send(struct bj_tls *conn, int alert)
{
	bool canceled = alert == ALERT_USER_CANCELED;
	enum bj_err err = flight_alert(conn, canceled ? ALERT_WARNING : ALERT_FATAL, (uint8_t)alert);

	return err || !canceled ? err : flight_alert(conn, ALERT_WARNING, ALERT_CLOSE_NOTIFY);
}

enum bj_err conn_fail(struct bj_tls *conn, enum bj_err err)
{
	int alert = alert_of(conn, err);

	if (conn->err)
		return (enum bj_err)conn->err;
	conn->err = err;
	flight_drop(conn);
	if (alert >= 0 && !conn->close_sent && alert_send(conn, alert) == BJ_OK)
		conn->alert_sent = (int16_t)alert;
	peer_keep(conn);
	verdict_keep(conn, true);
	handshake_free(conn);
	if (alert >= 0 || err == BJ_ERR_ALERT_RECEIVED)
		session_drop(conn);
	secrets_wipe(conn);
	return err;
}

BJ_API enum bj_err bj_tls_error(const struct bj_tls *conn)
{
	return (enum bj_err)conn->err;
}

/* ---- what others are told */

void conn_observe(struct bj_tls *conn, enum bj_tls_event_kind kind, bool sent, uint8_t type, struct bj_bytes bytes)
{
	const struct bj_tls_event_info info = { .kind = kind, .sent = sent, .type = type, .bytes = bytes };

	if (conn->config->observer)
		conn->config->observer(conn->config->observer_self, conn, &info);
}

void conn_keylog(struct bj_tls *conn, const char *label, struct bj_bytes secret)
{
	char line[KEYLOG_LINE_MAX], *p = line;

	if (!conn->config->keylog || secret.len > HASH_MAX)
		return;
	while (*label && p < line + 48)
		*p++ = *label++;
	*p++ = ' ';
	hex_encode(conn->hs->client_random, sizeof(conn->hs->client_random), p);
	p += 2 * sizeof(conn->hs->client_random);
	*p++ = ' ';
	hex_encode(secret.ptr, secret.len, p);
	conn->config->keylog(conn->config->keylog_self, line);
	wipe(line, sizeof(line));
}
