/* fuzz_link.c - Ethernet and ARP: what parses is written back byte for byte. */
#include "base/check.h"
#include "tcpip/wire/arp.h"
#include "tcpip/wire/ethernet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t room[4096];
	struct writer w = wr_make(room, sizeof(room));
	struct ethernet e;
	struct arp a;

	if (size > 2048)
		return 0;
	if (ethernet_parse(bytes_of(data, size), &e) == BJ_OK) {
		ethernet_write(&w, &e);
		check(bytes_equal(wr_view(&w), bytes_of(data, size)));
	}
	if (arp_parse(bytes_of(data, size), &a) == BJ_OK) {
		w = wr_make(room, sizeof(room));
		arp_write(&w, &a);
		check(bytes_equal(wr_view(&w), bytes_of(data, 28)));
	}
	return 0;
}
