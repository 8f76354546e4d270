/* crl_test.c - the form of revocation lists, their index, and what they say of a path. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "x509/crls.h"
#include "x509/made_crl.h"
#include "x509/name.h"
#include "x509/path.h"

static const char *const leaf_names[] = { "www.example.com" };
static struct made_cert root, middle, leaf, signer, stranger, other_root, other_signer;

static int make_all(void **state)
{
	made_cert_issue(&root, (struct issue){ .kind = ISSUE_CA, .common_name = "Root" }, NULL);
	made_cert_issue(&middle, (struct issue){ .kind = ISSUE_CA, .common_name = "Middle" }, &root);
	made_cert_issue(&signer, (struct issue){ .kind = ISSUE_CA, .common_name = "Lists" }, &root);
	made_cert_issue(&other_root, (struct issue){ .kind = ISSUE_CA, .common_name = "Other Root" }, NULL);
	made_cert_issue(&other_signer, (struct issue){ .kind = ISSUE_CA, .common_name = "Lists" }, &other_root);
	made_cert_issue(&stranger, (struct issue){ .kind = ISSUE_CA, .common_name = "Middle" }, NULL);
	made_cert_issue(&leaf, (struct issue){ .kind = ISSUE_SERVER, .common_name = "leaf", .names = leaf_names, .name_count = 1 }, &middle);
	return 0;
}

static int free_all(void **state)
{
	made_cert_free(&root);
	made_cert_free(&middle);
	made_cert_free(&signer);
	made_cert_free(&stranger);
	made_cert_free(&other_root);
	made_cert_free(&other_signer);
	made_cert_free(&leaf);
	return 0;
}

/* ---- form */

#define ENTRY { .serial = leaf.cert.serial }
#define NUMBER(n) MADE_X(OID_EXT_CRL_NUMBER, false, "\x02\x01" n)
#define BASE(n) MADE_X(OID_EXT_DELTA_CRL, true, "\x02\x01" n)
#define IDP(text) MADE_X(OID_EXT_IDP, true, text)

static enum bj_err parse(struct made_list in, struct crl *out)
{
	in.issuer = &middle;
	return crl_parse(made_list_write(&in), out);
}

static void lists_out_of_form_are_refused(void **state)
{
	struct bj_bytes one = BYTES_LIT("\x01");
	uint8_t long_serial[CRL_SERIAL_MAX + 1] = { 1 };
	struct bj_bytes der;
	struct crl crl;
#define BAD_LIST(...) assert_int_equal(parse((struct made_list){ __VA_ARGS__ }, &crl), BJ_ERR_CRL)
#define BAD_EXTENSION(...) BAD_LIST(.extensions = { __VA_ARGS__ })
#define BAD_ENTRY(...) BAD_LIST(.entry_count = 1, .entries = { { one, { __VA_ARGS__ } } })

	assert_int_equal(parse((struct made_list){ 0 }, &crl), BJ_OK);
	assert_int_equal(parse((struct made_list){ .is_v1 = true }, &crl), BJ_OK);
	assert_int_equal(parse((struct made_list){ .next_update = -1 }, &crl), BJ_OK);
	assert_int_equal(parse((struct made_list){ .other_algorithm = true }, &crl), BJ_ERR_CERT_ALGORITHM_MISMATCH);
	BAD_LIST(.empty_entries = true);
	BAD_LIST(.is_v1 = true, .extensions = { NUMBER("\x01") });
	BAD_LIST(.entry_count = 1, .entries = { { bytes_of(long_serial, sizeof(long_serial)), { { 0 } } } });
	BAD_LIST(.entry_count = 1, .entries = { { { 0 }, { { 0 } } } });
	BAD_EXTENSION(NUMBER("\x01"), NUMBER("\x01"));
	BAD_EXTENSION(NUMBER("\xff"));
	BAD_EXTENSION(MADE_X(OID_EXT_CRL_NUMBER, false, "\x02\x01\x01\x00"));
	BAD_LIST(.unnumbered = true, .extensions = { BASE("\x01") });     /* a delta without a number of its own */
	BAD_EXTENSION(IDP("\x30\x00"));                                  /* it says nothing */
	BAD_EXTENSION(IDP("\x30\x03\x81\x01\x00"));                      /* FALSE is not written */
	BAD_EXTENSION(IDP("\x30\x03\x81\x01\x01"));
	BAD_EXTENSION(IDP("\x30\x06\x81\x01\xff\x82\x01\xff"));          /* only users and only CAs */
	BAD_EXTENSION(IDP("\x30\x04\xa0\x02\xa0\x00"));                  /* no name */
	BAD_EXTENSION(IDP("\x30\x03\x83\x01\x00"));                      /* no reasons */
	BAD_EXTENSION(MADE_X(OID_EXT_AKI, false, "x"));
	BAD_ENTRY(MADE_X(OID_EXT_REASON, false, "\x0a\x01\x07"));        /* there is no reason 7 */
	BAD_ENTRY(MADE_X(OID_EXT_REASON, false, "\x0a\x01\x0b"));
	BAD_ENTRY(MADE_X(OID_EXT_REASON, false, "\x02\x01\x01"));
	BAD_ENTRY(MADE_X(OID_EXT_REASON, false, "\x0a\x01\x01"), MADE_X(OID_EXT_REASON, false, "\x0a\x01\x01"));
	BAD_ENTRY(MADE_X(OID_EXT_CERTIFICATE_ISSUER, true, "\x30\x00"));
	assert_int_equal(crl_parse((struct bj_bytes){ 0 }, &crl), BJ_ERR_CRL);
	der = made_list_write(&(struct made_list){ .issuer = &middle, .entry_count = 1, .entries = { ENTRY } });
	for (size_t len = 0; len < der.len; len++)
		assert_int_equal(crl_parse(bytes_of(der.ptr, len), &crl), BJ_ERR_CRL);
	assert_int_equal(crl_parse(bytes_of(der.ptr, der.len + 1), &crl), BJ_ERR_CRL);
}

