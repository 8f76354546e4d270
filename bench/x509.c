/* x509.c - parsing and judging certificates beside libcrypto, and what a large revocation list costs.
 *
 * The libcrypto that this program is linked with is one side; another one's shared library, given with --peer, is a side of its own in the
 * same run, interleaved. Of a peer only functions are used, and each side keeps its own objects.
 */
#include <dlfcn.h>
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
static struct bj_crls *crls;
static const struct crl_held *held;
static uint32_t lookup;

/* ---- libcrypto, ours or a peer's */

#define FUNCTIONS(F)                                                                                                          \
	F(d2i_X509) F(X509_free) F(X509_STORE_new) F(X509_STORE_free) F(X509_STORE_add_cert) F(X509_STORE_load_file)          \
	F(X509_STORE_CTX_new) F(X509_STORE_CTX_init) F(X509_STORE_CTX_free) F(X509_STORE_CTX_get0_param) F(X509_verify_cert)  \
	F(X509_VERIFY_PARAM_set_time) F(X509_VERIFY_PARAM_set1_host) F(OPENSSL_sk_new_null) F(OPENSSL_sk_push) F(OPENSSL_sk_free) \
	F(OpenSSL_version)
#define DECLARE(name) __typeof__(&name) name;
#define LINKED(name) .name = name,
#define LOADED(name)                                                                                                          \
	*(void **)&side->name = dlsym(file, #name);                                                                           \
	good = good && side->name;

struct side {
	FUNCTIONS(DECLARE)
	X509_STORE *store;
	X509 *leaf, *middle;
	OPENSSL_STACK *chain;
};

static struct side sides[1 + PEERS_MAX] = { { FUNCTIONS(LINKED) } };
static unsigned side_count = 1;
static struct side *side = sides; /* whose turn it is */

/* A library of the same names beside ours must find its own: hence DEEPBIND. */
static void take_peer(const char *path)
{
	void *file = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
	bool good = file != NULL;

	side = &sides[side_count++];
	if (good) {
		FUNCTIONS(LOADED)
	}
	if (good)
		return;
	fprintf(stderr, "bench: %s: %s\n", path, file ? "not a libcrypto of 3.0 or later" : dlerror());
	exit(2);
}

static X509 *import(const struct made_cert *made)
{
	const uint8_t *p = made->der;
	X509 *x = side->d2i_X509(NULL, &p, (long)made->cert.der.len);

	need(x != NULL);
	return x;
}

static void side_setup(void)
{
	X509 *anchor = import(&root);

	side->store = side->X509_STORE_new();
	need(side->store && side->X509_STORE_add_cert(side->store, anchor));
	side->X509_free(anchor);
	side->leaf = import(&leaf);
	side->middle = import(&middle);
	side->chain = side->OPENSSL_sk_new_null();
	need(side->OPENSSL_sk_push(side->chain, side->middle) > 0);
}

static void side_fini(void)
{
	side->X509_STORE_free(side->store);
	side->OPENSSL_sk_free(side->chain);
	side->X509_free(side->leaf);
	side->X509_free(side->middle);
}

/* ---- what is measured */

static void parse_ours(void)
{
	struct cert cert;

	need(!cert_parse(leaf.cert.der, &cert));
}

static void parse_theirs(void)
{
	side->X509_free(import(&leaf));
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
	X509_STORE_CTX *ctx = side->X509_STORE_CTX_new();

	need(ctx && side->X509_STORE_CTX_init(ctx, side->store, side->leaf, (STACK_OF(X509) *)side->chain));
	side->X509_VERIFY_PARAM_set_time(side->X509_STORE_CTX_get0_param(ctx), MADE_NOW);
	need(side->X509_VERIFY_PARAM_set1_host(side->X509_STORE_CTX_get0_param(ctx), "www.example.com", 0));
	need(side->X509_verify_cert(ctx) == 1);
	side->X509_STORE_CTX_free(ctx);
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

static void compare(const struct options *o, const char *name, void (*ours)(void), void (*theirs)(void), const char *against, unsigned calls,
		    double bar)
{
	double a[ROUNDS_MAX], b[ROUNDS_MAX];

	if (!options_want(o, name))
		return;
	for (unsigned r = 0; r < o->rounds; r++) { /* by turns: what else the machine does meets both */
		a[r] = once(ours, calls);
		b[r] = once(theirs, calls);
	}
	report(o, name, against, "ns", median(a, o->rounds), (struct measured){ "openssl", median(b, o->rounds) }, bar, LESS_IS_BETTER);
}

/* Against every libcrypto that there is. */
static void compare_all(const struct options *o, const char *name, void (*ours)(void), void (*theirs)(void), unsigned calls, double bar)
{
	double rows[2 + PEERS_MAX][ROUNDS_MAX];
	struct measured all[2 + PEERS_MAX];

	if (!options_want(o, name))
		return;
	for (unsigned r = 0; r < o->rounds; r++) {
		rows[0][r] = once(ours, calls);
		for (unsigned i = 0; i < side_count; i++) {
			side = &sides[i];
			rows[1 + i][r] = once(theirs, calls);
		}
	}
	all[0] = (struct measured){ "bojagi", median(rows[0], o->rounds) };
	for (unsigned i = 0; i < side_count; i++)
		all[1 + i] = (struct measured){ i ? sides[i].OpenSSL_version(OPENSSL_VERSION_STRING) : "openssl", median(rows[1 + i], o->rounds) };
	report_all(o, name, "libcrypto", "ns", all, 1 + side_count, bar, LESS_IS_BETTER);
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
	X509_STORE *loaded = side->X509_STORE_new();

	need(loaded && side->X509_STORE_load_file(loaded, anchors_path) == 1);
	side->X509_STORE_free(loaded);
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
	for (side = sides; side < sides + side_count; side++)
		side_setup();
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
	report(o, "crl-memory", "memory", "bytes", after - before, (struct measured){ "its-der", (double)held->crl.der.len }, 0, LESS_IS_BETTER);
	for (unsigned r = 0; r < o->rounds; r++)
		rows[r] = once(lookup_ours, 100000);
	report(o, "crl-lookup", "one", "ns", median(rows, o->rounds), (struct measured){ "bar", 1000 }, 1, LESS_IS_BETTER);
	bj_crls_free(crls);
}

int main(int argc, char **argv)
{
	struct options o = options_parse(argc, argv);

	for (unsigned i = 0; i < o.peer_count; i++)
		take_peer(o.peers[i]);
	setup();
	if (!o.json)
		printf("openssl is %s\n", OpenSSL_version(OPENSSL_VERSION));
	compare_all(&o, "parse", parse_ours, parse_theirs, 2000, 0.05);
	compare(&o, "verify-first", verify_first_ours, signatures_ours, "its signatures", 50, 1.1);
	compare_all(&o, "verify-again", verify_ours, verify_theirs, 50, 0.4);
	if (access(anchors_path, R_OK) == 0)
		compare_all(&o, "trust-load", load_ours, load_theirs, 3, 0.3);
	else
		puts("trust-load: SKIPPED, there is no /etc/ssl/certs/ca-certificates.crt");
	list_measure(&o);
	for (side = sides; side < sides + side_count; side++)
		side_fini();
	bj_trust_free(trust);
	made_cert_free(&root);
	made_cert_free(&middle);
	made_cert_free(&leaf);
	return 0;
}
