/* fuzz_ipv6.c - IPv6 and its extension headers: what parses comes back. */
#include "base/check.h"
#include "tcpip/wire/ipv6.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t room[8192];
	struct writer w = wr_make(room, sizeof(room));
	struct ipv6 ip, again;

	(void)!ipv6_parse_quote(bytes_of(data, size), &ip);
	if (size > 4096 || ipv6_parse(bytes_of(data, size), &ip))
		return 0;
	check(ip.payload.len == 0 || (ip.payload.ptr >= data && ip.payload.ptr + ip.payload.len <= data + size));
	ipv6_write(&w, &ip);
	check(wr_ok(&w) && ipv6_parse(wr_view(&w), &again) == BJ_OK);
	check(bytes_equal(ip.payload, again.payload) && bytes_equal(ip.extensions, again.extensions));
	check(ip.protocol == again.protocol && ip.has_fragment == again.has_fragment && ip.fragment_id == again.fragment_id);
	return 0;
}
