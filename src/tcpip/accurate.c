/* accurate.c - see accurate.h. ACE is the number that the flags AE, CWR and ECE make. */
#include "tcpip/accurate.h"

#include "tcpip/congestion.h"
#include "tcpip/ecn.h"

#define BYTES_MASK 0xffffffu
#define BYTES_LATE (UINT64_C(1) << 23) /* a first option after so many bytes may have gone round */
#define PENDING_MAX 3u       /* marked ACKs until one of ours tells of them: rfc9768:3.2.2.5.1 */
#define MEAN_ONE 64u
#define MEAN_USUAL 4u        /* segments for one ACK: where it is more, large steps are no lost ACKs */
#define MEAN_MAX 1000u
#define SHORT_LEN 8u         /* the option with two fields; one takes as much */
#define RESUME_BYTES (UINT32_C(1) << 16) /* until a stopped option is tried again, each time twice as long */
#define STOPS_MAX 14u
#define CERTAIN_MAX 7u       /* segments in which the flags cannot have gone round */

enum codepoint {
	NOT_ECT = 0,
	ECT1 = 1,
	ECT0 = 2,
	CE = 3,
};

/* How a handshake says what its packet looked like: rfc9768:3.1.1, tables 2 and 3. */
static uint8_t code_of(const struct arrival *a)
{
	static const uint8_t codes[] = { [NOT_ECT] = 2, [ECT1] = 3, [ECT0] = 4, [CE] = ACE_CE };

	return codes[a->tos & IP_ECN_MASK];
}

/* Our SYNs are not capable, so none can have become so: rfc9768:3.2.2.3. The numbers that mean nothing yet accuse nobody. */
static bool code_is_impossible(unsigned ace)
{
	return ace == 3 || ace == 4 || ace == ACE_CE;
}

static struct tcp_accurate *accurate_of(const struct bj_tcp *t)
{
	return &t->rare->accurate;
}

/* ---- what comes: the receiver of bytes */

void accurate_count(struct bj_tcp *t, const struct arrival *a)
{
	struct tcp_accurate *c = accurate_of(t);
	unsigned codepoint = a->tos & IP_ECN_MASK;
	uint32_t packets = 1;

	if (codepoint == NOT_ECT)
		return;
	c->r_bytes[codepoint - 1] += a->payload_len;
	if (a->payload_len > 0)
		c->changed |= (uint8_t)(1u << codepoint);
	if (codepoint != CE)
		return;
	if (a->segment_len > 0 && a->payload_len > a->segment_len)
		packets = (a->payload_len + a->segment_len - 1) / a->segment_len;
	c->r_cep += packets;
	t->ecn_marks_seen = true;
	c->ce_pending = (uint8_t)u32_min(c->ce_pending + packets, UINT8_MAX);
	/* an ACK for ACKs is no duplicate where SACK is: it has no block */
	t->ack_now |= (a->payload_len > 0 && tcp_may_receive(t)) || (c->ce_pending >= PENDING_MAX && t->sack_ok);
}

/* ---- the handshake */

/* rfc9768:3.2.3.2.4 */
static bool is_wiped(const struct tcp_options *o)
{
	for (size_t i = 0; i < o->ecn_count; i++)
		if (o->ecn[i] == 0 && tcp_ecn_codepoint(o->ecn_ect1_first, i) != CE)
			return true;
	return false;
}

static void take_first_option(struct tcp_accurate *c, const struct tcp_options *o)
{
	c->option_seen |= o->has_ecn;
	c->option_ignored |= o->has_ecn && is_wiped(o);
}