static void what_is_not_understood_is_noted(void **state)
{
	struct bj_bytes one = BYTES_LIT("\x01");
	struct crl crl;

	assert_int_equal(parse((struct made_list){ .extensions = { MADE_X(OID_UNKNOWN, false, "x") } }, &crl), BJ_OK);
	assert_false(crl.has_unknown_critical);
	assert_int_equal(parse((struct made_list){ .extensions = { MADE_X(OID_UNKNOWN, true, "x") } }, &crl), BJ_OK);
	assert_true(crl.has_unknown_critical);
	assert_int_equal(parse((struct made_list){ .entry_count = 1, .entries = { { one, { MADE_X(OID_UNKNOWN, true, "x") } } } }, &crl), BJ_OK);
	assert_true(crl.has_unknown_critical);
	/* another issuer's certificate in a list that does not say that it has them */
	assert_int_equal(parse((struct made_list){ .entry_count = 1, .entries = { { one, {
		MADE_X(OID_EXT_CERTIFICATE_ISSUER, true, "\x30\x03\x82\x01" "a") } } } }, &crl), BJ_OK);
	assert_true(crl.has_unknown_critical);
}

/* ---- the index */

static void a_large_list_is_found_in_whole_and_costs_little(void **state)
{
	const uint32_t count = 175000;
	const size_t cap = 5u << 20;
	uint8_t *buf = malloc(cap), serial[5] = { 1 };
	struct bj_bytes der = made_big_list(middle.cert.subject, count, buf, cap);
	struct crl_index index;
	struct crl_entry entry;
	struct crl crl;

	assert_true(der.len > 4u << 20);
	assert_int_equal(crl_parse(der, &crl), BJ_OK);
	assert_int_equal(crl.entry_count, count);
	assert_int_equal(crl_index_make(&crl, &index), BJ_OK);
	assert_true(der.len + ((size_t)index.mask + 1) * sizeof(uint32_t) < 6000000);
	for (uint32_t i = 0; i < count + 1000; i++) {
		struct writer w = wr_make(serial + 1, 4);

		wr_u32(&w, i);
		assert_int_equal(crl_find(&crl, &index, bytes_of(serial, 5), middle.cert.subject, &entry), i < count);
	}
	assert_false(crl_find(&crl, &index, bytes_of(serial, 4), middle.cert.subject, &entry));
	assert_false(crl_find(&crl, &index, bytes_of("\x01\0\0\0\0", 5), root.cert.subject, &entry));
	crl_index_free(&index);
	free(buf);
}

