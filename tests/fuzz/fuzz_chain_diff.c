/* fuzz_chain_diff.c - chains of three, changed and signed again, judged here and by libcrypto in its strict mode.
 *
 * The input is a row of choices: each of the three certificates is made as a local CA makes it, then a few changes are made to what is
 * signed (octets, extensions, dates, names), and it is signed again, so that what is judged are the rules and not the mathematics. Where
 * the two verdicts differ, the pair of reasons must stand in chain_diff.def with its explanation: an unknown pair is a finding.
 */
#include <stdio.h>
#include <stdlib.h>

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#undef KU_DIGITAL_SIGNATURE /* these are bits of our own, too */
#undef KU_NON_REPUDIATION
#undef KU_KEY_ENCIPHERMENT
#undef KU_DATA_ENCIPHERMENT
#undef KU_KEY_AGREEMENT
#undef KU_KEY_CERT_SIGN
#undef KU_CRL_SIGN

#include "base/check.h"
#include "x509/der.h"
#include "x509/issue_parts.h"
#include "x509/made_chain.h"
#include "x509/oid.h"
#include "x509/path.h"
#include "x509/time.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
void fuzz_report(void);

#define HOST "www.example.com"
#define EXTENSIONS_MAX 24
#define SCRATCH_MAX 16384
#define PAIRS_MAX 512

/* ---- classes of differences */

struct pair {
	bool ours_good;
	enum bj_err ours;
	const char *rule;
	int theirs; /* an error of theirs, 0 if they say yes, -1 if they cannot read it */
	unsigned long count;
};

static struct pair pairs[PAIRS_MAX];
static size_t pair_count;
static unsigned long same_good, same_bad;

static const struct { bool ours_good; enum bj_err ours; const char *rule; int theirs; const char *why; } known[] = {
#define ACCEPT(theirs, why) { true, BJ_OK, "", theirs, why },
#define REFUSE(ours, rule, why) { false, BJ_ERR_##ours, rule, 0, why },
#include "chain_diff.def"
#undef ACCEPT
#undef REFUSE
};

static bool is_known(const struct pair *p)
{
	for (size_t i = 0; i < ARRAY_COUNT(known); i++)
		if (known[i].ours_good == p->ours_good && known[i].ours == p->ours && known[i].theirs == p->theirs &&
		    (p->ours_good || strcmp(known[i].rule, p->rule) == 0))
			return true;
	return false;
}

static void count_pair(struct pair p)
{
	for (size_t i = 0; i < pair_count; i++)
		if (pairs[i].ours == p.ours && pairs[i].theirs == p.theirs && strcmp(pairs[i].rule, p.rule) == 0) {
			pairs[i].count++;
			return;
		}
	p.count = 1;
	if (pair_count < PAIRS_MAX)
		pairs[pair_count++] = p;
}

static const char *theirs_text(int theirs)
{
	return theirs == 0 ? "good" : theirs < 0 ? "unreadable" : X509_verify_cert_error_string(theirs);
}

void fuzz_report(void)
{
	printf("both good %lu, both refused %lu\n", same_good, same_bad);
	for (size_t i = 0; i < pair_count; i++)
		printf("%8lu  here %s %s, libcrypto %d %s%s\n", pairs[i].count, pairs[i].ours ? bj_err_name(pairs[i].ours) : "good", pairs[i].rule,
		       pairs[i].theirs, theirs_text(pairs[i].theirs), is_known(&pairs[i]) ? "" : "   UNEXPLAINED");
}

/* ---- making a chain */

struct choices {
	const uint8_t *at, *end;
};

static unsigned choose(struct choices *c, unsigned below)
{
	return c->at < c->end ? *c->at++ % below : 0;
}

static uint8_t scratch[SCRATCH_MAX];
static size_t scratch_len;

static struct bj_bytes keep(const struct writer *w)
{
	struct bj_bytes view = wr_view(w);

	if (view.len > SCRATCH_MAX - scratch_len)
		return (struct bj_bytes){ 0 };
	memcpy(scratch + scratch_len, view.ptr, view.len);
	scratch_len += view.len;
	return bytes_of(scratch + scratch_len - view.len, view.len);
}

