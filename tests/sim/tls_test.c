/* tls_test.c - real TLS over our TCP on bad wires, in virtual time: the handshake completes, every byte of the exchange arrives, both sides
 * end in order, and what each segment carries is known. Each row runs with several seeds; a failure prints the seed.
 * Tags: rfc9846:2 rfc9293:3.8 rfc3168:5 rfc8985:7 */
#include <stdlib.h>

#include "base/test.h"
#include "cli/cert_local.h"
#include "cli/ladder.h"
#include "tcpip/wire/tcp.h"

#define NOW_S 1800000000
#define NAME "localhost"

static struct bj_trust *trust;
static struct bj_credential *credential;

struct seen {
	uint64_t rows, lost, segments, bytes[2], next[2];
	char first[2][LADDER_LABEL_LEN];
	int64_t last_us;
	bool early_time, hole; /* things that may never be */
};

static int make_credential(void **state)
{
	(void)state;
	trust = bj_trust_new();
	assert_int_equal(local_once(NAME, 9, NOW_S, trust, &credential), BJ_OK);
	return 0;
}

static int free_credential(void **state)
{
	(void)state;
	bj_trust_free(trust);
	bj_credential_free(credential);
	return 0;
}

static void on_row(void *self, const struct ladder_row *row)
{
	struct seen *s = self;

	s->rows++;
	if (row->at_us < s->last_us)
		s->early_time = true;
	if (row->is_note)
		return;
	s->last_us = row->at_us;
	s->segments++;
	s->lost += row->lost;
	if (row->len > 0) {
		uint64_t end = (uint64_t)row->seq + row->len;

		if (!s->first[row->from][0])
			memcpy(s->first[row->from], row->tls, LADDER_LABEL_LEN);
		if (row->seq > s->next[row->from] + 1 && s->next[row->from] > 0)
			s->hole = true; /* bytes are sent in order the first time */
		if (end > s->next[row->from])
			s->next[row->from] = end;
		if (!row->tls[0])
			s->hole = true; /* bytes that nobody made */
	}
}

static struct ladder_result exchange(const struct sim_options *wire, enum bj_tls_version version, size_t response, struct seen *out)
{
	struct ladder_side *sides = calloc(2, sizeof(*sides));
	struct ladder_wish wish = { .wire = *wire, .name = NAME, .request_len = 300, .response_len = response,
				    .limit_us = INT64_C(1200) * 1000000, .unix_ms = NOW_S * INT64_C(1000) };
	struct ladder_result result;

	*out = (struct seen){ 0 };
	wish.client = bj_tls_config_new(BJ_TLS_CLIENT);
	wish.server = bj_tls_config_new(BJ_TLS_SERVER);
	assert_int_equal(bj_tls_config_trust(wish.client, trust), BJ_OK);
	assert_int_equal(bj_tls_config_credential(wish.server, credential), BJ_OK);
	assert_int_equal(bj_tls_config_versions(wish.client, version, version), BJ_OK);
	assert_int_equal(bj_tls_config_observer(wish.client, ladder_observe, &sides[0]), BJ_OK);
	assert_int_equal(bj_tls_config_observer(wish.server, ladder_observe, &sides[1]), BJ_OK);
	assert_int_equal(bj_tls_config_freeze(wish.client), BJ_OK);
	assert_int_equal(bj_tls_config_freeze(wish.server), BJ_OK);
	assert_int_equal(ladder_run(&wish, &sides[0], &sides[1], on_row, out, &result), BJ_OK);
	bj_tls_config_free(wish.client);
	bj_tls_config_free(wish.server);
	free(sides);
	return result;
}

static const struct {
	const char *why;
	struct sim_options wire;
} wires[] = {
	{ "a perfect wire", { .delay_us = 10000 } },
	{ "no delay at all", { .delay_us = 0 } },
	{ "IPv6", { .delay_us = 10000, .v6 = true, .loss_ppm = 10000 } },
	{ "loss", { .delay_us = 20000, .loss_ppm = 50000 } },
	{ "much loss", { .delay_us = 20000, .loss_ppm = 250000 } },
	{ "bursts of loss", { .delay_us = 20000, .burst_ppm = 20000, .burst_packets = 8 } },
	{ "reordering and jitter", { .delay_us = 20000, .jitter_us = 30000, .reorder_ppm = 50000 } },
	{ "duplication", { .delay_us = 20000, .duplicate_ppm = 300000 } },
	{ "corruption", { .delay_us = 20000, .corrupt_ppm = 50000 } },
	{ "a narrow wire with a short queue", { .delay_us = 20000, .bytes_per_s = 125000, .queue_packets = 10 } },
	{ "the smallest MTU", { .delay_us = 20000, .mtu = 1280, .loss_ppm = 20000 } },
	{ "marks of congestion", { .delay_us = 20000, .mark_ppm = 200000 } },
	{ "thinned acknowledgments", { .delay_us = 20000, .thin_acks = 8 } },
	{ "a middlebox that takes options away", { .delay_us = 20000, .strip_options = true, .loss_ppm = 20000 } },
	{ "all at once", { .delay_us = 20000, .jitter_us = 10000, .loss_ppm = 30000, .burst_ppm = 5000, .duplicate_ppm = 30000,
			   .reorder_ppm = 30000, .corrupt_ppm = 10000, .mark_ppm = 50000, .thin_acks = 2 } },
};

