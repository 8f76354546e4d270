/* record_test.c - the record layer of both versions: what it makes, what it takes, what it refuses. */
#include "base/test.h"

#include "tls/record.h"

static const uint8_t key[AEAD_KEY_MAX] = "a key of at most thirty-two byte";
static const uint8_t iv[RECORD_IV_LEN] = "twelve bytes";

static uint8_t buf[2 * BJ_TLS_RECORD_MAX_12], text[RECORD_PLAIN_MAX + 1];

static const uint16_t suites[] = { 0x1301, 0x1302, 0x1303, 0xc02b, 0xc030, 0xcca9 };

static void set(struct record_keys *k, uint16_t suite)
{
	assert_int_equal(record_keys_set(k, suite_find(suite), key, iv), BJ_OK);
}

static size_t seal(struct record_keys *k, enum record_type type, const void *ptr, size_t len)
{
	struct bj_bytes in = bytes_of(ptr, len);
	size_t out_len = 0;

	assert_int_equal(record_seal(k, type, VERSION_1_2, &in, 1, buf, sizeof(buf), &out_len), BJ_OK);
	assert_int_equal(out_len, len + record_overhead(k));
	return out_len;
}

/* A record with this fragment; `len` need not be what its header says. */
static size_t raw(uint8_t type, uint16_t version, size_t said, const void *fragment, size_t len)
{
	const uint8_t header[] = { type, (uint8_t)(version >> 8), (uint8_t)version, (uint8_t)(said >> 8), (uint8_t)said };

	memcpy(buf, header, sizeof(header));
	bytes_copy(buf + sizeof(header), fragment, len);
	return sizeof(header) + len;
}

static void what_one_side_seals_the_other_opens(void **state)
{
	static const size_t lens[] = { 0, 1, 15, 16, 17, 1000, RECORD_PLAIN_MAX };

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (uint8_t)(i * 7);
	for (size_t s = 0; s < ARRAY_COUNT(suites); s++) {
		struct record_keys tx = { 0 }, rx = { 0 };

		set(&tx, suites[s]);
		set(&rx, suites[s]);
		for (size_t i = 0; i < ARRAY_COUNT(lens); i++) {
			size_t len = seal(&tx, RECORD_DATA, text, lens[i]);
			struct record rec;

			for (size_t part = 0; part < len; part += part < 8 ? 1 : 997) {
				assert_int_equal(record_open(&rx, buf, part, &rec), BJ_OK);
				assert_int_equal(rec.used, 0);
				assert_int_equal(rec.need, part < RECORD_HEADER_LEN ? RECORD_HEADER_LEN : len);
			}
			assert_int_equal(record_open(&rx, buf, len, &rec), BJ_OK);
			assert_int_equal(rec.used, len);
			assert_int_equal(rec.type, RECORD_DATA);
			assert_false(rec.is_plain);
			assert_int_equal(rec.body.len, lens[i]);
			assert_memory_equal(rec.body.ptr, text, lens[i]);
			record_keys_rest(&tx);
			record_keys_rest(&rx);
		}
		assert_int_equal(tx.seq, ARRAY_COUNT(lens));
		assert_int_equal(rx.seq, ARRAY_COUNT(lens));
		record_keys_fini(&tx);
		record_keys_fini(&rx);
	}
}

static void no_changed_byte_goes_through(void **state)
{
	for (size_t s = 0; s < ARRAY_COUNT(suites); s++) {
		struct record_keys tx = { 0 };
		uint8_t sealed[64];
		size_t len;

		set(&tx, suites[s]);
		len = seal(&tx, RECORD_DATA, "hello", 5);
		memcpy(sealed, buf, len);
		for (size_t at = 0; at < len; at++) {
			struct record_keys rx = { 0 };
			struct record rec;

			set(&rx, suites[s]);
			memcpy(buf, sealed, len);
			buf[at] ^= 1;
			/* a longer length waits for more */
			assert_true(record_open(&rx, buf, len, &rec) != BJ_OK || rec.used == 0 || rec.is_plain);
			assert_int_equal(rx.seq, 0);
			record_keys_fini(&rx);
		}
		record_keys_fini(&tx);
	}
}

