/* hello.c - what both versions share of the hellos. */
#include "tls/hello.h"

#include <stdlib.h>

#include "tls/ech.h"
#include "tls/ext/alpn.h"
#include "tls/ext/certificate_type.h"
#include "tls/scheme.h"
#include "tls/suite.h"

static bool suite_signs(const struct suite *suite, uint32_t kinds)
{
	for (unsigned kind = KEY_RSA; kind <= KEY_ED25519; kind++)
		if ((kinds >> kind & 1) && suite_fits_key(suite, (enum key_kind)kind))
			return true;
	return false;
}

/* `hash` HASH_NONE: of any. */
static const struct suite *choose_suite(const struct bj_tls *conn, const struct client_hello *hello, uint16_t version, uint32_t kinds, enum hash_alg hash)
{
	struct bj_bytes own = config_codes_view(&conn->config->suites);
	struct bj_bytes first = conn->config->prefer_own_order ? own : hello->suites;
	struct bj_bytes second = conn->config->prefer_own_order ? hello->suites : own;

	for (size_t i = 0; i < codes_count(first); i++) {
		const struct suite *suite = suite_find(codes_at(first, i));

		if (suite && suite->version == version && codes_have(second, suite->code) && suite_signs(suite, kinds) &&
		    (hash == HASH_NONE || suite->hash == hash))
			return suite;
	}
	return NULL;
}

const struct suite *hello_choose_suite(const struct bj_tls *conn, const struct client_hello *hello, uint16_t version, uint32_t kinds)
{
	return choose_suite(conn, hello, version, kinds, HASH_NONE);
}

const struct suite *hello_choose_suite_of(const struct bj_tls *conn, const struct client_hello *hello, enum hash_alg hash)
{
	return choose_suite(conn, hello, VERSION_1_3, ~(uint32_t)0, hash);
}

uint16_t hello_choose_group(const struct bj_tls *conn, const struct client_hello *hello, struct bj_bytes *out_share)
{
	struct bj_bytes own = config_codes_view(&conn->config->groups);
	struct bj_bytes first = conn->config->prefer_own_order ? own : hello->groups;
	struct bj_bytes second = conn->config->prefer_own_order ? hello->groups : own;
	uint16_t without_share = 0;

	*out_share = (struct bj_bytes){ NULL, 0 };
	for (size_t i = 0; i < codes_count(first); i++) {
		uint16_t group = codes_at(first, i);

		if (!kex_known(group) || !codes_have(second, group))
			continue;
		if (key_share_find(hello->shares, group, out_share))
			return group;
		if (!without_share)
			without_share = group;
		if (conn->config->retries_for_group)
			break;
	}
	*out_share = (struct bj_bytes){ NULL, 0 };
	return without_share;
}

enum bj_err hello_choose_alpn(struct bj_tls *conn, const struct client_hello *hello)
{
	struct bj_bytes own = config_alpn_list(conn->config), name;

	if (own.len == 0 || !(hello->has & EXT_BIT(EXT_ALPN)))
		return conn->quic ? BJ_ERR_NO_ALPN : BJ_OK; /* rfc9001:8.1 */
	name = alpn_choose(own, hello->alpn);
	if (name.len == 0)
		return BJ_ERR_NO_ALPN;
	conn->alpn = config_alpn(conn->config, name);
	return BJ_OK;
}

uint32_t hello_offered(const struct client_hello *hello)
{
	return hello->wants_ocsp ? hello->has : hello->has & ~EXT_BIT(EXT_STATUS_REQUEST);
}

static uint8_t take_known(struct bj_bytes codes, uint8_t out[2 * SCHEME_COUNT])
{
	uint8_t len = 0;

	for (size_t i = 0; codes.len > 0 && i < SCHEME_COUNT; i++) {
		uint16_t code = scheme_table[i].code;

		if (!codes_have(codes, code))
			continue;
		out[len++] = (uint8_t)(code >> 8);
		out[len++] = (uint8_t)code;
	}
	return len;
}

void hello_take_schemes(struct bj_tls *conn, struct bj_bytes codes)
{
	conn->hs->schemes_len = take_known(codes, conn->hs->schemes);
}

void hello_take_delegated(struct bj_tls *conn, struct bj_bytes codes)
{
	conn->hs->delegated_len = take_known(codes, conn->hs->delegated);
}