static void a_serial_number_repeated_without_end_is_a_limit(void **state)
{
	struct bj_bytes der;
	struct crl_index index;
	struct crl crl;
	uint8_t *buf = malloc(1u << 20);
	struct writer w = wr_make(buf, 1u << 20);

	for (size_t i = 0; i <= CRL_PROBES_MAX; i++)
		wr_raw(&w, "\x30\x12\x02\x01\x01\x17\x0d" "270115080000Z", 20);
	der = made_list_write(&(struct made_list){ .issuer = &middle, .entry_count = 1, .entries = { ENTRY } });
	assert_int_equal(crl_parse(der, &crl), BJ_OK);
	crl.entries = wr_view(&w);
	crl.entry_count = CRL_PROBES_MAX + 1;
	assert_int_equal(crl_index_make(&crl, &index), BJ_ERR_LIMIT);
	crl.entries.len -= 20;
	crl.entry_count--;
	assert_int_equal(crl_index_make(&crl, &index), BJ_OK);
	crl_index_free(&index);
	free(buf);
}

static void a_set_holds_each_list_once_and_says_what_it_refuses(void **state)
{
	struct bj_crls *crls = bj_crls_new(), *same = bj_crls_ref(crls);
	struct bj_bytes der = made_list_write(&(struct made_list){ .issuer = &middle });
	static const char pem[] = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
	size_t count = 9;

	assert_int_equal(bj_crls_add_der(crls, der.ptr, der.len), BJ_OK);
	assert_int_equal(bj_crls_add_der(crls, der.ptr, der.len), BJ_OK);
	assert_int_equal(bj_crls_count(crls), 1);
	assert_int_equal(bj_crls_add_der(crls, der.ptr, der.len - 1), BJ_ERR_CRL);
	assert_int_equal(bj_crls_add_pem(crls, pem, sizeof(pem) - 1, &count), BJ_ERR_PEM_NONE);
	assert_int_equal(count, 0);
	bj_crls_free(same);
	assert_int_equal(bj_crls_count(crls), 1);
	assert_int_equal(bj_crls_count(NULL), 0);
	bj_crls_free(crls);
	bj_crls_free(NULL);
}

/* ---- what lists say of a path */

struct asked {
	struct made_list lists[3]; /* those with an issuer */
	struct cert leaf, extra[2];
	enum bj_revocation policy;
	enum path_profile profile;
	bool no_crls, no_time, with_other_root;
};

static enum bj_err judge(struct asked *a, struct bj_verdict *verdict)
{
	struct bj_trust *trust = bj_trust_new();
	struct bj_crls *crls = bj_crls_new();
	struct path_input in = { .leaf = &a->leaf, .extra = a->extra, .extra_count = 2, .trust = trust, .purpose = PATH_SERVER,
				 .now = MADE_NOW, .check_time = !a->no_time, .profile = a->profile, .revocation = a->policy, .crls = a->no_crls ? NULL : crls };
	enum bj_err err;

	assert_int_equal(bj_trust_add_der(trust, root.der, root.cert.der.len), BJ_OK);
	if (a->with_other_root)
		assert_int_equal(bj_trust_add_der(trust, other_root.der, other_root.cert.der.len), BJ_OK);
	for (size_t i = 0; i < 3 && a->lists[i].issuer; i++) {
		struct bj_bytes der = made_list_write(&a->lists[i]);

		assert_int_equal(bj_crls_add_der(crls, der.ptr, der.len), BJ_OK);
	}
	err = path_verify(&in, verdict);
	assert_int_equal(err, verdict->err);
	bj_crls_free(crls);
	bj_trust_free(trust);
	return err;
}

static struct asked asks(struct made_list of_middle, struct made_list other)
{
	struct asked a = { .policy = BJ_REVOCATION_REQUIRED, .leaf = leaf.cert, .extra = { middle.cert, signer.cert } };

	if (!of_middle.issuer)
		of_middle.issuer = &middle;
	a.lists[0] = (struct made_list){ .issuer = &root };
	a.lists[1] = of_middle;
	a.lists[2] = other;
	return a;
}

#define LIST(...) ((struct made_list){ __VA_ARGS__ })
#define NONE LIST(.issuer = NULL)
#define JUDGE(a, list, other, want)                                                                                      \
	do {                                                                                                             \
		a = asks(list, other);                                                                                   \
		if (judge(&a, &verdict) != (want))                                                                       \
			fail_msg("line %d: %s, %s", __LINE__, bj_err_name(verdict.err), verdict.detail);                 \
	} while (0)
#define REVOKED BJ_ERR_CERT_REVOKED
#define UNKNOWN BJ_ERR_CERT_REVOCATION_UNKNOWN
#define LISTED .entry_count = 1, .entries = { ENTRY }