static void a_record_that_comes_twice_or_out_of_order_is_refused(void **state)
{
	for (size_t s = 0; s < ARRAY_COUNT(suites); s++) {
		struct record_keys tx = { 0 }, rx = { 0 };
		uint8_t first[64];
		struct record rec;
		size_t len;

		set(&tx, suites[s]);
		set(&rx, suites[s]);
		len = seal(&tx, RECORD_DATA, "one", 3);
		memcpy(first, buf, len);
		assert_int_equal(record_open(&rx, buf, len, &rec), BJ_OK);
		assert_int_equal(record_open(&rx, first, len, &rec), BJ_ERR_BAD_RECORD_MAC);
		(void)seal(&tx, RECORD_DATA, "two", 3);
		len = seal(&tx, RECORD_DATA, "three", 5);
		assert_int_equal(record_open(&rx, buf, len, &rec), BJ_ERR_BAD_RECORD_MAC);
		record_keys_fini(&tx);
		record_keys_fini(&rx);
	}
}

static void the_explicit_nonce_of_1_2_never_repeats(void **state)
{
	struct record_keys tx = { 0 };

	set(&tx, 0xc02b);
	for (uint8_t i = 0; i < 5; i++) {
		const uint8_t want[RECORD_EXPLICIT_LEN] = { 0, 0, 0, 0, 0, 0, 0, i };

		(void)seal(&tx, RECORD_DATA, "x", 1);
		assert_memory_equal(buf + RECORD_HEADER_LEN, want, sizeof(want));
	}
	record_keys_fini(&tx);
}

static const struct {
	const char *why;
	const char *bytes;
	size_t len;
	enum bj_err err;
} firsts[] = {
	{ "HTTP", "GET / HTTP/1.1\r\n", 16, BJ_ERR_NOT_TLS },
	{ "one byte of HTTP", "P", 1, BJ_ERR_NOT_TLS },
	{ "SMTP", "220 mail", 8, BJ_ERR_NOT_TLS },
	{ "a hello of SSL 2", "\x80\x2e\x01\x00\x02\x00\x15", 7, BJ_ERR_NOT_TLS },
	{ "a heartbeat", "\x18\x03\x03\x00\x03\x01\x40\x00", 8, BJ_ERR_NOT_TLS },
	{ "another protocol's version", "\x16\xfe\xff\x00\x01\x01", 6, BJ_ERR_NOT_TLS },
	{ "a version below 3", "\x16\x02\x00\x00\x01\x01", 6, BJ_ERR_NOT_TLS },
	{ "nothing yet", "", 0, BJ_OK },
	{ "half a header", "\x16\x03", 2, BJ_OK },
	{ "a handshake in the guise of 1.0", "\x16\x03\x01\x00\x01\x01", 6, BJ_OK },
	{ "a handshake in the guise of 1.2", "\x16\x03\x03\x00\x01\x01", 6, BJ_OK },
	{ "an empty handshake", "\x16\x03\x03\x00\x00", 5, BJ_ERR_UNEXPECTED_MESSAGE },
	{ "an empty alert", "\x15\x03\x03\x00\x00", 5, BJ_ERR_UNEXPECTED_MESSAGE },
	{ "an empty CCS", "\x14\x03\x03\x00\x00", 5, BJ_ERR_UNEXPECTED_MESSAGE },
	{ "a record one byte too long", "\x16\x03\x03\x40\x01", 5, BJ_ERR_RECORD_OVERFLOW },
};

static void the_first_record_tells_whether_the_peer_speaks_tls(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(firsts); i++) {
		struct record_keys rx = { 0 };
		struct record rec;
		enum bj_err err;

		memcpy(buf, firsts[i].bytes, firsts[i].len);
		err = record_open(&rx, buf, firsts[i].len, &rec);
		if (err != firsts[i].err)
			fail_msg("%s: %s", firsts[i].why, bj_err_name(err));
	}
}

static void later_records_of_no_type_or_version_are_the_peers_fault(void **state)
{
	struct record_keys rx = { 0 };
	struct record rec;

	assert_int_equal(record_open(&rx, buf, raw(RECORD_HANDSHAKE, VERSION_1_0, 1, "x", 1), &rec), BJ_OK);
	assert_int_equal(record_open(&rx, buf, raw('G', VERSION_1_2, 1, "x", 1), &rec), BJ_ERR_UNEXPECTED_MESSAGE);
	assert_int_equal(record_open(&rx, buf, raw(RECORD_HANDSHAKE, 0x0200, 1, "x", 1), &rec), BJ_ERR_BAD_VERSION);
	set(&rx, 0xc02b);
	assert_int_equal(record_open(&rx, buf, raw(RECORD_HANDSHAKE, VERSION_1_1, 1, "x", 1), &rec), BJ_ERR_BAD_VERSION);
	record_keys_fini(&rx);
}

