/* prf12.c - the TLS 1.2 PRF: P_hash with the hash of the suite.
 *
 * Implements   rfc5246:5
 */
#include "crypto/prf12.h"

#include "base/wipe.h"

#define SEED_SHORT_MAX 128 /* label and seeds */

static void feed(struct hmac *h, struct bj_bytes label, struct bj_bytes seed1, struct bj_bytes seed2)
{
	hmac_update(h, label);
	hmac_update(h, seed1);
	hmac_update(h, seed2);
}

/* The usual case, whose messages are short: a block and the next A are made side by side. */
static void expand_short(const struct hmac_key *secret, struct bj_bytes seed, uint8_t *out, size_t len)
{
	uint8_t message[HASH_MAX + SEED_SHORT_MAX], block[HASH_MAX];
	size_t hash = hash_len(secret->alg);
	struct bj_bytes a = bytes_of(message, hash), whole = bytes_of(message, hash + seed.len);

	(void)hmac_once(secret, seed, message); /* A(1) */
	bytes_copy(message + hash, seed.ptr, seed.len);
	for (size_t done = 0; done < len;) {
		size_t take = len - done < hash ? len - done : hash;
		uint8_t next[HASH_MAX];

		if (done + take < len) {
			hmac_two(secret, whole, block, secret, a, next);
			memcpy(message, next, hash);
			wipe(next, sizeof(next));
		} else {
			(void)hmac_once(secret, whole, block);
		}
		bytes_copy(out + done, block, take);
		done += take;
	}
	wipe(message, hash);
	wipe(block, sizeof(block));
}

static void expand_long(const struct hmac_key *secret, struct bj_bytes name, struct bj_bytes seed1, struct bj_bytes seed2, uint8_t *out, size_t len)
{
	uint8_t a[HASH_MAX], block[HASH_MAX];
	size_t hash = hash_len(secret->alg);
	struct hmac h;

	hmac_init(&h, secret);
	feed(&h, name, seed1, seed2);
	(void)hmac_final(&h, a); /* A(1) */
	for (size_t done = 0; done < len;) {
		size_t take = len - done < hash ? len - done : hash;

		hmac_init(&h, secret);
		hmac_update(&h, bytes_of(a, hash));
		feed(&h, name, seed1, seed2);
		(void)hmac_final(&h, block);
		bytes_copy(out + done, block, take);
		done += take;
		if (done < len)
			(void)hmac_once(secret, bytes_of(a, hash), a); /* A(i + 1) */
	}
	wipe(a, sizeof(a));
	wipe(block, sizeof(block));
}

void prf12(const struct hmac_key *secret, const char *label, struct bj_bytes seed1, struct bj_bytes seed2, uint8_t *out,
	   size_t len)
{
	struct bj_bytes name = bytes_text(label);
	uint8_t seed[SEED_SHORT_MAX];

	if (name.len > SEED_SHORT_MAX || seed1.len > SEED_SHORT_MAX - name.len || seed2.len > SEED_SHORT_MAX - name.len - seed1.len) {
		expand_long(secret, name, seed1, seed2, out, len);
		return;
	}
	bytes_copy(seed, name.ptr, name.len);
	bytes_copy(seed + name.len, seed1.ptr, seed1.len);
	bytes_copy(seed + name.len + seed1.len, seed2.ptr, seed2.len);
	expand_short(secret, bytes_of(seed, name.len + seed1.len + seed2.len), out, len);
}
