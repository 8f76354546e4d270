/* wheel.h - a hierarchical timer wheel, driven by `now_ms`.
 *
 * Timers are part of the objects that they wake. Adding and removing take constant time. Level n has 64 slots of 64^n ms;
 * a timer stands at the level of the highest digit (of six bits) in which its deadline differs from the wheel's time, and
 * moves down as time comes near. Nothing expires early, and advancing to a time expires all that is due then, in order of
 * the deadline.
 *
 *     struct list due;
 *     struct timer *t;
 *
 *     list_init(&due);
 *     wheel_advance(&wheel, now_ms, &due);
 *     while ((t = wheel_take(&due)))
 *             ... CONTAINER_OF(t, struct thing, timer) ...
 *
 * While timers stand in `due`, handlers may add and remove any timer, those in `due` included.
 */
#ifndef BASE_WHEEL_H
#define BASE_WHEEL_H

#include "base/list.h"
#include <bojagi/base.h>

#define WHEEL_BITS 6
#define WHEEL_SLOTS (1 << WHEEL_BITS)
#define WHEEL_LEVELS 8
#define WHEEL_MS_MAX ((INT64_C(1) << (WHEEL_BITS * WHEEL_LEVELS)) - 1) /* later deadlines count as this one */

struct timer {
	struct list link;
	int64_t at_ms : 50;
	unsigned level : 4; /* WHEEL_LEVELS: due */
	unsigned slot : 6;
	bool armed : 1;     /* in a wheel or in a due list */
};

_Static_assert(sizeof(struct timer) == 3 * sizeof(void *), "objects with timers are many");

struct wheel {
	int64_t now_ms;
	size_t count;                 /* timers in the wheel */
	uint64_t used[WHEEL_LEVELS];  /* bit per slot: not empty */
	struct list slots[WHEEL_LEVELS][WHEEL_SLOTS];
	struct list late;             /* added with a deadline that had passed */
};

void wheel_init(struct wheel *w, int64_t now_ms);

static inline void timer_init(struct timer *t)
{
	*t = (struct timer){ 0 };
	list_init(&t->link);
}

static inline bool timer_is_armed(const struct timer *t)
{
	return t->armed;
}

/* Arms a timer, or moves one that is armed. A deadline that has passed is due at the next wheel_advance(). */
void wheel_add(struct wheel *w, struct timer *t, int64_t at_ms);
/* Disarms; harmless for a timer that is not armed. Takes it out of a due list too. */
void wheel_remove(struct wheel *w, struct timer *t);

/* When to call wheel_advance() next: never later than the first deadline, sometimes earlier (timers move down a level; at
 * most WHEEL_LEVELS times for each). INT64_MAX without timers. */
int64_t wheel_next_ms(const struct wheel *w);

/* Moves time on and appends what is due to `due`. A clock that goes back changes nothing. */
void wheel_advance(struct wheel *w, int64_t now_ms, struct list *due);
/* The next due timer, disarmed; null when there is none. */
struct timer *wheel_take(struct list *due);

#endif
