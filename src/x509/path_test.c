/* path_test.c - each thing that can be wrong with a chain, one row each, and chains that are right.
 *
 * Most rows change one field of a parsed certificate of a good chain: the signature still holds, as it covers the DER. So a row
 * shows that this one rule is looked at. docs/x509-steps.md says which row catches which step left out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/writer.h"
#include "x509/der.h"
#include "x509/der_write.h"
#include "x509/general_name.h"
#include "x509/made_chain.h"
#include "x509/name.h"
#include "x509/name_constraints.h"
#include "x509/path.h"
#include "x509/rules.h"

static const char *const leaf_names[] = { "www.example.com", "*.wild.example.com", "192.0.2.1" };
static struct made_cert root, middle, leaf;

static int make_all(void **state)
{
	made_cert_issue(&root, (struct issue){ .kind = ISSUE_CA, .common_name = "Root" }, NULL);
	made_cert_issue(&middle, (struct issue){ .kind = ISSUE_CA, .common_name = "Middle" }, &root);
	made_cert_issue(&leaf, (struct issue){ .kind = ISSUE_SERVER, .common_name = "leaf", .names = leaf_names, .name_count = 3 },
			&middle);
	return 0;
}

static int free_all(void **state)
{
	made_cert_free(&root);
	made_cert_free(&middle);
	made_cert_free(&leaf);
	return 0;
}

/* A chain whose parsed certificates can be changed. */
struct chain {
	struct cert leaf, middle, *root; /* the root is the one inside the trust */
	struct bj_trust *trust;
	struct path_input in;
};

static void chain_init(struct chain *c)
{
	memset(c, 0, sizeof(*c));
	c->leaf = leaf.cert;
	c->middle = middle.cert;
	c->trust = bj_trust_new();
	assert_int_equal(bj_trust_add_der(c->trust, root.der, root.cert.der.len), BJ_OK);
	c->root = (struct cert *)(uintptr_t)&trust_first(c->trust, root.cert.subject_hash)->cert;
	c->in = (struct path_input){ .leaf = &c->leaf, .extra = &c->middle, .extra_count = 1, .trust = c->trust,
				     .purpose = PATH_SERVER, .now = MADE_NOW, .name = BYTES_LIT("www.example.com"), .check_time = true };
}

static enum bj_err judge(struct chain *c, struct bj_verdict *verdict)
{
	enum bj_err err = path_verify(&c->in, verdict);

	assert_int_equal(err, verdict->err);
	assert_non_null(verdict->rule);
	bj_trust_free(c->trust);
	return err;
}

/* ---- rows: a good chain, one thing changed */

#define CHANGE(name, ...) static void name(struct chain *c) { __VA_ARGS__; }

static const uint8_t zero_serial[1] = { 0 };
static const uint8_t empty_name[2] = { 0x30, 0 };
static const uint8_t other_id[3] = { 1, 2, 3 };
static const uint8_t unknown_oid[3] = { 0x2a, 3, 4 };
/* permitted DNS example.com; permitted DNS example.org; excluded DNS x.wild.example.com; excluded IP 192.0.2.0/24 */
static const uint8_t permit_com[] = { 0xa0, 15, 0x30, 13, 0x82, 11, 'e', 'x', 'a', 'm', 'p', 'l', 'e', '.', 'c', 'o', 'm' };
static const uint8_t permit_org[] = { 0xa0, 15, 0x30, 13, 0x82, 11, 'e', 'x', 'a', 'm', 'p', 'l', 'e', '.', 'o', 'r', 'g' };
static const uint8_t exclude_wild[] = { 0xa1, 22, 0x30, 20, 0x82, 18, 'x', '.', 'w', 'i', 'l', 'd', '.', 'e', 'x', 'a', 'm', 'p', 'l',
					'e', '.', 'c', 'o', 'm' };
static const uint8_t exclude_net[] = { 0xa1, 12, 0x30, 10, 0x87, 8, 192, 0, 2, 0, 255, 255, 255, 0 };

/* excluded directory name CN=leaf; excluded mail domain evil.org, and a subject with an address there */
static const uint8_t exclude_leaf[] = { 0xa1, 21, 0x30, 19, 0xa4, 17, 0x30, 15, 0x31, 13, 0x30, 11, 0x06, 3, 0x55, 4, 3,
					0x0c, 4, 'l', 'e', 'a', 'f' };
static const uint8_t exclude_mail[] = { 0xa1, 12, 0x30, 10, 0x81, 8, 'e', 'v', 'i', 'l', '.', 'o', 'r', 'g' };
static const uint8_t mail_subject[] = { 0x30, 27, 0x31, 25, 0x30, 23, 0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1,
					0x16, 10, 'x', '@', 'e', 'v', 'i', 'l', '.', 'o', 'r', 'g' };

CHANGE(nothing, (void)c)
CHANGE(middle_early, c->middle.not_before = MADE_NOW + 1)
CHANGE(root_early, c->root->not_before = MADE_NOW + 1)
CHANGE(root_v1, c->root->version = 1)
CHANGE(middle_odd_time, c->middle.has_odd_time = true)
CHANGE(leaf_and_middle_nameless, c->leaf.issuer = c->middle.subject = bytes_of(empty_name, 2))
CHANGE(middle_and_root_nameless, c->middle.issuer = c->root->subject = bytes_of(empty_name, 2))
CHANGE(middle_other_issuer, c->middle.issuer = leaf.cert.issuer)
CHANGE(policy_asked, c->in.policy.is_explicit = true)
CHANGE(leaf_asks_policy, c->leaf.has_require_explicit = true)
CHANGE(leaf_wrong_critical, c->leaf.has_wrong_critical = true; c->leaf.wrong_critical_oid = bytes_of(unknown_oid, 3))
CHANGE(leaf_lacks_critical, c->leaf.lacks_critical = true; c->leaf.lacks_critical_oid = bytes_of(unknown_oid, 3))
CHANGE(middle_lacks_critical, c->middle.lacks_critical = true; c->middle.lacks_critical_oid = bytes_of(unknown_oid, 3))
CHANGE(old_middle_lacks_critical, middle_lacks_critical(c); c->middle.not_before = 1341100799)
CHANGE(root_lacks_critical, c->root->lacks_critical = true; c->root->lacks_critical_oid = bytes_of(unknown_oid, 3))
CHANGE(root_wrong_critical, c->root->has_wrong_critical = true; c->root->wrong_critical_oid = bytes_of(unknown_oid, 3))
CHANGE(middle_constraints_not_critical, c->middle.name_constraints = bytes_of(permit_com, sizeof(permit_com)))
CHANGE(middle_bound, c->middle.key_only = SIG_ECDSA_SHA384)
CHANGE(root_excludes_leaf, c->root->name_constraints = bytes_of(exclude_leaf, sizeof(exclude_leaf)); c->root->name_constraints_critical = true)
CHANGE(root_excludes_mail, c->root->name_constraints = bytes_of(exclude_mail, sizeof(exclude_mail)); c->root->name_constraints_critical = true;
       c->leaf.subject = bytes_of(mail_subject, sizeof(mail_subject)))
