/* state.h - where a handshake stands and what has been settled about it.
 *
 * These two values are written by state.c alone, and only as a row of the handshake table says (handshake.h): so an illegal jump has
 * no spelling. A handler may settle the facts that its row declares and no others; a fact is asked only after it is settled. Breaking
 * either rule is a fault of our own and ends the process.
 *
 * Implements   rfc9846:A.1 rfc9846:A.2 rfc5246:7.3 (the names of the states)
 */
#ifndef TLS_STATE_H
#define TLS_STATE_H

#include "base/check.h"
#include <stdint.h>

enum hs_state {
	ST_NONE = 0,
	ST_START,           /* nothing was said yet */
	ST_VERSION,         /* the version is settled: the table of that version goes on */

	/* client, before the version is known */
	ST_WAIT_SERVER_HELLO,
	ST_RETRY,             /* a HelloRetryRequest came */
	ST_WAIT_SECOND_SERVER_HELLO,
	ST_EARLY,             /* the hello is out: keys of early data (clients); a PSK is chosen: is its early data taken? (servers) */

	/* client, 1.3 */
	ST_WAIT_EE,
	ST_WAIT_CERTIFICATE_OR_REQUEST,
	ST_WAIT_CERTIFICATE,
	ST_WAIT_CERTIFICATE_VERIFY,
	ST_JUDGE,             /* the peer's chain and signature are here and want a verdict */
	ST_JUDGE_AGAIN,       /* client: the chain is that of the session */
	ST_WAIT_FINISHED,
	ST_FLIGHT,            /* our last flight begins */
	ST_SIGN,
	ST_CERTIFICATE_VERIFY,
	ST_FINISHED,
	ST_EARLY_ANSWER,      /* whether early data was taken is settled */
	ST_END_OF_EARLY,

	/* server, 1.3 (the client's names above where they mean the same) */
	ST_SHARE,             /* whether the client's shares will do is settled */
	ST_WAIT_SECOND_CLIENT_HELLO,
	ST_PSK,               /* the hello that counts is here; a PSK may be chosen */
	ST_IDENTITY,          /* the owner may know the next identity */
	ST_KEY,
	ST_CREDENTIAL,
	ST_SERVER_HELLO,
	ST_EE,
	ST_REQUEST,
	ST_CERTIFICATE,
	ST_WAIT_FLIGHT,       /* the client's last flight */
	ST_TICKET,
	ST_TICKET_SEALED,

	/* 1.2 only, both roles */
	ST_STATUS,
	ST_SERVER_KEY_EXCHANGE,
	ST_CERTIFICATE_REQUEST,
	ST_HELLO_DONE,
	ST_CLIENT_KEY_EXCHANGE,
	ST_MASTER,            /* the transcript has the ClientKeyExchange: the master secret can be made */
	ST_CCS,
	ST_WAIT_SERVER_KEY_EXCHANGE,
	ST_WAIT_REQUEST_OR_DONE,
	ST_WAIT_HELLO_DONE,
	ST_WAIT_CLIENT_KEY_EXCHANGE,
	ST_WAIT_TICKET,
	ST_WAIT_CCS,
	ST_PEER_FINISHED,     /* the peer's Finished is good; what is left is ours */

	ST_OPEN,              /* the handshake is complete */

	/* 1.3: a certificate that is asked for later; the connection stays open */
	ST_LATER_CREDENTIAL,  /* client: asked; what follows it sends in one go, but for questions */
	ST_LATER_CERTIFICATE,
	ST_LATER_SIGN,
	ST_LATER_VERIFY,
	ST_LATER_FINISHED,
	ST_LATER_REQUEST,     /* server: its owner asks */
	ST_ASKED,             /* the answer may come, behind anything else */
	ST_LATER_WAIT_VERIFY, /* it begins: nothing else comes between */
	ST_LATER_JUDGE,
	ST_LATER_WAIT_FINISHED,
	ST_COUNT,
};

enum hs_fact {
	F_13 = 1 << 0,      /* TLS 1.3, not 1.2 */
	F_RETRY = 1 << 1,   /* the shares will not do: HelloRetryRequest (servers; clients know by the message) */
	F_RESUMED = 1 << 2, /* a PSK or an earlier session, no certificates */
	F_AUTH = 1 << 3,    /* the client is asked for a certificate */
	F_CERT = 1 << 4,    /* the client sends one */
	F_TICKET = 1 << 5,  /* the server sends NewSessionTicket */
	F_STATUS = 1 << 6,  /* 1.2: the server may send CertificateStatus (clients), does so (servers) */
	F_EARLY = 1 << 7,   /* 1.3: early data is offered, and goes on to its EndOfEarlyData (clients); is taken, and that comes (servers) */
	F_TRY = 1 << 8,     /* 1.3 servers: there is an identity to ask the owner about */
};
#define FACT_COUNT 9

struct state {
	uint16_t at;
	uint16_t may;     /* facts that the running handler may settle */
	uint16_t settled;
	uint16_t holds;
};

void state_start(struct state *s);
/* A connection that was open elsewhere: of all facts, rows of an open one ask for the version alone. */
void state_reopen(struct state *s, bool is_13);

static inline enum hs_state state_at(const struct state *s)
{
	return (enum hs_state)s->at;
}

/* The handshake is complete. */
static inline bool state_is_open(const struct state *s)
{
	return s->at >= ST_OPEN;
}

/* Both ask settled facts only. */
bool state_holds(const struct state *s, unsigned fact);
bool state_fits(const struct state *s, unsigned when, unsigned unless);
/* Whether it is settled at all: for reports, never for decisions of the handshake. */
static inline bool state_is_settled(const struct state *s, unsigned fact)
{
	return (s->settled & fact) == fact;
}

/* For handlers: settles one fact that their row declares. */
void state_settle(struct state *s, unsigned fact, bool holds);

/* For the driver: a handler begins, may settle `decides`; it ended well, all of these are settled, and the state is `to`. */
void state_enter(struct state *s, unsigned decides);
/* The handler has to wait for an answer: it has not begun. */
void state_back(struct state *s, const struct state *before);
void state_leave(struct state *s, unsigned sets, unsigned clears, enum hs_state to);

const char *state_name(enum hs_state at);
const char *fact_name(unsigned fact);

#endif
