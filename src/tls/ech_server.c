/* ech_server.c - a server opens the inner hello, or goes on with the outer one.
 *
 * Implements   rfc9849:7 rfc9849:7.1 rfc9849:7.1.1 rfc9849:7.2 rfc9849:7.2.1
 * Leaves out   trial decryption over all keys (rfc9849:10.4), comparing the outer server_name with the public name (a MAY)
 */
#include <stdlib.h>

#include "tls/ech.h"
#include "tls/ech_encode.h"

#define CONFIRMATION_IN_HELLO (MESSAGE_HEADER_LEN + 2 + RANDOM_LEN - ECH_CONFIRMATION_LEN)

/* What the payload is sealed over: the hello with zeros in its place; behind it room for the plaintext. Allocated. */
static uint8_t *aad_make(struct bj_bytes hello, struct bj_bytes payload)
{
	uint8_t *aad = malloc(hello.len + payload.len);

	if (!aad)
		return NULL;
	memcpy(aad, hello.ptr, hello.len);
	memset(aad + (payload.ptr - hello.ptr), 0, payload.len);
	return aad;
}

/* Opens the payload of an outer hello with the context that is here. The encoding is allocated, and as long as the payload without its tag. */
static enum bj_err payload_open(struct ech *ech, struct bj_bytes hello, struct bj_bytes payload, uint8_t **out)
{
	uint8_t *aad, *plain;
	enum bj_err err;

	if (payload.len < AEAD_TAG_LEN)
		return BJ_ERR_BAD_RECORD_MAC;
	aad = aad_make(hello, payload);
	plain = malloc(payload.len);
	err = aad && plain ? hpke_open(&ech->hpke, bytes_of(aad, hello.len), payload, plain) : BJ_ERR_NO_MEMORY;
	free(aad);
	if (err) {
		free(plain);
		return err;
	}
	*out = plain;
	return BJ_OK;
}

/* Is it a hello that may stand inside? rfc9849:7.1 */
static bool inner_is_good(const struct client_hello *inner)
{
	if (!(inner->has & EXT_BIT(EXT_ENCRYPTED_CLIENT_HELLO)) || inner->ech.type != ECH_INNER || !(inner->has & EXT_BIT(EXT_SUPPORTED_VERSIONS)))
		return false;
	for (size_t i = 0; i < codes_count(inner->versions); i++)
		if (codes_at(inner->versions, i) <= VERSION_1_2)
			return false;
	return client_hello_offers(inner, VERSION_1_3);
}

/* What was decrypted becomes the hello that counts. */
static enum bj_err inner_take(struct bj_tls *conn, struct bj_bytes encoded, struct bj_bytes *body)
{
	struct handshake *hs = conn->hs;
	struct ech *ech = conn->ech;
	size_t cap = encoded.len + body->len + ECH_JOIN_ROOM;
	uint8_t *inner = malloc(cap);
	struct writer w = wr_make(inner, cap);
	enum bj_err err;

	if (!inner)
		return BJ_ERR_NO_MEMORY;
	ech_inner_set(ech, inner);
	err = ech_hello_join(encoded, *body, &w);
	if (err)
		return err;
	ech->inner_len = w.len;
	if (w.len - MESSAGE_HEADER_LEN > MESSAGE_HELLO_MAX)
		return BJ_ERR_MESSAGE_TOO_LONG;
	hs->instead = wr_view(&w);
	*body = bytes_of(inner + MESSAGE_HEADER_LEN, w.len - MESSAGE_HEADER_LEN);
	hs->body = *body;
	conn_observe(conn, BJ_TLS_SAW_INNER_HELLO, false, MSG_CLIENT_HELLO, hs->instead);
	err = client_hello_parse(*body, &hs->client_hello);
	if (err)
		return err;
	return inner_is_good(&hs->client_hello) ? BJ_OK : BJ_ERR_ECH_INNER;
}

/* ---- the first hello */

static struct hpke_suite suite_of(const struct config_ech *key, const struct ech_hello *offer)
{
	return (struct hpke_suite){ key->config.kem, offer->kdf, offer->aead };
}

/* Tries one key. BJ_ERR_NOT_FOUND: it is not for that one. */
static enum bj_err key_try(struct bj_tls *conn, const struct config_ech *key, const struct ech_hello *offer, struct bj_bytes body, uint8_t **out)
{
	struct ech *ech = conn->ech;
	struct hpke_suite suite = suite_of(key, offer);
	enum bj_err err;

	if (key->config.config_id != offer->config_id || !ech_config_allows(&key->config, suite))
		return BJ_ERR_NOT_FOUND;
	hpke_fini(&ech->hpke);
	err = hpke_receive(&ech->hpke, suite, &key->key, offer->enc, bytes_of(key->info, key->info_len));
	if (!err)
		err = payload_open(ech, body, offer->payload, out);
	if (err == BJ_ERR_BAD_KEY_SHARE || err == BJ_ERR_BAD_RECORD_MAC)
		return BJ_ERR_NOT_FOUND;
	ech->suite = suite;
	ech->config_id = offer->config_id;
	return err;
}

