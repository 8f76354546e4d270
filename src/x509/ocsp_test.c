/* ocsp_test.c - OCSP responses: their form, who may sign them, what they say, and what a path makes of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "x509/made_ocsp.h"
#include "x509/ocsp.h"
#include "x509/path.h"

static const char *const leaf_names[] = { "www.example.com" };
static struct made_cert root, middle, leaf, delegate, server, stranger, stranger_delegate;

static void server_issue(struct made_cert *made, const char *name, const struct made_cert *issuer)
{
	made_cert_issue(made, (struct issue){ .kind = ISSUE_SERVER, .common_name = name, .names = leaf_names, .name_count = 1 }, issuer);
}

static int make_all(void **state)
{
	made_cert_issue(&root, (struct issue){ .kind = ISSUE_CA, .common_name = "Root" }, NULL);
	made_cert_issue(&middle, (struct issue){ .kind = ISSUE_CA, .common_name = "Middle" }, &root);
	made_cert_issue(&stranger, (struct issue){ .kind = ISSUE_CA, .common_name = "Middle" }, NULL);
	server_issue(&leaf, "leaf", &middle);
	server_issue(&server, "server", &middle);
	server_issue(&delegate, "Answers", &middle);
	server_issue(&stranger_delegate, "Answers", &stranger);
	made_cert_into_responder(&delegate, &middle);
	made_cert_into_responder(&stranger_delegate, &stranger);
	return 0;
}

static int free_all(void **state)
{
	struct made_cert *all[] = { &root, &middle, &leaf, &delegate, &server, &stranger, &stranger_delegate };

	for (size_t i = 0; i < ARRAY_COUNT(all); i++)
		made_cert_free(all[i]);
	return 0;
}

static struct made_response good(void)
{
	return (struct made_response){ .responder = &middle, .answer_count = 1, .answers = { { .cert = &leaf, .issuer = &middle } } };
}

static enum bj_err ask(const struct made_response *in, struct ocsp_answer *out)
{
	struct ocsp_asks asks = { .response = made_response_write(in), .cert = &leaf.cert, .issuer = &middle.cert, .now = MADE_NOW,
				  .check_time = true, .nonce = BYTES_LIT("nonce") };
	enum bj_err err = ocsp_check(&asks, out);

	assert_non_null(out->why);
	if (err)
		assert_int_equal(out->status, OCSP_UNKNOWN);
	return err;
}

static void check_is(const struct made_response *in, enum bj_err err, enum ocsp_status status, int line)
{
	struct ocsp_answer answer;

	if (ask(in, &answer) != err || answer.status != status)
		fail_msg("line %d: status %d, %s", line, answer.status, answer.why);
}

#define IS(r, err, status) check_is(&(r), err, status, __LINE__)

static void an_answer_about_this_certificate_counts_and_no_other(void **state)
{
	static const enum oid hashes[] = { OID_HASH_SHA1, OID_HASH_SHA256, OID_HASH_SHA384, OID_HASH_SHA512 };
	struct made_response r = good();

	IS(r, BJ_OK, OCSP_GOOD);
	for (size_t i = 0; i < ARRAY_COUNT(hashes); i++) {
		r.answers[0].hash = hashes[i];
		IS(r, BJ_OK, OCSP_GOOD);
	}
	r.answers[0].hash = OID_KEY_RSA; /* no hash */
	IS(r, BJ_OK, OCSP_UNKNOWN);
	r = good();
	r.answers[0].cert = &server;
	IS(r, BJ_OK, OCSP_UNKNOWN);
	r = good();
	r.answers[0].name_of = &root;
	IS(r, BJ_OK, OCSP_UNKNOWN);
	r = good();
	r.answers[0].key_of = &stranger; /* another CA of this name */
	IS(r, BJ_OK, OCSP_UNKNOWN);
}

static void what_was_answered_is_told(void **state)
{
	struct made_response r = good();
	struct ocsp_answer answer;

	r.answers[0].status = 1;
	assert_int_equal(ask(&r, &answer), BJ_OK);
	assert_int_equal(answer.status, OCSP_REVOKED);
	assert_int_equal(answer.date, MADE_NOW - 86400);
	assert_int_equal(answer.reason, REASON_KEY);
	assert_int_equal(answer.this_update, MADE_NOW - 10);
	assert_int_equal(answer.next_update, MADE_NOW + 10);
	r.answers[0].status = 2;
	IS(r, BJ_OK, OCSP_UNKNOWN);
	r = good(); /* good, and then the opposite */
	r.answer_count = 2;
	r.answers[1] = r.answers[0];
	r.answers[1].status = 1;
	IS(r, BJ_OK, OCSP_REVOKED);
}

