/* worker.h - one thread that serves clients: its loop, its buffers, its sessions, its connections to servers, its counts.
 *
 * Nothing here is seen by another thread but `stats` (read only) and `box` (messages).
 */
#ifndef GATEWAY_WORKER_H
#define GATEWAY_WORKER_H

#include <pthread.h>

#include "base/map.h"
#include "base/slab.h"
#include "gateway/access_log.h"
#include "gateway/client_table.h"
#include "gateway/link.h"
#include "gateway/runtime.h"
#include "gateway/stats.h"
#include "io/listener.h"
#include "io/mailbox.h"
#include "io/net.h"
#include "io/udp.h"

#define WORKER_IN_SIZE ((size_t)128 * 1024)  /* one read */
#define WORKER_PIECES_MAX 64                 /* views put before a flush */
#define WORKER_HEAD_SIZE ((size_t)320 * 1024)/* heads that were written and not flushed */
#define WORKER_HEAD_MAX ((size_t)288 * 1024) /* one head: more than an arena holds */
#define WORKER_ARENAS_FREE_MAX 1024          /* unused arenas that are kept */
#define WORKER_LAST_BYTES_MS 500             /* what a device still has to deliver at the end */
#define WORKER_DRAIN_MS 30000                /* how long requests may go on after SIGTERM */

struct gateway;
struct generation;

/* The memory of one head (http/field.h). */
struct arena {
	struct arena *next;
	size_t size;
	_Alignas(8) uint8_t bytes[];
};

#define WORKER_NETS_MAX 16               /* devices */

/* Our own TCP/IP on a device. It stays as long as the worker: reloads find it again. */
struct worker_net {
	char name[DEVICE_WORDS_MAX];
	struct net net;
};

/* A listening socket of this worker. */
struct listening {
	struct list node;
	struct worker *worker;
	struct generation *generation;        /* what new sessions begin with */
	const struct runtime_listener *to;
	struct listener listener;
	struct udp udp;                       /* instead, for datagrams */
	struct map flows;                     /* of udp */
	size_t open;                          /* sessions now */
};

struct worker {
	struct loop loop;
	struct mailbox box;
	struct gateway *gateway;
	unsigned index;
	pthread_t thread;
	bool draining;
	struct loop_timer drain_timer;
	struct mail finished;                 /* told to the control thread at the end */

	struct {
		struct link *link;            /* whose bytes these are */
		uint8_t *bytes;
		size_t pos, len;
	} in;
	struct {
		struct link *link;
		size_t count;
		struct bj_bytes pieces[WORKER_PIECES_MAX];
	} put;
	struct {
		uint8_t *bytes;
		size_t len;
	} head;                               /* heads that were put; empty after a flush */
	struct chunk *sealed;                 /* where records are made */
	struct chunk *spent;                  /* given back after the flush */
	struct chunks chunks;
	struct arena *arenas;
	size_t arenas_free;

	struct slab tls_slab, session_slab, exchange_slab, upstream_slab, relay_slab, flow_slab;
	struct udp_scratch *udp_scratch;
	struct siphash_key key;
	struct list listenings;
	struct worker_net *nets[WORKER_NETS_MAX]; /* of the first worker */
	size_t net_count;
	struct list sessions;
	size_t session_count;
	size_t flow_count, flows_max;         /* of datagrams, on all sockets */
	struct generation *generation;
	struct client_table *clients;         /* shared by all workers */
	struct access_log log;
	struct stats *stats;
};

BJ_MUST_USE enum bj_err worker_init(struct worker *w, struct gateway *gateway, unsigned index, struct stats *stats,
				    struct client_table *clients);
/* Every session must have ended. */
void worker_fini(struct worker *w);
/* The thread: runs until the worker has drained or is told to stop. */
void *worker_main(void *worker);

/* Sends what was put, for whichever link (link.c). */
void worker_flush_put(struct worker *w);
/* Gives a chunk back as soon as no view into it is put (link.c). */
void worker_give_later(struct worker *w, struct chunk *chunk);
/* Room for a head of at most `most` bytes, which is to be put to this link next. Flushes where that is needed first, since a flush
 * between writing and putting would give the room away. The views of heads live until the flush. */
struct writer worker_head_writer(struct worker *w, const struct link *link, size_t most);
struct bj_bytes worker_head_done(struct worker *w, const struct writer *writer);

/* A session of this socket is over: a socket that was closed is freed with its last one. */
void worker_session_ended(struct worker *w, struct listening *on);

struct arena *arena_take(struct worker *w, size_t size);
void arena_give(struct worker *w, struct arena *arena);

/* ---- messages from the control thread */

/* A new configuration: the worker begins to serve it with these sockets. Freed by the worker. */
struct worker_config {
	struct mail mail;
	struct runtime *runtime; /* the reference is the worker's */
	int *fds;                /* one per listener of the snapshot: a socket or a device; -1: keep the one that it has */
};
void worker_take_config(struct mail *mail, void *worker);

struct worker_order {
	struct mail mail;
	bool at_once; /* also what is in progress ends */
};
void worker_take_stop(struct mail *mail, void *worker);

#endif
