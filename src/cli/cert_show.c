/* cert_show.c - `bojagi cert show`: what stands in a file, or what a server shows. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/pem.h"
#include "base/wipe.h"
#include "cli/cert.h"
#include "cli/cert_describe.h"
#include "cli/clock.h"
#include "cli/command.h"
#include "cli/connect.h"
#include "cli/own_credential.h"
#include "cli/say.h"
#include "crypto/pkcs12.h"
#include "host/file.h"
#include "host/passphrase.h"
#include "x509/content.h"
#include "x509/crl.h"
#include "x509/name.h"
#include "x509/ocsp.h"
#include "x509/request.h"
#include "x509/time.h"

struct show {
	const struct cert_options *o;
	struct terminal terminal;
	struct json json;
	int64_t now;
	size_t count;
	struct passphrase passphrase; /* of a P12 */
	const char *key;              /* the kind of its key; null: none */
	enum bj_err verdict; /* of a host's chain, or why there is none */
};

static enum bj_err show_der(struct show *show, struct bj_bytes der)
{
	struct cert cert;
	enum bj_err err = cert_parse(der, &cert);

	if (err)
		return err;
	show->count++;
	if (show->o->options.json) {
		describe_cert_json(&show->json, &cert, show->now);
		return BJ_OK;
	}
	if (show->count > 1)
		putchar('\n');
	describe_cert(&show->terminal, &cert, show->count, show->now);
	return BJ_OK;
}

/* A signing request, and whether its key signed it. */
static enum bj_err show_signing_request(struct show *show, struct bj_bytes der)
{
	struct cert request;
	enum bj_err err = request_parse(der, &request), proof;

	if (err)
		return err;
	proof = request_check(&request);
	show->count++;
	if (show->o->options.json) {
		describe_request_json(&show->json, &request, proof);
		return BJ_OK;
	}
	if (show->count > 1)
		putchar('\n');
	describe_request(&show->terminal, &request, show->count, proof);
	return BJ_OK;
}

/* A revocation list: who, when, how many. */
static enum bj_err show_crl(struct show *show, struct bj_bytes der)
{
	char issuer[SHOW_NAME_MAX], from[TIME_TEXT_MAX], until[TIME_TEXT_MAX];
	struct text text = text_make(issuer, sizeof(issuer));
	struct crl crl;
	enum bj_err err = crl_parse(der, &crl);
	bool fresh;

	if (err)
		return err;
	fresh = show->now >= crl.this_update && show->now <= crl.next_update;
	name_text(crl.issuer, &text);
	time_text(crl.this_update, from);
	time_text(crl.next_update, until);
	if (crl.next_update == INT64_MIN)
		snprintf(until, sizeof(until), "unknown");
	show->count++;
	if (show->o->options.json) {
		json_object(&show->json, NULL);
		json_text(&show->json, "crl_issuer", issuer);
		json_time(&show->json, "this_update", crl.this_update);
		json_time(&show->json, "next_update", crl.next_update == INT64_MIN ? TIME_NONE : crl.next_update);
		json_bool(&show->json, "valid_now", fresh);
		json_int(&show->json, "revoked_count", crl.entry_count);
		json_object_end(&show->json);
		return BJ_OK;
	}
	printf("%s%zu %srevocation list of ", show->count > 1 ? "\n" : "", show->count, terminal_mark(&show->terminal, fresh ? MARK_GOOD : MARK_BAD));
	terminal_print(&show->terminal, issuer, strlen(issuer));
	printf("\n    From          %s\n    Until         %s\n    Revoked       %u\n", from, until, crl.entry_count);
	return BJ_OK;
}

/* One certificate that an OCSP response speaks of. */
static void show_ocsp_answer(struct show *show, struct bj_bytes serial, const struct ocsp_answer *answer)
{
	bool in_force = show->now >= answer->this_update && (answer->next_update == TIME_NONE || show->now <= answer->next_update);
	const char *word = answer->status == OCSP_GOOD ? "good" : answer->status == OCSP_REVOKED ? "revoked" : "unknown";
	char hex[2 * 20 + 1], from[TIME_TEXT_MAX], until[TIME_TEXT_MAX], date[TIME_TEXT_MAX];

	hex_encode(serial.ptr, serial.len < 20 ? serial.len : 20, hex);
	time_text(answer->this_update, from);
	time_text(answer->next_update, until);
	time_text(answer->date, date);
	show->count++;
	if (show->o->options.json) {
		json_object(&show->json, NULL);
		json_text(&show->json, "ocsp_serial", hex);
		json_text(&show->json, "ocsp_status", word);
		json_time(&show->json, "this_update", answer->this_update);
		json_time(&show->json, "next_update", answer->next_update);
		json_time(&show->json, "revoked", answer->status == OCSP_REVOKED ? answer->date : TIME_NONE);
		json_text(&show->json, "reason", answer->status == OCSP_REVOKED ? crl_reason_text(answer->reason) : NULL);
		json_bool(&show->json, "valid_now", in_force);
		json_object_end(&show->json);
		return;
	}
	printf("%s%zu %sOCSP response: %s%s\n", show->count > 1 ? "\n" : "", show->count,
	       terminal_mark(&show->terminal, in_force && answer->status == OCSP_GOOD ? MARK_GOOD : MARK_BAD), word,
	       in_force ? "" : ", out of date or not yet in force");
	printf("    Serial        %s\n    From          %s\n    Until         %s\n", hex, from, answer->next_update == TIME_NONE ? "unknown" : until);
	if (answer->status == OCSP_REVOKED)
		printf("    Revoked       %s (%s)\n", date, crl_reason_text(answer->reason));
}

