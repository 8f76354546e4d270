/* hpke.c - the key encapsulation, the key schedule and the counted messages of HPKE.
 *
 * Implements   rfc9180:4 rfc9180:4.1 rfc9180:5.1 rfc9180:5.1.1 rfc9180:5.2 rfc9180:5.3 rfc9180:7.1.1 rfc9180:7.1.4
 */
#include "crypto/hpke.h"

#include "base/writer.h"
#include "crypto/hkdf.h"
#include "crypto/rng_os.h"

#define VERSION_LABEL "HPKE-v1"
#define MODE_BASE 0
#define SUITE_ID_MAX 10
#define INFO_MAX (2 + 7 + SUITE_ID_MAX + 24 + 255)

/* "KEM" or "HPKE" and the code points: what separates the uses of one function from each other. */
struct suite_id {
	uint8_t bytes[SUITE_ID_MAX];
	size_t len;
};

static enum kex_group group_of(uint16_t kem)
{
	if (kem == HPKE_KEM_X25519)
		return KEX_X25519;
	return kem == HPKE_KEM_P256 ? KEX_P256 : KEX_NONE;
}

static enum hash_alg hash_of(uint16_t kdf)
{
	if (kdf == HPKE_KDF_SHA256)
		return HASH_SHA256;
	return kdf == HPKE_KDF_SHA384 ? HASH_SHA384 : HASH_NONE;
}

static enum aead_alg aead_of(uint16_t aead)
{
	switch (aead) {
	case HPKE_AEAD_AES_128_GCM: return AEAD_AES_128_GCM;
	case HPKE_AEAD_AES_256_GCM: return AEAD_AES_256_GCM;
	case HPKE_AEAD_CHACHA20_POLY1305: return AEAD_CHACHA20_POLY1305;
	default: return AEAD_NONE;
	}
}

bool hpke_kem_known(uint16_t kem)
{
	return group_of(kem) != KEX_NONE;
}

bool hpke_suite_known(struct hpke_suite suite)
{
	return hpke_kem_known(suite.kem) && hash_of(suite.kdf) != HASH_NONE && aead_of(suite.aead) != AEAD_NONE;
}

size_t hpke_public_len(uint16_t kem)
{
	return kex_public_len(group_of(kem));
}

/* ---- labels. rfc9180:4 */

static struct suite_id id_of_kem(uint16_t kem)
{
	struct suite_id id;
	struct writer w = wr_make(id.bytes, sizeof(id.bytes));

	wr_bytes(&w, BYTES_LIT("KEM"));
	wr_u16(&w, kem);
	id.len = w.len;
	return id;
}

static struct suite_id id_of_suite(struct hpke_suite suite)
{
	struct suite_id id;
	struct writer w = wr_make(id.bytes, sizeof(id.bytes));

	wr_bytes(&w, BYTES_LIT("HPKE"));
	wr_u16(&w, suite.kem);
	wr_u16(&w, suite.kdf);
	wr_u16(&w, suite.aead);
	id.len = w.len;
	return id;
}

static void labeled_extract(enum hash_alg alg, const struct suite_id *id, struct bj_bytes salt, struct bj_bytes label, struct bj_bytes ikm,
			    struct secret *out)
{
	struct hmac_key key;
	struct hmac h;

	hmac_key_init(&key, alg, salt);
	hmac_init(&h, &key);
	hmac_update(&h, BYTES_LIT(VERSION_LABEL));
	hmac_update(&h, bytes_of(id->bytes, id->len));
	hmac_update(&h, label);
	hmac_update(&h, ikm);
	out->len = (uint8_t)hmac_final(&h, out->bytes);
	hmac_key_wipe(&key);
}

static void labeled_expand(enum hash_alg alg, const struct suite_id *id, const struct secret *prk, struct bj_bytes label, struct bj_bytes info,
			   uint8_t *out, size_t len)
{
	uint8_t bytes[INFO_MAX];
	struct writer w = wr_make(bytes, sizeof(bytes));
	struct hmac_key key;

	wr_u16(&w, (uint16_t)len);
	wr_bytes(&w, BYTES_LIT(VERSION_LABEL));
	wr_raw(&w, id->bytes, id->len);
	wr_bytes(&w, label);
	wr_bytes(&w, info);
	check(wr_ok(&w));
	hmac_key_init(&key, alg, secret_view(prk));
	check(hkdf_expand(&key, wr_view(&w), out, len) == BJ_OK);
	hmac_key_wipe(&key);
}