/* The length of fragments that a client of 1.2 agreed on holds for its session: one that says another now begins a new one. rfc6066:4 */
static void bind_fragment(const struct bj_tls *conn, uint8_t binding[SESSION_BINDING_LEN])
{
	if (conn->is_server && !conn_is_13(conn))
		binding[0] ^= conn->hs->max_fragment;
}

/* session_binding(), once for each handshake. */
static void binding_of(const struct bj_tls *conn, uint8_t out[SESSION_BINDING_LEN])
{
	struct handshake *hs = conn->hs;

	if (hs && hs->has_binding) {
		memcpy(out, hs->binding, SESSION_BINDING_LEN);
		return;
	}
	session_binding(conn->config, conn->name, out);
	if (!hs)
		return;
	bind_fragment(conn, out);
	memcpy(hs->binding, out, SESSION_BINDING_LEN);
	hs->has_binding = true;
}

bool hello_may_resume(const struct bj_tls *conn, const struct session *s, uint16_t version, enum hash_alg suite_hash)
{
	const struct suite *suite = suite_find(s->suite);
	uint8_t binding[SESSION_BINDING_LEN];

	if (s->version != version || !suite || suite->version != version || (enum hash_alg)suite->hash != suite_hash)
		return false;
	if (!session_is_fresh(s, conn->now_ms) || !bytes_equal(bytes_of(s->alpn, s->alpn_len), conn->alpn))
		return false;
	if (conn->config->client_auth == BJ_TLS_AUTH_REQUIRED && !s->peer_verified)
		return false;
	if (!(conn->hs->own_types >> certificate_type_of(s->own_is_key) & 1))
		return false; /* the client no longer takes what was shown to it */
	if (conn->config->keep_peer_chain && s->has_peer && s->peer_len == 0)
		return false; /* the owner wants to see a certificate that was too large to keep */
	binding_of(conn, binding);
	return ct_equal(binding, s->binding, sizeof(binding));
}

/* The peer's own certificate, as far as it is here. */
static struct bj_bytes peer_certificate(const struct bj_tls *conn)
{
	if (conn->hs && conn->hs->peer_chain_count > 0)
		return conn->hs->peer_chain[0];
	return conn->peer ? conn->peer->chain[0] : (struct bj_bytes){ NULL, 0 };
}

/* All that a later verdict needs. What is too much to keep is not resumed. */
static enum bj_err list_remember(const struct bj_tls *conn, struct session *out)
{
	const struct handshake *hs = conn->hs;
	struct session_peer peer = { .count = 0 };
	const struct bj_bytes *chain;
	enum bj_err err;

	if (hs && hs->peer_chain_count > 0) {
		chain = hs->peer_chain;
		peer = (struct session_peer){ .count = hs->peer_chain_count, .ocsp = hs->peer_ocsp, .scts = hs->peer_scts };
	} else {
		chain = conn->peer->chain;
		peer = (struct session_peer){ .count = conn->peer->count, .ocsp = conn->peer->ocsp, .scts = conn->peer->scts };
	}
	for (size_t i = 0; i < peer.count; i++)
		peer.chain[i] = chain[i];
	err = session_set_list(out, &peer);
	if (err == BJ_ERR_LIMIT)
		out->lifetime_s = 0;
	return err == BJ_ERR_LIMIT ? BJ_OK : err;
}

/* Nobody is resumed for longer than he would be believed: after a resumption not beyond the first session, at first not beyond the certificate. */
static bool has_an_end(const struct bj_tls *conn, const struct session *before)
{
	if (!conn->resumed)
		return conn->known_until_ms != 0;
	return !conn->is_server || (before && before->has_peer);
}

/* What was found out of the peer in the first handshake holds no longer because it was resumed. rfc9846:4.6.1 */
static uint32_t lifetime_left_s(const struct bj_tls *conn, uint32_t wanted_s)
{
	int64_t left_ms = conn->known_until_ms - conn->now_ms;

	if (left_ms >= (int64_t)wanted_s * 1000)
		return wanted_s;
	return left_ms > 0 ? (uint32_t)(left_ms / 1000) : 0;
}

enum bj_err hello_session(const struct bj_tls *conn, uint32_t lifetime_s, struct session *out)
{
	const struct handshake *hs = conn->hs;
	struct bj_bytes certificate = peer_certificate(conn);
	const struct session *before = hs && conn->is_server && conn->resumed ? hs->session : NULL;

