/* policy_test.c - policies down a path, one row of letters each, and that no shape of path costs more than it should. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/writer.h"
#include "x509/der.h"
#include "x509/der_write.h"
#include "x509/oid.h"
#include "x509/policy.h"

#define STEPS 250000
#define PATH_MAX_LEN 12

/* A certificate in letters: "a".."z" are policies, "*" is any; "a>b" a mapping; "e0" etc. are constraints: e explicit, m mapping,
 * n any; "=" marks a self-issued one. Words are divided by spaces. */
struct made {
	struct cert cert;
	uint8_t policies[512], mappings[1024];
};

static void put_oid(struct writer *w, char letter)
{
	const uint8_t octets[] = { 0x2a, (uint8_t)letter };

	dw_item(w, DER_OID, letter == '*' ? oid_bytes(OID_ANY_POLICY) : bytes_of(octets, 2));
}

static void make(const char *words, struct made *out)
{
	static const uint8_t names[2][2] = { { 0x30, 0 }, { 0x31, 0 } };
	struct writer policies = wr_make(out->policies, sizeof(out->policies)), mappings = wr_make(out->mappings, sizeof(out->mappings));
	struct cert *c = &out->cert;

	*c = (struct cert){ .subject = bytes_of(names[0], 2), .issuer = bytes_of(names[0], 2), .subject_hash = 1, .issuer_hash = 2 };
	for (const char *p = words; *p; p += strcspn(p, " "), p += *p == ' ') {
		bool pair = p[1] == '>', number = p[1] >= '0' && p[1] <= '9';
		struct writer *w = pair ? &mappings : &policies;
		uint32_t value = (uint32_t)(p[1] - '0');
		size_t mark;

		if (*p == '=') {
			c->is_self_issued = true;
		} else if (number) {
			c->has_require_explicit |= *p == 'e';
			c->has_inhibit_mapping |= *p == 'm';
			c->has_inhibit_any |= *p == 'n';
			*(*p == 'e' ? &c->require_explicit : *p == 'm' ? &c->inhibit_mapping : &c->inhibit_any) = value;
		} else {
			mark = dw_open(w, DER_SEQUENCE);
			put_oid(w, p[0]);
			if (pair)
				put_oid(w, p[2]);
			dw_close(w, mark);
		}
	}
	assert_true(wr_ok(&policies) && wr_ok(&mappings));
	c->policies = bytes_of(out->policies, policies.len);
	c->policy_mappings = bytes_of(out->mappings, mappings.len);
}

/* The anchor first, as people think; `wanted` names initial policies, E, M and N the initial inputs. */
static enum bj_err judge(const char *const *path, const char *wanted, uint32_t *steps)
{
	static struct made made[PATH_MAX_LEN];
	const struct cert *certs[PATH_MAX_LEN];
	uint8_t octets[PATH_MAX_LEN][2];
	struct bj_bytes initial[PATH_MAX_LEN];
	struct policy_input in = { .initial = initial };
	size_t len = 0, index;

	while (path[len])
		len++;
	for (size_t i = 0; i < len; i++) {
		make(path[len - 1 - i], &made[i]);
		certs[i] = &made[i].cert;
	}
	for (; *wanted; wanted++) {
		in.is_explicit |= *wanted == 'E';
		in.inhibit_mapping |= *wanted == 'M';
		in.inhibit_any |= *wanted == 'N';
		if (*wanted >= 'a') {
			octets[in.initial_count][0] = 0x2a;
			octets[in.initial_count][1] = (uint8_t)*wanted;
			initial[in.initial_count] = bytes_of(octets[in.initial_count], 2);
			in.initial_count++;
		}
	}
	return policy_judge(certs, len, &in, steps, &index);
}