/* What it says; whether its CA signed it cannot be seen without the CA: connect --ocsp and the gateway judge that. */
static enum bj_err show_ocsp(struct show *show, struct bj_bytes der)
{
	struct ocsp_response response;
	struct ocsp_answer answer;
	struct reader r;
	enum bj_err err = ocsp_parse(der, &response);

	if (err)
		return err;
	r = rd_of(response.answers);
	while (rd_more(&r)) {
		struct bj_bytes serial = ocsp_next_answer(&r, &answer);

		show_ocsp_answer(show, serial, &answer);
	}
	return BJ_OK;
}

/* The certificates of a PKCS#12 file, and what its key is. */
static enum bj_err show_pkcs12(struct show *show, struct bj_bytes der)
{
	static const char *const kinds[] = { "none", "RSA", "RSA-PSS", "P-256", "P-384", "P-521", "Ed25519", "ML-DSA-44", "ML-DSA-65", "ML-DSA-87" };
	struct pkcs12 file;
	enum bj_err err = pkcs12_read(der, passphrase_view(&show->passphrase), &file);

	if (err)
		return err;
	for (size_t i = 0; i < file.cert_count && !err; i++)
		err = show_der(show, file.certs[i]);
	show->key = file.key ? kinds[pkey_kind(file.key)] : NULL;
	if (show->key && !show->o->options.json)
		printf("\n%sprivate key   %s\n", terminal_mark(&show->terminal, MARK_GOOD), show->key);
	show->count += file.key != NULL;
	pkcs12_fini(&file);
	return err;
}

static enum bj_err show_block(struct show *show, const struct pem_block *block)
{
	if (bytes_equal(block->label, BYTES_LIT("CERTIFICATE")))
		return show_der(show, block->der);
	if (bytes_equal(block->label, BYTES_LIT("CERTIFICATE REQUEST")) || bytes_equal(block->label, BYTES_LIT("NEW CERTIFICATE REQUEST")))
		return show_signing_request(show, block->der);
	return bytes_equal(block->label, BYTES_LIT("X509 CRL")) ? show_crl(show, block->der) : BJ_OK;
}

/* PEM with any blocks, of which certificates, signing requests and revocation lists are shown; or one of these or an OCSP response in DER; or PKCS#12. */
static enum bj_err show_bytes(struct show *show, const uint8_t *bytes, size_t len, uint32_t *out_line)
{
	struct pem pem = pem_make(bytes, len);
	struct pem_block block;
	uint8_t *der;
	enum bj_err err;

	*out_line = 0;
	switch (content_of(bytes_of(bytes, len))) {
	case CONTENT_PKCS12:
		return show_pkcs12(show, bytes_of(bytes, len));
	case CONTENT_DER_REQUEST:
		return show_signing_request(show, bytes_of(bytes, len));
	case CONTENT_DER_CRL:
		return show_crl(show, bytes_of(bytes, len));
	case CONTENT_DER_OCSP:
		return show_ocsp(show, bytes_of(bytes, len));
	default:
		break;
	}
	if (len > 0 && bytes[0] == 0x30) /* SEQUENCE */
		return show_der(show, bytes_of(bytes, len));
	der = malloc(PEM_DER_MAX(len));
	if (!der)
		return BJ_ERR_NO_MEMORY;
	for (;;) {
		err = pem_next(&pem, der, PEM_DER_MAX(len), &block);
		*out_line = err ? pem.line : block.line;
		if (!err)
			err = show_block(show, &block);
		if (err)
			break;
	}
	wipe(der, PEM_DER_MAX(len)); /* the file may hold a key, too */
	free(der);
	return err == BJ_ERR_PEM_NONE && show->count > 0 ? BJ_OK : err;
}

