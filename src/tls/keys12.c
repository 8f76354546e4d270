/* keys12.c - see keys12.h. */
#include "tls/keys12.h"

#include "base/writer.h"
#include "crypto/prf12.h"

#define BLOCK_MAX (2 * AEAD_KEY_MAX + 2 * RECORD_IV_LEN)
#define SALT_LEN 4
#define LABEL_MAX 255

/* The seed is two pieces one after the other. */
static void master_make(enum hash_alg alg, struct secret *premaster, const char *label, struct bj_bytes first, struct bj_bytes second,
			struct secret *out_master)
{
	struct hmac_key key;

	hmac_key_init(&key, alg, secret_view(premaster));
	secret_wipe(premaster);
	out_master->len = KEYS12_MASTER_LEN;
	prf12(&key, label, first, second, out_master->bytes, KEYS12_MASTER_LEN);
	hmac_key_wipe(&key);
}

void keys12_master(enum hash_alg alg, struct secret *premaster, struct bj_bytes session_hash, struct secret *out_master)
{
	master_make(alg, premaster, "extended master secret", session_hash, (struct bj_bytes){ 0 }, out_master);
}

void keys12_master_unbound(enum hash_alg alg, struct secret *premaster, const uint8_t client_random[KEYS12_RANDOM_LEN],
			   const uint8_t server_random[KEYS12_RANDOM_LEN], struct secret *out_master)
{
	master_make(alg, premaster, "master secret", bytes_of(client_random, KEYS12_RANDOM_LEN),
		    bytes_of(server_random, KEYS12_RANDOM_LEN), out_master);
}

enum bj_err keys12_traffic(const struct suite *suite, const struct secret *master, const uint8_t client_random[KEYS12_RANDOM_LEN],
			   const uint8_t server_random[KEYS12_RANDOM_LEN], struct record_keys *client, struct record_keys *server)
{
	size_t key_len = aead_key_len((enum aead_alg)suite->aead);
	size_t iv_len = suite->aead == AEAD_CHACHA20_POLY1305 ? RECORD_IV_LEN : SALT_LEN;
	uint8_t block[BLOCK_MAX];
	const uint8_t *iv = block + 2 * key_len;
	struct hmac_key key;
	enum bj_err err;

	hmac_key_init(&key, (enum hash_alg)suite->hash, secret_view(master));
	prf12(&key, "key expansion", bytes_of(server_random, KEYS12_RANDOM_LEN), bytes_of(client_random, KEYS12_RANDOM_LEN),
	      block, 2 * (key_len + iv_len));
	hmac_key_wipe(&key);
	err = record_keys_set(client, suite, block, iv);
	if (!err)
		err = record_keys_set(server, suite, block + key_len, iv + iv_len);
	wipe(block, sizeof(block));
	return err;
}

void keys12_finished(enum hash_alg alg, const struct secret *master, bool of_client, struct bj_bytes hash,
		     uint8_t out[KEYS12_VERIFY_LEN])
{
	struct hmac_key key;

	hmac_key_init(&key, alg, secret_view(master));
	prf12(&key, of_client ? "client finished" : "server finished", hash, (struct bj_bytes){ 0 }, out, KEYS12_VERIFY_LEN);
	hmac_key_wipe(&key);
}

/* Labels that would give out what the protocol itself makes of the master secret. */
static bool is_own_label(struct bj_bytes label)
{
	static const char *const own[] = { "client finished", "server finished", "master secret", "extended master secret",
					   "key expansion" };

	for (size_t i = 0; i < ARRAY_COUNT(own); i++)
		if (bytes_equal(label, bytes_text(own[i])))
			return true;
	return false;
}

enum bj_err keys12_export(enum hash_alg alg, const struct secret *master, const uint8_t client_random[KEYS12_RANDOM_LEN],
			  const uint8_t server_random[KEYS12_RANDOM_LEN], struct bj_bytes label, bool has_context,
			  struct bj_bytes context, uint8_t *out, size_t len)
{
	uint8_t seed[LABEL_MAX + 2 * KEYS12_RANDOM_LEN + 2];
	struct writer w = wr_make(seed, sizeof(seed));
	struct hmac_key key;

	if (label.len > LABEL_MAX || context.len > UINT16_MAX || is_own_label(label))
		return BJ_ERR_ARGUMENT;
	/* label and seed are one after the other in the PRF, so the label may stand in the seed */
	wr_bytes(&w, label);
	wr_raw(&w, client_random, KEYS12_RANDOM_LEN);
	wr_raw(&w, server_random, KEYS12_RANDOM_LEN);
	if (has_context)
		wr_u16(&w, (uint16_t)context.len);
	hmac_key_init(&key, alg, secret_view(master));
	prf12(&key, "", wr_view(&w), has_context ? context : (struct bj_bytes){ 0 }, out, len);
	hmac_key_wipe(&key);
	return BJ_OK;
}
