/* tcpip.h - a TCP/IP stack as an engine: packets in, packets out, time in, the next deadline out.
 *
 * There is no clock, no device and no thread in it. The owner of a stack
 *   - feeds every IP packet that its device received to bj_stack_input(), with the time at which it arrived;
 *   - takes packets from bj_stack_output() until there are none, and sends them;
 *   - calls bj_stack_tick() when the time of bj_stack_deadline() has come;
 *   - asks bj_stack_next_ready() which connections and listeners have something for it.
 * Time is in microseconds on any clock that does not go back, never negative. Calls on connections happen at the time of
 * the last call that carried one. A stack and all on it belong to one thread; any number of stacks may exist.
 *
 * Connections are made by bj_tcp_connect() and bj_tcp_accept() and stay valid until the owner gives them back, with
 * bj_tcp_release() or bj_tcp_abort(), whatever happens to the connection meanwhile.
 *
 * Implements   rfc9293:3.9
 */
#ifndef BOJAGI_TCPIP_H
#define BOJAGI_TCPIP_H

#include <bojagi/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- addresses */

/* An address of either family: IPv4 as ::ffff:a.b.c.d. */
struct bj_ip {
	uint8_t bytes[16];
};

struct bj_endpoint {
	struct bj_ip ip;
	uint16_t port;
};

BJ_API struct bj_ip bj_ip4(uint8_t a, uint8_t b, uint8_t c, uint8_t d);
BJ_API bool bj_ip_is_v4(const struct bj_ip *ip);
BJ_API bool bj_ip_equal(const struct bj_ip *a, const struct bj_ip *b);

/* ---- the stack */

struct bj_stack;
struct bj_listener;
struct bj_tcp;
struct bj_udp;

struct bj_stack_options {
	struct bj_rng rng;        /* needed: keys of sequence numbers, ports and cookies come from it */
	uint32_t mtu;             /* 0: 1500. At least 1280 */
	size_t connection_max;    /* 0: 1,000,000. Connections in any state, half-open ones and TIME-WAIT too */
	size_t memory_max;        /* 0: 1 GiB. Buffers of all connections together; neither what is sent nor what came takes the last eighth */
	size_t time_wait_max;     /* 0: a quarter of connection_max. The oldest make room */
	/* Of one source, which is an IPv4 address or the /64 of an IPv6 address, over all listeners. Sources are counted in a table of fixed
	 * size; one that has no place there (more than 100,000 others have connections) is not limited. UINT32_MAX: no limit. */
	uint32_t source_half_open_max;  /* 0: 128. Beyond it cookies (or silence: syn_cookies_never) */
	uint32_t source_waiting_max;    /* 0: no limit. Established ones that wait for accept; beyond it silence, the peer tries again */
	uint32_t source_connection_max; /* 0: no limit. All that came in, up to TIME-WAIT; beyond it resets */
	uint32_t event_count_max; /* 0: no events. What is not fetched in time is lost, and counted */
	bool source_routes;       /* heed those that packets came by, and answer by them; off: they are not looked at */
	bool no_isn_clock;        /* for scripts: initial sequence numbers without the running clock */
};

BJ_API BJ_MUST_USE enum bj_err bj_stack_make(const struct bj_stack_options *options, int64_t now_us, struct bj_stack **out);
/* Forgets all connections without a word to the peers. Takes null. Handles of connections and listeners end with it. */
BJ_API void bj_stack_free(struct bj_stack *stack);
/* An address of ours. BJ_ERR_LIMIT beyond 16; BJ_ERR_ARGUMENT for one that no host can have. */
BJ_API BJ_MUST_USE enum bj_err bj_stack_add_address(struct bj_stack *stack, const struct bj_ip *ip);

/* One IP packet. What is wrong with it is counted, never an error of the call: everything can be thrown at it. */
BJ_API void bj_stack_input(struct bj_stack *stack, int64_t now_us, struct bj_bytes packet);
/* The next packet to send. BJ_ERR_WOULD_BLOCK: none now. BJ_ERR_SPACE: `cap` is below the MTU. */
BJ_API BJ_MUST_USE enum bj_err bj_stack_output(struct bj_stack *stack, int64_t now_us, uint8_t *buf, size_t cap, size_t *out_len);

