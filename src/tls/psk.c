/* psk.c - see psk.h. */
#include "tls/psk.h"

#include <stdlib.h>

#include "crypto/hkdf.h"
#include "tls/ech.h"
#include "tls/quic.h"
#include "tls/suite.h"

#define TARGET_TLS13 0x0304 /* rfc9258:5.1 */
#define HELLO_OTHERS_MAX 6144 /* of both hellos of an encrypted one but what keys_room() counts: four shares, suites, groups, names, padding */

static const struct {
	enum hash_alg alg;
	uint16_t kdf; /* rfc9258:10 */
} targets[PSK_HASHES] = { { HASH_SHA256, 1 }, { HASH_SHA384, 2 } };

static enum hash_alg hash_of(enum bj_tls_psk_hash hash)
{
	return hash == BJ_TLS_PSK_SHA384 ? HASH_SHA384 : HASH_SHA256;
}

/* ---- importing */

static void import_key(enum hash_alg alg, struct bj_bytes key, struct bj_bytes identity, enum hash_alg target, struct secret *out)
{
	uint8_t digest[HASH_MAX];
	size_t len = hash_once(alg, identity, digest);
	struct secret extracted;
	struct hmac_key prk;

	hkdf_extract(alg, (struct bj_bytes){ NULL, 0 }, key, &extracted);
	hmac_key_init(&prk, alg, secret_view(&extracted));
	out->len = (uint8_t)hash_len(target);
	ks_expand_label(&prk, BYTES_LIT("derived psk"), bytes_of(digest, len), out->bytes, out->len);
	hmac_key_wipe(&prk);
	secret_wipe(&extracted);
}

static bool is_good(const struct bj_tls_psk *psk)
{
	if (!psk || !psk->identity || psk->identity_len == 0 || psk->identity_len > BJ_TLS_PSK_IDENTITY_MAX)
		return false;
	if (!psk->key || psk->key_len < BJ_TLS_PSK_KEY_MIN || psk->key_len > BJ_TLS_PSK_KEY_MAX)
		return false;
	if ((psk->context_len > 0 && !psk->context) || psk->context_len > BJ_TLS_PSK_IDENTITY_MAX || (psk->raw && psk->context_len > 0))
		return false;
	return psk->hash == BJ_TLS_PSK_SHA256 || psk->hash == BJ_TLS_PSK_SHA384;
}

enum bj_err config_psk_make(const struct bj_tls_psk *psk, struct config_psk *out)
{
	size_t cap;
	struct writer w;
	uint8_t *bytes;

	if (!is_good(psk))
		return BJ_ERR_ARGUMENT;
	cap = psk->identity_len + PSK_HASHES * (psk->identity_len + psk->context_len + 8);
	bytes = malloc(cap);
	if (!bytes)
		return BJ_ERR_NO_MEMORY;
	*out = (struct config_psk){ .bytes = bytes, .binder = psk->raw ? KS_BINDER_EXTERNAL : KS_BINDER_IMPORTED };
	w = wr_make(bytes, cap);
	wr_raw(&w, psk->identity, psk->identity_len);
	out->identity = wr_view(&w);
	for (size_t i = 0; i < PSK_HASHES && !psk->raw; i++) {
		size_t at = w.len;

		wr_vec(&w, out->identity, 2);
		wr_vec(&w, bytes_of(psk->context, psk->context_len), 2);
		wr_u16(&w, TARGET_TLS13);
		wr_u16(&w, targets[i].kdf);
		out->imports[i].identity = bytes_of(bytes + at, w.len - at);
		import_key(hash_of(psk->hash), bytes_of(psk->key, psk->key_len), out->imports[i].identity, targets[i].alg, &out->imports[i].key);
	}
	if (psk->raw) {
		struct psk_import *only = &out->imports[psk_hash_index(hash_of(psk->hash))];

		only->identity = out->identity;
		secret_set(&only->key, psk->key, psk->key_len);
	}
	check(wr_ok(&w));
	return BJ_OK;
}

void config_psk_fini(struct config_psk *psk)
{
	free(psk->bytes);
	wipe(psk, sizeof(*psk));
}

void config_psks_free(struct bj_tls_config *config)
{
	for (size_t i = 0; i < config->psk_count; i++)
		config_psk_fini(&config->psks[i]);
	free(config->psks);
}

BJ_API enum bj_err bj_tls_config_psk(struct bj_tls_config *config, const struct bj_tls_psk *psk)
{
	struct config_psk *psks;
	enum bj_err err;

	if (!config)
		return BJ_ERR_ARGUMENT;
	if (config->frozen)
		return BJ_ERR_CONFIG_FROZEN;
	if (config->psk_count == BJ_TLS_PSK_MAX)
		return BJ_ERR_LIMIT;
	psks = malloc((config->psk_count + 1) * sizeof(*psks));
	if (!psks)
		return BJ_ERR_NO_MEMORY;
	err = config_psk_make(psk, &psks[config->psk_count]);
	if (err) {
		free(psks);
		return err;
	}
	psks[config->psk_count].is_after = config->credential_count > 0;
	if (config->psk_count > 0) {
		memcpy(psks, config->psks, config->psk_count * sizeof(*psks));
		wipe(config->psks, config->psk_count * sizeof(*psks));
	}
	free(config->psks);
	config->psks = psks;
	config->psk_count++;
	return BJ_OK;
}