static void answers_out_of_date_are_not_believed(void **state)
{
	struct made_response r = good();

	r.answers[0].next_update = MADE_NOW - 1;
	IS(r, BJ_OK, OCSP_UNKNOWN);
	r.answers[0].next_update = MADE_NOW;
	IS(r, BJ_OK, OCSP_GOOD);
	r.answers[0].this_update = MADE_NOW + 1;
	IS(r, BJ_OK, OCSP_UNKNOWN);
	r.answers[0].this_update = MADE_NOW;
	IS(r, BJ_OK, OCSP_GOOD);
	r.answers[0].next_update = -1;
	r.answers[0].this_update = MADE_NOW - OCSP_AGE_MAX;
	IS(r, BJ_OK, OCSP_GOOD);
	r.answers[0].this_update--;
	IS(r, BJ_OK, OCSP_UNKNOWN);
}

static void only_the_issuer_or_its_delegate_answers(void **state)
{
	struct made_response r = good();
	struct made_cert changed;
	struct ocsp_asks asks = { .cert = &leaf.cert, .issuer = &middle.cert, .now = MADE_NOW, .check_time = true };
	struct ocsp_answer answer;

	r.by_key = true;
	IS(r, BJ_OK, OCSP_GOOD);
	r.responder = &stranger; /* names its own key */
	IS(r, BJ_ERR_OCSP, OCSP_UNKNOWN);
	r.key = middle.key; /* names another key than the one that signs */
	IS(r, BJ_ERR_OCSP, OCSP_UNKNOWN);
	r = good();
	r.key = stranger.key;
	IS(r, BJ_ERR_OCSP, OCSP_UNKNOWN);
	r = good();
	r.responder = &root;
	r.key = middle.key; /* names somebody else */
	IS(r, BJ_ERR_OCSP, OCSP_UNKNOWN);
	r.responder = &delegate;
	r.key = NULL;
	IS(r, BJ_ERR_OCSP, OCSP_UNKNOWN); /* who is that? */
	r.cert = delegate.cert.der;
	IS(r, BJ_OK, OCSP_GOOD);
	r.by_key = true;
	IS(r, BJ_OK, OCSP_GOOD);
	r.key = server.key;
	IS(r, BJ_ERR_OCSP, OCSP_UNKNOWN);
	r = good();
	r.responder = &server; /* the issuer's, but for another purpose */
	r.cert = server.cert.der;
	IS(r, BJ_ERR_OCSP, OCSP_UNKNOWN);
	r.responder = &stranger_delegate; /* of a CA with the same name */
	r.cert = stranger_delegate.cert.der;
	IS(r, BJ_ERR_OCSP, OCSP_UNKNOWN);
	/* the issuer has the same key by another name: the delegate is not that one's */
	r.responder = &delegate;
	r.cert = delegate.cert.der;
	changed = middle;
	changed.cert.subject = root.cert.subject;
	asks.issuer = &changed.cert;
	asks.response = made_response_write(&r);
	assert_int_equal(ocsp_check(&asks, &answer), BJ_ERR_OCSP);
	/* a delegate out of its time */
	asks.issuer = &middle.cert;
	asks.now = MADE_NOW + 1001;
	assert_int_equal(ocsp_check(&asks, &answer), BJ_ERR_OCSP);
	asks.check_time = false;
	assert_int_equal(ocsp_check(&asks, &answer), BJ_OK);
}

static void a_delegate_must_be_allowed_to_sign(void **state)
{
	struct made_cert made = { 0 };
	struct made_response r = good();
	uint8_t *at = NULL;

	server_issue(&made, "Answers", &middle); /* keyUsage digitalSignature becomes keyEncipherment */
	for (size_t i = 0; i + 4 < made.cert.der.len; i++)
		if (memcmp(made.der + i, "\x03\x02\x07\x80", 4) == 0)
			at = made.der + i;
	assert_non_null(at);
	memcpy(at, "\x03\x02\x05\x20", 4);
	made_cert_into_responder(&made, &middle);
	r.responder = &made;
	r.cert = made.cert.der;
	IS(r, BJ_ERR_OCSP, OCSP_UNKNOWN);
	made_cert_free(&made);
}

