/* json_test.c - what is written can be read by any JSON reader, whatever came in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "cli/json.h"
#include "x509/time.h"

struct page {
	char *text;
	size_t len;
	FILE *stream;
	struct json json;
};

static void page_open(struct page *page)
{
	page->stream = open_memstream(&page->text, &page->len);
	assert_non_null(page->stream);
	json_begin(&page->json, page->stream);
}

static void page_is(struct page *page, const char *expected)
{
	json_end(&page->json);
	fclose(page->stream);
	assert_string_equal(page->text, expected);
	free(page->text);
}

static void bytes_that_are_no_text_become_the_replacement_character(void **state)
{
	static const struct {
		const char *in, *out, *why;
	} rows[] = {
		{ "\xff", "\"\\ufffd\"\n", "never a lead byte" },
		{ "a\x80z", "\"a\\ufffdz\"\n", "a trail byte alone" },
		{ "\xc0\xaf", "\"\\ufffd\\ufffd\"\n", "an overlong slash" },
		{ "\xe0\x80\xaf", "\"\\ufffd\\ufffd\\ufffd\"\n", "an overlong slash of three" },
		{ "\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\"\n", "a surrogate" },
		{ "\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"\n", "beyond the last character" },
		{ "\xea\xb0", "\"\\ufffd\\ufffd\"\n", "cut short" },
		{ "\xea\xb0\x80", "\"\xea\xb0\x80\"\n", "a Korean syllable stays" },
		{ "\xf0\x9f\x8e\x81", "\"\xf0\x9f\x8e\x81\"\n", "four bytes stay" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct page page;

		page_open(&page);
		json_text(&page.json, NULL, rows[i].in);
		page_is(&page, rows[i].out);
	}
}

static void quotes_and_control_characters_are_escaped(void **state)
{
	struct page page;

	page_open(&page);
	json_bytes(&page.json, NULL, "\"\\\n\r\t\0\x1b\x7f", 8);
	page_is(&page, "\"\\\"\\\\\\n\\u000d\\u0009\\u0000\\u001b\\u007f\"\n");
	page_open(&page); /* and those beyond ASCII, which terminals obey, too; the first letter behind them stays */
	json_bytes(&page.json, NULL, "\xc2\x80\xc2\x9b\xc2\xa0", 6);
	page_is(&page, "\"\\u0080\\u009b\xc2\xa0\"\n");
}

static void commas_stand_between_members_and_nowhere_else(void **state)
{
	struct page page;

	page_open(&page);
	json_object(&page.json, NULL);
	json_array(&page.json, "empty");
	json_array_end(&page.json);
	json_array(&page.json, "list");
	json_int(&page.json, NULL, -1);
	json_bool(&page.json, NULL, true);
	json_object(&page.json, NULL);
	json_object_end(&page.json);
	json_array_end(&page.json);
	json_text(&page.json, "none", NULL);
	json_ms(&page.json, "time", 1.5);
	json_ms(&page.json, "never", 1.0 / 0.0);
	json_object_end(&page.json);
	page_is(&page, "{\"empty\":[],\"list\":[-1,true,{}],\"none\":null,\"time\":1.500,\"never\":null}\n");
}

static void a_document_says_its_form_and_when_in_utc(void **state)
{
	struct page page;

	page_open(&page);
	json_document(&page.json, page.json.stream, "bojagi.test/1");
	json_time(&page.json, "at", 1795218676);
	json_time(&page.json, "never", TIME_NONE);
	json_object_end(&page.json);
	page_is(&page, "{\"schema\":\"bojagi.test/1\",\"at\":\"2026-11-20T23:51:16Z\",\"never\":null}\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_that_are_no_text_become_the_replacement_character),
		cmocka_unit_test(quotes_and_control_characters_are_escaped),
		cmocka_unit_test(commas_stand_between_members_and_nowhere_else),
		cmocka_unit_test(a_document_says_its_form_and_when_in_utc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
