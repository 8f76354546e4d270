/* hkdf.c - HKDF-Extract and HKDF-Expand.
 *
 * Implements   rfc5869:2.2 rfc5869:2.3
 */
#include "crypto/hkdf.h"

#include "base/check.h"

void hkdf_extract(enum hash_alg alg, struct bj_bytes salt, struct bj_bytes ikm, struct secret *out)
{
	struct hmac_key key;

	/* an empty HMAC key is padded with zeros to a block, which equals a key of hash_len zeros */
	hmac_key_init(&key, alg, salt);
	out->len = (uint8_t)hmac_once(&key, ikm, out->bytes);
	hmac_key_wipe(&key);
}

/* The message of the first block, of which most outputs are a part. */
static struct bj_bytes first_message(struct bj_bytes info, uint8_t message[HKDF_INFO_MAX + 1])
{
	bytes_copy(message, info.ptr, info.len);
	message[info.len] = 1;
	return bytes_of(message, info.len + 1);
}

enum bj_err hkdf_expand(const struct hmac_key *prk, struct bj_bytes info, uint8_t *out, size_t len)
{
	uint8_t block[HASH_MAX], message[HKDF_INFO_MAX + 1];
	size_t hash = hash_len(prk->alg);
	uint8_t counter = 1;

	if (len > HKDF_OUT_MAX(prk->alg))
		return BJ_ERR_ARGUMENT;
	for (size_t done = 0; done < len; counter++) {
		size_t take = len - done < hash ? len - done : hash;
		struct hmac h;

		if (counter == 1 && info.len <= HKDF_INFO_MAX) {
			(void)hmac_once(prk, first_message(info, message), block);
		} else {
			hmac_init(&h, prk);
			if (counter > 1)
				hmac_update(&h, bytes_of(block, hash));
			hmac_update(&h, info);
			hmac_update(&h, bytes_of(&counter, 1));
			(void)hmac_final(&h, block);
		}
		bytes_copy(out + done, block, take);
		done += take;
	}
	wipe(block, sizeof(block));
	return BJ_OK;
}

void hkdf_expand_two(const struct hkdf_output *a, const struct hkdf_output *b)
{
	uint8_t blocks[2][HASH_MAX], messages[2][HKDF_INFO_MAX + 1];

	check(a->info.len <= HKDF_INFO_MAX && b->info.len <= HKDF_INFO_MAX);
	check(a->len <= hash_len(a->prk->alg) && b->len <= hash_len(b->prk->alg));
	hmac_two(a->prk, first_message(a->info, messages[0]), blocks[0], b->prk, first_message(b->info, messages[1]), blocks[1]);
	bytes_copy(a->out, blocks[0], a->len);
	bytes_copy(b->out, blocks[1], b->len);
	wipe(blocks, sizeof(blocks));
}
