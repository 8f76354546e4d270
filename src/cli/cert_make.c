/* cert_make.c - `bojagi cert init`, `server`, `client` and `renew`. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/wipe.h"
#include "cli/cert.h"
#include "cli/cert_describe.h"
#include "cli/cert_ledger.h"
#include "cli/clock.h"
#include "cli/command.h"
#include "cli/own_credential.h"
#include "cli/say.h"
#include "crypto/pkcs12.h"
#include "crypto/rng_os.h"
#include "host/file.h"
#include "host/passphrase.h"
#include "x509/content.h"
#include "x509/credential.h"
#include "x509/general_name.h"
#include "x509/name.h"
#include "x509/time.h"

#define NAMES_TEXT_MAX (32 * 1024)
#define PASSPHRASE_MADE_LEN 15 /* random octets in one that is made: 20 characters */

/* The names that a CA may sign, as people write them. */
static void print_signs(const struct cert_options *o)
{
	fputs("  signs only   ", stdout);
	for (size_t i = 0; local_names[i]; i++)
		printf("%s%s", i ? ", " : "", local_names[i]);
	for (size_t i = 0; i < o->name_count; i++)
		printf(", %s", o->names[i]);
	puts("  (and names below)");
}

static void print_made(const struct cert_options *o, const struct local_pair *pair, const char *base, const char *what,
		       const char *p12, const char *made_pass,
		       const char *next)
{
	struct terminal terminal = terminal_of(stdout, &o->options);
	char name[SHOW_NAME_MAX], until[TIME_TEXT_MAX], left[DESCRIBE_VALIDITY_MAX];
	int64_t now = clock_unix_ms() / 1000;

	if (o->options.json) {
		struct json json;
		char path[FOLDER_PATH_MAX + 8];

		json_document(&json, stdout, "bojagi.cert/1");
		snprintf(path, sizeof(path), "%s.pem", base);
		json_text(&json, "certificate_file", path);
		snprintf(path, sizeof(path), "%s.key", base);
		json_text(&json, "key_file", path);
		if (p12)
			json_text(&json, "p12_file", p12);
		if (made_pass)
			json_text(&json, "p12_passphrase", made_pass);
		json_array(&json, "certificates");
		describe_cert_json(&json, &pair->cert, now);
		json_array_end(&json);
		json_document_end(&json);
		return;
	}
	if (o->options.quiet)
		return;
	describe_short(&pair->cert, name);
	time_text(pair->cert.not_after, until);
	describe_validity(&pair->cert, now, left);
	printf("%s%s \"%s\"  P-256\n", terminal_mark(&terminal, MARK_GOOD), what, name);
	printf("  certificate  %s.pem   until %s, %s\n", base, until, left);
	printf("  key          %s.key   (0600: keep it to yourself)\n", base);
	if (p12)
		printf("  p12          %s   (0600%s%s)\n", p12, made_pass ? "; passphrase: " : "", made_pass ? made_pass : "");
	if (pair->cert.is_ca)
		print_signs(o);
	if (next)
		printf("  next         %s\n", next);
}

int cert_save_failure(enum bj_err err, const char *base)
{
	if (err == BJ_ERR_FILE_EXISTS)
		return say_failure(EXIT_USAGE, "%s.pem or %s.key is there already; --force overwrites it", base, base);
	if (err == BJ_ERR_FILE_WRITE)
		return say_failure(EXIT_USAGE, "cannot write %s.pem and %s.key: %s", base, base, strerror(errno));
	return say_err(EXIT_INTERNAL, err, "cannot write %s.pem", base);
}

/* ---- init */

int cert_init(struct cert_options *o)
{
	char base[FOLDER_PATH_MAX + 4];
	struct local_pair *ca = calloc(1, sizeof(*ca));
	enum bj_err err;
	int code = EXIT_GOOD;

	if (!ca)
		return say_err(EXIT_INTERNAL, BJ_ERR_NO_MEMORY, "cert init");
	snprintf(base, sizeof(base), "%s/ca", o->folder);
	err = folder_make(o->folder);
	if (err) {
		code = say_failure(EXIT_USAGE, "cannot make the folder %s: %s", o->folder, strerror(errno));
		goto free_it;
	}
	err = local_make_ca(o->names, o->name_count, o->days ? o->days : LOCAL_CA_DAYS, clock_unix_ms() / 1000, ca);
	if (err) {
		code = say_err(err == BJ_ERR_ARGUMENT || err == BJ_ERR_LIMIT ? EXIT_USAGE : EXIT_INTERNAL, err,
			       "no CA can be made for these names");
		goto free_it;
	}
	err = local_save(ca, base, o->force);
	if (err)
		code = cert_save_failure(err, base);
	else
		print_made(o, ca, base, "local CA", NULL, NULL, "bojagi cert install; bojagi cert server localhost");
	local_fini(ca);
free_it:
	free(ca);
	return code;
}

