/* fuzz_reassembly.c - fragments in any order, size and number: what comes out is what an array of bytes says. */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/reader.h"
#include "tcpip/reassembly.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t bytes[65536 + 256];
	struct reassembly r;
	struct reader in = rd_make(data, size);
	int64_t now = 0;
	uint64_t dropped = 0;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7 + (i >> 8));
	reassembly_init(&r);
	while (rd_left(&in) >= 6) {
		struct fragment f = { .protocol = 6, .id = rd_u8(&in) & 3 };
		uint8_t flags = rd_u8(&in);
		struct datagram *done = NULL;
		struct bj_bytes whole;

		f.more = flags & 1;
		f.offset = (uint32_t)(rd_u16(&in) & 0x1fff) * 8 % (flags & 2 ? 128 : 65536);
		f.payload = bytes_of(bytes + f.offset, (rd_u8(&in) & (f.more ? 0xf8 : 0xff)));
		now += rd_u8(&in) * 10000;
		if (reassembly_add(&r, now, &f, &whole, &done, &dropped)) {
			check(whole.len <= REASSEMBLY_DATAGRAM_LEN_MAX && memcmp(whole.ptr, bytes, whole.len) == 0);
			reassembly_done(&r, done);
		}
		check(r.count <= REASSEMBLY_DATAGRAMS_MAX && r.memory <= REASSEMBLY_MEMORY_MAX);
	}
	reassembly_fini(&r);
	check(r.count == 0 && r.memory == 0);
	return 0;
}