static void a_nonce_is_the_one_that_was_sent_or_none(void **state)
{
	struct made_response r = good();

	r.nonce = "nonce";
	IS(r, BJ_OK, OCSP_GOOD);
	r.nonce = "other";
	IS(r, BJ_ERR_OCSP, OCSP_UNKNOWN);
	r.nonce = "";
	IS(r, BJ_ERR_OCSP, OCSP_UNKNOWN);
}

static void responses_out_of_form_are_refused(void **state)
{
	struct made_response r = good();
	struct ocsp_response parsed;
	struct bj_bytes der;
	uint8_t *damaged;

	r.response_status = 6; /* unauthorized */
	IS(r, BJ_ERR_OCSP, OCSP_UNKNOWN);
	r = good();
	r.critical = true;
	IS(r, BJ_ERR_OCSP, OCSP_UNKNOWN);
	r = good();
	r.answers[0].critical = true;
	IS(r, BJ_ERR_OCSP, OCSP_UNKNOWN);
	r = good();
	r.answer_count = 0;
	IS(r, BJ_ERR_OCSP, OCSP_UNKNOWN);
	assert_int_equal(ocsp_parse(BYTES_LIT("\x30\x03\x0a\x01\x03"), &parsed), BJ_ERR_OCSP); /* tryLater */
	r = good();
	der = made_response_write(&r);
	assert_int_equal(ocsp_parse(der, &parsed), BJ_OK);
	for (size_t len = 0; len < der.len; len++)
		assert_int_equal(ocsp_parse(bytes_of(der.ptr, len), &parsed), BJ_ERR_OCSP);
	damaged = malloc(der.len);
	for (size_t i = 0; i < der.len; i++) { /* no byte can be another one */
		struct ocsp_asks asks = { .response = bytes_of(damaged, der.len), .cert = &leaf.cert, .issuer = &middle.cert, .now = MADE_NOW,
					  .check_time = true };
		struct ocsp_answer answer;

		memcpy(damaged, der.ptr, der.len);
		damaged[i] ^= 1;
		assert_int_equal(ocsp_check(&asks, &answer), BJ_ERR_OCSP);
	}
	free(damaged);
}

/* ---- in a path */

struct asked {
	struct bj_bytes staple;
	bool staple_asked, must_staple, listed;
	enum bj_revocation policy;
	size_t more_middles; /* each one opens a path of its own */
};

static enum bj_err judge(const struct asked *a, struct bj_verdict *verdict)
{
	struct bj_trust *trust = bj_trust_new();
	struct bj_crls *crls = bj_crls_new();
	struct cert end = leaf.cert, middles[PATH_BUDGET_STAPLES + 1];
	struct path_input in = { .leaf = &end, .extra = middles, .extra_count = 1 + a->more_middles, .trust = trust, .purpose = PATH_SERVER,
				 .now = MADE_NOW, .check_time = true, .revocation = a->policy, .crls = crls, .staple = a->staple,
				 .staple_asked = a->staple_asked };
	struct made_list of_root = { .issuer = &root }, of_middle = { .issuer = &middle, .entry_count = 1,
								      .entries = { { .serial = leaf.cert.serial } } };
	struct bj_bytes der = made_list_write(&of_root);
	enum bj_err err;

	for (size_t i = 0; i < in.extra_count; i++)
		middles[i] = middle.cert;
	end.must_staple = a->must_staple;
	assert_int_equal(bj_trust_add_der(trust, root.der, root.cert.der.len), BJ_OK);
	assert_int_equal(bj_crls_add_der(crls, der.ptr, der.len), BJ_OK);
	der = made_list_write(&of_middle);
	if (a->listed)
		assert_int_equal(bj_crls_add_der(crls, der.ptr, der.len), BJ_OK);
	err = path_verify(&in, verdict);
	bj_crls_free(crls);
	bj_trust_free(trust);
	return err;
}

