/* sim.h - two stacks on a simulated wire, in virtual time: latency, bandwidth, queue, loss, reordering, duplication,
 * corruption, bursts of loss, a black hole for large packets, marks of congestion, a thinner of acknowledgments and a middlebox that
 * takes options away, all from a seed.
 *
 * What a world does is a function of its options: the same seed gives the same run. Packets that go through can be looked
 * at by a tap.
 */
#ifndef IO_SIM_H
#define IO_SIM_H

#include "base/prng.h"
#include <bojagi/tcpip.h>

#define SIM_PACKET_MAX 2048

struct sim_options {
	uint64_t seed;
	int64_t delay_us;        /* one way */
	int64_t jitter_us;       /* uniform on top, which reorders */
	uint64_t bytes_per_s;    /* 0: no limit */
	uint32_t queue_packets;  /* with a limit: tail drop; 0: 1000 */
	uint32_t loss_ppm;
	uint32_t duplicate_ppm;
	uint32_t reorder_ppm;    /* held back by four delays */
	uint32_t corrupt_ppm;    /* one bit */
	uint32_t burst_ppm;      /* chance that a burst of losses begins */
	uint32_t burst_packets;  /* and how long it is; 0: 5 */
	uint32_t thin_acks;      /* of plain acknowledgments only each of so many gets through; 0: all */
	bool strip_options;      /* a middlebox: SYNs keep their MSS alone */
	uint32_t drop_at[2];     /* this packet of a side is lost, counted from 1; 0: none */
	uint32_t mark_ppm;       /* congestion is told to those who know marks: rfc3168:5 */
	bool v6;
	uint32_t mtu;            /* 0: 1500 */
	uint32_t swallow;        /* packets larger than this vanish without a word; 0: none */
	int64_t swallow_us;      /* for so long; 0: always */
	uint32_t event_count_max;
	size_t memory_max;
	bool memory_max_of_1;    /* the limit is side 1's alone */
	bool no_isn_clock;
};

struct sim;

typedef void sim_tap(void *self, int64_t at_us, unsigned from, struct bj_bytes packet, bool dropped);

struct sim *sim_make(const struct sim_options *options);
/* Ends both stacks. */
void sim_free(struct sim *sim);
void sim_set_tap(struct sim *sim, sim_tap *tap, void *self);
struct bj_stack *sim_stack(struct sim *sim, unsigned side); /* 0 or 1 */
struct bj_endpoint sim_endpoint(const struct sim *sim, unsigned side, uint16_t port);
int64_t sim_now_us(const struct sim *sim);
uint64_t sim_packets(const struct sim *sim);
/* Lets both stacks send, then moves to the next thing that happens, at most to `until_us`. False: nothing before then, the
 * time is until_us. */
bool sim_step(struct sim *sim, int64_t until_us);

#endif
