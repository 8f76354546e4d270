/* ech_client.c - a client's two hellos, and which of them the server answered; GREASE.
 *
 * Implements   rfc9849:6.1 rfc9849:6.1.1 rfc9849:6.1.2 rfc9849:6.1.4 rfc9849:6.1.5 rfc9849:6.1.6 rfc9849:6.2.1
 */
#include <stdlib.h>

#include "crypto/rng_os.h"
#include "tls/ech.h"
#include "tls/ech_encode.h"
#include "tls/early.h"
#include "tls/flight.h"
#include "tls/hello.h"
#include "tls/hello_form.h"

#define OUTER_ROOM 1024         /* what the outer hello has more than the inner one: the public name, the extension without its payload */
#define GREASE_STEP 32          /* an invented payload is as long as a padded hello and a tag could be */
#define GREASE_STEP_MIN 4
#define GREASE_STEPS 4
#define ONLY_12 (EXT_BIT(EXT_EC_POINT_FORMATS) | EXT_BIT(EXT_EXTENDED_MASTER_SECRET) | EXT_BIT(EXT_RENEGOTIATION_INFO) | EXT_BIT(EXT_SESSION_TICKET))

/* ---- what to encrypt to */

static enum bj_err offer_make(struct bj_bytes list, struct ech **out)
{
	struct ech_config config;
	struct hpke_suite suite;
	struct ech *ech;
	enum bj_err err = ech_config_choose(list, &config, &suite);

	if (err)
		return err;
	ech = ech_new(BJ_TLS_ECH_OFFERED);
	if (!ech)
		return BJ_ERR_NO_MEMORY;
	ech->list = malloc(config.raw.len);
	if (!ech->list) {
		free(ech);
		return BJ_ERR_NO_MEMORY;
	}
	memcpy(ech->list, config.raw.ptr, config.raw.len);
	err = ech_config_parse(bytes_of(ech->list, config.raw.len), &ech->config);
	check(!err);
	memcpy(ech->public_name, config.public_name.ptr, config.public_name.len);
	ech->suite = suite;
	ech->config_id = config.config_id;
	*out = ech;
	return BJ_OK;
}

BJ_API enum bj_err bj_tls_ech(struct bj_tls *conn, const void *config_list, size_t len)
{
	struct ech *ech;
	enum bj_err err;

	if (conn->err)
		return (enum bj_err)conn->err;
	if (conn->is_server || state_at(&conn->state) != ST_START)
		return BJ_ERR_STATE;
	err = offer_make(bytes_of(config_list, len), &ech);
	if (err)
		return err;
	if (!config_has_version(conn->config, VERSION_1_3))
		err = BJ_ERR_NOT_FOUND;
	if (!err)
		ech_free(conn);
	if (!err) {
		conn->ech = ech;
	} else {
		free(ech->list);
		free(ech);
	}
	return err;
}

/* ---- GREASE. rfc9849:6.2 */

static enum bj_err grease_make(struct bj_tls *conn, struct ech *ech)
{
	static const uint16_t aeads[] = { HPKE_AEAD_AES_128_GCM, HPKE_AEAD_CHACHA20_POLY1305 };
	struct kex_key key = { 0 };
	uint8_t dice[3];
	enum bj_err err = rng_fill(&conn->hs->rng, dice, sizeof(dice));
	size_t payload_len, cap;
	struct ech_hello hello;
	struct writer w;
	uint8_t *payload;

	if (!err)
		err = kex_generate(&key, KEX_X25519, &conn->hs->rng); /* a real public key: not every string of bytes looks like one */
	if (err)
		return err;
	payload_len = (GREASE_STEP_MIN + dice[0] % GREASE_STEPS) * GREASE_STEP + AEAD_TAG_LEN;
	cap = payload_len + HPKE_PUBLIC_MAX + 32;
	payload = malloc(payload_len);
	ech->extension = malloc(cap);
	err = payload && ech->extension ? rng_fill(&conn->config->rng, payload, payload_len) : BJ_ERR_NO_MEMORY;
	if (!err) {
		hello = (struct ech_hello){
			.type = ECH_OUTER,
			.config_id = dice[1],
			.kdf = HPKE_KDF_SHA256,
			.aead = aeads[dice[2] % ARRAY_COUNT(aeads)],
			.enc = kex_public(&key),
			.payload = bytes_of(payload, payload_len),
		};
		w = wr_make(ech->extension, cap);
		encrypted_client_hello_write(&w, &hello);
		check(wr_ok(&w));
		ech->extension_len = w.len - 4; /* its body alone */
		memmove(ech->extension, ech->extension + 4, ech->extension_len);
	}
	free(payload);
	kex_fini(&key);
	return err;
}

