/* udp.h - UDP on a stack: sockets with a bounded queue each way, and what ICMP says of them.
 *
 * A datagram is one packet: what does not fit the MTU is refused, what others sent in fragments is put together before it comes
 * here. A full queue loses datagrams and counts them. What comes for a port of nobody is answered by ICMP, a few times a second.
 *
 * Leaves out   multicast and broadcast, more than one socket on one address and port
 * Implements   rfc768 rfc1122:4.1 rfc8085:5
 */
#ifndef TCPIP_UDP_H
#define TCPIP_UDP_H

#include "tcpip/stack.h"

#define UDP_QUEUE_DEFAULT (256u << 10)
#define UDP_UNREACHABLES_PER_S 100

struct udp_packet {
	struct list link;
	struct bj_endpoint from;
	uint32_t len;
	uint8_t bytes[]; /* in: the payload; out: the whole packet */
};

struct udp_queue {
	struct list packets;
	size_t used, max; /* bytes, with what each packet costs beside its own */
};

struct bj_udp {
	struct map_node node;
	struct local_key key;
	struct bj_stack *stack;
	struct bj_endpoint local, remote; /* remote.port 0: of nobody in particular */
	struct udp_queue in, out;
	struct list link;        /* of all of the stack's */
	struct list output_link; /* while something waits to go out */
	struct list ready_link;
	enum bj_err error;       /* what ICMP said; told once */
	uint8_t ttl, tos;
	uint64_t dropped;
};

/* A datagram for one of our addresses; the packet is what is quoted when nobody wants it (empty: it was put together). */
void udp_input(struct bj_stack *stack, const struct bj_ip *from, const struct bj_ip *to, struct bj_bytes payload, struct bj_bytes packet,
	       bool checksum_good);
/* An ICMP error quotes a datagram that we may have sent. */
void udp_error(struct bj_stack *stack, const struct bj_ip *local, const struct bj_ip *remote, struct bj_bytes quote, enum bj_err why);
/* The next packet that waits, copied to `buf`, which holds an MTU. */
bool udp_output(struct bj_stack *stack, uint8_t *buf, size_t *out_len);
void udp_close_all(struct bj_stack *stack);

#endif
