/* session.h - what all sessions over a connection share: the client's link, who the client is, what ends it.
 *
 * A kind (http.c, relay.c) gives the rest. A session is freed by session_end() and by nothing else; whoever calls it touches the
 * session no more.
 */
#ifndef GATEWAY_SESSION_H
#define GATEWAY_SESSION_H

#include "gateway/generation.h"
#include "gateway/identity.h"
#include "gateway/link.h"
#include "gateway/stats.h"
#include "io/listener.h"

struct session;
struct listening;

struct session_kind {
	void (*begin)(struct session *s);   /* the handshake, if any, is done */
	void (*ready)(struct session *s);   /* the client's link has a report */
	void (*timeout)(struct session *s); /* the session's timer fired, the handshake is done */
	void (*drain)(struct session *s);   /* finish soon: no new requests */
	void (*end)(struct session *s);     /* let go of what is the kind's own */
};

/* An address without the room that unix paths need. */
struct peer {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} sa;
};

struct session {
	const struct session_kind *kind;
	struct list node;
	struct slab *slab;
	struct link client;
	struct loop_timer timer;
	struct listening *on;
	const struct runtime_listener *to;
	struct generation *generation; /* of `to`: what the next request goes by */
	struct generation *began_with; /* what its TLS goes by; null: the same */
	struct identity *identity;  /* null: no verified certificate */
	struct peer peer;
	bool begun;
	bool outdated;              /* what its handshake was judged by has changed since */
	bool tallied;               /* counted among its client's connections */
	struct runtime_places *places; /* and among its listener's; null: not counted */
	uint64_t client_hash;       /* in the table of clients; 0: not looked up */
	int64_t opened_us;
};

/* A listener's report. */
void session_accept(struct listener *listener, const struct stream_source *source, const struct addr *peer);
/* Between two requests: what comes next goes by the newest configuration of the same listener. False: it lets this client in no more. */
bool session_follow(struct session *s);
/* Whether the request in progress is the last one that this connection may bring. */
bool session_is_over(const struct session *s);
void session_end(struct session *s, enum close_reason reason);

static inline struct worker *session_worker(const struct session *s)
{
	return s->client.worker;
}

/* 0: no limit. */
void session_set_timer(struct session *s, unsigned after_ms);
/* The peer's address without its port, as bytes (unix: empty) and as text. */
struct addr session_peer(const struct session *s);

/* The reason that fits a link's failure. */
enum close_reason close_reason_of(enum bj_err err);

extern const struct session_kind http_kind;
extern const struct session_kind relay_kind;
size_t http_session_size(void);
size_t relay_session_size(void);
void http_session_init(struct session *s);
void relay_session_init(struct session *s);

#endif