static void a_certificate_on_a_list_is_revoked_and_the_verdict_says_why(void **state)
{
	struct bj_verdict verdict;
	struct asked a;

	JUDGE(a, LIST(0), NONE, BJ_OK);
	assert_string_equal(verdict.note, "");
	JUDGE(a, LIST(LISTED), NONE, REVOKED);
	assert_int_equal(verdict.index, 0);
	assert_string_equal(verdict.rule, "rfc5280:6.3.3");
	assert_non_null(strstr(verdict.detail, "revoked 2027-01-14 08:00:00 UTC (no reason given), says the list of CN=Middle"));
	JUDGE(a, LIST(.entry_count = 1, .entries = { { leaf.cert.serial, { MADE_X(OID_EXT_REASON, false, "\x0a\x01\x01") } } }), NONE, REVOKED);
	assert_non_null(strstr(verdict.detail, "key compromise"));
	JUDGE(a, LIST(.entry_count = 1, .entries = { { .serial = middle.cert.serial } }), NONE, BJ_OK); /* of another issuer */
	a = asks(LIST(0), NONE);
	a.lists[0].entry_count = 1;
	a.lists[0].entries[0].serial = middle.cert.serial;
	assert_int_equal(judge(&a, &verdict), REVOKED);
	assert_int_equal(verdict.index, 1);
}

static void a_list_that_cannot_be_used_says_nothing(void **state)
{
	struct bj_verdict verdict;
	struct asked a;

	JUDGE(a, LIST(.next_update = MADE_NOW - 1, LISTED), NONE, UNKNOWN);
	assert_non_null(strstr(verdict.detail, "out of date"));
	JUDGE(a, LIST(.next_update = MADE_NOW), NONE, BJ_OK);
	JUDGE(a, LIST(.this_update = MADE_NOW + 1), NONE, UNKNOWN);
	JUDGE(a, LIST(.this_update = MADE_NOW), NONE, BJ_OK);
	JUDGE(a, LIST(.next_update = -1), NONE, UNKNOWN);
	JUDGE(a, LIST(.key = signer.key), NONE, UNKNOWN);
	assert_non_null(strstr(verdict.detail, "not signed"));
	JUDGE(a, LIST(.issuer = &stranger), NONE, UNKNOWN);
	JUDGE(a, LIST(.issuer = &signer), NONE, UNKNOWN);
	JUDGE(a, LIST(.extensions = { MADE_X(OID_UNKNOWN, true, "x") }), NONE, UNKNOWN);
	JUDGE(a, LIST(.extensions = { NUMBER("\x02"), BASE("\x01") }), NONE, UNKNOWN); /* a delta alone */
	a = asks(LIST(0), NONE);
	a.extra[0].key_usage = KU_KEY_CERT_SIGN;
	assert_int_equal(judge(&a, &verdict), UNKNOWN);
	a = asks(LIST(.next_update = MADE_NOW - 1, LISTED), NONE);
	a.no_time = true;
	assert_int_equal(judge(&a, &verdict), REVOKED);
}

/* Of a list without a number, or with a critical one, only the bad news is taken (rfc5280:5.2.3). */
static void a_list_without_a_proper_number_clears_nobody(void **state)
{
	struct bj_verdict verdict;
	struct asked a;

	JUDGE(a, LIST(.unnumbered = true), NONE, UNKNOWN);
	assert_non_null(strstr(verdict.detail, "no number"));
	JUDGE(a, LIST(.is_v1 = true), NONE, UNKNOWN);
	JUDGE(a, LIST(.extensions = { MADE_X(OID_EXT_CRL_NUMBER, true, "\x02\x01\x01") }), NONE, UNKNOWN);
	assert_non_null(strstr(verdict.detail, "critical"));
	JUDGE(a, LIST(.unnumbered = true, LISTED), NONE, REVOKED);
	JUDGE(a, LIST(.extensions = { MADE_X(OID_EXT_CRL_NUMBER, true, "\x02\x01\x01") }, LISTED), NONE, REVOKED);
	JUDGE(a, LIST(.unnumbered = true), LIST(.issuer = &middle), BJ_OK); /* another one does */
	a = asks(LIST(.unnumbered = true), NONE);
	a.profile = PROFILE_RFC5280;
	assert_int_equal(judge(&a, &verdict), BJ_OK);
	a.profile = PROFILE_WEBPKI;
	a.policy = BJ_REVOCATION_IF_PRESENT;
	assert_int_equal(judge(&a, &verdict), BJ_OK);
	assert_non_null(strstr(verdict.note, "no number"));
}