/* The certificates of a connection, whatever is thought of them. */
static void show_connection(void *self, const struct connection *c)
{
	struct show *show = self;
	const struct bj_verdict *v = &c->client.verdict;
	bool trusted = c->client.judged && v->err == BJ_OK;

	show->verdict = c->client.judged ? v->err : c->err;
	if (show->o->options.json) {
		json_document(&show->json, stdout, "bojagi.cert/1");
		json_text(&show->json, "host", show->o->names[0]);
		json_array(&show->json, "certificates");
	}
	for (size_t i = 0; i < c->client.chain_count; i++)
		if (show_der(show, c->client.chain[i]) != BJ_OK)
			say_err(EXIT_GOOD, BJ_ERR_CERT_DER, "certificate %zu", i + 1);
	if (show->o->options.json) {
		json_array_end(&show->json);
		json_bool(&show->json, "trusted", trusted);
		json_text(&show->json, "error", show->verdict ? bj_err_name(show->verdict) : NULL);
		json_document_end(&show->json);
	} else if (c->client.judged) {
		printf("\n%s%s: %s%s", terminal_mark(&show->terminal, trusted ? MARK_GOOD : MARK_BAD), c->client.name,
		       trusted ? "trusted by " : bj_err_text(v->err), trusted ? "" : "; ");
		terminal_print(&show->terminal, trusted ? v->anchor : v->detail, strlen(trusted ? v->anchor : v->detail));
		putchar('\n');
	}
}

static int show_host(struct cert_options *o)
{
	struct show show = { .o = o, .terminal = terminal_of(stdout, &o->options), .now = clock_unix_ms() / 1000 };
	struct connect_wish wish = { .options = o->options, .insecure = true, .ca_file = o->ca_file };
	int code;

	if (target_parse(o->names[0], 443, &wish.target) != BJ_OK)
		return say_failure(EXIT_USAGE, "%s is neither a file nor HOST[:PORT]", o->names[0]);
	code = connect_look(&wish, show_connection, &show);
	if (code)
		return say_err((enum exit_code)code, show.verdict, "%s", o->names[0]);
	return show.verdict ? EXIT_NOT_TRUSTED : EXIT_GOOD;
}

/* People who mean a file write a path or an ending, and nobody calls a host so. */
static bool looks_like_file(const char *text)
{
	static const char *const endings[] = { ".pem", ".crt", ".cer", ".der", ".key", ".p12", ".pfx", ".crl", ".csr", ".req" };
	size_t len = strlen(text);

	if (path_exists(text))
		return true;
	for (size_t i = 0; i < ARRAY_COUNT(endings); i++)
		if (len > 4 && strcmp(text + len - 4, endings[i]) == 0)
			return true;
	return strchr(text, '/') && strncmp(text, "https://", 8) != 0;
}

int cert_show(struct cert_options *o)
{
	struct show show = { .o = o, .terminal = terminal_of(stdout, &o->options), .now = clock_unix_ms() / 1000 };
	const char *path = o->names[0];
	struct file_bytes bytes = { 0 };
	enum content kind;
	uint32_t line;
	enum bj_err err;
	int code;

	if (!looks_like_file(path))
		return show_host(o);
	err = file_read(path, FILE_PEM_MAX, &bytes);
	if (err)
		return say_failure(EXIT_USAGE, "cannot read %s: %s", path, strerror(errno));
	code = own_passphrase("--passin", o->passin, &show.passphrase);
	if (code) {
		file_bytes_free(&bytes);
		return code;
	}
	if (o->options.json) {
		json_document(&show.json, stdout, "bojagi.cert/1");
		json_text(&show.json, "file", path);
		json_array(&show.json, "certificates");
	}
	err = show_bytes(&show, bytes.ptr, bytes.len, &line);
	passphrase_wipe(&show.passphrase);
	kind = content_of(bytes_of(bytes.ptr, bytes.len));
	file_bytes_free(&bytes);
	if (o->options.json) {
		json_array_end(&show.json);
		if (kind == CONTENT_PKCS12)
			json_text(&show.json, "private_key", show.key);
		json_text(&show.json, "error", err ? bj_err_name(err) : NULL);
		json_document_end(&show.json);
	}
	if (!err)
		return EXIT_GOOD;
	fflush(stdout);
	if (err == BJ_ERR_PEM_NONE || err == BJ_ERR_CERT_DER)
		return say_err(EXIT_OWN_CERTIFICATE, err, "%s seems to be %s", path, content_text(kind));
	if (err == BJ_ERR_KEY_ENCRYPTED)
		return say_err(EXIT_OWN_CERTIFICATE, err, "%s: a passphrase is needed: --passin file:PATH or env:NAME", path);
	if (line > 0)
		return say_err(EXIT_OWN_CERTIFICATE, err, "%s:%" PRIu32, path, line);
	return say_err(EXIT_OWN_CERTIFICATE, err, "%s", path);
}

