/* ecn.c - see ecn.h. */
#include "tcpip/ecn.h"

#include "tcpip/accurate.h"
#include "tcpip/congestion.h"

#define ACE_ASK_PLAIN 3u /* ECE and CWR in a SYN */
#define ACE_PLAIN 1u     /* ECE in its answer */

static bool wants_accurate(const struct bj_tcp *t)
{
	return tcp_options_of(t)->ecn == BJ_ECN_ASK_ACCURATE;
}

/* Somebody on the way may drop SYNs that ask. The old way is asked for once (rfc3168:6.1.1.1), the accurate one twice (rfc9768:3.1.4.1). */
static bool may_ask(const struct bj_tcp *t)
{
	return (tcp_options_of(t)->ecn == BJ_ECN_ASK && t->timeouts == 0) || (wants_accurate(t) && t->timeouts <= 1);
}

uint16_t ecn_syn_flags(struct bj_tcp *t)
{
	if (t->state == BJ_TCP_SYN_RECEIVED)
		return !t->ecn_ok ? 0 : t->ecn_accurate ? accurate_syn_flags(t) : TCP_ECE;
	if (!may_ask(t))
		return 0;
	return wants_accurate(t) ? flags_of_ace(ACE_MASK) : TCP_ECE | TCP_CWR;
}

/* What nobody has given a meaning yet asks for accurate feedback, or agrees to it: rfc9768:3.1.3. */
static void take_syn(struct bj_tcp *t, const struct arrival *a, unsigned ace)
{
	const struct bj_tcp_options *o = tcp_options_of(t);

	if (o->ecn == BJ_ECN_OFF || ace == 0)
		return;
	/* if both opened at once, who did not ask for accurate feedback gave the other a reason not to use it */
	if (ace != ACE_ASK_PLAIN && (t->passive ? !o->no_accurate_ecn : wants_accurate(t)) && accurate_begin(t, a))
		return;
	t->ecn_ok = (ace & ACE_ASK_PLAIN) == ACE_ASK_PLAIN;
}

bool ecn_is_other_wish(const struct bj_tcp *t, const struct arrival *a)
{
	unsigned ace = ace_of(a);

	if (!t->ecn_ok || ace == 0 || tcp_options_of(t)->no_accurate_ecn)
		return false;
	return t->ecn_accurate == (ace == ACE_ASK_PLAIN);
}

void ecn_negotiate(struct bj_tcp *t, const struct arrival *a)
{
	unsigned ace = ace_of(a);

	t->ecn_ok = false;
	if (!(a->seg.flags & TCP_ACK))
		take_syn(t, a, ace);
	else if (ace == ACE_PLAIN)
		t->ecn_ok = wants_accurate(t) || tcp_options_of(t)->ecn == BJ_ECN_ASK;
	else if (wants_accurate(t) && ace != 0 && ace != ACE_MASK) /* neither nothing nor a mere echo */
		(void)accurate_begin(t, a);
}

void ecn_take(struct bj_tcp *t, const struct arrival *a)
{
	bool marked = (a->tos & IP_ECN_MASK) == IP_CE;

	if (!t->ecn_ok)
		return;
	if (t->ecn_accurate) {
		accurate_take(t, a);
		return;
	}
	if (a->seg.flags & TCP_CWR)
		t->ecn_echo = false;
	if (marked && a->seg.payload.len > 0 && tcp_may_receive(t)) { /* behind the peer's FIN nothing counts */
		t->ecn_echo = true;
		t->ack_now = true; /* the sooner it is known, the better */
		t->ecn_marks_seen = true;
	}
	if (a->seg.flags & TCP_ECE && !(a->seg.flags & TCP_SYN) && (tcp_has_unacked(t) || a->newly_delivered > 0))
		cc_congestion_told(t);
}

uint16_t ecn_flags(struct bj_tcp *t, bool is_new, bool pure)
{
	uint16_t flags = (uint16_t)((t->ecn_echo ? TCP_ECE : 0) | (is_new && t->cwr_due ? TCP_CWR : 0));

	if (is_new)
		t->cwr_due = false;
	return t->ecn_accurate ? accurate_flags(t, pure) : flags;
}
