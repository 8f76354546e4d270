/* wheel.c - see wheel.h. */
#include "base/wheel.h"

#include "base/check.h"

#define SLOT_MASK (WHEEL_SLOTS - 1)

static int64_t clamp(int64_t ms)
{
	return ms < 0 ? 0 : ms > WHEEL_MS_MAX ? WHEEL_MS_MAX : ms;
}

void wheel_init(struct wheel *w, int64_t now_ms)
{
	w->now_ms = clamp(now_ms);
	w->count = 0;
	list_init(&w->late);
	for (unsigned level = 0; level < WHEEL_LEVELS; level++) {
		w->used[level] = 0;
		for (unsigned slot = 0; slot < WHEEL_SLOTS; slot++)
			list_init(&w->slots[level][slot]);
	}
}

static unsigned slot_of(int64_t ms, unsigned level)
{
	return (unsigned)(ms >> (WHEEL_BITS * level)) & SLOT_MASK;
}

/* Puts a timer where its deadline belongs as seen from the wheel's time. */
static void place(struct wheel *w, struct timer *t)
{
	uint64_t differ = (uint64_t)(t->at_ms ^ w->now_ms);

	t->armed = true;
	if (t->at_ms <= w->now_ms) {
		t->level = WHEEL_LEVELS;
		list_push_back(&w->late, &t->link);
		return;
	}
	t->level = (uint8_t)((63 - __builtin_clzll(differ)) / WHEEL_BITS);
	t->slot = (uint8_t)slot_of(t->at_ms, t->level);
	w->used[t->level] |= UINT64_C(1) << t->slot;
	w->count++;
	list_push_back(&w->slots[t->level][t->slot], &t->link);
}

void wheel_remove(struct wheel *w, struct timer *t)
{
	if (!t->armed)
		return;
	t->armed = false;
	list_remove(&t->link);
	if (t->level == WHEEL_LEVELS)
		return;
	w->count--;
	if (list_is_empty(&w->slots[t->level][t->slot]))
		w->used[t->level] &= ~(UINT64_C(1) << t->slot);
}

void wheel_add(struct wheel *w, struct timer *t, int64_t at_ms)
{
	wheel_remove(w, t);
	t->at_ms = clamp(at_ms);
	place(w, t);
}

int64_t wheel_next_ms(const struct wheel *w)
{
	if (!list_is_empty(&w->late))
		return w->now_ms;
	/* All timers of a level come before all of the levels above it. */
	for (unsigned level = 0; level < WHEEL_LEVELS; level++) {
		unsigned shift = WHEEL_BITS * level;
		int64_t window = w->now_ms >> shift >> WHEEL_BITS << WHEEL_BITS << shift;

		if (w->used[level])
			return window | (int64_t)__builtin_ctzll(w->used[level]) << shift;
	}
	return INT64_MAX;
}

/* Time moves to the start of the first slot in use: what is there is due now or moves down. */
static void step(struct wheel *w, int64_t to_ms, struct list *due)
{
	struct list moved;
	struct list *link;

	list_init(&moved);
	for (unsigned level = 0; level < WHEEL_LEVELS; level++) {
		unsigned slot = slot_of(to_ms, level);

		if (!w->used[level])
			continue;
		check(w->used[level] & UINT64_C(1) << slot);
		w->used[level] &= ~(UINT64_C(1) << slot);
		list_append_all(&moved, &w->slots[level][slot]);
		break;
	}
	w->now_ms = to_ms;
	while ((link = list_pop_front(&moved))) {
		w->count--;
		place(w, CONTAINER_OF(link, struct timer, link));
	}
	list_append_all(due, &w->late);
}

void wheel_advance(struct wheel *w, int64_t now_ms, struct list *due)
{
	int64_t next;

	list_append_all(due, &w->late);
	now_ms = clamp(now_ms);
	while ((next = wheel_next_ms(w)) <= now_ms)
		step(w, next, due);
	if (now_ms > w->now_ms)
		w->now_ms = now_ms;
}

struct timer *wheel_take(struct list *due)
{
	struct list *link = list_pop_front(due);
	struct timer *t;

	if (!link)
		return NULL;
	t = CONTAINER_OF(link, struct timer, link);
	t->armed = false;
	return t;
}