/* What a device does for packets, both ways: the part of the virtio-net header that matters. Offsets count from the packet's
 * first byte. */
struct bj_offload {
	bool checksum_good;       /* in: TCP's checksum was checked by the device, or never left the machine */
	bool checksum_missing;    /* out: the field holds the sum of the pseudo-header; the device adds the rest */
	uint16_t segment_len;     /* payload of each segment where the packet stands for several; 0: it is one */
	uint16_t header_len;      /* with checksum_missing: all headers together */
	uint16_t checksum_start;  /* out, with checksum_missing: where the sum begins */
	uint16_t checksum_offset; /* and where it is written, counted from there */
	bool lent;                /* in: the packet's bytes stay as they are until bj_stack_settle() */
};

#define BJ_OFFLOAD_PACKET_MAX 65535

/* The two calls above for a device that segments and sums: packets of many segments, up to `cap`, and their checksums left out. */
BJ_API void bj_stack_input_offloaded(struct bj_stack *stack, int64_t now_us, struct bj_bytes packet, const struct bj_offload *offload);
BJ_API BJ_MUST_USE enum bj_err bj_stack_output_offloaded(struct bj_stack *stack, int64_t now_us, uint8_t *buf, size_t cap,
							 size_t *out_len, struct bj_offload *out_offload);
/* The same where the device gathers: `buf` gets the headers only, the payload is told where it stands, in up to two pieces (empty: none),
 * good until the next call on the stack that is not this one. `cap` bounds all together. `out_offload` null: the device does
 * nothing, as with bj_stack_output(). */
BJ_API BJ_MUST_USE enum bj_err bj_stack_output_gathered(struct bj_stack *stack, int64_t now_us, uint8_t *buf, size_t cap,
							size_t *out_len, struct bj_offload *out_offload, struct bj_bytes out_pieces[2]);
/* Ends the loan of the last packet that came with `lent`; the next packet's input does so, too. Until then its bytes are read where
 * they came, without a copy between; what is not read by now is copied. */
BJ_API void bj_stack_settle(struct bj_stack *stack);

/* When to call bj_stack_tick() next; INT64_MAX: never, until something else happens. Sometimes too early, never late. */
BJ_API int64_t bj_stack_deadline(const struct bj_stack *stack);
BJ_API void bj_stack_tick(struct bj_stack *stack, int64_t now_us);
/* The device is gone: every connection ends with `why` now, without a word to its peer, instead of waiting out its timers. Listeners stay. */
BJ_API void bj_stack_fail(struct bj_stack *stack, enum bj_err why);

struct bj_stack_stats {
	uint64_t packets_in, packets_out;
	uint64_t malformed;         /* packets that were no packets, checksums included */
	uint64_t not_ours;          /* for other addresses or from impossible ones */
	uint64_t resets_sent, challenges_sent, challenges_withheld;
	uint64_t cookies_sent, cookies_taken, cookies_refused;
	uint64_t fragments_in, datagrams_whole, fragments_dropped;
	uint64_t accept_overflows, events_lost;
	uint64_t source_half_open_overflows, source_waiting_overflows, source_connection_overflows; /* SYNs and last ACKs beyond those limits */
	uint64_t fast_opens, fast_open_overflows; /* taken; refused because too many had not proved themselves */
	uint64_t unreachables_sent; /* for datagrams to ports of nobody; 50 to 100 in a second */
	size_t connections;         /* now, in any state */
	size_t time_waits;
	size_t memory_used;         /* buffers, now */
	size_t connection_size;     /* bytes that an idle connection needs beside its buffers */
};

BJ_API void bj_stack_stats(const struct bj_stack *stack, struct bj_stack_stats *out);

/* ---- a link with frames: Ethernet under a stack */

/* Between a stack and a device that carries Ethernet frames: finds the neighbours' addresses with ARP (rfc826) and neighbour
 * discovery (rfc4861), answers for the stack's own addresses, and writes and takes off the frames' headers. It takes the
 * place of the stack in the calls of input, output, deadline and tick; connections are the stack's as before. */
struct bj_link;

struct bj_mac {
	uint8_t bytes[6];
};

