/* hmac.c - HMAC on copied hash states: keying costs two blocks once, each message only its own.
 *
 * Implements   rfc2104:2
 */
#include "crypto/hmac.h"

#include "base/wipe.h"

#define HMAC_BLOCK_MAX 128

void hmac_key_init(struct hmac_key *key, enum hash_alg alg, struct bj_bytes secret)
{
	uint8_t pad[HMAC_BLOCK_MAX] = { 0 };
	size_t block = hash_block_len(alg);

	if (secret.len > block)
		(void)hash_once(alg, secret, pad);
	else
		bytes_copy(pad, secret.ptr, secret.len);
	for (size_t i = 0; i < block; i++)
		pad[i] ^= 0x36;
	hash_init(&key->inner, alg);
	hash_update(&key->inner, pad, block);
	for (size_t i = 0; i < block; i++)
		pad[i] ^= 0x36 ^ 0x5c;
	hash_init(&key->outer, alg);
	hash_update(&key->outer, pad, block);
	wipe(pad, sizeof(pad));
}

void hmac_key_wipe(struct hmac_key *key)
{
	wipe(key, sizeof(*key));
}

void hmac_init(struct hmac *h, const struct hmac_key *key)
{
	h->inner = key->inner;
	h->key = key;
}

void hmac_update(struct hmac *h, struct bj_bytes data)
{
	hash_update(&h->inner, data.ptr, data.len);
}

size_t hmac_final(struct hmac *h, uint8_t out[HASH_MAX])
{
	uint8_t digest[HASH_MAX];
	struct hash outer = h->key->outer;
	size_t len = hash_final(&h->inner, digest);

	hash_update(&outer, digest, len);
	len = hash_final(&outer, out);
	wipe(digest, sizeof(digest));
	wipe(h, sizeof(*h));
	return len;
}

size_t hmac_once(const struct hmac_key *key, struct bj_bytes data, uint8_t out[HASH_MAX])
{
	struct hmac h;

	hmac_init(&h, key);
	hmac_update(&h, data);
	return hmac_final(&h, out);
}
