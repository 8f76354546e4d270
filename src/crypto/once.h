/* once.h - something that is made once per process, by whoever needs it first. Private to src/crypto.
 *
 *     static struct once once;
 *     if (once_begin(&once)) { make it; once_end(&once); }
 *     use it
 *
 * Those who come meanwhile wait by spinning: what is made takes at most a millisecond.
 */
#ifndef CRYPTO_ONCE_H
#define CRYPTO_ONCE_H

#include <stdatomic.h>
#include <stdbool.h>

struct once {
	_Atomic(int) state; /* 0 not begun, 1 being made, 2 there */
};

static inline bool once_begin(struct once *o)
{
	int state = atomic_load_explicit(&o->state, memory_order_acquire);

	while (state != 2) {
		state = 0;
		if (atomic_compare_exchange_weak_explicit(&o->state, &state, 1, memory_order_acquire, memory_order_acquire))
			return true;
	}
	return false;
}

static inline void once_end(struct once *o)
{
	atomic_store_explicit(&o->state, 2, memory_order_release);
}

#endif