struct bj_link_options {
	struct bj_mac mac;
	size_t neighbour_max;      /* 0: 512. The one that was used longest ago makes room */
	int64_t reachable_us;      /* 0: 30 s. How long an answer is believed without a question */
	int64_t retransmit_us;     /* 0: 1 s. Between questions; three are asked */
};

/* `stack` stays the caller's and must outlive the link. BJ_ERR_ARGUMENT: the address is not one station's. */
BJ_API BJ_MUST_USE enum bj_err bj_link_make(struct bj_stack *stack, const struct bj_link_options *options, int64_t now_us,
					    struct bj_link **out);
/* Takes null. */
BJ_API void bj_link_free(struct bj_link *link);
/* Where packets go: addresses that begin with these bits (of 32 or 128) are neighbours, or, with a gateway, behind it. The longest
 * prefix counts. Without any route every address is a neighbour. BJ_ERR_LIMIT beyond 16. */
BJ_API BJ_MUST_USE enum bj_err bj_link_add_route(struct bj_link *link, const struct bj_ip *prefix, unsigned bits, const struct bj_ip *gateway);

/* As those of the stack, with frames. `offload` may be null. */
BJ_API void bj_link_input(struct bj_link *link, int64_t now_us, struct bj_bytes frame, const struct bj_offload *offload);
BJ_API BJ_MUST_USE enum bj_err bj_link_output(struct bj_link *link, int64_t now_us, uint8_t *buf, size_t cap, size_t *out_len,
					      struct bj_offload *out_offload);
/* Those of the stack are in it. */
BJ_API int64_t bj_link_deadline(const struct bj_link *link);
BJ_API void bj_link_tick(struct bj_link *link, int64_t now_us);

struct bj_link_stats {
	uint64_t frames_in, frames_out;
	uint64_t malformed;         /* frames, ARP packets and neighbour discovery that were none */
	uint64_t not_ours;          /* for other stations, or IP packets for us in frames for all */
	uint64_t questions, answers;/* sent */
	uint64_t no_route, no_answer; /* packets that were dropped */
	uint64_t neighbours_evicted;
	size_t neighbours;          /* now */
};

BJ_API void bj_link_stats(const struct bj_link *link, struct bj_link_stats *out);

/* ---- options of connections and listeners */

enum bj_congestion {
	BJ_CONGESTION_CUBIC = 0,
	BJ_CONGESTION_RENO = 1,
	BJ_CONGESTION_BBR = 2, /* version 3, draft-ietf-ccwg-bbr: by rate, always paced; asks for exact ticks */
};

/* Explicit congestion notification (rfc3168), accurate or not (rfc9768). */
enum bj_ecn {
	BJ_ECN_ANSWER = 0, /* if the peer asks */
	BJ_ECN_ASK = 1,    /* and ask, when we open */
	BJ_ECN_OFF = 2,
	BJ_ECN_ASK_ACCURATE = 3, /* and for each mark to be told; who knows only the old way answers so */
};

/* When the option of accurate feedback goes with a segment, if there is room (rfc9768:3.2.3.3). */
enum bj_ecn_option {
	BJ_ECN_OPTION_CHANGES = 0, /* when there is something new in it */
	BJ_ECN_OPTION_ALWAYS = 1,  /* with every one, to a peer that has sent one */
	BJ_ECN_OPTION_NEVER = 2,   /* what comes is read */
};

#define BJ_SOURCE_ROUTE_MAX 8

/* The routers that IPv4 packets of a connection are to pass by (MUST-51 of rfc9293:3.9.2.1). */
struct bj_source_route {
	uint8_t count;             /* 0: none */
	bool strict;               /* and no others */
	struct bj_ip hops[BJ_SOURCE_ROUTE_MAX];
};

