/* link_test.c - Ethernet and ARP come back as they went, and nothing else passes. */
#include "tcpip/wire/arp.h"
#include "tcpip/wire/ethernet.h"
#include "tcpip/wire/wire_test.h"

static const struct ethernet frame = { .to = { 1, 2, 3, 4, 5, 6 }, .from = { 7, 8, 9, 10, 11, 12 }, .type = ETHERNET_IPV4,
				       .payload = { (const uint8_t *)"payload", 7 } };
static const struct arp request = { .operation = ARP_REQUEST, .sender_mac = { 1, 2, 3, 4, 5, 6 }, .sender_ip = { 10, 0, 0, 1 },
				    .target_ip = { 10, 0, 0, 2 } };

static void a_short_frame_is_refused(void **state)
{
	uint8_t room[64];
	struct writer w = wr_make(room, sizeof(room));
	struct ethernet out, tagged = frame;

	(void)state;
	tagged.has_vlan = true;
	tagged.vlan = 0x2005;
	ethernet_write(&w, &tagged);
	FOR_EVERY_TRUNCATION(bytes_of(room, 18), cut)
		assert_int_equal(ethernet_parse(cut, &out), BJ_ERR_DECODE);
}

static void lengths_and_double_tags_are_refused(void **state)
{
	uint8_t room[64];
	struct ethernet e = frame, out;

	(void)state;
	for (uint32_t type = 0; type < 0x600; type += 0x5f) {
		struct writer w = wr_make(room, sizeof(room));

		e.type = (uint16_t)type;
		ethernet_write(&w, &e);
		assert_int_equal(ethernet_parse(wr_view(&w), &out), BJ_ERR_DECODE);
	}
	e.type = ETHERNET_VLAN;
	e.has_vlan = true;
	{
		struct writer w = wr_make(room, sizeof(room));

		ethernet_write(&w, &e);
		assert_int_equal(ethernet_parse(wr_view(&w), &out), BJ_ERR_DECODE);
	}
}

static void a_frame_comes_back(void **state)
{
	uint8_t room[64];
	struct ethernet out;

	(void)state;
	for (int tag = 0; tag < 2; tag++) {
		struct writer w = wr_make(room, sizeof(room));
		struct ethernet e = frame;

		e.has_vlan = tag;
		e.vlan = tag ? 0x6123 : 0;
		ethernet_write(&w, &e);
		assert_true(wr_ok(&w));
		assert_int_equal(ethernet_parse(wr_view(&w), &out), BJ_OK);
		assert_memory_equal(out.to, e.to, 6);
		assert_memory_equal(out.from, e.from, 6);
		assert_int_equal(out.type, e.type);
		assert_int_equal(out.vlan, e.vlan);
		assert_true(bytes_equal(out.payload, e.payload));
	}
}

static void arp_of_other_networks_is_refused(void **state)
{
	static const struct { size_t at; uint8_t value; enum bj_err err; } rows[] = {
		{ 0, 1, BJ_ERR_DECODE }, { 1, 6, BJ_ERR_DECODE }, { 2, 0x86, BJ_ERR_DECODE }, { 4, 8, BJ_ERR_DECODE },
		{ 5, 16, BJ_ERR_DECODE }, { 7, 0, BJ_ERR_UNSUPPORTED }, { 7, 3, BJ_ERR_UNSUPPORTED },
	};
	uint8_t room[28];
	struct arp out;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct writer w = wr_make(room, sizeof(room));

		arp_write(&w, &request);
		room[rows[i].at] = rows[i].value;
		assert_int_equal(arp_parse(wr_view(&w), &out), rows[i].err);
	}
}

static void arp_comes_back_and_may_be_padded(void **state)
{
	uint8_t room[64] = { 0 };
	struct writer w = wr_make(room, sizeof(room));
	struct arp out;

	(void)state;
	arp_write(&w, &request);
	FOR_EVERY_TRUNCATION(wr_view(&w), cut)
		assert_int_equal(arp_parse(cut, &out), BJ_ERR_DECODE);
	assert_int_equal(arp_parse(bytes_of(room, 46), &out), BJ_OK);
	assert_memory_equal(&out, &request, sizeof(out));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_short_frame_is_refused),
		cmocka_unit_test(lengths_and_double_tags_are_refused),
		cmocka_unit_test(a_frame_comes_back),
		cmocka_unit_test(arp_of_other_networks_is_refused),
		cmocka_unit_test(arp_comes_back_and_may_be_padded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
