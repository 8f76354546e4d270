/* flight.h - what is sent and not acknowledged: a record for each transmission unit, and the loss recovery over them.
 *
 * Records stand in sequence order, and those that may still arrive also in the order of their last transmission, which is
 * what RACK looks at. A record is SACKED, LOST (and then perhaps RESENT), or simply in the network. Counts are bytes:
 *     pipe = (snd_nxt - snd_una) - sacked - lost + resent - reno_sacked
 *
 * Implements   rfc6675:2 rfc8985:5
 */
#ifndef TCPIP_FLIGHT_H
#define TCPIP_FLIGHT_H

#include "tcpip/tcp.h"

enum sent_flag {
	SENT_SACKED = 1,
	SENT_LOST = 2,
	SENT_RESENT = 4,  /* the last transmission is a retransmission that may still arrive */
	SENT_AGAIN = 8,   /* was ever retransmitted: no round-trip sample (Karn) */
	SENT_FIN = 16,
	SENT_APP_LIMITED = 32,
	SENT_PROBE = 64,  /* larger than what is known to pass: its loss is no congestion (pmtu.h) */
};

struct sent {
	struct list by_seq;
	struct list by_time; /* linked while neither SACKED nor LOST, or RESENT */
	uint32_t seq;
	uint32_t end;
	int64_t sent_us;
	uint8_t flags;
	uint8_t count;       /* transmissions */
	/* when it left last: bbr.h */
	uint32_t delivered_before, lost_before, delivered_ago_us, first_sent_ago_us, tx_in_flight;
};

struct tcp_flight {
	struct list by_seq;
	struct list by_time;
	struct sent *next_lost; /* no record before it waits for retransmission; null: look from the start */
	uint32_t sacked, lost, resent, reno_sacked;
	uint32_t sacked_count;
	uint32_t recover;       /* snd_nxt when the recovery began */
	uint32_t small_end;     /* end of the last partial segment (Minshall) */
	uint32_t cwr_end;       /* marks echoed before it are of a round that was answered */
	bool cwr_valid;
	uint32_t max_out;       /* the most that was in the network since the last window was used up */
	uint8_t recovery;       /* enum bj_recovery */
	uint8_t dup_acks;
	/* RACK: rfc8985:5.3 */
	int64_t rack_sent_us;
	uint32_t rack_end, rack_rtt_us, rack_fack;
	uint32_t dsack_round;
	bool dsack_round_valid, dsack_in_round;
	/* tail loss probe: rfc8985:7 */
	bool tail_pending, tail_resent;
	uint32_t tail_end;
	/* proportional rate reduction: rfc9937:5 */
	uint32_t prr_delivered, prr_out, recover_fs;
	/* CUBIC: rfc9438:4.1 */
	int64_t epoch_us, cubic_us; /* when the epoch began, when the window grew last */
	uint32_t k_ms, w_origin, w_est, cwnd_prior;
	bool cubic_rested;      /* since then it was not used up */
	uint64_t cubic_rest;
	/* HyStart++: rfc9406:4.2 */
	uint32_t round_end, round_min_us, last_round_min_us, css_baseline_us;
	uint8_t round_samples, css_rounds;
	bool in_css, round_valid;
	int64_t pace_at, pace_wake; /* pace.h; the second is 0 when nothing waits for it */
	struct bbr *bbr;        /* where it was chosen */
	/* undo of a needless recovery */
	uint32_t undo_cwnd, undo_ssthresh, undo_w_max, undo_una, undo_resent, undo_ts;
	bool undo_possible;
	bool undo_counts;       /* something was sent again since: a duplicate that is reported before tells of an earlier copy */
	uint8_t frto;           /* enum frto_step */
};

/* Was the timeout a false alarm? rfc5682:2.1 and rfc5682:3.1 */
enum frto_step {
	FRTO_NO,
	FRTO_FIRST_ACK,  /* the first segment went out again: what does the next ACK say? */
	FRTO_SECOND_ACK, /* it went on, and new bytes were sent instead of the old ones */
};

/* Null without memory. */
struct tcp_flight *flight_of(struct bj_tcp *t);
/* Forgets all records and the flight. */
void flight_free(struct bj_tcp *t);

/* A record for new bytes at snd_nxt; null without memory. Moves nothing but the lists. */
struct sent *flight_add(struct bj_tcp *t, uint32_t seq, uint32_t end, uint8_t flags);
/* Splits a record so that the first part ends at `at`; false without memory. */
bool flight_split(struct bj_tcp *t, struct sent *s, uint32_t at);
/* Says that a record was sent again, now. */
void flight_resent(struct bj_tcp *t, struct sent *s);
void flight_mark_lost(struct bj_tcp *t, struct sent *s, enum bj_lost_why why);
void flight_mark_sacked(struct bj_tcp *t, struct sent *s);
/* After a timeout: the first record, and all that left before `before_us` (rfc8985:6.3). If the first is SACKED the peer has
 * reneged (rfc2018:8): all it said is forgotten. */
void flight_mark_overdue(struct bj_tcp *t, int64_t before_us);
/* The first record that waits for retransmission, or null. */
struct sent *flight_next_lost(struct bj_tcp *t);
/* The bytes before `at`, which lies inside, are acknowledged. */
void flight_trim(struct bj_tcp *t, struct sent *s, uint32_t at);
/* Takes back that these are lost: a recovery was not needed. */
void flight_unmark_lost(struct bj_tcp *t);
/* Takes a record out and frees it. */
void flight_remove(struct bj_tcp *t, struct sent *s);
uint32_t flight_pipe(const struct bj_tcp *t);

static inline struct sent *flight_first(const struct bj_tcp *t)
{
	return t->flight && !list_is_empty(&t->flight->by_seq) ? CONTAINER_OF(t->flight->by_seq.next, struct sent, by_seq) : NULL;
}

static inline struct sent *flight_last(const struct bj_tcp *t)
{
	return t->flight && !list_is_empty(&t->flight->by_seq) ? CONTAINER_OF(t->flight->by_seq.prev, struct sent, by_seq) : NULL;
}

static inline bool flight_in_recovery(const struct bj_tcp *t)
{
	return t->flight && t->flight->recovery >= BJ_RECOVERY_FAST;
}

static inline bool tcp_has_unacked(const struct bj_tcp *t)
{
	return t->snd_una != t->snd_nxt;
}

#endif
