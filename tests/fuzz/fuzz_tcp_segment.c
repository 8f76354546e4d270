/* fuzz_tcp_segment.c - TCP segments and options: what parses comes back, from the values and from the raw options. */
#include <string.h>

#include "base/check.h"
#include "tcpip/wire/tcp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t ip[4] = { 10, 0, 0, 1 };
	static uint8_t room[8192];
	struct bj_bytes from = bytes_of(ip, 4);
	struct writer w = wr_make(room, sizeof(room));
	struct tcp_segment s, again;
	struct tcp_options o;

	if (size > 4096 || tcp_parse_unchecked(bytes_of(data, size), &s))
		return 0;
	check(s.payload.len <= size - TCP_HEADER_LEN);
	tcp_write(&w, &s, from, from);
	check(wr_ok(&w) && tcp_parse(wr_view(&w), from, from, &again) == BJ_OK);
	check(s.seq == again.seq && s.ack == again.ack && s.flags == again.flags && bytes_equal(s.payload, again.payload));
	check(bytes_equal(s.raw_options, again.raw_options));
	if (tcp_options_len(&s.options) > TCP_OPTIONS_LEN_MAX)
		return 0;
	w = wr_make(room, sizeof(room));
	tcp_options_write(&w, &s.options);
	check(tcp_options_parse(wr_view(&w), &o) == BJ_OK);
	check(o.mss == s.options.mss && o.ts_val == s.options.ts_val && o.sack_count == s.options.sack_count);
	check(o.sack_permitted == s.options.sack_permitted && bytes_equal(o.fast_open, s.options.fast_open));
	check(o.has_ecn == s.options.has_ecn && o.ecn_ect1_first == s.options.ecn_ect1_first && o.ecn_count == s.options.ecn_count);
	check(memcmp(o.ecn, s.options.ecn, sizeof(o.ecn)) == 0);
	return 0;
}
