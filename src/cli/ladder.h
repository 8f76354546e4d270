/* ladder.h - a TLS handshake and an exchange over two of our TCPs on a simulated wire, told segment by segment.
 *
 * Everything happens in virtual time and from a seed. What each segment carries is known, not guessed: which messages stand where in
 * the stream is noted when they are made, and why a segment was sent is what the stack says.
 */
#ifndef CLI_LADDER_H
#define CLI_LADDER_H

#include "io/sim.h"
#include <bojagi/tls.h>

#define LADDER_LABELS_MAX 64   /* flights of one side */
#define LADDER_LABEL_LEN 160
#define LADDER_ROWS_MAX 4000

struct ladder_row {
	int64_t at_us;           /* from the start */
	unsigned from;           /* 0: the client */
	bool is_note;            /* no segment: something happened at this side */
	bool lost;               /* on the way */
	uint16_t flags;          /* of enum tcp_flag */
	uint32_t seq, ack, len;  /* relative */
	uint16_t window;
	const char *why;         /* "" for the ordinary */
	char tls[LADDER_LABEL_LEN]; /* what it carries, or the note */
};

struct ladder_wish {
	struct sim_options wire;
	struct bj_tls_config *client, *server; /* frozen, each with ladder_observe() and a struct ladder_side of its own */
	const char *name;        /* of the server */
	size_t request_len, response_len;
	int64_t limit_us;        /* of virtual time */
	int64_t unix_ms;         /* the time by which certificates are judged */
	bool no_delay_off;       /* Nagle's algorithm stays on */
};

/* Where in a side's stream its messages stand. */
struct ladder_side {
	char making[LADDER_LABEL_LEN]; /* what was made and not handed out yet */
	struct {
		uint64_t start, end;
		char text[LADDER_LABEL_LEN];
	} labels[LADDER_LABELS_MAX];
	size_t count;
};

/* For bj_tls_config_observer(); `side` is a struct ladder_side. */
bj_tls_observer_fn ladder_observe;

struct ladder_result {
	enum bj_err err;               /* why it did not end well */
	bool by_client;                /* who said so */
	int64_t open_us, client_done_us, server_done_us, first_byte_us, end_us; /* -1: not reached */
	uint64_t packets, lost, retransmits[2];
	uint64_t bytes[2];             /* of each side's stream */
};

typedef void ladder_row_fn(void *self, const struct ladder_row *row);

/* Runs it, rows as they happen. */
enum bj_err ladder_run(const struct ladder_wish *wish, struct ladder_side *client, struct ladder_side *server, ladder_row_fn *row, void *self,
		       struct ladder_result *out) BJ_MUST_USE;

#endif
