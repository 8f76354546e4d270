/* hkdf.c - HKDF-Extract and HKDF-Expand.
 *
 * Implements   rfc5869:2.2 rfc5869:2.3
 */
#include "crypto/hkdf.h"

void hkdf_extract(enum hash_alg alg, struct bj_bytes salt, struct bj_bytes ikm, struct secret *out)
{
	struct hmac_key key;

	/* an empty HMAC key is padded with zeros to a block, which equals a key of hash_len zeros */
	hmac_key_init(&key, alg, salt);
	out->len = (uint8_t)hmac_once(&key, ikm, out->bytes);
	hmac_key_wipe(&key);
}

enum bj_err hkdf_expand(const struct hmac_key *prk, struct bj_bytes info, uint8_t *out, size_t len)
{
	uint8_t block[HASH_MAX];
	size_t hash = hash_len(prk->inner.alg);
	uint8_t counter = 1;

	if (len > HKDF_OUT_MAX(prk->inner.alg))
		return BJ_ERR_ARGUMENT;
	for (size_t done = 0; done < len; counter++) {
		size_t take = len - done < hash ? len - done : hash;
		struct hmac h;

		hmac_init(&h, prk);
		if (counter > 1)
			hmac_update(&h, bytes_of(block, hash));
		hmac_update(&h, info);
		hmac_update(&h, bytes_of(&counter, 1));
		(void)hmac_final(&h, block);
		bytes_copy(out + done, block, take);
		done += take;
	}
	wipe(block, sizeof(block));
	return BJ_OK;
}
