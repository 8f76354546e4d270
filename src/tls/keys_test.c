/* keys_test.c - both key schedules, and the transcript, beside what the traces of RFC 8448 prove. */
#include "base/test.h"

#include "crypto/hkdf.h"
#include "crypto/prf12.h"
#include "tls/key_schedule.h"
#include "tls/keys12.h"
#include "tls/transcript.h"

static const enum hash_alg algs[] = { HASH_SHA256, HASH_SHA384 };
static const struct bj_bytes none;

static void assert_keyed_alike(const struct hmac_key *a, const struct hmac_key *b)
{
	uint8_t x[HASH_MAX], y[HASH_MAX];
	size_t len = hmac_once(a, BYTES_LIT("probe"), x);

	assert_int_equal(hmac_once(b, BYTES_LIT("probe"), y), len);
	assert_memory_equal(x, y, len);
}

/* ---- 1.3 */

static void the_fixed_salt_is_what_the_schedule_gives_without_a_key(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(algs); i++) {
		static const uint8_t zeros[HASH_MAX];
		size_t len = hash_len(algs[i]);
		uint8_t empty[HASH_MAX];
		struct secret early, salt = { .len = (uint8_t)len }, handshake;
		struct hmac_key prk;
		struct ks_early stage;
		struct ks_handshake hs;

		hkdf_extract(algs[i], bytes_of(zeros, len), bytes_of(zeros, len), &early);
		hmac_key_init(&prk, algs[i], secret_view(&early));
		ks_expand_label(&prk, BYTES_LIT("derived"), bytes_of(empty, hash_once(algs[i], none, empty)), salt.bytes, len);
		hkdf_extract(algs[i], secret_view(&salt), BYTES_LIT("shared"), &handshake);
		hmac_key_init(&prk, algs[i], secret_view(&handshake));
		ks_early_init(&stage, algs[i], none);
		ks_handshake_from(&hs, &stage, BYTES_LIT("shared"));
		assert_keyed_alike(&hs.prk, &prk);
	}
}

static void a_stage_wipes_the_one_it_came_from(void **state)
{
	struct ks_early early;
	struct ks_handshake hs;
	struct ks_master master;

	ks_early_init(&early, HASH_SHA384, BYTES_LIT("psk"));
	ks_handshake_from(&hs, &early, BYTES_LIT("shared"));
	assert_true(ct_is_zero(&early, sizeof(early)));
	ks_master_from(&master, &hs);
	assert_true(ct_is_zero(&hs, sizeof(hs)));
	wipe(&master, sizeof(master));
}

static void every_input_changes_what_comes_out(void **state)
{
	struct ks_early e1, e2, e3;
	struct ks_handshake h1, h2;
	struct secret c1, s1, c2, s2;

	ks_early_init(&e1, HASH_SHA256, BYTES_LIT("psk"));
	ks_early_init(&e2, HASH_SHA256, BYTES_LIT("psk"));
	ks_early_init(&e3, HASH_SHA256, BYTES_LIT("other"));
	ks_early_binder_key(&e1, KS_BINDER_RESUMPTION, &c1);
	ks_early_binder_key(&e1, KS_BINDER_EXTERNAL, &s1);
	ks_early_binder_key(&e3, KS_BINDER_RESUMPTION, &c2);
	assert_false(secret_equal(&c1, &s1));
	assert_false(secret_equal(&c1, &c2));
	ks_handshake_from(&h1, &e1, BYTES_LIT("shared"));
	ks_handshake_from(&h2, &e2, none);
	ks_handshake_traffic(&h1, BYTES_LIT("hash"), &c1, &s1);
	ks_handshake_traffic(&h2, BYTES_LIT("hash"), &c2, &s2);
	assert_false(secret_equal(&c1, &s1));
	assert_false(secret_equal(&c1, &c2));
	ks_handshake_traffic(&h1, BYTES_LIT("hasH"), &c2, &s2);
	assert_false(secret_equal(&c1, &c2));
	ks_early_wipe(&e3);
}