static const struct {
	const char *path[6];
	const char *wanted;
	bool good;
} rows[] = {
	{ { "", "", "" }, "", true },
	{ { "", "", "" }, "E", false },
	{ { "", "a", "a" }, "E", true },
	{ { "", "a", "b" }, "E", false },
	{ { "", "a", "b" }, "", true },
	{ { "", "a", "a" }, "Ea", true },
	{ { "", "a", "a" }, "Eb", false },
	{ { "", "a b", "a" }, "Eb", false },
	{ { "", "a b", "a b" }, "Eb", true },
	{ { "", "a", "" }, "E", false },
	/* any */
	{ { "", "*", "a" }, "Ea", true },
	{ { "", "*", "a" }, "Eb", false },
	{ { "", "*", "*" }, "Eb", true },
	{ { "", "a", "*" }, "Ea", true },
	{ { "", "a", "*" }, "Eb", false },
	{ { "", "*", "a" }, "EN", false },
	{ { "", "a", "*" }, "EN", false },
	{ { "", "a", "a" }, "EN", true },
	{ { "", "* n0", "*" }, "E", false },
	{ { "", "* n1", "*", "*" }, "E", false },
	{ { "", "* n1", "*", "a" }, "E", true },
	{ { "", "a n0", "* =", "a" }, "E", true },
	{ { "", "a n0", "a", "* =" }, "E", false }, /* a self-issued end entity is not spared */
	{ { "n0", "*", "a" }, "E", false },         /* an anchor's constraint counts */
	{ { "", "* n3", "* n0", "*" }, "E", false },
	{ { "", "* n0", "* n3", "a" }, "E", false },
	{ { "", "a n0", "a n3", "*" }, "E", false }, /* a counter never goes up */
	/* constraints */
	{ { "", "a e0", "b" }, "", false },
	{ { "", "a e1", "b" }, "", false }, /* the end entity still counts down to zero */
	{ { "", "a e2", "b" }, "", true },
	{ { "", "a e1", "b", "b" }, "", false },
	{ { "", "a e2", "a", "b =", "b" }, "", false },
	{ { "", "a e3", "a", "b", "b" }, "", false },
	{ { "", "a e4", "a", "b", "b" }, "", true },
	{ { "", "a e3", "a =", "b", "b" }, "", true },
	{ { "", "a", "b e0" }, "", false },
	{ { "", "a", "b e1" }, "", true },
	{ { "e0", "a", "b" }, "", false },
	/* mappings */
	{ { "", "a a>b", "b" }, "Ea", true },
	{ { "", "a a>b", "b" }, "Eb", false },
	{ { "", "a a>b", "a" }, "E", false },
	{ { "", "a a>b", "b" }, "EM", false },
	{ { "", "a m0", "a a>b", "b" }, "E", false },
	{ { "", "a m0", "a a>b", "a" }, "E", false },
	{ { "", "a m1", "a a>b", "b b>c", "c" }, "E", false },
	{ { "", "a m2", "a a>b", "b b>c", "c" }, "E", true },
	{ { "", "a a>b", "b b>c", "c" }, "Ea", true },
	{ { "", "a a>b a>c", "c" }, "Ea", true },
	{ { "", "a c a>b c>b", "b" }, "Ec", true },
	{ { "", "a a>b", "*" }, "Ea", true },
	{ { "", "* a>b", "b" }, "Ea", true },
	{ { "", "* a>b", "b" }, "Eb", false }, /* b is what became of a, and not the b of the anchor */
	{ { "", "* a>b", "a" }, "Ec", false },
	{ { "", "a b a>b b>a", "a" }, "Eb", true },
	{ { "", "a b a>b b>a", "a" }, "Ea", false },
};

static void policies_hold_from_the_anchor_down_or_the_path_is_refused(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		uint32_t steps = STEPS;
		enum bj_err err = judge(rows[i].path, rows[i].wanted, &steps);

		if (err != (rows[i].good ? BJ_OK : BJ_ERR_CERT_POLICY))
			fail_msg("row %zu: %s / %s / %s: %s", i, rows[i].path[1], rows[i].path[2], rows[i].wanted, bj_err_name(err));
	}
}

/* Every policy maps to every one, level after level: the tree of rfc5280 would have 8 to the power of the depth leaves. */
static void mappings_of_all_to_all_cost_no_more_than_their_number(void **state)
{
	static char words[8 * 8 * 4 + 8 * 2 + 8];
	const char *path[PATH_MAX_LEN] = { "" };
	uint32_t steps = STEPS, few = 100;
	char *at = words;

	for (char a = 'a'; a < 'i'; a++) {
		at += sprintf(at, "%c ", a);
		for (char b = 'a'; b < 'i'; b++)
			at += sprintf(at, "%c>%c ", a, b);
	}
	for (size_t i = 1; i < PATH_MAX_LEN - 1; i++)
		path[i] = words;
	assert_int_equal(judge(path, "Ea", &steps), BJ_OK);
	assert_true(STEPS - steps < 10000);
	assert_int_equal(judge(path, "Ea", &few), BJ_ERR_CERT_BUDGET);
}

static void more_policies_than_a_row_holds_end_the_walk(void **state)
{
	static uint8_t content[PATH_MAX_LEN][64 * 6];
	static struct cert certs[PATH_MAX_LEN];
	static const uint8_t name[2] = { 0x30, 0 };
	const struct cert *path[PATH_MAX_LEN];
	struct policy_input in = { .is_explicit = true };
	uint32_t steps = STEPS;
	size_t index;

	for (size_t i = 0; i < PATH_MAX_LEN; i++) { /* each one adds 50 policies of its own and any */
		struct writer w = wr_make(content[i], sizeof(content[i]));

		for (unsigned p = 0; p < 51; p++) {
			const uint8_t octets[] = { 0x2a, (uint8_t)(i + 1), (uint8_t)p };
			size_t mark = dw_open(&w, DER_SEQUENCE);

			dw_item(&w, DER_OID, p == 50 ? oid_bytes(OID_ANY_POLICY) : bytes_of(octets, 3));
			dw_close(&w, mark);
		}
		assert_true(wr_ok(&w));
		certs[i] = (struct cert){ .policies = bytes_of(content[i], w.len), .subject = bytes_of(name, 2), .issuer = bytes_of(name, 2),
					  .subject_hash = 1, .issuer_hash = 2 };
		path[i] = &certs[i];
	}
	assert_int_equal(policy_judge(path, 6, &in, &steps, &index), BJ_OK);
	assert_int_equal(policy_judge(path, 8, &in, &steps, &index), BJ_ERR_CERT_BUDGET);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(policies_hold_from_the_anchor_down_or_the_path_is_refused),
		cmocka_unit_test(mappings_of_all_to_all_cost_no_more_than_their_number),
		cmocka_unit_test(more_policies_than_a_row_holds_end_the_walk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
