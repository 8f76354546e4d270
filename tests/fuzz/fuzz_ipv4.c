/* fuzz_ipv4.c - IPv4: with the header's checksum mended, so that the fuzzer gets beyond it; what parses comes back. */
#include "base/check.h"
#include "tcpip/wire/checksum.h"
#include "tcpip/wire/ipv4.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t packet[4096], room[8192];
	struct writer w = wr_make(room, sizeof(room));
	struct checksum sum = { 0 };
	struct ipv4 ip, again;
	size_t header;

	(void)!ipv4_parse_quote(bytes_of(data, size), &ip);
	if (size < 20 || size > sizeof(packet))
		return 0;
	memcpy(packet, data, size);
	header = (size_t)(packet[0] & 15) * 4;
	if (header > size)
		header = size;
	packet[10] = packet[11] = 0;
	checksum_add(&sum, bytes_of(packet, header));
	packet[10] = (uint8_t)(checksum_value(&sum) >> 8);
	packet[11] = (uint8_t)checksum_value(&sum);
	if (ipv4_parse(bytes_of(packet, size), &ip))
		return 0;
	check(ip.payload.ptr >= packet && ip.payload.ptr + ip.payload.len <= packet + size);
	(void)ipv4_find_option(ip.options, packet[size - 1]);
	ipv4_write(&w, &ip);
	check(wr_ok(&w) && ipv4_parse(wr_view(&w), &again) == BJ_OK);
	check(bytes_equal(ip.payload, again.payload) && bytes_equal(ip.options, again.options));
	check(ip.fragment_offset == again.fragment_offset && ip.more_fragments == again.more_fragments);
	return 0;
}
