/* tcp_limit.h - what a TUN device and the kernel's TCP behind it can do with packets of one segment at most: a stream at whose other
 * end nobody thinks. What our TCP costs stands beside it.
 */
#ifndef BENCH_TCP_LIMIT_H
#define BENCH_TCP_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#define LIMIT_PORT 9

struct limit {
	struct blaster *blaster;
};

/* Gives a device its address and brings it up. */
typedef void limit_up_fn(const char *name, const char *address);

/* A device with the kernel at 10.8.0.1. Ends the program when it cannot be had, as all of these. */
void limit_open(struct limit *limit, limit_up_fn *up);
/* To LIMIT_PORT there. */
void limit_connect(struct limit *limit);
/* Sends so many zeros, or takes so many bytes. */
void limit_run(struct limit *limit, bool we_send, uint64_t bytes);
void limit_close(struct limit *limit);

#endif
