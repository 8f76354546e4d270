/* fuzz_icmp.c - ICMP, ICMPv6 with neighbour discovery, and UDP, with the checksums mended; what parses comes back. */
#include "base/check.h"
#include "tcpip/wire/checksum.h"
#include "tcpip/wire/icmp.h"
#include "tcpip/wire/icmpv6.h"
#include "tcpip/wire/ipv4.h"
#include "tcpip/wire/udp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t zeros[16];

static void mend(uint8_t *packet, size_t size, size_t at, struct checksum sum)
{
	packet[at] = packet[at + 1] = 0;
	checksum_add(&sum, bytes_of(packet, size));
	packet[at] = (uint8_t)(checksum_value(&sum) >> 8);
	packet[at + 1] = (uint8_t)checksum_value(&sum);
}

static void four(uint8_t *packet, size_t size)
{
	static uint8_t room[8192];
	struct writer w = wr_make(room, sizeof(room));
	struct icmp m, again;

	mend(packet, size, 2, (struct checksum){ 0 });
	if (icmp_parse(bytes_of(packet, size), &m))
		return;
	icmp_write(&w, &m);
	check(icmp_parse(wr_view(&w), &again) == BJ_OK);
	check(m.type == again.type && m.id == again.id && m.next_mtu == again.next_mtu && bytes_equal(m.body, again.body));
}

static void six(uint8_t *packet, size_t size)
{
	static uint8_t room[8192];
	const struct icmpv6_path path = { .hop_limit = ND_HOP_LIMIT };
	struct writer w = wr_make(room, sizeof(room));
	struct icmpv6 m, again;

	mend(packet, size, 2, checksum_pseudo(bytes_of(zeros, 16), bytes_of(zeros, 16), IP_ICMPV6, size));
	if (icmpv6_parse(bytes_of(packet, size), &path, &m))
		return;
	icmpv6_write(&w, &m, &path);
	check(wr_ok(&w) && icmpv6_parse(wr_view(&w), &path, &again) == BJ_OK);
	check(m.type == again.type && m.mtu == again.mtu && bytes_equal(m.body, again.body));
	check(memcmp(&m.nd, &again.nd, sizeof(m.nd)) == 0);
}

static void datagram(uint8_t *packet, size_t size)
{
	static uint8_t room[8192];
	struct writer w = wr_make(room, sizeof(room));
	struct bj_bytes ip = bytes_of(zeros, 4);
	struct udp u, again;

	if (udp_parse(bytes_of(packet, size), ip, ip, &u))
		return;
	udp_write(&w, &u, ip, ip);
	check(udp_parse(wr_view(&w), ip, ip, &again) == BJ_OK && bytes_equal(u.payload, again.payload));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t packet[4096];

	if (size < 8 || size > sizeof(packet))
		return 0;
	memcpy(packet, data, size);
	datagram(packet, size);
	four(packet, size);
	six(packet, size);
	return 0;
}
