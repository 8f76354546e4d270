/* diff.c - tcp-diff: random packets and calls, the same ones to our TCP and to the kernel's, and what differs in their answers.
 *
 *     tcp-diff SEED COUNT [-v] [-e]     COUNT cases from SEED on (-e: with marks); exit 0: every difference is explained; 1: some are not; 77: not possible here
 *
 * A difference is explained by a row of tcp_diff.def; docs/tcp-differences.md is that list in prose. After a difference the two may be in
 * different states, so its case ends there unless the row says that nothing follows from it. A case is repeated by its own seed: SEED 1.
 */
#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "diff/player.h"

#define STEPS_MAX 40
#define COUNT_MAX 25000
#define PORT_FIRST 5000
#define PORT_AGAIN (PORT_FIRST + COUNT_MAX) /* what differs is tried again: the kernel's timers run in real time, and a busy machine is slow */
#define BYTES_MAX 12000 /* each way in a case: no window is filled */
#define ANSWER_TEXT 320
#define NOT_POSSIBLE 77

struct row {
	const char *state, *tags, *ours, *theirs, *why;
	bool goes_on;
	unsigned long seen;
};

static struct row rows[] = {
#define DIFFERENCE(state, tags, ours, theirs, goes_on, why) { state, tags, ours, theirs, why, goes_on, 0 },
#define AND_ENDS false
#define AND_GOES_ON true
#include "diff/tcp_diff.def"
};

/* What the peer, whom we play, knows. All numbers relative. */
struct peer {
	bool ts, sack, scaled, synced, accepted, closed, opened;
	uint32_t nxt;        /* what the side expects from us */
	uint32_t side_nxt;   /* behind all that the side sent */
	uint32_t una;        /* the highest ACK that we sent */
	uint32_t ts_now;
	uint32_t sent, written;
	uint32_t fins[STEPS_MAX]; /* where FINs of ours ended */
	size_t fin_count;
	bool ecn;
};

static bool one_in(struct prng *g, uint32_t n)
{
	return prng_below(g, n) == 0;
}

static void tag(struct step *s, const char *text)
{
	size_t len = strlen(s->tags);

	snprintf(s->tags + len, sizeof(s->tags) - len, " %s", text);
}

/* ---- making steps */

static void choose_place(struct prng *g, const struct peer *p, struct step *s)
{
	uint32_t back = p->nxt > 1 ? 1 + prng_below(g, p->nxt < 2000 ? p->nxt : 2000) : 1;

	s->seq = p->nxt;
	switch (prng_below(g, 24)) {
	case 0: s->seq -= back; tag(s, "old"); break;
	case 1: s->seq += 1 + prng_below(g, 2000); tag(s, "early"); break;
	case 2: s->seq -= 1; tag(s, "old"); break;
	case 3:
		if (one_in(g, 3)) {
			s->seq += 0x20000000u * (1 + 6 * prng_below(g, 2));
			tag(s, "far");
		}
		break;
	default: break;
	}
}

static void choose_ack(struct prng *g, const struct peer *p, struct step *s)
{
	s->ack = p->side_nxt;
	switch (prng_below(g, 24)) {
	case 0: s->ack = p->una; tag(s, "ack=same"); break;
	case 1: s->ack = p->una + prng_below(g, p->side_nxt - p->una + 1); tag(s, "ack=part"); break;
	case 2: s->ack = p->side_nxt + 1 + prng_below(g, 1000); tag(s, "ack=unsent"); break;
	case 3: s->ack = p->una - 1 - prng_below(g, 20); tag(s, "ack=older"); break;
	case 4: s->ack = p->una - 200000; tag(s, "ack=ancient"); break;
	case 5: s->ack = (uint32_t)prng_next(g); tag(s, "ack=random"); break;
	default: break;
	}
}