/* "*.example.test" is a poor file name. */
static void base_of_name(const char *name, char *out, size_t cap)
{
	size_t at = 0;

	for (; *name && at + 1 < cap; name++)
		out[at++] = *name == '*' || *name == '/' || *name == ':' || *name == '@' ? '_' : *name;
	out[at] = '\0';
}

int cert_load_ca(const struct cert_options *o, struct local_pair *ca)
{
	enum bj_err err = local_load_ca(o->folder, ca);

	if (err == BJ_ERR_FILE_OPEN && errno == ENOENT)
		return say_failure(EXIT_USAGE, "there is no CA in %s; make one with: bojagi cert init", o->folder);
	if (err == BJ_ERR_FILE_OPEN)
		return say_failure(EXIT_OWN_CERTIFICATE, "cannot read the CA in %s: %s", o->folder, strerror(errno));
	if (err)
		return say_err(EXIT_OWN_CERTIFICATE, err, "the CA in %s cannot be used", o->folder);
	return EXIT_GOOD;
}

static int issue_failure(enum bj_err err, const char *bad, const struct local_pair *ca)
{
	char name[SHOW_NAME_MAX];

	if (err == BJ_ERR_ARGUMENT && bad)
		return say_failure(EXIT_USAGE, "'%s' is neither a DNS name nor an address", bad);
	if (err != BJ_ERR_CERT_NAME_CONSTRAINT || !bad)
		return say_err(err == BJ_ERR_ARGUMENT ? EXIT_USAGE : EXIT_INTERNAL, err, "no certificate can be made for these names");
	describe_short(&ca->cert, name);
	return say_failure(EXIT_USAGE,
			   "\"%s\" may not sign %s: only local names and those that it was made for\n"
			   "  a CA for it: bojagi cert init %s --dir DIR",
			   name, bad, bad);
}

/* ---- P12 for a client's browser */

/* Where no passphrase is given one is made and told: nobody is asked, and none is well known. */
static int get_passphrase(const struct cert_options *o, struct passphrase *out, bool *out_made)
{
	uint8_t random[PASSPHRASE_MADE_LEN];
	int code = own_passphrase("--passout", o->passout, out);
	enum bj_err err;

	*out_made = false;
	if (code)
		return code;
	if (out->given)
		return EXIT_GOOD;
	err = rng_fill(&rng_os, random, sizeof(random));
	if (err)
		return say_err(EXIT_INTERNAL, err, "cert");
	out->len = base64_encode(random, sizeof(random), out->text);
	for (size_t i = 0; i < out->len; i++)
		out->text[i] = out->text[i] == '+' ? 'x' : out->text[i] == '/' ? 'y' : out->text[i];
	out->given = *out_made = true;
	wipe(random, sizeof(random));
	return EXIT_GOOD;
}

static int save_p12(const struct cert_options *o, const struct local_pair *ca, const struct local_pair *leaf, const char *path,
		    const struct passphrase *passphrase)
{
	const struct bj_bytes chain[] = { leaf->cert.der, ca->cert.der };
	char name[SHOW_NAME_MAX];
	struct bj_bytes file;
	enum bj_err err;

	describe_short(&leaf->cert, name);
	err = pkcs12_write(leaf->key, chain, ARRAY_COUNT(chain), name, passphrase_view(passphrase), &file);
	if (err)
		return say_err(EXIT_INTERNAL, err, "no P12 can be made");
	err = file_write(path, file.ptr, file.len, 0600, o->force);
	pkcs12_written_free(&file);
	if (err == BJ_ERR_FILE_EXISTS)
		return say_failure(EXIT_USAGE, "%s is there already; --force overwrites it", path);
	return err ? say_failure(EXIT_USAGE, "cannot write %s: %s", path, strerror(errno)) : EXIT_GOOD;
}

/* ---- server, client */

struct made {
	const struct local_pair *ca;
	struct local_pair *leaf;
	enum issue_kind kind;
	const char *base;
	const char *what;
	bool is_renewed;
};

