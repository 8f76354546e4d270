/* bbr.h - BBR, version 3: how fast and how much to send, from a model of the path instead of from single losses. The model is
 * the greatest delivery rate of the last two cycles, the least round trip of ten seconds, and how much may be in the network
 * before more than two of a hundred packets get lost. The names are the draft's.
 *
 * The object hangs on the flight, which stays as long as the connection where BBR is chosen. Rates are bytes a second,
 * amounts bytes, gains hundredths.
 *
 * Left out: the conservation of packets in the first round of a recovery: the bounds of the model and the pace hold there, too.
 *
 * Implements   draft-ietf-ccwg-bbr
 */
#ifndef TCPIP_BBR_H
#define TCPIP_BBR_H

#include "tcpip/flight.h"

#define BBR_NO_LIMIT UINT32_MAX
#define BBR_NO_RATE UINT64_MAX

enum bbr_state {
	BBR_STARTUP,
	BBR_DRAIN,
	BBR_PROBE_BW_DOWN,
	BBR_PROBE_BW_CRUISE,
	BBR_PROBE_BW_REFILL,
	BBR_PROBE_BW_UP,
	BBR_PROBE_RTT,
	BBR_NO_STATE, /* nothing to go back to */
};

enum bbr_ack_phase {
	BBR_ACKS_INIT,
	BBR_ACKS_REFILLING,
	BBR_ACKS_PROBE_STARTING,
	BBR_ACKS_PROBE_FEEDBACK,
	BBR_ACKS_PROBE_STOPPING,
};

/* What one ACK says about the path. */
struct bbr_sample {
	uint64_t delivery_rate;   /* 0: none */
	uint32_t prior_delivered; /* when the newest of the delivered packets left */
	uint32_t delivered;       /* since then */
	uint32_t lost;            /* since then */
	uint32_t tx_in_flight;    /* when it left, itself included */
	uint32_t newly_acked;
	uint32_t rtt_us;          /* 0: none */
	bool valid;               /* something was delivered */
	bool is_app_limited;
};

struct bbr {
	uint8_t state;            /* enum bbr_state */
	uint8_t ack_phase;        /* enum bbr_ack_phase */
	uint16_t pacing_gain, cwnd_gain;
	/* delivery: how much ever came through, and when it last did */
	uint32_t delivered, lost, app_limited; /* app_limited: until so much is delivered; 0: not */
	int64_t delivered_us, first_sent_us;
	/* the sample that is being made of the ACK at hand */
	struct bbr_sample rs;
	int64_t rs_sent_us, rs_send_elapsed_us, rs_ack_elapsed_us;
	uint32_t rs_end;
	/* rounds */
	uint32_t next_round_delivered, round_count, rounds_since_bw_probe;
	bool round_start, loss_round_start, loss_in_round;
	uint32_t loss_round_delivered, loss_events, lost_end;
	/* rates */
	uint64_t max_bw_filter[2], max_bw, bw_shortterm, bw, bw_latest, pacing_rate;
	/* amounts */
	uint32_t inflight_longterm, inflight_shortterm, inflight_latest, max_inflight, prior_cwnd;
	/* how far ACKs come in bursts */
	int64_t extra_acked_start_us;
	uint32_t extra_acked_delivered, extra_acked_filter[2], extra_acked_round;
	/* is the wire full? */
	uint64_t full_bw;
	uint8_t full_bw_count;
	bool full_bw_now, full_bw_reached;
	/* round trips */
	uint32_t min_rtt_us, probe_rtt_min_us;
	int64_t min_rtt_stamp_us, probe_rtt_min_stamp_us, probe_rtt_done_us;
	bool probe_rtt_expired, probe_rtt_round_done, idle_restart;
	/* the cycle of probes */
	int64_t cycle_stamp_us, bw_probe_wait_us;
	bool bw_probe_samples;
	bool prev_probe_too_high;      /* the last probe cost too much: the next one ends where it would begin to */
	bool prev_probe_precautionary; /* it did, and if nothing was lost the one after goes on at once */
	uint32_t drain_start_round;
	uint8_t bw_probe_up_rounds;
	uint32_t bw_probe_up_acks, probe_up_count;
	/* to go back to when a loss was none */
	uint64_t undo_bw_shortterm;
	uint32_t undo_inflight_shortterm, undo_inflight_longterm;
	uint8_t undo_state;
	bool undo_noted; /* of the recovery that goes on */
};

/* The connection's model, made when it is first asked for; null: another control was chosen, or there is no memory. */
struct bbr *bbr_of(struct bj_tcp *t);

/* A record leaves, for the first time or again; it is in the flight's lists already, `pipe` is what was out before. */
void bbr_sent(struct bj_tcp *t, struct sent *s, uint32_t pipe);
void bbr_delivered(struct bj_tcp *t, const struct sent *s);
/* Called after the record was marked. */
void bbr_lost(struct bj_tcp *t, const struct sent *s);
/* The end of an ACK: what it said goes into the model, and the model into cwnd and the pacing rate. */
void bbr_ack(struct bj_tcp *t, uint32_t newly_acked, uint32_t rtt_us);
/* The same for a sample that is ready. */
void bbr_update(struct bj_tcp *t, struct bbr *b, const struct bbr_sample *rs);
/* The first packet after a pause. */
void bbr_restart(struct bj_tcp *t, struct bbr *b);
/* Nothing more to send, though there would be room. */
void bbr_app_limited(struct bj_tcp *t);
void bbr_congestion_told(struct bj_tcp *t);

/* Recovery: what is to be undone is noted; the window comes back at its end. */
void bbr_enter_recovery(struct bj_tcp *t);
void bbr_exit_recovery(struct bj_tcp *t);
void bbr_undo(struct bj_tcp *t);

#endif
