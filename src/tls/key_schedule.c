/* key_schedule.c - see key_schedule.h. */
#include "tls/key_schedule.h"

#include "base/writer.h"
#include "crypto/hkdf.h"

#define PREFIX "tls13 "
#define INFO_MAX (2 + 1 + 255 + 1 + 255)

/* The hash of nothing, and the salt of the handshake secret where there is no pre-shared key: Derive-Secret(Extract(0, 0),
 * "derived", ""). Both depend on the hash alone; the test computes them anew. */
struct fixed {
	uint8_t empty[48];
	uint8_t derived[48];
};

static const struct fixed fixed_sha256 = {
	{ 0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
	  0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55 },
	{ 0x6f, 0x26, 0x15, 0xa1, 0x08, 0xc7, 0x02, 0xc5, 0x67, 0x8f, 0x54, 0xfc, 0x9d, 0xba, 0xb6, 0x97,
	  0x16, 0xc0, 0x76, 0x18, 0x9c, 0x48, 0x25, 0x0c, 0xeb, 0xea, 0xc3, 0x57, 0x6c, 0x36, 0x11, 0xba },
};

static const struct fixed fixed_sha384 = {
	{ 0x38, 0xb0, 0x60, 0xa7, 0x51, 0xac, 0x96, 0x38, 0x4c, 0xd9, 0x32, 0x7e, 0xb1, 0xb1, 0xe3, 0x6a,
	  0x21, 0xfd, 0xb7, 0x11, 0x14, 0xbe, 0x07, 0x43, 0x4c, 0x0c, 0xc7, 0xbf, 0x63, 0xf6, 0xe1, 0xda,
	  0x27, 0x4e, 0xde, 0xbf, 0xe7, 0x6f, 0x65, 0xfb, 0xd5, 0x1a, 0xd2, 0xf1, 0x48, 0x98, 0xb9, 0x5b },
	{ 0x15, 0x91, 0xda, 0xc5, 0xcb, 0xbf, 0x03, 0x30, 0xa4, 0xa8, 0x4d, 0xe9, 0xc7, 0x53, 0x33, 0x0e,
	  0x92, 0xd0, 0x1f, 0x0a, 0x88, 0x21, 0x4b, 0x44, 0x64, 0x97, 0x2f, 0xd6, 0x68, 0x04, 0x9e, 0x93,
	  0xe5, 0x2f, 0x2b, 0x16, 0xfa, 0xd9, 0x22, 0xfd, 0xc0, 0x58, 0x44, 0x78, 0x42, 0x8f, 0x28, 0x2b },
};

static const struct fixed *fixed_of(enum hash_alg alg)
{
	check(alg == HASH_SHA256 || alg == HASH_SHA384);
	return alg == HASH_SHA256 ? &fixed_sha256 : &fixed_sha384;
}

static struct bj_bytes empty_hash(enum hash_alg alg)
{
	return bytes_of(fixed_of(alg)->empty, hash_len(alg));
}

static const uint8_t zeros[HASH_MAX];

static struct bj_bytes or_zeros(enum hash_alg alg, struct bj_bytes bytes)
{
	return bytes.len > 0 ? bytes : bytes_of(zeros, hash_len(alg));
}

static struct bj_bytes info_write(uint8_t *info, size_t cap, struct bj_bytes label, struct bj_bytes context, size_t len)
{
	struct writer w = wr_make(info, cap);
	size_t mark;

	wr_u16(&w, (uint16_t)len);
	mark = wr_open(&w, 1);
	wr_raw(&w, PREFIX, sizeof(PREFIX) - 1);
	wr_bytes(&w, label);
	wr_close(&w, mark, 1);
	wr_vec(&w, context, 1);
	check(wr_ok(&w));
	return wr_view(&w);
}

void ks_expand_label(const struct hmac_key *prk, struct bj_bytes label, struct bj_bytes context, uint8_t *out, size_t len)
{
	uint8_t info[INFO_MAX];

	check(hkdf_expand(prk, info_write(info, sizeof(info), label, context, len), out, len) == BJ_OK);
}

