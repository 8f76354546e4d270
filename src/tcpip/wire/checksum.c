/* checksum.c - see checksum.h. Sums eight bytes a turn in the machine's order; the order is mended once at the end,
 * because the ones' complement sum of swapped words is the swapped sum. */
#include "tcpip/wire/checksum.h"

static uint64_t add_carry(uint64_t sum, uint64_t v)
{
	sum += v;
	return sum + (sum < v);
}

void checksum_add(struct checksum *c, struct bj_bytes piece)
{
	const uint8_t *p = piece.ptr;
	size_t len = piece.len;
	uint64_t sum = 0, word, lanes[4] = { 0 };
	uint8_t last[8] = { 0 };

	for (; len >= 32; len -= 32, p += 32) { /* halves of words, so that no carry makes one turn wait for the one before */
		uint64_t four[4];

		memcpy(four, p, 32);
		for (unsigned i = 0; i < 4; i++)
			lanes[i] += (four[i] & UINT32_MAX) + (four[i] >> 32);
	}
	for (unsigned i = 0; i < 4; i++)
		sum = add_carry(sum, lanes[i]);
	for (; len >= 8; len -= 8, p += 8) {
		memcpy(&word, p, 8);
		sum = add_carry(sum, word);
	}
	bytes_copy(last, p, len);
	memcpy(&word, last, 8);
	sum = add_carry(sum, word);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	sum = __builtin_bswap16((uint16_t)sum);
#endif
	c->sum += sum;
}