static int save_and_tell(const struct cert_options *o, const struct made *made, bool overwrite)
{
	char p12[FOLDER_PATH_MAX + 8], next[3 * FOLDER_PATH_MAX + 128];
	struct passphrase passphrase = { 0 };
	bool pass_made = false;
	int code = EXIT_GOOD;
	enum bj_err err;

	snprintf(p12, sizeof(p12), "%s.p12", made->base);
	if (o->p12 && !overwrite && path_exists(p12))
		return say_failure(EXIT_USAGE, "%s is there already; --force overwrites it", p12);
	if (o->p12)
		code = get_passphrase(o, &passphrase, &pass_made);
	if (code)
		return code;
	err = local_save(made->leaf, made->base, overwrite);
	if (err) {
		passphrase_wipe(&passphrase);
		return cert_save_failure(err, made->base);
	}
	err = ledger_add_issued(o->folder, &made->leaf->cert, made->kind == ISSUE_SERVER ? "server" : "client", made->base);
	if (err)
		say_err(EXIT_GOOD, err, "the certificate is not in the CA's list %s/issued", o->folder);
	if (o->p12)
		code = save_p12(o, made->ca, made->leaf, p12, &passphrase);
	if (made->kind == ISSUE_SERVER && made->is_renewed)
		snprintf(next, sizeof(next), "bojagi reload, where the gateway shows it; others read it when they are started");
	else if (made->kind == ISSUE_SERVER)
		snprintf(next, sizeof(next), "bojagi serve --cert %s.pem --key %s.key", made->base, made->base);
	else
		snprintf(next, sizeof(next), "curl --cert %s.pem --key %s.key --cacert %s/ca.pem https://...", made->base, made->base,
			 o->folder);
	if (!code)
		print_made(o, made->leaf, made->base, made->what, o->p12 ? p12 : NULL, pass_made ? passphrase.text : NULL, next);
	passphrase_wipe(&passphrase);
	return code;
}

static int make_leaf(struct cert_options *o, enum issue_kind kind)
{
	struct local_pair *pairs = calloc(2, sizeof(*pairs)), *ca = pairs, *leaf = pairs ? pairs + 1 : NULL;
	struct made made = { ca, leaf, kind, NULL, kind == ISSUE_SERVER ? "certificate for server" : "certificate for client", false };
	char base[FOLDER_PATH_MAX];
	const char *bad = NULL;
	enum bj_err err;
	int code;

	if (!pairs)
		return say_err(EXIT_INTERNAL, BJ_ERR_NO_MEMORY, "cert");
	if (o->days > LOCAL_LEAF_DAYS_MAX) {
		code = say_failure(EXIT_USAGE, "a certificate is made for at most %d days", LOCAL_LEAF_DAYS_MAX);
		goto free_them;
	}
	code = cert_load_ca(o, ca);
	if (code)
		goto free_them;
	err = local_issue(ca, kind, o->names, o->name_count, o->days ? o->days : LOCAL_LEAF_DAYS_MAX, clock_unix_ms() / 1000, leaf, &bad);
	if (err) {
		code = issue_failure(err, bad, ca);
		goto free_them;
	}
	if (o->out)
		snprintf(base, sizeof(base), "%s", o->out);
	else
		base_of_name(o->names[0], base, sizeof(base));
	made.base = base;
	code = save_and_tell(o, &made, o->force);
free_them:
	local_fini(ca);
	local_fini(leaf);
	free(pairs);
	return code;
}

int cert_server(struct cert_options *o)
{
	return make_leaf(o, ISSUE_SERVER);
}

int cert_client(struct cert_options *o)
{
	return make_leaf(o, ISSUE_CLIENT);
}

/* ---- renew: the same names and purpose, a new key, in the place of the old files */

int cert_load_file(const char *path, struct local_pair *out)
{
	struct file_bytes bytes = { 0 };
	struct bj_bytes der;
	enum bj_err err = file_read(path, FILE_CREDENTIAL_MAX, &bytes);

	if (err)
		return say_failure(EXIT_USAGE, "cannot read %s: %s", path, strerror(errno));
	err = local_cert_of(bytes.ptr, bytes.len, out);
	der = bytes_of(bytes.ptr, bytes.len);
	if (err)
		say_err(EXIT_GOOD, err, "%s seems to be %s", path, content_text(content_of(der)));
	file_bytes_free(&bytes);
	return err ? EXIT_OWN_CERTIFICATE : EXIT_GOOD;
}

bool cert_is_of_ca(const struct cert *cert, const struct local_pair *ca)
{
	return cert->sig_alg != SIG_NONE && credential_issued_by(cert, &ca->cert);
}

/* Appends a name to the texts in `buf`. False if it does not fit, or is no text. */
static bool add_name(struct bj_bytes name, char *buf, size_t cap, size_t *at)
{
	if (cap - *at <= name.len || (name.len > 0 && memchr(name.ptr, 0, name.len)))
		return false;
	bytes_copy(buf + *at, name.ptr, name.len);
	*at += name.len;
	buf[(*at)++] = 0;
	return true;
}

