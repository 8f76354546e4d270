/* cert_revoke.c - `bojagi cert revoke`, `crl`, and `ocsp FILE`: what the CA says of its certificates. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "cli/cert.h"
#include "cli/cert_describe.h"
#include "cli/cert_ledger.h"
#include "cli/clock.h"
#include "cli/command.h"
#include "cli/nearest.h"
#include "cli/say.h"
#include "host/file.h"
#include "x509/issue_crl.h"
#include "x509/ocsp_answer.h"
#include "x509/time.h"

#define CRL_DAYS 30
#define STAPLE_DAYS 7
#define SLACK_S 60 /* clocks of machines nearby differ a little */

static const struct { const char *word; enum crl_reason reason; } reasons[] = {
	{ "unspecified", REASON_UNSPECIFIED },
	{ "key-compromise", REASON_KEY },
	{ "affiliation-changed", 3 },
	{ "superseded", 4 },
	{ "stopped", 5 }, /* cessationOfOperation */
	{ "privilege-withdrawn", 9 },
};

static bool reason_of(const char *word, enum crl_reason *out)
{
	const char *words[ARRAY_COUNT(reasons)], *near;

	for (size_t i = 0; i < ARRAY_COUNT(reasons); i++) {
		words[i] = reasons[i].word;
		if (strcmp(word, reasons[i].word) == 0) {
			*out = reasons[i].reason;
			return true;
		}
	}
	near = nearest_word(word, words, ARRAY_COUNT(words));
	say_failure(EXIT_USAGE, "'%s' is no reason%s%s%s", word, near ? "; did you mean '" : "; there are those of bojagi cert --help",
		    near ? near : "", near ? "'?" : "");
	return false;
}

static int load_ledger(const struct cert_options *o, struct ledger *ledger)
{
	enum bj_err err = ledger_load(o->folder, ledger);

	return err ? say_err(EXIT_OWN_CERTIFICATE, err, "%s/issued cannot be read", o->folder) : EXIT_GOOD;
}

/* ---- the list */

struct list {
	char path[FOLDER_PATH_MAX];
	size_t count;
	int64_t next_update;
};

static enum bj_err write_pem(const char *path, const uint8_t *der, size_t len)
{
	char *text = NULL;
	size_t text_len = 0;
	enum bj_err err = local_pem("X509 CRL", der, len, &text, &text_len);

	if (!err)
		err = file_write(path, text, text_len, 0644, true);
	free(text);
	return err;
}

/* Every certificate that was taken back, also after its end: whoever verifies later than that wants to know. */
static int make_list(const struct cert_options *o, const struct local_pair *ca, struct list *out)
{
	int64_t now = clock_unix_ms() / 1000;
	struct issue_crl in = { .issuer = &ca->cert, .issuer_key = ca->key, .this_update = now - SLACK_S };
	struct ledger ledger;
	struct issue_crl_entry *entries;
	uint8_t *der;
	size_t cap, len;
	enum bj_err err = BJ_ERR_NO_MEMORY;
	int code = load_ledger(o, &ledger);

	if (code)
		return code;
	in.next_update = now + (int64_t)(o->days ? o->days : CRL_DAYS) * 86400;
	in.number = (uint64_t)clock_unix_ms();
	cap = ISSUE_CRL_DER_MAX(ledger.count);
	entries = calloc(ledger.count + 1, sizeof(*entries));
	der = malloc(cap);
	for (size_t i = 0; entries && i < ledger.count; i++)
		if (ledger.rows[i].revoked)
			entries[in.entry_count++] = (struct issue_crl_entry){ bytes_of(ledger.rows[i].serial, ledger.rows[i].serial_len),
									      ledger.rows[i].date, ledger.rows[i].reason };
	in.entries = entries;
	if (entries && der)
		err = issue_crl(&in, der, cap, &len);
	if (o->out && strcmp(o->out, "-") != 0)
		snprintf(out->path, sizeof(out->path), "%s", o->out);
	else
		snprintf(out->path, sizeof(out->path), "%s/ca.crl", o->folder);
	if (!err)
		err = write_pem(out->path, der, len);
	out->count = in.entry_count;
	out->next_update = in.next_update;
	free(der);
	free(entries);
	ledger_fini(&ledger);
	if (err == BJ_ERR_FILE_WRITE)
		return say_failure(EXIT_USAGE, "cannot write %s: %s", out->path, strerror(errno));
	return err ? say_err(EXIT_INTERNAL, err, "no list can be made") : EXIT_GOOD;
}

