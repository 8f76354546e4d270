/* x509.c - parsing and judging certificates beside libcrypto, and what a large revocation list costs. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include "measure.h"
#include "x509/crls.h"
#include "x509/der_write.h"
#include "x509/made_crl.h"
#include "x509/path.h"

#define LIST_ENTRIES 175000
#define LIST_MAX (5u << 20)

static void need(bool good)
{
	if (good)
		return;
	fputs("bench: a call failed\n", stderr);
	exit(1);
}

static struct made_cert root, middle, leaf;
static struct bj_trust *trust;
static struct cert middle_parsed;
static struct path_input in;
static X509_STORE *store;
static X509 *theirs_leaf;
static STACK_OF(X509) *theirs_chain;
static struct bj_crls *crls;
static const struct crl_held *held;
static uint32_t lookup;

static X509 *import(const struct made_cert *made)
{
	const uint8_t *p = made->der;
	X509 *x = d2i_X509(NULL, &p, (long)made->cert.der.len);

	need(x != NULL);
	return x;
}

static void parse_ours(void)
{
	struct cert cert;

	need(!cert_parse(leaf.cert.der, &cert));
}

static void parse_theirs(void)
{
	X509_free(import(&leaf));
}

static void verify_ours(void)
{
	struct bj_verdict verdict;

	need(!path_verify(&in, &verdict));
}

static void verify_first_ours(void)
{
	struct bj_trust *fresh = bj_trust_new();
	struct bj_verdict verdict;
	struct path_input again = in;

	need(!bj_trust_add_der(fresh, root.der, root.cert.der.len));
	again.trust = fresh;
	need(!path_verify(&again, &verdict));
	bj_trust_free(fresh);
}

/* The two signatures of the chain and nothing else. */
static void signatures_ours(void)
{
	need(!pubkey_verify(&middle.cert.key, leaf.cert.sig_alg, leaf.cert.tbs, leaf.cert.signature));
	need(!pubkey_verify(&root.cert.key, middle.cert.sig_alg, middle.cert.tbs, middle.cert.signature));
}

static void verify_theirs(void)
{
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();

	need(ctx && X509_STORE_CTX_init(ctx, store, theirs_leaf, theirs_chain));
	X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(ctx), MADE_NOW);
	need(X509_VERIFY_PARAM_set1_host(X509_STORE_CTX_get0_param(ctx), "www.example.com", 0));
	need(X509_verify_cert(ctx) == 1);
	X509_STORE_CTX_free(ctx);
}

static void lookup_ours(void)
{
	uint8_t serial[5] = { 1 };
	struct writer w = wr_make(serial + 1, 4);
	struct crl_entry entry;

	lookup = (lookup * 1664525u + 1013904223u);
	wr_u32(&w, lookup % (2 * LIST_ENTRIES));
	need(crl_find(&held->crl, &held->index, bytes_of(serial, 5), root.cert.subject, &entry) == (lookup % (2 * LIST_ENTRIES) < LIST_ENTRIES));
}

static double once(void (*work)(void), unsigned calls)
{
	double start = cpu_ns();

	for (unsigned i = 0; i < calls; i++)
		work();
	return (cpu_ns() - start) / calls;
}

static void compare(const struct options *o, const char *name, void (*ours)(void), void (*theirs)(void), const char *side, unsigned calls,
		    double bar)
{
	double a[ROUNDS_MAX], b[ROUNDS_MAX];

	if (!options_want(o, name))
		return;
	for (unsigned r = 0; r < o->rounds; r++) { /* by turns: what else the machine does meets both */
		a[r] = once(ours, calls);
		b[r] = once(theirs, calls);
	}
	report(o, name, side, "ns", median(a, o->rounds), median(b, o->rounds), bar, LESS_IS_BETTER);
}

/* ---- the system's anchors, from their file to a set that can be asked */