CHANGE(leaf_expired, c->leaf.not_after = MADE_NOW - 1)
CHANGE(leaf_early, c->leaf.not_before = MADE_NOW + 1)
CHANGE(middle_expired, c->middle.not_after = MADE_NOW - 12 * 86400 - 5)
CHANGE(root_expired, c->root->not_after = MADE_NOW - 1)
CHANGE(leaf_v1, c->leaf.version = 1)
CHANGE(middle_v1, c->middle.version = 1)
CHANGE(leaf_serial, c->leaf.serial = bytes_of(zero_serial, 1))
CHANGE(middle_serial, c->middle.serial = bytes_of(zero_serial, 1))
CHANGE(root_serial, c->root->serial = bytes_of(zero_serial, 1))
CHANGE(leaf_odd_time, c->leaf.has_odd_time = true)
CHANGE(root_odd_time, c->root->has_odd_time = true)
CHANGE(leaf_rsa_1024, c->leaf.key.kind = KEY_RSA; c->leaf.key.bits = 1024)
CHANGE(leaf_rsa_2052, c->leaf.key.kind = KEY_RSA; c->leaf.key.bits = 2052)
CHANGE(leaf_rsa_huge, c->leaf.key.kind = KEY_RSA; c->leaf.key.bits = 16384)
CHANGE(leaf_is_ca, c->leaf.is_ca = true)
CHANGE(leaf_signs, c->leaf.key_usage |= KU_KEY_CERT_SIGN)
CHANGE(leaf_usage, c->leaf.key_usage = KU_KEY_ENCIPHERMENT)
CHANGE(leaf_no_usage, c->leaf.has_key_usage = false; c->leaf.key_usage = 0)
CHANGE(leaf_client_only, c->leaf.eku = EKU_CLIENT)
CHANGE(leaf_any_purpose, c->leaf.eku = EKU_SERVER | EKU_ANY)
CHANGE(leaf_no_purpose, c->leaf.has_eku = false; c->leaf.eku = 0)
CHANGE(client_no_purpose, leaf_no_purpose(c); c->in.purpose = PATH_CLIENT; c->in.name = (struct bj_bytes){ 0 })
CHANGE(leaf_eku_critical, c->leaf.eku_critical = true)
CHANGE(leaf_constrains, c->leaf.name_constraints = bytes_of(permit_com, sizeof(permit_com)))
CHANGE(leaf_no_aki, c->leaf.aki = (struct bj_bytes){ 0 })
CHANGE(leaf_other_aki, c->leaf.aki = bytes_of(other_id, 3))
CHANGE(leaf_no_names, c->leaf.san = (struct bj_bytes){ 0 })
CHANGE(leaf_names_critical, c->leaf.san_critical = true)
CHANGE(leaf_no_issuer, c->leaf.issuer = bytes_of(empty_name, 2))
CHANGE(root_no_issuer, c->root->issuer = bytes_of(empty_name, 2))
CHANGE(leaf_nameless, c->leaf.subject = bytes_of(empty_name, 2))
CHANGE(leaf_critical, c->leaf.has_unknown_critical = true; c->leaf.unknown_critical_oid = bytes_of(unknown_oid, 3))
CHANGE(middle_critical, c->middle.has_unknown_critical = true; c->middle.unknown_critical_oid = bytes_of(unknown_oid, 3))
CHANGE(root_critical, c->root->has_unknown_critical = true; c->root->unknown_critical_oid = bytes_of(unknown_oid, 3))
CHANGE(middle_wrong_critical, c->middle.has_wrong_critical = true; c->middle.wrong_critical_oid = bytes_of(unknown_oid, 3))
CHANGE(middle_policy, c->middle.has_require_explicit = true)
CHANGE(root_policy, c->root->has_require_explicit = true)
CHANGE(middle_no_ca, c->middle.is_ca = false)
CHANGE(root_no_ca, c->root->is_ca = false)
CHANGE(middle_ca_not_critical, c->middle.basic_constraints_critical = false)
CHANGE(root_ca_not_critical, c->root->basic_constraints_critical = false)
CHANGE(middle_usage, c->middle.key_usage = KU_CRL_SIGN)
CHANGE(root_usage, c->root->key_usage = KU_CRL_SIGN)
CHANGE(root_path_len, c->root->has_path_len = true; c->root->path_len = 0)
CHANGE(middle_path_len, c->middle.has_path_len = true; c->middle.path_len = 0)
CHANGE(middle_client_only, c->middle.has_eku = true; c->middle.eku = EKU_CLIENT)
CHANGE(middle_any_purpose, c->middle.has_eku = true; c->middle.eku = EKU_ANY)
CHANGE(root_eku, c->root->has_eku = true; c->root->eku = EKU_SERVER)
CHANGE(middle_no_ski, c->middle.ski = (struct bj_bytes){ 0 })
CHANGE(middle_no_aki, c->middle.aki = (struct bj_bytes){ 0 })
CHANGE(root_no_ski, c->root->ski = (struct bj_bytes){ 0 }; c->root->aki = (struct bj_bytes){ 0 }; c->root->has_aki = false)
CHANGE(root_aki_issuer, c->root->aki_has_issuer = true)
CHANGE(root_aki_other, c->root->aki = bytes_of(other_id, 3))
CHANGE(leaf_sha1, c->leaf.sig_alg = SIG_NONE)
CHANGE(leaf_other_alg, c->leaf.sig_alg = SIG_RSA_PKCS1_SHA256)
CHANGE(middle_sha1, c->middle.sig_alg = SIG_NONE)
CHANGE(root_sha1, c->root->sig_alg = SIG_NONE)
CHANGE(leaf_other_tbs, c->leaf.tbs = c->middle.tbs)
CHANGE(middle_other_tbs, c->middle.tbs = c->leaf.tbs)
CHANGE(other_name, c->in.name = BYTES_LIT("mail.example.com"))
CHANGE(other_ip, c->in.name = BYTES_LIT("192.0.2.2"))
CHANGE(right_ip, c->in.name = BYTES_LIT("192.0.2.1"))
CHANGE(no_host_at_all, c->in.name = BYTES_LIT("not a name"))
CHANGE(wild, c->in.name = BYTES_LIT("A.wild.Example.com."))
CHANGE(too_wild, c->in.name = BYTES_LIT("a.b.wild.example.com"))
CHANGE(as_client, c->in.purpose = PATH_CLIENT; c->in.name = (struct bj_bytes){ 0 })
CHANGE(no_middle, c->in.extra_count = 0)
CHANGE(depth_0, c->in.has_depth_max = true)
CHANGE(depth_1, c->in.has_depth_max = true; c->in.depth_max = 1)
CHANGE(empty_trust, bj_trust_free(c->trust); c->in.trust = c->trust = bj_trust_new())
CHANGE(root_permits_com, c->root->name_constraints = bytes_of(permit_com, sizeof(permit_com)); c->root->name_constraints_critical = true)
CHANGE(middle_permits_com, c->middle.name_constraints = bytes_of(permit_com, sizeof(permit_com)); c->middle.name_constraints_critical = true)
CHANGE(root_permits_org, c->root->name_constraints = bytes_of(permit_org, sizeof(permit_org)); c->root->name_constraints_critical = true)
CHANGE(middle_permits_org, c->middle.name_constraints = bytes_of(permit_org, sizeof(permit_org)); c->middle.name_constraints_critical = true)
CHANGE(middle_excludes_wild, c->middle.name_constraints = bytes_of(exclude_wild, sizeof(exclude_wild)); c->middle.name_constraints_critical = true)
CHANGE(root_excludes_net, c->root->name_constraints = bytes_of(exclude_net, sizeof(exclude_net)); c->root->name_constraints_critical = true)
CHANGE(self_issued_leaf, root_permits_org(c); c->leaf.subject = c->leaf.issuer; c->leaf.subject_hash = c->leaf.issuer_hash;
       c->leaf.is_self_issued = true)
CHANGE(constraints_not_critical, c->root->name_constraints = bytes_of(permit_com, sizeof(permit_com)))
CHANGE(other_constraints_not_critical, c->root->name_constraints = bytes_of(permit_org, sizeof(permit_org)))
CHANGE(root_cross_signed, c->root->issuer = c->middle.subject; c->root->issuer_hash = c->middle.subject_hash;
       c->root->aki = (struct bj_bytes){ 0 }; c->root->is_self_issued = false)
CHANGE(time_is_not_asked, c->leaf.not_after = 0; c->in.check_time = false)
CHANGE(expired_and_unknown, c->leaf.not_after = 0; c->in.extra_count = 0)