enum bj_err ech_client_begin(struct bj_tls *conn)
{
	struct handshake *hs = conn->hs;

	if (!conn->ech) {
		if (!config_has_version(conn->config, VERSION_1_3))
			return BJ_OK;
		conn->ech = ech_new(BJ_TLS_ECH_GREASED);
		return conn->ech ? grease_make(conn, conn->ech) : BJ_ERR_NO_MEMORY;
	}
	if (hs->session && hs->session->version != VERSION_1_3) { /* rfc9849:6.1 */
		session_fini(hs->session);
		free(hs->session);
		hs->session = NULL;
	}
	return rng_fill(&hs->rng, conn->ech->outer_random, RANDOM_LEN);
}

/* ---- the two hellos */

struct inner_lists {
	uint8_t suites[2 + 2 * CONFIG_CODE_MAX], versions[2 + 2 * HELLO_VERSIONS_MAX];
};

/* Nothing of 1.2; GREASE stays. rfc9849:6.1 */
static void inner_fill(struct client_hello *inner, struct inner_lists *lists)
{
	struct writer suites = wr_make(lists->suites, sizeof(lists->suites)), versions = wr_make(lists->versions, sizeof(lists->versions));

	for (size_t i = 0; i < codes_count(inner->suites); i++) {
		const struct suite *suite = suite_find(codes_at(inner->suites, i));

		if (!suite || suite->version == VERSION_1_3)
			wr_u16(&suites, codes_at(inner->suites, i));
	}
	for (size_t i = 0; i < codes_count(inner->versions); i++)
		if (codes_at(inner->versions, i) != VERSION_1_2)
			wr_u16(&versions, codes_at(inner->versions, i));
	inner->suites = wr_view(&suites);
	inner->versions = wr_view(&versions);
	inner->has = (inner->has & ~ONLY_12) | EXT_BIT(EXT_ENCRYPTED_CLIENT_HELLO);
	inner->ech = (struct ech_hello){ .type = ECH_INNER };
}

static void outer_fill(const struct bj_tls *conn, struct client_hello *outer)
{
	const struct ech *ech = conn->ech;

	outer->random = bytes_of(ech->outer_random, RANDOM_LEN);
	outer->server_name = bytes_text(ech->public_name);
	outer->has |= EXT_BIT(EXT_SERVER_NAME) | EXT_BIT(EXT_ENCRYPTED_CLIENT_HELLO);
	outer->ech = (struct ech_hello){
		.type = ECH_OUTER,
		.config_id = ech->config_id,
		.kdf = ech->suite.kdf,
		.aead = ech->suite.aead,
	};
}

/* Identities and binders of the same lengths with nothing in them. rfc9849:6.1.2 */
static enum bj_err psk_disguise(struct bj_tls *conn, struct psk_offer *psk, uint8_t *buf)
{
	struct writer identities = wr_make(buf, psk->identities.len), binders = wr_make(buf + psk->identities.len, psk->binders.len);
	struct reader r = rd_of(psk->identities);
	struct psk_identity identity;
	struct bj_bytes binder;
	enum bj_err err = rng_fill(&conn->config->rng, buf, psk->identities.len + psk->binders.len);

	if (err)
		return err;
	while (psk_identity_next(&r, &identity)) { /* lengths go over the noise */
		wr_u16(&identities, (uint16_t)identity.identity.len);
		(void)wr_room(&identities, identity.identity.len + 4);
	}
	r = rd_of(psk->binders);
	while (rd_more(&r)) {
		binder = rd_vec_bytes(&r, 1);
		wr_u8(&binders, (uint8_t)binder.len);
		(void)wr_room(&binders, binder.len);
	}
	check(identities.len == psk->identities.len && binders.len == psk->binders.len);
	psk->identities = bytes_of(buf, identities.len);
	psk->binders = bytes_of(buf + identities.len, binders.len);
	return BJ_OK;
}

