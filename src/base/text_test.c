/* text_test.c - hexadecimal, base64 and UTF-8: what is wrong is refused, what is right comes back. */
#include "base/base64.h"
#include "base/hex.h"
#include "base/prng.h"
#include "base/test.h"
#include "base/utf8.h"

static void wrong_hexadecimal_is_refused(void **state)
{
	static const char *const rows[] = { "0", "0g", "g0", "0x", " 00", "00 ", "0\xff", "/0", ":0", "@0", "`0", "G0" };
	uint8_t out[8];
	size_t len;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
		assert_int_equal(hex_decode(bytes_text(rows[i]), out, sizeof(out), &len), BJ_ERR_SYNTAX);
	assert_int_equal(hex_decode(BYTES_LIT("000102"), out, 2, &len), BJ_ERR_SPACE);
}

static void hexadecimal_comes_back(void **state)
{
	uint8_t in[256], out[256];
	char text[513];
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = (uint8_t)i;
	hex_encode(in, sizeof(in), text);
	assert_int_equal(hex_decode(bytes_text(text), out, sizeof(out), &len), BJ_OK);
	assert_int_equal(len, 256);
	assert_memory_equal(in, out, 256);
	assert_int_equal(hex_decode(BYTES_LIT("aAfF"), out, sizeof(out), &len), BJ_OK);
	assert_memory_equal(out, "\xaa\xff", 2);
}

static void wrong_base64_is_refused_at_its_place(void **state)
{
	static const struct {
		const char *text;
		size_t at;
		const char *why;
	} rows[] = {
		{ "A", 1, "one digit is no byte" },
		{ "AA", 2, "padding is missing" },
		{ "AAA", 3, "padding is missing" },
		{ "AA=", 3, "half of the padding" },
		{ "A===", 1, "too much padding" },
		{ "AA==A", 4, "a digit after padding" },
		{ "AA==AAAA", 4, "a group after padding" },
		{ "AAA==", 4, "too much padding" },
		{ "====", 0, "padding alone" },
		{ "AAAA=", 4, "padding after a whole group" },
		{ "AAAA====", 4, "padding after a whole group" },
		{ "AB==", 4, "unused bits are not zero" },
		{ "AAB=", 4, "unused bits are not zero" },
		{ "AA A", 2, "a space" },
		{ "AAAA\n", 4, "a line end" },
		{ "AA-A", 2, "the other alphabet" },
		{ "AA_A", 2, "the other alphabet" },
		{ "AA\xc3\x84", 2, "no ASCII" },
		{ "AA@A", 2, "one before A" },
		{ "AA[A", 2, "one after Z" },
		{ "AA`A", 2, "one before a" },
		{ "AA{A", 2, "one after z" },
		{ "AA.A", 2, "one before /" },
		{ "AA:A", 2, "one after 9" },
		{ "AA,A", 2, "between + and /" },
	};
	uint8_t out[16];

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		size_t len = 77, at = 77;

		assert_int_equal(base64_decode(bytes_text(rows[i].text), out, sizeof(out), &len, &at), BJ_ERR_SYNTAX);
		assert_int_equal(at, rows[i].at);
		assert_int_equal(len, 77);
	}
}

static void a_zero_byte_is_no_base64(void **state)
{
	uint8_t out[4];
	size_t len;

	(void)state;
	assert_int_equal(base64_decode(BYTES_LIT("AA\0A"), out, sizeof(out), &len, NULL), BJ_ERR_SYNTAX);
	assert_int_equal(base64_decode_lenient(BYTES_LIT("AA\0A"), out, sizeof(out), &len, NULL), BJ_ERR_SYNTAX);
}

static void nothing_is_left_of_a_value_that_failed(void **state)
{
	uint8_t out[8];
	size_t len;

	(void)state;
	memset(out, 0, sizeof(out));
	assert_int_equal(base64_decode(BYTES_LIT("////////-"), out, sizeof(out), &len, NULL), BJ_ERR_SYNTAX);
	for (size_t i = 0; i < sizeof(out); i++)
		assert_int_equal(out[i], 0);
	assert_int_equal(base64_decode(BYTES_LIT("////////"), out, 5, &len, NULL), BJ_ERR_SPACE);
	for (size_t i = 0; i < sizeof(out); i++)
		assert_int_equal(out[i], 0);
}