static void a_path_believes_a_stapled_response_about_its_end(void **state)
{
	struct made_response r = good();
	struct asked a = { .policy = BJ_REVOCATION_REQUIRED };
	struct bj_verdict verdict;

	assert_int_equal(judge(&a, &verdict), BJ_ERR_CERT_REVOCATION_UNKNOWN);
	a.staple = made_response_write(&r);
	assert_int_equal(judge(&a, &verdict), BJ_OK);
	assert_string_equal(verdict.note, "");
	a.listed = true; /* and the list says revoked */
	assert_int_equal(judge(&a, &verdict), BJ_ERR_CERT_REVOKED);
	a.listed = false;
	r.answers[0].status = 1;
	a.staple = made_response_write(&r);
	assert_int_equal(judge(&a, &verdict), BJ_ERR_CERT_REVOKED);
	assert_int_equal(verdict.index, 0);
	assert_string_equal(verdict.detail, "revoked 2027-01-14 08:00:00 UTC (key compromise), says the OCSP response");
	a.policy = BJ_REVOCATION_IF_PRESENT;
	assert_int_equal(judge(&a, &verdict), BJ_ERR_CERT_REVOKED);
	a.policy = BJ_REVOCATION_OFF;
	assert_int_equal(judge(&a, &verdict), BJ_OK);
	r.answers[0] = (struct made_answer){ .cert = &leaf, .issuer = &middle, .next_update = MADE_NOW - 1 };
	a.staple = made_response_write(&r);
	a.policy = BJ_REVOCATION_IF_PRESENT;
	assert_int_equal(judge(&a, &verdict), BJ_OK);
	assert_string_equal(verdict.note, "revocation is not known of CN=leaf: its OCSP response is out of date, or not yet in force");
	a.policy = BJ_REVOCATION_REQUIRED;
	assert_int_equal(judge(&a, &verdict), BJ_ERR_CERT_REVOCATION_UNKNOWN);
	r = good();
	r.key = stranger.key;
	a.staple = made_response_write(&r);
	a.policy = BJ_REVOCATION_IF_PRESENT; /* somebody staples what is not true */
	assert_int_equal(judge(&a, &verdict), BJ_ERR_OCSP);
}

static void a_chain_is_judged_with_its_staple(void **state)
{
	struct made_response r = good();
	struct bj_trust *trust = bj_trust_new();
	struct cert end = leaf.cert;
	struct path_sent sent = { .trust = trust, .leaf = &end, .rest = &middle.cert.der, .rest_count = 1, .purpose = PATH_SERVER,
				  .now = MADE_NOW, .staple_asked = true };
	struct bj_verdict verdict;

	assert_int_equal(bj_trust_add_der(trust, root.der, root.cert.der.len), BJ_OK);
	bj_trust_use_crls(trust, NULL, BJ_REVOCATION_IF_PRESENT);
	end.must_staple = true;
	assert_int_equal(path_verify_chain(&sent, &verdict), BJ_ERR_CERT_STAPLE_MISSING);
	r.answers[0].status = 1;
	sent.staple = made_response_write(&r);
	assert_int_equal(path_verify_chain(&sent, &verdict), BJ_ERR_CERT_REVOKED);
	bj_trust_free(trust);
}

static void a_server_is_judged_with_what_it_stapled(void **state)
{
	const struct bj_bytes chain[2] = { leaf.cert.der, middle.cert.der };
	struct bj_bytes demanded[2] = { { 0 }, middle.cert.der };
	static struct made_cert demanding;
	struct made_response r = good();
	struct bj_trust *trust = bj_trust_new();
	struct bj_bytes nothing = { 0 }, staple;
	struct bj_verdict verdict;

	assert_int_equal(bj_trust_add_der(trust, root.der, root.cert.der.len), BJ_OK);
	r.answers[0].status = 1;
	staple = made_response_write(&r);
	assert_int_equal(bj_verify_server_stapled(trust, chain, 2, NULL, MADE_NOW * INT64_C(1000), staple, &verdict), BJ_OK); /* nobody looks */
	bj_trust_use_crls(trust, NULL, BJ_REVOCATION_IF_PRESENT);
	assert_int_equal(bj_verify_server_stapled(trust, chain, 2, NULL, MADE_NOW * INT64_C(1000), staple, &verdict), BJ_ERR_CERT_REVOKED);
	assert_int_equal(bj_verify_server_stapled(trust, chain, 2, "", MADE_NOW * INT64_C(1000), staple, &verdict), BJ_ERR_CONFIG_BAD_NAME);
	assert_int_equal(bj_verify_server_stapled(trust, chain, 2, NULL, MADE_NOW * INT64_C(1000), nothing, &verdict), BJ_OK);
	assert_string_not_equal(verdict.note, "");
	r = good();
	staple = made_response_write(&r);
	assert_int_equal(bj_verify_server_stapled(trust, chain, 2, NULL, MADE_NOW * INT64_C(1000), staple, &verdict), BJ_OK);
	/* one that demands a staple, with nothing stapled: that it was asked for is what this call says */
	made_cert_issue(&demanding, (struct issue){ .kind = ISSUE_SERVER, .names = leaf_names, .name_count = 1, .must_staple = true }, &middle);
	demanded[0] = demanding.cert.der;
	assert_int_equal(bj_verify_server(trust, demanded, 2, NULL, MADE_NOW * INT64_C(1000), &verdict), BJ_OK);
	assert_int_equal(bj_verify_server_stapled(trust, demanded, 2, NULL, MADE_NOW * INT64_C(1000), nothing, &verdict), BJ_ERR_CERT_STAPLE_MISSING);
	made_cert_free(&demanding);
	bj_trust_free(trust);
}