/* What extensions are made of: well-formed values, mostly. */
static const struct { enum oid oid; const char *value; size_t len; } values[] = {
#define V(oid, text) { oid, text, sizeof(text) - 1 }
	V(OID_EXT_BASIC_CONSTRAINTS, "\x30\x03\x01\x01\xff"),
	V(OID_EXT_BASIC_CONSTRAINTS, "\x30\x00"),
	V(OID_EXT_BASIC_CONSTRAINTS, "\x30\x06\x01\x01\xff\x02\x01\x00"),
	V(OID_EXT_KEY_USAGE, "\x03\x02\x07\x80"),
	V(OID_EXT_KEY_USAGE, "\x03\x02\x01\x06"),
	V(OID_EXT_KEY_USAGE, "\x03\x02\x02\x84"),
	V(OID_EXT_KEY_USAGE, "\x03\x02\x05\x20"),
	V(OID_EXT_EKU, "\x30\x0a\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x01"),
	V(OID_EXT_EKU, "\x30\x0a\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x02"),
	V(OID_EXT_EKU, "\x30\x06\x06\x04\x55\x1d\x25\x00"),
	V(OID_EXT_SAN, "\x30\x11\x82\x0fwww.example.com"),
	V(OID_EXT_SAN, "\x30\x0f\x82\x0d*.example.com"),
	V(OID_EXT_SAN, "\x30\x11\x82\x0fWWW.EXAMPLE.COM"),
	V(OID_EXT_SAN, "\x30\x07\x82\x05*.com"),
	V(OID_EXT_SAN, "\x30\x06\x87\x04\xc0\x00\x02\x01"),
	V(OID_EXT_SAN, "\x30\x11\x82\x0fw*w.example.com"),
	V(OID_EXT_SAN, "\x30\x12\x82\x10www.example.com\x00"),
	V(OID_EXT_SAN, "\x30\x12\x82\x10www.example.com."),
	V(OID_EXT_NAME_CONSTRAINTS, "\x30\x11\xa0\x0f\x30\x0d\x82\x0b" "example.com"),
	V(OID_EXT_NAME_CONSTRAINTS, "\x30\x12\xa0\x10\x30\x0e\x82\x0c.example.com"),
	V(OID_EXT_NAME_CONSTRAINTS, "\x30\x11\xa0\x0f\x30\x0d\x82\x0b" "example.org"),
	V(OID_EXT_NAME_CONSTRAINTS, "\x30\x15\xa1\x13\x30\x11\x82\x0fwww.example.com"),
	V(OID_EXT_NAME_CONSTRAINTS, "\x30\x0e\xa0\x0c\x30\x0a\x87\x08\xc0\x00\x02\x00\xff\xff\xff\x00"),
	V(OID_EXT_NAME_CONSTRAINTS, "\x30\x00"),
	V(OID_EXT_POLICIES, "\x30\x06\x30\x04\x06\x02\x2a\x03"),
	V(OID_EXT_POLICY_CONSTRAINTS, "\x30\x03\x80\x01\x00"),
	V(OID_EXT_INHIBIT_ANY, "\x02\x01\x00"),
	V(OID_EXT_TLS_FEATURE, "\x30\x03\x02\x01\x05"),
	V(OID_UNKNOWN, "\x05\x00"),
#undef V
};

static struct bj_bytes extension_make(struct choices *c)
{
	static const uint8_t unknown[] = { 0x2a, 3, 4 };
	uint8_t buf[256];
	struct writer w = wr_make(buf, sizeof(buf));
	unsigned which = choose(c, ARRAY_COUNT(values));
	size_t seq = dw_open(&w, DER_SEQUENCE);

	dw_item(&w, DER_OID, values[which].oid == OID_UNKNOWN ? bytes_of(unknown, 3) : oid_bytes(values[which].oid));
	if (choose(c, 2))
		dw_true(&w);
	dw_item(&w, DER_OCTET_STRING, bytes_of(values[which].value, values[which].len));
	dw_close(&w, seq);
	return keep(&w);
}

struct parts {
	struct bj_bytes part[8]; /* version, serial, algorithm, issuer, validity, subject, key, none */
	struct bj_bytes extensions[EXTENSIONS_MAX];
	size_t count;
};

static void take_apart(struct bj_bytes tbs, struct parts *out)
{
	struct reader r = rd_of(tbs), in = der_open(&r, DER_SEQUENCE), tagged, list;

	*out = (struct parts){ .count = 0 };
	for (unsigned i = 0; i < 7; i++)
		out->part[i] = der_any(&in).whole;
	tagged = der_open(&in, DER_CONTEXT_CONSTRUCTED(3));
	list = der_open(&tagged, DER_SEQUENCE);
	while (rd_more(&list) && out->count < EXTENSIONS_MAX)
		out->extensions[out->count++] = der_any(&list).whole;
}


