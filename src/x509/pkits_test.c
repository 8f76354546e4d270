/* pkits_test.c - NIST's path validation suite: every case with its inputs, revocation required, in the profile of rfc5280.
 *
 * With $BOJAGI_PKITS_TABLE it writes docs/pkits.md to that file.
 */
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
#define FILE_MAX (64 * 1024)

/* Cases that we decide otherwise, on purpose. Every one is a refusal of what the suite would let through. */
static const struct { const char *id, *why; } deviations[] = {
	{ "4.1.4", "DSA is not accepted" },
	{ "4.1.5", "DSA is not accepted" },
};

static const char *deviation_of(const char *id)
{
	for (size_t i = 0; i < ARRAY_COUNT(deviations); i++)
		if (strcmp(deviations[i].id, id) == 0)
			return deviations[i].why;
	return NULL;
}

/* The content octets of an OID in dotted text. */
static size_t oid_of_text(const char *text, uint8_t *out)
{
	size_t len = 0;
	char *at;
	unsigned long first = strtoul(text, &at, 10), second = strtoul(at + 1, &at, 10);

	out[len++] = (uint8_t)(first * 40 + second);
	while (*at == '.') {
		unsigned long arc = strtoul(at + 1, &at, 10);

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
		assert_true(out->initial_count < ARRAY_COUNT(initial->list));
		initial->list[out->initial_count++] =
			bytes_of(octets, oid_of_text(json_get_text(json_get(root, "policy_oids"), json_text(name)), octets));
	}
}

static struct bj_bytes load(const char *name)
{
	char relative[256];
	uint8_t *der = malloc(FILE_MAX);
	size_t len = 0;
	FILE *file;

	snprintf(relative, sizeof(relative), "pkits/%s", name);
	file = fopen(vectors_path(relative), "rb");
	assert_non_null(file);
	assert_non_null(der);
	len = fread(der, 1, FILE_MAX, file);
	fclose(file);
	return bytes_of(der, len);
}

static void unload(struct bj_bytes der)
{
	free((void *)(uintptr_t)der.ptr);
}

/* A list that cannot be read is not there. */
static struct bj_crls *lists_of(const struct json *test)
{
	struct bj_crls *crls = bj_crls_new();

	for json_each(name, json_get(test, "crls")) {
		struct bj_bytes der = load(json_text(name));
		enum bj_err err = bj_crls_add_der(crls, der.ptr, der.len);

		if (err && err != BJ_ERR_CERT_ALGORITHM)
			fprintf(stderr, "%s: %s\n", json_text(name), bj_err_name(err));
		unload(der);
	}
	return crls;
}

static enum bj_err run(const struct json *root, const struct json *test, struct bj_verdict *verdict)
{
	const struct json *names = json_get(test, "certs");
	struct bj_trust *trust = bj_trust_new();
	struct bj_crls *crls = lists_of(test);
	struct bj_bytes ders[CERTS_MAX] = { 0 };
	struct cert certs[CERTS_MAX], leaf;
	struct path_input in = { .leaf = &leaf, .extra = certs, .trust = trust, .purpose = PATH_ANY, .now = NOW, .check_time = true,
				 .profile = PROFILE_RFC5280, .crls = crls, .revocation = BJ_REVOCATION_REQUIRED };
	struct initial initial;
	size_t count = json_count(names), target = 0;
	enum bj_err err;

	policy_inputs(root, test, &initial, &in.policy);
	assert_true(count >= 2 && count <= CERTS_MAX);
	for (size_t i = 0; i < count; i++) {
		ders[i] = load(json_text(json_at(names, i)));
		if (strcmp(json_text(json_at(names, i)), json_get_text(test, "target")) == 0)
			target = i;
	}
	assert_true(target > 0);
	assert_int_equal(bj_trust_add_der(trust, ders[0].ptr, ders[0].len), BJ_OK);
	verdict_fail(verdict, BJ_OK, -1, "");
	for (size_t i = 1; i < count; i++)
		if (i != target && cert_parse(ders[i], &certs[in.extra_count]) == BJ_OK)
			in.extra_count++;
	err = cert_parse(ders[target], &leaf);
	if (!err)
		err = path_verify(&in, verdict);
	else
		verdict->err = err;
	for (size_t i = 0; i < count; i++)
		unload(ders[i]);
	bj_crls_free(crls);
	bj_trust_free(trust);
	return err;
}

static void row_write(FILE *table, const struct json *test, bool want, const struct bj_verdict *verdict, const char *why)
{
	if (!table)
		return;
	fprintf(table, "| %s | %s | %s | %s | %s%s%s%s |\n", json_get_text(test, "id"), json_get_text(test, "name"),
		want ? "valid" : "invalid", verdict->err ? "refused" : "accepted", verdict->err ? bj_err_name(verdict->err) : "",
		verdict->detail[0] ? ": " : "", verdict->detail, why ? " (on purpose)" : "");
}

static FILE *table_open(void)
{
	const char *path = getenv("BOJAGI_PKITS_TABLE");
	FILE *table = path ? fopen(path, "w") : NULL;

	if (table)
		fprintf(table, "# NIST PKITS, case by case\n\nWritten by `src/x509/pkits_test.c`, which fails where a row is not as NIST says "
			"and not a deviation on purpose. Profile `rfc5280`,\nrevocation required, policies with the inputs of the case; "
			"a case that NIST asks with several inputs has a row each.\n\n| case | name | NIST | here | found |\n"
			"| --- | --- | --- | --- | --- |\n");
	return table;
}

static void cases_are_decided_as_nist_says_or_as_the_table_of_deviations_says(void **state)
{
	struct json *root = vectors_present() ? json_load(vectors_path("pkits/cases.json")) : NULL;
	size_t right = 0, refused = 0, wrong = 0;
	FILE *table;

	if (!root)
		skip();
	table = table_open();
	for json_each(test, json_get(root, "cases")) {
		const char *id = json_get_text(test, "id"), *why = deviation_of(id);
		bool want = json_bool(json_get(test, "should_validate")), have;
		struct bj_verdict verdict;

		have = run(root, test, &verdict) == BJ_OK;
		row_write(table, test, want, &verdict, why);
		if (have == want && !why) {
			right++;
		} else if (want && !have && why) {
			refused++;
		} else {
			wrong++;
			fprintf(stderr, "%s (%s): %s %d %s, %s\n", id, json_get_text(test, "name"), bj_err_name(verdict.err), verdict.index,
				verdict.rule, verdict.detail);
		}
	}
	if (table) {
		fprintf(table, "\n%zu decided as NIST says, %zu refused on purpose: DSA is not accepted.\n", right, refused);
		fclose(table);
	}
	json_free(root);
	printf("pkits: %zu right, %zu refused on purpose\n", right, refused);
	assert_int_equal(wrong, 0);
	assert_int_equal(refused, ARRAY_COUNT(deviations));
	assert_int_equal(right + refused, 249);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cases_are_decided_as_nist_says_or_as_the_table_of_deviations_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
