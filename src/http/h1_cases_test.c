/* h1_cases_test.c - the 60 requests of h1_cases.def, whole and cut at every byte. */
#include "http/h1_test.h"

#define LIT(text) { (const uint8_t *)(text), sizeof(text) - 1 }

static const struct {
	const char *name;
	unsigned status; /* 0: forwarded */
	struct bj_bytes request;
	struct bj_bytes forwarded;
} cases[] = {
#define REFUSED(name, status, request) { name, status, LIT(request), { NULL, 0 } },
#define CLEAN(name, request, forwarded) { name, 0, LIT(request), LIT(forwarded) },
#include "http/h1_cases.def"
#undef REFUSED
#undef CLEAN
};

static struct passed passed;

static void case_holds(size_t i, size_t step)
{
	pass_request(cases[i].request.ptr, cases[i].request.len, step, &passed);
	if (cases[i].status) {
		if (!passed.err || http_status_of(passed.err) != cases[i].status)
			fail_msg("%s (step %zu): error %d (%s), wanted status %u", cases[i].name, step, (int)passed.err, passed.why,
				 cases[i].status);
		return;
	}
	if (passed.err || !passed.head_done || !passed.body_done)
		fail_msg("%s (step %zu): error %d (%s)", cases[i].name, step, (int)passed.err, passed.why);
	if (!bytes_equal(bytes_of(passed.out, passed.out_len), cases[i].forwarded))
		fail_msg("%s (step %zu): forwarded\n%.*s", cases[i].name, step, (int)passed.out_len, (const char *)passed.out);
}

static void there_are_60_cases_50_refused(void **state)
{
	size_t refused = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
		refused += cases[i].status != 0;
	assert_int_equal(ARRAY_COUNT(cases), 60);
	assert_int_equal(refused, 50);
}

static void every_case_has_its_answer(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
		case_holds(i, SIZE_MAX / 2);
}

static void cutting_the_bytes_anywhere_changes_no_answer(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
		for (size_t step = 1; step < cases[i].request.len; step++)
			case_holds(i, step);
}

/* What was made clean is clean: passing it again changes nothing. */
static void a_clean_form_passes_unchanged(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		if (cases[i].status)
			continue;
		pass_request(cases[i].forwarded.ptr, cases[i].forwarded.len, SIZE_MAX / 2, &passed);
		assert_int_equal(passed.err, BJ_OK);
		assert_true(bytes_equal(bytes_of(passed.out, passed.out_len), cases[i].forwarded));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_are_60_cases_50_refused),
		cmocka_unit_test(every_case_has_its_answer),
		cmocka_unit_test(cutting_the_bytes_anywhere_changes_no_answer),
		cmocka_unit_test(a_clean_form_passes_unchanged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