/* The place of the extension with the same identifier, or `count`. */
static size_t same_extension(const struct parts *p, struct bj_bytes extension)
{
	struct reader r = rd_of(extension), in = der_open(&r, DER_SEQUENCE);
	struct bj_bytes oid = der_oid(&in);
	size_t i = 0;

	for (; i < p->count; i++) {
		struct reader other = rd_of(p->extensions[i]), inner = der_open(&other, DER_SEQUENCE);

		if (bytes_equal(der_oid(&inner), oid))
			break;
	}
	return i;
}

static void put_extension(struct parts *p, struct bj_bytes extension, bool beside)
{
	size_t at = beside ? p->count : same_extension(p, extension);

	if (extension.len == 0 || at == EXTENSIONS_MAX)
		return;
	p->extensions[at] = extension;
	p->count += at == p->count;
}

static struct bj_bytes validity_make(struct choices *c)
{
	static const int64_t edges[] = { MADE_NOW - 1000, MADE_NOW, MADE_NOW + 1, MADE_NOW - 1, MADE_NOW + 1000, INT64_C(253402300799), 0, INT64_C(2524608000) };
	uint8_t buf[64], der[TIME_DER_MAX];
	struct writer w = wr_make(buf, sizeof(buf));
	size_t seq = dw_open(&w, DER_SEQUENCE);

	for (unsigned i = 0; i < 2; i++)
		wr_raw(&w, der, time_der(edges[choose(c, ARRAY_COUNT(edges))], der));
	dw_close(&w, seq);
	return keep(&w);
}

static void change(struct parts *p, struct choices *c)
{
	unsigned what = choose(c, 8);
	size_t at = p->count ? choose(c, (unsigned)p->count) : 0;

	if (what <= 1) {
		put_extension(p, extension_make(c), false);
	} else if (what == 2) {
		put_extension(p, extension_make(c), true);
	} else if (what == 3 && p->count > 0) {
		memmove(&p->extensions[at], &p->extensions[at + 1], (--p->count - at) * sizeof(p->extensions[0]));
	} else if (what == 4) {
		p->part[4] = validity_make(c);
	} else if (what == 5) { /* an octet, somewhere but in the key */
		unsigned which = choose(c, 7);
		struct bj_bytes *part = which == 6 && p->count ? &p->extensions[at] : &p->part[which % 6];
		struct writer w = wr_make((uint8_t[2048]){ 0 }, 2048);

		wr_bytes(&w, *part);
		if (w.len > 0 && wr_ok(&w))
			w.buf[choose(c, w.len > 255 ? 255 : (unsigned)w.len)] ^= (uint8_t)(1u << choose(c, 8));
		*part = keep(&w);
	} else if (what == 6) {
		p->part[5] = p->part[3]; /* the issuer's name */
	} else if (what == 7 && p->count > 1) {
		struct bj_bytes first = p->extensions[0];

		p->extensions[0] = p->extensions[at];
		p->extensions[at] = first;
	}
}

static struct bj_bytes sign_again(const struct parts *p, const struct pkey *key)
{
	uint8_t tbs_buf[4096], der[8192];
	struct writer t = wr_make(tbs_buf, sizeof(tbs_buf)), w = wr_make(der, sizeof(der));
	size_t seq = dw_open(&t, DER_SEQUENCE), tagged, list, mark;

	for (unsigned i = 0; i < 7; i++)
		wr_bytes(&t, p->part[i]);
	if (p->count > 0) {
		tagged = dw_open(&t, DER_CONTEXT_CONSTRUCTED(3));
		list = dw_open(&t, DER_SEQUENCE);
		for (size_t i = 0; i < p->count; i++)
			wr_bytes(&t, p->extensions[i]);
		dw_close(&t, list);
		dw_close(&t, tagged);
	}
	dw_close(&t, seq);
	if (!wr_ok(&t) || issue_signed_open(&w, wr_view(&t), key, &mark))
		return (struct bj_bytes){ 0 };
	dw_close(&w, mark);
	return keep(&w);
}

static struct made_cert root, middle, leaf;

