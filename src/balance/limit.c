/* limit.c - see limit.h. */
#include "balance/limit.h"

#include <stdlib.h>

#include "base/check.h"

struct limit_bucket limit_bucket_make(const struct limit_rate *rate, int64_t now_ms)
{
	return (struct limit_bucket){ (uint64_t)rate->burst * 1000, now_ms };
}

/* What the bucket holds now. */
static uint64_t level_now(const struct limit_bucket *b, const struct limit_rate *rate, int64_t now_ms)
{
	uint64_t full = (uint64_t)rate->burst * 1000;
	uint64_t elapsed = now_ms > b->at_ms ? (uint64_t)(now_ms - b->at_ms) : 0;

	if (rate->per_second == 0)
		return b->thousandths;
	if (elapsed > full / rate->per_second)
		return full;
	elapsed = b->thousandths + elapsed * rate->per_second;
	return elapsed < full ? elapsed : full;
}

bool limit_bucket_take(struct limit_bucket *b, const struct limit_rate *rate, int64_t now_ms)
{
	b->thousandths = level_now(b, rate, now_ms);
	if (now_ms > b->at_ms)
		b->at_ms = now_ms;
	if (b->thousandths < 1000)
		return false;
	b->thousandths -= 1000;
	return true;
}

int64_t limit_bucket_next_ms(const struct limit_bucket *b, const struct limit_rate *rate, int64_t now_ms)
{
	uint64_t level = level_now(b, rate, now_ms);

	if (level >= 1000)
		return now_ms;
	if (rate->per_second == 0)
		return INT64_MAX;
	return now_ms + (int64_t)((1000 - level + rate->per_second - 1) / rate->per_second);
}

enum bj_err limit_table_init(struct limit_table *t, const struct limit_rate *rate, size_t count, const struct siphash_key *key)
{
	struct limit_entry *entries;
	size_t size = LIMIT_WAYS;

	if (rate->burst == 0 || rate->per_second > LIMIT_RATE_MAX || rate->burst > LIMIT_RATE_MAX || count == 0 ||
	    count > LIMIT_TABLE_MAX)
		return BJ_ERR_ARGUMENT;
	while (size < count)
		size *= 2;
	entries = (struct limit_entry *)calloc(size, sizeof(*entries));
	if (!entries)
		return BJ_ERR_NO_MEMORY;
	*t = (struct limit_table){ .rate = *rate, .key = *key, .entries = entries, .count = size };
	return BJ_OK;
}

void limit_table_fini(struct limit_table *t)
{
	free(t->entries);
	*t = (struct limit_table){ 0 };
}

static uint64_t hash_of(const struct siphash_key *key, struct bj_bytes bytes)
{
	uint64_t h = siphash24(key, bytes);

	return h ? h : 1; /* 0 means free */
}

bool limit_table_take(struct limit_table *t, struct bj_bytes key, int64_t now_ms)
{
	uint64_t h = hash_of(&t->key, key);
	struct limit_entry *ways = t->entries + (h & (t->count / LIMIT_WAYS - 1)) * LIMIT_WAYS;
	struct limit_entry *room = NULL;

	for (size_t i = 0; i < LIMIT_WAYS; i++) {
		if (ways[i].hash == h)
			return limit_bucket_take(&ways[i].bucket, &t->rate, now_ms);
		if (!room || (room->hash != 0 && (ways[i].hash == 0 || ways[i].bucket.at_ms < room->bucket.at_ms)))
			room = &ways[i];
	}
	/* a bucket that has refilled is like none: only one that has not is a loss */
	if (room->hash != 0 && level_now(&room->bucket, &t->rate, now_ms) < (uint64_t)t->rate.burst * 1000)
		t->forgotten++;
	room->hash = h;
	room->bucket = limit_bucket_make(&t->rate, now_ms);
	return limit_bucket_take(&room->bucket, &t->rate, now_ms);
}

/* ---------------------------------------------------------------- tally */

enum bj_err tally_table_init(struct tally_table *t, size_t count, const struct siphash_key *key)
{
	struct tally_entry *entries;
	size_t slots = 16;

	if (count == 0 || count > LIMIT_TABLE_MAX)
		return BJ_ERR_ARGUMENT;
	while (slots < count * 2) /* at most half full: short runs */
		slots *= 2;
	entries = (struct tally_entry *)calloc(slots, sizeof(*entries));
	if (!entries)
		return BJ_ERR_NO_MEMORY;
	*t = (struct tally_table){ .key = *key, .entries = entries, .slots = slots, .used_max = count };
	return BJ_OK;
}

void tally_table_fini(struct tally_table *t)
{
	free(t->entries);
	*t = (struct tally_table){ 0 };
}

/* Where this hash stands, or the free slot where it would. */
static size_t slot_of(const struct tally_table *t, uint64_t hash)
{
	size_t at = hash & (t->slots - 1);

	while (t->entries[at].hash != 0 && t->entries[at].hash != hash)
		at = (at + 1) & (t->slots - 1);
	return at;
}

bool tally_take(struct tally_table *t, struct bj_bytes key, uint32_t most)
{
	uint64_t h = hash_of(&t->key, key);
	struct tally_entry *e = &t->entries[slot_of(t, h)];

	if (e->count >= most || (e->hash == 0 && t->used == t->used_max))
		return false;
	if (e->hash == 0)
		t->used++;
	e->hash = h;
	e->count++;
	return true;
}

void tally_drop(struct tally_table *t, struct bj_bytes key)
{
	size_t hole = slot_of(t, hash_of(&t->key, key)), at = hole;

	check(t->entries[hole].count > 0);
	if (--t->entries[hole].count > 0)
		return;
	/* those behind that would be found through the hole move up into it */
	for (;;) {
		size_t home;

		at = (at + 1) & (t->slots - 1);
		if (t->entries[at].hash == 0)
			break;
		home = t->entries[at].hash & (t->slots - 1);
		if (((at - home) & (t->slots - 1)) < ((at - hole) & (t->slots - 1)))
			continue;
		t->entries[hole] = t->entries[at];
		hole = at;
	}
	t->entries[hole] = (struct tally_entry){ 0 };
	t->used--;
}

uint32_t tally_of(const struct tally_table *t, struct bj_bytes key)
{
	return t->entries[slot_of(t, hash_of(&t->key, key))].count;
}