static void records_longer_than_their_version_allows_are_refused_before_they_are_whole(void **state)
{
	static const struct {
		uint16_t suite;
		size_t max;
	} rows[] = { { 0x1301, RECORD_PLAIN_MAX + 256 }, { 0xc02b, RECORD_PLAIN_MAX + 2048 }, { 0xcca9, RECORD_PLAIN_MAX + 2048 } };

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct record_keys rx = { 0 };
		struct record rec;

		set(&rx, rows[i].suite);
		assert_int_equal(record_open(&rx, buf, raw(RECORD_DATA, VERSION_1_2, rows[i].max, "", 0), &rec), BJ_OK);
		assert_int_equal(rec.need, RECORD_HEADER_LEN + rows[i].max);
		assert_int_equal(record_open(&rx, buf, raw(RECORD_DATA, VERSION_1_2, rows[i].max + 1, "", 0), &rec),
				 BJ_ERR_RECORD_OVERFLOW);
		record_keys_fini(&rx);
	}
}

static void records_too_short_for_their_protection_are_refused(void **state)
{
	for (size_t s = 0; s < ARRAY_COUNT(suites); s++) {
		size_t least = s < 3 ? 16 : suites[s] == 0xcca9 ? 16 : 24;

		for (size_t len = 0; len < least; len++) {
			struct record_keys rx = { 0 };
			struct record rec;

			set(&rx, suites[s]);
			assert_int_equal(record_open(&rx, buf, raw(RECORD_DATA, VERSION_1_2, len, text, len), &rec), BJ_ERR_BAD_RECORD_MAC);
			record_keys_fini(&rx);
		}
	}
}

/* Seals `inner` as the whole TLSInnerPlaintext, as a peer may that pads or errs. */
static size_t seal_inner(struct record_keys *k, const uint8_t *inner, size_t len)
{
	uint8_t nonce[AEAD_NONCE_LEN];
	size_t total = raw(RECORD_DATA, VERSION_1_2, len + AEAD_TAG_LEN, inner, len);

	memcpy(nonce, iv, sizeof(nonce));
	nonce[AEAD_NONCE_LEN - 1] ^= (uint8_t)k->seq++;
	assert_int_equal(aead_seal(&k->aead, nonce, bytes_of(buf, RECORD_HEADER_LEN), bytes_of(inner, len), buf + RECORD_HEADER_LEN), BJ_OK);
	return total + AEAD_TAG_LEN;
}

static void padding_is_removed_and_what_is_nothing_but_padding_refused(void **state)
{
	static const struct {
		const char *why;
		const char *inner;
		size_t len;
		enum bj_err err;
		uint8_t type;
		size_t body_len;
	} rows[] = {
		{ "no padding", "ab\x17", 3, BJ_OK, RECORD_DATA, 2 },
		{ "padding", "ab\x17\0\0\0", 6, BJ_OK, RECORD_DATA, 2 },
		{ "zeros before the type are data", "a\0\0\x17\0", 5, BJ_OK, RECORD_DATA, 3 },
		{ "empty data", "\x17", 1, BJ_OK, RECORD_DATA, 0 },
		{ "an alert", "\x01\0\x15", 3, BJ_OK, RECORD_ALERT, 2 },
		{ "nothing", "", 0, BJ_ERR_UNEXPECTED_MESSAGE, 0, 0 },
		{ "only padding", "\0\0\0", 3, BJ_ERR_UNEXPECTED_MESSAGE, 0, 0 },
		{ "an empty handshake", "\x16\0", 2, BJ_ERR_UNEXPECTED_MESSAGE, 0, 0 },
		{ "an empty alert", "\x15", 1, BJ_ERR_UNEXPECTED_MESSAGE, 0, 0 },
		{ "a protected CCS", "\x01\x14", 2, BJ_ERR_UNEXPECTED_MESSAGE, 0, 0 },
		{ "a type that does not exist", "a\x18", 2, BJ_ERR_UNEXPECTED_MESSAGE, 0, 0 },
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct record_keys tx = { 0 }, rx = { 0 };
		struct record rec;
		enum bj_err err;

		set(&tx, 0x1301);
		set(&rx, 0x1301);
		err = record_open(&rx, buf, seal_inner(&tx, (const uint8_t *)rows[i].inner, rows[i].len), &rec);
		if (err != rows[i].err)
			fail_msg("%s: %s", rows[i].why, bj_err_name(err));
		if (!err) {
			assert_int_equal(rec.type, rows[i].type);
			assert_int_equal(rec.body.len, rows[i].body_len);
			assert_memory_equal(rec.body.ptr, rows[i].inner, rows[i].body_len);
		}
		record_keys_fini(&tx);
		record_keys_fini(&rx);
	}
}

