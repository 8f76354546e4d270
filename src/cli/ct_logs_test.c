/* ct_logs_test.c - logs are found in each kind of list, with their names, and nowhere else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/base64.h"
#include "cli/ct_logs.h"
#include "crypto/hash.h"
#include "crypto/pkey.h"

static char key[2][256];    /* base64 */
static uint8_t id[2][HASH_MAX];

static int make_keys(void **state)
{
	for (int i = 0; i < 2; i++) {
		struct pkey *pkey;
		uint8_t spki[160];
		size_t len;

		assert_int_equal(pkey_generate(KEY_P256, 0, &pkey), BJ_OK);
		assert_int_equal(pkey_spki(pkey, spki, sizeof(spki), &len), BJ_OK);
		pkey_free(pkey);
		base64_encode(spki, len, key[i]);
		hash_once(HASH_SHA256, bytes_of(spki, len), id[i]);
	}
	return 0;
}

/* Parses a text in which %1$s and %2$s are the keys. */
static enum bj_err parse(const char *format, struct ct_logs *out)
{
	char text[4096];
	int len = snprintf(text, sizeof(text), format, key[0], key[1]);

	assert_in_range(len, 0, (int)sizeof(text) - 1);
	return ct_logs_parse(bytes_of(text, (size_t)len), out);
}

static void are_both(struct ct_logs *logs, const char *name)
{
	assert_int_equal(logs->count, 2);
	for (int i = 0; i < 2; i++)
		assert_memory_equal(logs->logs[i].id, id[i], SCT_LOG_ID_LEN);
	assert_string_equal(logs->logs[0].name, name);
	assert_string_equal(logs->logs[1].name, "");
	ct_logs_free(logs);
}

static void each_kind_of_list_yields_its_logs(void **state)
{
	struct ct_logs logs;

	assert_int_equal(parse("-----BEGIN PUBLIC KEY-----\n%1$s\n-----END PUBLIC KEY-----\n"
			       "-----BEGIN PUBLIC KEY-----\n%2$s\n-----END PUBLIC KEY-----\n", &logs), BJ_OK);
	are_both(&logs, "");
	assert_int_equal(parse("{\"operators\": [{\"name\": \"Acme\", \"logs\": [\n{\"description\": \"Acme 'Oak, 2027' log\", \"log_id\": \"AAAA\",\n"
			       "\"key\": \"%1$s\", \"url\": \"https://x/\"}, {\"key\":\"%2$s\"}]}]}", &logs), BJ_OK);
	are_both(&logs, "Acme 'Oak, 2027' log");
	assert_int_equal(parse("enabled_logs = a,b\n[a]\ndescription = Acme Oak\nkey = %1$s\n[b]\nkey=%2$s\n", &logs), BJ_OK);
	are_both(&logs, "Acme Oak");
}

static void what_is_no_list_is_none(void **state)
{
	static const char *const texts[] = { "", "key", "\"key\"", "\"key\":", "\"key\": \"", "key = \n", "\"key\": \"AAAA", "monkey = %1$s", "keys: %1$s",
					     "\"pubkey\": \"%1$s\"" };
	struct ct_logs logs;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_not_equal(parse(texts[i], &logs), BJ_OK);
		ct_logs_free(&logs);
	}
	assert_int_equal(parse("\"key\": \"AAAA\"", &logs), BJ_ERR_CERT_KEY); /* base64, and no key */
	ct_logs_free(&logs);
	assert_int_equal(parse("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", &logs), BJ_ERR_CERT_KEY);
	ct_logs_free(&logs);
	assert_int_equal(parse("-----BEGIN PUBLIC KEY-----\n%1$s\n", &logs), BJ_ERR_PEM);
	ct_logs_free(&logs);
}

static void names_of_strangers_are_safe_for_terminals(void **state)
{
	struct ct_logs logs;

	assert_int_equal(parse("{\"description\": \"a\033[31mb\", \"key\": \"%1$s\"}", &logs), BJ_OK);
	assert_null(strchr(logs.logs[0].name, '\033'));
	ct_logs_free(&logs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_of_list_yields_its_logs),
		cmocka_unit_test(what_is_no_list_is_none),
		cmocka_unit_test(names_of_strangers_are_safe_for_terminals),
	};

	return cmocka_run_group_tests(tests, make_keys, NULL);
}
