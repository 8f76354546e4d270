/* neighbour.h - which station has which address: a bounded cache with the states of neighbour discovery, for ARP as well.
 *
 * An entry is made when somebody is to be sent to, or asks us for our address. What it knows ages: after a while it is used and
 * asked about at once, first quietly, then with unicast questions; who answers none is forgotten. Packets for an address that is
 * being asked for wait in the entry, the newest few of them. The cache asks its owner to send questions; it writes none.
 *
 * Implements   rfc4861:5.1 rfc4861:7.2 rfc4861:7.3 rfc826 rfc1122:2.3.2
 */
#ifndef TCPIP_NEIGHBOUR_H
#define TCPIP_NEIGHBOUR_H

#include <bojagi/tcpip.h>

#include "base/list.h"
#include "base/map.h"

#define NEIGHBOUR_MAX 512
#define NEIGHBOUR_REACHABLE_US 30000000
#define NEIGHBOUR_RETRANSMIT_US 1000000
#define NEIGHBOUR_DELAY_US 5000000   /* DELAY_FIRST_PROBE_TIME of rfc4861:10 */
#define NEIGHBOUR_QUESTIONS_MAX 3    /* MAX_MULTICAST_SOLICIT and MAX_UNICAST_SOLICIT */
#define NEIGHBOUR_WAITING_MAX 3      /* packets that wait for one address */
#define NEIGHBOUR_WAITING_BYTES_MAX ((size_t)1 << 20) /* for all */

enum neighbour_state {
	NEIGHBOUR_INCOMPLETE, /* asked, no answer yet */
	NEIGHBOUR_REACHABLE,
	NEIGHBOUR_STALE,
	NEIGHBOUR_DELAY,      /* was used while stale */
	NEIGHBOUR_PROBE,      /* asked again, of the station itself */
};

/* A packet that waits, with what its device is to do. */
struct neighbour_packet {
	struct list link;
	struct bj_offload offload;
	size_t len;
	uint8_t bytes[];
};

struct neighbour {
	struct map_node node;
	struct list by_use;     /* oldest first */
	struct list asking;     /* linked while a question is due */
	struct list ready;      /* linked while packets may go out */
	struct bj_ip ip;
	struct bj_mac mac;
	uint8_t state;          /* enum neighbour_state */
	uint8_t questions;      /* asked in this state */
	bool is_router;
	int64_t at_us;          /* when the state ends; INT64_MAX: it does not */
	struct list waiting;
	size_t waiting_count;
};

struct neighbours {
	struct map map;
	struct list by_use;
	struct list asking;     /* questions to be sent */
	struct list ready;      /* packets to be sent */
	size_t max;
	int64_t reachable_us, retransmit_us;
	size_t waiting_bytes;
	uint64_t no_answer, evicted;
};

void neighbours_init(struct neighbours *n, const struct bj_link_options *options, const struct siphash_key *key);
void neighbours_fini(struct neighbours *n);
/* The entry for an address that is to be sent to: made, and a question due, if there is none. Null without memory. */
struct neighbour *neighbour_use(struct neighbours *n, const struct bj_ip *ip, int64_t now_us);
struct neighbour *neighbour_find(const struct neighbours *n, const struct bj_ip *ip);
static inline bool neighbour_is_known(const struct neighbour *e)
{
	return e->state != NEIGHBOUR_INCOMPLETE;
}
/* Keeps a packet until the answer comes. */
void neighbour_keep(struct neighbours *n, struct neighbour *e, struct bj_bytes packet, const struct bj_offload *offload);
/* The next packet that may go out now; the caller frees it. Null: none. */
struct neighbour_packet *neighbour_next_ready(struct neighbours *n, struct neighbour **out);
/* The next question to ask; to everybody while the station is not known. Null: none. */
struct neighbour *neighbour_next_question(struct neighbours *n, int64_t now_us);

/* Somebody asked us and said where he is: an entry is made or changed, and is not believed for long (rfc4861:7.2.3). */
void neighbour_heard(struct neighbours *n, const struct bj_ip *ip, const struct bj_mac *mac, int64_t now_us);

struct neighbour_answer {
	const struct bj_mac *mac; /* or null */
	bool solicited, override, is_router;
};
/* An answer, asked for or not: never makes an entry (rfc4861:7.2.5). */
void neighbour_answered(struct neighbours *n, const struct bj_ip *ip, const struct neighbour_answer *a, int64_t now_us);

int64_t neighbours_deadline(const struct neighbours *n);
void neighbours_tick(struct neighbours *n, int64_t now_us);

#endif