static void setup(void)
{
	static const char *const names[] = { HOST };

	made_cert_issue(&root, (struct issue){ .kind = ISSUE_CA, .common_name = "Root" }, NULL);
	made_cert_issue(&middle, (struct issue){ .kind = ISSUE_CA, .common_name = "Middle" }, &root);
	made_cert_issue(&leaf, (struct issue){ .kind = ISSUE_SERVER, .common_name = "leaf", .names = names, .name_count = 1 }, &middle);
}

/* ---- the two verdicts */

/* libcrypto 3.0 loses what it read of some extensions that stand twice; that is not what is looked for here. */
void __lsan_disable(void) __attribute__((weak));
void __lsan_enable(void) __attribute__((weak));

static int verdict_theirs(const struct bj_bytes chain[3]);

static int verdict_theirs_unwatched(const struct bj_bytes chain[3])
{
	int result;

	if (__lsan_disable)
		__lsan_disable();
	result = verdict_theirs(chain);
	if (__lsan_enable)
		__lsan_enable();
	return result;
}

static int verdict_theirs(const struct bj_bytes chain[3])
{
	X509 *certs[3] = { NULL };
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	STACK_OF(X509) *sent = sk_X509_new_null();
	int result = -1;

	for (unsigned i = 0; i < 3; i++) {
		const unsigned char *p = chain[i].ptr;

		certs[i] = d2i_X509(NULL, &p, (long)chain[i].len);
		if (certs[i] && p != chain[i].ptr + chain[i].len) {
			X509_free(certs[i]);
			certs[i] = NULL;
		}
	}
	if (certs[0] && certs[1] && certs[2] && X509_STORE_add_cert(store, certs[2]) == 1 && sk_X509_push(sent, certs[1]) > 0 &&
	    X509_STORE_CTX_init(ctx, store, certs[0], sent) == 1) {
		X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);

		X509_VERIFY_PARAM_set_time(param, MADE_NOW);
		X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_X509_STRICT | X509_V_FLAG_POLICY_CHECK);
		X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
		check(X509_VERIFY_PARAM_set1_host(param, HOST, 0) == 1 && X509_STORE_CTX_set_default(ctx, "ssl_server") == 1);
		X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_SERVER);
		result = X509_verify_cert(ctx) == 1 ? 0 : X509_STORE_CTX_get_error(ctx);
	}
	X509_STORE_CTX_free(ctx);
	sk_X509_free(sent);
	X509_STORE_free(store);
	for (unsigned i = 0; i < 3; i++)
		X509_free(certs[i]);
	ERR_clear_error();
	return result;
}

static enum bj_err verdict_ours(const struct bj_bytes chain[3], struct bj_verdict *verdict)
{
	struct bj_trust *trust = bj_trust_new();
	enum bj_err err = bj_trust_add_der(trust, chain[2].ptr, chain[2].len);

	if (err)
		verdict_fail(verdict, err, 2, "anchor");
	else
		err = bj_verify_server(trust, chain, 2, HOST, MADE_NOW * INT64_C(1000), verdict);
	bj_trust_free(trust);
	return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct made_cert *made[3] = { &leaf, &middle, &root }, *signers[3] = { &middle, &root, &root };
	struct choices c = { data, data + size };
	struct bj_verdict verdict;
	struct bj_bytes chain[3];
	struct pair pair;

	if (!leaf.key)
		setup();
	scratch_len = 0;
	for (unsigned i = 0; i < 3; i++) {
		struct parts parts;

		take_apart(made[i]->cert.tbs, &parts);
		for (unsigned n = choose(&c, i == 2 ? 2 : 3); n > 0; n--)
			change(&parts, &c);
		chain[i] = sign_again(&parts, signers[i]->key);
		if (chain[i].len == 0)
			return 0;
	}
	pair = (struct pair){ .ours = verdict_ours(chain, &verdict), .theirs = verdict_theirs_unwatched(chain), .rule = verdict.rule };
	pair.ours_good = pair.ours == BJ_OK;
	if (pair.ours_good == (pair.theirs == 0)) {
		same_good += pair.ours_good;
		same_bad += !pair.ours_good;
		return 0;
	}
	if (pair.ours_good)
		pair.rule = "";
	count_pair(pair);
	check(getenv("BOJAGI_DIFF_ALL") || is_known(&pair));
	return 0;
}
