/* explain_text_test.c - every failure, every alert that is sent and every exit code has its text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "cli/command.h"
#include "cli/explain_text.h"

static const enum bj_err all_errs[] = {
#define BJ_ERR(name, value, id, alert, words) BJ_ERR_##name,
#include <bojagi/err.def>
#undef BJ_ERR
};
#define ERR_COUNT (sizeof(all_errs) / sizeof(all_errs[0]))

static void no_failure_of_err_def_lacks_a_long_text(void **state)
{
	for (size_t i = 0; i < ERR_COUNT; i++) {
		const struct explain_text *text = explain_text_find(all_errs[i]);

		if (!text || strlen(text->means) < 20 || strlen(text->next) < 10)
			fail_msg("%s has no long text in src/cli/explain_text.c", bj_err_name(all_errs[i]));
	}
	assert_int_equal(explain_text_count, ERR_COUNT);
}

static void no_text_stands_twice(void **state)
{
	for (size_t i = 0; i < explain_text_count; i++)
		for (size_t k = i + 1; k < explain_text_count; k++)
			if (explain_texts[i].err == explain_texts[k].err || strcmp(explain_texts[i].means, explain_texts[k].means) == 0)
				fail_msg("%s and %s", bj_err_name(explain_texts[i].err), bj_err_name(explain_texts[k].err));
}

static void every_alert_that_a_failure_sends_has_a_text(void **state)
{
	for (size_t i = 0; i < ERR_COUNT; i++)
		if (bj_err_alert(all_errs[i]) >= 0 && !explain_alert_find(bj_err_alert(all_errs[i])))
			fail_msg("alert %d of %s has no text", bj_err_alert(all_errs[i]), bj_err_name(all_errs[i]));
}

static void every_exit_code_of_a_failure_has_a_text(void **state)
{
	for (size_t i = 0; i < ERR_COUNT; i++)
		assert_non_null(explain_exit_find(exit_of_err(all_errs[i])));
}

static void failures_have_the_exit_codes_that_scripts_rely_on(void **state)
{
	static const struct {
		enum bj_err err;
		int code;
	} rows[] = {
		{ BJ_OK, 0 },
		{ BJ_ERR_INTERNAL, 1 },
		{ BJ_ERR_SYNTAX, 2 },
		{ BJ_ERR_CONFIG_NO_TRUST, 2 },
		{ BJ_ERR_IO_NAME, 6 },
		{ BJ_ERR_IO_REFUSED, 7 },
		{ BJ_ERR_IO_TIMEOUT, 28 },
		{ BJ_ERR_ALERT_RECEIVED, 35 },
		{ BJ_ERR_NO_COMMON_SUITE, 35 },
		{ BJ_ERR_NOT_TLS, 35 },
		{ BJ_ERR_TRUNCATED, 56 },
		{ BJ_ERR_IO_RESET, 56 },
		{ BJ_ERR_KEY_MISMATCH, 58 },
		{ BJ_ERR_CERT_UNKNOWN_CA, 60 },
		{ BJ_ERR_CERT_NAME, 60 },
		{ BJ_ERR_CERT_EXPIRED, 60 },
		{ BJ_ERR_CERTIFICATE_REQUIRED, 98 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if ((int)exit_of_err(rows[i].err) != rows[i].code)
			fail_msg("%s: %d", bj_err_name(rows[i].err), exit_of_err(rows[i].err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_failure_of_err_def_lacks_a_long_text),
		cmocka_unit_test(no_text_stands_twice),
		cmocka_unit_test(every_alert_that_a_failure_sends_has_a_text),
		cmocka_unit_test(every_exit_code_of_a_failure_has_a_text),
		cmocka_unit_test(failures_have_the_exit_codes_that_scripts_rely_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
