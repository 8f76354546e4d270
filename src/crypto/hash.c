/* hash.c - SHA-2 (and SHA-1 for identifiers) on libcrypto's plain contexts; whole blocks of SHA-256 also two at once (sha256_lanes.h).
 *
 * The one-shot and EVP interfaces of libcrypto allocate and look up; its oldest ones work on a value that can be copied by
 * assignment, which is what transcripts and keyed HMAC states need. That interface is marked deprecated, so the mark is
 * silenced in this file and nowhere else for hashes.
 *
 * Implements   fips180-4
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto/hash.h"

#include <assert.h>
#include <openssl/sha.h>

#include "base/check.h"
#include "base/wipe.h"
#include "crypto/sha256_lanes.h"

union hash_ctx {
	SHA_CTX sha1;
	SHA256_CTX sha256;
	SHA512_CTX sha512;
};

static_assert(sizeof(union hash_ctx) <= sizeof(((struct hash *)0)->state), "struct hash holds every context");
static_assert(_Alignof(union hash_ctx) <= _Alignof(struct hash), "struct hash is aligned for every context");

static union hash_ctx *ctx_of(struct hash *h)
{
	return (union hash_ctx *)h->state;
}

void hash_init(struct hash *h, enum hash_alg alg)
{
	union hash_ctx *ctx = ctx_of(h);

	h->alg = alg;
	switch (alg) {
	case HASH_SHA256: SHA256_Init(&ctx->sha256); return;
	case HASH_SHA384: SHA384_Init(&ctx->sha512); return;
	case HASH_SHA512: SHA512_Init(&ctx->sha512); return;
	case HASH_SHA1: SHA1_Init(&ctx->sha1); return;
	case HASH_NONE: break;
	}
	check(false);
}

void hash_update(struct hash *h, const void *ptr, size_t len)
{
	union hash_ctx *ctx = ctx_of(h);

	if (len == 0)
		return;
	switch (h->alg) {
	case HASH_SHA256: SHA256_Update(&ctx->sha256, ptr, len); return;
	case HASH_SHA384: SHA384_Update(&ctx->sha512, ptr, len); return;
	case HASH_SHA512: SHA512_Update(&ctx->sha512, ptr, len); return;
	case HASH_SHA1: SHA1_Update(&ctx->sha1, ptr, len); return;
	case HASH_NONE: break;
	}
	check(false);
}

/* The state is used up. */
static size_t hash_finish(struct hash *h, uint8_t out[HASH_MAX])
{
	union hash_ctx *ctx = ctx_of(h);

	switch (h->alg) {
	case HASH_SHA256: SHA256_Final(out, &ctx->sha256); break;
	case HASH_SHA384: SHA384_Final(out, &ctx->sha512); break;
	case HASH_SHA512: SHA512_Final(out, &ctx->sha512); break;
	case HASH_SHA1: SHA1_Final(out, &ctx->sha1); break;
	case HASH_NONE: check(false);
	}
	return hash_len(h->alg);
}

size_t hash_peek(const struct hash *h, uint8_t out[HASH_MAX])
{
	struct hash copy = *h;
	size_t len = hash_finish(&copy, out);

	hash_wipe(&copy);
	return len;
}

size_t hash_final(struct hash *h, uint8_t out[HASH_MAX])
{
	size_t len = hash_finish(h, out);

	hash_wipe(h);
	return len;
}

size_t hash_once(enum hash_alg alg, struct bj_bytes data, uint8_t out[HASH_MAX])
{
	struct hash h;

	hash_init(&h, alg);
	hash_update(&h, data.ptr, data.len);
	return hash_final(&h, out);
}

void hash_wipe(struct hash *h)
{
	wipe(h, sizeof(*h));
}

/* ---- whole blocks */

/* fips180-4:5.3 */
static const struct hash_mid begin_sha256 = { .w32 = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 } };
static const struct hash_mid begin_sha384 = { .w64 = { 0xcbbb9d5dc1059ed8, 0x629a292a367cd507, 0x9159015a3070dd17, 0x152fecd8f70e5939,
							0x67332667ffc00b31, 0x8eb44a8768581511, 0xdb0c2e0d64f98fa7, 0x47b5481dbefa4fa4 } };
static const struct hash_mid begin_sha512 = { .w64 = { 0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
							0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179 } };

void hash_mid_begin(enum hash_alg alg, struct hash_mid *out)
{
	check(alg == HASH_SHA256 || alg == HASH_SHA384 || alg == HASH_SHA512);
	*out = alg == HASH_SHA256 ? begin_sha256 : alg == HASH_SHA384 ? begin_sha384 : begin_sha512;
}

static void block_by_libcrypto(enum hash_alg alg, struct hash_mid *m, const uint8_t *block)
{
	union hash_ctx ctx;

	check(alg == HASH_SHA256 || alg == HASH_SHA384 || alg == HASH_SHA512);
	if (alg == HASH_SHA256) {
		memcpy(ctx.sha256.h, m->w32, sizeof(m->w32));
		SHA256_Transform(&ctx.sha256, block);
		memcpy(m->w32, ctx.sha256.h, sizeof(m->w32));
		wipe(ctx.sha256.h, sizeof(ctx.sha256.h));
		return;
	}
	memcpy(ctx.sha512.h, m->w64, sizeof(m->w64));
	SHA512_Transform(&ctx.sha512, block);
	memcpy(m->w64, ctx.sha512.h, sizeof(m->w64));
	wipe(ctx.sha512.h, sizeof(ctx.sha512.h));
}

