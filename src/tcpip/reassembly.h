/* reassembly.h - fragments of IPv4 and IPv6 packets become datagrams again.
 *
 * A datagram in which fragments overlap is given up as a whole, in both families (rfc5722:4, and what was learned from
 * teardrop); one that brings nothing but the same bytes again is ignored. At most REASSEMBLY_DATAGRAMS_MAX are open, with REASSEMBLY_MEMORY_MAX bytes:
 * the oldest make room; after REASSEMBLY_TIMEOUT_US a datagram is given up.
 *
 * Implements   rfc791:3.2 rfc8200:4.5 rfc5722 rfc6946 (whole packets with a fragment header never come here)
 */
#ifndef TCPIP_REASSEMBLY_H
#define TCPIP_REASSEMBLY_H

#include "base/bytes.h"
#include "base/list.h"

#define REASSEMBLY_DATAGRAMS_MAX 64
#define REASSEMBLY_SOURCE_MAX 16 /* of one address: beyond it its own make room */
#define REASSEMBLY_MEMORY_MAX (4u << 20)
#define REASSEMBLY_TIMEOUT_US INT64_C(30000000)
#define REASSEMBLY_DATAGRAM_LEN_MAX 65535

struct fragment {
	uint8_t from[16];
	uint8_t to[16];
	uint32_t id;
	uint8_t protocol;
	bool more;
	uint32_t offset;
	struct bj_bytes payload;
};

struct datagram;

struct reassembly {
	struct list open; /* oldest first */
	size_t count;
	size_t memory;
};

void reassembly_init(struct reassembly *r);
void reassembly_fini(struct reassembly *r);
/* True when this fragment completes a datagram: a view of its payload, good until reassembly_done(), and f->protocol is what its first
 * fragment says. `dropped` counts what was given up. */
bool reassembly_add(struct reassembly *r, int64_t now_us, struct fragment *f, struct bj_bytes *out, struct datagram **out_done,
		    uint64_t *dropped);
void reassembly_done(struct reassembly *r, struct datagram *d);
/* Gives up what is too old. */
void reassembly_expire(struct reassembly *r, int64_t now_us, uint64_t *dropped);
/* When the oldest is given up; INT64_MAX: none is open. */
int64_t reassembly_deadline(const struct reassembly *r);

#endif
