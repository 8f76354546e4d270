/* pss.c - EMSA-PSS and EMSA-PKCS1-v1_5.
 *
 * Verifying PKCS#1 v1.5 means encoding again and comparing all of it, so there is nothing to parse and nothing to parse wrongly.
 *
 * Implements   rfc8017:9.1.1 rfc8017:9.1.2 rfc8017:9.2 rfc8017:B.2.1
 */
#include "crypto/pss.h"

/* DigestInfo up to the digest (rfc8017:9.2, note 1). */
static struct bj_bytes digest_info(enum hash_alg alg)
{
	static const uint8_t sha256[] = { 0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
					  0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20 };
	static const uint8_t sha384[] = { 0x30, 0x41, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
					  0x65, 0x03, 0x04, 0x02, 0x02, 0x05, 0x00, 0x04, 0x30 };
	static const uint8_t sha512[] = { 0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
					  0x65, 0x03, 0x04, 0x02, 0x03, 0x05, 0x00, 0x04, 0x40 };

	switch (alg) {
	case HASH_SHA256: return bytes_of(sha256, sizeof(sha256));
	case HASH_SHA384: return bytes_of(sha384, sizeof(sha384));
	case HASH_SHA512: return bytes_of(sha512, sizeof(sha512));
	case HASH_SHA1:
	case HASH_NONE: break;
	}
	return bytes_of(NULL, 0);
}

enum bj_err pkcs1_encode(enum hash_alg alg, const uint8_t *digest, uint8_t *em, size_t len)
{
	struct bj_bytes info = digest_info(alg);
	size_t tail = info.len + hash_len(alg);

	if (info.len == 0 || len < tail + 11)
		return BJ_ERR_ARGUMENT;
	em[0] = 0x00;
	em[1] = 0x01;
	memset(em + 2, 0xff, len - tail - 3);
	em[len - tail - 1] = 0x00;
	memcpy(em + len - tail, info.ptr, info.len);
	memcpy(em + len - hash_len(alg), digest, hash_len(alg));
	return BJ_OK;
}

/* Adds MGF1 of the seed to `out`. */
static void mgf1_xor(enum hash_alg alg, const uint8_t *seed, size_t seed_len, uint8_t *out, size_t len)
{
	uint8_t block[HASH_MAX], counter[4] = { 0 };
	struct hash keyed, h;

	hash_init(&keyed, alg);
	hash_update(&keyed, seed, seed_len);
	for (size_t done = 0; done < len;) {
		size_t n;

		h = keyed;
		hash_update(&h, counter, sizeof(counter));
		n = hash_final(&h, block);
		for (size_t i = 0; i < n && done < len; i++)
			out[done++] ^= block[i];
		counter[3]++; /* at most 1024 / 32 blocks */
	}
}

/* H = Hash(eight zeros || digest || salt) */
static void pss_hash(enum hash_alg alg, const uint8_t *digest, const uint8_t *salt, uint8_t out[HASH_MAX])
{
	static const uint8_t zeros[8];
	struct hash h;

	hash_init(&h, alg);
	hash_update(&h, zeros, sizeof(zeros));
	hash_update(&h, digest, hash_len(alg));
	hash_update(&h, salt, hash_len(alg));
	(void)hash_final(&h, out);
}

/* EM has one bit less than the modulus: `skip` bytes in front are zero, and `mask` keeps the bits of the first that counts. */
struct pss_shape {
	size_t skip, db_len;
	uint8_t mask;
};

static bool pss_shape_of(enum hash_alg alg, size_t len, unsigned bits, struct pss_shape *out)
{
	size_t hash = hash_len(alg);
	unsigned em_bits = bits - 1;
	size_t em_len = (em_bits + 7) / 8;

	if (hash == 0 || bits < 16 || len != (bits + 7u) / 8 || em_len < 2 * hash + 2)
		return false;
	out->skip = len - em_len;
	out->db_len = em_len - hash - 1;
	out->mask = (uint8_t)(0xff >> (8 * em_len - em_bits));
	return true;
}

enum bj_err pss_encode(enum hash_alg alg, const uint8_t *digest, const uint8_t *salt, uint8_t *em, size_t len, unsigned bits)
{
	struct pss_shape shape;
	size_t hash = hash_len(alg);
	uint8_t h[HASH_MAX];
	uint8_t *db;

	if (!pss_shape_of(alg, len, bits, &shape))
		return BJ_ERR_ARGUMENT;
	memset(em, 0, len);
	db = em + shape.skip;
	pss_hash(alg, digest, salt, h);
	db[shape.db_len - hash - 1] = 0x01;
	memcpy(db + shape.db_len - hash, salt, hash);
	mgf1_xor(alg, h, hash, db, shape.db_len);
	db[0] &= shape.mask;
	memcpy(db + shape.db_len, h, hash);
	em[len - 1] = 0xbc;
	return BJ_OK;
}

enum bj_err pss_verify(enum hash_alg alg, const uint8_t *digest, uint8_t *em, size_t len, unsigned bits)
{
	struct pss_shape shape;
	size_t hash = hash_len(alg);
	uint8_t expected[HASH_MAX];
	uint8_t *db, *h;

	if (!pss_shape_of(alg, len, bits, &shape))
		return BJ_ERR_BAD_SIGNATURE;
	db = em + shape.skip;
	h = db + shape.db_len;
	if (em[len - 1] != 0xbc || (shape.skip && em[0] != 0) || (db[0] & (uint8_t)~shape.mask))
		return BJ_ERR_BAD_SIGNATURE;
	mgf1_xor(alg, h, hash, db, shape.db_len);
	db[0] &= shape.mask;
	for (size_t i = 0; i < shape.db_len - hash - 1; i++)
		if (db[i] != 0)
			return BJ_ERR_BAD_SIGNATURE;
	if (db[shape.db_len - hash - 1] != 0x01)
		return BJ_ERR_BAD_SIGNATURE;
	pss_hash(alg, digest, db + shape.db_len - hash, expected);
	return memcmp(expected, h, hash) == 0 ? BJ_OK : BJ_ERR_BAD_SIGNATURE;
}
