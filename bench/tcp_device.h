/* tcp_device.h - one stream between our TCP and the kernel's over a TUN device, beside the kernel's over loopback. */
#ifndef BENCH_TCP_DEVICE_H
#define BENCH_TCP_DEVICE_H

#include "measure.h"

/* Needs a network namespace: root's, or a user's. Says so and reports nothing where there is none. */
void bench_device(const struct options *o);

#endif
