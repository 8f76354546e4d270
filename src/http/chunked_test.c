/* chunked_test.c - bodies in chunks: refused ones first, then good ones, in pieces of every size. */
#include "base/test.h"
#include "http/chunked.h"

#define BODY_MAX 20000

static uint8_t body[BODY_MAX];

/* Decodes in pieces of `step` bytes; gives the body's length, or -1; out_used says where the body ended, 0 if it did not. */
static long decode(struct bj_bytes text, size_t step, size_t *out_end)
{
	struct chunked c;
	size_t pos = 0, len = 0;

	*out_end = 0;
	chunked_init(&c);
	while (pos < text.len) {
		size_t end = text.len - pos < step ? text.len : pos + step, used;
		struct bj_bytes data;
		enum chunked_event event;

		do {
			if (chunked_feed(&c, text.ptr + pos, end - pos, &used, &data, &event))
				return -1;
			assert_true(len + data.len <= BODY_MAX);
			bytes_copy(body + len, data.ptr, data.len);
			len += data.len;
			pos += used;
		} while (event == CHUNKED_DATA);
		if (event == CHUNKED_END) {
			*out_end = pos;
			return (long)len;
		}
	}
	return (long)len;
}

static void malformed_bodies_are_refused_however_they_are_cut(void **state)
{
	static const char *const rows[] = {
		"\r\n", " 5\r\nhello\r\n0\r\n\r\n", "5 \r\nhello\r\n0\r\n\r\n", "+5\r\nhello\r\n0\r\n\r\n", "-0\r\n\r\n", "0x5\r\nhello\r\n0\r\n\r\n",
		"5h\r\nhello\r\n", "g\r\n", ";a\r\n", "5\nhello\n0\n\n", "5\r\rhello\r\n", "5\rhello\r\n", "5\r\nhello0\r\n\r\n", "5\r\nhello\n0\r\n\r\n",
		"5\r\nhello\r0\r\n\r\n", "5\r\nhelloX\r\n0\r\n\r\n", "00000000000000005\r\nhello\r\n0\r\n\r\n", "8000000000000000\r\n", "ffffffffffffffff\r\n",
		"5;a\nb\r\nhello\r\n0\r\n\r\n", "5;a\rb\r\nhello\r\n0\r\n\r\n", "5;\001\r\nhello\r\n", "0\r\nX\r\n\r\n", "0\r\n: b\r\n\r\n",
		"0\r\nX : b\r\n\r\n", "0\r\n X: b\r\n\r\n", "0\r\nX: b\n\r\n", "0\r\nX: a\r\n b\r\n\r\n", "0\r\nX: \001\r\n\r\n", "0\r\n\n", "0\r\n\r\r",
		"0\r\nContent-Length: 5\r\n\r\n", "0\r\ncontent-length: 5\r\n\r\n", "0\r\nTransfer-Encoding: x\r\n\r\n", "0\r\nHOST: a\r\n\r\n",
		"0\r\nTrailer: a\r\n\r\n", "0\r\nConnection: close\r\n\r\n", "0\r\nX\200: a\r\n\r\n",
	};
	size_t end;

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
		for (size_t step = 1; step <= strlen(rows[i]); step++)
			if (decode(bytes_text(rows[i]), step, &end) != -1)
				fail_msg("accepted: %s", rows[i]);
}

static void good_bodies_come_out_however_they_are_cut(void **state)
{
	static const struct {
		const char *text;
		const char *body;
		size_t left; /* bytes of the next message behind it */
	} rows[] = {
		{ "0\r\n\r\n", "", 0 },
		{ "000\r\n\r\nGET", "", 3 },
		{ "5\r\nhello\r\n0\r\n\r\n", "hello", 0 },
		{ "0000000000000005\r\nhello\r\n1\r\n!\r\n0\r\n\r\nPOST / ", "hello!", 7 },
		{ "A;x=y;z=\"a b\"\r\n0123456789\r\na\r\n\r\n\r\n\r\n\r\n\r\n\r\n0\r\n\r\n", "0123456789\r\n\r\n\r\n\r\n\r\n", 0 },
		{ "1\r\nx\r\n0;last\r\nX-Sum: 1\r\nContent-Lengthy: 5\r\nX-Very-Long-Name-Of-A-Field: \t \r\n\r\n0", "x", 1 },
	};
	size_t end;

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		size_t len = strlen(rows[i].text);

		for (size_t step = 1; step <= len; step++) {
			long got = decode(bytes_text(rows[i].text), step, &end);

			if (got != (long)strlen(rows[i].body) || memcmp(body, rows[i].body, (size_t)got) != 0 || end != len - rows[i].left)
				fail_msg("row %zu step %zu: %ld bytes, end at %zu", i, step, got, end);
		}
	}
}

static void an_unfinished_body_is_not_over(void **state)
{
	static const char text[] = "5\r\nhello\r\n0\r\nX: y\r\n\r\n";
	size_t end;

	for (size_t cut = 0; cut < sizeof(text) - 1; cut++) {
		assert_true(decode(bytes_of(text, cut), SIZE_MAX / 2, &end) >= 0);
		assert_int_equal(end, 0);
	}
}

