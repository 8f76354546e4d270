/* taps.c - stands between the library's layers (the linker's --wrap) and notes every secret that passes, masked.
 *
 * So the test knows not only what a key log tells but premaster secrets, every stage of the key schedules, record keys, keys of
 * tickets, ephemeral private keys, and the keyed HMAC states that are as good as keys.
 */
#include "crypto/aead.h"
#include "crypto/hkdf.h"
#include "crypto/hmac.h"
#include "crypto/hpke.h"
#include "crypto/kex.h"
#include "crypto/prf12.h"
#include "memory.h"
#include "taps.h"
#include "tls/ticket.h"

bool taps_libcrypto_only;

static unsigned in_ticket; /* inside of the ticket module: its keys live as long as the configuration */
static unsigned in_load;   /* a key of Encrypted ClientHello is loaded: likewise */

static enum needle_life life_now(void)
{
	return in_ticket || in_load ? LIFE_CONFIG : LIFE_CONNECTION;
}

enum bj_err __real_kex_derive(const struct kex_key *key, struct bj_bytes peer, struct secret *out);
enum bj_err __wrap_kex_derive(const struct kex_key *key, struct bj_bytes peer, struct secret *out);
enum bj_err __wrap_kex_derive(const struct kex_key *key, struct bj_bytes peer, struct secret *out)
{
	enum bj_err err = __real_kex_derive(key, peer, out);

	if (!err)
		memory_note(out->bytes, out->len, "premaster secret", LIFE_CONNECTION);
	return err;
}

static enum bj_err noting_fill(void *self, uint8_t *out, size_t len)
{
	const struct bj_rng *inner = self;
	enum bj_err err = inner->fill(inner->self, out, len);

	if (!err)
		memory_note(out, len, in_load ? "private key of Encrypted ClientHello" : "ephemeral private key", life_now());
	return err;
}

enum bj_err __real_kex_generate(struct kex_key *key, enum kex_group group, const struct bj_rng *rng);
enum bj_err __wrap_kex_generate(struct kex_key *key, enum kex_group group, const struct bj_rng *rng);
enum bj_err __wrap_kex_generate(struct kex_key *key, enum kex_group group, const struct bj_rng *rng)
{
	struct bj_rng inner = *rng, noting = { noting_fill, &inner };

	return __real_kex_generate(key, group, &noting);
}

enum bj_err __real_hpke_private_load(uint16_t kem, struct bj_bytes private, struct kex_key *out);
enum bj_err __wrap_hpke_private_load(uint16_t kem, struct bj_bytes private, struct kex_key *out);
enum bj_err __wrap_hpke_private_load(uint16_t kem, struct bj_bytes private, struct kex_key *out)
{
	enum bj_err err;

	in_load++;
	err = __real_hpke_private_load(kem, private, out);
	in_load--;
	return err;
}

enum bj_err __real_kex_answer(enum kex_group group, struct bj_bytes peer, const struct bj_rng *rng, uint8_t *out_share, size_t *out_len,
			      struct secret *out);
enum bj_err __wrap_kex_answer(enum kex_group group, struct bj_bytes peer, const struct bj_rng *rng, uint8_t *out_share, size_t *out_len,
			      struct secret *out);
enum bj_err __wrap_kex_answer(enum kex_group group, struct bj_bytes peer, const struct bj_rng *rng, uint8_t *out_share, size_t *out_len,
			      struct secret *out)
{
	struct bj_rng inner = *rng, noting = { noting_fill, &inner };
	enum bj_err err = __real_kex_answer(group, peer, &noting, out_share, out_len, out);

	if (!err)
		memory_note(out->bytes, out->len, "premaster secret", LIFE_CONNECTION);
	return err;
}

void __real_hkdf_extract(enum hash_alg alg, struct bj_bytes salt, struct bj_bytes ikm, struct secret *out);
void __wrap_hkdf_extract(enum hash_alg alg, struct bj_bytes salt, struct bj_bytes ikm, struct secret *out);
void __wrap_hkdf_extract(enum hash_alg alg, struct bj_bytes salt, struct bj_bytes ikm, struct secret *out)
{
	bool is_public = ct_is_zero(salt.ptr, salt.len) && ct_is_zero(ikm.ptr, ikm.len); /* the early secret without a PSK */

	__real_hkdf_extract(alg, salt, ikm, out);
	if (!is_public)
		memory_note(out->bytes, out->len, "extracted secret", LIFE_CONNECTION);
}

enum bj_err __real_hkdf_expand(const struct hmac_key *prk, struct bj_bytes info, uint8_t *out, size_t len);
enum bj_err __wrap_hkdf_expand(const struct hmac_key *prk, struct bj_bytes info, uint8_t *out, size_t len);
enum bj_err __wrap_hkdf_expand(const struct hmac_key *prk, struct bj_bytes info, uint8_t *out, size_t len)
{
	enum bj_err err = __real_hkdf_expand(prk, info, out, len);

