/* server_psk.c - a server chooses among the keys that a hello offers: of its tickets, of its configuration, of its owner (rfc9846:4.2.11).
 *
 * What can be opened here is tried first. Where the owner wants to be asked, identities that are nobody's here are shown to it one after
 * the other, as tickets and as keys from outside; by then the hello is gone, so what is needed of it is copied before.
 */
#include <stdlib.h>

#include "tls/auth.h"
#include "tls/early.h"
#include "tls/hello.h"
#include "tls/keys.h"
#include "tls/psk.h"
#include "tls/raw_key.h"

#define PSK_TRIES 4 /* tickets of one hello that are opened, and identities that the owner is asked about */

static bool offered(const struct bj_tls *conn, enum ext ext)
{
	return conn->hs->offered & EXT_BIT(ext);
}

static bool asks(const struct bj_tls *conn, enum bj_tls_question question)
{
	return conn->config->ask >> question & 1;
}

static enum hash_alg hash_now(const struct bj_tls *conn)
{
	return (enum hash_alg)conn->suite->hash;
}

/* ---- taking one */

/* The binder proves that the client has the key. It covers the hello up to the binders. rfc9846:4.2.11.2 */
static enum bj_err binder_check(struct bj_tls *conn, enum ks_binder label, struct bj_bytes binder)
{
	struct handshake *hs = conn->hs;
	uint8_t expected[HASH_MAX];
	struct secret key;
	size_t len;

	keys_early(conn);
	ks_early_binder_key(&hs->early, label, &key);
	len = ks_finished(hash_now(conn), &key, bytes_of(hs->binder_hash, hash_len(hash_now(conn))), expected);
	secret_wipe(&key);
	return binder.len == len && ct_equal(expected, binder.ptr, len) ? BJ_OK : BJ_ERR_BAD_BINDER;
}

static enum bj_err session_accept(struct bj_tls *conn, struct session *s, uint32_t age_ms, struct bj_bytes binder)
{
	struct handshake *hs = conn->hs;
	enum bj_err err;

	hs->session = malloc(sizeof(*hs->session));
	if (!hs->session) {
		session_fini(s);
		return BJ_ERR_NO_MEMORY;
	}
	*hs->session = *s;
	wipe(s, sizeof(*s));
	hs->psk = hs->session->secret;
	err = binder_check(conn, KS_BINDER_RESUMPTION, binder);
	if (!err)
		err = hello_resumed(conn, hs->session);
	return err ? err : early_consider(conn, true, age_ms, binder);
}

static enum bj_err key_accept(struct bj_tls *conn, const struct config_psk *psk, struct bj_bytes binder)
{
	enum bj_err err;

	conn->hs->psk = psk->imports[psk_hash_index(hash_now(conn))].key;
	err = binder_check(conn, (enum ks_binder)psk->binder, binder);
	if (!err)
		err = psk_adopt(conn, psk);
	return err ? err : early_consider(conn, true, 0, binder);
}

/* ---- what can be opened here */

/* The first ticket that is ours and fits; its session in `s`. */
static bool ticket_find(struct bj_tls *conn, struct session *s, uint32_t *out_age_ms, struct bj_bytes *out_binder)
{
	const struct client_hello *hello = &conn->hs->client_hello;
	struct reader identities = rd_of(hello->psk.identities), binders = rd_of(hello->psk.binders);
	struct psk_identity identity;
	struct bj_bytes binder;

	for (uint16_t i = 0; i < PSK_TRIES && psk_identity_next(&identities, &identity) && psk_binder_next(&binders, &binder); i++) {
		if (ticket_open(conn->config->tickets, &conn->hs->ticket_use, conn->now_ms, identity.identity, s) != BJ_OK)
			continue;
		if (hello_may_resume(conn, s, VERSION_1_3, hash_now(conn))) {
			conn->hs->psk_index = i;
			*out_binder = binder;
			*out_age_ms = identity.obfuscated_age - s->age_add;
			return true;
		}
		session_fini(s);
	}
	return false;
}