static const struct {
	void (*change)(struct chain *c);
	enum bj_err err;
	int index;
	const char *detail; /* must be a part of the verdict's */
} rows[] = {
	{ nothing, BJ_OK, -1, "" },
	{ leaf_expired, BJ_ERR_CERT_EXPIRED, 0, "expired 1 second ago, 2027-01-15 07:59:59 UTC" },
	{ leaf_early, BJ_ERR_CERT_NOT_YET_VALID, 0, "valid in 1 second, from 2027-01-15 08:00:01 UTC" },
	{ middle_expired, BJ_ERR_CERT_EXPIRED, 1, "expired 12 days ago" },
	{ root_expired, BJ_ERR_CERT_EXPIRED, 2, "" },
	{ middle_early, BJ_ERR_CERT_NOT_YET_VALID, 1, "" },
	{ root_early, BJ_ERR_CERT_NOT_YET_VALID, 2, "" },
	{ root_v1, BJ_ERR_CERT_VERSION, 2, "" },
	{ middle_odd_time, BJ_ERR_CERT_TIME, 1, "" },
	{ leaf_and_middle_nameless, BJ_ERR_CERT_NAME_FORM, 0, "the issuer is empty" },
	{ middle_and_root_nameless, BJ_ERR_CERT_NAME_FORM, 1, "the issuer is empty" },
	{ middle_other_issuer, BJ_ERR_CERT_UNKNOWN_CA, 1, "" },
	{ policy_asked, BJ_ERR_CERT_POLICY, 1, "" },
	{ leaf_asks_policy, BJ_ERR_CERT_POLICY, 0, "" },
	{ middle_policy, BJ_ERR_CERT_POLICY, 0, "" },
	{ root_policy, BJ_ERR_CERT_POLICY, 1, "" },
	{ leaf_wrong_critical, BJ_ERR_CERT_EXTENSION, 0, "" },
	{ root_wrong_critical, BJ_ERR_CERT_EXTENSION, 2, "" },
	{ leaf_lacks_critical, BJ_ERR_CERT_EXTENSION, 0, "1.2.3.4 is not critical" },
	{ middle_lacks_critical, BJ_ERR_CERT_EXTENSION, 1, "" },
	{ root_lacks_critical, BJ_ERR_CERT_EXTENSION, 2, "" },
	{ middle_constraints_not_critical, BJ_OK, -1, "" },
	{ middle_bound, BJ_ERR_CERT_ALGORITHM, 0, "" },
	{ root_excludes_leaf, BJ_ERR_CERT_NAME_CONSTRAINT, 0, "DN:CN=leaf is excluded" },
	{ root_excludes_mail, BJ_ERR_CERT_NAME_CONSTRAINT, 0, "email:x@evil.org is excluded" },
	{ self_issued_leaf, BJ_ERR_CERT_NAME_CONSTRAINT, 0, "" },
	{ leaf_v1, BJ_ERR_CERT_VERSION, 0, "" },
	{ middle_v1, BJ_ERR_CERT_VERSION, 1, "" },
	{ leaf_serial, BJ_ERR_CERT_SERIAL, 0, "" },
	{ middle_serial, BJ_ERR_CERT_SERIAL, 1, "" },
	{ root_serial, BJ_OK, -1, "" },
	{ leaf_odd_time, BJ_ERR_CERT_TIME, 0, "" },
	{ root_odd_time, BJ_OK, -1, "" },
	{ leaf_rsa_1024, BJ_ERR_CERT_KEY, 0, "RSA with 1024 bits" },
	{ leaf_rsa_2052, BJ_ERR_CERT_KEY, 0, "RSA with 2052 bits" },
	{ leaf_rsa_huge, BJ_ERR_CERT_KEY, 0, "RSA with 16384 bits" },
	{ leaf_is_ca, BJ_ERR_CERT_CA_AS_LEAF, 0, "" },
	{ leaf_signs, BJ_ERR_CERT_KEY_USAGE, 0, "" },
	{ leaf_usage, BJ_ERR_CERT_KEY_USAGE, 0, "digitalSignature" },
	{ leaf_no_usage, BJ_OK, -1, "" },
	{ leaf_client_only, BJ_ERR_CERT_PURPOSE, 0, "serverAuth" },
	{ leaf_any_purpose, BJ_ERR_CERT_PURPOSE, 0, "" },
	{ leaf_no_purpose, BJ_ERR_CERT_PURPOSE, 0, "no extKeyUsage" },
	{ client_no_purpose, BJ_OK, -1, "" },
	{ leaf_eku_critical, BJ_ERR_CERT_EXTENSION, 0, "" },
	{ leaf_constrains, BJ_ERR_CERT_EXTENSION, 0, "" },
	{ leaf_no_aki, BJ_ERR_CERT_AKI, 0, "" },
	{ leaf_other_aki, BJ_ERR_CERT_AKI, 0, "" },
	{ leaf_no_names, BJ_ERR_CERT_NO_NAMES, 0, "" },
	{ leaf_names_critical, BJ_ERR_CERT_EXTENSION, 0, "" },
	{ leaf_no_issuer, BJ_ERR_CERT_UNKNOWN_CA, 0, "" },
	{ root_no_issuer, BJ_ERR_CERT_NAME_FORM, 2, "the issuer is empty" },
	{ leaf_nameless, BJ_ERR_CERT_EXTENSION, 0, "not critical" },
	{ leaf_critical, BJ_ERR_CERT_CRITICAL, 0, "1.2.3.4" },
	{ middle_critical, BJ_ERR_CERT_CRITICAL, 1, "1.2.3.4" },
	{ root_critical, BJ_ERR_CERT_CRITICAL, 2, "" },
	{ middle_wrong_critical, BJ_ERR_CERT_EXTENSION, 1, "" },
	{ middle_no_ca, BJ_ERR_CERT_NOT_CA, 1, "" },
	{ root_no_ca, BJ_ERR_CERT_NOT_CA, 2, "" },
	{ middle_ca_not_critical, BJ_ERR_CERT_EXTENSION, 1, "" },
	{ root_ca_not_critical, BJ_ERR_CERT_EXTENSION, 2, "" },
	{ middle_usage, BJ_ERR_CERT_KEY_USAGE, 1, "" },
	{ root_usage, BJ_ERR_CERT_KEY_USAGE, 2, "" },
	{ root_path_len, BJ_ERR_CERT_PATH_LENGTH, 2, "allows 0 CAs below it, there are 1" },
	{ middle_path_len, BJ_OK, -1, "" },
	{ middle_client_only, BJ_ERR_CERT_PURPOSE, 1, "" },
	{ middle_any_purpose, BJ_OK, -1, "" },
	{ root_eku, BJ_ERR_CERT_PURPOSE, 2, "" },
	{ middle_no_ski, BJ_ERR_CERT_AKI, 1, "" },
	{ middle_no_aki, BJ_ERR_CERT_AKI, 1, "" },
	{ root_no_ski, BJ_ERR_CERT_AKI, 2, "" },
	{ root_aki_issuer, BJ_ERR_CERT_AKI, 2, "" },
	{ root_aki_other, BJ_ERR_CERT_AKI, 2, "" },
	{ leaf_sha1, BJ_ERR_CERT_ALGORITHM, 0, "" },
	{ leaf_other_alg, BJ_ERR_CERT_ALGORITHM, 0, "" },
	{ middle_sha1, BJ_ERR_CERT_ALGORITHM, 1, "" },
	{ root_sha1, BJ_OK, -1, "" },
	{ leaf_other_tbs, BJ_ERR_CERT_SIGNATURE, 0, "" },
	{ middle_other_tbs, BJ_ERR_CERT_SIGNATURE, 1, "" },
	{ other_name, BJ_ERR_CERT_NAME, 0, "it is for DNS:www.example.com,DNS:*.wild.example.com,IP:192.0.2.1" },
	{ other_ip, BJ_ERR_CERT_NAME, 0, "" },
	{ right_ip, BJ_OK, -1, "" },
	{ no_host_at_all, BJ_ERR_CONFIG_BAD_NAME, -1, "" },
	{ wild, BJ_OK, -1, "" },
	{ too_wild, BJ_ERR_CERT_NAME, 0, "" },
	{ as_client, BJ_ERR_CERT_PURPOSE, 0, "clientAuth" },
	{ no_middle, BJ_ERR_CERT_UNKNOWN_CA, 0, "neither known nor sent" },
	{ depth_0, BJ_ERR_CERT_PATH_LENGTH, 0, "" },
	{ depth_1, BJ_OK, -1, "" },
	{ empty_trust, BJ_ERR_CERT_UNKNOWN_CA, 1, "" },
	{ root_permits_com, BJ_OK, -1, "" },
	{ middle_permits_com, BJ_OK, -1, "" },
	{ root_permits_org, BJ_ERR_CERT_NAME_CONSTRAINT, 0, "DNS:www.example.com is not permitted by CN=Root" },
	{ middle_permits_org, BJ_ERR_CERT_NAME_CONSTRAINT, 0, "not permitted by CN=Middle" },
	{ middle_excludes_wild, BJ_ERR_CERT_NAME_CONSTRAINT, 0, "DNS:*.wild.example.com is excluded" },
	{ root_excludes_net, BJ_ERR_CERT_NAME_CONSTRAINT, 0, "IP:192.0.2.1 is excluded" },
	{ constraints_not_critical, BJ_OK, -1, "" },
	{ other_constraints_not_critical, BJ_ERR_CERT_NAME_CONSTRAINT, 0, "" },
	{ time_is_not_asked, BJ_OK, -1, "" },
	{ expired_and_unknown, BJ_ERR_CERT_UNKNOWN_CA, 0, "" },
};