/* ---- keys. A private key is what a source of random bytes gave: kex_generate() makes the same key from the same bytes. */

struct one_draw {
	struct bj_bytes bytes;
	bool is_drawn;
};

static enum bj_err one_draw_fill(void *self, uint8_t *out, size_t len)
{
	struct one_draw *draw = (struct one_draw *)self;

	if (draw->is_drawn || draw->bytes.len != len)
		return BJ_ERR_RANDOM;
	draw->is_drawn = true;
	memcpy(out, draw->bytes.ptr, len);
	return BJ_OK;
}

enum bj_err hpke_private_load(uint16_t kem, struct bj_bytes private, struct kex_key *out)
{
	struct one_draw draw = { private, false };
	const struct bj_rng rng = { one_draw_fill, &draw };
	enum bj_err err;

	if (!hpke_kem_known(kem))
		return BJ_ERR_ARGUMENT;
	err = kex_generate(out, group_of(kem), &rng);
	return err == BJ_ERR_RANDOM ? BJ_ERR_KEY_FORMAT : err; /* a scalar that does not fit would be drawn again */
}

enum bj_err hpke_private_generate(uint16_t kem, const struct bj_rng *rng, struct secret *out)
{
	struct secret private = { .len = HPKE_PRIVATE_LEN };
	enum bj_err err = BJ_ERR_KEY_FORMAT;

	if (!hpke_kem_known(kem))
		return BJ_ERR_ARGUMENT;
	for (int i = 0; i < 128 && err == BJ_ERR_KEY_FORMAT; i++) { /* of P-256 one draw in 2^32 does not fit */
		struct kex_key key = { 0 };

		err = rng_fill(rng, private.bytes, private.len);
		if (!err)
			err = hpke_private_load(kem, secret_view(&private), &key);
		kex_fini(&key);
	}
	if (!err)
		*out = private;
	secret_wipe(&private);
	return err == BJ_ERR_KEY_FORMAT ? BJ_ERR_RANDOM : err;
}

/* ---- the key encapsulation. rfc9180:4.1 */

/* From what the key exchange gave to the shared secret; wipes `dh`. */
static void kem_secret(uint16_t kem, struct secret *dh, struct bj_bytes enc, struct bj_bytes public, struct secret *out)
{
	struct suite_id id = id_of_kem(kem);
	uint8_t context[2 * HPKE_PUBLIC_MAX];
	struct writer w = wr_make(context, sizeof(context));
	struct secret prk;

	wr_bytes(&w, enc);
	wr_bytes(&w, public);
	check(wr_ok(&w));
	labeled_extract(HASH_SHA256, &id, (struct bj_bytes){ 0 }, BYTES_LIT("eae_prk"), secret_view(dh), &prk);
	out->len = (uint8_t)hash_len(HASH_SHA256);
	labeled_expand(HASH_SHA256, &id, &prk, BYTES_LIT("shared_secret"), wr_view(&w), out->bytes, out->len);
	secret_wipe(&prk);
	secret_wipe(dh);
}

/* ---- the key schedule. rfc9180:5.1 */

/* Consumes and wipes `shared`. */
static enum bj_err schedule(struct hpke *h, struct hpke_suite suite, struct secret *shared, struct bj_bytes info)
{
	struct suite_id id = id_of_suite(suite);
	enum hash_alg alg = hash_of(suite.kdf);
	enum aead_alg aead = aead_of(suite.aead);
	uint8_t context[1 + 2 * HASH_MAX], key[AEAD_KEY_MAX];
	struct writer w = wr_make(context, sizeof(context));
	struct secret psk_id_hash, info_hash, secret;
	struct hpke made = { .suite = suite };
	enum bj_err err;

