/* prf12.c - the TLS 1.2 PRF: P_hash with the hash of the suite.
 *
 * Implements   rfc5246:5
 */
#include "crypto/prf12.h"

#include "base/wipe.h"

static void feed(struct hmac *h, struct bj_bytes label, struct bj_bytes seed1, struct bj_bytes seed2)
{
	hmac_update(h, label);
	hmac_update(h, seed1);
	hmac_update(h, seed2);
}

void prf12(const struct hmac_key *secret, const char *label, struct bj_bytes seed1, struct bj_bytes seed2, uint8_t *out,
	   size_t len)
{
	struct bj_bytes name = bytes_text(label);
	uint8_t a[HASH_MAX], block[HASH_MAX];
	size_t hash = hash_len(secret->inner.alg);
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
