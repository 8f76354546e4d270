/* map.h - a hash table of objects that carry their own link, keyed by bytes.
 *
 * The table owns its buckets, not the objects. Bytes are hashed with SipHash-1-3 under a key that the owner draws at
 * random, so strangers who choose keys cannot choose buckets. The table doubles as it fills, never beyond what
 * `count_max` objects need; where memory for doubling is missing it goes on with longer chains.
 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include "base/siphash.h"

#define MAP_BUCKETS_MIN 16

struct map_node {
	struct map_node *next;
	uint64_t hash;
};

/* The key of an object: must stay the same while it is in the table. */
typedef struct bj_bytes map_key_fn(const struct map_node *node);

struct map {
	struct map_node **buckets;
	size_t bucket_count; /* zero or a power of two */
	size_t count;
	size_t count_max;
	map_key_fn *key_of;
	struct siphash_key key;
};

/* Allocates nothing yet. count_max at least 1. */
void map_init(struct map *m, const struct siphash_key *key, map_key_fn *key_of, size_t count_max);
/* Forgets all objects and frees the buckets. Takes a zeroed map too. */
void map_fini(struct map *m);

/* The object with this key, or null. */
struct map_node *map_find(const struct map *m, struct bj_bytes key);
/* BJ_ERR_LIMIT: count_max objects are in. BJ_ERR_ARGUMENT: the key is in. BJ_ERR_NO_MEMORY: not even the first buckets. */
BJ_MUST_USE enum bj_err map_insert(struct map *m, struct map_node *node);
/* True if it was in. */
bool map_remove(struct map *m, struct map_node *node);

/* Walks all objects in no particular order: null gives the first, null comes after the last. An object may be removed
 * once the one after it was asked for; inserting ends a walk. */
struct map_node *map_next(const struct map *m, const struct map_node *node);

#endif