static void an_inner_plaintext_may_fill_the_limit_with_padding_but_not_pass_it(void **state)
{
	static uint8_t inner[RECORD_PLAIN_MAX + 2];

	for (size_t len = RECORD_PLAIN_MAX + 1; len <= RECORD_PLAIN_MAX + 2; len++) {
		struct record_keys tx = { 0 }, rx = { 0 };
		struct record rec;

		memset(inner, 0, sizeof(inner));
		inner[1] = RECORD_DATA;
		set(&tx, 0x1301);
		set(&rx, 0x1301);
		assert_int_equal(record_open(&rx, buf, seal_inner(&tx, inner, len), &rec),
				 len == RECORD_PLAIN_MAX + 1 ? BJ_OK : BJ_ERR_RECORD_OVERFLOW);
		record_keys_fini(&tx);
		record_keys_fini(&rx);
	}
}

static void in_1_3_only_a_ccs_and_an_early_alert_may_stand_unprotected(void **state)
{
	struct record_keys tx = { 0 }, rx = { 0 };
	struct record rec;

	set(&tx, 0x1301);
	set(&rx, 0x1301);
	assert_int_equal(record_open(&rx, buf, raw(RECORD_CCS, VERSION_1_2, 1, "\x01", 1), &rec), BJ_OK);
	assert_true(rec.is_plain && rec.type == RECORD_CCS && rec.body.len == 1);
	assert_int_equal(record_open(&rx, buf, raw(RECORD_ALERT, VERSION_1_2, 2, "\x02\x28", 2), &rec), BJ_OK);
	assert_true(rec.is_plain && rec.type == RECORD_ALERT);
	assert_int_equal(record_open(&rx, buf, raw(RECORD_HANDSHAKE, VERSION_1_2, 1, "x", 1), &rec), BJ_ERR_UNEXPECTED_MESSAGE);
	assert_int_equal(record_open(&rx, buf, seal(&tx, RECORD_DATA, "x", 1), &rec), BJ_OK);
	assert_int_equal(record_open(&rx, buf, raw(RECORD_ALERT, VERSION_1_2, 2, "\x02\x28", 2), &rec), BJ_ERR_UNEXPECTED_MESSAGE);
	/* and ours goes out unprotected without using up a number */
	assert_int_equal(seal(&tx, RECORD_DATA, "x", 1), 1 + record_overhead(&tx));
	{
		struct bj_bytes ccs = BYTES_LIT("\x01");
		size_t len;

		assert_int_equal(record_seal(&tx, RECORD_CCS, VERSION_1_2, &ccs, 1, buf, sizeof(buf), &len), BJ_OK);
		assert_int_equal(len, 6);
		assert_memory_equal(buf, "\x14\x03\x03\0\x01\x01", 6);
		assert_int_equal(tx.seq, 2);
	}
	record_keys_fini(&tx);
	record_keys_fini(&rx);
}

static void keys_end_at_their_limits(void **state)
{
	struct bj_bytes in = BYTES_LIT("x");
	struct record rec;
	size_t len;

	for (size_t s = 0; s < ARRAY_COUNT(suites); s++) {
		struct record_keys tx = { 0 }, rx = { 0 };
		bool is_gcm13 = suites[s] == 0x1301 || suites[s] == 0x1302;
		bool is_gcm12 = suites[s] == 0xc02b || suites[s] == 0xc030;
		uint64_t hard = is_gcm13 ? RECORD_HARD_LIMIT : is_gcm12 ? RECORD_HARD_LIMIT_12 : RECORD_SEQ_MAX;

		set(&tx, suites[s]);
		set(&rx, suites[s]);
		assert_false(record_wants_update(&tx));
		tx.seq = rx.seq = RECORD_SOFT_LIMIT - 1;
		assert_int_equal(record_open(&rx, buf, seal(&tx, RECORD_DATA, "x", 1), &rec), BJ_OK);
		assert_int_equal(record_wants_update(&tx), is_gcm13);
		tx.seq = hard - 1;
		(void)seal(&tx, RECORD_DATA, "x", 1);
		assert_int_equal(record_seal(&tx, RECORD_DATA, VERSION_1_2, &in, 1, buf, sizeof(buf), &len), BJ_ERR_KEY_LIMIT);
		rx.seq = RECORD_SEQ_MAX;
		memset(buf, 0, 64);
		assert_int_equal(record_open(&rx, buf, raw(RECORD_DATA, VERSION_1_2, 40, text, 40), &rec), BJ_ERR_KEY_LIMIT);
		record_keys_fini(&tx);
		record_keys_fini(&rx);
	}
}

