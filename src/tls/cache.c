/* cache.c - TLS 1.2 sessions by id. */
#include "tls/cache.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "crypto/rng_os.h"

struct entry {
	bool used;
	struct session session;
};

struct shard {
	atomic_flag busy;
	struct entry *entries; /* sets * CACHE_WAYS */
};

struct session_cache {
	uint64_t key[2]; /* so that nobody can choose where his ids fall */
	size_t sets;     /* per shard */
	int64_t timeout_ms;
	struct shard shards[CACHE_SHARDS];
};

static void shard_lock(struct shard *shard)
{
	while (atomic_flag_test_and_set_explicit(&shard->busy, memory_order_acquire))
		;
}

static void shard_unlock(struct shard *shard)
{
	atomic_flag_clear_explicit(&shard->busy, memory_order_release);
}

struct session_cache *session_cache_new(const struct bj_rng *rng, size_t entries, unsigned timeout_s)
{
	struct session_cache *cache = calloc(1, sizeof(*cache));

	if (!cache)
		return NULL;
	cache->sets = (entries + CACHE_SHARDS * CACHE_WAYS - 1) / (CACHE_SHARDS * CACHE_WAYS);
	cache->timeout_ms = (int64_t)timeout_s * 1000;
	if (rng_fill(rng, cache->key, sizeof(cache->key)) != BJ_OK) {
		free(cache);
		return NULL;
	}
	for (size_t i = 0; i < CACHE_SHARDS; i++) {
		atomic_flag_clear(&cache->shards[i].busy);
		cache->shards[i].entries = calloc(cache->sets * CACHE_WAYS, sizeof(struct entry));
		if (!cache->shards[i].entries) {
			session_cache_free(cache);
			return NULL;
		}
	}
	return cache;
}

static void entry_clear(struct entry *e)
{
	session_fini(&e->session);
	e->used = false;
}

void session_cache_free(struct session_cache *cache)
{
	if (!cache)
		return;
	for (size_t i = 0; i < CACHE_SHARDS; i++) {
		for (size_t j = 0; cache->shards[i].entries && j < cache->sets * CACHE_WAYS; j++)
			entry_clear(&cache->shards[i].entries[j]);
		free(cache->shards[i].entries);
	}
	wipe(cache, sizeof(*cache));
	free(cache);
}

/* Ids are ours and random: a multiplicative mix with a secret key spreads them. */
static uint64_t id_hash(const struct session_cache *cache, struct bj_bytes id)
{
	uint64_t h = cache->key[0];

	for (size_t i = 0; i < id.len; i++)
		h = (h ^ id.ptr[i]) * (cache->key[1] | 1);
	return h ^ h >> 29;
}

static struct entry *set_of(struct session_cache *cache, struct bj_bytes id, struct shard **out_shard)
{
	uint64_t h = id_hash(cache, id);

	*out_shard = &cache->shards[h % CACHE_SHARDS];
	return (*out_shard)->entries + (h / CACHE_SHARDS % cache->sets) * CACHE_WAYS;
}

static bool entry_is(const struct entry *e, struct bj_bytes id)
{
	return e->used && bytes_equal(bytes_of(e->session.id, e->session.id_len), id);
}

/* Too old, or from a time that the clock came back from: nobody resumes it. */
static bool entry_is_over(const struct session_cache *cache, const struct entry *e, int64_t now_ms)
{
	int64_t age_ms = now_ms - e->session.made_ms;

	return age_ms >= cache->timeout_ms || age_ms < -CLOCK_SLACK_MS;
}

void session_cache_put(struct session_cache *cache, int64_t now_ms, const struct session *s)
{
	struct shard *shard;
	struct entry *set, *place;
	struct session copy;

	if (s->id_len == 0 || session_copy(s, &copy) != BJ_OK)
		return;
	set = set_of(cache, bytes_of(s->id, s->id_len), &shard);
	shard_lock(shard);
	place = set;
	for (size_t i = 0; i < CACHE_WAYS; i++) {
		if (!set[i].used || entry_is(&set[i], bytes_of(s->id, s->id_len)) || entry_is_over(cache, &set[i], now_ms)) {
			place = &set[i];
			break;
		}
		if (set[i].session.made_ms < place->session.made_ms)
			place = &set[i];
	}
	entry_clear(place);
	place->session = copy;
	place->used = true;
	shard_unlock(shard);
}

bool session_cache_get(struct session_cache *cache, int64_t now_ms, struct bj_bytes id, struct session *out)
{
	bool found = false;
	struct shard *shard;
	struct entry *set;

	if (id.len == 0)
		return false;
	set = set_of(cache, id, &shard);
	shard_lock(shard);
	for (size_t i = 0; i < CACHE_WAYS && !found; i++) {
		if (!entry_is(&set[i], id))
			continue;
		if (entry_is_over(cache, &set[i], now_ms))
			entry_clear(&set[i]);
		else
			found = session_copy(&set[i].session, out) == BJ_OK;
	}
	shard_unlock(shard);
	return found;
}

void session_cache_drop(struct session_cache *cache, struct bj_bytes id)
{
	struct shard *shard;
	struct entry *set = set_of(cache, id, &shard);

	shard_lock(shard);
	for (size_t i = 0; i < CACHE_WAYS; i++)
		if (entry_is(&set[i], id))
			entry_clear(&set[i]);
	shard_unlock(shard);
}