static void extensions_and_trailers_have_limits(void **state)
{
	static char text[60000];
	size_t end, len;

	len = (size_t)snprintf(text, sizeof(text), "1;");
	memset(text + len, 'x', CHUNKED_EXTENSION_MAX + 1);
	memcpy(text + len + CHUNKED_EXTENSION_MAX, "\r\na\r\n0\r\n\r\n", 11);
	assert_int_equal(decode(bytes_text(text), 7, &end), 1);
	memset(text + len, 'x', CHUNKED_EXTENSION_MAX + 1);
	memcpy(text + len + CHUNKED_EXTENSION_MAX + 1, "\r\na\r\n0\r\n\r\n", 11);
	assert_int_equal(decode(bytes_text(text), 7, &end), -1);
	len = 0;
	for (int i = 0; i < 100; i++) /* each within its limit, together beyond */
		len += (size_t)snprintf(text + len, sizeof(text) - len, "1;%050d\r\na\r\n", 0);
	assert_int_equal(decode(bytes_of(text, len), SIZE_MAX / 2, &end), -1);
	len = (size_t)snprintf(text, sizeof(text), "0\r\n");
	for (int i = 0; i < CHUNKED_TRAILER_COUNT_MAX; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "a: b\r\n");
	assert_int_equal(decode(bytes_of(text, len), SIZE_MAX / 2, &end), 0);
	snprintf(text + len, sizeof(text) - len, "a: b\r\n");
	assert_int_equal(decode(bytes_text(text), SIZE_MAX / 2, &end), -1);
	len = (size_t)snprintf(text, sizeof(text), "0\r\nx:");
	memset(text + len, 'y', CHUNKED_TRAILER_MAX);
	assert_int_equal(decode(bytes_of(text, len + CHUNKED_TRAILER_MAX), SIZE_MAX / 2, &end), -1);
}

static void a_failure_sticks(void **state)
{
	struct chunked c;
	struct bj_bytes data;
	enum chunked_event event;
	size_t used;

	chunked_init(&c);
	assert_int_equal(chunked_feed(&c, "x", 1, &used, &data, &event), BJ_ERR_HTTP_CHUNK);
	assert_int_equal(chunked_feed(&c, "0\r\n\r\n", 5, &used, &data, &event), BJ_ERR_HTTP_CHUNK);
	assert_int_equal(event, CHUNKED_MORE);
	assert_string_not_equal(c.why, "");
}

static void the_first_size_line_is_told(void **state)
{
	struct chunked c;
	struct bj_bytes data;
	enum chunked_event event;
	size_t used;

	chunked_init(&c);
	assert_int_equal(chunked_feed(&c, "5;x\r", 4, &used, &data, &event), BJ_OK);
	assert_false(c.began);
	assert_int_equal(chunked_feed(&c, "\n", 1, &used, &data, &event), BJ_OK);
	assert_true(c.began);
}

static void chunks_beyond_4_gigabytes_are_counted(void **state)
{
	static uint8_t piece[65536];
	struct chunked c;
	struct bj_bytes data;
	enum chunked_event event;
	size_t used;
	uint64_t sum = 0;

	chunked_init(&c);
	assert_int_equal(chunked_feed(&c, "100000001\r\n", 11, &used, &data, &event), BJ_OK);
	while (sum < 0x100000001ull) {
		assert_int_equal(chunked_feed(&c, piece, sizeof(piece), &used, &data, &event), BJ_OK);
		assert_int_equal(event, CHUNKED_DATA);
		sum += data.len;
	}
	assert_true(sum == 0x100000001ull);
	assert_int_equal(used, 1);
	assert_int_equal(chunked_feed(&c, "\r\n0\r\n\r\n", 7, &used, &data, &event), BJ_OK);
	assert_int_equal(event, CHUNKED_END);
}

static void sizes_are_written_as_they_are_read(void **state)
{
	static const uint64_t sizes[] = { 1, 15, 16, 255, 65536, 0x100000000ull, INT64_MAX };

	for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
		uint8_t buf[CHUNKED_SIZE_LINE_MAX];
		struct writer w = wr_make(buf, sizeof(buf));
		struct chunked c;
		struct bj_bytes data;
		enum chunked_event event;
		size_t used;

		chunked_size_write(&w, sizes[i]);
		assert_true(wr_ok(&w));
		chunked_init(&c);
		assert_int_equal(chunked_feed(&c, buf, w.len, &used, &data, &event), BJ_OK);
		assert_int_equal(used, w.len);
		assert_true(c.left == sizes[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(malformed_bodies_are_refused_however_they_are_cut),
		cmocka_unit_test(good_bodies_come_out_however_they_are_cut),
		cmocka_unit_test(an_unfinished_body_is_not_over),
		cmocka_unit_test(extensions_and_trailers_have_limits),
		cmocka_unit_test(a_failure_sticks),
		cmocka_unit_test(the_first_size_line_is_told),
		cmocka_unit_test(chunks_beyond_4_gigabytes_are_counted),
		cmocka_unit_test(sizes_are_written_as_they_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