static void print_list(const struct cert_options *o, const struct list *list)
{
	struct terminal terminal = terminal_of(stdout, &o->options);
	char until[TIME_TEXT_MAX];

	time_text(list->next_update, until);
	printf("%srevocation list with %zu certificate%s\n", terminal_mark(&terminal, MARK_GOOD), list->count, list->count == 1 ? "" : "s");
	printf("  list         %s   until %s\n", list->path, until);
	printf("  next         client_certificate required { ca \"%s/ca.pem\"; crl \"%s\"; }\n", o->folder, list->path);
}

static void list_json(struct json *json, const struct list *list)
{
	json_text(json, "crl_file", list->path);
	json_int(json, "revoked_count", (int64_t)list->count);
	json_time(json, "next_update", list->next_update);
}

int cert_crl(struct cert_options *o)
{
	struct local_pair *ca = calloc(1, sizeof(*ca));
	struct list list;
	struct json json;
	int code = ca ? cert_load_ca(o, ca) : say_err(EXIT_INTERNAL, BJ_ERR_NO_MEMORY, "cert crl");

	if (!code)
		code = make_list(o, ca, &list);
	if (!code && o->options.json) {
		json_document(&json, stdout, "bojagi.cert/1");
		list_json(&json, &list);
		json_document_end(&json);
	} else if (!code && !o->options.quiet) {
		print_list(o, &list);
	}
	if (ca)
		local_fini(ca);
	free(ca);
	return code;
}

/* ---- revoke */

/* The serial number of a certificate of this CA: out of its file, or as it is printed by show. */
static int serial_of(const struct cert_options *o, const struct local_pair *ca, const char *text, struct local_pair *cert, uint8_t out[20],
		     size_t *out_len)
{
	int code;

	if (!path_exists(text)) {
		if (hex_decode(bytes_text(text), out, 20, out_len) == BJ_OK && *out_len > 0)
			return EXIT_GOOD;
		return say_failure(EXIT_USAGE, "%s is neither a file nor a serial number", text);
	}
	code = cert_load_file(text, cert);
	if (code)
		return code;
	if (!cert_is_of_ca(&cert->cert, ca))
		return say_failure(EXIT_USAGE, "%s was not issued by the CA in %s", text, o->folder);
	if (cert->cert.serial.len > 20)
		return say_err(EXIT_OWN_CERTIFICATE, BJ_ERR_CERT_SERIAL, "%s", text);
	memcpy(out, cert->cert.serial.ptr, cert->cert.serial.len);
	*out_len = cert->cert.serial.len;
	return EXIT_GOOD;
}

static int add_to_ledger(const struct cert_options *o, struct bj_bytes serial, enum crl_reason reason, bool is_file)
{
	struct ledger ledger;
	const struct ledger_row *row;
	enum bj_err err = BJ_OK;
	int code = load_ledger(o, &ledger);

	if (code)
		return code;
	row = ledger_find(&ledger, serial);
	if (!is_file && !row)
		code = say_failure(EXIT_USAGE, "the CA in %s issued no certificate with this serial number", o->folder);
	else if (row && row->revoked)
		fprintf(stderr, "it was revoked before; the first date stays\n");
	else
		err = ledger_add_revoked(o->folder, serial, clock_unix_ms() / 1000, reason);
	ledger_fini(&ledger);
	return err ? say_failure(EXIT_USAGE, "cannot write %s/issued: %s", o->folder, strerror(errno)) : code;
}

static void print_revoked(const struct cert_options *o, const char *serial, const struct list *list)
{
	struct terminal terminal = terminal_of(stdout, &o->options);
	struct json json;

	if (o->options.json) {
		json_document(&json, stdout, "bojagi.cert/1");
		json_text(&json, "serial", serial);
		list_json(&json, list);
		json_document_end(&json);
	} else if (!o->options.quiet) {
		printf("%srevoked  %s\n", terminal_mark(&terminal, MARK_GOOD), serial);
		print_list(o, list);
	}
}