/* The buffers that making both hellos takes; freed together. */
struct workshop {
	uint8_t *meant, *outer, *encoded, *disguise;
	size_t cap;
	struct writer inner_w, encoded_w;
};

static void workshop_free(struct workshop *shop)
{
	if (shop->encoded)
		wipe(shop->encoded, shop->cap);
	if (shop->meant)
		wipe(shop->meant, shop->cap);
	free(shop->meant);
	free(shop->outer);
	free(shop->encoded);
	free(shop->disguise);
}

static enum bj_err workshop_make(struct ech *ech, const struct client_hello *hello, size_t cap, struct workshop *out)
{
	struct workshop shop = { .cap = cap };
	uint8_t *inner = malloc(cap);

	shop.meant = malloc(cap);
	shop.outer = malloc(cap);
	shop.encoded = malloc(cap);
	shop.disguise = malloc(hello->psk.identities.len + hello->psk.binders.len + 1);
	if (!inner || !shop.meant || !shop.outer || !shop.encoded || !shop.disguise) {
		free(inner);
		free(shop.meant);
		free(shop.outer);
		free(shop.encoded);
		free(shop.disguise);
		return BJ_ERR_NO_MEMORY;
	}
	ech_inner_set(ech, inner);
	shop.inner_w = wr_make(inner, cap);
	shop.encoded_w = wr_make(shop.encoded, cap - AEAD_TAG_LEN);
	*out = shop;
	return BJ_OK;
}

/* Makes the inner hello, and its encoding with padding. */
static enum bj_err inner_make(struct bj_tls *conn, struct workshop *shop, const struct client_hello *inner, const struct client_hello *outer)
{
	struct writer meant = wr_make(shop->meant, shop->cap), draft = wr_make(shop->outer, shop->cap);
	size_t name_len = inner->has & EXT_BIT(EXT_SERVER_NAME) ? inner->server_name.len : 0, padding, binders;
	enum bj_err err;
	uint8_t *zeros;

	client_hello_write(&meant, inner);
	client_hello_write(&draft, outer);
	if (!wr_ok(&meant) || !wr_ok(&draft))
		return BJ_ERR_LIMIT;
	err = ech_hello_split(wr_view(&meant), wr_view(&draft), &shop->inner_w, &shop->encoded_w);
	if (err)
		return err == BJ_ERR_SPACE ? BJ_ERR_LIMIT : err;
	if (inner->has & EXT_BIT(EXT_PRE_SHARED_KEY)) {
		hello_bind(conn, &shop->inner_w, &inner->psk);
		binders = inner->psk.binders.len;
		memcpy(shop->encoded + shop->encoded_w.len - binders, shop->inner_w.buf + shop->inner_w.len - binders, binders);
	}
	padding = ech_padding(shop->encoded_w.len, name_len, conn->ech->config.maximum_name_length);
	zeros = wr_room(&shop->encoded_w, padding);
	if (!zeros)
		return BJ_ERR_LIMIT;
	memset(zeros, 0, padding);
	conn->ech->inner_len = shop->inner_w.len;
	return BJ_OK;
}

/* The context is made once; a second hello goes on with it and has no encapsulated key. */
static enum bj_err context_make(struct bj_tls *conn, uint8_t enc[HPKE_PUBLIC_MAX], size_t *out_enc_len)
{
	static const char label[] = "tls ech";
	struct ech *ech = conn->ech;
	size_t len = sizeof(label) + ech->config.raw.len;
	uint8_t *info;
	enum bj_err err;

	*out_enc_len = 0;
	if (conn->retried)
		return BJ_OK;
	info = malloc(len);
	if (!info)
		return BJ_ERR_NO_MEMORY;
	memcpy(info, label, sizeof(label)); /* with its zero: rfc9849:6.1 */
	memcpy(info + sizeof(label), ech->config.raw.ptr, ech->config.raw.len);
	err = hpke_send(&ech->hpke, ech->suite, ech->config.public_key, bytes_of(info, len), &conn->hs->rng, enc, out_enc_len);
	free(info);
	if (err)
		return err == BJ_ERR_BAD_KEY_SHARE ? BJ_ERR_ECH_CONFIG : err;
	ech_keylog(conn, ech->outer_random, ech->config.raw);
	return BJ_OK;
}

