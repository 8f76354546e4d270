/* auth.c - certificates of both sides. */
#include "tls/auth.h"

#include <stdlib.h>

#include "tls/delegated.h"
#include "tls/ech.h"
#include "tls/ext/certificate_type.h"
#include "tls/raw_key.h"
#include "tls/scheme.h"
#include "x509/credential.h"

/* ---- the peer's */

static enum bj_err chain_copy(struct handshake *hs, const struct bj_bytes *ders, size_t count)
{
	size_t len = 0, at = 0;

	for (size_t i = 0; i < count; i++)
		len += ders[i].len;
	hs->peer_der = malloc(len);
	hs->peer_cert = malloc(sizeof(*hs->peer_cert));
	if (!hs->peer_der || !hs->peer_cert)
		return BJ_ERR_NO_MEMORY;
	for (size_t i = 0; i < count; i++) {
		memcpy(hs->peer_der + at, ders[i].ptr, ders[i].len);
		hs->peer_chain[i] = bytes_of(hs->peer_der + at, ders[i].len);
		at += ders[i].len;
	}
	hs->peer_der_len = len;
	hs->peer_chain_count = count;
	return BJ_OK;
}

/* rfc9846:4.4.2: no more than one. */
static enum bj_err take_key(struct bj_tls *conn, const struct bj_bytes *ders, size_t count)
{
	struct handshake *hs = conn->hs;
	enum bj_err err = count == 1 ? chain_copy(hs, ders, 1) : BJ_ERR_ILLEGAL_PARAMETER;

	if (err)
		return err;
	if (cert_of_key(hs->peer_chain[0], hs->peer_cert) != BJ_OK)
		return BJ_ERR_DECODE;
	conn->peer_is_key = true;
	return BJ_OK;
}

enum bj_err auth_take_chain(struct bj_tls *conn, const struct bj_bytes *ders, size_t count)
{
	struct handshake *hs = conn->hs;
	enum bj_err err;

	check(!hs->peer_der && !hs->peer_cert);
	if (count > 0)
		conn->peer_is_key = false; /* of a certificate that came before */
	if (count == 0)
		return BJ_OK;
	if (hs->peer_type == CERTIFICATE_RAW_KEY)
		return take_key(conn, ders, count);
	if (count > PATH_CHAIN_MAX)
		return BJ_ERR_CERT_CHAIN_TOO_LONG;
	err = chain_copy(hs, ders, count);
	if (err)
		return err;
	return cert_parse(hs->peer_chain[0], hs->peer_cert);
}

void auth_forget_chain(struct bj_tls *conn)
{
	struct handshake *hs = conn->hs;

	free(hs->peer_der);
	free(hs->peer_cert);
	free((void *)hs->peer_ocsp.ptr);
	free((void *)hs->peer_scts.ptr);
	hs->peer_der = NULL;
	hs->peer_cert = NULL;
	hs->peer_ocsp = hs->peer_scts = (struct bj_bytes){ NULL, 0 };
	hs->peer_der_len = hs->peer_chain_count = 0;
	hs->judged = conn->peer_verified = conn->peer_is_key = false;
	conn->known_until_ms = 0;
}

enum bj_err auth_take_delegation(struct bj_tls *conn, struct bj_bytes delegation)
{
	const struct bj_tls_config *config = conn->config;
	struct handshake *hs = conn->hs;
	struct taken_delegation *taken;
	struct delegated d;
	enum bj_err err;

	conn->peer_delegated = false;
	if (delegation.len == 0)
		return BJ_OK;
	if (conn->peer_is_key)
		return BJ_ERR_ILLEGAL_PARAMETER;
	taken = malloc(sizeof(*taken) + delegation.len);
	if (!taken)
		return BJ_ERR_NO_MEMORY;
	hs->delegation = taken;
	memcpy(taken->bytes, delegation.ptr, delegation.len);
	err = delegated_parse(bytes_of(taken->bytes, delegation.len), &d);
	if (!err)
		err = delegated_judge(&d, hs->peer_cert, conn->is_server ? DELEGATED_CLIENT : DELEGATED_SERVER, conn->now_ms / 1000, &taken->key);
	if (err)
		return err;
	if (!codes_have(config_codes_view(&config->delegated_schemes), d.scheme) ||
	    !codes_have(config_codes_view(&config->schemes), d.algorithm))
		return BJ_ERR_DELEGATION;
	taken->scheme = d.scheme;
	conn->peer_delegated = true;
	return BJ_OK;
}