static void an_update_gives_the_next_secret_and_never_the_same(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(algs); i++) {
		struct secret traffic, want = { .len = (uint8_t)hash_len(algs[i]) };
		struct hmac_key key;

		memset(&traffic, 7, sizeof(traffic));
		traffic.len = want.len;
		hmac_key_init(&key, algs[i], secret_view(&traffic));
		ks_expand_label(&key, BYTES_LIT("traffic upd"), none, want.bytes, want.len);
		ks_update(algs[i], &traffic);
		assert_true(secret_equal(&traffic, &want));
		ks_update(algs[i], &traffic);
		assert_false(secret_equal(&traffic, &want));
	}
}

static void exporting_follows_label_and_context_and_refuses_what_does_not_fit(void **state)
{
	struct secret exporter;
	uint8_t a[64], b[64];
	char label[KS_LABEL_MAX + 2];

	memset(&exporter, 7, sizeof(exporter));
	exporter.len = 32;
	memset(label, 'l', sizeof(label));
	assert_int_equal(ks_export(HASH_SHA256, &exporter, BYTES_LIT("label"), BYTES_LIT("context"), a, 64), BJ_OK);
	assert_int_equal(ks_export(HASH_SHA256, &exporter, BYTES_LIT("label"), BYTES_LIT("context"), b, 64), BJ_OK);
	assert_memory_equal(a, b, 64);
	assert_int_equal(ks_export(HASH_SHA256, &exporter, BYTES_LIT("label"), BYTES_LIT("Context"), b, 64), BJ_OK);
	assert_memory_not_equal(a, b, 64);
	assert_int_equal(ks_export(HASH_SHA256, &exporter, BYTES_LIT("Label"), BYTES_LIT("context"), b, 64), BJ_OK);
	assert_memory_not_equal(a, b, 64);
	assert_int_equal(ks_export(HASH_SHA256, &exporter, bytes_of(label, KS_LABEL_MAX), none, b, 1), BJ_OK);
	assert_int_equal(ks_export(HASH_SHA256, &exporter, bytes_of(label, KS_LABEL_MAX + 1), none, b, 1), BJ_ERR_ARGUMENT);
	assert_int_equal(ks_export(HASH_SHA256, &exporter, BYTES_LIT("label"), none, b, HKDF_OUT_MAX(HASH_SHA256) + 1), BJ_ERR_ARGUMENT);
}

/* ---- 1.2 */

static const uint8_t client_random[KEYS12_RANDOM_LEN] = "the random bytes of the client..";
static const uint8_t server_random[KEYS12_RANDOM_LEN] = "the random bytes of the server..";

static void make_master(struct secret *out)
{
	struct secret premaster;

	secret_set(&premaster, "premaster", 9);
	keys12_master(HASH_SHA256, &premaster, BYTES_LIT("session hash"), out);
	assert_true(ct_is_zero(&premaster, sizeof(premaster)));
}

static void the_master_secret_is_the_prf_over_the_session_hash(void **state)
{
	struct secret master;
	struct hmac_key key;
	uint8_t want[KEYS12_MASTER_LEN];

	make_master(&master);
	hmac_key_init(&key, HASH_SHA256, BYTES_LIT("premaster"));
	prf12(&key, "extended master secret", BYTES_LIT("session hash"), none, want, sizeof(want));
	assert_int_equal(master.len, KEYS12_MASTER_LEN);
	assert_memory_equal(master.bytes, want, sizeof(want));
}

static void the_key_block_is_cut_in_the_order_of_the_rfc(void **state)
{
	static const struct {
		uint16_t suite;
		size_t key_len, iv_len;
	} rows[] = { { 0xc02b, 16, 4 }, { 0xc02f, 16, 4 }, { 0xc030, 32, 4 }, { 0xcca8, 32, 12 } };
	struct secret master;

	make_master(&master);
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		const struct suite *suite = suite_find(rows[i].suite);
		struct record_keys client = { 0 }, server = { 0 };
		size_t k = rows[i].key_len, v = rows[i].iv_len;
		struct hmac_key key;
		uint8_t block[88];

		assert_int_equal(keys12_traffic(suite, &master, client_random, server_random, &client, &server), BJ_OK);
		hmac_key_init(&key, (enum hash_alg)suite->hash, secret_view(&master));
		prf12(&key, "key expansion", bytes_of(server_random, 32), bytes_of(client_random, 32), block, 2 * (k + v));
		assert_memory_equal(client.aead.key, block, k);
		assert_memory_equal(server.aead.key, block + k, k);
		assert_memory_equal(client.iv, block + 2 * k, v);
		assert_memory_equal(server.iv, block + 2 * k + v, v);
		record_keys_fini(&client);
		record_keys_fini(&server);
	}
}