static bool identity_find(const struct psk_offer *offer, struct bj_bytes wanted, uint16_t *out_index, struct bj_bytes *out_binder)
{
	struct reader identities = rd_of(offer->identities), binders = rd_of(offer->binders);
	struct psk_identity identity;

	for (uint16_t i = 0; psk_identity_next(&identities, &identity) && psk_binder_next(&binders, out_binder); i++)
		if (wanted.len > 0 && bytes_equal(identity.identity, wanted)) {
			*out_index = i;
			return true;
		}
	return false;
}

/* The first of our keys that is offered. Those behind the credentials are for clients that no credential is for. */
static const struct config_psk *key_find(struct bj_tls *conn, const struct client_hello *hello, struct bj_bytes *out_binder)
{
	const struct bj_tls_config *config = conn->config;

	for (size_t i = 0; i < config->psk_count; i++) {
		const struct config_psk *psk = &config->psks[i];

		if (!identity_find(&hello->psk, psk->imports[psk_hash_index(hash_now(conn))].identity, &conn->hs->psk_index, out_binder))
			continue;
		if (!psk->is_after || !(offered(conn, EXT_SIGNATURE_ALGORITHMS) && raw_key_agree(conn) == BJ_OK && auth_can_show(conn)))
			return psk;
	}
	return NULL;
}

static bool key_is_offered(const struct bj_tls_config *config, const struct client_hello *hello, enum hash_alg hash)
{
	struct bj_bytes binder;
	uint16_t index;

	for (size_t i = 0; i < config->psk_count; i++)
		if (!config->psks[i].is_after && identity_find(&hello->psk, config->psks[i].imports[psk_hash_index(hash)].identity, &index, &binder))
			return true;
	return false;
}

const struct suite *psk_suite(const struct bj_tls *conn, const struct client_hello *hello, const struct suite *suite)
{
	const struct suite *other;
	enum hash_alg hash;

	if (conn->config->psk_count == 0 || !suite || !(hello->has & EXT_BIT(EXT_PRE_SHARED_KEY)))
		return suite;
	hash = suite->hash == HASH_SHA256 ? HASH_SHA384 : HASH_SHA256;
	if (key_is_offered(conn->config, hello, (enum hash_alg)suite->hash) || !key_is_offered(conn->config, hello, hash))
		return suite;
	other = hello_choose_suite_of(conn, hello, hash);
	return other ? other : suite;
}

static bool only_keys(const struct bj_tls *conn)
{
	return conn->config->psk_count > 0 && conn->config->credential_count == 0 && !asks(conn, BJ_TLS_Q_CREDENTIAL) && !asks(conn, BJ_TLS_Q_PSK);
}

void psk_note(struct bj_tls *conn, const struct client_hello *hello)
{
	struct bj_bytes binder;
	uint16_t index;

	for (size_t i = 0; only_keys(conn) && i < conn->config->psk_count; i++)
		conn->hs->had_psk |= identity_find(&hello->psk, conn->config->psks[i].imports[psk_hash_index(hash_now(conn))].identity, &index, &binder);
}

/* ---- what the owner must be asked about */

static enum bj_err try_make(struct bj_tls *conn, const struct psk_offer *offer)
{
	struct psk_try *try = calloc(1, sizeof(*try) + offer->identities.len + offer->binders.len);

	if (!try)
		return BJ_ERR_NO_MEMORY;
	memcpy(try->bytes, offer->identities.ptr, offer->identities.len);
	memcpy(try->bytes + offer->identities.len, offer->binders.ptr, offer->binders.len);
	try->identities = rd_make(try->bytes, offer->identities.len);
	try->binders = rd_make(try->bytes + offer->identities.len, offer->binders.len);
	conn->hs->psk_try = try;
	return BJ_OK;
}

static bool try_next(struct psk_try *try)
{
	struct psk_identity identity;

	if (!try || try->count == PSK_TRIES || !psk_identity_next(&try->identities, &identity) || !psk_binder_next(&try->binders, &try->binder))
		return false;
	try->count++;
	try->identity = identity.identity;
	try->obfuscated_age = identity.obfuscated_age;
	return true;
}

