/* fuzz_neighbour.c - frames of a stranger against a link and its stack: ARP and neighbour discovery with any bytes, and time.
 * The cache keeps its bounds, what comes out is a frame, and output ends. Input: 2 bytes of length, 1 of time, the frame. */
#include "base/check.h"
#include "base/prng.h"
#include "tcpip/link.h"
#include "tcpip/wire/ethernet.h"

#define FRAMES_OUT_MAX 200

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum bj_err fill(void *self, uint8_t *out, size_t len)
{
	prng_fill((struct prng *)self, out, len);
	return BJ_OK;
}

static void drain(struct bj_link *link, int64_t now)
{
	static uint8_t room[4096];
	struct ethernet e;
	size_t len, count = 0;

	while (bj_link_output(link, now, room, sizeof(room), &len, NULL) == BJ_OK) {
		check(ethernet_parse(bytes_of(room, len), &e) == BJ_OK);
		check(++count < FRAMES_OUT_MAX);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct bj_ip ours6 = { { 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 } };
	struct prng keys = { 5 };
	const struct bj_stack_options stack_options = { .rng = { fill, &keys } };
	const struct bj_link_options options = { .mac = { { 2, 0, 0, 0, 0, 1 } }, .neighbour_max = 8 };
	const struct bj_endpoint peer = { bj_ip4(10, 0, 0, 2), 80 };
	const struct bj_ip ours = bj_ip4(10, 0, 0, 1);
	struct bj_link_stats stats;
	struct bj_stack *stack;
	struct bj_link *link = NULL;
	struct bj_tcp *tcp;
	int64_t now = 1000000;
	struct reader r = rd_of(bytes_of(data, size));

	check(bj_stack_make(&stack_options, now, &stack) == BJ_OK && bj_link_make(stack, &options, now, &link) == BJ_OK);
	check(bj_stack_add_address(stack, &ours) == BJ_OK && bj_stack_add_address(stack, &ours6) == BJ_OK);
	check(bj_tcp_connect(stack, NULL, &peer, NULL, &tcp) == BJ_OK);
	drain(link, now);
	while (rd_left(&r) > 3) {
		size_t len = rd_u16(&r);

		now += (int64_t)rd_u8(&r) * 50000;
		if (len > rd_left(&r))
			len = rd_left(&r);
		bj_link_tick(link, now);
		bj_link_input(link, now, rd_bytes(&r, len), NULL);
		drain(link, now);
		bj_link_stats(link, &stats);
		check(stats.neighbours <= 8);
	}
	bj_link_free(link);
	bj_stack_free(stack);
	return 0;
}