/* Two of at most one hash each, with the same context, at about the cost of one. */
static void expand_two(const struct hmac_key *prk, struct bj_bytes context, struct bj_bytes label_a, uint8_t *out_a, size_t len_a,
		       struct bj_bytes label_b, uint8_t *out_b, size_t len_b)
{
	uint8_t info[2][HKDF_INFO_MAX];
	const struct hkdf_output a = { prk, info_write(info[0], sizeof(info[0]), label_a, context, len_a), out_a, len_a };
	const struct hkdf_output b = { prk, info_write(info[1], sizeof(info[1]), label_b, context, len_b), out_b, len_b };

	hkdf_expand_two(&a, &b);
}

/* A secret as long as the hash. */
static void derive(const struct hmac_key *prk, struct bj_bytes label, struct bj_bytes hash, struct secret *out)
{
	out->len = (uint8_t)hash_len(prk->alg);
	ks_expand_label(prk, label, hash, out->bytes, out->len);
}

static void derive_two(const struct hmac_key *prk, struct bj_bytes hash, struct bj_bytes label_a, struct secret *out_a, struct bj_bytes label_b,
		       struct secret *out_b)
{
	out_a->len = out_b->len = (uint8_t)hash_len(prk->alg);
	expand_two(prk, hash, label_a, out_a->bytes, out_a->len, label_b, out_b->bytes, out_b->len);
}

/* HKDF-Extract straight into a keyed state. */
static void extract(enum hash_alg alg, struct bj_bytes salt, struct bj_bytes ikm, struct hmac_key *out)
{
	struct secret prk;

	hkdf_extract(alg, salt, ikm, &prk);
	hmac_key_init(out, alg, secret_view(&prk));
	secret_wipe(&prk);
}

static void extract_next(const struct hmac_key *from, struct bj_bytes ikm, struct hmac_key *out)
{
	enum hash_alg alg = from->alg;
	struct secret salt;

	derive(from, BYTES_LIT("derived"), empty_hash(alg), &salt);
	extract(alg, secret_view(&salt), or_zeros(alg, ikm), out);
	secret_wipe(&salt);
}

/* ---- early */

void ks_early_init(struct ks_early *early, enum hash_alg alg, struct bj_bytes psk)
{
	memset(early, 0, sizeof(*early));
	early->alg = (uint8_t)alg;
	early->has_psk = psk.len > 0;
	if (early->has_psk) /* without one nothing but the next stage follows, from a known salt */
		extract(alg, (struct bj_bytes){ 0 }, psk, &early->prk);
}

void ks_early_wipe(struct ks_early *early)
{
	wipe(early, sizeof(*early));
}

void ks_early_binder_key(const struct ks_early *early, enum ks_binder binder, struct secret *out_finished_key)
{
	const struct bj_bytes label = binder == KS_BINDER_RESUMPTION ? BYTES_LIT("res binder") :
				      binder == KS_BINDER_EXTERNAL   ? BYTES_LIT("ext binder") :
								       BYTES_LIT("imp binder");
	struct hmac_key key;
	struct secret binder_key;

	check(early->has_psk);
	derive(&early->prk, label, empty_hash((enum hash_alg)early->alg), &binder_key);
	hmac_key_init(&key, (enum hash_alg)early->alg, secret_view(&binder_key));
	derive(&key, BYTES_LIT("finished"), (struct bj_bytes){ 0 }, out_finished_key);
	hmac_key_wipe(&key);
	secret_wipe(&binder_key);
}

void ks_early_traffic(const struct ks_early *early, struct bj_bytes hello_hash, struct secret *out_client)
{
	check(early->has_psk);
	derive(&early->prk, BYTES_LIT("c e traffic"), hello_hash, out_client);
}

void ks_early_exporter(const struct ks_early *early, struct bj_bytes hello_hash, struct secret *out)
{
	check(early->has_psk);
	derive(&early->prk, BYTES_LIT("e exp master"), hello_hash, out);
}

/* ---- handshake */

void ks_handshake_from(struct ks_handshake *hs, struct ks_early *early, struct bj_bytes shared)
{
	enum hash_alg alg = (enum hash_alg)early->alg;

	if (early->has_psk)
		extract_next(&early->prk, shared, &hs->prk);
	else
		extract(alg, bytes_of(fixed_of(alg)->derived, hash_len(alg)), or_zeros(alg, shared), &hs->prk);
	ks_early_wipe(early);
}

void ks_handshake_wipe(struct ks_handshake *hs)
{
	wipe(hs, sizeof(*hs));
}

