/* rare.h - what few connections need: urgent pointers, a FIN that came early, a duplicate to report, a source route, Fast
 * Open, the peer's user timeout, packets smaller than they might be. It exists while one of them does, so that the others need not carry it.
 */
#ifndef TCPIP_RARE_H
#define TCPIP_RARE_H

#include "tcpip/tcp.h"
#include "tcpip/wire/ipv4.h"

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

struct tcp_rare {
	struct pmtu_search search;
	uint32_t snd_up, rcv_up;         /* urgent_out, urgent_in */
	uint32_t fin_at;                 /* fin_early: where it stands */
	uint32_t dsack_start, dsack_end; /* dsack_due */
	struct ip_route route;
	uint32_t remote_uto_s;           /* what the peer said of its user timeout; 0: nothing */
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
