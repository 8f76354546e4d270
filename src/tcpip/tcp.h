/* tcp.h - one TCP connection: what it remembers, in the RFC's words.
 *
 * Two objects. `struct bj_tcp` lives as long as the connection and is small: 100,000 idle ones must cost no more than
 * TCP_SIZE_MAX bytes each. `struct tcp_flight` (flight.h) exists while something is sent and not acknowledged. Buffers
 * and ranges exist while there is something in them.
 *
 * Always true: snd_una <= snd_nxt; the send buffer begins at snd_una (after the SYN), the receive buffer ends at rcv_nxt;
 * rcv_nxt + rcv_wnd never moves back; only tcp_set_state() writes `state`.
 *
 * Implements   rfc9293:3.3.1
 */
#ifndef TCPIP_TCP_H
#define TCPIP_TCP_H

#include <bojagi/tcpip.h>

#include "base/map.h"
#include "base/wheel.h"
#include "tcpip/buffer.h"
#include "tcpip/ranges.h"
#include "tcpip/seq.h"
#include "tcpip/wire/tcp.h"

#define TCP_SIZE_MAX 368 /* with its share of tables and chunks 400 */
#define TCP_MSS_DEFAULT_V4 536  /* MUST-15 of rfc9293:3.7.1 */
#define TCP_MSS_DEFAULT_V6 1220
#define IPV4_TCP_HEADERS 40u    /* without options */
#define IPV6_TCP_HEADERS 60u
#define TCP_MSS_MIN 64          /* a peer's smaller MSS is taken for this: rows of tiny segments are an attack */
#define TCP_PAYLOAD_MIN (TCP_MSS_MIN - 12u) /* with timestamps; more than all options and a source route could take off it */
#define TCP_RECEIVE_START 65536u
#define TCP_RECEIVE_MAX (6u << 20)
#define TCP_SEND_START 65536u
#define TCP_SEND_MAX (4u << 20)
#define TCP_UNSENT_MAX (256u << 10) /* bytes that are taken before they can go: more would only wait, and leave the cache meanwhile */
#define TCP_CWND_MAX (UINT32_C(1) << 30)
#define TCP_NEVER INT64_MAX
#define TCP_QUICK_ACKS 16       /* segments acknowledged at once when a connection begins */
#define TCP_CHALLENGE_SPACING 32 /* units of 16 ms */
#define TCP_R1 3                /* retransmissions before the owner is told: rfc9293:3.8.3 */

struct tcp_key {
	struct bj_ip local;
	struct bj_ip remote;
	uint16_t local_port;
	uint16_t remote_port;
};

/* Options that connections of one listener share; frozen, counted. */
struct tcp_config {
	struct bj_stack *stack;
	uint32_t refs;
	struct bj_tcp_options options; /* all defaults filled in */
};

enum tcp_retransmit_kind {
	TCP_RETRANSMIT_NONE,
	TCP_RETRANSMIT_RTO,     /* rfc6298 */
	TCP_RETRANSMIT_TAIL,    /* tail loss probe: rfc8985:7 */
	TCP_RETRANSMIT_REORDER, /* RACK waits for reordered segments: rfc8985:6.3 */
	TCP_RETRANSMIT_PERSIST, /* zero window: rfc9293:3.8.6.1 */
	TCP_RETRANSMIT_MEMORY,  /* nothing is out: there was no memory for what is to be sent */
};

struct tcp_flight;
struct tcp_rare;

struct bj_tcp {
	struct map_node node;
	struct tcp_key key;
	uint8_t state;           /* enum bj_tcp_state; written by tcp_set_state() only */
	uint8_t ready;           /* enum bj_ready */
	uint16_t error;          /* enum bj_err: why it ended */
	uint16_t soft_error;     /* enum bj_err: what ICMP said last */
	uint16_t pmtu, peer_mss, mss; /* mss: payload of a full segment, options taken off */
	struct timer timer;      /* at the first of the deadlines below, or earlier */
	struct list output_link; /* in the stack's output list while there may be something to send */
	struct list ready_link;
	struct list queue_link;  /* of the listener (half-open, established), or of the stack: TIME-WAIT, dead */
	struct tcp_config *config; /* and through it the stack */
	union {
		struct bj_listener *listener; /* while queued there: in_listener */
		void *owner;                  /* the owner's own, once accepted */
	};
	struct tcp_flight *flight;
	struct tcp_rare *rare;
	struct ranges *early;    /* ranges that came before rcv_nxt reached them */
	int64_t retransmit_at, keepalive_at; /* deadlines, or TCP_NEVER */
	int64_t progress_us;     /* when the peer last took something: R2 and the user timeout count from here */
	uint64_t bytes_acked, bytes_received;
	struct buffer send;      /* limits are tuned */
	struct buffer receive;

