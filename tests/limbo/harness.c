/* harness.c - x509-limbo's cases on standard input, our answers on standard output.
 *
 * A case becomes what a TLS peer would judge: the anchors and what was sent, purpose, name and time. Skipped are, by feature,
 * cases that need what we leave out on purpose; docs/x509-limbo.md says why.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/pem.h"
#include "support/json.h"
#include "x509/dns_name.h"
#include "x509/general_name.h"
#include "x509/hostname.h"
#include "x509/path.h"

#define EXTRA_MAX 256
#define INPUT_MAX (256u << 20)
#define ANY_TIME 1700000000 /* the cases without a time hold from 1971 to 2968 */

struct answer {
	const char *result;
	char context[512];
};

struct extras {
	struct cert certs[EXTRA_MAX];
	uint8_t *ders[EXTRA_MAX];
	size_t count;
};

static char *read_all(FILE *file, size_t *out_len)
{
	size_t cap = 1 << 20, len = 0, n;
	char *text = malloc(cap);

	while (text && (n = fread(text + len, 1, cap - len, file)) > 0) {
		len += n;
		if (len == cap && cap < INPUT_MAX)
			text = realloc(text, cap *= 2);
	}
	*out_len = len;
	return text;
}

/* The DER of the first certificate in a PEM text, to be freed; null if there is none. */
static uint8_t *der_of(const struct json *text, size_t *out_len)
{
	struct pem pem;
	struct pem_block block;
	uint8_t *der;

	if (!text || text->kind != JSON_TEXT || !(der = malloc(PEM_DER_MAX(text->text_len))))
		return NULL;
	pem = pem_make(text->text, text->text_len);
	if (pem_next_labelled(&pem, "CERTIFICATE", der, PEM_DER_MAX(text->text_len), &block)) {
		free(der);
		return NULL;
	}
	*out_len = block.der.len;
	return der;
}

/* An RFC 3339 time; a fraction of a second is cut off. */
static int64_t time_of_text(const char *text)
{
	struct tm tm = { 0 };
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);

	return rest ? (int64_t)timegm(&tm) : ANY_TIME;
}

static bool has_feature(const struct json *test, const char *feature)
{
	for json_each(f, json_get(test, "features"))
		if (strcmp(json_text(f), feature) == 0)
			return true;
	return false;
}

static bool lists(const struct json *list, const char *word)
{
	for json_each(item, list)
		if (strcmp(json_text(item), word) == 0)
			return true;
	return false;
}

static const char *why_skipped(const struct json *test)
{
	if (json_count(json_get(test, "signature_algorithms")) > 0)
		return "the set of signature algorithms is fixed";
	return NULL;
}

static bool mailbox_equal(struct bj_bytes a, struct bj_bytes b)
{
	const uint8_t *at = memchr(a.ptr, '@', a.len);
	size_t local = at ? (size_t)(at - a.ptr) : a.len;

	return a.len == b.len && memcmp(a.ptr, b.ptr, local) == 0 &&
	       dns_name_equal(bytes_of(a.ptr + local, a.len - local), bytes_of(b.ptr + local, b.len - local));
}

/* Is a name of any kind among the certificate's? Client cases list the names that must be found. */
static bool carries(const struct cert *cert, const struct json *want)
{
	const char *kind = json_get_text(want, "kind");
	struct bj_bytes value = bytes_text(json_get_text(want, "value"));
	struct reader r = rd_of(cert->san);
	struct host_id id;

	if (strcmp(kind, "RFC822") != 0)
		return host_id_parse(value, &id) && hostname_matches(cert, &id);
	while (rd_more(&r)) {
		struct general_name name = gn_read(&r);

		if (name.kind == GN_EMAIL && mailbox_equal(name.value, value))
			return true;
	}
	return false;
}

static uint16_t usages_of(const struct json *list)
{
	static const struct { const char *name; uint16_t bit; } usages[] = {
		{ "digitalSignature", KU_DIGITAL_SIGNATURE }, { "contentCommitment", KU_NON_REPUDIATION },
		{ "keyEncipherment", KU_KEY_ENCIPHERMENT },   { "dataEncipherment", KU_DATA_ENCIPHERMENT },
		{ "keyAgreement", KU_KEY_AGREEMENT },         { "keyCertSign", KU_KEY_CERT_SIGN },
		{ "cRLSign", KU_CRL_SIGN },
	};
	uint16_t bits = 0;

	for (size_t i = 0; i < ARRAY_COUNT(usages); i++)
		if (lists(list, usages[i].name))
			bits |= usages[i].bit;
	return bits;
}

/* What the case asks beyond what path_verify() judges. */
static const char *what_is_missing(const struct json *test, const struct cert *leaf)
{
	uint16_t usages = usages_of(json_get(test, "key_usage"));

	for json_each(want, json_get(test, "expected_peer_names"))
		if (!carries(leaf, want))
			return "an expected name is missing";
	if (leaf->has_key_usage && (leaf->key_usage & usages) != usages)
		return "a wanted key usage is missing";
	return NULL;
}