struct bj_tcp_options {
	enum bj_congestion congestion;
	enum bj_ecn ecn;
	enum bj_ecn_option ecn_option;
	bool no_accurate_ecn;      /* who asks for accurate feedback is answered the old way */
	bool ecn_control;          /* with it, also ACKs, FINs and what is sent again may be marked: an experiment, draft-ietf-tcpm-generalized-ecn */
	bool pacing;               /* spread windows over the round trip, above 10 Mbit/s; asks for exact ticks */
	bool no_delay;             /* Nagle's algorithm off (MUST-17 of rfc9293:3.7.4) */
	bool cork;                 /* hold partial segments back until this is off again */
	bool no_sack, no_timestamps, no_window_scale;
	bool slow_start_after_idle_off;
	bool delayed_ack_off;
	uint8_t ttl;               /* 0: 64 (MUST-49 of rfc9293:3.9.2) */
	uint8_t tos;
	uint16_t mss_max;          /* 0: what the MTU allows */
	struct bj_source_route source_route; /* of connections that we open */
	uint32_t send_buffer_max;  /* 0: tuned, up to 4 MiB */
	uint32_t receive_buffer_max; /* 0: tuned, up to 6 MiB */
	uint32_t initial_window;   /* segments; 0: 10 (rfc6928) */
	int64_t user_timeout_us;   /* R2: no progress for so long ends the connection; 0: 15 minutes */
	bool user_timeout_option;  /* tell the peer, and let what it says lengthen ours, up to a day (rfc5482) */
	int64_t syn_timeout_us;    /* R2 of a SYN; 0: 3 minutes (MUST-23 of rfc9293:3.8.3) */
	bool keepalive;            /* MUST-25: off unless asked for */
	int64_t keepalive_idle_us; /* 0: two hours */
	int64_t keepalive_interval_us; /* 0: 75 s */
	uint32_t keepalive_count;  /* 0: 9 */
	int64_t rto_min_us;        /* 0: 200 ms */
	int64_t ack_delay_us;      /* 0: 40 ms; below half a second (MUST-40) */
	int64_t time_wait_us;      /* 0: 60 s, twice a segment lifetime of 30 s */
	int64_t fin_wait_2_us;     /* 0: 60 s; for connections that nobody owns any more */
	/* Fast Open (rfc7413): bytes in the SYN. A listener takes them, if the cookie is good; bj_tcp_connect() sends what is
	 * written before the next bj_stack_output(). They may come twice: for requests that do no harm when repeated. */
	bool fast_open;
	bool fast_open_without_cookie; /* for networks where nobody can pretend to be somebody else */
	uint32_t fast_open_max;    /* opened fast and not yet proved, in the whole stack; 0: 256 */
	/* listeners */
	uint32_t backlog;          /* established ones that wait for accept; 0: 1024 */
	uint32_t syn_backlog;      /* half-open ones before cookies are sent; 0: 1024 */
	bool syn_cookies_always;
	bool syn_cookies_never;
};

/* ---- opening */

/* Port 0 is refused; the unspecified address listens on all of ours. BJ_ERR_IO_ADDRESS_IN_USE: somebody listens there.
 * Null options are all defaults; connections that are accepted inherit them. */
BJ_API BJ_MUST_USE enum bj_err bj_tcp_listen(struct bj_stack *stack, const struct bj_endpoint *local,
					     const struct bj_tcp_options *options, struct bj_listener **out);
/* The oldest established connection that waits. BJ_ERR_WOULD_BLOCK: none. */
BJ_API BJ_MUST_USE enum bj_err bj_tcp_accept(struct bj_listener *listener, struct bj_tcp **out);
/* Half-open connections and those that nobody accepted are reset. Takes null. */
BJ_API void bj_listener_close(struct bj_listener *listener);

/* Sends a SYN. `local` may be null, or have the unspecified address or port 0: chosen by the stack (rfc6056).
 * BJ_ERR_IO_ADDRESS_IN_USE, BJ_ERR_IO_UNREACHABLE (no address of that family), BJ_ERR_LIMIT, BJ_ERR_ARGUMENT. */
BJ_API BJ_MUST_USE enum bj_err bj_tcp_connect(struct bj_stack *stack, const struct bj_endpoint *local,
					      const struct bj_endpoint *remote, const struct bj_tcp_options *options,
					      struct bj_tcp **out);

/* ---- bytes */

/* Copies out what has come, at least one byte. BJ_ERR_WOULD_BLOCK: nothing yet. BJ_ERR_CLOSED: the peer sent FIN and all
 * is read. Otherwise why the connection ended: BJ_ERR_IO_RESET, _REFUSED, _TIMEOUT, _UNREACHABLE. */