static void what_is_not_known_depends_on_the_policy(void **state)
{
	struct bj_verdict verdict;
	struct asked a = asks(LIST(.next_update = MADE_NOW - 1), NONE);

	a.policy = BJ_REVOCATION_IF_PRESENT;
	assert_int_equal(judge(&a, &verdict), BJ_OK);
	assert_non_null(strstr(verdict.note, "revocation is not known of CN=leaf: its list is out of date"));
	a.no_crls = true;
	assert_int_equal(judge(&a, &verdict), BJ_OK);
	assert_non_null(strstr(verdict.note, "there is no list"));
	a.policy = BJ_REVOCATION_REQUIRED;
	assert_int_equal(judge(&a, &verdict), UNKNOWN);
	a = asks(LIST(LISTED), NONE);
	a.policy = BJ_REVOCATION_IF_PRESENT;
	assert_int_equal(judge(&a, &verdict), REVOKED);
	a.policy = BJ_REVOCATION_OFF;
	assert_int_equal(judge(&a, &verdict), BJ_OK);
	assert_string_equal(verdict.note, "");
	a = asks(LIST(.extensions = { MADE_X(OID_UNKNOWN, true, "x") }), NONE);
	a.policy = BJ_REVOCATION_IF_PRESENT; /* there is one, and it may say anything */
	assert_int_equal(judge(&a, &verdict), UNKNOWN);
}

static void a_list_speaks_of_what_its_distribution_point_says(void **state)
{
	struct bj_verdict verdict;
	struct asked a;

	JUDGE(a, LIST(.extensions = { IDP("\x30\x03\x81\x01\xff") }), NONE, BJ_OK);   /* only users */
	JUDGE(a, LIST(.extensions = { IDP("\x30\x03\x82\x01\xff") }), NONE, UNKNOWN); /* only CAs */
	JUDGE(a, LIST(.extensions = { IDP("\x30\x03\x85\x01\xff") }), NONE, UNKNOWN); /* only attributes */
	JUDGE(a, LIST(.extensions = { IDP("\x30\x03\x84\x01\xff") }), NONE, BJ_OK);   /* indirect, too */
	JUDGE(a, LIST(.extensions = { IDP("\x30\x04\x83\x02\x06\x40") }), NONE, UNKNOWN); /* key compromise only */
	assert_non_null(strstr(verdict.detail, "all reasons"));
	JUDGE(a, LIST(LISTED, .extensions = { IDP("\x30\x04\x83\x02\x06\x40") }), NONE, REVOKED);
	JUDGE(a, LIST(.extensions = { IDP("\x30\x04\x83\x02\x06\x40") }), LIST(.issuer = &middle), BJ_OK);
	JUDGE(a, LIST(.extensions = { IDP("\x30\x04\x83\x02\x06\x40") }), LIST(.issuer = &middle, LISTED), REVOKED);
	JUDGE(a, LIST(.extensions = { IDP("\x30\x07\xa0\x05\xa0\x03\x86\x01" "u") }), NONE, UNKNOWN);
	a.leaf.crl_points = BYTES_LIT("\x30\x07\xa0\x05\xa0\x03\x86\x01" "u");
	assert_int_equal(judge(&a, &verdict), BJ_OK);
	a.leaf.crl_points = BYTES_LIT("\x30\x07\xa0\x05\xa0\x03\x86\x01" "v");
	assert_int_equal(judge(&a, &verdict), UNKNOWN);
	a.leaf.crl_points = BYTES_LIT("\x30\x07\xa0\x05\xa0\x03\x82\x01" "u");
	assert_int_equal(judge(&a, &verdict), UNKNOWN);
	a.leaf.crl_points = BYTES_LIT("\x30\x0b\xa0\x05\xa0\x03\x86\x01" "u\x81\x02\x06\x40"); /* it covers one reason only */
	assert_int_equal(judge(&a, &verdict), UNKNOWN);
	a = asks(LIST(0), NONE);
	a.lists[0].extensions[0] = (struct made_extension)IDP("\x30\x03\x81\x01\xff"); /* the root's is for users only */
	assert_int_equal(judge(&a, &verdict), UNKNOWN);
	assert_int_equal(verdict.index, 1);
}