/* A copy of its own; an empty view changes nothing. */
static enum bj_err bytes_keep(struct bj_bytes from, struct bj_bytes *to)
{
	uint8_t *copy;

	if (from.len == 0)
		return BJ_OK;
	copy = malloc(from.len);
	if (!copy)
		return BJ_ERR_NO_MEMORY;
	memcpy(copy, from.ptr, from.len);
	free((void *)to->ptr);
	*to = bytes_of(copy, from.len);
	return BJ_OK;
}

enum bj_err auth_take_staples(struct bj_tls *conn, struct bj_bytes ocsp, struct bj_bytes scts)
{
	enum bj_err err = bytes_keep(ocsp, &conn->hs->peer_ocsp);

	return err ? err : bytes_keep(scts, &conn->hs->peer_scts);
}

enum bj_err auth_take_wishes(struct bj_tls *conn, struct bj_bytes authorities, struct bj_bytes schemes)
{
	struct handshake *hs = conn->hs;

	hs->chain_algs = 0;
	for (size_t i = 0; i < codes_count(schemes); i++) {
		const struct scheme *scheme = scheme_find(codes_at(schemes, i));

		if (scheme)
			hs->chain_algs |= (uint32_t)1 << scheme->alg;
	}
	return config_needs_authorities(conn->config) ? bytes_keep(authorities, &hs->authorities) : BJ_OK;
}

struct bj_bytes auth_ocsp(const struct bj_tls *conn)
{
	if (!conn->hs->credential || !(conn->hs->offered & EXT_BIT(EXT_STATUS_REQUEST)))
		return (struct bj_bytes){ NULL, 0 };
	return credential_ocsp(conn->hs->credential->credential);
}

struct bj_bytes auth_scts(const struct bj_tls *conn)
{
	if (!conn->hs->credential || !(conn->hs->offered & EXT_BIT(EXT_SCT)))
		return (struct bj_bytes){ NULL, 0 };
	return credential_scts(conn->hs->credential->credential);
}

enum bj_err auth_judge_prepare(struct bj_tls *conn, struct bj_bytes body)
{
	conn->hs->verdict = (struct bj_verdict){ .err = BJ_ERR_CERT_UNKNOWN_CA, .index = -1, .rule = "" };
	return BJ_OK;
}

/* The verdict by anchors, lists and what was stapled, or by the keys that are expected. */
static void judge_by_config(struct bj_tls *conn)
{
	const struct bj_tls_config *config = conn->config;
	struct handshake *hs = conn->hs;
	bool is_client = !conn->is_server;
	const struct path_sent sent = {
		.trust = config->trust,
		.leaf = hs->peer_cert,
		.rest = hs->peer_chain + 1,
		.rest_count = hs->peer_chain_count - 1,
		.purpose = is_client ? PATH_SERVER : PATH_CLIENT,
		.name = bytes_text(is_client && !config->insecure_no_name ? ech_verify_name(conn) : NULL),
		.now = conn->now_ms / 1000,
		.staple = hs->peer_ocsp,
		.staple_asked = is_client && config->wants_ocsp,
	};
	enum bj_err err;

	if (conn->peer_is_key) {
		raw_key_judge(conn, &hs->verdict);
		return;
	}
	err = path_verify_chain(&sent, &hs->verdict);
	if (err != hs->verdict.err)
		hs->verdict.err = err ? err : BJ_ERR_INTERNAL;
}

static void known_until(struct bj_tls *conn, int64_t end_ms)
{
	if (!conn->known_until_ms || end_ms < conn->known_until_ms)
		conn->known_until_ms = end_ms;
}