	uint32_t iss, snd_una, snd_nxt, snd_wnd, snd_wl1, snd_wl2, max_snd_wnd;
	uint32_t rcv_nxt, rcv_wnd, last_ack_sent;
	uint32_t ts_recent, ts_offset;
	uint32_t srtt_us, rttvar_us, min_rtt_us;
	uint32_t cwnd, ssthresh, w_max;
	uint32_t ack_at;         /* ack_timed: the low bits of a deadline */
	uint16_t ts_recent_hour; /* when ts_recent came: low bits, seven years of hours */
	uint16_t challenge_at;   /* when the last challenge ACK left, low bits, in units of 16 ms; 0: never */
	uint32_t tune_start, tune_us; /* receive tuning: rcv_nxt less what was unread, and when, at the last look */
	uint32_t retransmits;
	uint32_t delivered;      /* segments, the SYN too */
	uint16_t timeouts;
	uint16_t rcv_mss;
	uint8_t snd_wscale, rcv_wscale, backoff, quick_acks;
	uint8_t backoff_kept;    /* of before the last ACK, which was no round-trip sample */
	uint8_t retransmit_kind, probes_sent, reo_mult, fast_recoveries;
	uint8_t tail_probes, undos, duplicates_received, reo_persist;
	bool owned : 1;          /* the owner still has the handle */
	bool in_table : 1;
	bool in_listener : 1;
	bool passive : 1;        /* came from LISTEN: MUST-11 of rfc9293:3.8.4 */
	bool sack_ok : 1, ts_ok : 1, wscale_ok : 1;
	bool fin_queued : 1;     /* the owner is done writing */
	bool fin_acked : 1;
	bool fin_received : 1;
	bool fin_early : 1;      /* a FIN came before the bytes in front of it: rare->fin_at */
	bool dsack_due : 1;      /* rare->dsack_start to dsack_end came twice */
	bool fast_open : 1;      /* rfc7413: tried by us, or accepted */
	bool syn_data_acked : 1; /* bytes in a SYN were taken */
	bool syn_due : 1;        /* SYN or SYN-ACK must go out */
	bool ack_now : 1;
	bool ack_pending : 1;    /* a delayed one */
	bool ack_timed : 1;
	bool challenge_due : 1;
	bool window_due : 1;     /* an ACK that opens the window */
	bool keepalive_due : 1;
	bool probe_due : 1;      /* tail or window probe must go out */
	bool write_blocked : 1;
	bool urgent_out : 1;     /* rare->snd_up counts */
	bool urgent_in : 1;      /* rare->rcv_up counts */
	bool cwnd_limited : 1;
	bool reordering_seen : 1;
	bool accepted : 1;
	bool pmtu_good : 1;      /* a full segment arrived: packets of this size pass, or did */
	bool ecn_ok : 1;         /* both sides know marks */
	bool ecn_echo : 1;       /* a mark came: tell until the peer has slowed down */
	bool cwr_due : 1;        /* we have, and no new bytes have left since: they will tell */
	bool ecn_marks_seen : 1;
	bool ecn_accurate : 1;   /* marks are counted: rare->accurate */
	bool ecn_no_ect : 1;     /* what we send is not to be marked */
	bool from_cookie : 1;
	bool source_counted : 1; /* its source's counts hold it: sources.h */
	bool syn_repeated : 1;   /* before it was acknowledged */
	bool uto_due : 1;        /* our user timeout goes with the next segment: rfc5482 */
};

_Static_assert(sizeof(struct bj_tcp) <= TCP_SIZE_MAX, "an idle connection must stay small");

static inline const struct bj_tcp_options *tcp_options_of(const struct bj_tcp *t)
{
	return &t->config->options;
}

static inline struct bj_stack *tcp_stack(const struct bj_tcp *t)
{
	return t->config->stack;
}

/* Where the peer's numbers began; once its SYN has come. */
static inline uint32_t tcp_irs(const struct bj_tcp *t)
{
	return t->rcv_nxt - 1 - (uint32_t)t->bytes_received - t->fin_received;
}

static inline bool tcp_is_v4(const struct bj_tcp *t)
{
	return bj_ip_is_v4(&t->key.remote);
}

/* True from ESTABLISHED on: both sequence numbers are known to both. */
static inline bool tcp_is_synchronized(const struct bj_tcp *t)
{
	return t->state >= BJ_TCP_ESTABLISHED;
}

static inline bool tcp_may_send(const struct bj_tcp *t)
{
	return t->state == BJ_TCP_ESTABLISHED || t->state == BJ_TCP_CLOSE_WAIT || t->state == BJ_TCP_FIN_WAIT_1 ||
	       t->state == BJ_TCP_CLOSING || t->state == BJ_TCP_LAST_ACK || (t->state == BJ_TCP_SYN_RECEIVED && t->passive && t->fast_open);
}

static inline bool tcp_may_receive(const struct bj_tcp *t)
{
	return t->state == BJ_TCP_ESTABLISHED || t->state == BJ_TCP_FIN_WAIT_1 || t->state == BJ_TCP_FIN_WAIT_2;
}

/* The sequence number behind all that was written, where the FIN stands. */
static inline uint32_t tcp_send_end(const struct bj_tcp *t)
{
	return t->snd_una + t->send.len;
}

/* Where a segment without bytes stands. What was sent into a window that shrank, or to probe a shut one, lies beyond what the peer takes,
 * and he would not look at an ACK or a reset there; by less than a window's unit it is only rounded off. */
static inline uint32_t tcp_bare_seq(const struct bj_tcp *t)
{
	uint32_t edge = t->snd_una + t->snd_wnd;

	if (!tcp_is_synchronized(t) || seq_le(t->snd_nxt, edge) || (t->snd_wnd > 0 && t->snd_nxt - edge < UINT32_C(1) << t->snd_wscale))
		return t->snd_nxt;
	return edge;
}

/* Bytes written and never sent. */
static inline uint32_t tcp_unsent(const struct bj_tcp *t)
{
	uint32_t end = tcp_send_end(t);

	return seq_lt(t->snd_nxt, end) ? end - t->snd_nxt : 0;
}

static inline bool tcp_fin_unsent(const struct bj_tcp *t)
{
	return t->fin_queued && !t->fin_acked && seq_le(t->snd_nxt, tcp_send_end(t));
}

#endif