static void one_thing_wrong_is_found_and_named(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct bj_verdict verdict;
		struct chain c;

		chain_init(&c);
		rows[i].change(&c);
		judge(&c, &verdict);
		if (verdict.err != rows[i].err || verdict.index != rows[i].index || !strstr(verdict.detail, rows[i].detail))
			fail_msg("row %zu: %s at %d (%s): %s", i, bj_err_name(verdict.err), verdict.index, verdict.rule, verdict.detail);
		if (!verdict.err)
			assert_int_equal(verdict.path_len, 3);
	}
}

/* ---- other shapes of chains */

static void an_anchor_needs_no_signature_but_its_name_and_key(void **state)
{
	struct bj_verdict verdict;
	struct chain c;

	chain_init(&c);
	c.root->tbs = c.root->signature = (struct bj_bytes){ 0 };
	assert_int_equal(judge(&c, &verdict), BJ_OK);
	assert_string_equal(verdict.anchor, "CN=Root");
	chain_init(&c);
	c.root->key = c.leaf.key;
	assert_int_equal(judge(&c, &verdict), BJ_ERR_CERT_SIGNATURE);
	assert_int_equal(verdict.index, 1);
}

static void a_ca_of_the_same_name_with_another_key_is_told_apart(void **state)
{
	struct made_cert impostor = { 0 };
	struct bj_verdict verdict;
	struct chain c;

	made_cert_issue(&impostor, (struct issue){ .kind = ISSUE_CA, .common_name = "Root" }, NULL);
	chain_init(&c);
	bj_trust_free(c.trust);
	c.in.trust = c.trust = bj_trust_new();
	assert_int_equal(bj_trust_add_der(c.trust, impostor.der, impostor.cert.der.len), BJ_OK);
	assert_int_equal(judge(&c, &verdict), BJ_ERR_CERT_UNKNOWN_CA);
	assert_int_equal(verdict.index, 1);
	assert_non_null(strstr(verdict.detail, "another key"));
	made_cert_free(&impostor);
}

static void an_intermediate_can_be_an_anchor(void **state)
{
	struct bj_verdict verdict;
	struct chain c;

	chain_init(&c);
	bj_trust_free(c.trust);
	c.in.trust = c.trust = bj_trust_new();
	assert_int_equal(bj_trust_add_der(c.trust, middle.der, middle.cert.der.len), BJ_OK);
	c.in.extra_count = 0;
	assert_int_equal(judge(&c, &verdict), BJ_OK);
	assert_int_equal(verdict.path_len, 2);
	chain_init(&c);
	bj_trust_free(c.trust);
	c.in.trust = c.trust = bj_trust_new();
	assert_int_equal(bj_trust_add_der(c.trust, middle.der, middle.cert.der.len), BJ_OK);
	c.in.extra_count = 0;
	c.root = (struct cert *)(uintptr_t)&trust_first(c.trust, middle.cert.subject_hash)->cert;
	c.root->has_eku = true; /* which only a root must not have */
	c.root->eku = EKU_CLIENT;
	assert_int_equal(judge(&c, &verdict), BJ_ERR_CERT_PURPOSE);
	assert_int_equal(verdict.index, 1);
}

static void the_reason_is_that_of_the_path_which_ends_at_an_anchor(void **state)
{
	struct bj_verdict verdict;
	struct cert extra[2];
	struct chain c;

	chain_init(&c);
	extra[0] = extra[1] = c.middle;
	extra[0].not_after = MADE_NOW - 1; /* and its issuer is nowhere */
	extra[0].issuer_hash++;
	extra[1].is_ca = false;
	c.in.extra = extra;
	c.in.extra_count = 2;
	assert_int_equal(judge(&c, &verdict), BJ_ERR_CERT_NOT_CA);
}

static void rsa_keys_of_cas_are_measured_too(void **state)
{
	static const struct { bool odd_top, odd_sub, weak; enum bj_err err; int index; } cases[] = {
		{ false, false, false, BJ_OK, -1 },
		{ false, true, false, BJ_ERR_CERT_KEY, 1 },
		{ true, false, false, BJ_ERR_CERT_KEY, 2 },
		{ false, false, true, BJ_ERR_CERT_KEY, 0 }, /* the mathematics refuse it before the rule can */
	};
	struct pkey *good, *odd;

	assert_int_equal(pkey_generate(KEY_RSA, 2048, &good), BJ_OK);
	assert_int_equal(pkey_generate(KEY_RSA, 2052, &odd), BJ_OK);
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct made_cert top = { .key = pkey_ref(cases[i].odd_top ? odd : good) };
		struct made_cert sub = { .key = pkey_ref(cases[i].odd_sub ? odd : good) }, end = { 0 };
		struct bj_verdict verdict;
		struct chain c;

		made_cert_issue(&top, (struct issue){ .kind = ISSUE_CA, .common_name = "Top" }, NULL);
		made_cert_issue(&sub, (struct issue){ .kind = ISSUE_CA, .common_name = "Sub" }, &top);
		made_cert_issue(&end, (struct issue){ .kind = ISSUE_SERVER, .names = leaf_names, .name_count = 1 }, &sub);
		chain_init(&c);
		assert_int_equal(bj_trust_add_der(c.trust, top.der, top.cert.der.len), BJ_OK);
		c.leaf = end.cert;
		c.middle = sub.cert;
		if (cases[i].weak)
			c.middle.key.bits = 1024;
		assert_int_equal(judge(&c, &verdict), cases[i].err);
		assert_int_equal(verdict.index, cases[i].index);
		made_cert_free(&top);
		made_cert_free(&sub);
		made_cert_free(&end);
	}
	pkey_free(good);
	pkey_free(odd);
}

static void names_times_subtrees_are_counted(void **state)
{
	static uint8_t san[4096 * 3 + 20], constraints[4 + 100 * 5];
	struct writer w = wr_make(san, sizeof(san));
	struct bj_verdict verdict;
	struct chain c;

	chain_init(&c);
	wr_raw(&w, "\x82\x0f" "www.example.com", 17);
	for (size_t i = 0; i < 4095; i++)
		wr_raw(&w, "\x82\x01" "a", 3);
	c.leaf.san = wr_view(&w);
	w = wr_make(constraints, sizeof(constraints));
	wr_raw(&w, "\xa1\x82\x01\xf4", 4);
	for (size_t i = 0; i < 100; i++)
		wr_raw(&w, "\x30\x03\x82\x01" "b", 5);
	c.root->name_constraints = wr_view(&w);
	c.root->name_constraints_critical = true;
	assert_int_equal(judge(&c, &verdict), BJ_ERR_CERT_BUDGET);
}

