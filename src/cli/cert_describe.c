/* cert_describe.c - see cert_describe.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "cli/cert_describe.h"
#include "x509/general_name.h"
#include "x509/time.h"

void describe_short(const struct cert *cert, char out[SHOW_NAME_MAX])
{
	struct show_fields fields;
	struct text text = text_make(out, SHOW_NAME_MAX);

	show_fields(cert, &fields);
	if (fields.subject_cn[0])
		text_str(&text, fields.subject_cn);
	else if (cert->san.len > 0)
		show_names(cert, &text);
	else
		text_str(&text, fields.subject);
}

bool describe_is_valid_at(const struct cert *cert, int64_t now)
{
	return now >= cert->not_before && now <= cert->not_after;
}

static void duration(int64_t seconds, char out[32])
{
	int64_t days = seconds / 86400, hours = seconds % 86400 / 3600, minutes = seconds % 3600 / 60;

	if (days >= 1000)
		snprintf(out, 32, "%" PRId64 " d", days);
	else if (days > 0)
		snprintf(out, 32, "%" PRId64 " d %" PRId64 " h", days, hours);
	else if (hours > 0)
		snprintf(out, 32, "%" PRId64 " h %" PRId64 " min", hours, minutes);
	else
		snprintf(out, 32, "%" PRId64 " min", minutes);
}

void describe_validity(const struct cert *cert, int64_t now, char out[DESCRIBE_VALIDITY_MAX])
{
	char span[32];

	if (now < cert->not_before) {
		duration(cert->not_before - now, span);
		snprintf(out, DESCRIBE_VALIDITY_MAX, "begins in %s", span);
	} else if (now > cert->not_after) {
		duration(now - cert->not_after, span);
		snprintf(out, DESCRIBE_VALIDITY_MAX, "expired %s ago", span);
	} else if (cert->not_after == TIME_NONE) {
		snprintf(out, DESCRIBE_VALIDITY_MAX, "no end");
	} else {
		duration(cert->not_after - now, span);
		snprintf(out, DESCRIBE_VALIDITY_MAX, "%s left", span);
	}
}

/* The lines of a longer text, indented. */
static void print_lines(const struct terminal *terminal, void (*write)(const struct cert *cert, struct text *out), const struct cert *cert)
{
	char *long_text = malloc(SHOW_TEXT_MAX);
	struct text text;

	if (!long_text)
		return;
	text = text_make(long_text, SHOW_TEXT_MAX);
	write(cert, &text);
	for (const char *line = long_text; *line;) {
		size_t len = strcspn(line, "\n");

		fputs("    ", terminal->stream);
		terminal_print(terminal, line, len);
		fputc('\n', terminal->stream);
		line += len + (line[len] == '\n');
	}
	free(long_text);
}

void describe_request(const struct terminal *terminal, const struct cert *request, size_t number, enum bj_err proof)
{
	char name[SHOW_NAME_MAX];
	const char *said = proof ? bj_err_text(proof) : "signed by its own key";

	describe_short(request, name);
	fprintf(terminal->stream, "%zu %s", number, terminal_mark(terminal, proof ? MARK_BAD : MARK_GOOD));
	terminal_print(terminal, name, strlen(name));
	fprintf(terminal->stream, "   signing request, %s\n", said);
	print_lines(terminal, show_request, request);
}

static void names_json(struct json *json, const struct cert *cert)
{
	struct reader list = rd_of(cert->san);
	char *buf = malloc(SHOW_TEXT_MAX);

	json_array(json, "names");
	while (buf && rd_more(&list)) {
		struct general_name name = gn_read(&list);
		struct text text = text_make(buf, SHOW_TEXT_MAX);

		if (list.bad)
			break;
		gn_text(&name, &text);
		json_text(json, NULL, buf);
	}
	json_array_end(json);
	free(buf);
}

static void fact_json(void *self, const char *fact)
{
	json_text((struct json *)self, NULL, fact);
}

static void list_json(struct json *json, const char *key, const struct cert *cert, enum show_list what)
{
	json_array(json, key);
	show_each(cert, what, fact_json, json);
	json_array_end(json);
}

static void key_id_json(struct json *json, const char *key, struct bj_bytes id)
{
	char hex[SHOW_FACT_MAX];
	struct text text = text_make(hex, sizeof(hex));

	text_hex(&text, id, 0);
	json_text(json, key, id.len > 0 ? hex : NULL);
}

