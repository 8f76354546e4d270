/* hmac.c - HMAC on states between blocks: keying costs two blocks once, each message only its own.
 *
 * Implements   rfc2104:2
 */
#include "crypto/hmac.h"

#include "base/check.h"
#include "base/wipe.h"

#define BLOCK_WORDS 16

/* `words` is a constant to the compiler: 8 or 16. */
static inline void pads_hash(struct hmac_key *key, const uint64_t secret[BLOCK_WORDS], size_t words)
{
	uint64_t inner[BLOCK_WORDS], outer[BLOCK_WORDS];

	for (size_t i = 0; i < words; i++) {
		inner[i] = secret[i] ^ 0x3636363636363636;
		outer[i] = secret[i] ^ 0x5c5c5c5c5c5c5c5c;
	}
	hash_mid_two(key->alg, &key->inner, (const uint8_t *)inner, &key->outer, (const uint8_t *)outer);
	wipe(inner, words * 8);
	wipe(outer, words * 8);
}

void hmac_key_init(struct hmac_key *key, enum hash_alg alg, struct bj_bytes secret)
{
	uint64_t padded[BLOCK_WORDS] = { 0 };
	size_t block = hash_block_len(alg);

	if (secret.len > block)
		(void)hash_once(alg, secret, (uint8_t *)padded);
	else
		bytes_copy((uint8_t *)padded, secret.ptr, secret.len);
	key->alg = alg;
	hash_mid_begin(alg, &key->inner);
	key->outer = key->inner;
	if (block == 64)
		pads_hash(key, padded, 8);
	else
		pads_hash(key, padded, 16);
	wipe(padded, sizeof(padded));
}

void hmac_key_wipe(struct hmac_key *key)
{
	wipe(key, sizeof(*key));
}

/* ---- in one go */

struct once {
	struct hash_mid mid;
	size_t len; /* of the tail */
	uint8_t tail[HASH_TAIL_MAX];
};

/* All but the end of a message. */
static void begin(const struct hmac_key *key, struct bj_bytes data, struct once *o)
{
	size_t block = hash_block_len(key->alg);
	uint64_t fed = block + data.len;

	for (o->mid = key->inner; data.len >= block; data = bytes_of(data.ptr + block, data.len - block))
		hash_mid_block(key->alg, &o->mid, data.ptr);
	bytes_copy(o->tail, data.ptr, data.len);
	o->len = hash_pad(key->alg, o->tail, data.len, fed);
}

static void end(const struct hmac_key *key, struct once *o)
{
	for (size_t at = 0; at < o->len; at += hash_block_len(key->alg))
		hash_mid_block(key->alg, &o->mid, o->tail + at);
}

/* From the inner hash to the outer, of which one block is left to be taken. */
static void turn(const struct hmac_key *key, struct once *o)
{
	size_t len = hash_mid_write(key->alg, &o->mid, o->tail);

	o->mid = key->outer;
	o->len = hash_pad(key->alg, o->tail, len, hash_block_len(key->alg) + len);
}

size_t hmac_once(const struct hmac_key *key, struct bj_bytes data, uint8_t out[HASH_MAX])
{
	struct once o;
	size_t len;

	begin(key, data, &o);
	end(key, &o);
	turn(key, &o);
	hash_mid_block(key->alg, &o.mid, o.tail);
	len = hash_mid_write(key->alg, &o.mid, out);
	wipe(&o, sizeof(o));
	return len;
}

void hmac_two(const struct hmac_key *a, struct bj_bytes data_a, uint8_t out_a[HASH_MAX], const struct hmac_key *b, struct bj_bytes data_b,
	      uint8_t out_b[HASH_MAX])
{
	enum hash_alg alg = a->alg;
	struct once o[2];

	check(b->alg == alg);
	begin(a, data_a, &o[0]);
	begin(b, data_b, &o[1]);
	if (o[0].len == o[1].len) {
		for (size_t at = 0; at < o[0].len; at += hash_block_len(alg))
			hash_mid_two(alg, &o[0].mid, o[0].tail + at, &o[1].mid, o[1].tail + at);
	} else {
		end(a, &o[0]);
		end(b, &o[1]);
	}
	turn(a, &o[0]);
	turn(b, &o[1]);
	hash_mid_two(alg, &o[0].mid, o[0].tail, &o[1].mid, o[1].tail);
	(void)hash_mid_write(alg, &o[0].mid, out_a);
	(void)hash_mid_write(alg, &o[1].mid, out_b);
	wipe(o, sizeof(o));
}

/* ---- in pieces */

void hmac_init(struct hmac *h, const struct hmac_key *key)
{
	hash_resume(&h->inner, key->alg, &key->inner);
	h->key = key;
}

void hmac_update(struct hmac *h, struct bj_bytes data)
{
	hash_update(&h->inner, data.ptr, data.len);
}

size_t hmac_final(struct hmac *h, uint8_t out[HASH_MAX])
{
	const struct hmac_key *key = h->key;
	struct hash_mid mid = key->outer;
	uint8_t tail[HASH_TAIL_MAX];
	size_t len = hash_final(&h->inner, tail);

	(void)hash_pad(key->alg, tail, len, hash_block_len(key->alg) + len);
	hash_mid_block(key->alg, &mid, tail);
	len = hash_mid_write(key->alg, &mid, out);
	wipe(tail, sizeof(tail));
	wipe(&mid, sizeof(mid));
	wipe(h, sizeof(*h));
	return len;
}
