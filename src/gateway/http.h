/* http.h - a client that speaks HTTP/1.1: one connection, one exchange after another.
 *
 * http.c       reads requests, keeps the connection's phase, answers by itself where it must
 * http_try.c   chooses a server, sends it the request, tries another one where that is allowed
 * http_move.c  moves bodies and responses, ends exchanges, turns into a tunnel
 */
#ifndef GATEWAY_HTTP_H
#define GATEWAY_HTTP_H

#include "gateway/body.h"
#include "gateway/session.h"
#include "gateway/upstream.h"
#include "gateway/worker.h"
#include "http/forward.h"
#include "http/h1.h"

#define HTTP_FILLS_MAX 8         /* reads in a row before others get their turn */
#define HTTP_TURNS_MAX 128       /* steps of one connection before others get their turn */
#define HTTP_INTERIMS_MAX 8      /* 1xx responses to one request */
#define HTTP_RESPONSE_HEAD_MAX ((size_t)64 * 1024)
#define HTTP_REST_MS 500         /* how soon an idle connection lets go of what it does not need */
#define HTTP_DRAIN_FIRST_MS 1000 /* how long a connection without a request may still bring one while we drain */
#define HTTP_LINGER_MS 2000      /* how long a client may go on sending after we closed */
#define HTTP_KEPT_BODY_MAX ((size_t)16 * 1024) /* bodies up to this size are kept until the response comes */
#define HTTP_LINGER_BYTES ((size_t)1 << 20)

enum http_phase {
	PHASE_IDLE = 0,  /* nothing of a request came */
	PHASE_HEAD,      /* something of a head came */
	PHASE_EXCHANGE,  /* a request is with a server */
	PHASE_TUNNEL,    /* bytes both ways */
	PHASE_CLOSING,   /* the rest is written, then the end */
	PHASE_LINGER,    /* written and finished; what still comes is thrown away */
};

/* What an exchange's timer waits for. */
enum http_wait {
	WAIT_CONNECT = 0,
	WAIT_BODY,
	WAIT_RESPONSE,
	WAIT_DATA,
};

struct exchange;

struct http_session {
	struct session base;
	struct exchange *x; /* null: no request */
	uint8_t phase;
	bool rested;
	uint32_t requests;
	size_t lingered;
	struct loop_task task; /* goes on after others had their turn */
};

struct exchange {
	struct http_session *hs;
	struct arena *arena;
	struct h1_parser parser;
	struct http_request request;
	struct body body;              /* the request's */
	int64_t started_us;
	bool expect_answered;

	const struct conf_route *route;
	struct group *group;
	struct target *target;
	struct upstream *up;
	struct pool_set tried;
	unsigned tries;
	int64_t try_us;
	uint8_t wait;                  /* enum http_wait */
	bool picked;                   /* pool_begin() without its pool_end() */
	bool head_put;                 /* the request's head went to the server */
	bool body_began;               /* something of the body went to the server */
	bool keep_body;                /* what went is in `kept`, so it can go again */
	struct chunk *kept;
	bool fresh;                    /* no idle connections any more: one was stale */

	struct arena *response_arena;
	struct h1_parser response_parser;
	struct http_response response;
	struct body answer;            /* the response's */
	struct http_framing framing;   /* how the client gets it */
	int64_t server_us;             /* to the response's head */
	uint16_t status;
	uint8_t interims;
	bool response_began;           /* bytes of a response came */
	bool head_done;                /* the response's head is known */
	bool head_sent;                /* and with the client */
	bool close;                    /* the client's connection ends with this response */
	enum bj_err err;
	const char *why;
};

static inline struct http_session *http_of(struct session *s)
{
	return (struct http_session *)(void *)((char *)s - offsetof(struct http_session, base));
}

/* Goes on with whatever the phase allows. The session may be gone afterwards. */
void http_advance(struct http_session *hs);

/* The following return true when the phase changed and http_advance() should look again; false when there is nothing to do now or
 * the session is gone. */

/* Chooses a server and begins; answers 503 when there is none. */
bool http_try(struct exchange *x);
/* The connection to the server failed: tries again, answers, or gives up. */
bool http_try_failed(struct exchange *x, enum bj_err err);
/* What a client's requests are counted by: behind proxies that are trusted, the client that they name. */
uint64_t http_client_hash(const struct exchange *x);
/* Moves what can be moved, both ways. */
bool http_move(struct exchange *x);
/* Answers with a response of our own. `close`: the connection ends. */
bool http_answer(struct exchange *x, unsigned status, bool close, enum bj_err err, const char *why);
/* Ends the client's connection at once: a response that cannot be completed must not look complete. */
bool http_abort(struct http_session *hs, enum bj_err err, enum close_reason reason);

/* Tunnels. */
bool http_tunnel_move(struct http_session *hs);

/* The request is over, with whatever result: it is counted, logged and forgotten. */
void http_exchange_end(struct exchange *x);
void http_drop_server(struct exchange *x, enum pool_outcome outcome);
void http_wait_for(struct exchange *x, enum http_wait wait);

#endif