int cert_revoke(struct cert_options *o)
{
	struct local_pair *pairs = calloc(2, sizeof(*pairs));
	enum crl_reason reason = REASON_UNSPECIFIED;
	uint8_t serial[20];
	char text[2 * sizeof(serial) + 1];
	struct list list;
	size_t len = 0;
	int code;

	if (!pairs)
		return say_err(EXIT_INTERNAL, BJ_ERR_NO_MEMORY, "cert revoke");
	code = o->reason && !reason_of(o->reason, &reason) ? EXIT_USAGE : cert_load_ca(o, &pairs[0]);
	if (!code)
		code = serial_of(o, &pairs[0], o->names[0], &pairs[1], serial, &len);
	if (!code)
		code = add_to_ledger(o, bytes_of(serial, len), reason, path_exists(o->names[0]));
	if (!code)
		code = make_list(o, &pairs[0], &list);
	if (!code) {
		hex_encode(serial, len, text);
		print_revoked(o, text, &list);
	}
	local_fini(&pairs[0]);
	free(pairs);
	return code;
}

/* ---- one answer, to staple */

static int write_answer(const struct cert_options *o, const struct local_pair *ca, const struct local_pair *cert, const char *path,
			struct ocsp_word *word)
{
	int64_t now = clock_unix_ms() / 1000;
	struct ocsp_answering in = { .issuer = &ca->cert, .issuer_key = ca->key, .words = word, .word_count = 1, .this_update = now - SLACK_S,
				     .next_update = now + (int64_t)(o->days ? o->days : STAPLE_DAYS) * 86400 };
	uint8_t id[OCSP_ID_MAX], *der = malloc(OCSP_ANSWER_DER_MAX);
	size_t len;
	enum bj_err err = der ? ocsp_id_make(&cert->cert, &ca->cert, id, &word->id) : BJ_ERR_NO_MEMORY;

	if (!err)
		err = ocsp_answer(&in, der, OCSP_ANSWER_DER_MAX, &len);
	if (!err)
		err = file_write(path, der, len, 0644, true);
	free(der);
	if (err == BJ_ERR_FILE_WRITE)
		return say_failure(EXIT_USAGE, "cannot write %s: %s", path, strerror(errno));
	return err ? say_err(EXIT_INTERNAL, err, "no answer can be made") : EXIT_GOOD;
}

static void print_answer(const struct cert_options *o, const struct ocsp_word *word, const char *path)
{
	struct terminal terminal = terminal_of(stdout, &o->options);
	const char *words = word->status == OCSP_GOOD ? "good" : "revoked";
	struct json json;

	if (o->options.json) {
		json_document(&json, stdout, "bojagi.cert/1");
		json_text(&json, "status", words);
		json_text(&json, "ocsp_file", path);
		json_document_end(&json);
	} else if (!o->options.quiet) {
		printf("%sOCSP response: %s\n", terminal_mark(&terminal, word->status == OCSP_GOOD ? MARK_GOOD : MARK_BAD), words);
		printf("  response     %s\n  next         ocsp staple \"%s\";\n", path, path);
	}
}

static int answer_file(const struct cert_options *o, const struct local_pair *ca, struct local_pair *cert)
{
	struct ocsp_word word = { .status = OCSP_GOOD };
	const char *path = o->names[0];
	char out[FOLDER_PATH_MAX];
	const struct ledger_row *row;
	size_t base = strlen(path);
	struct ledger ledger;
	int code = cert_load_file(path, cert);

	if (code)
		return code;
	if (!cert_is_of_ca(&cert->cert, ca))
		return say_failure(EXIT_USAGE, "%s was not issued by the CA in %s", path, o->folder);
	code = load_ledger(o, &ledger);
	if (code)
		return code;
	row = ledger_find(&ledger, cert->cert.serial);
	if (row && row->revoked)
		word = (struct ocsp_word){ .status = OCSP_REVOKED, .date = row->date, .reason = row->reason };
	ledger_fini(&ledger);
	if (base > 4 && strcmp(path + base - 4, ".pem") == 0)
		base -= 4;
	if (o->out)
		snprintf(out, sizeof(out), "%s", o->out);
	else
		snprintf(out, sizeof(out), "%.*s.ocsp", (int)base, path);
	code = write_answer(o, ca, cert, out, &word);
	if (!code)
		print_answer(o, &word, out);
	return code;
}

int cert_ocsp(struct cert_options *o)
{
	struct local_pair *pairs;
	int code;

	if (o->name_count == 0)
		return cert_respond(o);
	pairs = calloc(2, sizeof(*pairs));
	if (!pairs)
		return say_err(EXIT_INTERNAL, BJ_ERR_NO_MEMORY, "cert ocsp");
	code = cert_load_ca(o, &pairs[0]);
	if (!code)
		code = answer_file(o, &pairs[0], &pairs[1]);
	local_fini(&pairs[0]);
	free(pairs);
	return code;
}
