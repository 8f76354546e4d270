/* ip_test.c - IPv4 and IPv6: lengths, fragments, options and extension headers; wrong ones first. */
#include "tcpip/wire/checksum.h"
#include "tcpip/wire/ipv4.h"
#include "tcpip/wire/ipv6.h"
#include "tcpip/wire/wire_test.h"

static const uint8_t body[64] = "sixteen bytes of something, and then some more of it: 64 at all";

static struct ipv4 sample4(void)
{
	return (struct ipv4){ .tos = 0x28, .ttl = 61, .protocol = IP_TCP, .id = 0xbeef, .dont_fragment = true, .from = { 10, 0, 0, 1 },
			      .to = { 10, 0, 0, 2 }, .payload = { body, 21 } };
}

static struct ipv6 sample6(void)
{
	return (struct ipv6){ .traffic_class = 0xa5, .flow_label = 0xabcde, .hop_limit = 60, .protocol = IP_TCP, .from = { 0xfd, 1 },
			      .to = { 0xfd, 2 }, .payload = { body, 24 } };
}

/* The checksum afresh, for packets that are wrong elsewhere. */
static void mend(uint8_t *p)
{
	struct checksum sum = { 0 };
	uint16_t v;

	p[10] = p[11] = 0;
	checksum_add(&sum, bytes_of(p, (size_t)(p[0] & 15) * 4));
	v = checksum_value(&sum);
	p[10] = (uint8_t)(v >> 8);
	p[11] = (uint8_t)v;
}

static void a_wrong_ipv4_header_is_refused(void **state)
{
	static const struct { size_t at; uint8_t value; const char *why; } rows[] = {
		{ 0, 0x65, "another version" }, { 0, 0x44, "a header of 16 bytes" }, { 0, 0x4f, "a header longer than the packet" },
		{ 3, 19, "a total below the header" }, { 3, 42, "a total beyond the packet" }, { 2, 1, "a total far beyond" },
	};
	struct ipv4 ip = sample4(), out;
	uint8_t room[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct writer w = wr_make(room, sizeof(room));

		ipv4_write(&w, &ip);
		assert_int_equal(w.len, 41);
		room[rows[i].at] = rows[i].value;
		if (rows[i].at != 0)
			mend(room);
		if (ipv4_parse(bytes_of(room, 41), &out) != BJ_ERR_DECODE)
			fail_msg("%s passed", rows[i].why);
	}
}

