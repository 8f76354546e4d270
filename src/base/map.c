/* map.c - see map.h. */
#include "base/map.h"

#include <stdlib.h>

#include "base/check.h"

void map_init(struct map *m, const struct siphash_key *key, map_key_fn *key_of, size_t count_max)
{
	check(key_of && count_max > 0);
	*m = (struct map){ .key = *key, .key_of = key_of, .count_max = count_max };
}

void map_fini(struct map *m)
{
	free(m->buckets);
	*m = (struct map){ 0 };
}

static struct map_node **bucket_of(const struct map *m, uint64_t hash)
{
	return &m->buckets[hash & (m->bucket_count - 1)];
}

static struct map_node *find_hashed(const struct map *m, struct bj_bytes key, uint64_t hash)
{
	if (m->bucket_count == 0)
		return NULL;
	for (struct map_node *n = *bucket_of(m, hash); n; n = n->next)
		if (n->hash == hash && bytes_equal(m->key_of(n), key))
			return n;
	return NULL;
}

struct map_node *map_find(const struct map *m, struct bj_bytes key)
{
	return m->count ? find_hashed(m, key, siphash13(&m->key, key)) : NULL;
}

/* Twice as many buckets; without memory all stays as it is. */
static void grow(struct map *m)
{
	size_t old_count = m->bucket_count;
	size_t count = old_count ? old_count * 2 : MAP_BUCKETS_MIN;
	struct map_node **old = m->buckets;
	struct map_node **buckets = (struct map_node **)calloc(count, sizeof(*buckets));

	if (!buckets)
		return;
	m->buckets = buckets;
	m->bucket_count = count;
	for (size_t i = 0; i < old_count; i++) {
		for (struct map_node *n = old[i], *next; n; n = next) {
			struct map_node **b = bucket_of(m, n->hash);

			next = n->next;
			n->next = *b;
			*b = n;
		}
	}
	free(old);
}

enum bj_err map_insert(struct map *m, struct map_node *node)
{
	struct bj_bytes key = m->key_of(node);
	uint64_t hash = siphash13(&m->key, key);
	struct map_node **b;

	if (find_hashed(m, key, hash))
		return BJ_ERR_ARGUMENT;
	if (m->count >= m->count_max)
		return BJ_ERR_LIMIT;
	if (m->count >= m->bucket_count)
		grow(m);
	if (m->bucket_count == 0)
		return BJ_ERR_NO_MEMORY;
	b = bucket_of(m, hash);
	node->hash = hash;
	node->next = *b;
	*b = node;
	m->count++;
	return BJ_OK;
}

bool map_remove(struct map *m, struct map_node *node)
{
	if (m->bucket_count == 0)
		return false;
	for (struct map_node **at = bucket_of(m, node->hash); *at; at = &(*at)->next) {
		if (*at != node)
			continue;
		*at = node->next;
		node->next = NULL;
		m->count--;
		return true;
	}
	return false;
}

struct map_node *map_next(const struct map *m, const struct map_node *node)
{
	size_t i = 0;

	if (node && node->next)
		return node->next;
	if (node)
		i = (size_t)(node->hash & (m->bucket_count - 1)) + 1;
	for (; i < m->bucket_count; i++)
		if (m->buckets[i])
			return m->buckets[i];
	return NULL;
}