void hash_mid_block(enum hash_alg alg, struct hash_mid *m, const uint8_t *block)
{
	if (alg == HASH_SHA256 && sha256_lanes_here())
		sha256_lanes_one(m->w32, block);
	else
		block_by_libcrypto(alg, m, block);
}

void hash_mid_two(enum hash_alg alg, struct hash_mid *a, const uint8_t *block_a, struct hash_mid *b, const uint8_t *block_b)
{
	if (alg == HASH_SHA256 && sha256_lanes_here()) {
		sha256_lanes_two(a->w32, block_a, b->w32, block_b);
		return;
	}
	block_by_libcrypto(alg, a, block_a);
	block_by_libcrypto(alg, b, block_b);
}

static inline void put_u64(uint8_t *out, uint64_t word)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	word = __builtin_bswap64(word); /* compilers do not see it in shifts here */
#endif
	memcpy(out, &word, sizeof(word));
}

size_t hash_mid_write(enum hash_alg alg, const struct hash_mid *m, uint8_t out[HASH_MAX])
{
	size_t len = hash_len(alg);

	if (alg == HASH_SHA256)
		for (size_t i = 0; i < 4; i++)
			put_u64(out + 8 * i, (uint64_t)m->w32[2 * i] << 32 | m->w32[2 * i + 1]);
	else
		for (size_t i = 0; i < 8 && i < len / 8; i++)
			put_u64(out + 8 * i, m->w64[i]);
	return len;
}

size_t hash_pad(enum hash_alg alg, uint8_t tail[HASH_TAIL_MAX], size_t used, uint64_t fed)
{
	size_t block = hash_block_len(alg), len = used + 1 + block / 8 <= block ? block : 2 * block;

	check(used < block);
	memset(tail + used, 0, len - used);
	tail[used] = 0x80;
	put_u64(tail + len - 8, fed * 8);
	return len;
}

void hash_resume(struct hash *out, enum hash_alg alg, const struct hash_mid *m)
{
	union hash_ctx *ctx = ctx_of(out);

	hash_init(out, alg);
	if (alg == HASH_SHA256) {
		memcpy(ctx->sha256.h, m->w32, sizeof(m->w32));
		ctx->sha256.Nl = 8 * 64;
	} else {
		memcpy(ctx->sha512.h, m->w64, sizeof(m->w64));
		ctx->sha512.Nl = 8 * 128;
	}
}

/* ---- as bytes */

static const unsigned words = 8;

static const union hash_ctx *ctx_look(const struct hash *h)
{
	return (const union hash_ctx *)h->state;
}

void hash_save(const struct hash *h, struct writer *w)
{
	const union hash_ctx *ctx = ctx_look(h);

	check(h->alg == HASH_SHA256 || h->alg == HASH_SHA384 || h->alg == HASH_SHA512);
	if (h->alg == HASH_SHA256) {
		for (unsigned i = 0; i < words; i++)
			wr_u32(w, ctx->sha256.h[i]);
		wr_u64(w, ((uint64_t)ctx->sha256.Nh << 32 | ctx->sha256.Nl) / 8);
		wr_raw(w, ctx->sha256.data, ctx->sha256.num);
		return;
	}
	check(ctx->sha512.Nh == 0);
	for (unsigned i = 0; i < words; i++)
		wr_u64(w, ctx->sha512.h[i]);
	wr_u64(w, ctx->sha512.Nl / 8);
	wr_raw(w, ctx->sha512.u.p, ctx->sha512.num);
}

void hash_load(struct reader *r, enum hash_alg alg, struct hash *out)
{
	union hash_ctx *ctx = ctx_of(out);
	struct bj_bytes rest;
	uint64_t count;

	hash_init(out, alg);
	for (unsigned i = 0; i < words; i++)
		if (alg == HASH_SHA256)
			ctx->sha256.h[i] = rd_u32(r);
		else
			ctx->sha512.h[i] = rd_u64(r);
	count = rd_u64(r);
	rest = rd_bytes(r, (size_t)(count % hash_block_len(alg)));
	if (count > UINT64_MAX / 8)
		rd_fail(r);
	if (r->bad)
		return;
	if (alg == HASH_SHA256) {
		ctx->sha256.Nl = (SHA_LONG)(count * 8);
		ctx->sha256.Nh = (SHA_LONG)(count * 8 >> 32);
		bytes_copy((uint8_t *)ctx->sha256.data, rest.ptr, rest.len);
		ctx->sha256.num = (unsigned)rest.len;
	} else {
		ctx->sha512.Nl = count * 8;
		bytes_copy(ctx->sha512.u.p, rest.ptr, rest.len);
		ctx->sha512.num = (unsigned)rest.len;
	}
}
