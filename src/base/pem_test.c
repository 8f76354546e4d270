/* pem_test.c - damaged PEM is refused at its line and column; what people really have in files is read. */
#include "base/pem.h"

#include "base/test.h"

static uint8_t buf[4096];

static void damaged_texts_are_refused_with_their_place(void **state)
{
	static const struct {
		const char *why;
		const char *text;
		uint32_t line, column;
	} rows[] = {
		{ "no END line", "-----BEGIN A-----\nAAAA\n", 1, 1 },
		{ "END of another kind", "-----BEGIN A-----\nAAAA\n-----END B-----\n", 3, 10 },
		{ "END without BEGIN", "words\n-----END A-----\n", 2, 1 },
		{ "a second BEGIN inside", "-----BEGIN A-----\nAAAA\n-----BEGIN A-----\nAAAA\n-----END A-----\n", 3, 1 },
		{ "four hyphens behind BEGIN", "-----BEGIN A----\nAAAA\n-----END A-----\n", 1, 12 },
		{ "four hyphens before BEGIN", "----BEGIN A-----\nAAAA\n-----END A-----\n", 3, 1 },
		{ "four hyphens behind END", "-----BEGIN A-----\nAAAA\n-----END A----\n", 3, 1 },
		{ "hyphens inside of the body", "-----BEGIN A-----\nAAAA\n-----\n-----END A-----\n", 3, 1 },
		{ "a label that ends with a space", "-----BEGIN A -----\nAAAA\n-----END A -----\n", 1, 12 },
		{ "a label with two spaces", "-----BEGIN A  B-----\nAAAA\n-----END A  B-----\n", 1, 12 },
		{ "a label with a control character", "-----BEGIN A\x01-----\nAAAA\n-----END A\x01-----\n", 1, 12 },
		{ "a label that is too long",
		  "-----BEGIN AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA-----\nAAAA\n", 1, 12 },
		{ "an indented BEGIN", "x\n  -----BEGIN A-----\nAAAA\n-----END A-----\n", 2, 1 },
		{ "a stroke too much", "-----BEGIN A-----\nAAAA\nAA*A\n-----END A-----\n", 3, 3 },
		{ "padding in the middle", "-----BEGIN A-----\nAA==\nAAAA\n-----END A-----\n", 3, 1 },
		{ "padding is missing", "-----BEGIN A-----\nAAAA\nAA\n-----END A-----\n", 4, 1 },
		{ "unused bits", "-----BEGIN A-----\nAB==\n-----END A-----\n", 3, 1 },
		{ "an empty block", "-----BEGIN A-----\n-----END A-----\n", 1, 1 },
		{ "no blank line after headers", "-----BEGIN A-----\nX: y\nAAAA\n-----END A-----\n", 3, 1 },
		{ "headers that never end", "-----BEGIN A-----\nX: y\n", 1, 1 },
		{ "nine headers", "-----BEGIN A-----\na:\na:\na:\na:\na:\na:\na:\na:\na:\n\nAAAA\n-----END A-----\n", 10, 1 },
		{ "a high byte in the body", "-----BEGIN A-----\r\nAAAA\r\n\xc3\x84\xc3\x84\r\n-----END A-----\r\n", 3, 1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct pem p = pem_make(rows[i].text, strlen(rows[i].text));
		struct pem_block block;
		enum bj_err err = pem_next(&p, buf, sizeof(buf), &block);

		if (err != BJ_ERR_PEM || p.line != rows[i].line || p.column != rows[i].column)
			fail_msg("%s: %s at %u:%u", rows[i].why, bj_err_name(err), p.line, p.column);
		assert_non_null(p.why);
		assert_int_equal(pem_next(&p, buf, sizeof(buf), &block), BJ_ERR_PEM); /* it sticks */
	}
}

static void a_text_without_blocks_has_none(void **state)
{
	static const char *const rows[] = { "", "\n", "words\nmore words", "-----\n----- ruler -----\n", "\xef\xbb\xbf" };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct pem p = pem_make(rows[i], strlen(rows[i]));
		struct pem_block block;

		assert_int_equal(pem_next(&p, buf, sizeof(buf), &block), BJ_ERR_PEM_NONE);
		assert_int_equal(pem_next(&p, buf, sizeof(buf), &block), BJ_ERR_PEM_NONE);
	}
}

static const char two[] = "words before\n"
			  "-----BEGIN CERTIFICATE-----\n"
			  "Zm9v\nYmFy\n"
			  "-----END CERTIFICATE-----\n"
			  "words between\n"
			  "-----BEGIN EC PRIVATE KEY-----\n"
			  "Zm8=\n"
			  "-----END EC PRIVATE KEY-----";

static void a_text_cut_anywhere_never_gives_a_wrong_block(void **state)
{
	(void)state;
	for (size_t len = 0; len <= strlen(two); len++) {
		char *copy = (char *)malloc(len ? len : 1);
		struct pem p;
		struct pem_block block;
		size_t count = 0;
		enum bj_err err;

		memcpy(copy, two, len);
		p = pem_make(copy, len);
		while (!(err = pem_next(&p, buf, sizeof(buf), &block))) {
			assert_true(bytes_equal(block.der, count ? BYTES_LIT("fo") : BYTES_LIT("foobar")));
			count++;
		}
		if (len == strlen(two)) {
			assert_int_equal(count, 2);
			assert_int_equal(err, BJ_ERR_PEM_NONE);
		} else {
			assert_true(count < 2);
		}
		free(copy);
	}
}