static void any_flipped_bit_of_an_ipv4_header_is_found(void **state)
{
	struct ipv4 ip = sample4(), out;
	uint8_t room[64];
	struct writer w = wr_make(room, sizeof(room));

	(void)state;
	ipv4_write(&w, &ip);
	for (size_t bit = 0; bit < 160; bit++) {
		room[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(ipv4_parse(bytes_of(room, 41), &out), BJ_ERR_DECODE);
		room[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	FOR_EVERY_TRUNCATION(bytes_of(room, 41), cut)
		assert_int_equal(ipv4_parse(cut, &out), BJ_ERR_DECODE);
}

static void ipv4_options_with_wrong_lengths_are_refused(void **state)
{
	static const struct { uint8_t bytes[4]; bool good; } rows[] = {
		{ { 148, 0, 0, 0 }, false }, { { 148, 1, 0, 0 }, false }, { { 148, 5, 0, 0 }, false }, { { 1, 1, 1, 148 }, false },
		{ { 148, 4, 0, 0 }, true }, { { 1, 1, 1, 1 }, true }, { { 0, 148, 0, 0 }, true }, { { 1, 148, 3, 7 }, true },
	};
	uint8_t room[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct writer w = wr_make(room, sizeof(room));
		struct ipv4 ip = sample4(), out;

		ip.options = bytes_of(rows[i].bytes, 4);
		ipv4_write(&w, &ip);
		assert_int_equal(ipv4_parse(wr_view(&w), &out), rows[i].good ? BJ_OK : BJ_ERR_DECODE);
	}
}

static void the_packet_ends_at_its_total_length(void **state)
{
	struct ipv4 ip = sample4(), out;
	uint8_t room[100] = { 0 };
	struct writer w = wr_make(room, sizeof(room));

	(void)state;
	ipv4_write(&w, &ip);
	assert_int_equal(ipv4_parse(bytes_of(room, sizeof(room)), &out), BJ_OK);
	assert_true(bytes_equal(out.payload, ip.payload));
}

static void ipv4_comes_back(void **state)
{
	uint8_t room[128];

	(void)state;
	for (int round = 0; round < 4; round++) {
		struct writer w = wr_make(room, sizeof(room));
		struct ipv4 ip = sample4(), out;

		ip.dont_fragment = round & 1;
		ip.more_fragments = round & 2;
		ip.payload.len = round & 2 ? 24 : 21;
		ip.fragment_offset = round & 2 ? 65000 / 8 * 8 : 0;
		ip.options = bytes_of("\x94\x04\x00\x00\x01", round & 1 ? 5 : 0);
		ipv4_write(&w, &ip);
		assert_true(wr_ok(&w));
		assert_int_equal(ipv4_parse(wr_view(&w), &out), BJ_OK);
		assert_int_equal(out.tos, ip.tos);
		assert_int_equal(out.id, ip.id);
		assert_int_equal(out.dont_fragment, ip.dont_fragment);
		assert_int_equal(out.more_fragments, ip.more_fragments);
		assert_int_equal(out.fragment_offset, ip.fragment_offset);
		assert_memory_equal(out.from, ip.from, 4);
		assert_memory_equal(out.to, ip.to, 4);
		assert_int_equal(out.options.len, (ip.options.len + 3) / 4 * 4);
		assert_true(bytes_equal(out.payload, ip.payload));
	}
}

static void a_fragment_beyond_the_longest_packet_is_refused(void **state)
{
	struct ipv4 ip = sample4(), out;
	uint8_t room[128];
	struct writer w = wr_make(room, sizeof(room));

	(void)state;
	ip.fragment_offset = 65512;
	ipv4_write(&w, &ip);
	assert_int_equal(ipv4_parse(wr_view(&w), &out), BJ_ERR_DECODE);
	ip.fragment_offset = 8;
	ip.more_fragments = true; /* and 21 bytes, no multiple of 8 */
	w = wr_make(room, sizeof(room));
	ipv4_write(&w, &ip);
	assert_int_equal(ipv4_parse(wr_view(&w), &out), BJ_ERR_DECODE);
}

static enum bj_err parse_chain(const uint8_t *extensions, size_t len, uint8_t first, struct ipv6 *out)
{
	static uint8_t room[256];
	struct writer w = wr_make(room, sizeof(room));
	struct ipv6 ip = sample6();

	ip.extensions = bytes_of(extensions, len);
	ip.first_header = first;
	ipv6_write(&w, &ip);
	assert_true(wr_ok(&w));
	return ipv6_parse(wr_view(&w), out);
}

static void wrong_extension_headers_are_refused(void **state)
{
	static const struct { uint8_t first; uint8_t bytes[24]; size_t len; const char *why; } rows[] = {
		{ 0, { 6, 9, 1, 4, 0, 0, 0, 0 }, 8, "longer than the packet" },
		{ 0, { 6, 0, 1, 5, 0, 0, 0, 0 }, 8, "an option beyond its header" },
		{ 0, { 6, 0, 0x41, 4, 0, 0, 0, 0 }, 8, "an option that may not be skipped" },
		{ 0, { 6, 0, 0xc3, 4, 0, 0, 0, 0 }, 8, "another such option" },
		{ 60, { 0, 0, 1, 4, 0, 0, 0, 0, 6, 0, 1, 4, 0, 0, 0, 0 }, 16, "hop-by-hop behind another" },
		{ 43, { 6, 0, 0, 1, 0, 0, 0, 0 }, 8, "a routing header with segments left" },
	};
	struct ipv6 out;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
		if (parse_chain(rows[i].bytes, rows[i].len, rows[i].first, &out) != BJ_ERR_DECODE)
			fail_msg("%s passed", rows[i].why);
}

static void a_chain_has_at_most_eight_headers(void **state)
{
	uint8_t chain[9 * 8];
	struct ipv6 out;

	(void)state;
	for (size_t count = 1; count <= 9; count++) {
		for (size_t i = 0; i < count; i++) {
			const uint8_t one[8] = { i + 1 == count ? IP_TCP : IPV6_DESTINATION, 0, 1, 4, 0, 0, 0, 0 };

			memcpy(chain + 8 * i, one, 8);
		}
		assert_int_equal(parse_chain(chain, 8 * count, IPV6_DESTINATION, &out), count <= 8 ? BJ_OK : BJ_ERR_LIMIT);
	}
}

static void ipv6_comes_back(void **state)
{
	static const uint8_t chain[24] = { 43, 0, 1, 4, 0, 0, 0, 0, 60, 0, 0, 0, 0, 0, 0, 0, 6, 0, 1, 4, 0, 0, 0, 0 };
	uint8_t room[200], fragment_chain[24];

	(void)state;
	memcpy(fragment_chain, chain, 24);
	fragment_chain[16] = IPV6_FRAGMENT;
	for (int round = 0; round < 4; round++) {
		struct writer w = wr_make(room, sizeof(room));
		struct ipv6 ip = sample6(), out;

		if (round & 1) {
			ip.extensions = bytes_of(round & 2 ? fragment_chain : chain, 24);
			ip.first_header = IPV6_HOP_BY_HOP;
		}
		if (round & 2) {
			ip.has_fragment = true;
			ip.fragment_offset = 1232;
			ip.more_fragments = true;
			ip.fragment_id = 0xdeadbeef;
		}
		ipv6_write(&w, &ip);
		assert_true(wr_ok(&w));
		FOR_EVERY_TRUNCATION(wr_view(&w), cut)
			assert_int_not_equal(ipv6_parse(cut, &out), BJ_OK);
		assert_int_equal(ipv6_parse(wr_view(&w), &out), BJ_OK);
		assert_int_equal(out.protocol, IP_TCP);
		assert_int_equal(out.traffic_class, 0xa5);
		assert_int_equal(out.flow_label, 0xabcde);
		assert_int_equal(out.fragment_offset, ip.fragment_offset);
		assert_int_equal(out.fragment_id, ip.fragment_id);
		assert_true(bytes_equal(out.extensions, ip.extensions));
		assert_true(bytes_equal(out.payload, ip.payload));
		/* what the link adds behind is not seen */
		assert_int_equal(ipv6_parse(bytes_of(room, w.len + 5), &out), BJ_OK);
		assert_true(bytes_equal(out.payload, ip.payload));
	}
}

static void a_quote_may_be_cut_behind_its_header(void **state)
{
	uint8_t room[128];
	struct writer w = wr_make(room, sizeof(room));
	struct ipv4 four = sample4(), out4;
	struct ipv6 six = sample6(), out6;

	(void)state;
	ipv4_write(&w, &four);
	for (size_t len = 0; len <= w.len; len++)
		assert_int_equal(ipv4_parse_quote(bytes_of(room, len), &out4), len < 20 ? BJ_ERR_DECODE : BJ_OK);
	w = wr_make(room, sizeof(room));
	ipv6_write(&w, &six);
	for (size_t len = 0; len <= w.len; len++)
		assert_int_equal(ipv6_parse_quote(bytes_of(room, len), &out6), len < 40 ? BJ_ERR_DECODE : BJ_OK);
}

static void the_checksum_is_that_of_the_standard(void **state)
{
	/* the example of rfc1071:3 */
	static const uint8_t example[8] = { 0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7 };
	struct prng g = { 3 };
	struct checksum c = { 0 };

	(void)state;
	checksum_add(&c, bytes_of(example, 8));
	assert_int_equal(checksum_fold(&c), 0xddf2);
	for (size_t len = 0; len < 70; len++) {
		uint8_t data[70];
		uint32_t sum = 0;
		struct checksum whole = { 0 };

		prng_fill(&g, data, sizeof(data));
		for (size_t i = 0; i < len; i++)
			sum += i % 2 ? data[i] : (uint32_t)data[i] << 8;
		while (sum >> 16)
			sum = (sum & 0xffff) + (sum >> 16);
		checksum_add(&whole, bytes_of(data, len));
		assert_int_equal(checksum_fold(&whole), sum);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_wrong_ipv4_header_is_refused),
		cmocka_unit_test(any_flipped_bit_of_an_ipv4_header_is_found),
		cmocka_unit_test(ipv4_options_with_wrong_lengths_are_refused),
		cmocka_unit_test(the_packet_ends_at_its_total_length),
		cmocka_unit_test(ipv4_comes_back),
		cmocka_unit_test(a_fragment_beyond_the_longest_packet_is_refused),
		cmocka_unit_test(wrong_extension_headers_are_refused),
		cmocka_unit_test(a_chain_has_at_most_eight_headers),
		cmocka_unit_test(ipv6_comes_back),
		cmocka_unit_test(a_quote_may_be_cut_behind_its_header),
		cmocka_unit_test(the_checksum_is_that_of_the_standard),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