enum bj_err psk_choose(struct bj_tls *conn, struct bj_bytes body)
{
	struct handshake *hs = conn->hs;
	const struct client_hello *hello = &hs->client_hello;
	struct bj_bytes whole = bytes_of(body.ptr - MESSAGE_HEADER_LEN, body.len + MESSAGE_HEADER_LEN), binder = { NULL, 0 };
	bool usable = (hello->has & EXT_BIT(EXT_PRE_SHARED_KEY)) && (hello->psk_modes & PSK_MODE_DHE_KE), found;
	bool may_ask = usable && (asks(conn, BJ_TLS_Q_TICKET) || asks(conn, BJ_TLS_Q_PSK));
	const struct config_psk *psk = NULL;
	struct session s;
	uint32_t age_ms = 0;
	enum bj_err err = hello_choose_alpn(conn, hello);

	if (err)
		return err;
	found = usable && conn->config->tickets && ticket_find(conn, &s, &age_ms, &binder);
	if (!found && usable && conn->config->psk_count > 0)
		psk = key_find(conn, hello, &binder);
	if ((found || psk || may_ask) && !conn->retried)
		hash_once(hash_now(conn), client_hello_truncated(whole, &hello->psk), hs->binder_hash);
	state_settle(&conn->state, F_RESUMED, found || psk);
	if (found)
		err = session_accept(conn, &s, age_ms, binder);
	else if (psk)
		err = key_accept(conn, psk, binder);
	else if (may_ask)
		err = try_make(conn, &hello->psk);
	state_settle(&conn->state, F_TRY, !err && !found && !psk && try_next(hs->psk_try));
	return err;
}

enum bj_err ticket_ask_prepare(struct bj_tls *conn, struct bj_bytes body)
{
	conn->hs->needless = !asks(conn, BJ_TLS_Q_TICKET);
	return BJ_OK;
}

enum bj_err ticket_ask(struct bj_tls *conn, struct bj_bytes body)
{
	struct handshake *hs = conn->hs;
	struct psk_try *try = hs->psk_try;
	struct session s;
	bool found = hs->answer.is_there && hs->answer.bytes.len > 0 && session_read(hs->answer.bytes, &s) == BJ_OK;
	enum bj_err err = BJ_OK;

	answer_bytes_free(&hs->answer);
	if (found && !hello_may_resume(conn, &s, VERSION_1_3, hash_now(conn))) {
		session_fini(&s);
		found = false;
	}
	if (found) {
		hs->psk_index = (uint16_t)(try->count - 1);
		err = session_accept(conn, &s, try->obfuscated_age - s.age_add, try->binder);
	}
	state_settle(&conn->state, F_RESUMED, found);
	return err;
}

enum bj_err psk_ask_prepare(struct bj_tls *conn, struct bj_bytes body)
{
	conn->hs->needless = !asks(conn, BJ_TLS_Q_PSK);
	return BJ_OK;
}

/* An answer whose identity is another one than what was asked about is none. */
enum bj_err psk_ask(struct bj_tls *conn, struct bj_bytes body)
{
	struct handshake *hs = conn->hs;
	struct psk_try *try = hs->psk_try;
	const struct config_psk *psk = hs->answer.is_there ? hs->answer.psk : NULL;
	bool found = psk && bytes_equal(psk->imports[psk_hash_index(hash_now(conn))].identity, try->identity);
	enum bj_err err = BJ_OK;

	if (found) {
		hs->psk_index = (uint16_t)(try->count - 1);
		err = key_accept(conn, psk, try->binder);
	}
	answer_psk_free(&hs->answer);
	state_settle(&conn->state, F_RESUMED, found);
	state_settle(&conn->state, F_TRY, !found && try_next(try));
	return err;
}

enum bj_err psk_end(struct bj_tls *conn, struct bj_bytes body)
{
	enum bj_err err;

	if (state_holds(&conn->state, F_RESUMED))
		return BJ_OK;
	if (only_keys(conn) && conn->retried && !offered(conn, EXT_PRE_SHARED_KEY))
		return BJ_ERR_MISSING_EXTENSION;
	if (conn->config->credential_count == 0 && !asks(conn, BJ_TLS_Q_CREDENTIAL))
		return conn->retried && conn->hs->had_psk ? BJ_ERR_BAD_RETRY : BJ_ERR_NO_COMMON_PSK;
	if (!offered(conn, EXT_SIGNATURE_ALGORITHMS))
		return BJ_ERR_MISSING_EXTENSION;
	err = raw_key_agree(conn);
	return err ? err : early_consider(conn, offered(conn, EXT_PRE_SHARED_KEY), 0, (struct bj_bytes){ NULL, 0 });
}
