/* pkits_test.c - NIST's path validation suite, as far as it needs neither revocation lists nor policies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support/json.h"
#include "support/vectors.h"
#include "x509/path.h"

#define NOW 1302825600 /* the suite's time, 2011-04-15 */
#define CERTS_MAX 16

/* Cases that we decide otherwise, on purpose. Every one is a refusal of what the suite would let through. */
static const struct { const char *id, *why; } deviations[] = {
	{ "4.1.4", "DSA is not accepted" },
	{ "4.1.5", "DSA is not accepted" },
};

static bool is_one_of(const char *section, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(list[i], section) == 0)
			return true;
	return false;
}

/* Sections 4.8 to 4.12 are about policies; of 4.7 the invalid cases 4.7.4 and 4.7.5 are about who signs revocation lists. Where
 * revocation lists say what is invalid, the valid cases must still pass. */
/* The content octets of an OID in dotted text. */
static size_t oid_of_text(const char *text, uint8_t *out)
{
	size_t len = 0;
	unsigned long first = strtoul(text, (char **)(uintptr_t)&text, 10), second = strtoul(text + 1, (char **)(uintptr_t)&text, 10);

	out[len++] = (uint8_t)(first * 40 + second);
	while (*text == '.') {
		unsigned long arc = strtoul(text + 1, (char **)(uintptr_t)&text, 10);

		if (arc >= 128)
			out[len++] = (uint8_t)(0x80 | arc >> 7);
		out[len++] = arc & 0x7f;
	}
	return len;
}

struct initial {
	uint8_t octets[4][16];
	struct bj_bytes list[4];
};

static void policy_inputs(const struct json *root, const struct json *test, struct initial *initial, struct policy_input *out)
{
	*out = (struct policy_input){
		.initial = initial->list,
		.is_explicit = json_bool(json_get(test, "initial_explicit_policy")),
		.inhibit_mapping = json_bool(json_get(test, "initial_policy_mapping_inhibit")),
		.inhibit_any = json_bool(json_get(test, "initial_inhibit_any_policy")),
	};
	for json_each(name, json_get(test, "initial_policy_set")) {
		uint8_t *octets = initial->octets[out->initial_count];

		if (strcmp(json_text(name), "anyPolicy") == 0)
			continue;
		initial->list[out->initial_count++] =
			bytes_of(octets, oid_of_text(json_get_text(json_get(root, "policy_oids"), json_text(name)), octets));
	}
}

static bool is_carried(const char *section, bool valid)
{
	static const char *const whole[] = { "4.1", "4.2", "4.3", "4.6", "4.8", "4.9", "4.10", "4.11", "4.12", "4.13", "4.16" };
	static const char *const if_valid[] = { "4.4", "4.5", "4.7", "4.14", "4.15" };

	return is_one_of(section, whole, ARRAY_COUNT(whole)) || (valid && is_one_of(section, if_valid, ARRAY_COUNT(if_valid)));
}

static const char *deviation_of(const char *id)
{
	for (size_t i = 0; i < ARRAY_COUNT(deviations); i++)
		if (strcmp(deviations[i].id, id) == 0)
			return deviations[i].why;
	return NULL;
}

static struct bj_bytes load(const char *name)
{
	char relative[256];
	uint8_t *der = malloc(CERT_DER_MAX);
	size_t len = 0;
	FILE *file;

	snprintf(relative, sizeof(relative), "pkits/%s", name);
	file = fopen(vectors_path(relative), "rb");
	assert_non_null(file);
	assert_non_null(der);
	len = fread(der, 1, CERT_DER_MAX, file);
	fclose(file);
	return bytes_of(der, len);
}

static enum bj_err run(const struct json *root, const struct json *test, struct bj_verdict *verdict)
{
	const struct json *names = json_get(test, "certs");
	struct bj_trust *trust = bj_trust_new();
	struct bj_bytes ders[CERTS_MAX] = { 0 };
	struct cert certs[CERTS_MAX], leaf;
	struct path_input in = { .leaf = &leaf, .extra = certs, .trust = trust, .purpose = PATH_ANY, .now = NOW, .check_time = true,
				 .profile = PROFILE_RFC5280 };
	struct initial initial;
	size_t count = json_count(names);
	enum bj_err err;

	policy_inputs(root, test, &initial, &in.policy);
	assert_true(count >= 2 && count <= CERTS_MAX);
	for (size_t i = 0; i < count; i++)
		ders[i] = load(json_text(json_at(names, i)));
	assert_int_equal(bj_trust_add_der(trust, ders[0].ptr, ders[0].len), BJ_OK);
	verdict_fail(verdict, BJ_OK, -1, "");
	for (size_t i = 1; i + 1 < count; i++)
		if (cert_parse(ders[i], &certs[in.extra_count]) == BJ_OK)
			in.extra_count++;
	err = cert_parse(ders[count - 1], &leaf);
	if (!err)
		err = path_verify(&in, verdict);
	else
		verdict->err = err;
	for (size_t i = 0; i < count; i++)
		free((void *)(uintptr_t)ders[i].ptr);
	bj_trust_free(trust);
	return err;
}

static void cases_are_decided_as_nist_says_or_as_the_table_of_deviations_says(void **state)
{
	struct json *root = vectors_present() ? json_load(vectors_path("pkits/cases.json")) : NULL;
	size_t right = 0, refused = 0, wrong = 0;

	if (!root)
		skip();
	for json_each(test, json_get(root, "cases")) {
		const char *id = json_get_text(test, "id"), *why = deviation_of(id);
		bool want = json_bool(json_get(test, "should_validate")), have;
		struct bj_verdict verdict;

		if (!is_carried(json_get_text(test, "section"), want) && strcmp(id, "4.7.1") != 0 && strcmp(id, "4.7.2") != 0)
			continue;
		have = run(root, test, &verdict) == BJ_OK;
		if (have == want && !why) {
			right++;
		} else if (want && !have && why) {
			refused++;
		} else {
			wrong++;
			fprintf(stderr, "%s (%s): %s %s, %s\n", id, json_get_text(test, "name"), bj_err_name(verdict.err), verdict.rule,
				verdict.detail);
		}
	}
	json_free(root);
	printf("pkits: %zu right, %zu refused on purpose\n", right, refused);
	assert_int_equal(wrong, 0);
	assert_int_equal(refused, ARRAY_COUNT(deviations));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cases_are_decided_as_nist_says_or_as_the_table_of_deviations_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
