/* world.h - what a script acts on: a stack in virtual time, the packets that it sent, and file descriptors over it.
 *
 * Sequence numbers of scripts are relative: the peer's to `remote_isn`, ours to what our first SYN had. Timestamps are
 * mapped as they are seen.
 */
#ifndef PKT_WORLD_H
#define PKT_WORLD_H

#include "base/prng.h"
#include "pkt/script.h"
#include <bojagi/tcpip.h>

#define WORLD_FDS_MAX 64
#define WORLD_WATCHED_MAX 8
#define WORLD_QUEUE_MAX 4096
#define WORLD_PACKET_MAX 65536
#define WORLD_TS_MAX 256
#define WORLD_LOCAL_PORT 8080
#define WORLD_REMOTE_PORT 53055

struct world_fd {
	bool used, nonblocking, connected_once, linger_zero, read_shut;
	bool fast_open_asked, fast_open_connect, connect_later;
	uint8_t watched[WORLD_WATCHED_MAX]; /* of an epoll descriptor: those that it watches, */
	uint32_t watched_for[WORLD_WATCHED_MAX], told[WORLD_WATCHED_MAX]; /* for what, and what was told already */
	size_t watched_count;
	struct bj_listener *listener;
	struct bj_tcp *tcp;
	struct bj_tcp_options options;
	struct bj_endpoint local;
	size_t pending;       /* of a write that opens and waits */
	enum bj_err reported; /* an error that was told already */
};

struct sent_packet {
	int64_t at_us;
	size_t len;
	uint8_t *bytes;
};

struct ts_pair {
	uint32_t script, live;
};

struct world {
	const struct script *script;
	struct bj_stack *stack;
	struct prng keys;
	int64_t start_us, now_us;
	struct world_fd fds[WORLD_FDS_MAX];
	struct bj_tcp *last; /* the connection that assertions are about */
	struct bj_tcp_options defaults; /* as sysctl set them */
	struct bj_endpoint local, remote;
	bool local_isn_known, remote_known;
	uint32_t local_isn, remote_isn;
	struct sent_packet queue[WORLD_QUEUE_MAX];
	size_t queue_head, queue_count;
	struct ts_pair ts[WORLD_TS_MAX];
	size_t ts_count;
	bool listeners_fast_open, may_fast_open;
	uint32_t first_isn;
	bool listened;     /* since the last SYN came */
	uint16_t clients;
	uint64_t cookie_script, cookie_live; /* what the script calls our cookie, and what it is; 0: not seen yet */
	bool challenges_unlimited; /* as the sysctl tcp_invalid_ratelimit=0 has it */
	bool bsd;     /* foreign, and made for another kernel: what stands in which order among options and the size of a window are its own */
	bool foreign; /* made for a kernel: which scale we offer, and where in a run of bytes PSH stands, is ours to choose */
	bool verbose;
	char error[512];
};

void world_init(struct world *w, const struct script *script, uint32_t remote_isn, bool verbose);
void world_fini(struct world *w);

/* Moves time on; timers go off when they are due, packets are gathered with the time at which they left. */
void world_run_until(struct world *w, int64_t until_us);
/* The same, but stops at the first packet. False: none came. */
bool world_wait_packet(struct world *w, int64_t until_us);
/* Takes what the stack wants to send now. */
void world_gather(struct world *w);

/* False: error says why. */
bool world_inject(struct world *w, const struct script_packet *p);
bool world_expect(struct world *w, const struct script_packet *p, int64_t *out_at_us);

/* calls.c: -1 with `error` set to the name of an errno, or the result; WORLD_WOULD_BLOCK for a call that waits. */
#define WORLD_WOULD_BLOCK (-1000)
#define WORLD_UNKNOWN (-1001)
long world_call(struct world *w, const struct script_call *c, char error[32]);
/* What calls are made of, for calls.c and poll.c. */
long call_int(const struct script_call *c, size_t at);
bool call_has(const struct script_call *c, size_t at, const char *word);
long call_fail(char error[32], const char *name);
/* The bytes that a read or write is about, gathered ones summed up. */
size_t call_bytes(const struct script_call *c);
long call_poll(struct world *w, const struct script_call *c, char error[32]);
long call_epoll_ctl(struct world *w, struct world_fd *f, const struct script_call *c, char error[32]);
long call_epoll_wait(struct world *w, struct world_fd *f, const struct script_call *c, char error[32]);
long call_ioctl(struct world_fd *f, const struct script_call *c, char error[32]);
void world_command(struct world *w, const char *text);
bool world_assert(struct world *w, const char *code);

#endif