static void the_two_finished_differ(void **state)
{
	struct secret master;
	uint8_t client[KEYS12_VERIFY_LEN], server[KEYS12_VERIFY_LEN];

	make_master(&master);
	keys12_finished(HASH_SHA256, &master, true, BYTES_LIT("hash"), client);
	keys12_finished(HASH_SHA256, &master, false, BYTES_LIT("hash"), server);
	assert_memory_not_equal(client, server, KEYS12_VERIFY_LEN);
}

static void no_context_and_an_empty_context_export_different_bytes(void **state)
{
	struct secret master;
	struct hmac_key key;
	uint8_t a[32], b[32], seed[KEYS12_RANDOM_LEN * 2 + 2] = { 0 };

	make_master(&master);
	assert_int_equal(keys12_export(HASH_SHA256, &master, client_random, server_random, BYTES_LIT("label"), false, none, a, 32), BJ_OK);
	assert_int_equal(keys12_export(HASH_SHA256, &master, client_random, server_random, BYTES_LIT("label"), true, none, b, 32), BJ_OK);
	assert_memory_not_equal(a, b, 32);
	/* rfc5705:4 */
	memcpy(seed, client_random, 32);
	memcpy(seed + 32, server_random, 32);
	hmac_key_init(&key, HASH_SHA256, secret_view(&master));
	prf12(&key, "label", bytes_of(seed, 66), none, a, 32);
	assert_memory_equal(a, b, 32);
	seed[65] = 3;
	prf12(&key, "label", bytes_of(seed, 66), BYTES_LIT("ctx"), a, 32);
	assert_int_equal(
		keys12_export(HASH_SHA256, &master, client_random, server_random, BYTES_LIT("label"), true, BYTES_LIT("ctx"), b, 32), BJ_OK);
	assert_memory_equal(a, b, 32);
}

static void labels_of_the_protocol_itself_cannot_be_exported(void **state)
{
	static const char *const own[] = { "key expansion", "client finished", "server finished", "master secret",
					   "extended master secret" };
	struct secret master;
	uint8_t out[32];

	make_master(&master);
	for (size_t i = 0; i < ARRAY_COUNT(own); i++)
		assert_int_equal(keys12_export(HASH_SHA256, &master, client_random, server_random, bytes_text(own[i]), false, none, out, 32),
				 BJ_ERR_ARGUMENT);
}

/* ---- the transcript */

static void what_is_added_before_and_after_the_choice_counts_alike(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(algs); i++) {
		struct transcript late = { 0 }, early = { 0 };
		uint8_t a[HASH_MAX], b[HASH_MAX], want[HASH_MAX];
		size_t len = hash_once(algs[i], BYTES_LIT("onetwo"), want);

		assert_int_equal(transcript_add(&late, BYTES_LIT("one")), BJ_OK);
		assert_int_equal(transcript_choose(&late, algs[i], false), BJ_OK);
		assert_int_equal(transcript_kept(&late).len, 0);
		assert_int_equal(transcript_add(&late, BYTES_LIT("two")), BJ_OK);
		assert_int_equal(transcript_choose(&early, algs[i], false), BJ_OK);
		assert_int_equal(transcript_add(&early, BYTES_LIT("one")), BJ_OK);
		assert_int_equal(transcript_peek_with(&early, algs[i], BYTES_LIT("two"), a), len);
		assert_memory_equal(a, want, len);
		assert_int_equal(transcript_add(&early, BYTES_LIT("two")), BJ_OK);
		assert_int_equal(transcript_peek(&late, a), len);
		assert_int_equal(transcript_peek(&early, b), len);
		assert_memory_equal(a, want, len);
		assert_memory_equal(b, want, len);
		transcript_fini(&late);
		transcript_fini(&early);
	}
}

