/* link.h - one end of a session: a stream and perhaps a TLS connection over it.
 *
 * Reading: link_fill() reads once into the worker's one buffer; link_next() hands out what is in it, record by record, as plaintext
 * views; link_used() says how much of the view was used, and the rest is kept and comes again, with more behind it. Views live
 * until the next link_fill() or link_next() in this worker.
 *
 * Writing: link_put() takes views and link_flush() sends them all: one system call, and one pass of sealing into full records. Views
 * that were put must live until the flush; a fill of any link, and a put to another link, flush first. What the carrier has no
 * room for is kept: then link_is_blocked(), and the owner stops reading from the other side until it is over.
 *
 * The owner gets one report, ready(): bytes may have come, the way may be free again, the handshake may be done, or the link failed.
 * A link with nothing under way owns no buffer.
 */
#ifndef GATEWAY_LINK_H
#define GATEWAY_LINK_H

#include "gateway/chunk.h"
#include "io/stream.h"
#include <bojagi/tls.h>

#define LINK_OUT_MAX ((size_t)1 << 20)  /* bytes that may wait to be written before a link fails */

struct worker;
struct link;
typedef void link_ready_fn(struct link *link);

struct link {
	struct stream stream;
	struct worker *worker;
	struct bj_tls *tls;          /* null: plain */
	link_ready_fn *ready;
	struct chunk *raw;           /* bytes of the carrier that were not opened yet */
	struct chunk *held;          /* plaintext that was not used yet */
	struct chunk *out, *out_last;/* what waits for the carrier, oldest first */
	bool *gone;                  /* set while a report is under way: tells it that the link was closed */
	uint32_t out_len;
	enum bj_err err;             /* the first failure */
	bool handshaking;
	bool want_read;
	bool ended;                  /* the peer said in order that nothing more comes */
	bool raw_is_whole;           /* `raw` may hold whole records: no fill is needed to go on */
	bool held_is_short;          /* `held` was offered and more is needed */
	bool finish_asked;           /* the next flush carries close_notify */
	bool end_asked;              /* and the carrier ends when nothing waits any more */
	bool reads_on;               /* servers: what they said before they stopped listening counts */
	bool deaf;                   /* so writing failed, what is put is thrown away, and reading tells the rest */
	bool ticket;                 /* clients: a session for resumption came */
	bool hold_tickets;           /* servers: tickets may wait for the first response, which saves a write */
};

/* A link over an accepted socket. `tls` null: plain. On failure nothing is open. */
BJ_MUST_USE enum bj_err link_accept(struct link *link, struct worker *worker, const struct stream_source *source, struct bj_tls_config *tls,
				   link_ready_fn *ready);
/* A link to a server; with TLS the ClientHello is sent. `session` (may be empty) is offered for resumption. */
BJ_MUST_USE enum bj_err link_connect(struct link *link, struct worker *worker, const struct addr *to, struct bj_tls_config *tls,
				     const char *name, struct bj_bytes session, link_ready_fn *ready);

/* Reads once: BJ_OK (also when the peer ended: link->ended), BJ_ERR_WOULD_BLOCK, or the failure that sticks. Call link_next() until
 * it has nothing first. */
BJ_MUST_USE enum bj_err link_fill(struct link *link);
/* The next view: false when there is none without another fill, or the link failed or ended. */
bool link_next(struct link *link, struct bj_bytes *out_view);
/* Of the last view `len` bytes were used; the rest is kept. `short_of` says that it is of no use without more behind it. */
void link_used(struct link *link, struct bj_bytes view, size_t len, bool short_of);
/* True when something that came waits to be used, without a fill. */
bool link_has_held(const struct link *link);

void link_put(struct link *link, struct bj_bytes piece);
/* The failure that sticks, if there is one. What is left over waits and is no failure. */
enum bj_err link_flush(struct link *link);
static inline bool link_is_blocked(const struct link *link)
{
	return link->out != NULL;
}
/* What the TLS connection wants to send by itself (tickets, key updates) and was held back. */
void link_flush_tickets(struct link *link);

/* Whether the owner wants to hear about bytes that come. */
void link_want_read(struct link *link, bool want);
/* The sending side ends in order with the next flush (close_notify). */
void link_finish_with_flush(struct link *link);
/* Ends the sending side: close_notify, then the carrier's end. Nothing may be waiting. */
void link_finish(struct link *link);
/* Lets go of what an idle connection does not need. */
void link_rest(struct link *link);
/* Closes: with close_notify where TLS is up and nothing failed. Harmless when repeated, and for a link that is all zero. */
void link_close(struct link *link);

static inline bool link_is_open(const struct link *link)
{
	return stream_is_open(&link->stream);
}

#endif
