/* limit.h - how often, and how many at once: token buckets, and both by key.
 *
 * A bucket holds up to `burst` tokens and gets `per_second` new ones a second; each request takes one. Arithmetic is in
 * thousandths of a token, in which a millisecond's refill is a whole number, so nothing is rounded away.
 *
 * Tables by key (a client's address) have a fixed size and are hashed with a secret key. They keep 64 bits of the hash in
 * place of the key: with a random key two clients share a bucket with a chance of 2^-64 a pair.
 *
 * Where a limit_table is full, the entry that was silent longest among its neighbours makes room: strangers with very many
 * addresses can make it forget, never make it grow or refuse others. A tally_table never forgets; when it is full it says so.
 */
#ifndef BALANCE_LIMIT_H
#define BALANCE_LIMIT_H

#include "base/siphash.h"

#define LIMIT_RATE_MAX 1000000000u
#define LIMIT_TABLE_MAX (1u << 24)
#define LIMIT_WAYS 8 /* neighbours that an entry may stand among */

struct limit_rate {
	uint32_t per_second;
	uint32_t burst; /* at least 1 */
};

struct limit_bucket {
	uint64_t thousandths;
	int64_t at_ms;
};

/* A full bucket. */
struct limit_bucket limit_bucket_make(const struct limit_rate *rate, int64_t now_ms);
/* Takes one token; false, and nothing taken, if there is none. */
bool limit_bucket_take(struct limit_bucket *b, const struct limit_rate *rate, int64_t now_ms);
/* When the next token comes, for Retry-After; `now_ms` if there is one. */
int64_t limit_bucket_next_ms(const struct limit_bucket *b, const struct limit_rate *rate, int64_t now_ms);

struct limit_entry {
	uint64_t hash; /* 0: free */
	struct limit_bucket bucket;
};

struct limit_table {
	struct limit_rate rate;
	struct siphash_key key;
	struct limit_entry *entries;
	size_t count; /* a power of two, at least LIMIT_WAYS */
	uint64_t forgotten; /* entries that made room before they had refilled */
};

/* Room for at least `count` keys. BJ_ERR_ARGUMENT for a rate or count out of range, BJ_ERR_NO_MEMORY. */
BJ_MUST_USE enum bj_err limit_table_init(struct limit_table *t, const struct limit_rate *rate, size_t count,
					 const struct siphash_key *key);
void limit_table_fini(struct limit_table *t);
/* Takes one token of this key's bucket. */
bool limit_table_take(struct limit_table *t, struct bj_bytes key, int64_t now_ms);

/* ---- how many at once */

struct tally_entry {
	uint64_t hash; /* 0: free */
	uint32_t count;
};

struct tally_table {
	struct siphash_key key;
	struct tally_entry *entries;
	size_t slots; /* a power of two */
	size_t used;
	size_t used_max;
};

/* For at most `count` different keys at once. */
BJ_MUST_USE enum bj_err tally_table_init(struct tally_table *t, size_t count, const struct siphash_key *key);
void tally_table_fini(struct tally_table *t);
/* One more for this key unless it has `most` already (false), or the table is full (false too). */
bool tally_take(struct tally_table *t, struct bj_bytes key, uint32_t most);
/* One less; there must have been one. */
void tally_drop(struct tally_table *t, struct bj_bytes key);
uint32_t tally_of(const struct tally_table *t, struct bj_bytes key);

#endif