BJ_API bool bj_tls_psk_imported(struct bj_bytes identity, struct bj_bytes *out_identity, struct bj_bytes *out_context)
{
	struct reader r = rd_of(identity);
	struct bj_bytes external = rd_vec_bytes(&r, 2), context = rd_vec_bytes(&r, 2);
	uint16_t protocol = rd_u16(&r), kdf = rd_u16(&r);

	if (!rd_end(&r) || external.len == 0 || protocol != TARGET_TLS13 || (kdf != targets[0].kdf && kdf != targets[1].kdf))
		return false;
	*out_identity = external;
	*out_context = context;
	return true;
}

enum bj_err psk_adopt(struct bj_tls *conn, const struct config_psk *psk)
{
	conn->psk = malloc(sizeof(*conn->psk) + psk->identity.len);
	if (!conn->psk)
		return BJ_ERR_NO_MEMORY;
	conn->psk->len = psk->identity.len;
	memcpy(conn->psk->bytes, psk->identity.ptr, psk->identity.len);
	return BJ_OK;
}

/* ---- clients */

static bool hash_is_offered(const struct bj_tls *conn, enum hash_alg alg)
{
	struct bj_bytes suites = config_codes_view(&conn->config->suites);

	if (conn->retried)
		return (enum hash_alg)conn->suite->hash == alg;
	for (size_t i = 0; i < codes_count(suites); i++) {
		const struct suite *suite = suite_find(codes_at(suites, i));

		if (suite && suite->version == VERSION_1_3 && (enum hash_alg)suite->hash == alg)
			return true;
	}
	return false;
}

static bool session_entry(const struct bj_tls *conn, struct psk_entry *out)
{
	const struct session *s = conn->hs->session;
	const struct suite *suite = s ? suite_find(s->suite) : NULL;
	int64_t age_ms = s && s->made_ms < conn->now_ms ? conn->now_ms - s->made_ms : 0; /* a clock that went back makes no ticket older */

	if (!suite || s->version != VERSION_1_3 || s->ticket_len == 0 || !hash_is_offered(conn, (enum hash_alg)suite->hash))
		return false;
	*out = (struct psk_entry){
		.alg = (enum hash_alg)suite->hash,
		.binder = KS_BINDER_RESUMPTION,
		.identity = bytes_of(s->ticket, s->ticket_len),
		.obfuscated_age = (uint32_t)age_ms + s->age_add,
		.key = &s->secret,
	};
	return true;
}

/* What the entry takes in a hello, its binder included. */
static size_t entry_len(size_t identity_len, enum hash_alg alg)
{
	return 2 + identity_len + 4 + 1 + hash_len(alg);
}

/* What keys from outside may take. An encrypted hello says what is offered twice, though in the outer one it means nothing (rfc9849:6.1.2), and what
 * else may be long beside it. */
static size_t keys_room(const struct bj_tls *conn)
{
	const struct handshake *hs = conn->hs;
	size_t others = HELLO_OTHERS_MAX + 2 * (conn->config->alpn_len + hs->cookie_len) + conn->config->authorities_len;
	size_t session = hs->session && hs->session->version == VERSION_1_3 ? entry_len(hs->session->ticket_len, HASH_SHA384) : 0, half;

	if (!ech_is(conn, BJ_TLS_ECH_OFFERED) && !ech_is(conn, BJ_TLS_ECH_ACCEPTED))
		return PSK_OFFERED_LEN_MAX;
	if (conn->quic)
		others += conn->quic->params.len;
	half = others < UINT16_MAX ? (UINT16_MAX - others) / 2 : 0;
	half = half > session ? half - session : 0;
	return half < PSK_OFFERED_LEN_MAX ? half : PSK_OFFERED_LEN_MAX;
}

bool psk_entry_at(const struct bj_tls *conn, size_t index, struct psk_entry *out)
{
	const struct bj_tls_config *config = conn->config;
	size_t room;

	if (!config_has_version(config, VERSION_1_3) || ech_is(conn, BJ_TLS_ECH_REJECTED)) /* they stood in the inner hello alone */
		return false;
	if (index >= PSK_OFFER_MAX)
		return false;
	if (session_entry(conn, out) && index-- == 0)
		return true;
	room = config->psk_count > 0 ? keys_room(conn) : 0;
	for (size_t i = 0; i < config->psk_count; i++)
		for (size_t h = 0; h < PSK_HASHES; h++) {
			const struct psk_import *import = &config->psks[i].imports[h];

			if (import->identity.len == 0 || !hash_is_offered(conn, targets[h].alg) || entry_len(import->identity.len, targets[h].alg) > room)
				continue;
			room -= entry_len(import->identity.len, targets[h].alg);
			if (index-- > 0)
				continue;
			*out = (struct psk_entry){ targets[h].alg, (enum ks_binder)config->psks[i].binder, import->identity, 0, &import->key,
						   &config->psks[i] };
			return true;
		}
	return false;
}