static void tls_gets_through_every_wire(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wires) / sizeof(wires[0]); i++)
		for (uint64_t seed = 1; seed <= 3; seed++) {
			struct sim_options wire = wires[i].wire;
			enum bj_tls_version version = seed % 2 ? BJ_TLS_1_3 : BJ_TLS_1_2;
			struct ladder_result r;
			struct seen seen;

			wire.seed = seed * 100 + i;
			r = exchange(&wire, version, 100000, &seen);
			if (r.err || r.client_done_us < 0 || r.server_done_us < 0 || r.end_us < 0 || seen.early_time || seen.hole) {
				print_error("%s: seed %lu: %s, client %ld, server %ld, end %ld, time %d, hole %d\n", wires[i].why,
					    (unsigned long)wire.seed, bj_err_text(r.err), (long)r.client_done_us, (long)r.server_done_us,
					    (long)r.end_us, seen.early_time, seen.hole);
				fail();
			}
		}
}

static void a_seed_repeats_a_run(void **state)
{
	struct sim_options wire = { .delay_us = 20000, .loss_ppm = 100000, .seed = 77 };
	struct ladder_result one, two;
	struct seen a, b;

	(void)state;
	one = exchange(&wire, BJ_TLS_1_3, 5000, &a);
	two = exchange(&wire, BJ_TLS_1_3, 5000, &b);
	assert_int_equal(one.packets, two.packets);
	assert_int_equal(one.lost, two.lost);
	assert_int_equal(one.end_us, two.end_us);
	assert_int_equal(a.rows, b.rows);
	wire.seed = 78;
	two = exchange(&wire, BJ_TLS_1_3, 5000, &b);
	assert_false(one.end_us == two.end_us && one.packets == two.packets && a.rows == b.rows);
}

/* The arithmetic of round trips: one for TCP, one for TLS 1.3, two for TLS 1.2. */
static void a_handshake_takes_the_round_trips_that_it_must(void **state)
{
	struct sim_options wire = { .delay_us = 50000, .seed = 1 };
	struct ladder_result r;
	struct seen seen;

	(void)state;
	r = exchange(&wire, BJ_TLS_1_3, 1000, &seen);
	assert_int_equal(r.open_us, 100000);
	assert_int_equal(r.client_done_us, 200000);
	assert_int_equal(r.server_done_us, 250000);
	assert_int_equal(r.first_byte_us, 300000);
	assert_string_equal(seen.first[0], "ClientHello");
	r = exchange(&wire, BJ_TLS_1_2, 1000, &seen);
	assert_int_equal(r.client_done_us, 300000);
	assert_int_equal(r.first_byte_us, 400000);
}

static void a_lost_flight_costs_a_timeout_and_is_told(void **state)
{
	struct sim_options wire = { .delay_us = 10000, .seed = 1, .drop_at = { 1, 0 } };
	struct ladder_result r;
	struct seen seen;

	(void)state;
	r = exchange(&wire, BJ_TLS_1_3, 1000, &seen); /* the SYN */
	assert_int_equal(r.open_us, 1020000);
	assert_int_equal(r.lost, 1);
	wire.drop_at[0] = 2; /* the ClientHello, or its first part */
	r = exchange(&wire, BJ_TLS_1_3, 1000, &seen);
	assert_int_equal(r.err, BJ_OK);
	assert_true(r.client_done_us > 60000 && r.client_done_us < 500000);
	assert_int_equal(r.retransmits[0], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tls_gets_through_every_wire),
		cmocka_unit_test(a_seed_repeats_a_run),
		cmocka_unit_test(a_handshake_takes_the_round_trips_that_it_must),
		cmocka_unit_test(a_lost_flight_costs_a_timeout_and_is_told),
	};

	return cmocka_run_group_tests(tests, make_credential, free_credential);
}
