/* process.h - what the kernel says about this process, for the metrics. */
#ifndef GATEWAY_PROCESS_H
#define GATEWAY_PROCESS_H

#include <stdint.h>

struct process_facts {
	uint64_t cpu_us;
	uint64_t resident_bytes;
	uint64_t descriptors;
	uint64_t descriptors_max;
};

/* What cannot be read is zero. */
void process_facts(struct process_facts *out);

#endif
