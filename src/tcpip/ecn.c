/* ecn.c - see ecn.h. ACE is the number that the flags AE, CWR and ECE make in accurate feedback. */
#include "tcpip/ecn.h"

#include "tcpip/congestion.h"

#define ACE_MASK 7u
#define CEP_START 5 /* so that feedback that was zeroed on the way can be told from none: rfc9768:3.2.1 */
#define ACE_CE 6u   /* "it was marked" in a handshake */

static uint16_t flags_of_ace(unsigned ace)
{
	return (uint16_t)((ace & 4 ? TCP_AE : 0) | (ace & 2 ? TCP_CWR : 0) | (ace & 1 ? TCP_ECE : 0));
}

static unsigned ace_of(const struct arrival *a)
{
	return (a->seg.flags & TCP_AE ? 4u : 0u) | (a->seg.flags & TCP_CWR ? 2u : 0u) | (a->seg.flags & TCP_ECE ? 1u : 0u);
}

/* How a handshake says what its packet looked like: rfc9768:3.1.1, table 2 and 3. */
static uint8_t handshake_code(const struct arrival *a)
{
	static const uint8_t codes[] = { 2, 3, 4, ACE_CE };

	return codes[a->tos & IP_ECN_MASK];
}

static bool is_marked(const struct arrival *a)
{
	return (a->tos & IP_ECN_MASK) == IP_CE;
}

/* Somebody on the way may drop SYNs that ask. The old way is asked for once (rfc3168:6.1.1.1), the accurate one twice (rfc9768:3.1.4.1). */
static bool may_ask(const struct bj_tcp *t)
{
	enum bj_ecn wish = tcp_options_of(t)->ecn;

	return (wish == BJ_ECN_ASK && t->timeouts == 0) || (wish == BJ_ECN_ASK_ACCURATE && t->timeouts <= 1);
}

uint16_t ecn_syn_flags(const struct bj_tcp *t)
{
	enum bj_ecn wish = tcp_options_of(t)->ecn;

	if (t->state == BJ_TCP_SYN_RECEIVED)
		return !t->ecn_ok ? 0 : t->ecn_accurate ? flags_of_ace(t->ecn_code) : TCP_ECE;
	if (!may_ask(t))
		return 0;
	return wish == BJ_ECN_ASK ? TCP_ECE | TCP_CWR : flags_of_ace(ACE_MASK);
}

static void begin_accurate(struct bj_tcp *t, const struct arrival *a)
{
	t->ecn_ok = t->ecn_accurate = true;
	t->ecn_first = true;
	t->ecn_code = handshake_code(a);
	t->r_cep = (uint8_t)(CEP_START + is_marked(a));
	t->s_cep = CEP_START;
}

void ecn_negotiate(struct bj_tcp *t, const struct arrival *a)
{
	const struct bj_tcp_options *o = tcp_options_of(t);
	unsigned ace = ace_of(a);

	if (!(a->seg.flags & TCP_ACK)) {
		t->ecn_ok = (ace & 3) == 3 && o->ecn != BJ_ECN_OFF;
		if (t->ecn_ok && ace == ACE_MASK && t->passive)
			begin_accurate(t, a);
		return;
	}
	if (o->ecn == BJ_ECN_ASK_ACCURATE && may_ask(t) && (ace == 2 || ace == 3 || ace == 4 || ace == ACE_CE)) {
		begin_accurate(t, a);
		t->s_cep = (uint8_t)(CEP_START + (ace == ACE_CE));
	} else {
		t->ecn_ok = ace == 1 && (o->ecn == BJ_ECN_ASK || o->ecn == BJ_ECN_ASK_ACCURATE);
	}
}

/* rfc9768:3.2.2 */
static void take_accurate(struct bj_tcp *t, const struct arrival *a)
{
	unsigned ace = ace_of(a), more;

	if (is_marked(a)) {
		t->r_cep++;
		t->ecn_marks_seen = true;
		t->ack_now |= a->seg.payload.len > 0;
	}
	if (!(a->seg.flags & TCP_ACK) || a->seg.flags & TCP_SYN)
		return;
	if (t->passive && t->ecn_first) { /* what our SYN-ACK looked like: table 4 */
		t->ecn_first = false;
		t->ecn_no_ect = ace == 0; /* somebody on the way wipes the flags: our marks would not be told */
		t->s_cep = (uint8_t)(CEP_START + (ace == ACE_CE));
		return;
	}
	more = (ace - t->s_cep) & ACE_MASK;
	if (more == 0 || seq_lt(a->seg.ack, t->snd_una))
		return;
	t->s_cep = (uint8_t)(t->s_cep + more);
	if (t->flight)
		cc_congestion_told(t);
}

void ecn_take(struct bj_tcp *t, const struct arrival *a)
{
	if (!t->ecn_ok)
		return;
	if (t->ecn_accurate) {
		take_accurate(t, a);
		return;
	}
	if (a->seg.flags & TCP_CWR)
		t->ecn_echo = false;
	if (is_marked(a) && a->seg.payload.len > 0) {
		t->ecn_echo = true;
		t->ack_now = true; /* the sooner it is known, the better */
		t->ecn_marks_seen = true;
	}
	if (a->seg.flags & TCP_ECE && !(a->seg.flags & TCP_SYN) && t->flight)
		cc_congestion_told(t);
}

uint16_t ecn_flags(struct bj_tcp *t, bool is_new)
{
	uint16_t flags = t->ecn_echo ? TCP_ECE : 0;

	if (t->ecn_accurate) {
		bool first = t->ecn_first && !t->passive;

		t->ecn_first &= !first;
		return flags_of_ace(first ? t->ecn_code : t->r_cep & ACE_MASK);
	}
	if (is_new && t->cwr_due) {
		t->cwr_due = false;
		flags |= TCP_CWR;
	}
	return flags;
}