static void a_delta_changes_what_its_list_says(void **state)
{
	struct bj_verdict verdict;
	struct asked a;
#define BASE_LIST(...) LIST(.extensions = { NUMBER("\x05") }, __VA_ARGS__)
#define DELTA(base, number, ...) LIST(.issuer = &middle, .extensions = { NUMBER(number), BASE(base) }, __VA_ARGS__)
#define REMOVED .entry_count = 1, .entries = { { leaf.cert.serial, { MADE_X(OID_EXT_REASON, false, "\x0a\x01\x08") } } }

	JUDGE(a, BASE_LIST(0), DELTA("\x05", "\x06", LISTED), REVOKED);
	JUDGE(a, BASE_LIST(LISTED), DELTA("\x05", "\x06", REMOVED), BJ_OK);
	JUDGE(a, BASE_LIST(LISTED), DELTA("\x05", "\x06", .entry_count = 0), REVOKED);
	JUDGE(a, BASE_LIST(0), DELTA("\x04", "\x06", LISTED), REVOKED);
	JUDGE(a, BASE_LIST(LISTED), DELTA("\x06", "\x07", REMOVED), REVOKED); /* its base is younger */
	JUDGE(a, BASE_LIST(LISTED), DELTA("\x04", "\x05", REMOVED), REVOKED); /* it is not younger itself */
	JUDGE(a, BASE_LIST(LISTED), DELTA("\x05", "\x06", REMOVED, .next_update = MADE_NOW - 1), REVOKED);
	JUDGE(a, BASE_LIST(LISTED), DELTA("\x05", "\x06", REMOVED, .key = signer.key), REVOKED);
	JUDGE(a, LIST(LISTED, .unnumbered = true), DELTA("\x05", "\x06", REMOVED), REVOKED);
	/* of two words about one certificate in a delta the worse counts, whichever comes first */
	JUDGE(a, BASE_LIST(0), DELTA("\x05", "\x06", .entry_count = 2, .entries = { { leaf.cert.serial, { MADE_X(OID_EXT_REASON, false, "\x0a\x01\x08") } }, ENTRY }), REVOKED);
	JUDGE(a, BASE_LIST(0), DELTA("\x05", "\x06", .entry_count = 2, .entries = { ENTRY, { leaf.cert.serial, { MADE_X(OID_EXT_REASON, false, "\x0a\x01\x08") } } }), REVOKED);
	JUDGE(a, BASE_LIST(LISTED), LIST(.issuer = &middle, REMOVED,
					 .extensions = { NUMBER("\x06"), BASE("\x05"), IDP("\x30\x03\x81\x01\xff") }), REVOKED);
	JUDGE(a, BASE_LIST(LISTED), LIST(.issuer = &middle, REMOVED,
					 .extensions = { NUMBER("\x06"), BASE("\x05"), MADE_X(OID_EXT_AKI, false, "\x30\x03\x80\x01\x01") }), REVOKED);
	JUDGE(a, BASE_LIST(LISTED), LIST(.issuer = &middle, REMOVED,
					 .extensions = { NUMBER("\x06"), BASE("\x05"), MADE_X(OID_UNKNOWN, true, "x") }), REVOKED);
}

