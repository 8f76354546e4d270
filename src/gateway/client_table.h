/* client_table.h - what one client address may do at once and per second, over all workers, without a lock.
 *
 * A client of IPv6 is a network of 64 bits: whoever has one address there has all of them.
 *
 * Tables of fixed size in atomics, keyed by a keyed hash of listener and address, of which 40 bits (connections) or 64 (requests) are
 * kept. Where the places for a client are all taken by others, it is let in uncounted: a full table never refuses anybody. Two workers
 * that see a new client in the same instant may give it two places; then it has the sum of both.
 */
#ifndef GATEWAY_CLIENT_TABLE_H
#define GATEWAY_CLIENT_TABLE_H

#include <stdatomic.h>

#include "base/siphash.h"

#define CLIENT_TABLE_SLOTS (1u << 17)
#define CLIENT_NETWORK_BYTES 8 /* of an address, that tell clients apart */
#define CLIENT_TABLE_WAYS 16 /* neighbours that an entry may stand among */

struct client_rate {
	_Atomic uint64_t hash;
	_Atomic uint64_t paid_until_us; /* when what was taken is paid back (the arrival time of GCRA) */
};

struct client_table {
	struct siphash_key key;
	_Atomic uint64_t *tallies; /* 40 bits of the hash, 24 bits of count */
	struct client_rate *rates;
};

/* Memory comes as pages are touched. BJ_ERR_NO_MEMORY. */
BJ_MUST_USE enum bj_err client_table_init(struct client_table *t, const struct siphash_key *key);
void client_table_fini(struct client_table *t);

/* `listener` is its name: it stays the same over reloads. */
uint64_t client_table_hash(const struct client_table *t, struct bj_bytes listener, struct bj_bytes address);

/* One more connection, unless there are `most` already (false). `out_counted` says whether client_drop() is due later. */
bool client_take(struct client_table *t, uint64_t hash, uint32_t most, bool *out_counted);
void client_drop(struct client_table *t, uint64_t hash);

/* One request at `now_us`, of `per_minute` with bursts of `burst`; false, and nothing taken, if it is too early. */
bool client_pay(struct client_table *t, uint64_t hash, int64_t now_us, unsigned per_minute, unsigned burst);

#endif