static void sealing_into_too_little_room_writes_nothing(void **state)
{
	struct bj_bytes in = BYTES_LIT("hello");

	for (size_t s = 0; s <= ARRAY_COUNT(suites); s++) {
		struct record_keys tx = { 0 };
		size_t need, len = 99;

		if (s < ARRAY_COUNT(suites))
			set(&tx, suites[s]);
		need = in.len + record_overhead(&tx);
		memset(buf, 0xee, need);
		for (size_t cap = 0; cap < need; cap++)
			assert_int_equal(record_seal(&tx, RECORD_DATA, VERSION_1_2, &in, 1, buf, cap, &len), BJ_ERR_SPACE);
		assert_int_equal(buf[0], 0xee);
		assert_int_equal(len, 99);
		assert_int_equal(tx.seq, 0);
		assert_int_equal(record_seal(&tx, RECORD_DATA, VERSION_1_2, &in, 1, buf, need, &len), BJ_OK);
		assert_int_equal(len, need);
		record_keys_fini(&tx);
	}
}

static void scattered_plaintext_gives_the_record_of_the_whole(void **state)
{
	static const struct bj_bytes pieces[] = { { (const uint8_t *)"he", 2 }, { NULL, 0 }, { (const uint8_t *)"llo", 3 } };

	for (size_t s = 0; s < ARRAY_COUNT(suites); s++) {
		struct record_keys one = { 0 }, two = { 0 };
		uint8_t whole[64];
		size_t len, len2;

		set(&one, suites[s]);
		set(&two, suites[s]);
		len = seal(&one, RECORD_DATA, "hello", 5);
		memcpy(whole, buf, len);
		assert_int_equal(record_seal(&two, RECORD_DATA, VERSION_1_2, pieces, 3, buf, sizeof(buf), &len2), BJ_OK);
		assert_int_equal(len, len2);
		assert_memory_equal(buf, whole, len);
		record_keys_fini(&one);
		record_keys_fini(&two);
	}
}

static void cutting_gives_every_byte_once_and_in_order(void **state)
{
	struct bj_bytes pieces[40];
	size_t all = 0;

	for (size_t i = 0; i < ARRAY_COUNT(pieces); i++) {
		pieces[i] = bytes_of(text + all, i % 7 * 3);
		all += i % 7 * 3;
	}
	for (size_t max = 1; max <= all + 1; max += 5) {
		struct record_cursor c = { pieces, ARRAY_COUNT(pieces), 0, 0 };
		struct bj_bytes out[RECORD_PIECES_MAX];
		size_t count, at = 0, taken;

		while (assert_int_equal(record_cursor_left(&c), all - at), (taken = record_cut(&c, max, out, &count)) > 0) {
			assert_true(taken <= max && count <= RECORD_PIECES_MAX);
			for (size_t i = 0; i < count; i++) {
				assert_memory_equal(out[i].ptr, text + at, out[i].len);
				at += out[i].len;
			}
		}
		assert_int_equal(at, all);
	}
}

static void fini_leaves_nothing_of_the_keys(void **state)
{
	struct record_keys k = { 0 };

	record_keys_fini(&k);
	for (size_t s = 0; s < ARRAY_COUNT(suites); s++) {
		set(&k, suites[s]);
		(void)seal(&k, RECORD_DATA, "x", 1);
		record_keys_fini(&k);
		for (size_t i = 0; i < sizeof(k); i++)
			assert_int_equal(((const uint8_t *)&k)[i], 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_one_side_seals_the_other_opens),
		cmocka_unit_test(no_changed_byte_goes_through),
		cmocka_unit_test(a_record_that_comes_twice_or_out_of_order_is_refused),
		cmocka_unit_test(the_explicit_nonce_of_1_2_never_repeats),
		cmocka_unit_test(the_first_record_tells_whether_the_peer_speaks_tls),
		cmocka_unit_test(later_records_of_no_type_or_version_are_the_peers_fault),
		cmocka_unit_test(records_longer_than_their_version_allows_are_refused_before_they_are_whole),
		cmocka_unit_test(records_too_short_for_their_protection_are_refused),
		cmocka_unit_test(padding_is_removed_and_what_is_nothing_but_padding_refused),
		cmocka_unit_test(an_inner_plaintext_may_fill_the_limit_with_padding_but_not_pass_it),
		cmocka_unit_test(in_1_3_only_a_ccs_and_an_early_alert_may_stand_unprotected),
		cmocka_unit_test(keys_end_at_their_limits),
		cmocka_unit_test(sealing_into_too_little_room_writes_nothing),
		cmocka_unit_test(scattered_plaintext_gives_the_record_of_the_whole),
		cmocka_unit_test(cutting_gives_every_byte_once_and_in_order),
		cmocka_unit_test(fini_leaves_nothing_of_the_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