bool accurate_begin(struct bj_tcp *t, const struct arrival *a)
{
	struct tcp_rare *rare = rare_of(t);
	bool opens = a->seg.flags & TCP_ACK;

	if (!rare)
		return false;
	t->ecn_ok = t->ecn_accurate = true;
	rare->accurate = (struct tcp_accurate){ .r_cep = ACCURATE_CEP_START, .s_cep = ACCURATE_CEP_START, .code = code_of(a), .code_due = opens,
						.code_expected = !opens, .first_due = opens,
						.r_bytes = { ACCURATE_BYTES_START, ACCURATE_BYTES_START, 0 }, .s_bytes = { ACCURATE_BYTES_START, ACCURATE_BYTES_START, 0 } };
	if (!opens)
		return true; /* what the SYN looked like is told, and not counted */
	accurate_count(t, a);
	take_first_option(&rare->accurate, &a->seg.options);
	t->ecn_no_ect = code_is_impossible(ace_of(a));
	return true;
}

void accurate_syn_again(struct bj_tcp *t, const struct arrival *a)
{
	struct tcp_accurate *c = accurate_of(t);

	c->code = code_of(a);
	c->syn_again = true;
	if (a->seg.flags & TCP_ACK)
		c->code_due = true;
	else
		t->ecn_no_ect |= ace_of(a) == 0;
}

/* The third segment tells what our SYN-ACK looked like, if it is a mere ACK: rfc9768:3.2.2.1, table 4. Else it counts already. */
static void take_code(struct bj_tcp *t, const struct arrival *a)
{
	struct tcp_accurate *c = accurate_of(t);
	unsigned ace = ace_of(a);

	c->code_expected = false;
	take_first_option(c, &a->seg.options);
	if (a->payload_len > 0 || a->end != a->seq || a->seg.options.sack_count > 0) {
		c->s_cep += (ace - c->s_cep) & ACE_MASK;
		ace = ace == 0 ? 0 : ACCURATE_CEP_START;
	}
	if (ace == ACE_CE)
		c->s_cep++;
	c->deaf = ace == 0; /* somebody wipes the flags, or the peer does not know them: marks would not be told */
	t->ecn_no_ect |= ace == 0 || code_is_impossible(ace);
}

/* ---- what the peer tells: the sender of bytes */

/* False: nothing that can be believed. `out_marked` are the bytes that came marked since the last option. */
static bool take_option(struct bj_tcp *t, const struct tcp_options *o, uint32_t *out_marked)
{
	struct tcp_accurate *c = accurate_of(t);
	bool good = true;

	if (!o->has_ecn || c->option_ignored)
		return false;
	if (!c->option_seen && t->bytes_acked >= BYTES_LATE) {
		c->option_ignored = true;
		return false;
	}
	c->option_seen = true;
	*out_marked = 0;
	for (size_t i = 0; i < o->ecn_count; i++) {
		unsigned codepoint = tcp_ecn_codepoint(o->ecn_ect1_first, i);
		uint32_t *bytes = &c->s_bytes[codepoint - 1], more = (o->ecn[i] - *bytes) & BYTES_MASK;

		if (more > BYTES_MASK / 2) {
			good = false; /* goes back: an old one, or it was changed on the way */
			continue;
		}
		*bytes += more;
		if (codepoint == CE)
			*out_marked = more;
	}
	return good;
}

/* How many marks the flags stand for, which say it only up to multiples of eight: rfc9768:A.2. */
static uint32_t safest_likely(const struct bj_tcp *t, uint32_t acked, uint32_t least, bool has_bytes, uint32_t marked)
{
	uint32_t most = acked - ((acked - least) & ACE_MASK);

	if (acked <= ACE_MASK)
		return least;
	if (!has_bytes) /* ACKs for so many are the rule: then hardly one got lost */
		return accurate_of(t)->acked_mean > MEAN_USUAL * MEAN_ONE ? least : most;
	return marked <= least * t->mss && marked < most * t->mss / 2 ? least : most;
}

static void learn_mean(struct tcp_accurate *c, uint32_t acked)
{
	uint32_t sample = u32_min(acked, MEAN_MAX) * MEAN_ONE;

	if (acked > 0)
		c->acked_mean = c->acked_mean ? (uint16_t)(c->acked_mean - c->acked_mean / MEAN_ONE + sample / MEAN_ONE) : (uint16_t)sample;
}