static void choose_flags(struct prng *g, struct step *s)
{
	s->flags = TCP_ACK;
	if (s->len > 0 && one_in(g, 3))
		s->flags |= TCP_PSH;
	switch (prng_below(g, 40)) {
	case 0: case 1: case 2: case 3: s->flags |= TCP_FIN; tag(s, "fin"); break;
	case 4: s->flags |= TCP_SYN; tag(s, "syn"); break;
	case 5: s->flags |= TCP_RST; tag(s, "rst"); break;
	case 6: s->flags = TCP_RST; tag(s, "rst noack"); break;
	case 7: s->flags = TCP_SYN; tag(s, "syn noack"); break;
	case 8: s->flags = s->flags & (uint16_t)~TCP_ACK; tag(s, "noack"); break;
	case 9: s->flags = TCP_FIN; tag(s, "fin noack"); break;
	case 10: s->flags |= TCP_SYN | TCP_FIN; tag(s, "syn fin"); break;
	case 11: s->flags = 0; tag(s, "noack"); break;
	default: break;
	}
}

static void choose_options(struct prng *g, struct peer *p, struct step *s)
{
	s->has_ts = p->ts;
	s->ts_val = p->ts_now += 1 + prng_below(g, 3);
	switch (prng_below(g, 40)) {
	case 0: s->has_ts = false; tag(s, p->ts ? "ts=none" : "plain"); break;
	case 1: s->ts_val -= 5000; tag(s, p->ts ? "ts=old" : "plain"); break;
	case 2: s->ecr_wrong = true; tag(s, p->ts ? "ecr=wrong" : "plain"); break;
	case 3:
		if (!p->ts && !(s->flags & TCP_SYN)) {
			s->has_ts = true;
			tag(s, "ts=unasked");
		}
		break;
	case 4: s->odd = (uint8_t)(1 + prng_below(g, 5)); tag(s, s->odd == 1 ? "option=unknown" : "option=malformed"); break;
	case 5: s->bad_checksum = true; tag(s, "checksum"); break;
	case 6: s->bad_offset = true; tag(s, "offset"); break;
	case 7: s->window = 0; tag(s, "window=0"); break;
	case 8: s->window = 5000; break;
	case 9: s->has_mss = true; s->mss = 600; tag(s, "mss"); break;
	default: break;
	}
	if (p->sack && p->side_nxt - p->una > 2 && one_in(g, 8)) {
		uint32_t room = p->side_nxt - p->una - 1, at = prng_below(g, room);

		s->block_count = 1;
		s->blocks[0] = (struct tcp_block){ p->una + 1 + at, p->una + 1 + at + 1 + prng_below(g, room - at) };
		tag(s, "sack");
		if (one_in(g, 4)) {
			s->blocks[0].end += 100000;
			tag(s, "sack=wrong");
		}
	}
}

/* How it comes in, and what it says of what came to us. */
static void choose_ecn(struct prng *g, const struct peer *p, struct step *s)
{
	if (!p->ecn)
		return;
	s->tos = (uint8_t)(one_in(g, 2) ? 2 : prng_below(g, 4));
	if (s->tos == 3)
		tag(s, "ce");
	if (s->tos && s->flags & TCP_SYN)
		tag(s, "capable");
	if (one_in(g, 6)) {
		s->flags |= TCP_CWR;
		tag(s, "cwr");
	}
	if (p->una > 0 && one_in(g, 8)) { /* with the ACK of a SYN it would be of nothing that can be marked */
		s->flags |= TCP_ECE;
		tag(s, "ece");
	}
}

static void make_segment(struct prng *g, struct peer *p, struct step *s)
{
	static const uint16_t lens[] = { 1, 10, 100, 536, 1000, 1200 };

	s->kind = STEP_SEGMENT;
	s->window = 20000;
	if (one_in(g, 2) && p->sent < BYTES_MAX) {
		s->len = lens[prng_below(g, 6)];
		p->sent += s->len;
		tag(s, "data");
	}
	choose_place(g, p, s);
	choose_flags(g, s);
	if (s->flags & TCP_ACK)
		choose_ack(g, p, s);
	choose_options(g, p, s);
	choose_ecn(g, p, s);
	if (s->flags & TCP_URG)
		s->urgent = 1;
}