static void of_two_lists_the_younger_one_counts_whichever_was_given_first(void **state)
{
	struct bj_verdict verdict;
	struct asked a;
#define OF_MIDDLE(...) LIST(.issuer = &middle, __VA_ARGS__)
#define OLD(...) OF_MIDDLE(.extensions = { NUMBER("\x05") }, __VA_ARGS__)
#define YOUNG(...) OF_MIDDLE(.extensions = { NUMBER("\x06") }, __VA_ARGS__)
#define BOTH_WAYS(a, one, two, want)         \
	do {                                 \
		JUDGE(a, one, two, want);    \
		JUDGE(a, two, one, want);    \
	} while (0)
	BOTH_WAYS(a, OLD(0), YOUNG(LISTED), REVOKED);
	BOTH_WAYS(a, OLD(LISTED), YOUNG(0), BJ_OK); /* it was on hold */
	BOTH_WAYS(a, OLD(LISTED), YOUNG(.next_update = MADE_NOW - 1), REVOKED);
	BOTH_WAYS(a, OLD(LISTED), YOUNG(.this_update = MADE_NOW + 1), REVOKED);
	BOTH_WAYS(a, OLD(LISTED), YOUNG(.key = signer.key), REVOKED);
	BOTH_WAYS(a, OLD(LISTED), OF_MIDDLE(.extensions = { NUMBER("\x06"), MADE_X(OID_UNKNOWN, true, "x") }), REVOKED);
	BOTH_WAYS(a, OLD(LISTED), OF_MIDDLE(.extensions = { NUMBER("\x06"), IDP("\x30\x03\x81\x01\xff") }), REVOKED); /* another scope */
	BOTH_WAYS(a, OLD(0), OF_MIDDLE(.extensions = { NUMBER("\x04"), IDP("\x30\x03\x81\x01\xff") }, LISTED), REVOKED);
	BOTH_WAYS(a, OLD(LISTED), OF_MIDDLE(.extensions = { NUMBER("\x06"), MADE_X(OID_EXT_AKI, false, "\x30\x03\x80\x01\x01") }), REVOKED); /* key */
	BOTH_WAYS(a, OLD(LISTED), OF_MIDDLE(.unnumbered = true), REVOKED);
	BOTH_WAYS(a, OLD(0), OF_MIDDLE(.unnumbered = true, LISTED), REVOKED);
	BOTH_WAYS(a, OLD(LISTED), OF_MIDDLE(.extensions = { MADE_X(OID_EXT_CRL_NUMBER, true, "\x02\x01\x06") }), REVOKED);
	BOTH_WAYS(a, OF_MIDDLE(.unnumbered = true, LISTED), OF_MIDDLE(.unnumbered = true, .this_update = MADE_NOW - 9), REVOKED);
	a = asks(LIST(.unnumbered = true, LISTED), OF_MIDDLE(.unnumbered = true, .this_update = MADE_NOW - 9));
	a.profile = PROFILE_RFC5280;
	assert_int_equal(judge(&a, &verdict), BJ_OK);
}

/* The leaf says that CN=Lists, a CA beside its own, makes its list. */
static void an_indirect_list_is_believed_if_its_signer_is(void **state)
{
	uint8_t point[256], names[256];
	struct writer w = wr_make(point, sizeof(point)), n = wr_make(names, sizeof(names));
	size_t seq = dw_open(&w, DER_SEQUENCE), issuer = dw_open(&w, DER_CONTEXT_CONSTRUCTED(2)), gns = dw_open(&n, DER_SEQUENCE);
	struct made_list indirect = { .issuer = &signer, .extensions = { IDP("\x30\x03\x84\x01\xff") } };
	struct bj_verdict verdict;
	struct asked a;

	dw_item(&w, DER_CONTEXT_CONSTRUCTED(4), signer.cert.subject);
	dw_close(&w, issuer);
	dw_close(&w, seq);
	dw_item(&n, DER_CONTEXT_CONSTRUCTED(4), middle.cert.subject);
	dw_close(&n, gns);
	a = asks(indirect, NONE);
	a.leaf.crl_points = wr_view(&w);
	assert_int_equal(judge(&a, &verdict), BJ_OK);
	indirect.entry_count = 1;
	indirect.entries[0].serial = leaf.cert.serial; /* without certificateIssuer it is one of the signer's own */
	a.lists[1] = indirect;
	assert_int_equal(judge(&a, &verdict), BJ_OK);
	indirect.entries[0].extensions[0] = (struct made_extension){ OID_EXT_CERTIFICATE_ISSUER, true, (const char *)names, n.len };
	a.lists[1] = indirect;
	assert_int_equal(judge(&a, &verdict), REVOKED);
	indirect.entries[1] = indirect.entries[0]; /* who is named holds for what follows */
	indirect.entries[0].serial = BYTES_LIT("\x01");
	indirect.entries[1].extensions[0].value = NULL;
	indirect.entry_count = 2;
	a.lists[1] = indirect;
	assert_int_equal(judge(&a, &verdict), REVOKED);
	indirect.entry_count = 0;
	a.lists[1] = indirect;
	a.lists[1].extensions[0].value = NULL; /* not indirect */
	assert_int_equal(judge(&a, &verdict), UNKNOWN);
	a.lists[1] = indirect;
	a.extra[1].key_usage = KU_KEY_CERT_SIGN; /* it must not sign lists */
	assert_int_equal(judge(&a, &verdict), UNKNOWN);
	a.extra[1].has_key_usage = false; /* nor one of which nothing is said */
	assert_int_equal(judge(&a, &verdict), UNKNOWN);
	a.extra[1] = signer.cert;
	a.extra[1].not_after = MADE_NOW - 1;
	assert_int_equal(judge(&a, &verdict), UNKNOWN);
	a.extra[1] = signer.cert;
	a.lists[0].entry_count = 1; /* the root has revoked it */
	a.lists[0].entries[0].serial = signer.cert.serial;
	assert_int_equal(judge(&a, &verdict), UNKNOWN);
	a.lists[0].entry_count = 0;
	assert_int_equal(judge(&a, &verdict), BJ_OK);
	a.extra[1] = stranger.cert; /* another root, which nobody trusts */
	a.lists[1].issuer = &stranger;
	assert_int_equal(judge(&a, &verdict), UNKNOWN);
	a.extra[1] = other_signer.cert; /* trusted, but by another anchor than the path that asks */
	a.lists[1].issuer = &other_signer;
	a.lists[2] = LIST(.issuer = &other_root);
	a.with_other_root = true;
	assert_int_equal(judge(&a, &verdict), UNKNOWN);
}