static void timestamps_json(struct json *json, const struct cert *cert)
{
	struct reader list = sct_of_cert(cert), all = list;
	char log[BASE64_TEXT_LEN(SCT_LOG_ID_LEN) + 1];
	struct sct sct;

	while (rd_more(&all) && sct_next(&all, &sct) == BJ_OK)
		;
	if (all.bad) {
		json_null(json, "timestamps");
		return;
	}
	json_array(json, "timestamps");
	while (rd_more(&list) && sct_next(&list, &sct) == BJ_OK) {
		json_object(json, NULL);
		json_int(json, "version", sct.version + 1);
		if (sct.version == 0) {
			base64_encode(sct.log_id.ptr, sct.log_id.len, log);
			json_text(json, "log_id", log);
			json_time(json, "time", (int64_t)(sct.timestamp_ms / 1000));
		}
		json_object_end(json);
	}
	json_array_end(json);
}

/* What the extensions say; null where what is absent is not the same as an empty list. */
static void extensions_json(struct json *json, const struct cert *cert)
{
	if (cert->has_path_len)
		json_int(json, "cas_below", cert->path_len);
	else
		json_null(json, "cas_below");
	if (cert->has_key_usage)
		list_json(json, "key_usage", cert, SHOW_KEY_USAGE);
	else
		json_null(json, "key_usage");
	if (cert->has_eku)
		list_json(json, "purposes", cert, SHOW_PURPOSES);
	else
		json_null(json, "purposes");
	list_json(json, "permitted", cert, SHOW_PERMITTED);
	list_json(json, "excluded", cert, SHOW_EXCLUDED);
	key_id_json(json, "key_id", cert->ski);
	key_id_json(json, "issuer_key_id", cert->aki);
	list_json(json, "ocsp_urls", cert, SHOW_OCSP);
	list_json(json, "issuer_urls", cert, SHOW_ISSUERS);
	list_json(json, "crl_urls", cert, SHOW_CRLS);
	list_json(json, "policies", cert, SHOW_POLICIES);
	json_bool(json, "must_staple", cert->must_staple);
	timestamps_json(json, cert);
}

void describe_request_json(struct json *json, const struct cert *request, enum bj_err proof)
{
	struct show_fields fields;

	show_fields(request, &fields);
	json_object(json, NULL);
	json_text(json, "request_subject", fields.subject);
	names_json(json, request);
	json_text(json, "key", fields.key);
	json_text(json, "signature_algorithm", fields.signature);
	json_bool(json, "signed_by_its_key", proof == BJ_OK);
	json_bool(json, "ca", request->is_ca);
	extensions_json(json, request);
	json_text(json, "pin_sha256", fields.pin);
	json_object_end(json);
}

void describe_cert(const struct terminal *terminal, const struct cert *cert, size_t number, int64_t now)
{
	char name[SHOW_NAME_MAX], validity[DESCRIBE_VALIDITY_MAX];

	describe_short(cert, name);
	describe_validity(cert, now, validity);
	fprintf(terminal->stream, "%zu %s", number,
		terminal_mark(terminal, describe_is_valid_at(cert, now) ? MARK_GOOD : MARK_BAD));
	terminal_print(terminal, name, strlen(name));
	fprintf(terminal->stream, "   %s\n", validity);
	print_lines(terminal, show_cert, cert);
}

void describe_cert_json(struct json *json, const struct cert *cert, int64_t now)
{
	struct show_fields fields;

	show_fields(cert, &fields);
	json_object(json, NULL);
	json_text(json, "subject", fields.subject);
	json_text(json, "issuer", fields.issuer);
	names_json(json, cert);
	json_time(json, "not_before", cert->not_before);
	json_time(json, "not_after", cert->not_after);
	json_bool(json, "valid_now", describe_is_valid_at(cert, now));
	json_int(json, "seconds_left", cert->not_after - now);
	json_text(json, "key", fields.key);
	json_text(json, "signature_algorithm", fields.signature);
	json_bool(json, "ca", cert->is_ca);
	extensions_json(json, cert);
	json_text(json, "serial", fields.serial);
	json_text(json, "sha256", fields.sha256);
	json_text(json, "pin_sha256", fields.pin);
	json_object_end(json);
}