/* Excluded subtrees: `count` of them, each with this base. */
static struct bj_bytes subtrees(uint8_t *buf, size_t cap, uint8_t tag, struct bj_bytes base, size_t count)
{
	struct writer w = wr_make(buf, cap);
	size_t list = dw_open(&w, DER_CONTEXT_CONSTRUCTED(1));

	for (size_t i = 0; i < count; i++) {
		size_t subtree = dw_open(&w, DER_SEQUENCE);

		dw_item(&w, tag, base);
		dw_close(&w, subtree);
	}
	dw_close(&w, list);
	assert_true(wr_ok(&w) && name_constraints_are_valid(wr_view(&w)));
	return wr_view(&w);
}

static void names_and_subtrees_are_counted_by_their_length(void **state)
{
	enum { CAP = 60000, LONG = 40000 };
	uint8_t *san = malloc(CAP), *constraints = malloc(CAP), *text = malloc(CAP);
	struct writer w = wr_make(san, CAP), base = wr_make(text, CAP);
	struct bj_verdict verdict;
	struct chain c;
	size_t mark;

	assert_true(san && constraints && text);
	/* many short names, and one subtree of another kind that takes long to read */
	chain_init(&c);
	wr_raw(&w, "\x82\x0f" "www.example.com", 17);
	for (size_t i = 0; i < 4095; i++)
		wr_raw(&w, "\x82\x01" "a", 3);
	c.leaf.san = wr_view(&w);
	wr_raw(&base, "\x06\x01\x2a", 3);
	mark = dw_open(&base, DER_CONTEXT_CONSTRUCTED(0));
	for (size_t i = 0; i < LONG; i += 2)
		wr_raw(&base, "\x05\x00", 2);
	dw_close(&base, mark);
	c.root->name_constraints = subtrees(constraints, CAP, DER_CONTEXT_CONSTRUCTED(GN_OTHER), wr_view(&base), 1);
	c.root->name_constraints_critical = true;
	assert_int_equal(judge(&c, &verdict), BJ_ERR_CERT_BUDGET);
	/* one long name, and many short subtrees */
	chain_init(&c);
	w = wr_make(san, CAP);
	wr_raw(&w, "\x82\x0f" "www.example.com", 17);
	memset(text, 'a', LONG);
	memcpy(text + LONG, "@a.b", 4);
	dw_item(&w, DER_CONTEXT(GN_EMAIL), bytes_of(text, LONG + 4));
	c.leaf.san = wr_view(&w);
	c.root->name_constraints = subtrees(constraints, CAP, DER_CONTEXT(GN_EMAIL), BYTES_LIT("b.c"), 4000);
	c.root->name_constraints_critical = true;
	assert_int_equal(judge(&c, &verdict), BJ_ERR_CERT_BUDGET);
	free(text);
	free(constraints);
	free(san);
}

static const struct {
	void (*change)(struct chain *c);
	enum bj_err err;
} pinned_rows[] = {
	{ nothing, BJ_OK },
	{ leaf_is_ca, BJ_OK }, /* as people make them by hand */
	{ leaf_no_aki, BJ_OK },
	{ leaf_v1, BJ_ERR_CERT_VERSION },
	{ leaf_no_issuer, BJ_ERR_CERT_NAME_FORM },
	{ leaf_expired, BJ_ERR_CERT_EXPIRED },
	{ leaf_early, BJ_ERR_CERT_NOT_YET_VALID },
	{ leaf_no_names, BJ_ERR_CERT_NO_NAMES },
	{ other_name, BJ_ERR_CERT_NAME },
	{ leaf_usage, BJ_ERR_CERT_KEY_USAGE },
	{ leaf_client_only, BJ_ERR_CERT_PURPOSE },
	{ leaf_rsa_1024, BJ_ERR_CERT_KEY },
	{ leaf_critical, BJ_ERR_CERT_CRITICAL },
	{ leaf_wrong_critical, BJ_ERR_CERT_EXTENSION },
	{ leaf_lacks_critical, BJ_ERR_CERT_EXTENSION },
};

static void an_end_entity_that_is_an_anchor_is_believed_within_its_names_and_dates(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(pinned_rows); i++) {
		struct bj_verdict verdict;
		struct chain c;

		chain_init(&c);
		bj_trust_free(c.trust);
		c.in.trust = c.trust = bj_trust_new();
		c.in.extra_count = 0;
		assert_int_equal(bj_trust_add_der(c.trust, leaf.der, leaf.cert.der.len), BJ_OK);
		pinned_rows[i].change(&c);
		if (judge(&c, &verdict) != pinned_rows[i].err)
			fail_msg("row %zu: %s", i, bj_err_name(verdict.err));
		assert_int_equal(verdict.index, verdict.err ? 0 : -1);
	}
}

/* What the profile of rfc5280 lets through, and a few of the things that it does not. */
static const struct {
	void (*change)(struct chain *c);
	enum bj_err web, rfc;
} profile_rows[] = {
	{ nothing, BJ_OK, BJ_OK },
	{ leaf_is_ca, BJ_ERR_CERT_CA_AS_LEAF, BJ_OK },
	{ leaf_any_purpose, BJ_ERR_CERT_PURPOSE, BJ_OK },
	{ leaf_eku_critical, BJ_ERR_CERT_EXTENSION, BJ_OK },
	{ leaf_lacks_critical, BJ_ERR_CERT_EXTENSION, BJ_ERR_CERT_EXTENSION },
	{ middle_lacks_critical, BJ_ERR_CERT_EXTENSION, BJ_ERR_CERT_EXTENSION },
	{ leaf_no_purpose, BJ_ERR_CERT_PURPOSE, BJ_OK },
	{ old_middle_lacks_critical, BJ_ERR_CERT_EXTENSION, BJ_OK },
	{ root_lacks_critical, BJ_ERR_CERT_EXTENSION, BJ_ERR_CERT_EXTENSION },
	{ root_ca_not_critical, BJ_ERR_CERT_EXTENSION, BJ_ERR_CERT_EXTENSION },
	{ root_cross_signed, BJ_OK, BJ_ERR_CERT_AKI },
	{ leaf_odd_time, BJ_ERR_CERT_TIME, BJ_OK },
	{ middle_ca_not_critical, BJ_ERR_CERT_EXTENSION, BJ_OK },
	{ root_eku, BJ_ERR_CERT_PURPOSE, BJ_OK },
	{ root_aki_issuer, BJ_ERR_CERT_AKI, BJ_OK },
	{ leaf_signs, BJ_ERR_CERT_KEY_USAGE, BJ_ERR_CERT_KEY_USAGE },
	{ leaf_wrong_critical, BJ_ERR_CERT_EXTENSION, BJ_ERR_CERT_EXTENSION },
	{ leaf_critical, BJ_ERR_CERT_CRITICAL, BJ_ERR_CERT_CRITICAL },
	{ leaf_expired, BJ_ERR_CERT_EXPIRED, BJ_ERR_CERT_EXPIRED },
	{ middle_no_ca, BJ_ERR_CERT_NOT_CA, BJ_ERR_CERT_NOT_CA },
	{ middle_usage, BJ_ERR_CERT_KEY_USAGE, BJ_ERR_CERT_KEY_USAGE },
	{ root_path_len, BJ_ERR_CERT_PATH_LENGTH, BJ_ERR_CERT_PATH_LENGTH },
	{ constraints_not_critical, BJ_OK, BJ_ERR_CERT_EXTENSION },
	{ middle_constraints_not_critical, BJ_OK, BJ_ERR_CERT_EXTENSION },
	{ leaf_rsa_1024, BJ_ERR_CERT_KEY, BJ_ERR_CERT_KEY },
	{ other_name, BJ_ERR_CERT_NAME, BJ_ERR_CERT_NAME },
	{ leaf_sha1, BJ_ERR_CERT_ALGORITHM, BJ_ERR_CERT_ALGORITHM },
};

