/* holds.h - counts who keeps a shared thing alive, without a cache line that all threads write.
 *
 * Owners are few and counted in one place. Holders (connections) come and go on every thread, and are counted in one of HOLDS_SHARDS places, each on a
 * line of its own: the thread's. A holder remembers its place and may leave on another thread. While there is an owner, nobody asks for the
 * sum; the last owner closes the places and adds them up, and from then on holders that leave are counted together.
 *
 * Nobody may come any more when the last owner has gone.
 */
#ifndef BASE_HOLDS_H
#define BASE_HOLDS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define HOLDS_SHARDS 16
#define HOLDS_LINE 64

struct holds {
	_Atomic(uint64_t) owners;
	_Atomic(uint64_t) left; /* of holders, once the places are closed */
	struct holds_shard {
		uint8_t space[HOLDS_LINE - sizeof(uint64_t)]; /* before each, so that none is beside what others read */
		_Atomic(uint64_t) count;
	} shards[HOLDS_SHARDS];
	uint8_t space[HOLDS_LINE];
};

void holds_init(struct holds *h); /* one owner */
void holds_own(struct holds *h);
/* True if nobody is left: the caller ends the thing. */
bool holds_disown(struct holds *h);

uint8_t holds_take(struct holds *h); /* the place */
bool holds_drop(struct holds *h, uint8_t place); /* true as above */
uint64_t holds_held(const struct holds *h); /* while there is an owner and nobody comes or goes: for tests */

#endif