enum bj_err auth_judge(struct bj_tls *conn, struct bj_bytes body)
{
	const struct bj_tls_config *config = conn->config;
	struct handshake *hs = conn->hs;

	if (hs->peer_chain_count == 0)
		return BJ_ERR_NO_CERTIFICATE;
	if (!hs->answer.is_there) {
		if (!conn->is_server && config->insecure_no_verify)
			return BJ_OK; /* nothing is judged, and the report says so */
		judge_by_config(conn);
	}
	hs->judged = true;
	if (hs->verdict.err)
		return hs->verdict.err;
	conn->peer_verified = true;
	if (!hs->answer.is_there && !conn->peer_is_key)
		known_until(conn, hs->peer_cert->not_after * 1000);
	return BJ_OK;
}

/* With the one scheme that the delegated credential names. rfc9345:4.1.3 */
static enum bj_err check_delegated(struct bj_tls *conn, uint16_t scheme, struct bj_bytes message, struct bj_bytes signature)
{
	const struct taken_delegation *taken = conn->hs->delegation;
	const struct scheme *s = scheme_find(scheme);

	if (!s || scheme != taken->scheme)
		return BJ_ERR_ILLEGAL_PARAMETER;
	if (!conn->is_server)
		conn->signature_scheme = scheme;
	return pubkey_verify(&taken->key.key, (enum sig_alg)s->alg, message, signature);
}

enum bj_err auth_check_signature(struct bj_tls *conn, uint16_t scheme, struct bj_bytes message, struct bj_bytes signature)
{
	const struct scheme *s = scheme_find(scheme);
	const struct cert *leaf;

	if (conn->hs->delegation)
		return check_delegated(conn, scheme, message, signature);
	if (!s || !codes_have(config_codes_view(&conn->config->schemes), scheme))
		return BJ_ERR_ILLEGAL_PARAMETER;
	if (conn->hs->peer_chain_count == 0)
		return BJ_ERR_NO_CERTIFICATE;
	leaf = conn->hs->peer_cert;
	if (!scheme_fits(s, leaf->key.kind, conn->version) || !scheme_allowed(s, leaf))
		return BJ_ERR_ILLEGAL_PARAMETER;
	if (leaf->has_key_usage && !(leaf->key_usage & KU_DIGITAL_SIGNATURE))
		return BJ_ERR_CERT_KEY_USAGE; /* also where nobody judges the chain. rfc9846:4.4.2.2 rfc5246:7.4.2 */
	if (!conn->is_server)
		conn->signature_scheme = scheme;
	return pubkey_verify(&leaf->key, (enum sig_alg)s->alg, message, signature);
}

/* ---- ours */

static struct config_wish wish_of(const struct bj_tls *conn)
{
	return (struct config_wish){
		.name = bytes_text(conn->is_server ? conn->name : NULL),
		.schemes = bytes_of(conn->hs->schemes, conn->hs->schemes_len),
		.authorities = conn->hs->authorities,
		.chain_algs = conn->hs->chain_algs,
		.delegated = bytes_of(conn->hs->delegated, conn->hs->delegated_len),
		.now = conn->now_ms / 1000,
		.kinds = conn->hs->kinds,
		.version = conn->version,
		.types = conn->is_server ? conn->hs->own_types : (uint8_t)(1 << conn->hs->own_type),
	};
}

enum bj_err auth_own_chain(const struct bj_credential *credential, struct certificate *out, size_t *out_len)
{
	*out = (struct certificate){ .count = bj_credential_chain_count(credential) };
	*out_len = HS_ROOM;
	if (out->count > PATH_CHAIN_MAX)
		return BJ_ERR_CERT_CHAIN_TOO_LONG;
	out->delegation = credential_delegation(credential);
	*out_len += out->delegation.len;
	if (credential_is_bare(credential)) {
		out->count = 1;
		out->chain[0] = bj_credential_public_key(credential);
	}
	for (size_t i = 0; i < out->count; i++) {
		if (!credential_is_bare(credential))
			out->chain[i] = bj_credential_chain(credential, i);
		*out_len += out->chain[i].len + 8;
	}
	return BJ_OK;
}