static void judge(const struct json *test, const struct bj_trust *trust, const struct bj_crls *crls, const struct extras *extras,
		  const struct cert *leaf, struct answer *out)
{
	const struct json *depth = json_get(test, "max_chain_depth"), *peer = json_get(test, "expected_peer_name"),
			  *when = json_get(test, "validation_time");
	const char *kind = json_get_text(test, "validation_kind"), *missing = what_is_missing(test, leaf);
	struct path_input in = {
		.leaf = leaf, .extra = extras->certs, .extra_count = extras->count, .trust = trust, .check_time = true,
		.purpose = strcmp(kind, "CLIENT") == 0 ? PATH_CLIENT : PATH_SERVER,
		.profile = strncmp(json_get_text(test, "id"), "rfc5280::", 9) == 0 ? PROFILE_RFC5280 : PROFILE_WEBPKI,
		.crls = crls, .revocation = json_count(json_get(test, "crls")) > 0 ? BJ_REVOCATION_REQUIRED : BJ_REVOCATION_OFF,
		.now = when && when->kind == JSON_TEXT ? time_of_text(when->text) : ANY_TIME,
	};
	struct bj_verdict verdict;

	if (peer && peer->kind == JSON_OBJECT)
		in.name = bytes_text(json_get_text(peer, "value"));
	if (depth && depth->kind == JSON_NUMBER) {
		in.has_depth_max = true;
		in.depth_max = (size_t)json_int(depth);
	}
	if (path_verify(&in, &verdict)) {
		out->result = "FAILURE";
		snprintf(out->context, sizeof(out->context), "%s %s: certificate %d (%s): %s", bj_err_name(verdict.err), verdict.rule,
			 verdict.index, verdict.subject, verdict.detail);
	} else if (missing) {
		out->result = "FAILURE";
		snprintf(out->context, sizeof(out->context), "%s", missing);
	} else if (has_feature(test, "pedantic-public-suffix-wildcard")) {
		out->result = "SKIPPED"; /* a refusal would have been an answer; without the list, acceptance is none */
		snprintf(out->context, sizeof(out->context), "there is no list of public suffixes");
	} else {
		out->result = "SUCCESS";
		snprintf(out->context, sizeof(out->context), "%zu certificates to %s", verdict.path_len, verdict.anchor);
	}
}

static void extras_read(const struct json *list, struct extras *out)
{
	out->count = 0;
	for json_each(text, list) {
		size_t len;
		uint8_t *der = der_of(text, &len);

		if (!der)
			continue;
		if (out->count < EXTRA_MAX && cert_parse(bytes_of(der, len), &out->certs[out->count]) == BJ_OK)
			out->ders[out->count++] = der;
		else
			free(der);
	}
}

static void run(const struct json *test, struct extras *extras, struct answer *out)
{
	struct bj_trust *trust = bj_trust_new();
	struct bj_crls *crls = bj_crls_new();
	const char *skipped = why_skipped(test);
	struct cert leaf;
	size_t len = 0;
	uint8_t *der = der_of(json_get(test, "peer_certificate"), &len);
	enum bj_err err;

	extras_read(json_get(test, "untrusted_intermediates"), extras);
	for json_each(root, json_get(test, "trusted_certs"))
		if (bj_trust_add_pem(trust, root->text, root->text_len, NULL))
			continue; /* a root that cannot be read is not trusted */
	for json_each(list, json_get(test, "crls"))
		if (bj_crls_add_pem(crls, list->text, list->text_len, NULL))
			continue; /* a list that cannot be read says nothing */
	if (skipped) {
		out->result = "SKIPPED";
		snprintf(out->context, sizeof(out->context), "%s", skipped);
	} else if (!der || (err = cert_parse(bytes_of(der, len), &leaf))) {
		out->result = "FAILURE";
		snprintf(out->context, sizeof(out->context), "the certificate: %s", der ? bj_err_text(err) : "no PEM");
	} else {
		judge(test, trust, crls, extras, &leaf, out);
	}
	for (size_t i = 0; i < extras->count; i++)
		free(extras->ders[i]);
	free(der);
	bj_crls_free(crls);
	bj_trust_free(trust);
}

static void put_text(const char *text)
{
	putchar('"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			printf("\\%c", *text);
		else if ((unsigned char)*text < 0x20)
			printf("\\u%04x", *text);
		else
			putchar(*text);
	}
	putchar('"');
}

int main(void)
{
	size_t len, at, count = 0;
	char *text = read_all(stdin, &len);
	struct json *root = text ? json_parse(text, len, &at) : NULL;
	struct extras *extras = malloc(sizeof(*extras));

	if (!root || !extras || json_get_int(root, "version") != 1) {
		fprintf(stderr, "limbo-harness: no x509-limbo cases of version 1 on standard input\n");
		return 1;
	}
	printf("{\"version\":1,\"harness\":\"bojagi\",\"results\":[");
	for json_each(test, json_get(root, "testcases")) {
		struct answer answer;

		run(test, extras, &answer);
		printf(count++ ? ",\n{\"id\":" : "\n{\"id\":");
		put_text(json_get_text(test, "id"));
		printf(",\"actual_result\":\"%s\",\"context\":", answer.result);
		put_text(answer.context);
		putchar('}');
	}
	printf("\n]}\n");
	free(extras);
	json_free(root);
	free(text);
	return ferror(stdout) || fflush(stdout) ? 1 : 0;
}