/* Writes the outer hello with zeros for the payload, and seals over it. */
static enum bj_err outer_make(struct bj_tls *conn, struct workshop *shop, struct writer *w, struct client_hello *outer)
{
	struct ech *ech = conn->ech;
	size_t len = shop->encoded_w.len, enc_len = 0;
	uint8_t enc[HPKE_PUBLIC_MAX], *zeros;
	struct bj_bytes body, found;
	enum bj_err err = context_make(conn, enc, &enc_len);

	if (err)
		return err;
	zeros = shop->outer; /* the draft is done with */
	memset(zeros, 0, len + AEAD_TAG_LEN);
	outer->ech.enc = bytes_of(enc, enc_len);
	outer->ech.payload = bytes_of(zeros, len + AEAD_TAG_LEN);
	client_hello_write(w, outer);
	if (!wr_ok(w))
		return BJ_ERR_LIMIT;
	body = bytes_of(w->buf + MESSAGE_HEADER_LEN, w->len - MESSAGE_HEADER_LEN);
	err = hpke_seal(&ech->hpke, body, bytes_of(shop->encoded, len), shop->encoded);
	if (err)
		return err;
	check(ech_hello_find(body, ext_table[EXT_ENCRYPTED_CLIENT_HELLO].type, &found));
	memcpy((uint8_t *)found.ptr + found.len - len - AEAD_TAG_LEN, shop->encoded, len + AEAD_TAG_LEN);
	if (conn->retried)
		return BJ_OK;
	ech->extension = malloc(found.len);
	if (!ech->extension)
		return BJ_ERR_NO_MEMORY;
	memcpy(ech->extension, found.ptr, found.len);
	ech->extension_len = found.len;
	return transcript_add(&ech->outer, wr_view(w));
}

static enum bj_err offer_write(struct bj_tls *conn, struct writer *w, const struct client_hello *hello)
{
	struct client_hello inner = *hello, outer = *hello;
	struct inner_lists lists;
	struct workshop shop;
	size_t cap = wr_left(w) + OUTER_ROOM;
	enum bj_err err = workshop_make(conn->ech, hello, cap, &shop);

	if (err)
		return err;
	inner_fill(&inner, &lists);
	outer_fill(conn, &outer);
	if (hello->has & EXT_BIT(EXT_PRE_SHARED_KEY))
		err = psk_disguise(conn, &outer.psk, shop.disguise);
	if (!err)
		err = conn_room(conn, w, 2 * cap);
	if (!err)
		err = inner_make(conn, &shop, &inner, &outer);
	if (!err)
		err = outer_make(conn, &shop, w, &outer);
	if (!err) {
		conn->hs->instead = bytes_of(conn->ech->inner, conn->ech->inner_len);
		conn->hs->offered = inner.has;
		conn->ech->outer_offered = outer.has;
		conn_observe(conn, BJ_TLS_SAW_INNER_HELLO, true, MSG_CLIENT_HELLO, conn->hs->instead);
	}
	workshop_free(&shop);
	return err;
}

/* GREASE, or the outer hello once more after it was rejected: with the extension of the first hello as it was. */
static enum bj_err repeat_write(struct bj_tls *conn, struct writer *w, struct client_hello *hello)
{
	struct ech *ech = conn->ech;
	enum bj_err err;

	if (ech->status == BJ_TLS_ECH_REJECTED)
		outer_fill(conn, hello);
	hello->has |= EXT_BIT(EXT_ENCRYPTED_CLIENT_HELLO);
	err = encrypted_client_hello_parse(bytes_of(ech->extension, ech->extension_len), &hello->ech);
	if (!err)
		err = conn_room(conn, w, wr_left(w) + ech->extension_len + OUTER_ROOM);
	if (err)
		return err;
	client_hello_write(w, hello);
	if (!wr_ok(w))
		return BJ_ERR_LIMIT;
	if (hello->has & EXT_BIT(EXT_PRE_SHARED_KEY))
		hello_bind(conn, w, &hello->psk);
	conn->hs->offered = hello->has;
	return BJ_OK;
}

