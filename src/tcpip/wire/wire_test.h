/* wire_test.h - what the tests of the wire formats share. */
#ifndef TCPIP_WIRE_WIRE_TEST_H
#define TCPIP_WIRE_WIRE_TEST_H

#include "base/prng.h"
#include "base/test.h"
#include "base/writer.h"

/* Runs `parse` over every truncation of a packet, each a copy of its exact size, so that a read beyond it is found. */
#define FOR_EVERY_TRUNCATION(packet, cut)                                                                                          \
	for (size_t cut##_len = 0; cut##_len < (packet).len; cut##_len++)                                                          \
		for (struct bj_bytes cut = wire_cut((packet), cut##_len); cut.ptr; free((void *)(uintptr_t)cut.ptr), cut.ptr = NULL)

static inline struct bj_bytes wire_cut(struct bj_bytes packet, size_t len)
{
	uint8_t *copy = (uint8_t *)malloc(len ? len : 1);

	assert_non_null(copy);
	memcpy(copy, packet.ptr, len);
	return (struct bj_bytes){ copy, len };
}

#endif
