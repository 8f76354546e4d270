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
	uint8_t last[2] = { 0 };
	uint32_t half;
	uint16_t pair;

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
	if (len >= 4) { /* headers are short: their ends cost more than their middles if copied by a length */
		memcpy(&half, p, 4);
		sum = add_carry(sum, half);
		len -= 4;
		p += 4;
	}
	if (len >= 2) {
		memcpy(&pair, p, 2);
		sum = add_carry(sum, pair);
		len -= 2;
		p += 2;
	}
	if (len > 0) {
		last[0] = *p;
		memcpy(&pair, last, 2);
		sum = add_carry(sum, pair);
	}
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	sum = __builtin_bswap16((uint16_t)sum);
#endif
	c->sum += sum;
}
