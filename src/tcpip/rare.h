/* rare.h - what few connections need: urgent pointers, a FIN that came early, a duplicate to report, a source route, Fast
 * Open, the peer's user timeout, the counters of accurate ECN, packets smaller than they might be. It exists while one of them does, so
 * that the others need not carry it.
 */
#ifndef TCPIP_RARE_H
#define TCPIP_RARE_H

#include "tcpip/tcp.h"
#include "tcpip/wire/ipv4.h"

#define ACCURATE_CEP_START 5u   /* so that counts that were wiped on the way can be told from none: rfc9768:3.2.1 */
#define ACCURATE_BYTES_START 1u /* of ECT(0) and ECT(1), for the same reason */

struct ip_route {
	uint8_t len;           /* of option; 0: none */
	bool chosen;           /* by the application: what comes changes nothing (MUST-52 of rfc9293:3.9.2.1) */
	uint8_t first[4];      /* where packets go first */
	uint8_t option[IPV4_OPTIONS_LEN_MAX];
};

/* Looking for a larger size of packets: pmtu.h. */
struct pmtu_search {
	int64_t at_us;       /* when the next probe may go; 0: nothing is searched */
	uint16_t next;       /* its size */
	uint16_t high;       /* larger ones are not tried */
	uint16_t size, len;  /* of the probe that is out, and its payload; 0: none is */
	uint8_t tries;       /* at this size that got lost */
};

/* Counters are of packets and, by the codepoint under which they went (1 ECT(1), 2 ECT(0), 3 CE), of bytes. accurate.h */
struct tcp_accurate {
	uint32_t r_cep, s_cep;           /* marked: that came to us, and that the peer told of; the flags are their low bits */
	uint32_t r_bytes[3], s_bytes[3]; /* codepoint less one; of those that the peer told of the low 24 bits count on */
	uint32_t first_end;              /* option_out: where the first bytes ended that had the option */
	uint32_t duplicate_at;           /* duplicate_told: where it began */
	uint32_t resume_at;              /* option_stopped: the rcv_nxt at which it is tried once more */
	uint16_t acked_mean;             /* segments for one ACK, in 64ths; 0: none yet */
	uint16_t acked_since, cep_since; /* the last option: segments acknowledged, marks told of */
	uint8_t code;                    /* what the last SYN or SYN-ACK looked like */
	uint8_t changed;                 /* bit by codepoint: bytes that no option has told of */
	uint8_t ce_pending;              /* marked packets since the last ACK */
	uint8_t stops;                   /* how often the option was stopped */
	bool code_due : 1;               /* the next pure ACK tells the code */
	bool code_expected : 1;          /* the next one that comes does */
	bool syn_again : 1;              /* the peer's SYN came twice: our SYN-ACK may have been lost for its option */
	bool first_due : 1;              /* our first ACK and first bytes take the option along */
	bool repeat_due : 1;             /* what the last option told is told once more, by an ACK without bytes */
	bool option_out : 1;             /* bytes with the option are out and not acknowledged */
	bool option_stopped : 1;         /* not to be sent */
	bool option_seen : 1;            /* the peer sends it */
	bool option_ignored : 1;         /* and is not believed */
	bool duplicate_told : 1;         /* an ACK with a D-SACK and the option */
	bool feedback_seen : 1;
	bool deaf : 1;                   /* marks that the peer tells of say nothing */
};

struct tcp_rare {
	struct pmtu_search search;
	uint32_t snd_up, rcv_up;         /* urgent_out, urgent_in */
	uint32_t fin_at;                 /* fin_early: where it stands */
	uint32_t dsack_start, dsack_end; /* dsack_due */
	struct ip_route route;
	uint32_t remote_uto_s;           /* what the peer said of its user timeout; 0: nothing */
	struct tcp_accurate accurate;    /* ecn_accurate */
	uint16_t syn_data;               /* bytes that went out with our SYN */
	bool cookie_experimental;        /* asked for by option 254 */
	uint8_t cookie_len;              /* of the cookie that our SYN-ACK carries; 0: none */
	uint8_t cookie[TCP_FAST_OPEN_COOKIE_MAX];
};

/* Null without memory. */
struct tcp_rare *rare_of(struct bj_tcp *t);
/* Frees it if nothing needs it any more. */
void rare_settle(struct bj_tcp *t);
void rare_free(struct bj_tcp *t);

/* The duplicate that the next ACK reports: rfc2883:4. */
void rare_note_duplicate(struct bj_tcp *t, uint32_t start, uint32_t end);

/* Where the packets of a connection go first; null: straight to the peer. */
static inline const struct ip_route *tcp_route(const struct bj_tcp *t)
{
	return t->rare && t->rare->route.len ? &t->rare->route : NULL;
}

#endif