static void the_rfcs_examples_hold(void **state)
{
	/* rfc4648:10 */
	static const struct {
		const char *plain, *text;
	} rows[] = {
		{ "", "" },
		{ "f", "Zg==" },
		{ "fo", "Zm8=" },
		{ "foo", "Zm9v" },
		{ "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" },
		{ "foobar", "Zm9vYmFy" },
	};
	char text[16];
	uint8_t out[16];

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		size_t len;

		assert_int_equal(base64_encode(rows[i].plain, strlen(rows[i].plain), text), strlen(rows[i].text));
		assert_string_equal(text, rows[i].text);
		assert_int_equal(base64_decode(bytes_text(text), out, sizeof(out), &len, NULL), BJ_OK);
		assert_true(bytes_equal(bytes_of(out, len), bytes_text(rows[i].plain)));
	}
}

static void random_bytes_come_back_also_with_white_space_between(void **state)
{
	struct prng g = { 9 };
	uint8_t in[100], out[100];
	char text[140], spaced[500];

	(void)state;
	for (int turn = 0; turn < 5000; turn++) {
		size_t len = prng_below(&g, sizeof(in) + 1), out_len, n, k = 0;

		prng_fill(&g, in, len);
		n = base64_encode(in, len, text);
		assert_int_equal(n, BASE64_TEXT_LEN(len));
		assert_true(BASE64_BYTES_MAX(n) >= len);
		assert_int_equal(base64_decode(bytes_of(text, n), out, len, &out_len, NULL), BJ_OK);
		assert_int_equal(out_len, len);
		assert_memory_equal(in, out, len);
		for (size_t i = 0; i < n; i++) {
			while (prng_below(&g, 3) == 0 && k < 300)
				spaced[k++] = " \t\r\n\v\f"[prng_below(&g, 6)];
			spaced[k++] = text[i];
		}
		assert_int_equal(base64_decode_lenient(bytes_of(spaced, k), out, len, &out_len, NULL), BJ_OK);
		assert_int_equal(out_len, len);
		assert_memory_equal(in, out, len);
	}
}