static void make_call(struct prng *g, struct peer *p, struct step *s)
{
	static const uint16_t lens[] = { 1, 10, 100, 1000, 1460, 3000 };

	switch (prng_below(g, 16)) {
	case 0: s->kind = STEP_SHUTDOWN; tag(s, "shutdown"); break;
	case 1: s->kind = STEP_CLOSE; tag(s, "close"); break;
	case 2:
		s->kind = one_in(g, 2) ? STEP_ABORT : STEP_CLOSE;
		tag(s, s->kind == STEP_ABORT ? "abort" : "close");
		break;
	case 3: case 4: case 5: case 6: case 7: case 8: s->kind = STEP_READ; tag(s, "read"); break;
	default:
		s->kind = STEP_WRITE;
		s->len = p->written < BYTES_MAX / 3 ? lens[prng_below(g, 6)] : 1;
		p->written += s->len;
		tag(s, "write");
	}
	p->closed |= s->kind == STEP_CLOSE || s->kind == STEP_ABORT;
}

static void make_syn(struct prng *g, struct peer *p, const struct scene *scene, struct step *s)
{
	static const uint16_t sizes[] = { 536, 1000, 1460 };

	s->kind = STEP_SEGMENT;
	s->flags = TCP_SYN;
	s->window = 20000;
	s->has_mss = !one_in(g, 4);
	s->mss = sizes[prng_below(g, 3)];
	p->ts = s->has_ts = one_in(g, 2);
	p->sack = s->has_sack_permitted = one_in(g, 2);
	p->scaled = s->has_scale = one_in(g, 2);
	s->scale = (uint8_t)prng_below(g, 3);
	p->ts_now = s->ts_val = (uint32_t)prng_next(g);
	tag(s, "syn noack");
	if (scene->active && !one_in(g, 4)) {
		s->flags |= TCP_ACK;
		s->ack = 1;
		snprintf(s->tags, sizeof(s->tags), " syn");
	}
	if (one_in(g, 12)) {
		s->len = 10;
		tag(s, "data");
	}
	if (scene->ecn) {
		p->ecn = !one_in(g, 8);
		s->flags |= p->ecn && s->flags & TCP_ACK ? TCP_ECE : p->ecn ? TCP_ECE | TCP_CWR : !scene->active && one_in(g, 2) ? TCP_CWR : 0;
		s->tos = (uint8_t)(one_in(g, 8) ? prng_below(g, 4) : 0);
		tag(s, p->ecn ? "ecn" : "plain");
		if (s->tos)
			tag(s, "capable");
	}
	p->opened = true;
}

static void make_step(struct prng *g, struct peer *p, const struct scene *scene, struct step *s)
{
	*s = (struct step){ 0 };
	if (!p->opened && !one_in(g, 12)) {
		make_syn(g, p, scene, s);
		return;
	}
	if (!scene->active && p->synced && !p->accepted && one_in(g, 2)) {
		s->kind = STEP_ACCEPT;
		tag(s, "accept");
		return;
	}
	if ((scene->active || p->accepted) && !p->closed && one_in(g, 3))
		make_call(g, p, s);
	else
		make_segment(g, p, s);
}

/* ---- comparing */

