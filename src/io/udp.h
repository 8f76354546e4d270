/* udp.h - datagrams over one socket, bound or connected; received in batches (recvmmsg).
 *
 * What is received is handed out one by one as views that live until the report returns. A datagram that the kernel has no room
 * for is lost, as datagrams are. A socket that is bound to every address knows to which one each datagram came, since the answer must come
 * from there.
 */
#ifndef IO_UDP_H
#define IO_UDP_H

#include "io/addr.h"
#include "io/loop.h"

#define UDP_BATCH 32
#define UDP_DATAGRAM_MAX 65535

struct udp;
typedef void udp_fn(struct udp *udp, const struct addr *from, struct bj_bytes datagram);

/* What a thread needs once for all its sockets: the room for a batch. */
struct udp_scratch {
	uint8_t in[UDP_BATCH][UDP_DATAGRAM_MAX + 1];
};

/* One address of ours. */
struct udp_here {
	uint8_t len;      /* 4 or 16; 0: the socket has only one */
	uint8_t bytes[16];
};

struct udp {
	struct loop *loop;
	struct loop_watch watch;
	struct udp_scratch *scratch;
	udp_fn *received;
	struct addr addr; /* as bound */
	bool everywhere;  /* bound to every address */
	struct udp_here here; /* where the datagram that is reported came to */
	uint64_t lost;    /* datagrams that the kernel had no room for */
	bool failed;      /* the peer's host said that nobody listens (a connected socket) */
};

/* Binds: `bound` (may be null) gets the address with its real port. */
BJ_MUST_USE enum bj_err udp_bind(const struct addr *addr, bool reuse_port, int *out_fd, struct addr *bound);
/* Takes over a bound socket, also on failure. */
BJ_MUST_USE enum bj_err udp_take(struct udp *udp, struct loop *loop, struct udp_scratch *scratch, int fd, udp_fn *received);
/* Connects: datagrams of others are not seen. */
BJ_MUST_USE enum bj_err udp_connect(struct udp *udp, struct loop *loop, struct udp_scratch *scratch, const struct addr *to,
				    udp_fn *received);
/* `to` null on a connected socket. BJ_ERR_WOULD_BLOCK: lost. BJ_ERR_IO_REFUSED: an earlier one found nobody. */
BJ_MUST_USE enum bj_err udp_send(struct udp *udp, const struct addr *to, struct bj_bytes datagram);
/* The same from one address of ours. */
BJ_MUST_USE enum bj_err udp_answer(struct udp *udp, const struct addr *to, const struct udp_here *from, struct bj_bytes datagram);
void udp_fini(struct udp *udp);

#endif