BJ_API BJ_MUST_USE enum bj_err bj_tcp_read(struct bj_tcp *tcp, uint8_t *buf, size_t cap, size_t *out_len);
/* The same in place: a view of what has come up to the wrap, good until the next call on the stack. */
BJ_API BJ_MUST_USE enum bj_err bj_tcp_peek(struct bj_tcp *tcp, struct bj_bytes *out);
/* Takes off what was peeked at; no more than that. */
BJ_API void bj_tcp_consume(struct bj_tcp *tcp, size_t len);
/* Takes as much as there is room for, at least one byte. BJ_ERR_WOULD_BLOCK: no room. BJ_ERR_CLOSED: after finish. */
BJ_API BJ_MUST_USE enum bj_err bj_tcp_write(struct bj_tcp *tcp, struct bj_bytes bytes, size_t *out_len);
/* As bj_tcp_write(); what was taken is urgent (MUST-30, MUST-62 of rfc9293:3.8.5). */
BJ_API BJ_MUST_USE enum bj_err bj_tcp_write_urgent(struct bj_tcp *tcp, struct bj_bytes bytes, size_t *out_len);
/* Room to write in place, good until the next call on the stack, which commit is to be: it says how much was written. */
BJ_API BJ_MUST_USE enum bj_err bj_tcp_reserve(struct bj_tcp *tcp, uint8_t **out, size_t *out_len);
BJ_API void bj_tcp_commit(struct bj_tcp *tcp, size_t len);

/* ---- closing */

/* FIN, after all that was written, also while the connection is being made; if nothing was, that ends it. Reading goes on. Harmless
 * when done twice. */
BJ_API BJ_MUST_USE enum bj_err bj_tcp_finish(struct bj_tcp *tcp);
/* RST, at once; the handle ends. Takes null. */
BJ_API void bj_tcp_abort(struct bj_tcp *tcp);
/* Lets go: what was written is still delivered and the FIN sent; with unread bytes the peer is told by RST, because they
 * are lost (rfc2525:2.17). The handle ends. Takes null. */
BJ_API void bj_tcp_release(struct bj_tcp *tcp);

/* ---- asking */

enum bj_tcp_state {
	BJ_TCP_CLOSED,
	BJ_TCP_LISTEN,
	BJ_TCP_SYN_SENT,
	BJ_TCP_SYN_RECEIVED,
	BJ_TCP_ESTABLISHED,
	BJ_TCP_FIN_WAIT_1,
	BJ_TCP_FIN_WAIT_2,
	BJ_TCP_CLOSE_WAIT,
	BJ_TCP_CLOSING,
	BJ_TCP_LAST_ACK,
	BJ_TCP_TIME_WAIT,
	BJ_TCP_STATES,
};

/* "ESTABLISHED" and so on; never null. */
BJ_API const char *bj_tcp_state_name(enum bj_tcp_state state);

enum bj_recovery {
	BJ_RECOVERY_OPEN,      /* nothing is amiss */
	BJ_RECOVERY_DISORDER,  /* acknowledgments with holes or duplicates */
	BJ_RECOVERY_FAST,      /* fast recovery */
	BJ_RECOVERY_LOSS,      /* after a retransmission timeout */
};

