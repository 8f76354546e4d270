/* transcript.c - see transcript.h. */
#include "tls/transcript.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/wipe.h"

#define KEPT_STEP 1024
#define MESSAGE_HASH_TYPE 254

void transcript_fini(struct transcript *t)
{
	transcript_drop_kept(t);
	hash_wipe(&t->hash);
}

static enum bj_err keep(struct transcript *t, struct bj_bytes message)
{
	size_t cap = t->kept_cap;
	uint8_t *grown;

	if (message.len > TRANSCRIPT_KEPT_MAX - t->kept_len)
		return BJ_ERR_LIMIT;
	if (message.len > cap - t->kept_len) {
		cap = (t->kept_len + message.len + KEPT_STEP - 1) / KEPT_STEP * KEPT_STEP;
		grown = realloc(t->kept, cap);
		if (!grown)
			return BJ_ERR_NO_MEMORY;
		t->kept = grown;
		t->kept_cap = cap;
	}
	bytes_copy(t->kept + t->kept_len, message.ptr, message.len);
	t->kept_len += message.len;
	return BJ_OK;
}

enum bj_err transcript_add(struct transcript *t, struct bj_bytes message)
{
	enum bj_err err = BJ_OK;

	if (t->keep || t->hash.alg == HASH_NONE)
		err = keep(t, message);
	if (err)
		return err;
	if (t->hash.alg != HASH_NONE)
		hash_update(&t->hash, message.ptr, message.len);
	return BJ_OK;
}

enum bj_err transcript_choose(struct transcript *t, enum hash_alg alg, bool keep_on)
{
	if (t->hash.alg != HASH_NONE)
		return t->hash.alg == alg ? BJ_OK : BJ_ERR_ILLEGAL_PARAMETER;
	hash_init(&t->hash, alg);
	hash_update(&t->hash, t->kept, t->kept_len);
	t->keep = keep_on;
	if (!keep_on)
		transcript_drop_kept(t);
	return BJ_OK;
}

struct bj_bytes transcript_kept(const struct transcript *t)
{
	return bytes_of(t->kept, t->kept_len);
}

void transcript_drop_kept(struct transcript *t)
{
	if (t->kept)
		wipe(t->kept, t->kept_len);
	free(t->kept);
	t->kept = NULL;
	t->kept_len = t->kept_cap = 0;
	t->keep = false;
}

void transcript_begin_retried(struct transcript *t, struct bj_bytes digest)
{
	const uint8_t header[4] = { MESSAGE_HASH_TYPE, 0, 0, (uint8_t)digest.len };
	enum hash_alg alg = t->hash.alg;

	check(alg != HASH_NONE && !t->keep && digest.len == hash_len(alg)); /* only 1.3 has retries, and it keeps nothing */
	hash_init(&t->hash, alg);
	hash_update(&t->hash, header, sizeof(header));
	hash_update(&t->hash, digest.ptr, digest.len);
}

void transcript_retry(struct transcript *t)
{
	uint8_t digest[HASH_MAX];
	size_t len = hash_peek(&t->hash, digest);

	transcript_begin_retried(t, bytes_of(digest, len));
}

size_t transcript_peek(const struct transcript *t, uint8_t out[HASH_MAX])
{
	return hash_peek(&t->hash, out);
}

size_t transcript_peek_with(const struct transcript *t, enum hash_alg alg, struct bj_bytes tail, uint8_t out[HASH_MAX])
{
	struct hash h = t->hash;

	if (h.alg == HASH_NONE) {
		hash_init(&h, alg);
		hash_update(&h, t->kept, t->kept_len);
	}
	check(h.alg == alg);
	hash_update(&h, tail.ptr, tail.len);
	return hash_final(&h, out);
}
