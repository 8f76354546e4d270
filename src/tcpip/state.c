/* state.c - see state.h. */
#include "tcpip/state.h"

#include "base/check.h"
#include "tcpip/stack.h"

#define TO(state) (1u << BJ_TCP_##state)

/* From each state to which; every state may end in CLOSED by abort, reset or timeout. */
static const uint16_t may_change[BJ_TCP_STATES] = {
	[BJ_TCP_CLOSED] = TO(LISTEN) | TO(SYN_SENT),
	[BJ_TCP_LISTEN] = TO(SYN_RECEIVED) | TO(ESTABLISHED) /* a cookie came back */ | TO(CLOSED),
	[BJ_TCP_SYN_SENT] = TO(SYN_RECEIVED) | TO(ESTABLISHED) | TO(CLOSED),
	[BJ_TCP_SYN_RECEIVED] = TO(ESTABLISHED) | TO(FIN_WAIT_1) | TO(CLOSED),
	[BJ_TCP_ESTABLISHED] = TO(FIN_WAIT_1) | TO(CLOSE_WAIT) | TO(CLOSED),
	[BJ_TCP_FIN_WAIT_1] = TO(FIN_WAIT_2) | TO(CLOSING) | TO(TIME_WAIT) | TO(CLOSED),
	[BJ_TCP_FIN_WAIT_2] = TO(TIME_WAIT) | TO(CLOSED),
	[BJ_TCP_CLOSE_WAIT] = TO(LAST_ACK) | TO(CLOSED),
	[BJ_TCP_CLOSING] = TO(TIME_WAIT) | TO(CLOSED),
	[BJ_TCP_LAST_ACK] = TO(CLOSED),
	[BJ_TCP_TIME_WAIT] = TO(CLOSED),
};

static const char *const names[BJ_TCP_STATES] = {
	"CLOSED", "LISTEN", "SYN-SENT", "SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1",
	"FIN-WAIT-2", "CLOSE-WAIT", "CLOSING", "LAST-ACK", "TIME-WAIT",
};

bool tcp_state_may_change(enum bj_tcp_state from, enum bj_tcp_state to)
{
	return may_change[from] >> to & 1;
}

void tcp_set_state(struct bj_tcp *t, enum bj_tcp_state to)
{
	enum bj_tcp_state from = (enum bj_tcp_state)t->state;

	check(tcp_state_may_change(from, to));
	t->state = (uint8_t)to;
	stack_event(t, BJ_EVENT_STATE, to, from, t->snd_nxt, 0);
}

const char *bj_tcp_state_name(enum bj_tcp_state state)
{
	return (unsigned)state < BJ_TCP_STATES ? names[state] : "?";
}