static void put(char *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(char *out, const char *format, ...)
{
	size_t len = strlen(out);
	va_list args;

	va_start(args, format);
	vsnprintf(out + len, ANSWER_TEXT - len, format, args);
	va_end(args);
}

static void answer_text(const struct answer *a, bool is_call, bool with_ecn, int state, char out[ANSWER_TEXT])
{
	out[0] = 0;
	if (is_call)
		put(out, "%ld %s ", a->result, a->error ? a->error : "");
	if (a->sent && !(is_call && a->data_start == a->data_end)) { /* after a call: a window that opens, each at its own time */
		put(out, "%s%sack %u ", a->syn ? "SYN " : "", a->fin ? "FIN " : "", a->ack);
		if (a->data_start != a->data_end)
			put(out, "bytes %u:%u ", a->data_start, a->data_end);
		if (a->has_ts)
			put(out, "ts ");
		if (a->syn)
			put(out, "%s%s%s", a->has_mss ? "mss " : "", a->has_scale ? "scale " : "", a->has_sack_permitted ? "sackok " : "");
		for (unsigned i = 0; i < a->block_count; i++)
			put(out, "sack %u:%u ", a->blocks[i].start, a->blocks[i].end);
		if (a->zero_window)
			put(out, "shut ");
		if (with_ecn)
			put(out, "%s%s%s", a->capable ? "capable " : "", a->slowed ? "cwr " : "", a->echo ? "ece " : "");
	}
	if (a->rst)
		put(out, "RST %u%s ", a->rst_seq, a->rst_acks ? "" : " alone");
	if (a->rst && a->rst_acks)
		put(out, "ack %u ", a->rst_ack);
	if (state >= 0)
		put(out, "%s", bj_tcp_state_name((enum bj_tcp_state)state));
}

/* Whether a SACK block counts the FIN among the bytes is taste. */
static void forget_fins(const struct peer *p, struct answer *a)
{
	for (unsigned i = 0; i < a->block_count; i++)
		for (size_t k = 0; k < p->fin_count; k++)
			if (a->blocks[i].end == p->fins[k]) {
				a->blocks[i].end--;
				break;
			}
	for (unsigned i = 0; i < a->block_count;)
		if (a->blocks[i].end == a->blocks[i].start)
			memmove(&a->blocks[i], &a->blocks[i + 1], (--a->block_count - i) * sizeof(a->blocks[0]));
		else
			i++;
}

static void learn(struct peer *p, const struct step *s, const struct answer *a)
{
	if (s->kind == STEP_ACCEPT && a->result == 0)
		p->accepted = true;
	if (a->sent && a->syn)
		p->synced = true;
	if (a->sent && (int32_t)(a->ack - p->nxt) > 0)
		p->nxt = a->ack;
	if (a->sent && a->data_start != a->data_end)
		p->side_nxt = a->data_end;
	if (s->kind == STEP_SEGMENT && s->flags & TCP_ACK && (int32_t)(s->ack - p->una) > 0 && (int32_t)(s->ack - p->side_nxt) <= 0)
		p->una = s->ack;
}

static struct row *explain(const char *state, const char *tags, const char *ours, const char *theirs)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (fnmatch(rows[i].state, state, FNM_EXTMATCH) == 0 && fnmatch(rows[i].tags, tags, FNM_EXTMATCH) == 0 && fnmatch(rows[i].ours, ours, FNM_EXTMATCH) == 0 &&
		    fnmatch(rows[i].theirs, theirs, FNM_EXTMATCH) == 0)
			return &rows[i];
	return NULL;
}

static void print_step(const struct step *s, unsigned at)
{
	static const char letters[] = "FSRP.UEWA";
	static const char *const marks[] = { "", "[ect1] ", "[ect0] ", "[ce] " };
	char flags[16] = "";

	for (int i = 0; i < 9; i++)
		if (s->flags >> i & 1)
			flags[strlen(flags)] = letters[i];
	if (s->kind == STEP_SEGMENT)
		printf("  %u: %s%s %u:%u ack %u win %u mss %u scale %d%s [%s ]\n", at, marks[s->tos], flags, s->seq, s->seq + s->len, s->ack, s->window, s->has_mss ? s->mss : 0,
		       s->has_scale ? s->scale : -1, s->has_ts ? " ts" : "", s->tags);
	else
		printf("  %u: call %u [%s ]\n", at, s->len, s->tags);
}

/* Steps after which the two may be of two minds although they said the same: what a row of the list explains where it can be seen. */
static bool leaves_a_trace(const struct step *s)
{
	return s->kind == STEP_ABORT /* TIME-WAIT goes here, stays there */ || strstr(s->tags, "old") || strstr(s->tags, "ts=none") ||
	       strstr(s->tags, "malformed") || strstr(s->tags, "sack") || strstr(s->tags, "ecr=wrong");
}

/* Nothing follows from a difference, but where the two have taken different bytes everything does. */
static bool stand_apart(const struct answer *a, const struct answer *b)
{
	return a->sent && b->sent && a->ack != b->ack;
}