/* rfc9768:3.2.3.2.5: bytes came marked in no packet. */
static bool is_inconsistent(const struct tcp_accurate *c, uint32_t marked)
{
	return marked > 0 && c->cep_since == 0 && c->acked_since <= CERTAIN_MAX;
}

static void take_feedback(struct bj_tcp *t, const struct arrival *a)
{
	struct tcp_accurate *c = accurate_of(t);
	unsigned ace = ace_of(a);
	uint32_t acked = a->newly_delivered, marked = 0, more;
	bool has_bytes;

	if (!c->feedback_seen && ace == 0 && acked + (c->s_cep & ACE_MASK) <= ACE_MASK) {
		c->deaf = t->ecn_no_ect = true; /* rfc9768:3.2.2.4 */
	}
	c->feedback_seen = true;
	if ((acked == 0 && !a->ts_newer) || seq_lt(a->seg.ack, t->snd_una))
		return; /* it may be older than what was heard already: rfc9768:A.1 */
	has_bytes = take_option(t, &a->seg.options, &marked);
	learn_mean(c, acked);
	more = safest_likely(t, acked, (ace - c->s_cep) & ACE_MASK, has_bytes, marked);
	c->s_cep += more;
	c->cep_since = (uint16_t)u32_min(c->cep_since + more, UINT16_MAX);
	c->acked_since = (uint16_t)u32_min(c->acked_since + acked, UINT16_MAX);
	if (has_bytes) {
		t->ecn_no_ect |= is_inconsistent(c, marked);
		c->cep_since = c->acked_since = 0;
	}
	if ((more > 0 || marked > 0) && !c->deaf && (tcp_has_unacked(t) || acked > 0))
		cc_congestion_told(t);
}

static bool goes_always(const struct bj_tcp *t)
{
	return tcp_options_of(t)->ecn_option == BJ_ECN_OPTION_ALWAYS;
}

void accurate_take(struct bj_tcp *t, const struct arrival *a)
{
	struct tcp_accurate *c = accurate_of(t);

	accurate_count(t, a);
	c->option_stopped &= seq_lt(t->rcv_nxt, c->resume_at);
	if (c->option_out && (seq_ge(t->snd_una, c->first_end) || (goes_always(t) && a->newly_delivered > 0)))
		c->option_out = false; /* it passes */
	if (!(a->seg.flags & TCP_ACK) || a->seg.flags & TCP_SYN)
		return;
	if (c->code_expected)
		take_code(t, a);
	else
		take_feedback(t, a);
}

/* ---- what leaves */

/* A SYN-ACK that is not answered may be one that somebody does not let through: first the option goes, then the flags. */
uint16_t accurate_syn_flags(struct bj_tcp *t)
{
	if (t->timeouts < 2)
		return flags_of_ace(accurate_of(t)->code);
	t->ecn_no_ect = true; /* rfc9768:3.1.5 */
	return 0;
}

static void fill(const struct bj_tcp *t, uint8_t fields, bool ect1_first, struct tcp_options *o)
{
	o->has_ecn = true;
	o->ecn_ect1_first = ect1_first;
	o->ecn_count = fields;
	for (size_t i = 0; i < fields; i++)
		o->ecn[i] = accurate_of(t)->r_bytes[tcp_ecn_codepoint(ect1_first, i) - 1] & BYTES_MASK;
}

void accurate_syn_option(const struct bj_tcp *t, struct tcp_options *o)
{
	if (t->timeouts == 0 && !accurate_of(t)->syn_again && tcp_options_of(t)->ecn_option != BJ_ECN_OPTION_NEVER &&
	    tcp_options_len(o) + ACCURATE_OPTION_LEN <= TCP_OPTIONS_LEN_MAX)
		fill(t, TCP_ECN_FIELDS_MAX, true, o);
}