static void the_profile_of_the_rfc_leaves_out_what_only_the_web_asks(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(profile_rows); i++) {
		for (unsigned rfc = 0; rfc < 2; rfc++) {
			struct bj_verdict verdict;
			struct chain c;

			chain_init(&c);
			c.in.profile = rfc ? PROFILE_RFC5280 : PROFILE_WEBPKI;
			profile_rows[i].change(&c);
			if (judge(&c, &verdict) != (rfc ? profile_rows[i].rfc : profile_rows[i].web))
				fail_msg("row %zu, profile %u: %s", i, rfc, bj_err_name(verdict.err));
		}
	}
}

static void a_self_signed_end_entity_is_named_as_such(void **state)
{
	struct bj_verdict verdict;
	struct chain c;

	chain_init(&c);
	c.leaf = middle.cert; /* its key did not sign it, but that is not reached */
	c.leaf.issuer = c.leaf.subject;
	c.leaf.issuer_hash = c.leaf.subject_hash;
	c.leaf.is_self_issued = true;
	c.in.extra_count = 0;
	assert_int_equal(judge(&c, &verdict), BJ_ERR_CERT_SELF_SIGNED);
	assert_int_equal(verdict.index, 0);
}

static void an_expired_intermediate_is_passed_by_for_a_good_one(void **state)
{
	struct bj_verdict verdict;
	struct cert extra[3];
	struct chain c;

	chain_init(&c);
	extra[0] = extra[1] = extra[2] = c.middle;
	extra[0].not_after = MADE_NOW - 1;
	extra[1].is_ca = false;
	c.in.extra = extra;
	c.in.extra_count = 3;
	assert_int_equal(judge(&c, &verdict), BJ_OK);
}

static void circles_end(void **state)
{
	struct made_cert a = { 0 }, b = { 0 }, end = { 0 };
	struct cert extra[2];
	struct bj_verdict verdict;
	struct chain c;

	made_cert_issue(&a, (struct issue){ .kind = ISSUE_CA, .common_name = "A" }, NULL);
	made_cert_issue(&b, (struct issue){ .kind = ISSUE_CA, .common_name = "B" }, &a);
	made_cert_issue(&a, (struct issue){ .kind = ISSUE_CA, .common_name = "A" }, &b);
	made_cert_issue(&end, (struct issue){ .kind = ISSUE_SERVER, .names = leaf_names, .name_count = 1 }, &a);
	chain_init(&c);
	c.leaf = end.cert;
	extra[0] = a.cert;
	extra[1] = b.cert;
	c.in.extra = extra;
	c.in.extra_count = 2;
	assert_int_equal(judge(&c, &verdict), BJ_ERR_CERT_UNKNOWN_CA);
	assert_int_equal(verdict.index, 2);
	made_cert_free(&a);
	made_cert_free(&b);
	made_cert_free(&end);
}

#define LONG_CHAIN (PATH_DEPTH_MAX + 1)

static void a_chain_longer_than_the_limit_is_refused(void **state)
{
	static struct made_cert cas[LONG_CHAIN], end;
	static struct cert extra[LONG_CHAIN];

	for (size_t count = LONG_CHAIN - 1; count <= LONG_CHAIN; count++) {
		struct bj_verdict verdict;
		struct chain c;

		for (size_t i = 0; i < count; i++) {
			char name[] = { 'C', (char)('a' + i), 0 };

			made_cert_issue(&cas[i], (struct issue){ .kind = ISSUE_CA, .common_name = name }, i ? &cas[i - 1] : &root);
			extra[i] = cas[i].cert;
		}
		made_cert_issue(&end, (struct issue){ .kind = ISSUE_SERVER, .names = leaf_names, .name_count = 1 }, &cas[count - 1]);
		chain_init(&c);
		c.leaf = end.cert;
		c.in.extra = extra;
		c.in.extra_count = count;
		if (count <= PATH_DEPTH_MAX) {
			assert_int_equal(judge(&c, &verdict), BJ_OK);
			assert_int_equal(verdict.path_len, PATH_DEPTH_MAX + 2);
		} else {
			assert_int_equal(judge(&c, &verdict), BJ_ERR_CERT_PATH_LENGTH);
		}
	}
	for (size_t i = 0; i < LONG_CHAIN; i++)
		made_cert_free(&cas[i]);
	made_cert_free(&end);
}

static void self_issued_cas_do_not_count_but_are_limited(void **state)
{
	static const char *const other_names[] = { "www.example.org" };
	struct made_cert second = { 0 }, end = { 0 };
	struct cert extra[2];
	struct bj_verdict verdict;
	struct chain c;

	/* a new key of the same CA, certified by the old one */
	made_cert_issue(&second, (struct issue){ .kind = ISSUE_CA, .common_name = "Middle" }, &middle);
	made_cert_issue(&end, (struct issue){ .kind = ISSUE_SERVER, .names = leaf_names, .name_count = 1 }, &second);
	chain_init(&c);
	c.leaf = end.cert;
	extra[0] = second.cert;
	extra[1] = middle.cert;
	extra[1].has_path_len = true;
	c.in.extra = extra;
	c.in.extra_count = 2;
	c.in.has_depth_max = true;
	c.in.depth_max = 1;
	assert_int_equal(judge(&c, &verdict), BJ_OK);
	assert_int_equal(verdict.path_len, 4);
	/* nor does a CA constrain their names */
	made_cert_issue(&second, (struct issue){ .kind = ISSUE_CA, .common_name = "Middle", .names = other_names, .name_count = 1 },
			&middle);
	chain_init(&c);
	c.leaf = end.cert;
	extra[0] = second.cert;
	c.in.extra = extra;
	c.in.extra_count = 2;
	root_permits_com(&c);
	assert_int_equal(judge(&c, &verdict), BJ_OK);
	/* another CA counts, and is constrained */
	made_cert_issue(&second, (struct issue){ .kind = ISSUE_CA, .common_name = "Second", .names = other_names, .name_count = 1 },
			&middle);
	made_cert_issue(&end, (struct issue){ .kind = ISSUE_SERVER, .names = leaf_names, .name_count = 1 }, &second);
	chain_init(&c);
	c.leaf = end.cert;
	extra[0] = second.cert;
	c.in.extra = extra;
	c.in.extra_count = 2;
	assert_int_equal(judge(&c, &verdict), BJ_ERR_CERT_PATH_LENGTH);
	assert_int_equal(verdict.index, 2);
	chain_init(&c);
	c.leaf = end.cert;
	extra[0] = second.cert;
	extra[1] = middle.cert;
	c.in.extra = extra;
	c.in.extra_count = 2;
	root_permits_com(&c);
	assert_int_equal(judge(&c, &verdict), BJ_ERR_CERT_NAME_CONSTRAINT);
	assert_int_equal(verdict.index, 1);
	made_cert_free(&second);
	made_cert_free(&end);
}

/* A name of 8 sets with 8 attributes each, in one order or the other: as slow to compare as any. */
static struct bj_bytes slow_name(uint8_t *buf, size_t cap, bool turned)
{
	struct writer w = wr_make(buf, cap);
	size_t name = dw_open(&w, DER_SEQUENCE);
	uint8_t value[900] = { 0 };

	memset(value, 'a', sizeof(value));
	for (unsigned s = 0; s < 8; s++) {
		size_t set = dw_open(&w, DER_SET);

		for (unsigned i = 0; i < 8; i++) {
			size_t attribute = dw_open(&w, DER_SEQUENCE);

			value[sizeof(value) - 1] = (uint8_t)('a' + (turned ? 7 - i : i));
			dw_item(&w, DER_OID, oid_bytes(OID_AT_CN));
			dw_item(&w, DER_PRINTABLE_STRING, bytes_of(value, sizeof(value)));
			dw_close(&w, attribute);
		}
		dw_close(&w, set);
	}
	dw_close(&w, name);
	assert_true(wr_ok(&w) && name_is_valid(wr_view(&w)));
	return wr_view(&w);
}

