/* user_timeout.c - see user_timeout.h. */
#include "tcpip/user_timeout.h"

#include "tcpip/stack.h"

#define MINUTES 0x8000u
#define SECOND_US INT64_C(1000000)

int64_t user_timeout_us(const struct bj_tcp *t)
{
	const struct bj_tcp_options *o = tcp_options_of(t);
	int64_t theirs;

	if (!o->user_timeout_option || !t->rare || t->rare->remote_uto_s == 0)
		return o->user_timeout_us;
	theirs = i64_max((int64_t)t->rare->remote_uto_s, USER_TIMEOUT_MIN_S);
	return i64_max(o->user_timeout_us, i64_min(theirs, USER_TIMEOUT_MAX_S) * SECOND_US);
}

void user_timeout_offer(const struct bj_tcp *t, struct tcp_options *o)
{
	int64_t seconds = tcp_options_of(t)->user_timeout_us / SECOND_US;

	if (!tcp_options_of(t)->user_timeout_option || tcp_options_len(o) + 4 > TCP_OPTIONS_LEN_MAX)
		return;
	o->has_user_timeout = true;
	if (seconds < (int64_t)MINUTES)
		o->user_timeout = (uint16_t)i64_max(seconds, 1);
	else
		o->user_timeout = (uint16_t)(MINUTES | i64_min(seconds / 60, MINUTES - 1));
}

void user_timeout_take(struct bj_tcp *t, const struct tcp_options *o)
{
	uint32_t value = o->user_timeout & ~MINUTES;

	if (!o->has_user_timeout || value == 0 || !tcp_options_of(t)->user_timeout_option || !rare_of(t))
		return;
	t->rare->remote_uto_s = value * (o->user_timeout & MINUTES ? 60 : 1);
}