void ks_handshake_traffic(const struct ks_handshake *hs, struct bj_bytes hash, struct secret *out_client,
			  struct secret *out_server)
{
	derive_two(&hs->prk, hash, BYTES_LIT("c hs traffic"), out_client, BYTES_LIT("s hs traffic"), out_server);
}

/* ---- master */

void ks_master_from(struct ks_master *master, struct ks_handshake *hs)
{
	extract_next(&hs->prk, (struct bj_bytes){ 0 }, &master->prk);
	ks_handshake_wipe(hs);
}

void ks_master_traffic(const struct ks_master *master, struct bj_bytes hash, struct secret *out_client,
		       struct secret *out_server)
{
	derive_two(&master->prk, hash, BYTES_LIT("c ap traffic"), out_client, BYTES_LIT("s ap traffic"), out_server);
}

void ks_master_exporter(const struct ks_master *master, struct bj_bytes hash, struct secret *out)
{
	derive(&master->prk, BYTES_LIT("exp master"), hash, out);
}

void ks_master_resumption(const struct ks_master *master, struct bj_bytes hash, struct secret *out)
{
	derive(&master->prk, BYTES_LIT("res master"), hash, out);
}

/* ---- from traffic secrets */

enum bj_err ks_traffic_keys(const struct suite *suite, const struct secret *traffic, struct record_keys *keys,
			    struct secret *out_finished_key)
{
	uint8_t key[AEAD_KEY_MAX], iv[RECORD_IV_LEN];
	struct hmac_key prk;
	enum bj_err err;

	hmac_key_init(&prk, (enum hash_alg)suite->hash, secret_view(traffic));
	expand_two(&prk, (struct bj_bytes){ 0 }, BYTES_LIT("key"), key, aead_key_len((enum aead_alg)suite->aead), BYTES_LIT("iv"), iv, sizeof(iv));
	if (out_finished_key)
		derive(&prk, BYTES_LIT("finished"), (struct bj_bytes){ 0 }, out_finished_key);
	err = record_keys_set(keys, suite, key, iv);
	hmac_key_wipe(&prk);
	wipe(key, sizeof(key));
	wipe(iv, sizeof(iv));
	return err;
}

size_t ks_finished(enum hash_alg alg, const struct secret *finished_key, struct bj_bytes hash, uint8_t out[HASH_MAX])
{
	struct hmac_key key;
	size_t len;

	hmac_key_init(&key, alg, secret_view(finished_key));
	len = hmac_once(&key, hash, out);
	hmac_key_wipe(&key);
	return len;
}

/* One step from a secret that is not kept keyed. */
static void derive_from(enum hash_alg alg, const struct secret *from, struct bj_bytes label, struct bj_bytes context,
			struct secret *out)
{
	struct hmac_key key;

	hmac_key_init(&key, alg, secret_view(from));
	derive(&key, label, context, out);
	hmac_key_wipe(&key);
}

void ks_finished_key(enum hash_alg alg, const struct secret *traffic, struct secret *out)
{
	derive_from(alg, traffic, BYTES_LIT("finished"), (struct bj_bytes){ 0 }, out);
}

void ks_update(enum hash_alg alg, struct secret *traffic)
{
	derive_from(alg, traffic, BYTES_LIT("traffic upd"), (struct bj_bytes){ 0 }, traffic);
}

void ks_ticket_key(const struct hmac_key *resumption, struct bj_bytes nonce, struct secret *out)
{
	derive(resumption, BYTES_LIT("resumption"), nonce, out);
}

enum bj_err ks_export(enum hash_alg alg, const struct secret *exporter, struct bj_bytes label, struct bj_bytes context,
		      uint8_t *out, size_t len)
{
	uint8_t context_hash[HASH_MAX];
	struct secret secret;
	struct hmac_key key;

	if (label.len > KS_LABEL_MAX || len > HKDF_OUT_MAX(alg))
		return BJ_ERR_ARGUMENT;
	derive_from(alg, exporter, label, empty_hash(alg), &secret);
	hmac_key_init(&key, alg, secret_view(&secret));
	ks_expand_label(&key, BYTES_LIT("exporter"), bytes_of(context_hash, hash_once(alg, context, context_hash)), out, len);
	hmac_key_wipe(&key);
	secret_wipe(&secret);
	return BJ_OK;
}