	if (!err)
		memory_note(out, len, "expanded secret", LIFE_CONNECTION);
	return err;
}

void __real_hkdf_expand_two(const struct hkdf_output *a, const struct hkdf_output *b);
void __wrap_hkdf_expand_two(const struct hkdf_output *a, const struct hkdf_output *b);
void __wrap_hkdf_expand_two(const struct hkdf_output *a, const struct hkdf_output *b)
{
	__real_hkdf_expand_two(a, b);
	memory_note(a->out, a->len, "expanded secret", LIFE_CONNECTION);
	memory_note(b->out, b->len, "expanded secret", LIFE_CONNECTION);
}

void __real_prf12(const struct hmac_key *secret, const char *label, struct bj_bytes seed1, struct bj_bytes seed2, uint8_t *out,
		  size_t len);
void __wrap_prf12(const struct hmac_key *secret, const char *label, struct bj_bytes seed1, struct bj_bytes seed2, uint8_t *out,
		  size_t len);
void __wrap_prf12(const struct hmac_key *secret, const char *label, struct bj_bytes seed1, struct bj_bytes seed2, uint8_t *out,
		  size_t len)
{
	__real_prf12(secret, label, seed1, seed2, out, len);
	if (strstr(label, "master secret")) /* the server's cache may keep it for a resumption */
		memory_note(out, len, "master secret of TLS 1.2", LIFE_CONFIG);
	else if (!strstr(label, "finished"))
		memory_note(out, len, "key block of TLS 1.2", LIFE_CONNECTION);
}

void __real_hmac_key_init(struct hmac_key *key, enum hash_alg alg, struct bj_bytes secret);
void __wrap_hmac_key_init(struct hmac_key *key, enum hash_alg alg, struct bj_bytes secret);
void __wrap_hmac_key_init(struct hmac_key *key, enum hash_alg alg, struct bj_bytes secret)
{
	__real_hmac_key_init(key, alg, secret);
	if (ct_is_zero(secret.ptr, secret.len))
		return;
	memory_note(secret.ptr, secret.len, "key of an HMAC", life_now());
	memory_note(&key->inner, 32, "keyed state of an HMAC", life_now());
	memory_note(&key->outer, 32, "keyed state of an HMAC", life_now());
}

enum bj_err __real_aead_init(struct aead *a, enum aead_alg alg, enum aead_provider provider, const uint8_t *key);
enum bj_err __wrap_aead_init(struct aead *a, enum aead_alg alg, enum aead_provider provider, const uint8_t *key);
enum bj_err __wrap_aead_init(struct aead *a, enum aead_alg alg, enum aead_provider provider, const uint8_t *key)
{
	if (taps_libcrypto_only && provider == AEAD_BEST)
		provider = AEAD_LIBCRYPTO;
	memory_note(key, aead_key_len(alg), in_ticket ? "key of tickets" : "record key", life_now());
	return __real_aead_init(a, alg, provider, key);
}

void __real_aead_change(struct aead *a, const uint8_t *key);
void __wrap_aead_change(struct aead *a, const uint8_t *key);
void __wrap_aead_change(struct aead *a, const uint8_t *key)
{
	memory_note(key, aead_key_len((enum aead_alg)a->alg), "record key", life_now());
	__real_aead_change(a, key);
}

enum bj_err __real_ticket_seal(struct ticket_keys *keys, struct ticket_use *use, const struct bj_rng *rng, int64_t now_ms, const struct session *s,
			       struct writer *w);
enum bj_err __wrap_ticket_seal(struct ticket_keys *keys, struct ticket_use *use, const struct bj_rng *rng, int64_t now_ms, const struct session *s,
			       struct writer *w);
enum bj_err __wrap_ticket_seal(struct ticket_keys *keys, struct ticket_use *use, const struct bj_rng *rng, int64_t now_ms, const struct session *s,
			       struct writer *w)
{
	enum bj_err err;

	in_ticket++;
	err = __real_ticket_seal(keys, use, rng, now_ms, s, w);
	in_ticket--;
	return err;
}

enum bj_err __real_ticket_open(struct ticket_keys *keys, struct ticket_use *use, int64_t now_ms, struct bj_bytes ticket, struct session *out);
enum bj_err __wrap_ticket_open(struct ticket_keys *keys, struct ticket_use *use, int64_t now_ms, struct bj_bytes ticket, struct session *out);
enum bj_err __wrap_ticket_open(struct ticket_keys *keys, struct ticket_use *use, int64_t now_ms, struct bj_bytes ticket, struct session *out)
{
	enum bj_err err;

	in_ticket++;
	err = __real_ticket_open(keys, use, now_ms, ticket, out);
	in_ticket--;
	return err;
}