/* The names as text, in one buffer. False if they do not all fit: none may be lost silently. */
static bool names_of(const struct cert *cert, char *buf, size_t cap, const char *names[ISSUE_NAMES_MAX + 1], size_t *out_count)
{
	struct reader r = rd_of(cert->san);
	struct name_attribute cn;
	size_t count = 0, at = 0;
	bool plain_client = cert->eku == EKU_CLIENT;

	if (plain_client && name_find(cert->subject, OID_AT_CN, &cn)) { /* its first name is the common name, which need not be an alternative one */
		names[count++] = buf;
		if (!add_name(cn.value, buf, cap, &at))
			return false;
	}
	while (rd_more(&r)) {
		struct general_name name = gn_read(&r);
		char address[64];
		struct text text = text_make(address, sizeof(address));

		if (name.kind == GN_IP)
			ip_text(name.value, &text);
		else if (name.kind != GN_DNS && name.kind != GN_EMAIL && name.kind != GN_URI)
			return false;
		if (count > ISSUE_NAMES_MAX)
			return false;
		names[count] = buf + at;
		if (!add_name(name.kind == GN_IP ? bytes_text(address) : name.value, buf, cap, &at))
			return false;
		if (!(count == 1 && plain_client && strcmp(names[1], names[0]) == 0))
			count++;
	}
	*out_count = count;
	return true;
}

static void print_not_yet(const struct cert_options *o, const struct cert *cert, const char *path, int64_t now)
{
	struct json json;

	if (o->options.json) {
		json_document(&json, stdout, "bojagi.cert/1");
		json_text(&json, "certificate_file", path);
		json_bool(&json, "renewed", false);
		json_array(&json, "certificates");
		describe_cert_json(&json, cert, now);
		json_array_end(&json);
		json_document_end(&json);
	} else if (!o->options.quiet) {
		fprintf(stderr, "%s: not yet, %" PRId64 " days are left\n", path, (cert->not_after - now) / 86400);
	}
}

static int renew_one(struct cert_options *o, const struct local_pair *ca, struct local_pair *old, struct local_pair *leaf, const char *path)
{
	char text[NAMES_TEXT_MAX], base[FOLDER_PATH_MAX], p12[FOLDER_PATH_MAX + 8];
	const char *names[ISSUE_NAMES_MAX + 1], *bad = NULL;
	int64_t now = clock_unix_ms() / 1000;
	struct made made = { ca, leaf, ISSUE_SERVER, base, "renewed", true };
	size_t len = strlen(path), count;
	enum bj_err err;
	int code = cert_load_file(path, old);

	if (code)
		return code;
	if (len < 5 || strcmp(path + len - 4, ".pem") != 0 || len >= sizeof(base))
		return say_failure(EXIT_USAGE, "%s: what is renewed is named BASE.pem, with its key in BASE.key", path);
	if (old->cert.is_ca || !cert_is_of_ca(&old->cert, ca))
		return say_failure(EXIT_USAGE, "%s was not issued by the CA in %s", path, o->folder);
	if (o->within && old->cert.not_after - now > (int64_t)o->within * 86400) {
		print_not_yet(o, &old->cert, path, now);
		return EXIT_GOOD;
	}
	if (!names_of(&old->cert, text, sizeof(text), names, &count))
		return say_failure(EXIT_OWN_CERTIFICATE, "%s has more names than are renewed, or of another kind", path);
	snprintf(base, sizeof(base), "%.*s", (int)(len - 4), path);
	snprintf(p12, sizeof(p12), "%s.p12", base);
	if (!o->p12 && path_exists(p12))
		fprintf(stderr, "bojagi: %s keeps the old certificate and key; --p12 writes it anew\n", p12);
	made.kind = old->cert.eku == EKU_CLIENT ? ISSUE_CLIENT : ISSUE_SERVER;
	err = local_issue(ca, made.kind, names, count, o->days ? o->days : LOCAL_LEAF_DAYS_MAX, now, leaf, &bad);
	if (err)
		return issue_failure(err, bad, ca);
	o->force = true; /* what is replaced is the certificate's own */
	return save_and_tell(o, &made, true);
}

int cert_renew(struct cert_options *o)
{
	struct local_pair *pairs = calloc(3, sizeof(*pairs));
	int code;

	if (!pairs)
		return say_err(EXIT_INTERNAL, BJ_ERR_NO_MEMORY, "cert");
	if (o->days > LOCAL_LEAF_DAYS_MAX)
		code = say_failure(EXIT_USAGE, "a certificate is made for at most %d days", LOCAL_LEAF_DAYS_MAX);
	else
		code = cert_load_ca(o, &pairs[0]);
	for (size_t i = 0; i < o->name_count && !code; i++) {
		code = renew_one(o, &pairs[0], &pairs[1], &pairs[2], o->names[i]);
		local_fini(&pairs[2]);
	}
	local_fini(&pairs[0]);
	free(pairs);
	return code;
}