static void another_hash_cannot_be_chosen_later(void **state)
{
	struct transcript t = { 0 };

	assert_int_equal(transcript_choose(&t, HASH_SHA256, false), BJ_OK);
	assert_int_equal(transcript_choose(&t, HASH_SHA256, false), BJ_OK);
	assert_int_equal(transcript_choose(&t, HASH_SHA384, false), BJ_ERR_ILLEGAL_PARAMETER);
	transcript_fini(&t);
}

static void a_retry_puts_the_hash_in_the_place_of_the_first_hello(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(algs); i++) {
		struct transcript t = { 0 };
		uint8_t a[HASH_MAX], want[HASH_MAX], seen[4 + HASH_MAX + 5];
		size_t len = hash_len(algs[i]);

		assert_int_equal(transcript_add(&t, BYTES_LIT("hello1")), BJ_OK);
		assert_int_equal(transcript_choose(&t, algs[i], false), BJ_OK);
		transcript_retry(&t);
		assert_int_equal(transcript_add(&t, BYTES_LIT("retry")), BJ_OK);
		memcpy(seen, "\xfe\0\0", 3);
		seen[3] = (uint8_t)len;
		(void)hash_once(algs[i], BYTES_LIT("hello1"), seen + 4);
		memcpy(seen + 4 + len, "retry", 5);
		(void)hash_once(algs[i], bytes_of(seen, 4 + len + 5), want);
		(void)transcript_peek(&t, a);
		assert_memory_equal(a, want, len);
		transcript_fini(&t);
	}
}

static void kept_messages_are_kept_until_they_are_dropped_and_within_the_limit(void **state)
{
	struct transcript t = { 0 };
	uint8_t *big = calloc(1, TRANSCRIPT_KEPT_MAX);

	assert_non_null(big);
	assert_int_equal(transcript_add(&t, BYTES_LIT("one")), BJ_OK);
	assert_int_equal(transcript_choose(&t, HASH_SHA256, true), BJ_OK);
	assert_int_equal(transcript_add(&t, BYTES_LIT("two")), BJ_OK);
	assert_true(bytes_equal(transcript_kept(&t), BYTES_LIT("onetwo")));
	assert_int_equal(transcript_add(&t, bytes_of(big, TRANSCRIPT_KEPT_MAX - 5)), BJ_ERR_LIMIT);
	assert_int_equal(transcript_add(&t, bytes_of(big, TRANSCRIPT_KEPT_MAX - 6)), BJ_OK);
	assert_int_equal(transcript_kept(&t).len, TRANSCRIPT_KEPT_MAX);
	transcript_drop_kept(&t);
	assert_int_equal(transcript_kept(&t).len, 0);
	assert_int_equal(transcript_add(&t, BYTES_LIT("three")), BJ_OK);
	assert_int_equal(transcript_kept(&t).len, 0);
	transcript_fini(&t);
	free(big);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_fixed_salt_is_what_the_schedule_gives_without_a_key),
		cmocka_unit_test(a_stage_wipes_the_one_it_came_from),
		cmocka_unit_test(every_input_changes_what_comes_out),
		cmocka_unit_test(an_update_gives_the_next_secret_and_never_the_same),
		cmocka_unit_test(exporting_follows_label_and_context_and_refuses_what_does_not_fit),
		cmocka_unit_test(the_master_secret_is_the_prf_over_the_session_hash),
		cmocka_unit_test(the_key_block_is_cut_in_the_order_of_the_rfc),
		cmocka_unit_test(the_two_finished_differ),
		cmocka_unit_test(no_context_and_an_empty_context_export_different_bytes),
		cmocka_unit_test(labels_of_the_protocol_itself_cannot_be_exported),
		cmocka_unit_test(what_is_added_before_and_after_the_choice_counts_alike),
		cmocka_unit_test(another_hash_cannot_be_chosen_later),
		cmocka_unit_test(a_retry_puts_the_hash_in_the_place_of_the_first_hello),
		cmocka_unit_test(kept_messages_are_kept_until_they_are_dropped_and_within_the_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
