/* limit.h - how often: a token bucket.
 *
 * It holds up to `burst` tokens and gets `per_second` new ones a second; each event takes one. Arithmetic is in thousandths of
 * a token, in which a millisecond's refill is a whole number, so nothing is rounded away.
 */
#ifndef BALANCE_LIMIT_H
#define BALANCE_LIMIT_H

#include <bojagi/base.h>

struct limit_rate {
	uint32_t per_second;
	uint32_t burst; /* at least 1 */
};

struct limit_bucket {
	uint64_t thousandths;
	int64_t at_ms;
};

/* A full bucket. */
struct limit_bucket limit_bucket_make(const struct limit_rate *rate, int64_t now_ms);
/* Takes one token; false, and nothing taken, if there is none. */
bool limit_bucket_take(struct limit_bucket *b, const struct limit_rate *rate, int64_t now_ms);

#endif