static void names_made_to_be_slow_to_compare_are_counted_by_their_length(void **state)
{
	enum { EXTRAS = 100, CAP = 60000 };
	uint8_t *here = malloc(CAP), *there = malloc(CAP);
	struct cert *extra = calloc(EXTRAS, sizeof(*extra));
	struct bj_verdict verdict;
	struct chain c;

	assert_true(here && there && extra);
	chain_init(&c);
	c.leaf.issuer = slow_name(here, CAP, false);
	c.leaf.issuer_hash = name_hash(c.leaf.issuer);
	for (size_t i = 0; i < EXTRAS; i++) {
		extra[i] = middle.cert;
		extra[i].subject = slow_name(there, CAP, true);
		extra[i].subject_hash = c.leaf.issuer_hash;
		extra[i].ski = bytes_of(other_id, sizeof(other_id)); /* so that none of them ends the search */
	}
	assert_true(name_equal(c.leaf.issuer, extra[0].subject));
	c.in.extra = extra;
	c.in.extra_count = 10;
	assert_int_equal(judge(&c, &verdict), BJ_ERR_CERT_AKI);
	chain_init(&c);
	c.leaf.issuer = bytes_of(here, 4 + (size_t)(here[2] << 8 | here[3]));
	c.leaf.issuer_hash = extra[0].subject_hash;
	c.in.extra = extra;
	c.in.extra_count = EXTRAS;
	assert_int_equal(judge(&c, &verdict), BJ_ERR_CERT_BUDGET);
	free(extra);
	free(there);
	free(here);
}

static void the_budget_of_signatures_ends_the_search(void **state)
{
	static struct cert extra[PATH_BUDGET_SIGNATURES + 10];
	static struct made_cert other[PATH_BUDGET_SIGNATURES + 10];
	struct bj_verdict verdict;
	struct chain c;

	chain_init(&c);
	c.leaf.aki = (struct bj_bytes){ 0 }; /* no hint which CA it is */
	for (size_t i = 0; i < ARRAY_COUNT(extra); i++) {
		made_cert_issue(&other[i], (struct issue){ .kind = ISSUE_CA, .common_name = "Middle" }, NULL);
		extra[i] = other[i].cert;
	}
	extra[ARRAY_COUNT(extra) - 1] = c.middle; /* the right one comes too late */
	c.in.extra = extra;
	c.in.extra_count = ARRAY_COUNT(extra);
	assert_int_equal(judge(&c, &verdict), BJ_ERR_CERT_BUDGET);
	for (size_t i = 0; i < ARRAY_COUNT(other); i++)
		made_cert_free(&other[i]);
}

static enum bj_err judge_made(struct issue in, enum path_purpose purpose, const char *name)
{
	struct made_cert end = { 0 };
	struct bj_verdict verdict;
	struct chain c;

	made_cert_issue(&end, in, &middle);
	chain_init(&c);
	c.leaf = end.cert;
	c.in.purpose = purpose;
	c.in.name = bytes_text(name);
	judge(&c, &verdict);
	made_cert_free(&end);
	return verdict.err;
}

static void a_common_name_that_could_mislead_is_refused(void **state)
{
	static const char *const names[] = { "www.example.com", "xn--n3h.example.com", "192.0.2.1", "2001:db8::1" };
	static const struct { const char *cn; enum bj_err err; } cases[] = {
		{ "www.example.com", BJ_OK },          { "xn--n3h.example.com", BJ_OK },
		{ "192.0.2.1", BJ_OK },                { "2001:db8::1", BJ_OK },
		{ "other.example.com", BJ_ERR_CERT_NAME_FORM }, { "A Server. Of Ours", BJ_OK },
		{ "Other.Example.Com", BJ_ERR_CERT_NAME_FORM }, { "example.com", BJ_OK },
		{ "example.org", BJ_OK },              { "www.example.org", BJ_OK },
		{ "192.0.2.2", BJ_OK },                { "localhost", BJ_OK },
		{ "0xC0000201", BJ_ERR_CERT_NAME_FORM }, { "0xc0.0.2.1", BJ_ERR_CERT_NAME_FORM },
		{ "3221225985", BJ_ERR_CERT_NAME_FORM }, { "030000001001", BJ_ERR_CERT_NAME_FORM },
		{ "face", BJ_OK },                       { "0xyz", BJ_OK },
		{ "xn--n3h", BJ_OK },                  { "WWW.example.com", BJ_ERR_CERT_NAME_FORM },
		{ "xn--nxasmq6b.com", BJ_ERR_CERT_NAME_FORM }, { "b\xc3\xbc" "cher.example", BJ_ERR_CERT_NAME_FORM },
		{ "192.0.2.001", BJ_ERR_CERT_NAME_FORM }, { "2001:DB8::1", BJ_ERR_CERT_NAME_FORM },
		{ "2001:db8:0::1", BJ_ERR_CERT_NAME_FORM },
	};

	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct issue in = { .kind = ISSUE_SERVER, .common_name = cases[i].cn, .names = names, .name_count = 4 };

		if (judge_made(in, PATH_SERVER, "www.example.com") != cases[i].err)
			fail_msg("%s is not judged with %s", cases[i].cn, bj_err_name(cases[i].err));
	}
}

/* Of several the last one is no better than the others; a wildcard names no host. */
static void each_common_name_counts_but_not_beside_a_wildcard(void **state)
{
	static const char *const wild[] = { "*.example.com", "192.0.2.1" };
	static const uint8_t two[] = { 0x30, 53, 0x31, 25, 0x30, 23, 0x06, 3, 0x55, 4, 3, 0x0c, 16, 'e', 'v', 'i', 'l', '.', 'e', 'x', 'a', 'm', 'p',
				       'l', 'e', '.', 'c', 'o', 'm', 0x31, 24, 0x30, 22, 0x06, 3, 0x55, 4, 3, 0x0c, 15, 'w', 'w', 'w', '.', 'e', 'x', 'a', 'm', 'p',
				       'l', 'e', '.', 'c', 'o', 'm' };
	static const struct { const char *cn; enum bj_err err; } cases[] = {
		{ "foo.example.com", BJ_OK }, { "*.example.com", BJ_OK },
		{ "*.EXAMPLE.com", BJ_ERR_CERT_NAME_FORM }, { "xn--n3h.com", BJ_ERR_CERT_NAME_FORM },
		{ "192.0.2.9", BJ_OK },       { "192.0.2.01", BJ_ERR_CERT_NAME_FORM },
	};
	struct bj_verdict verdict;
	struct chain c;

	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct issue in = { .kind = ISSUE_SERVER, .common_name = cases[i].cn, .names = wild, .name_count = 2 };

		if (judge_made(in, PATH_SERVER, "www.example.com") != cases[i].err)
			fail_msg("%s is not judged with %s", cases[i].cn, bj_err_name(cases[i].err));
	}
	chain_init(&c);
	c.leaf.subject = bytes_of(two, sizeof(two));
	assert_int_equal(judge(&c, &verdict), BJ_ERR_CERT_NAME_FORM);
	assert_non_null(strstr(verdict.detail, "evil.example.com"));
}

/* Each is looked for in all alternative names. */
static void more_common_names_than_a_few_are_refused(void **state)
{
	for (unsigned count = 4; count <= 5; count++) {
		uint8_t buf[400];
		struct writer w = wr_make(buf, sizeof(buf));
		size_t name = dw_open(&w, DER_SEQUENCE);
		struct bj_verdict verdict;
		struct chain c;

		for (unsigned i = 0; i < count; i++) {
			size_t set = dw_open(&w, DER_SET), attribute = dw_open(&w, DER_SEQUENCE);

			dw_item(&w, DER_OID, oid_bytes(OID_AT_CN));
			dw_item(&w, DER_UTF8_STRING, BYTES_LIT("www.example.com"));
			dw_close(&w, attribute);
			dw_close(&w, set);
		}
		dw_close(&w, name);
		chain_init(&c);
		c.leaf.subject = wr_view(&w);
		assert_int_equal(judge(&c, &verdict), count == 4 ? BJ_OK : BJ_ERR_CERT_NAME_FORM);
	}
}