uint16_t accurate_flags(const struct bj_tcp *t, bool pure)
{
	const struct tcp_accurate *c = accurate_of(t);

	return flags_of_ace(c->code_due && pure ? c->code : c->r_cep & ACE_MASK);
}

/* Not for good: it may have been chance (rfc9768:3.2.3.2.2). */
static void stop_option(struct bj_tcp *t)
{
	struct tcp_accurate *c = accurate_of(t);

	c->option_stopped = true;
	c->resume_at = t->rcv_nxt + (RESUME_BYTES << c->stops);
	if (c->stops < STOPS_MAX)
		c->stops++;
	c->duplicate_told = c->option_out = false;
}

/* The peer sends again what an ACK with the option told him is there: rfc9768:3.2.3.2.2. */
static bool is_told_in_vain(const struct bj_tcp *t)
{
	const struct tcp_accurate *c = accurate_of(t);

	return t->dsack_due && c->duplicate_told && c->duplicate_at == t->rare->dsack_start;
}

static bool option_is_due(const struct bj_tcp *t, bool bare)
{
	const struct tcp_accurate *c = accurate_of(t);

	if (c->option_stopped || tcp_options_of(t)->ecn_option == BJ_ECN_OPTION_NEVER || is_told_in_vain(t))
		return false;
	return goes_always(t) ? c->option_seen : c->changed || c->first_due || c->code_due || (c->repeat_due && bare);
}

struct accurate_share accurate_share(const struct bj_tcp *t, uint32_t blocks, uint32_t room, bool bare)
{
	uint32_t most = (room - 4) / 8, least = u32_min(blocks, 2), sack = least ? 4 + 8 * least : 0;
	struct accurate_share share = { .blocks = (uint8_t)u32_min(blocks, most) };
	unsigned changed;

	if (!option_is_due(t, bare))
		return share;
	changed = accurate_of(t)->changed;
	if (sack + ACCURATE_OPTION_LEN <= room)
		share = (struct accurate_share){ .fields = TCP_ECN_FIELDS_MAX, .ect1_first = true };
	else if (sack + SHORT_LEN <= room && changed && (changed & (1u << ECT0 | 1u << ECT1)) != (1u << ECT0 | 1u << ECT1))
		share = (struct accurate_share){ .fields = 2, .ect1_first = !(changed & 1u << ECT0) };
	else
		return share;
	most = (room - 4 - (share.fields > 2 ? ACCURATE_OPTION_LEN : SHORT_LEN)) / 8;
	share.blocks = (uint8_t)u32_min(blocks, most);
	return share;
}

void accurate_option(const struct bj_tcp *t, const struct accurate_share *share, struct tcp_options *o)
{
	if (share->fields)
		fill(t, share->fields, share->ect1_first, o);
}

void accurate_sent(struct bj_tcp *t, const struct tcp_options *o, uint32_t end, uint32_t len)
{
	struct tcp_accurate *c = accurate_of(t);

	c->code_due = false;
	c->ce_pending = 0;
	if (is_told_in_vain(t))
		stop_option(t);
	if (!o->has_ecn)
		return;
	c->repeat_due = c->changed;
	for (size_t i = 0; i < o->ecn_count; i++)
		c->changed &= (uint8_t)~(1u << tcp_ecn_codepoint(o->ecn_ect1_first, i));
	if (t->dsack_due) {
		c->duplicate_told = true;
		c->duplicate_at = t->rare->dsack_start;
	}
	if (len > 0 && c->first_due) {
		c->first_due = false;
		c->option_out = true;
		c->first_end = end;
	}
}

void accurate_resent(struct bj_tcp *t, uint32_t seq)
{
	struct tcp_accurate *c = accurate_of(t);

	if (c->option_out && seq_lt(seq, c->first_end))
		stop_option(t);
}

bool accurate_ack_goes_first(const struct bj_tcp *t)
{
	return accurate_of(t)->code_due && (t->ack_now || t->challenge_due);
}
