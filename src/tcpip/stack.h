/* stack.h - what all connections of a stack share: tables, memory, timers, queues, counters; and the way of a packet
 * from the IP layer to a connection and back.
 *
 * Implements   rfc1122:3 rfc8200:8 rfc9293:3.9.2
 */
#ifndef TCPIP_STACK_H
#define TCPIP_STACK_H

#include "base/slab.h"
#include "tcpip/rare.h"
#include "tcpip/reassembly.h"
#include "tcpip/sources.h"
#include "tcpip/tcp.h"

#define STACK_ADDRESSES_MAX 16
#define STACK_REPLIES_MAX 256    /* packets of no connection that wait for output */
#define STACK_CONNECTIONS_MAX 1000000
#define STACK_LISTENERS_MAX 65536
#define STACK_UDPS_MAX 65536
#define STACK_MEMORY_MAX ((size_t)1 << 30)
#define STACK_CHUNK ((size_t)256 << 10) /* of connections */
#define FAST_OPEN_PEERS_MAX 64
#define STACK_EPHEMERAL_FIRST 32768u
#define STACK_EPHEMERAL_COUNT 28232u /* rfc6056:3.2 */
#define STACK_MTU_MIN 1280
#define STACK_MTU_MAX 65535

/* An address and a port at which somebody listens, as a key. */
struct local_key {
	uint8_t bytes[18];
};

struct bj_listener {
	struct map_node node;
	struct bj_endpoint local;
	struct local_key key;
	struct bj_stack *stack;
	struct tcp_config *config;
	struct list link;
	struct list ready_link;
	struct list half_open;  /* SYN-RECEIVED, oldest first */
	struct list established;
	uint32_t half_open_count;
	uint32_t established_count;
};

/* A packet that belongs to no connection any more: a reset, an echo. */
struct reply {
	struct list link;
	size_t len;
	uint8_t bytes[];
};

/* What a host told us that can be opened fast. */
struct fast_open_peer {
	struct bj_ip remote;
	uint16_t mss; /* 0: nobody */
	uint8_t cookie_len;
	uint8_t cookie[TCP_FAST_OPEN_COOKIE_MAX];
};

struct bj_stack {
	struct bj_stack_options options;
	int64_t now_us;
	struct bj_ip addresses[STACK_ADDRESSES_MAX];
	size_t address_count;
	struct siphash_key isn_key, ts_key, port_key, cookie_key, fragment_key, fast_open_key;
	uint64_t port_turn, fragment_turn;
	struct tcp_config *defaults; /* what null options stand for, shared by all */
	struct map tcps;
	struct map listeners;
	struct list listener_list;
	struct slab tcp_slab, flights, sents, rares, bbrs;
	struct buffer_memory memory;
	struct wheel wheel;
	struct list output;
	struct list ready;
	struct list ready_listeners;
	struct map udps;
	struct list udp_list, udp_output, ready_udps;
	struct bj_bytes arriving;   /* the packet that is being taken: what an error would quote */
	uint16_t arriving_segment_len; /* and what the device said of it */
	int64_t unreachable_us;     /* when the second began in which errors are counted */
	uint32_t unreachable_count, unreachable_max;
	int64_t cookie_us;          /* when the last cookie left */
	struct list ended;       /* in CLOSED, and their owners still have them */
	struct list dead;        /* to be freed at the end of the call */
	struct list time_wait;   /* oldest first */
	struct list replies;
	size_t reply_count;
	struct reassembly reassembly;
	struct sources sources;
	struct fast_open_peer fast_open_peers[FAST_OPEN_PEERS_MAX];
	size_t fast_open_turn, fast_open_pending;
	struct bj_tcp_event *events;
	uint32_t event_head, event_count;
	struct bj_bytes lendable;   /* the packet that is being taken, if its bytes stay for a while */
	struct bj_tcp *borrower;    /* whose newest bytes, all that it has, still stand in the packet; or null */
	const uint8_t *borrowed_end;
	struct bj_offload *offload; /* of the packet that is being written; null: the device does nothing */
	struct bj_bytes *pieces;    /* of its payload, where the device gathers them; null: it is copied */
	struct bj_stack_stats stats;
};