struct bj_tcp_info {
	struct bj_endpoint local, remote;
	enum bj_tcp_state state;
	enum bj_recovery recovery;
	enum bj_err error;       /* why it ended; BJ_OK while it lives and after an orderly end */
	enum bj_err soft_error;  /* what ICMP said last without ending anything */
	bool sack, timestamps, window_scale;
	uint8_t snd_wscale, rcv_wscale;
	uint16_t snd_mss, rcv_mss, advertised_mss;
	uint32_t pmtu;
	uint32_t iss, irs, snd_una, snd_nxt, snd_wnd, rcv_nxt, rcv_wnd;
	uint32_t cwnd;           /* bytes */
	uint32_t ssthresh;       /* bytes; UINT32_MAX: none yet */
	uint32_t pipe;           /* bytes thought to be in the network */
	uint32_t sacked, lost, retransmitted_out; /* bytes of the window */
	uint32_t srtt_us, rttvar_us, rto_us, min_rtt_us;
	uint32_t backoff;        /* how many times the timer doubled */
	uint32_t send_buffered, receive_buffered; /* bytes inside */
	uint32_t send_buffer_max, receive_buffer_max;
	uint32_t retransmits;    /* segments, ever */
	uint32_t delivered;      /* segments that arrived, the SYN too */
	uint32_t timeouts, fast_recoveries, tail_probes, duplicates_received, undos;
	uint64_t bytes_acked, bytes_received;
	bool ecn, ecn_accurate, ecn_marked;    /* congestion is told by marks; one came */
	bool ecn_option;         /* the peer sends accurate feedback's option, so the bytes below are known */
	uint32_t received_ce, delivered_ce; /* packets that came marked: his here, ours there, as he tells; none without accurate feedback */
	/* bytes by how they came: each counts on from zero, the peer's low 24 bits */
	uint32_t received_ce_bytes, received_ect0_bytes, received_ect1_bytes;
	uint32_t delivered_ce_bytes, delivered_ect0_bytes, delivered_ect1_bytes;
	bool syn_data;           /* bytes in the SYN were taken, all of them (rfc7413) */
	bool urgent;             /* urgent bytes are still to be read (MUST-33 of rfc9293:3.8.5) */
	uint32_t urgent_ahead;   /* how many bytes from here to their end */
};

BJ_API void bj_tcp_info(const struct bj_tcp *tcp, struct bj_tcp_info *out);
/* Options as they are now; changes count from now on. Those of listeners and buffers' sizes are not changed any more. */
BJ_API void bj_tcp_options(const struct bj_tcp *tcp, struct bj_tcp_options *out);
BJ_API BJ_MUST_USE enum bj_err bj_tcp_set_options(struct bj_tcp *tcp, const struct bj_tcp_options *options);
/* A pointer of the owner's choice. */
BJ_API void bj_tcp_set_owner(struct bj_tcp *tcp, void *owner);
BJ_API void *bj_tcp_owner(const struct bj_tcp *tcp);

/* What a connection or listener has for its owner. */
enum bj_ready {
	BJ_READY_ACCEPT = 1,   /* a listener */
	BJ_READY_OPEN = 2,     /* connect went through */
	BJ_READY_READ = 4,     /* bytes, or the end of them */
	BJ_READY_WRITE = 8,    /* room again, after a write that found none */
	BJ_READY_URGENT = 16,  /* the peer has urgent bytes (MUST-32 of rfc9293:3.8.5) */
	BJ_READY_ENDED = 32,   /* closed or failed: bj_tcp_info() says how */
	BJ_READY_SOFT = 64,    /* ICMP or a third retransmission says something (MUST-56, SHLD-9) */
};

struct bj_ready_one {
	struct bj_tcp *tcp;           /* or null */
	struct bj_listener *listener; /* or null */
	struct bj_udp *udp;           /* or null: there is something to receive, or an error */
	unsigned ready;               /* of enum bj_ready; cleared by asking */
};

/* BJ_ERR_WOULD_BLOCK: nothing more. Each comes once until something happens to it again. */
BJ_API BJ_MUST_USE enum bj_err bj_stack_next_ready(struct bj_stack *stack, struct bj_ready_one *out);
/* Would it tell of one? */
BJ_API bool bj_stack_is_ready(const struct bj_stack *stack);

/* ---- datagrams */

struct bj_udp_options {
	size_t receive_max;        /* bytes that wait to be received, their bookkeeping included; 0: 256 KiB. More are lost */
	size_t send_max;           /* and to be sent; 0: 256 KiB */
	uint8_t ttl;               /* 0: 64 */
	uint8_t tos;
};

/* A socket for datagrams (rfc768). `local` as with bj_tcp_connect(); null options are all defaults. BJ_ERR_IO_ADDRESS_IN_USE. */
BJ_API BJ_MUST_USE enum bj_err bj_udp_open(struct bj_stack *stack, const struct bj_endpoint *local, const struct bj_udp_options *options,
					   struct bj_udp **out);