static void blocks_come_in_order_with_label_and_line(void **state)
{
	struct pem p = pem_make(two, strlen(two));
	struct pem_block block;

	(void)state;
	assert_int_equal(pem_next(&p, buf, sizeof(buf), &block), BJ_OK);
	assert_true(bytes_equal(block.label, BYTES_LIT("CERTIFICATE")));
	assert_int_equal(block.line, 2);
	assert_int_equal(block.headers.len, 0);
	assert_int_equal(pem_next(&p, buf, sizeof(buf), &block), BJ_OK);
	assert_true(bytes_equal(block.label, BYTES_LIT("EC PRIVATE KEY")));
	assert_int_equal(block.line, 7);
	assert_int_equal(pem_next(&p, buf, sizeof(buf), &block), BJ_ERR_PEM_NONE);
	p = pem_make(two, strlen(two));
	assert_int_equal(pem_next_labelled(&p, "EC PRIVATE KEY", buf, sizeof(buf), &block), BJ_OK);
	assert_true(bytes_equal(block.der, BYTES_LIT("fo")));
	assert_int_equal(pem_next_labelled(&p, "EC PRIVATE KEY", buf, sizeof(buf), &block), BJ_ERR_PEM_NONE);
}

static void what_people_have_in_files_is_read(void **state)
{
	static const struct {
		const char *why;
		const char *text;
	} rows[] = {
		{ "CRLF", "-----BEGIN A-----\r\nZm9v\r\nYmFy\r\n-----END A-----\r\n" },
		{ "CR alone", "-----BEGIN A-----\rZm9v\rYmFy\r-----END A-----\r" },
		{ "one long line", "-----BEGIN A-----\nZm9vYmFy\n-----END A-----" },
		{ "very short lines", "-----BEGIN A-----\nZ\nm9\nvYm\nFy\n-----END A-----\n" },
		{ "white space at the ends of lines", "-----BEGIN A----- \t\nZm9v \nYmFy\t\n-----END A-----  \n" },
		{ "blank lines", "-----BEGIN A-----\n\nZm9v\n\n\nYmFy\n\n-----END A-----\n" },
		{ "an indented body", "-----BEGIN A-----\n  Zm9v\n  YmFy\n-----END A-----\n" },
		{ "a byte order mark", "\xef\xbb\xbf-----BEGIN A-----\nZm9vYmFy\n-----END A-----\n" },
		{ "an openssl text before", "Certificate:\n    Data:\n        Version: 3\n-----BEGIN A-----\nZm9vYmFy\n-----END A-----\n" },
		{ "a ruler before", "-----\n-----BEGIN A-----\nZm9vYmFy\n-----END A-----\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct pem p = pem_make(rows[i].text, strlen(rows[i].text));
		struct pem_block block;
		enum bj_err err = pem_next(&p, buf, sizeof(buf), &block);

		if (err)
			fail_msg("%s: %s at %u:%u", rows[i].why, p.why, p.line, p.column);
		assert_true(bytes_equal(block.der, BYTES_LIT("foobar")));
		assert_true(bytes_equal(block.label, BYTES_LIT("A")));
		assert_int_equal(pem_next(&p, buf, sizeof(buf), &block), BJ_ERR_PEM_NONE);
	}
}

static void headers_are_kept_apart_and_encryption_is_seen(void **state)
{
	static const char text[] = "-----BEGIN RSA PRIVATE KEY-----\n"
				   "Proc-Type: 4,ENCRYPTED\n"
				   "DEK-Info: AES-128-CBC,0011\n"
				   "  2233\n"
				   "\n"
				   "Zm9v\n"
				   "-----END RSA PRIVATE KEY-----\n";
	struct pem p = pem_make(text, strlen(text));
	struct pem_block block;

	(void)state;
	assert_int_equal(pem_next(&p, buf, sizeof(buf), &block), BJ_OK);
	assert_true(block.encrypted);
	assert_int_equal(memcmp(block.headers.ptr, "Proc-Type", 9), 0);
	assert_true(bytes_equal(block.der, BYTES_LIT("foo")));
}

static void a_buffer_too_small_is_said_to_be(void **state)
{
	struct pem_block block;

	(void)state;
	for (size_t cap = 0; cap < 6; cap++) {
		struct pem p = pem_make(two, strlen(two));

		assert_int_equal(pem_next(&p, buf, cap, &block), BJ_ERR_SPACE);
	}
	assert_true(PEM_DER_MAX(strlen("Zm9vYmFy")) >= 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(damaged_texts_are_refused_with_their_place),
		cmocka_unit_test(a_text_without_blocks_has_none),
		cmocka_unit_test(a_text_cut_anywhere_never_gives_a_wrong_block),
		cmocka_unit_test(blocks_come_in_order_with_label_and_line),
		cmocka_unit_test(what_people_have_in_files_is_read),
		cmocka_unit_test(headers_are_kept_apart_and_encryption_is_seen),
		cmocka_unit_test(a_buffer_too_small_is_said_to_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