enum bj_err auth_credential_prepare(struct bj_tls *conn, struct bj_bytes body)
{
	conn->hs->needless = !conn->is_server && ech_is(conn, BJ_TLS_ECH_REJECTED); /* then there is none */
	return BJ_OK;
}

static enum bj_err credential_answered(struct bj_tls *conn)
{
	struct handshake *hs = conn->hs;
	struct config_wish wish = wish_of(conn);
	enum bj_err err;

	if (!hs->answer.credential)
		return conn->is_server ? BJ_ERR_UNKNOWN_NAME : BJ_OK;
	hs->credential_owned = hs->answer.credential;
	hs->answer.credential = NULL;
	hs->credential = config_credential_row(conn->config, hs->credential_owned);
	if (!hs->credential) {
		err = config_credential_make(hs->credential_owned, conn_is_13(conn), &hs->credential_made);
		if (err)
			return err;
		hs->credential = &hs->credential_made;
	}
	if (!(wish.types >> hs->credential->type & 1))
		return BJ_ERR_NO_CREDENTIAL;
	hs->scheme = config_choose_scheme(conn->config, &wish, hs->credential);
	return hs->scheme ? BJ_OK : BJ_ERR_NO_COMMON_SIGNATURE;
}

enum bj_err auth_credential(struct bj_tls *conn, struct bj_bytes body)
{
	struct handshake *hs = conn->hs;
	struct config_wish wish = wish_of(conn);
	enum bj_err err;

	if (hs->answer.is_there)
		err = credential_answered(conn);
	else
		err = config_choose_credential(conn->config, &wish, &hs->credential, &hs->scheme);
	if (err)
		return err;
	conn->signature_scheme = hs->scheme;
	hs->own_type = hs->credential->type;
	return BJ_OK;
}

bool auth_can_show(const struct bj_tls *conn)
{
	const struct config_credential *credential;
	struct config_wish wish = wish_of(conn);
	uint16_t scheme;

	return config_choose_credential(conn->config, &wish, &credential, &scheme) == BJ_OK;
}

enum bj_err auth_client_credential(struct bj_tls *conn, struct bj_bytes body)
{
	struct handshake *hs = conn->hs;
	struct config_wish wish = wish_of(conn);
	enum bj_err err;

	if (ech_is(conn, BJ_TLS_ECH_REJECTED)) /* who answers for the public name alone is not told who we are. rfc9849:6.1.7 */
		return BJ_OK;
	if (hs->answer.is_there)
		return credential_answered(conn);
	err = config_choose_credential(conn->config, &wish, &hs->credential, &hs->scheme);
	if (err)
		hs->credential = NULL;
	return err && conn->config->must_authenticate && conn->config->credential_count > 0 ? err : BJ_OK;
}

enum bj_err auth_signature_room(struct bj_tls *conn, size_t len, uint8_t **out)
{
	struct handshake *hs = conn->hs;

	free(hs->signature_large);
	hs->signature_large = NULL;
	*out = hs->signature;
	if (len <= sizeof(hs->signature))
		return BJ_OK;
	*out = hs->signature_large = malloc(len);
	return *out ? BJ_OK : BJ_ERR_NO_MEMORY;
}

struct bj_bytes auth_signature(const struct bj_tls *conn)
{
	const struct handshake *hs = conn->hs;

	return bytes_of(hs->signature_large ? hs->signature_large : hs->signature, hs->signature_len);
}

enum bj_err auth_sign(struct bj_tls *conn, struct bj_bytes body)
{
	struct handshake *hs = conn->hs;
	const struct scheme *s = scheme_find(hs->scheme);
	uint8_t *out;
	size_t room;
	enum bj_err err;

	if (hs->answer.is_there)
		return BJ_OK;
	if (!s || !hs->credential)
		return BJ_ERR_INTERNAL;
	room = s->in_12 ? SIG_CLASSIC_MAX : SIG_LEN_MAX;
	err = auth_signature_room(conn, room, &out);
	return err ? err : pkey_sign(hs->credential->key, (enum sig_alg)s->alg, hs->sign_bytes, out, room, &hs->signature_len);
}
