/* limit.c - see limit.h. */
#include "balance/limit.h"

struct limit_bucket limit_bucket_make(const struct limit_rate *rate, int64_t now_ms)
{
	return (struct limit_bucket){ (uint64_t)rate->burst * 1000, now_ms };
}

/* What the bucket holds now. */
static uint64_t level_now(const struct limit_bucket *b, const struct limit_rate *rate, int64_t now_ms)
{
	uint64_t full = (uint64_t)rate->burst * 1000;
	uint64_t elapsed = now_ms > b->at_ms ? (uint64_t)(now_ms - b->at_ms) : 0;

	if (rate->per_second == 0)
		return b->thousandths;
	if (elapsed > full / rate->per_second)
		return full;
	elapsed = b->thousandths + elapsed * rate->per_second;
	return elapsed < full ? elapsed : full;
}

bool limit_bucket_take(struct limit_bucket *b, const struct limit_rate *rate, int64_t now_ms)
{
	b->thousandths = level_now(b, rate, now_ms);
	if (now_ms > b->at_ms)
		b->at_ms = now_ms;
	if (b->thousandths < 1000)
		return false;
	b->thousandths -= 1000;
	return true;
}
