/* holds.c - see holds.h.
 *
 * Closing a place adds CLOSED to its count: whoever leaves it later sees that, and is taken off `left` instead. `left` begins at CLOSED as
 * well, so that it cannot be zero before all places are added up.
 */
#include "base/holds.h"

#include "base/check.h"

#define CLOSED ((uint64_t)1 << 62)

/* Threads get places in turn, once each: neighbours share none. */
static uint8_t place_of_thread(void)
{
	static atomic_uint next;
	static _Thread_local unsigned mine; /* plus one */

	if (mine == 0)
		mine = 1 + atomic_fetch_add_explicit(&next, 1, memory_order_relaxed) % HOLDS_SHARDS;
	return (uint8_t)(mine - 1);
}

void holds_init(struct holds *h)
{
	atomic_init(&h->owners, 1);
	atomic_init(&h->left, CLOSED);
	for (int i = 0; i < HOLDS_SHARDS; i++)
		atomic_init(&h->shards[i].count, 0);
}

void holds_own(struct holds *h)
{
	atomic_fetch_add_explicit(&h->owners, 1, memory_order_relaxed);
}

bool holds_disown(struct holds *h)
{
	uint64_t sum = 0;

	if (atomic_fetch_sub_explicit(&h->owners, 1, memory_order_acq_rel) != 1)
		return false;
	for (int i = 0; i < HOLDS_SHARDS; i++)
		sum += atomic_fetch_add_explicit(&h->shards[i].count, CLOSED, memory_order_acq_rel);
	return atomic_fetch_add_explicit(&h->left, sum - CLOSED, memory_order_acq_rel) + sum == CLOSED;
}

uint8_t holds_take(struct holds *h)
{
	uint8_t place = place_of_thread();

	check(atomic_fetch_add_explicit(&h->shards[place].count, 1, memory_order_relaxed) < CLOSED);
	return place;
}

bool holds_drop(struct holds *h, uint8_t place)
{
	if (atomic_fetch_sub_explicit(&h->shards[place].count, 1, memory_order_acq_rel) < CLOSED)
		return false;
	return atomic_fetch_sub_explicit(&h->left, 1, memory_order_acq_rel) == 1;
}

uint64_t holds_held(const struct holds *h)
{
	uint64_t sum = 0;

	for (int i = 0; i < HOLDS_SHARDS; i++)
		sum += atomic_load_explicit(&h->shards[i].count, memory_order_relaxed);
	return sum;
}