	*out = (struct session){
		.version = conn->version,
		.suite = conn->suite->code,
		.made_ms = conn->now_ms,
		.lifetime_s = lifetime_s,
		.peer_verified = conn->peer_verified,
		.peer_is_key = conn->peer_is_key,
		.own_is_key = hs && conn->is_server && hs->own_type == CERTIFICATE_RAW_KEY,
		.alpn_len = (uint8_t)conn->alpn.len,
	};
	bytes_copy(out->alpn, conn->alpn.ptr, conn->alpn.len);
	binding_of(conn, out->binding);
	if (has_an_end(conn, before))
		out->lifetime_s = lifetime_left_s(conn, lifetime_s);
	if (before && before->has_peer) {
		out->has_peer = true;
		memcpy(out->peer_digest, before->peer_digest, sizeof(out->peer_digest));
	} else if (certificate.len > 0) {
		uint8_t digest[HASH_MAX];

		out->has_peer = true;
		hash_once(HASH_SHA256, certificate, digest);
		memcpy(out->peer_digest, digest, sizeof(out->peer_digest));
	}
	if (out->has_peer && conn->config->judges_resumed && certificate.len > 0)
		return list_remember(conn, out);
	if (out->has_peer && conn->config->keep_peer_chain && certificate.len > 0 && certificate.len <= SESSION_PEER_MAX)
		return session_set_peer(out, certificate);
	return BJ_OK;
}

/* The chain that the session kept is shown as if it had come. Sessions keep what was stapled only with whole chains. */
static enum bj_err peer_recall(struct bj_tls *conn, const struct session *s)
{
	struct session_peer peer;

	if (!conn->config->keep_peer_chain || s->peer_len == 0 || !session_peer_view(s, &peer))
		return BJ_OK;
	conn->peer = malloc(sizeof(*conn->peer) + s->peer_len);
	if (!conn->peer)
		return BJ_ERR_NO_MEMORY;
	memcpy(conn->peer->der, s->peer, s->peer_len);
	conn->peer->count = peer.count;
	conn->peer->ocsp = bytes_of(conn->peer->der + (peer.ocsp.len ? peer.ocsp.ptr - s->peer : 0), peer.ocsp.len);
	conn->peer->scts = bytes_of(conn->peer->der + (peer.scts.len ? peer.scts.ptr - s->peer : 0), peer.scts.len);
	for (size_t i = 0; i < peer.count; i++)
		conn->peer->chain[i] = bytes_of(conn->peer->der + (peer.chain[i].ptr - s->peer), peer.chain[i].len);
	return BJ_OK;
}

enum bj_err hello_resumed(struct bj_tls *conn, const struct session *s)
{
	conn->resumed = true;
	conn->known_until_ms = s->made_ms + (int64_t)s->lifetime_s * 1000;
	conn->peer_verified = s->peer_verified;
	conn->peer_is_key = s->peer_is_key;
	if (conn->is_server)
		conn->hs->own_type = certificate_type_of(s->own_is_key);
	return peer_recall(conn, s);
}

enum bj_err hello_take_alpn(struct bj_tls *conn, struct bj_bytes name)
{
	conn->alpn = config_alpn(conn->config, name);
	return conn->alpn.len > 0 ? BJ_OK : BJ_ERR_ILLEGAL_PARAMETER;
}

enum bj_err hello_keep_session(struct bj_tls *conn, struct session *s)
{
	uint8_t *blob;
	size_t len;
	enum bj_err err = session_save(s, &blob, &len);

	session_fini(s);
	if (err)
		return err;
	if (!conn->is_server && ech_is(conn, BJ_TLS_ECH_REJECTED)) { /* rfc9849:6.1.7 */
		wipe(blob, len);
		free(blob);
		return BJ_OK;
	}
	if (conn->session_blob)
		wipe(conn->session_blob, conn->session_blob_len);
	free(conn->session_blob);
	conn->session_blob = blob;
	conn->session_blob_len = len;
	conn->told |= TELL_TICKET;
	return BJ_OK;
}

const struct kex_key *hello_key(const struct handshake *hs, uint16_t group)
{
	for (size_t i = 0; i < hs->kex_count; i++) {
		const struct kex_key *part = kex_part(&hs->kex[i], group);

		if (part)
			return part;
	}
	return NULL;
}
