/* tcp_frames.h - frames over a veth pair by AF_XDP, beside the same by packet sockets: what a device costs by itself. */
#ifndef BENCH_TCP_FRAMES_H
#define BENCH_TCP_FRAMES_H

#include "measure.h"

/* In a namespace of its own. Says so and reports nothing where AF_XDP is not permitted. */
void bench_frames(const struct options *o);

#endif