static void wrong_utf8_is_refused(void **state)
{
	static const struct {
		struct bj_bytes text;
		const char *why;
	} rows[] = {
		{ { (const uint8_t *)"\x80", 1 }, "a continuation alone" },
		{ { (const uint8_t *)"\xc2", 1 }, "cut after the first byte" },
		{ { (const uint8_t *)"\xe2\x82", 2 }, "cut after the second byte" },
		{ { (const uint8_t *)"\xf0\x9f\x98", 3 }, "cut after the third byte" },
		{ { (const uint8_t *)"\xc2\x41", 2 }, "no continuation" },
		{ { (const uint8_t *)"\xc0\x80", 2 }, "overlong zero" },
		{ { (const uint8_t *)"\xc1\xbf", 2 }, "overlong in two" },
		{ { (const uint8_t *)"\xe0\x9f\xbf", 3 }, "overlong in three" },
		{ { (const uint8_t *)"\xf0\x8f\xbf\xbf", 4 }, "overlong in four" },
		{ { (const uint8_t *)"\xed\xa0\x80", 3 }, "the first surrogate" },
		{ { (const uint8_t *)"\xed\xbf\xbf", 3 }, "the last surrogate" },
		{ { (const uint8_t *)"\xf4\x90\x80\x80", 4 }, "beyond U+10FFFF" },
		{ { (const uint8_t *)"\xf8\x88\x80\x80\x80", 5 }, "five bytes" },
		{ { (const uint8_t *)"\xff", 1 }, "no first byte" },
		{ { (const uint8_t *)"good \xfe", 6 }, "bad at the end" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
		assert_false(utf8_is_valid(rows[i].text));
}

static void every_code_point_is_accepted_in_its_one_form(void **state)
{
	(void)state;
	for (uint32_t c = 0; c <= 0x110000; c++) {
		uint8_t b[4];
		size_t len = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
		static const uint8_t first[5] = { 0, 0, 0xc0, 0xe0, 0xf0 };

		for (size_t i = len; i-- > 1;)
			b[i] = (uint8_t)(0x80 | (c >> (6 * (len - 1 - i)) & 0x3f));
		b[0] = (uint8_t)(first[len] | c >> (6 * (len - 1)));
		if (c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
			assert_int_equal(utf8_char_len(bytes_of(b, len)), 0);
		else
			assert_int_equal(utf8_char_len(bytes_of(b, len)), len);
	}
	assert_true(utf8_is_valid(BYTES_LIT("")));
	assert_true(utf8_is_valid(BYTES_LIT("\xeb\xb3\xb4\xec\x9e\x90\xea\xb8\xb0")));
}

static void the_control_characters_are_65(void **state)
{
	unsigned count = 0;

	(void)state;
	for (unsigned c = 0; c < 0x100; c++) {
		const uint8_t text[2] = { (uint8_t)(c < 0x80 ? c : 0xc0 | c >> 6), (uint8_t)(0x80 | (c & 0x3f)) };
		bool is_control = utf8_is_control(text, c < 0x80 ? 1 : 2);

		assert_int_equal(is_control, c < 0x20 || (c >= 0x7f && c < 0xa0));
		count += is_control;
	}
	assert_int_equal(count, 65);
	assert_false(utf8_is_control((const uint8_t *)"\xe2\x80\x93", 3));
}

static void a_text_is_taken_character_by_character(void **state)
{
	const struct {
		struct bj_bytes text;
		enum utf8_kind kind;
	} rows[] = {
		{ BYTES_LIT("a"), UTF8_TEXT },
		{ BYTES_LIT("\xeb\xb3\xb4"), UTF8_TEXT },
		{ BYTES_LIT("\x1b"), UTF8_CONTROL },
		{ BYTES_LIT("\xc2\x9b"), UTF8_CONTROL },
		{ BYTES_LIT("\x80"), UTF8_NONE },
		{ BYTES_LIT("\0"), UTF8_CONTROL },
		{ BYTES_LIT("\xeb"), UTF8_NONE }, /* cut off by the end, byte by byte */
		{ BYTES_LIT("\xb3"), UTF8_NONE },
	};
	struct bj_bytes rest = BYTES_LIT("a\xeb\xb3\xb4\x1b\xc2\x9b\x80\0\xeb\xb3"), one;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		assert_int_equal(utf8_take(&rest, &one), rows[i].kind);
		assert_true(bytes_equal(one, rows[i].text));
	}
	assert_int_equal(rest.len, 0);
}

/* Digits are taken eight at a time: whatever stands in whichever of the eight places must be seen. */
static void every_octet_in_every_place_is_judged(void **state)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char text[] = "QUJDREVGR0hJ";

	for (unsigned place = 0; place < 12; place++)
		for (unsigned c = 0; c < 256; c++) {
			const char *digit = c ? strchr(digits, (int)c) : NULL;
			uint8_t out[16] = { 0 }, again[16];
			size_t len = 0;
			enum bj_err err;
			char before = text[place];

			text[place] = (char)c;
			err = base64_decode(bytes_of(text, 12), out, sizeof(out), &len, NULL);
			text[place] = before;
			if (c == '=' && place == 11) {
				assert_true(!err || err == BJ_ERR_SYNTAX); /* the digit before it decides */
				continue;
			}
			assert_int_equal(err, digit ? BJ_OK : BJ_ERR_SYNTAX);
			if (digit) { /* the six bits are that digit's, the others are as they were */
				unsigned bit = place * 6, value = 0;

				for (unsigned k = 0; k < 6; k++)
					value = value << 1 | (out[(bit + k) / 8] >> (7 - (bit + k) % 8) & 1);
				assert_int_equal(value, digit - digits);
				assert_int_equal(base64_decode(bytes_text(text), again, sizeof(again), &len, NULL), BJ_OK);
				for (unsigned k = 0; k < 72; k++)
					if (k / 6 != place)
						assert_int_equal(out[k / 8] >> (7 - k % 8) & 1, again[k / 8] >> (7 - k % 8) & 1);
			}
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_hexadecimal_is_refused),
		cmocka_unit_test(hexadecimal_comes_back),
		cmocka_unit_test(wrong_base64_is_refused_at_its_place),
		cmocka_unit_test(a_zero_byte_is_no_base64),
		cmocka_unit_test(nothing_is_left_of_a_value_that_failed),
		cmocka_unit_test(the_rfcs_examples_hold),
		cmocka_unit_test(random_bytes_come_back_also_with_white_space_between),
		cmocka_unit_test(wrong_utf8_is_refused),
		cmocka_unit_test(every_code_point_is_accepted_in_its_one_form),
		cmocka_unit_test(the_control_characters_are_65),
		cmocka_unit_test(a_text_is_taken_character_by_character),
		cmocka_unit_test(every_octet_in_every_place_is_judged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
