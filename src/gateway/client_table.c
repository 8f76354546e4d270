/* client_table.c - see client_table.h. */
#include <stdlib.h>

#include "gateway/client_table.h"

#define COUNT_BITS 24
#define COUNT_MASK ((UINT64_C(1) << COUNT_BITS) - 1)

enum bj_err client_table_init(struct client_table *t, const struct siphash_key *key)
{
	t->key = *key;
	t->tallies = (_Atomic uint64_t *)calloc(CLIENT_TABLE_SLOTS, sizeof(*t->tallies));
	t->rates = (struct client_rate *)calloc(CLIENT_TABLE_SLOTS, sizeof(*t->rates));
	if (t->tallies && t->rates)
		return BJ_OK;
	client_table_fini(t);
	return BJ_ERR_NO_MEMORY;
}

void client_table_fini(struct client_table *t)
{
	free((void *)t->tallies);
	free(t->rates);
	t->tallies = NULL;
	t->rates = NULL;
}

uint64_t client_table_hash(const struct client_table *t, struct bj_bytes listener, struct bj_bytes address)
{
	uint64_t hash;

	if (address.len > CLIENT_NETWORK_BYTES)
		address.len = CLIENT_NETWORK_BYTES;
	hash = siphash13_pair(&t->key, siphash13(&t->key, listener), siphash13(&t->key, address));

	return hash ? hash : 1;
}

/* The place of the hash that stands `way` steps from its first one. */
static size_t place(uint64_t hash, size_t way)
{
	return (size_t)(hash + way) % CLIENT_TABLE_SLOTS;
}

/* The part of the hash that is kept: not the bits that say where, those are known. */
static uint64_t mark_of(uint64_t hash)
{
	return (hash >> COUNT_BITS ? hash >> COUNT_BITS : 1) << COUNT_BITS;
}

bool client_take(struct client_table *t, uint64_t hash, uint32_t most, bool *out_counted)
{
	uint64_t mark = mark_of(hash);

	*out_counted = true;
again:
	for (size_t way = 0; way < CLIENT_TABLE_WAYS; way++) {
		_Atomic uint64_t *slot = &t->tallies[place(hash, way)];
		uint64_t have = atomic_load_explicit(slot, memory_order_relaxed);

		while ((have & ~COUNT_MASK) == mark && (have & COUNT_MASK) > 0) {
			if ((have & COUNT_MASK) >= most || (have & COUNT_MASK) == COUNT_MASK) {
				*out_counted = false;
				return false;
			}
			if (atomic_compare_exchange_weak_explicit(slot, &have, have + 1, memory_order_relaxed, memory_order_relaxed))
				return true;
		}
	}
	for (size_t way = 0; way < CLIENT_TABLE_WAYS; way++) {
		_Atomic uint64_t *slot = &t->tallies[place(hash, way)];
		uint64_t have = atomic_load_explicit(slot, memory_order_relaxed);

		if ((have & COUNT_MASK) > 0)
			continue;
		if (most == 0) {
			*out_counted = false;
			return false;
		}
		if (atomic_compare_exchange_strong_explicit(slot, &have, mark | 1, memory_order_relaxed, memory_order_relaxed))
			return true;
		goto again; /* somebody was faster, perhaps for the same client */
	}
	*out_counted = false;
	return true;
}

void client_drop(struct client_table *t, uint64_t hash)
{
	uint64_t mark = mark_of(hash);

	for (size_t way = 0; way < CLIENT_TABLE_WAYS; way++) {
		_Atomic uint64_t *slot = &t->tallies[place(hash, way)];
		uint64_t have = atomic_load_explicit(slot, memory_order_relaxed);

		while ((have & ~COUNT_MASK) == mark && (have & COUNT_MASK) > 0)
			if (atomic_compare_exchange_weak_explicit(slot, &have, have - 1, memory_order_relaxed, memory_order_relaxed))
				return;
	}
}

/* The client's entry, or a place that nobody owes anything in; null when there is none. */
static struct client_rate *find_rate(struct client_table *t, uint64_t hash, uint64_t now_us)
{
	for (size_t way = 0; way < CLIENT_TABLE_WAYS; way++) {
		struct client_rate *r = &t->rates[place(hash, way)];

		if (atomic_load_explicit(&r->hash, memory_order_acquire) == hash)
			return r;
	}
	for (size_t way = 0; way < CLIENT_TABLE_WAYS; way++) {
		struct client_rate *r = &t->rates[place(hash, way)];
		uint64_t other = atomic_load_explicit(&r->hash, memory_order_acquire);

		if (atomic_load_explicit(&r->paid_until_us, memory_order_relaxed) > now_us)
			continue;
		if (atomic_compare_exchange_strong_explicit(&r->hash, &other, hash, memory_order_acq_rel, memory_order_acquire) ||
		    other == hash)
			return r;
	}
	return NULL;
}

bool client_pay(struct client_table *t, uint64_t hash, int64_t now, unsigned per_minute, unsigned burst)
{
	uint64_t now_us = (uint64_t)now, each_us = 60000000 / per_minute ? 60000000 / per_minute : 1, paid, next;
	struct client_rate *r = find_rate(t, hash, now_us);

	if (!r)
		return true;
	paid = atomic_load_explicit(&r->paid_until_us, memory_order_relaxed);
	do {
		uint64_t from = paid > now_us ? paid : now_us;

		if (from - now_us > (uint64_t)(burst - 1) * each_us)
			return false;
		next = from + each_us;
	} while (!atomic_compare_exchange_weak_explicit(&r->paid_until_us, &paid, next, memory_order_relaxed, memory_order_relaxed));
	return true;
}