static void clients_need_no_alternative_name(void **state)
{
	struct issue in = { .kind = ISSUE_CLIENT, .common_name = "WWW.example.com" };

	assert_int_equal(judge_made(in, PATH_CLIENT, NULL), BJ_OK);
	assert_int_equal(judge_made(in, PATH_SERVER, NULL), BJ_ERR_CERT_NO_NAMES);
	assert_int_equal(judge_made(in, PATH_ANY, NULL), BJ_OK);
}

/* ---- the public calls */

static void chains_of_bytes_are_judged_the_same(void **state)
{
	struct bj_trust *trust = bj_trust_new();
	struct made_cert client = { 0 };
	struct bj_bytes chain[20] = { leaf.cert.der, middle.cert.der };
	struct bj_verdict verdict;
	int64_t now_ms = (int64_t)MADE_NOW * 1000;

	assert_int_equal(bj_trust_add_der(trust, root.der, root.cert.der.len), BJ_OK);
	assert_int_equal(bj_verify_server(trust, chain, 2, "www.example.com", now_ms, &verdict), BJ_OK);
	assert_int_equal(bj_verify_server(trust, chain, 2, NULL, now_ms, &verdict), BJ_OK);
	assert_int_equal(bj_verify_server(trust, chain, 2, "", now_ms, &verdict), BJ_ERR_CONFIG_BAD_NAME);
	assert_int_equal(bj_verify_server(trust, chain, 2, "example.com", now_ms, &verdict), BJ_ERR_CERT_NAME);
	assert_int_equal(bj_verify_server(trust, chain, 0, "www.example.com", now_ms, &verdict), BJ_ERR_ARGUMENT);
	assert_int_equal(path_verify(&(struct path_input){ .leaf = &leaf.cert }, &verdict), BJ_ERR_ARGUMENT);
	assert_int_equal(path_verify(&(struct path_input){ .trust = trust }, &verdict), BJ_ERR_ARGUMENT);
	assert_int_equal(bj_verify_server(NULL, chain, 2, "www.example.com", now_ms, &verdict), BJ_ERR_ARGUMENT);
	assert_int_equal(bj_verify_client(trust, chain, 2, now_ms, &verdict), BJ_ERR_CERT_PURPOSE);
	made_cert_issue(&client, (struct issue){ .kind = ISSUE_CLIENT, .common_name = "c", .names = leaf_names, .name_count = 1 }, &middle);
	chain[0] = client.cert.der;
	assert_int_equal(bj_verify_client(trust, chain, 2, now_ms, &verdict), BJ_OK);
	assert_int_equal(bj_verify_server(trust, chain, 2, "www.example.com", now_ms, &verdict), BJ_ERR_CERT_PURPOSE);
	made_cert_free(&client);
	chain[0] = leaf.cert.der;
	assert_int_equal(bj_verify_server(trust, chain, 2, "www.example.com", (MADE_NOW + 1000) * INT64_C(1000) + 999, &verdict), BJ_OK);
	assert_int_equal(bj_verify_server(trust, chain, 2, "www.example.com", (MADE_NOW + 1001) * INT64_C(1000), &verdict),
			 BJ_ERR_CERT_EXPIRED);
	chain[1] = bytes_of(middle.der, middle.cert.der.len - 1);
	assert_int_equal(bj_verify_server(trust, chain, 2, "www.example.com", now_ms, &verdict), BJ_ERR_CERT_DER);
	assert_int_equal(verdict.index, 1);
	chain[2] = middle.cert.der; /* what cannot be read is passed over */
	assert_int_equal(bj_verify_server(trust, chain, 3, "www.example.com", now_ms, &verdict), BJ_OK);
	chain[0] = bytes_of(leaf.der, leaf.cert.der.len - 1);
	assert_int_equal(bj_verify_server(trust, chain, 3, "www.example.com", now_ms, &verdict), BJ_ERR_CERT_DER);
	assert_int_equal(verdict.index, 0);
	chain[0] = leaf.cert.der;
	for (size_t i = 1; i < 20; i++)
		chain[i] = middle.cert.der;
	assert_int_equal(bj_verify_server(trust, chain, 17, "www.example.com", now_ms, &verdict), BJ_ERR_CERT_CHAIN_TOO_LONG);
	assert_int_equal(bj_verify_server(trust, chain, 16, "www.example.com", now_ms, &verdict), BJ_OK);
	bj_trust_free(trust);
}

/* docs/decisions/0025 */
static void roots_of_before_the_rules_are_excused_from_their_form_alone(void **state)
{
	static const struct { int64_t not_before; enum role role; bool excused; } days[] = {
		{ INT64_C(915148799), ROLE_ANCHOR, false }, { INT64_C(915148800), ROLE_ANCHOR, true }, { INT64_C(1341100799), ROLE_ANCHOR, true },
		{ INT64_C(1341100800), ROLE_ANCHOR, false }, { INT64_C(1200000000), ROLE_CA, false },
	};
	static const struct path_input in = { .purpose = PATH_SERVER };
	const struct rules_for rules = { .in = &in };
	struct made_cert made = { 0 };
	struct finding finding;

	made_cert_issue(&made, (struct issue){ .kind = ISSUE_CA, .common_name = "Root" }, NULL);
	for (size_t i = 0; i < ARRAY_COUNT(days); i++) {
		struct cert cert = made.cert;

		cert.not_before = days[i].not_before;
		cert.ski.len = 0;
		assert_int_equal(rules_judge(&rules, &cert, days[i].role, 0, &finding), days[i].excused ? BJ_OK : BJ_ERR_CERT_AKI);
		cert = made.cert;
		cert.not_before = days[i].not_before;
		cert.basic_constraints_critical = false;
		assert_int_equal(rules_judge(&rules, &cert, days[i].role, 0, &finding), days[i].excused ? BJ_OK : BJ_ERR_CERT_EXTENSION);
		cert.is_ca = false; /* what matters holds for all */
		assert_int_equal(rules_judge(&rules, &cert, days[i].role, 0, &finding), BJ_ERR_CERT_NOT_CA);
	}
	made_cert_free(&made);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_thing_wrong_is_found_and_named),
		cmocka_unit_test(an_anchor_needs_no_signature_but_its_name_and_key),
		cmocka_unit_test(a_ca_of_the_same_name_with_another_key_is_told_apart),
		cmocka_unit_test(an_intermediate_can_be_an_anchor),
		cmocka_unit_test(the_reason_is_that_of_the_path_which_ends_at_an_anchor),
		cmocka_unit_test(rsa_keys_of_cas_are_measured_too),
		cmocka_unit_test(names_times_subtrees_are_counted),
		cmocka_unit_test(names_and_subtrees_are_counted_by_their_length),
		cmocka_unit_test(an_end_entity_that_is_an_anchor_is_believed_within_its_names_and_dates),
		cmocka_unit_test(the_profile_of_the_rfc_leaves_out_what_only_the_web_asks),
		cmocka_unit_test(a_self_signed_end_entity_is_named_as_such),
		cmocka_unit_test(an_expired_intermediate_is_passed_by_for_a_good_one),
		cmocka_unit_test(circles_end),
		cmocka_unit_test(a_chain_longer_than_the_limit_is_refused),
		cmocka_unit_test(self_issued_cas_do_not_count_but_are_limited),
		cmocka_unit_test(names_made_to_be_slow_to_compare_are_counted_by_their_length),
		cmocka_unit_test(the_budget_of_signatures_ends_the_search),
		cmocka_unit_test(a_common_name_that_could_mislead_is_refused),
		cmocka_unit_test(each_common_name_counts_but_not_beside_a_wildcard),
		cmocka_unit_test(more_common_names_than_a_few_are_refused),
		cmocka_unit_test(clients_need_no_alternative_name),
		cmocka_unit_test(chains_of_bytes_are_judged_the_same),
		cmocka_unit_test(roots_of_before_the_rules_are_excused_from_their_form_alone),
	};

	return cmocka_run_group_tests(tests, make_all, free_all);
}