static void a_response_is_not_judged_without_end(void **state)
{
	struct made_response r = good();
	struct asked a = { .policy = BJ_REVOCATION_REQUIRED };
	struct bj_verdict verdict;

	r.answers[0].status = 2;
	a.staple = made_response_write(&r);
	a.more_middles = PATH_BUDGET_STAPLES - 2; /* as many paths, and one more to explain */
	assert_int_equal(judge(&a, &verdict), BJ_ERR_CERT_REVOCATION_UNKNOWN);
	a.more_middles = PATH_BUDGET_STAPLES;
	assert_int_equal(judge(&a, &verdict), BJ_ERR_CERT_BUDGET);
}

static void a_certificate_that_demands_a_staple_has_one(void **state)
{
	struct made_response r = good();
	struct asked a = { .policy = BJ_REVOCATION_IF_PRESENT, .must_staple = true };
	struct bj_verdict verdict;

	assert_int_equal(judge(&a, &verdict), BJ_OK); /* it was not asked for one */
	a.staple_asked = true;
	assert_int_equal(judge(&a, &verdict), BJ_ERR_CERT_STAPLE_MISSING);
	assert_string_equal(verdict.rule, "rfc7633:4");
	a.staple = made_response_write(&r);
	assert_int_equal(judge(&a, &verdict), BJ_OK);
	r.answers[0].next_update = MADE_NOW - 1; /* an old response says no more than none */
	a.staple = made_response_write(&r);
	assert_int_equal(judge(&a, &verdict), BJ_ERR_CERT_STAPLE_MISSING);
	assert_string_equal(verdict.detail, "its OCSP response is out of date, or not yet in force");
	r = good();
	r.answers[0].status = 2;
	a.staple = made_response_write(&r);
	assert_int_equal(judge(&a, &verdict), BJ_ERR_CERT_STAPLE_MISSING);
	r = good();
	r.answers[0].cert = &middle; /* nor does one about another certificate */
	a.staple = made_response_write(&r);
	assert_int_equal(judge(&a, &verdict), BJ_ERR_CERT_STAPLE_MISSING);
	a.must_staple = false;
	a.staple = (struct bj_bytes){ 0 };
	assert_int_equal(judge(&a, &verdict), BJ_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_about_this_certificate_counts_and_no_other),
		cmocka_unit_test(what_was_answered_is_told),
		cmocka_unit_test(answers_out_of_date_are_not_believed),
		cmocka_unit_test(only_the_issuer_or_its_delegate_answers),
		cmocka_unit_test(a_delegate_must_be_allowed_to_sign),
		cmocka_unit_test(a_nonce_is_the_one_that_was_sent_or_none),
		cmocka_unit_test(responses_out_of_form_are_refused),
		cmocka_unit_test(a_path_believes_a_stapled_response_about_its_end),
		cmocka_unit_test(a_chain_is_judged_with_its_staple),
		cmocka_unit_test(a_server_is_judged_with_what_it_stapled),
		cmocka_unit_test(a_response_is_not_judged_without_end),
		cmocka_unit_test(a_certificate_that_demands_a_staple_has_one),
	};

	return cmocka_run_group_tests(tests, make_all, free_all);
}
