/* retry.h - a budget for retries: they may add a share to the load, never multiply it.
 *
 * Every request pays in `percent` hundredths of a retry, every retry takes one out. A small reserve lets a quiet pool
 * retry too: RETRY_RESERVE at the start, and it grows back by one a second. What is saved is capped, so a quiet hour does
 * not pay for a storm. So over any stretch of time:
 *     retries <= requests * percent / 100 + RETRY_SAVED_MAX + seconds.
 */
#ifndef BALANCE_RETRY_H
#define BALANCE_RETRY_H

#include <bojagi/base.h>

#define RETRY_RESERVE 10
#define RETRY_SAVED_MAX 100

struct retry_budget {
	unsigned percent;  /* 0: no retries at all */
	int64_t hundredths; /* what is in it */
	int64_t refilled_at_ms;
};

static inline struct retry_budget retry_make(unsigned percent, int64_t now_ms)
{
	return (struct retry_budget){ percent, RETRY_RESERVE * 100, now_ms };
}

static inline void retry_pay_in(struct retry_budget *b, int64_t hundredths, int64_t cap)
{
	if (b->hundredths < cap)
		b->hundredths = b->hundredths + hundredths < cap ? b->hundredths + hundredths : cap;
}

/* A new request (not a retry). */
static inline void retry_note_request(struct retry_budget *b)
{
	retry_pay_in(b, b->percent, RETRY_SAVED_MAX * 100);
}

/* May this retry be made? Takes it out of the budget if so. */
static inline bool retry_take(struct retry_budget *b, int64_t now_ms)
{
	int64_t seconds = (now_ms - b->refilled_at_ms) / 1000;

	if (b->percent == 0)
		return false;
	if (seconds > 0) {
		retry_pay_in(b, (seconds < RETRY_RESERVE ? seconds : RETRY_RESERVE) * 100, RETRY_RESERVE * 100);
		b->refilled_at_ms += seconds * 1000;
	}
	if (b->hundredths < 100)
		return false;
	b->hundredths -= 100;
	return true;
}

#endif
