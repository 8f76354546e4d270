/* replay.c - see replay.h. */
#include "tls/replay.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/siphash.h"
#include "base/wipe.h"
#include "crypto/rng_os.h"

/* A word: a tag of 40 bits and 24 bits of the second in which it ends, which is never far ahead. Zero is an empty one. */
#define UNTIL_BITS 24
#define UNTIL_MASK (((uint64_t)1 << UNTIL_BITS) - 1)
#define UNTIL_MAX_S 2048 /* ahead: what is further is long past */

struct replay_guard {
	struct siphash_key key_row, key_tag; /* strangers choose the ids, but not where they go */
	_Atomic uint64_t words[REPLAY_ENTRIES];
};

struct replay_guard *replay_guard_new(const struct bj_rng *rng)
{
	struct replay_guard *guard = calloc(1, sizeof(*guard));

	if (!guard)
		return NULL;
	if (rng_fill(rng, guard->key_row.bytes, SIPHASH_KEY_LEN) != BJ_OK || rng_fill(rng, guard->key_tag.bytes, SIPHASH_KEY_LEN) != BJ_OK) {
		replay_guard_free(guard);
		return NULL;
	}
	return guard;
}

void replay_guard_free(struct replay_guard *guard)
{
	if (!guard)
		return;
	wipe(&guard->key_row, sizeof(guard->key_row));
	wipe(&guard->key_tag, sizeof(guard->key_tag));
	free(guard);
}

static uint64_t seconds_up(int64_t ms)
{
	return (uint64_t)(ms + 999) / 1000 & UNTIL_MASK;
}

static bool is_live(uint64_t word, uint64_t now_s)
{
	return word != 0 && ((word - now_s) & UNTIL_MASK) <= UNTIL_MAX_S;
}

/* How many of the row are live and have this tag. */
static unsigned count(_Atomic uint64_t *row, uint64_t tag, uint64_t now_s)
{
	unsigned found = 0;

	for (size_t i = 0; i < REPLAY_WAYS; i++) {
		uint64_t word = atomic_load(&row[i]);

		found += is_live(word, now_s) && word >> UNTIL_BITS == tag;
	}
	return found;
}

static bool put(_Atomic uint64_t *row, uint64_t word, uint64_t now_s)
{
	for (size_t i = 0; i < REPLAY_WAYS; i++) {
		uint64_t old = atomic_load(&row[i]);

		if (!is_live(old, now_s) && atomic_compare_exchange_strong(&row[i], &old, word))
			return true;
	}
	return false;
}

bool replay_guard_first(struct replay_guard *guard, int64_t now_ms, int64_t keep_ms, struct bj_bytes id)
{
	uint64_t now_s = (uint64_t)now_ms / 1000 & UNTIL_MASK;
	size_t at = (size_t)(siphash24(&guard->key_row, id) % (REPLAY_ENTRIES / REPLAY_WAYS)) * REPLAY_WAYS;
	uint64_t tag = siphash24(&guard->key_tag, id) >> UNTIL_BITS | 1; /* never the empty word */
	_Atomic uint64_t *row = &guard->words[at];

	check(keep_ms >= 0 && keep_ms < (int64_t)UNTIL_MAX_S * 1000);
	if (count(row, tag, now_s) > 0 || !put(row, tag << UNTIL_BITS | seconds_up(now_ms + keep_ms), now_s))
		return false;
	/* two threads may have found different places: then both see both, and neither was the first */
	return count(row, tag, now_s) == 1;
}