static void nobody_clears_itself(void **state)
{
	struct bj_verdict verdict;
	struct asked a = asks(LIST(.issuer = &middle, .key = leaf.key), NONE);

	a.leaf.subject = middle.cert.subject; /* self-issued, so that its list has the right name */
	a.leaf.subject_hash = middle.cert.subject_hash;
	a.leaf.key_usage |= KU_CRL_SIGN;
	assert_int_equal(judge(&a, &verdict), UNKNOWN);
	a.lists[1].key = NULL;
	assert_int_equal(judge(&a, &verdict), BJ_OK);
}

static void lists_that_go_with_anchors_are_looked_into(void **state)
{
	const struct bj_bytes chain[2] = { leaf.cert.der, middle.cert.der };
	struct bj_trust *trust = bj_trust_new();
	struct bj_crls *crls = bj_crls_new();
	struct bj_bytes der = made_list_write(&(struct made_list){ .issuer = &middle, LISTED });
	struct bj_verdict verdict;

	assert_int_equal(bj_trust_add_der(trust, root.der, root.cert.der.len), BJ_OK);
	assert_int_equal(bj_crls_add_der(crls, der.ptr, der.len), BJ_OK);
	assert_int_equal(bj_verify_server(trust, chain, 2, NULL, MADE_NOW * INT64_C(1000), &verdict), BJ_OK);
	bj_trust_use_crls(trust, crls, BJ_REVOCATION_IF_PRESENT);
	bj_crls_free(crls);
	assert_int_equal(bj_verify_server(trust, chain, 2, NULL, MADE_NOW * INT64_C(1000), &verdict), REVOKED);
	bj_trust_use_crls(trust, NULL, BJ_REVOCATION_REQUIRED);
	assert_int_equal(bj_verify_server(trust, chain, 2, NULL, MADE_NOW * INT64_C(1000), &verdict), UNKNOWN);
	bj_trust_use_crls(trust, NULL, BJ_REVOCATION_OFF);
	assert_int_equal(bj_verify_server(trust, chain, 2, NULL, MADE_NOW * INT64_C(1000), &verdict), BJ_OK);
	bj_trust_free(trust);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_out_of_form_are_refused),
		cmocka_unit_test(what_is_not_understood_is_noted),
		cmocka_unit_test(a_large_list_is_found_in_whole_and_costs_little),
		cmocka_unit_test(a_serial_number_repeated_without_end_is_a_limit),
		cmocka_unit_test(a_set_holds_each_list_once_and_says_what_it_refuses),
		cmocka_unit_test(a_certificate_on_a_list_is_revoked_and_the_verdict_says_why),
		cmocka_unit_test(a_list_that_cannot_be_used_says_nothing),
		cmocka_unit_test(a_list_without_a_proper_number_clears_nobody),
		cmocka_unit_test(what_is_not_known_depends_on_the_policy),
		cmocka_unit_test(a_list_speaks_of_what_its_distribution_point_says),
		cmocka_unit_test(a_delta_changes_what_its_list_says),
		cmocka_unit_test(of_two_lists_the_younger_one_counts_whichever_was_given_first),
		cmocka_unit_test(an_indirect_list_is_believed_if_its_signer_is),
		cmocka_unit_test(nobody_clears_itself),
		cmocka_unit_test(lists_that_go_with_anchors_are_looked_into),
	};

	return cmocka_run_group_tests(tests, make_all, free_all);
}