/* What arrived: a segment of which the steps of input take off what they are done with. */
struct arrival {
	struct tcp_segment seg;
	struct tcp_key key;  /* as the receiving connection sees it */
	bool is_v4;
	bool checksum_good;  /* the device says so */
	uint8_t tos;
	struct bj_bytes route; /* the source route option by which it came, all of it used; empty: none */
	uint16_t segment_len; /* if it stands for several; 0: it is one */
	uint32_t seq;        /* as it came, before anything was taken off */
	uint32_t end;
	uint32_t payload_len;
	uint32_t newly_delivered; /* segments of ours that it acknowledged first */
	bool ts_newer;            /* it moved the peer's clock on */
	bool has_syn;             /* as it came */
};

/* connections.c */
struct bj_tcp *tcp_make(struct bj_stack *stack, const struct tcp_key *key, struct tcp_config *config);
/* Enters CLOSED for this reason: takes it out of everything; it is freed at the end of the call on the stack if nobody
 * owns it. */
void tcp_end(struct bj_tcp *t, enum bj_err why);
/* Frees what ended and is not owned. Called last in each call on the stack. */
void stack_reap(struct bj_stack *stack);
struct bj_tcp *stack_find(const struct bj_stack *stack, const struct tcp_key *key);
struct local_key local_key_of(const struct bj_endpoint *local);
/* Who has this port: at the address, else at any of its family, else at any at all. Null: nobody. */
struct map_node *stack_find_local(const struct map *map, const struct bj_ip *ip, uint16_t port);
struct bj_listener *stack_find_listener(const struct bj_stack *stack, const struct bj_ip *local, uint16_t port);
bool stack_is_ours(const struct bj_stack *stack, const struct bj_ip *ip);
struct tcp_config *config_make(struct bj_stack *stack, const struct bj_tcp_options *options);
struct tcp_config *config_ref(struct tcp_config *config);
void config_unref(struct tcp_config *config);
/* The MSS that we offer, and the payload of our full segments, from the MTU of the path and the peer's offer. */
uint16_t tcp_offer_mss(const struct bj_stack *stack, bool is_v4, const struct bj_tcp_options *options);
void tcp_update_mss(struct bj_tcp *t);
/* The smallest scale by which the whole receive buffer can be announced. */
uint8_t tcp_window_shift(const struct bj_tcp_options *options);
void tcp_enter_time_wait(struct bj_tcp *t);

/* stack.c */
void stack_event(const struct bj_tcp *t, unsigned kind, unsigned why, unsigned before, uint32_t seq, uint32_t len);
void stack_ready(struct bj_tcp *t, unsigned ready);
void stack_ready_listener(struct bj_listener *l);
/* Asks for a turn at the output. */
void stack_want_output(struct bj_tcp *t);
/* A packet of no connection; dropped when too many wait. */
void stack_reply(struct bj_stack *stack, struct bj_bytes packet);
/* A segment of no connection, from key.local to key.remote. */
void stack_reply_segment(struct bj_stack *stack, const struct tcp_key *key, const struct ip_route *route,
			 const struct tcp_segment *s);
/* The reset that answers a segment for which there is no connection (rfc9293:3.5.2). */
void stack_reply_reset(struct bj_stack *stack, const struct arrival *a);
/* `route` null: straight to the peer. */
void stack_ip_header(struct writer *w, const struct tcp_key *key, const struct ip_route *route, uint8_t ttl, uint8_t tos,
		     size_t payload_len);
/* Views of an address as it stands on the wire: 4 or 16 bytes. */
struct bj_bytes ip_wire(const struct bj_ip *ip);
bool ip_is_unspecified(const struct bj_ip *ip);
/* An address that one host can have: neither unspecified, multicast, broadcast nor loopback's counterpart (MUST-57, MUST-63). */
bool ip_is_unicast(const struct bj_ip *ip);
/* One that does not leave its host: rfc1122:3.2.1.3, rfc4291:2.5.3 */
bool ip_is_loopback(const struct bj_ip *ip);

/* Our clock of timestamps: milliseconds, with an offset of each connection's own (rfc7323:5.4). */
static inline uint32_t stack_ms(const struct bj_stack *stack)
{
	return (uint32_t)(stack->now_us / 1000);
}

/* The window that it tells of: rfc7323:2.2 */
static inline uint32_t arrival_window(const struct bj_tcp *t, const struct arrival *a)
{
	return (uint32_t)a->seg.window << (a->has_syn ? 0 : t->snd_wscale);
}

static inline uint32_t tcp_ts_now(const struct bj_tcp *t)
{
	return stack_ms(tcp_stack(t)) + t->ts_offset;
}

#endif
