/* sources.c - see sources.h. */
#include "tcpip/sources.h"

#include <stdlib.h>

#include "base/check.h"
#include "tcpip/stack.h"

static uint32_t limit_of(uint32_t option, uint32_t otherwise)
{
	return option ? option : otherwise;
}

void sources_init(struct sources *s, const struct bj_stack_options *o)
{
	s->slot_count = SOURCE_WAYS;
	while (s->slot_count < SOURCE_SLOTS_MAX && s->slot_count < o->connection_max)
		s->slot_count *= 2;
	s->limits[SOURCE_HALF_OPEN] = limit_of(o->source_half_open_max, SOURCE_HALF_OPEN_MAX);
	s->limits[SOURCE_WAITING] = limit_of(o->source_waiting_max, UINT32_MAX);
	s->limits[SOURCE_OPEN] = limit_of(o->source_connection_max, UINT32_MAX);
	if (s->limits[SOURCE_HALF_OPEN] == UINT32_MAX && s->limits[SOURCE_WAITING] == UINT32_MAX && s->limits[SOURCE_OPEN] == UINT32_MAX)
		s->slot_count = 0; /* what is not limited is not counted */
}

void sources_fini(struct sources *s)
{
	free(s->slots);
	s->slots = NULL;
}

static uint64_t hash_of(const struct sources *s, const struct bj_ip *remote)
{
	uint64_t words[2];

	memcpy(words, remote->bytes, sizeof(words));
	return siphash13_pair(&s->key, words[0], bj_ip_is_v4(remote) ? words[1] : 0);
}

static bool is_free(const struct source *one)
{
	for (size_t i = 0; i < SOURCE_COUNTS; i++)
		if (one->counts[i] > 0)
			return false;
	return true;
}

static uint32_t mark_of(uint64_t hash)
{
	return (uint32_t)(hash >> 32);
}

/* The entry of the source with this hash. Null: it has none; then `out_free`, if it is asked for, is a place for it, or null. */
static struct source *find(const struct sources *s, uint64_t hash, struct source **out_free)
{
	size_t set = (size_t)hash & (s->slot_count / SOURCE_WAYS - 1);

	for (size_t way = 0; s->slots && way < SOURCE_WAYS; way++) {
		struct source *one = &s->slots[set * SOURCE_WAYS + way];

		if (is_free(one)) {
			if (out_free)
				*out_free = one;
		} else if (one->mark == mark_of(hash)) {
			return one;
		}
	}
	return NULL;
}

bool source_is_full(const struct sources *s, const struct bj_ip *remote, enum source_count count)
{
	const struct source *one = s->limits[count] == UINT32_MAX ? NULL : find(s, hash_of(s, remote), NULL);

	return one && one->counts[count] >= s->limits[count];
}

void source_half_opened(struct bj_tcp *t)
{
	struct sources *s = &tcp_stack(t)->sources;
	struct source *one, *place = NULL;
	uint64_t hash;

	if (s->slot_count == 0)
		return;
	hash = hash_of(s, &t->key.remote);
	if (!s->slots)
		s->slots = (struct source *)calloc(s->slot_count, sizeof(*s->slots));
	one = find(s, hash, &place);
	if (!one && place) {
		one = place;
		one->mark = mark_of(hash);
	}
	if (!one)
		return;
	one->counts[SOURCE_HALF_OPEN]++;
	t->source_counted = true;
}

static struct source *entry_of(const struct bj_tcp *t)
{
	const struct sources *s = &tcp_stack(t)->sources;
	struct source *one = find(s, hash_of(s, &t->key.remote), NULL);

	check(one); /* it counts this connection */
	return one;
}

void source_established(struct bj_tcp *t)
{
	struct source *one;

	if (!t->source_counted)
		return;
	one = entry_of(t);
	one->counts[SOURCE_HALF_OPEN]--;
	one->counts[SOURCE_WAITING]++;
	if (tcp_stack(t)->sources.limits[SOURCE_OPEN] != UINT32_MAX)
		one->counts[SOURCE_OPEN]++;
}

void source_dequeued(struct bj_tcp *t)
{
	if (!t->source_counted)
		return;
	entry_of(t)->counts[t->accepted ? SOURCE_WAITING : SOURCE_HALF_OPEN]--;
	t->source_counted = t->accepted && tcp_stack(t)->sources.limits[SOURCE_OPEN] != UINT32_MAX;
}

void source_ended(struct bj_tcp *t)
{
	if (!t->source_counted)
		return;
	entry_of(t)->counts[SOURCE_OPEN]--;
	t->source_counted = false;
}