static enum bj_err outer_take(struct bj_tls *conn, const struct client_hello *hello, const struct ech_hello *offer, struct bj_bytes *body)
{
	const struct config_ech *key = NULL;
	const struct bj_tls_config *config = conn->config;
	size_t len = offer->payload.len;
	enum bj_err err = BJ_ERR_NOT_FOUND;
	uint8_t *encoded = NULL;

	conn->ech = ech_new(BJ_TLS_ECH_REJECTED);
	if (!conn->ech)
		return BJ_ERR_NO_MEMORY;
	for (size_t i = 0; i < config->ech_count && err == BJ_ERR_NOT_FOUND; i++) {
		key = &config->ech_keys[i];
		err = key_try(conn, key, offer, *body, &encoded);
	}
	if (err == BJ_ERR_NOT_FOUND)
		return BJ_OK; /* the outer hello counts; EncryptedExtensions will say what to try instead */
	if (err)
		return err;
	conn->ech->status = BJ_TLS_ECH_ACCEPTED;
	ech_keylog(conn, hello->random.ptr, key->config.raw);
	err = inner_take(conn, bytes_of(encoded, len - AEAD_TAG_LEN), body);
	wipe(encoded, len);
	free(encoded);
	return err;
}

enum bj_err ech_server_take(struct bj_tls *conn, struct bj_bytes *body)
{
	const struct client_hello *hello = &conn->hs->client_hello;
	struct ech_hello offer = hello->ech;

	if (!config_has_version(conn->config, VERSION_1_3))
		return BJ_OK;
	if (offer.type == ECH_OUTER)
		return conn->config->ech_count > 0 ? outer_take(conn, hello, &offer, body) : BJ_OK;
	if (conn->config->ech_count > 0)
		return BJ_ERR_ILLEGAL_PARAMETER; /* rfc9849:7: never sent by a client */
	if (!client_hello_offers(hello, VERSION_1_3))
		return BJ_OK;
	/* a server in front of this one opened it */
	conn->ech = ech_new(BJ_TLS_ECH_ACCEPTED);
	return conn->ech ? BJ_OK : BJ_ERR_NO_MEMORY;
}

/* ---- the second hello. rfc9849:7.1.1 */

enum bj_err ech_server_again(struct bj_tls *conn, struct bj_bytes *body)
{
	const struct client_hello *hello = &conn->hs->client_hello;
	struct ech_hello offer = hello->ech;
	struct ech *ech = conn->ech;
	uint8_t *encoded = NULL;
	enum bj_err err;

	if (ech->status != BJ_TLS_ECH_ACCEPTED)
		return BJ_OK;
	if (!(hello->has & EXT_BIT(EXT_ENCRYPTED_CLIENT_HELLO)))
		return BJ_ERR_MISSING_EXTENSION;
	if (conn->config->ech_count == 0)
		return offer.type == ECH_INNER ? BJ_OK : BJ_ERR_ILLEGAL_PARAMETER;
	if (offer.type != ECH_OUTER || offer.kdf != ech->suite.kdf || offer.aead != ech->suite.aead || offer.config_id != ech->config_id ||
	    offer.enc.len > 0)
		return BJ_ERR_ILLEGAL_PARAMETER;
	err = payload_open(ech, *body, offer.payload, &encoded);
	if (err)
		return err == BJ_ERR_BAD_RECORD_MAC ? BJ_ERR_ECH_DECRYPT : err;
	err = inner_take(conn, bytes_of(encoded, offer.payload.len - AEAD_TAG_LEN), body);
	wipe(encoded, offer.payload.len);
	free(encoded);
	return err;
}

/* ---- the confirmation */

void ech_server_confirm(struct bj_tls *conn, struct writer *w, bool is_retry)
{
	struct ech_signal signal = {
		.alg = (enum hash_alg)conn->suite->hash,
		.transcript = &conn->hs->transcript,
		.random = bytes_of(conn->hs->client_random, RANDOM_LEN),
		.message = wr_view(w),
		.at = is_retry ? w->len - ECH_CONFIRMATION_LEN : CONFIRMATION_IN_HELLO, /* the extension is the last of a retry */
		.is_retry = is_retry,
	};

	if (!ech_is(conn, BJ_TLS_ECH_ACCEPTED) || !wr_ok(w))
		return;
	ech_confirmation(&signal, w->buf + signal.at);
	if (!is_retry)
		memcpy(conn->hs->server_random + RANDOM_LEN - ECH_CONFIRMATION_LEN, w->buf + signal.at, ECH_CONFIRMATION_LEN);
}