	labeled_extract(alg, &id, (struct bj_bytes){ 0 }, BYTES_LIT("psk_id_hash"), (struct bj_bytes){ 0 }, &psk_id_hash);
	labeled_extract(alg, &id, (struct bj_bytes){ 0 }, BYTES_LIT("info_hash"), info, &info_hash);
	wr_u8(&w, MODE_BASE);
	wr_bytes(&w, secret_view(&psk_id_hash));
	wr_bytes(&w, secret_view(&info_hash));
	labeled_extract(alg, &id, secret_view(shared), BYTES_LIT("secret"), (struct bj_bytes){ 0 }, &secret);
	secret_move(&made.shared, shared);
	labeled_expand(alg, &id, &secret, BYTES_LIT("key"), wr_view(&w), key, aead_key_len(aead));
	labeled_expand(alg, &id, &secret, BYTES_LIT("base_nonce"), wr_view(&w), made.base_nonce, AEAD_NONCE_LEN);
	made.exporter.len = (uint8_t)hash_len(alg);
	labeled_expand(alg, &id, &secret, BYTES_LIT("exp"), wr_view(&w), made.exporter.bytes, made.exporter.len);
	secret_wipe(&secret);
	err = aead_init(&made.aead, aead, AEAD_BEST, key);
	wipe(key, sizeof(key));
	if (!err)
		*h = made;
	wipe(&made, sizeof(made));
	return err;
}

enum bj_err hpke_send(struct hpke *h, struct hpke_suite suite, struct bj_bytes public, struct bj_bytes info, const struct bj_rng *rng,
		      uint8_t *out_enc, size_t *out_enc_len)
{
	struct kex_key ephemeral = { 0 };
	struct secret dh, shared;
	enum bj_err err;

	if (!hpke_suite_known(suite))
		return BJ_ERR_ARGUMENT;
	err = kex_generate(&ephemeral, group_of(suite.kem), rng);
	if (!err)
		err = kex_derive(&ephemeral, public, &dh);
	if (!err) {
		kem_secret(suite.kem, &dh, kex_public(&ephemeral), public, &shared);
		err = schedule(h, suite, &shared, info);
	}
	if (!err) {
		memcpy(out_enc, kex_public(&ephemeral).ptr, kex_public(&ephemeral).len);
		*out_enc_len = kex_public(&ephemeral).len;
	}
	kex_fini(&ephemeral);
	return err;
}

enum bj_err hpke_receive(struct hpke *h, struct hpke_suite suite, const struct kex_key *private, struct bj_bytes enc, struct bj_bytes info)
{
	struct secret dh, shared;
	enum bj_err err;

	if (!hpke_suite_known(suite) || private->group != group_of(suite.kem))
		return BJ_ERR_ARGUMENT;
	err = kex_derive(private, enc, &dh);
	if (err)
		return err;
	kem_secret(suite.kem, &dh, enc, kex_public(private), &shared);
	return schedule(h, suite, &shared, info);
}

void hpke_fini(struct hpke *h)
{
	aead_fini(&h->aead);
	wipe(h, sizeof(*h));
}

/* ---- messages. rfc9180:5.2 */

static enum bj_err nonce_next(const struct hpke *h, uint8_t out[AEAD_NONCE_LEN])
{
	if (h->seq == UINT64_MAX)
		return BJ_ERR_LIMIT;
	memcpy(out, h->base_nonce, AEAD_NONCE_LEN);
	for (unsigned i = 0; i < 8; i++)
		out[AEAD_NONCE_LEN - 1 - i] ^= (uint8_t)(h->seq >> 8 * i);
	return BJ_OK;
}

enum bj_err hpke_seal(struct hpke *h, struct bj_bytes aad, struct bj_bytes in, uint8_t *out)
{
	uint8_t nonce[AEAD_NONCE_LEN];
	enum bj_err err = nonce_next(h, nonce);

	if (!err)
		err = aead_seal(&h->aead, nonce, aad, in, out);
	if (!err)
		h->seq++;
	return err;
}

enum bj_err hpke_open(struct hpke *h, struct bj_bytes aad, struct bj_bytes in, uint8_t *out)
{
	uint8_t nonce[AEAD_NONCE_LEN];
	enum bj_err err = nonce_next(h, nonce);

	if (!err)
		err = aead_open(&h->aead, nonce, aad, in, out);
	if (!err)
		h->seq++;
	return err;
}

enum bj_err hpke_export(const struct hpke *h, struct bj_bytes context, uint8_t *out, size_t len)
{
	struct suite_id id = id_of_suite(h->suite);
	enum hash_alg alg = hash_of(h->suite.kdf);

	if (context.len > HPKE_EXPORT_CONTEXT_MAX || len > HKDF_OUT_MAX(alg))
		return BJ_ERR_ARGUMENT;
	labeled_expand(alg, &id, &h->exporter, BYTES_LIT("sec"), context, out, len);
	return BJ_OK;
}