/* False: a difference that nothing explains. */
static bool play(uint64_t seed, unsigned port, int tun, bool ecn, bool verbose)
{
	struct prng g = { seed };
	struct scene scene = { .active = one_in(&g, 3), .no_delay = one_in(&g, 2), .local_port = (uint16_t)port,
			       .remote_port = (uint16_t)(65535 - port), .seed = seed, .ecn = ecn };
	struct peer peer = { 0 };
	struct player ours, theirs;
	struct answer a, b;
	bool good = true;
	int state = BJ_TCP_CLOSED;

	if (verbose)
		printf("%s%s\n", scene.active ? "connects" : "listens", scene.no_delay ? ", no delay" : "");
	check(player_begin(&ours, &scene, false, tun, &a));
	if (!player_begin(&theirs, &scene, true, tun, &b)) {
		player_end(&ours); /* that port is taken by what an earlier case left */
		player_end(&theirs);
		return true;
	}
	learn(&peer, &(struct step){ .kind = STEP_READ }, &a);
	state = a.state;
	for (unsigned i = 0; i < STEPS_MAX; i++) {
		char text[ANSWER_TEXT], other[ANSWER_TEXT];
		struct row *row = NULL;
		struct step s;
		int both;

		make_step(&g, &peer, &scene, &s);
		if (s.kind == STEP_SEGMENT && s.flags & TCP_FIN && peer.fin_count > 0)
			tag(&s, "again");
		if (s.kind == STEP_SEGMENT && s.len > 0 && peer.fin_count > 0)
			tag(&s, "afterwards");
		player_step(&ours, &s, &a);
		player_step(&theirs, &s, &b);
		if (s.kind == STEP_SEGMENT && s.flags & TCP_FIN)
			peer.fins[peer.fin_count++] = s.seq + s.len + 1;
		forget_fins(&peer, &a);
		forget_fins(&peer, &b);
		both = a.state >= 0 && b.state >= 0;
		if (a.resent || b.resent) { /* what is sent again carries an ACK, too: when that happens is a matter of time */
			a.sent &= a.data_start != a.data_end;
			b.sent &= b.data_start != b.data_end;
		}
		answer_text(&a, s.kind != STEP_SEGMENT, ecn, both ? a.state : -1, text);
		answer_text(&b, s.kind != STEP_SEGMENT, ecn, both ? b.state : -1, other);
		if (strcmp(text, other) != 0)
			row = explain(state < 0 ? "-" : bj_tcp_state_name((enum bj_tcp_state)state), s.tags, text, other);
		good = row || strcmp(text, other) == 0;
		if (verbose || !good)
			print_step(&s, i);
		if (!good)
			printf("case %lu, state %s:\n    ours:   %s\n    theirs: %s\n", (unsigned long)seed,
			       state < 0 ? "-" : bj_tcp_state_name((enum bj_tcp_state)state), text, other);
		else if (verbose)
			printf("    %s%s%s\n", text, row ? "  -- " : "", row ? other : "");
		if (row)
			row->seen++;
		if (!good || (row && (!row->goes_on || stand_apart(&a, &b))) || leaves_a_trace(&s))
			break;
		state = a.state;
		learn(&peer, &s, &a);
	}
	player_end(&ours);
	player_end(&theirs);
	return good;
}

int main(int argc, char **argv)
{
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	unsigned long count = argc > 2 ? strtoul(argv[2], NULL, 0) : 100, bad = 0;
	bool verbose = false, ecn = false;
	const char *why = NULL;
	int tun;

	for (int i = 3; i < argc; i++) {
		verbose |= strcmp(argv[i], "-v") == 0;
		ecn |= strcmp(argv[i], "-e") == 0;
	}
	if (count > COUNT_MAX)
		count = COUNT_MAX;
	if (!player_prepare(ecn, &tun, &why)) {
		printf("SKIPPED: %s\n", why);
		return NOT_POSSIBLE;
	}
	for (unsigned long i = 0; i < count; i++)
		bad += !play(seed + i, PORT_FIRST + (unsigned)i, tun, ecn, verbose) && !play(seed + i, PORT_AGAIN + (unsigned)i, tun, ecn, verbose);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		printf("%8lu %s\n", rows[i].seen, rows[i].why);
	printf("%lu cases, %lu unexplained\n", count, bad);
	return bad ? 1 : 0;
}
