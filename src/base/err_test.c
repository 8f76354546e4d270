/* err_test.c - the list of failures: every one has its own number, identifier and words, and an alert that exists. */
#include <bojagi/base.h>

#include "base/bytes.h"
#include "base/test.h"

static const struct {
	enum bj_err err;
	const char *name;
	const char *id;
} all[] = {
#define BJ_ERR(name, value, id, alert, words) { BJ_ERR_##name, #name, id },
#include <bojagi/err.def>
#undef BJ_ERR
};

static void no_value_name_or_identifier_stands_twice(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(all); i++) {
		assert_true(all[i].err > BJ_OK);
		for (size_t j = 0; j < i; j++) {
			assert_true(all[i].err != all[j].err);
			assert_string_not_equal(all[i].id, all[j].id);
			assert_string_not_equal(bj_err_text(all[i].err), bj_err_text(all[j].err));
		}
	}
}

static void an_identifier_ends_with_its_value(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(all); i++) {
		const char *dash = strrchr(all[i].id, '-');

		assert_non_null(dash);
		assert_int_equal(strncmp(all[i].id, "E-", 2), 0);
		assert_int_equal(strlen(dash), 5);
		assert_int_equal(atoi(dash + 1), (int)all[i].err);
	}
}

static void words_are_one_sentence_without_a_stop(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(all); i++) {
		const char *words = bj_err_text(all[i].err);

		assert_true(strlen(words) > 10);
		assert_true(words[strlen(words) - 1] != '.');
		assert_null(strchr(words, '\n'));
		assert_string_equal(bj_err_name(all[i].err), all[i].name);
		assert_string_equal(bj_err_id(all[i].err), all[i].id);
	}
}

static void alerts_are_those_of_the_registry(void **state)
{
	static const int known[] = { -1, 10, 20, 22, 40, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51,
				     70, 71, 80, 86, 90, 100, 109, 110, 112, 113, 115, 116, 120, 121 };
	static const struct {
		enum bj_err err;
		int alert;
		const char *why;
	} rows[] = {
		{ BJ_OK, -1, "success says nothing" },
		{ BJ_ERR_DECODE, 50, "rfc9846:6.2 decode_error" },
		{ BJ_ERR_UNEXPECTED_MESSAGE, 10, "rfc9846:6.2 unexpected_message" },
		{ BJ_ERR_BAD_RECORD_MAC, 20, "rfc9846:6.2 bad_record_mac" },
		{ BJ_ERR_RECORD_OVERFLOW, 22, "rfc9846:6.2 record_overflow" },
		{ BJ_ERR_ILLEGAL_PARAMETER, 47, "rfc9846:6.2 illegal_parameter" },
		{ BJ_ERR_BAD_VERSION, 70, "rfc9846:6.2 protocol_version" },
		{ BJ_ERR_BAD_FINISHED, 51, "rfc9846:6.2 decrypt_error" },
		{ BJ_ERR_MISSING_EXTENSION, 109, "rfc9846:6.2 missing_extension" },
		{ BJ_ERR_UNSUPPORTED_EXTENSION, 110, "rfc9846:6.2 unsupported_extension" },
		{ BJ_ERR_UNKNOWN_NAME, 112, "rfc6066:3 unrecognized_name" },
		{ BJ_ERR_CERTIFICATE_REQUIRED, 116, "rfc9846:6.2 certificate_required" },
		{ BJ_ERR_NO_ALPN, 120, "rfc7301:3.2 no_application_protocol" },
		{ BJ_ERR_ECH_REJECTED, 121, "rfc9849:11.2 ech_required" },
		{ BJ_ERR_INAPPROPRIATE_FALLBACK, 86, "rfc7507:3 inappropriate_fallback" },
		{ BJ_ERR_CERT_UNKNOWN_CA, 48, "rfc9846:6.2 unknown_ca" },
		{ BJ_ERR_CERT_EXPIRED, 45, "rfc9846:6.2 certificate_expired" },
		{ BJ_ERR_CERT_REVOKED, 44, "rfc9846:6.2 certificate_revoked" },
		{ BJ_ERR_ALERT_RECEIVED, -1, "an alert is never answered" },
		{ BJ_ERR_WOULD_BLOCK, -1, "nothing went wrong" },
		{ BJ_ERR_FILE_OPEN, -1, "the peer is not told of files" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(all); i++) {
		bool found = false;

		for (size_t j = 0; j < ARRAY_COUNT(known); j++)
			found |= known[j] == bj_err_alert(all[i].err);
		assert_true(found);
	}
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
		assert_int_equal(bj_err_alert(rows[i].err), rows[i].alert);
}

static void an_unknown_value_has_words_too(void **state)
{
	(void)state;
	assert_string_equal(bj_err_id((enum bj_err)99999), "E-UNKNOWN");
	assert_non_null(bj_err_text((enum bj_err)-1));
	assert_int_equal(bj_err_alert((enum bj_err)99999), 80);
	assert_string_equal(bj_err_id(BJ_OK), "E-OK");
	assert_string_equal(bj_err_name(BJ_OK), "OK");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_value_name_or_identifier_stands_twice),
		cmocka_unit_test(an_identifier_ends_with_its_value),
		cmocka_unit_test(words_are_one_sentence_without_a_stop),
		cmocka_unit_test(alerts_are_those_of_the_registry),
		cmocka_unit_test(an_unknown_value_has_words_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
