/* hmac.c - HMAC on states between blocks: keying costs two blocks once, each message only its own.
 *
 * Implements   rfc2104:2
 */
#include "crypto/hmac.h"

#include "base/check.h"
#include "base/wipe.h"

#define HMAC_BLOCK_MAX 128

void hmac_key_init(struct hmac_key *key, enum hash_alg alg, struct bj_bytes secret)
{
	uint8_t inner[HMAC_BLOCK_MAX] = { 0 }, outer[HMAC_BLOCK_MAX];
	size_t block = hash_block_len(alg);

	if (secret.len > block)
		(void)hash_once(alg, secret, inner);
	else
		bytes_copy(inner, secret.ptr, secret.len);
	for (size_t i = 0; i < block; i++) {
		outer[i] = inner[i] ^ 0x5c;
		inner[i] ^= 0x36;
	}
	key->alg = alg;
	hash_mid_begin(alg, &key->inner);
	key->outer = key->inner;
	hash_mid_two(alg, &key->inner, inner, &key->outer, outer);
	wipe(inner, sizeof(inner));
	wipe(outer, sizeof(outer));
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

/* All but the tail of a message that follows the one block in `from`. */
static void begin(enum hash_alg alg, const struct hash_mid *from, struct bj_bytes data, struct once *o)
{
	size_t block = hash_block_len(alg);
	uint64_t fed = block + data.len;

	for (o->mid = *from; data.len >= block; data = bytes_of(data.ptr + block, data.len - block))
		hash_mid_block(alg, &o->mid, data.ptr);
	o->len = hash_tail(alg, data, fed, o->tail);
}

static void end(enum hash_alg alg, struct once *o)
{
	for (size_t at = 0; at < o->len; at += hash_block_len(alg))
		hash_mid_block(alg, &o->mid, o->tail + at);
}

/* The block of the outer hash, which is never more than one. */
static void turn(const struct hmac_key *key, struct once *o)
{
	uint8_t digest[HASH_MAX];
	size_t len = hash_mid_write(key->alg, &o->mid, digest);

	begin(key->alg, &key->outer, bytes_of(digest, len), o);
	wipe(digest, sizeof(digest));
}

size_t hmac_once(const struct hmac_key *key, struct bj_bytes data, uint8_t out[HASH_MAX])
{
	struct once o;
	size_t len;

	begin(key->alg, &key->inner, data, &o);
	end(key->alg, &o);
	turn(key, &o);
	end(key->alg, &o);
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
	begin(alg, &a->inner, data_a, &o[0]);
	begin(alg, &b->inner, data_b, &o[1]);
	if (o[0].len == o[1].len) {
		for (size_t at = 0; at < o[0].len; at += hash_block_len(alg))
			hash_mid_two(alg, &o[0].mid, o[0].tail + at, &o[1].mid, o[1].tail + at);
	} else {
		end(alg, &o[0]);
		end(alg, &o[1]);
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
	uint8_t digest[HASH_MAX];
	size_t len = hash_final(&h->inner, digest);
	struct once o;

	begin(key->alg, &key->outer, bytes_of(digest, len), &o);
	end(key->alg, &o);
	len = hash_mid_write(key->alg, &o.mid, out);
	wipe(digest, sizeof(digest));
	wipe(&o, sizeof(o));
	wipe(h, sizeof(*h));
	return len;
}