/* What waits on it is lost. Takes null. */
BJ_API void bj_udp_close(struct bj_udp *udp);
/* From now on only datagrams of this peer are taken, and ICMP's errors are told; null: of anybody again. */
BJ_API BJ_MUST_USE enum bj_err bj_udp_connect(struct bj_udp *udp, const struct bj_endpoint *remote);
/* `to` null: to the peer. Leaves with bj_stack_output(). BJ_ERR_WOULD_BLOCK: too many wait. BJ_ERR_LIMIT: it does not fit into a packet
 * of the MTU. BJ_ERR_IO_REFUSED, _UNREACHABLE (and BJ_ERR_LIMIT): an earlier one came back with that; this one was not sent. */
BJ_API BJ_MUST_USE enum bj_err bj_udp_send(struct bj_udp *udp, const struct bj_endpoint *to, struct bj_bytes datagram);
/* The oldest that waits. BJ_ERR_WOULD_BLOCK: none. BJ_ERR_SPACE: it is longer than `cap`, and stays. Errors as above, once each. */
BJ_API BJ_MUST_USE enum bj_err bj_udp_receive(struct bj_udp *udp, uint8_t *buf, size_t cap, size_t *out_len, struct bj_endpoint *out_from);
BJ_API void bj_udp_local(const struct bj_udp *udp, struct bj_endpoint *out);
/* Datagrams for this socket that were lost: no room, or not of its peer. */
BJ_API uint64_t bj_udp_dropped(const struct bj_udp *udp);

/* ---- watching */

enum bj_tcp_event_kind {
	BJ_EVENT_SENT,      /* seq, len, why: enum bj_sent_why */
	BJ_EVENT_LOST,      /* seq, len, why: enum bj_lost_why */
	BJ_EVENT_STATE,     /* why: the new enum bj_tcp_state; before: the old one */
	BJ_EVENT_TIMER,     /* why: enum bj_timer_why */
	BJ_EVENT_RECOVERY,  /* why: the new enum bj_recovery; before: the old one */
	BJ_EVENT_UNDO,      /* a recovery was found to be needless */
	BJ_EVENT_DROPPED,   /* a segment was not taken: seq, len, why: enum bj_drop_why */
};

enum bj_sent_why {
	BJ_SENT_SYN, BJ_SENT_DATA, BJ_SENT_FIN, BJ_SENT_ACK, BJ_SENT_DELAYED_ACK, BJ_SENT_WINDOW, BJ_SENT_CHALLENGE,
	BJ_SENT_FAST_RETRANSMIT, BJ_SENT_TIMEOUT, BJ_SENT_TAIL_PROBE, BJ_SENT_WINDOW_PROBE, BJ_SENT_KEEPALIVE, BJ_SENT_RST,
	BJ_SENT_MTU_PROBE, /* bytes in a packet larger than what is known to pass: rfc4821 */
};
enum bj_lost_why { BJ_LOST_RACK, BJ_LOST_DUPLICATES, BJ_LOST_PARTIAL_ACK, BJ_LOST_TIMEOUT, BJ_LOST_TAIL_PROBE, BJ_LOST_TOO_BIG,
		    BJ_LOST_SYN, BJ_LOST_MARKED };
enum bj_timer_why { BJ_TIMER_RTO, BJ_TIMER_TAIL, BJ_TIMER_REORDER, BJ_TIMER_PERSIST, BJ_TIMER_ACK, BJ_TIMER_KEEPALIVE, BJ_TIMER_LINGER };
enum bj_drop_why { BJ_DROP_PAWS, BJ_DROP_WINDOW, BJ_DROP_RST, BJ_DROP_SYN, BJ_DROP_ACK, BJ_DROP_NO_ACK, BJ_DROP_MEMORY, BJ_DROP_CLOSED };

struct bj_tcp_event {
	int64_t at_us;
	const struct bj_tcp *tcp; /* to compare, never to use: it may have ended since */
	uint8_t kind;             /* of enum bj_tcp_event_kind */
	uint8_t why;
	uint8_t before;
	uint32_t seq;
	uint32_t len;
	uint32_t cwnd;
	uint32_t srtt_us;
};

/* BJ_ERR_WOULD_BLOCK: nothing more. */
BJ_API BJ_MUST_USE enum bj_err bj_stack_next_event(struct bj_stack *stack, struct bj_tcp_event *out);

#ifdef __cplusplus
}
#endif

#endif