enum bj_err ech_client_write(struct bj_tls *conn, struct writer *w, struct client_hello *hello)
{
	bool offers = ech_is(conn, BJ_TLS_ECH_OFFERED) || ech_is(conn, BJ_TLS_ECH_ACCEPTED);

	return offers ? offer_write(conn, w, hello) : repeat_write(conn, w, hello);
}

/* ---- the answer */

/* The outer hello counts: all that was said of the inner one alone is forgotten. rfc9849:6.1.6 */
static void reject(struct bj_tls *conn, bool is_retry)
{
	struct handshake *hs = conn->hs;
	struct ech *ech = conn->ech;

	ech->status = BJ_TLS_ECH_REJECTED;
	transcript_fini(&hs->transcript);
	hs->transcript = ech->outer;
	ech->outer = (struct transcript){ 0 };
	memcpy(hs->client_random, ech->outer_random, RANDOM_LEN);
	hs->offered = ech->outer_offered;
	if (hs->session) {
		session_fini(hs->session);
		free(hs->session);
		hs->session = NULL;
	}
	secret_wipe(&hs->psk);
	early_refused(conn, is_retry ? BJ_TLS_EARLY_RETRY : BJ_TLS_EARLY_NOT_RESUMED); /* its session stood in the inner hello */
}

static bool is_confirmed(const struct bj_tls *conn, struct bj_bytes body, const struct server_hello *hello)
{
	const struct suite *suite = suite_find(hello->suite);
	struct bj_bytes found = bytes_of(hello->random.ptr + RANDOM_LEN - ECH_CONFIRMATION_LEN, ECH_CONFIRMATION_LEN);
	uint8_t expected[ECH_CONFIRMATION_LEN];
	struct transcript retried;
	struct ech_signal signal;

	if (hello->version != VERSION_1_3 || !suite || suite->version != VERSION_1_3)
		return false;
	if (conn->retried && suite != conn->suite)
		return false;
	if (hello->is_retry)
		found = hello->ech;
	if (found.len != ECH_CONFIRMATION_LEN)
		return false;
	signal = (struct ech_signal){
		.alg = (enum hash_alg)suite->hash,
		.transcript = &conn->hs->transcript,
		.random = bytes_of(conn->hs->client_random, RANDOM_LEN),
		.message = bytes_of(body.ptr - MESSAGE_HEADER_LEN, body.len + MESSAGE_HEADER_LEN),
		.at = (size_t)(found.ptr - body.ptr) + MESSAGE_HEADER_LEN,
		.is_retry = hello->is_retry,
	};
	if (hello->is_retry) {
		transcript_retried(&conn->hs->transcript, signal.alg, &retried);
		signal.transcript = &retried;
	}
	ech_confirmation(&signal, expected);
	return ct_equal(expected, found.ptr, sizeof(expected));
}

enum bj_err ech_client_settle(struct bj_tls *conn, struct bj_bytes body)
{
	struct server_hello hello;
	struct ech *ech = conn->ech;
	enum bj_err err;

	if (ech->status != BJ_TLS_ECH_OFFERED && ech->status != BJ_TLS_ECH_ACCEPTED)
		return BJ_OK;
	err = server_hello_parse(body, ~(uint32_t)0, &hello); /* what was offered is not known before this is settled */
	if (err)
		return err;
	if (is_confirmed(conn, body, &hello)) {
		ech->status = BJ_TLS_ECH_ACCEPTED;
		transcript_fini(&ech->outer);
		return BJ_OK;
	}
	if (ech->status == BJ_TLS_ECH_ACCEPTED)
		return BJ_ERR_ECH_CONFIRMATION;
	reject(conn, hello.is_retry);
	return BJ_OK;
}

enum bj_err ech_client_take_retry(struct bj_tls *conn, struct bj_bytes list)
{
	struct ech *ech = conn->ech;
	enum bj_err err = ech_config_list_check(list);

	if (err || ech->status != BJ_TLS_ECH_REJECTED)
		return err;
	ech->retry = malloc(list.len);
	if (!ech->retry)
		return BJ_ERR_NO_MEMORY;
	memcpy(ech->retry, list.ptr, list.len);
	ech->retry_len = list.len;
	return BJ_OK;
}
