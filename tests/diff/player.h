/* player.h - two TCPs that get the same packets and calls: ours, in virtual time, and the kernel's behind a TUN device in a network
 * namespace of its own. Both answer at once: no time passes but what a step takes, so timers play no part.
 *
 * Numbers of a step are relative: the peer's to PEER_ISN, those of the side that is asked to what its SYN had.
 */
#ifndef DIFF_PLAYER_H
#define DIFF_PLAYER_H

#include "base/prng.h"
#include "tcpip/wire/tcp.h"
#include <bojagi/tcpip.h>

#define PEER_ISN 0xfffff000u /* so that it wraps soon */
#define ANSWER_BLOCKS_MAX 4

enum step_kind {
	STEP_SEGMENT,
	STEP_ACCEPT,
	STEP_WRITE,
	STEP_READ,
	STEP_SHUTDOWN,
	STEP_CLOSE,
	STEP_ABORT,
};

/* What one case is about; the same for both. */
struct scene {
	bool active;          /* we connect; else we listen */
	bool no_delay;
	bool ecn;             /* marks of congestion, the old way: this kernel knows no other */
	uint16_t local_port, remote_port;
	uint64_t seed;
};

struct step {
	enum step_kind kind;
	uint32_t len;         /* of a segment's payload or a write */
	uint16_t flags, window, urgent;
	uint32_t seq, ack;
	bool has_mss, has_scale, has_sack_permitted, has_ts, ecr_wrong, bad_checksum, bad_offset;
	uint8_t tos;          /* the mark on arrival */
	uint8_t scale, odd;   /* odd: what kind of unknown or malformed option; 0: none */
	uint16_t mss;
	uint32_t ts_val;
	uint8_t block_count;
	struct tcp_block blocks[2]; /* relative to the asked side's */
	char tags[160];       /* what is not as it usually is, in words */
};

/* All that came back for one step, put together: what follows from how bytes are cut into segments is left out. */
struct answer {
	bool sent, resent, syn, fin, rst, rst_acks, zero_window, has_mss, has_scale, has_sack_permitted, has_ts, urgent;
	bool capable, slowed; /* new bytes may be marked; and say that the side has slowed down */
	bool echo;            /* the last segment echoes a mark */
	uint32_t ack;
	uint32_t rst_seq, rst_ack;
	uint32_t data_start, data_end; /* bytes that had not been sent before */
	uint8_t block_count;
	struct tcp_block blocks[ANSWER_BLOCKS_MAX];
	long result;          /* of a call */
	const char *error;
	int state;            /* enum bj_tcp_state; -1: cannot be seen */
};

/* What is known of a side from its packets. */
struct view {
	bool isn_known;
	uint32_t isn, nxt, ts;
};

struct player {
	struct view view;
	const struct scene *scene;
	/* the kernel */
	int tun, listener, fd;
	/* ours */
	struct bj_stack *stack;
	struct bj_listener *our_listener;
	struct bj_tcp *tcp;
	struct prng prng;
	int64_t now_us;
	unsigned steps;
	bool is_kernel, dead;
};

/* False: no namespace, no device; `why` is set. Call once, before anything else; this process is in its own namespace from then on. */
bool player_prepare(bool ecn, int *out_tun, const char **why);
bool player_begin(struct player *p, const struct scene *scene, bool is_kernel, int tun, struct answer *out);
void player_step(struct player *p, const struct step *s, struct answer *out);
void player_end(struct player *p);

#endif