static const char *anchors_path = "/etc/ssl/certs/ca-certificates.crt";

static void load_ours(void)
{
	struct bj_trust *loaded = bj_trust_new();
	size_t count = 0;

	need(loaded && !bj_trust_add_file(loaded, anchors_path, &count) && count > 50);
	bj_trust_free(loaded);
}

static void load_theirs(void)
{
	X509_STORE *loaded = X509_STORE_new();

	need(loaded && X509_STORE_load_file(loaded, anchors_path) == 1);
	X509_STORE_free(loaded);
}

static void setup(void)
{
	static const char *const names[] = { "www.example.com" };

	made_cert_issue(&root, (struct issue){ .kind = ISSUE_CA, .common_name = "Root" }, NULL);
	made_cert_issue(&middle, (struct issue){ .kind = ISSUE_CA, .common_name = "Middle" }, &root);
	made_cert_issue(&leaf, (struct issue){ .kind = ISSUE_SERVER, .common_name = "leaf", .names = names, .name_count = 1 }, &middle);
	middle_parsed = middle.cert;
	trust = bj_trust_new();
	need(!bj_trust_add_der(trust, root.der, root.cert.der.len));
	in = (struct path_input){ .leaf = &leaf.cert, .extra = &middle_parsed, .extra_count = 1, .trust = trust, .purpose = PATH_SERVER,
				  .now = MADE_NOW, .name = BYTES_LIT("www.example.com"), .check_time = true };
	store = X509_STORE_new();
	need(store && X509_STORE_add_cert(store, import(&root)));
	theirs_leaf = import(&leaf);
	theirs_chain = sk_X509_new_null();
	need(sk_X509_push(theirs_chain, import(&middle)) > 0);
}

static void list_add(void)
{
	uint8_t *buf = malloc(LIST_MAX);
	struct bj_bytes der;

	need(buf != NULL);
	der = made_big_list(root.cert.subject, LIST_ENTRIES, buf, LIST_MAX);
	need(!bj_crls_add_der(crls, der.ptr, der.len));
	free(buf);
}

static void list_measure(const struct options *o)
{
	double before, after, rows[ROUNDS_MAX];

	if (!options_want(o, "crl"))
		return;
	crls = bj_crls_new();
	before = (double)(mallinfo2().uordblks + mallinfo2().hblkhd);
	list_add();
	after = (double)(mallinfo2().uordblks + mallinfo2().hblkhd);
	held = crls_first(crls, root.cert.subject_hash);
	need(held != NULL);
	report(o, "crl-memory", "the list itself", "bytes", after - before, (double)held->crl.der.len, 0, LESS_IS_BETTER);
	for (unsigned r = 0; r < o->rounds; r++)
		rows[r] = once(lookup_ours, 100000);
	report(o, "crl-lookup", "a microsecond", "ns", median(rows, o->rounds), 1000, 1, LESS_IS_BETTER);
	bj_crls_free(crls);
}

int main(int argc, char **argv)
{
	struct options o = options_parse(argc, argv);

	setup();
	compare(&o, "parse", parse_ours, parse_theirs, "libcrypto", 2000, 0.05);
	compare(&o, "verify-first", verify_first_ours, signatures_ours, "its signatures", 50, 1.1);
	compare(&o, "verify-again", verify_ours, verify_theirs, "libcrypto", 50, 0.4);
	if (access(anchors_path, R_OK) == 0)
		compare(&o, "trust-load", load_ours, load_theirs, "libcrypto", 3, 0.3);
	else
		puts("trust-load: SKIPPED, there is no /etc/ssl/certs/ca-certificates.crt");
	list_measure(&o);
	X509_STORE_free(store);
	X509_free(theirs_leaf);
	sk_X509_pop_free(theirs_chain, X509_free);
	bj_trust_free(trust);
	made_cert_free(&root);
	made_cert_free(&middle);
	made_cert_free(&leaf);
	return 0;
}
