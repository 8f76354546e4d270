/* connect_report.c - a connection for people and as JSON. */
#include <inttypes.h>
#include <string.h>

#include "base/base64.h"
#include "cli/cert_describe.h"
#include "cli/clock.h"
#include "cli/command.h"
#include "cli/connect.h"
#include "cli/early_words.h"
#include "cli/explain_text.h"
#include "cli/issuers.h"
#include "x509/time.h"

/* Alerts that judge the certificate that we showed. */
static bool is_about_our_certificate(int alert)
{
	return (alert >= 42 && alert <= 46) || alert == 48 || alert == 49;
}

static bool shows_own(const struct connect_wish *wish)
{
	return wish->cert_file || (wish->proof.raw_public_key && wish->key_file);
}

/* What took longer than it may. */
static bool is_missed(const struct connect_wish *wish, const struct connection *c, enum slo_part part, int64_t *took_us)
{
	const int64_t took[SLO_TOTAL] = { c->dialled.resolve_us, c->dialled.connect_us, c->handshake_us };

	*took_us = part == SLO_TOTAL ? took[SLO_NAME] + took[SLO_TCP] + took[SLO_TLS] : took[part];
	return slo_is_missed(&wish->slo, part, *took_us);
}

static bool is_any_missed(const struct connect_wish *wish, const struct connection *c)
{
	int64_t took_us;

	for (enum slo_part part = 0; part < SLO_PARTS; part++)
		if (is_missed(wish, c, part, &took_us))
			return true;
	return false;
}

enum exit_code connect_exit(const struct connect_wish *wish, const struct connection *c)
{
	enum bj_err err = c->err ? c->err : c->late_err;
	bool asked = c->report.client_certificate_asked;

	if (err == BJ_ERR_ALERT_RECEIVED) {
		if (c->report.alert_received == 116 || (asked && !shows_own(wish)))
			return EXIT_CLIENT_CERTIFICATE;
		if (shows_own(wish) && is_about_our_certificate(c->report.alert_received))
			return EXIT_OWN_CERTIFICATE;
		return c->err ? EXIT_HANDSHAKE : EXIT_BROKE;
	}
	if (c->err)
		/* whatever ends a handshake that had begun is its failure, but for the wait and the verdict */
		return c->has_client && (c->err == BJ_ERR_IO_RESET || c->err == BJ_ERR_TRUNCATED) ? EXIT_HANDSHAKE
												  : exit_of_err(c->err);
	return c->late_err ? EXIT_BROKE : is_any_missed(wish, c) ? EXIT_THRESHOLD : EXIT_GOOD;
}

static double ms_of(int64_t us)
{
	return (double)us / 1000.0;
}

/* ---- text */

static void print_negotiated(const struct terminal *t, const struct connect_wish *wish, const struct connection *c)
{
	const struct bj_tls_report *r = &c->report;

	if (r->version == 0)
		return;
	fprintf(t->stream, "  %s%s", terminal_mark(t, r->handshake_done ? MARK_GOOD : MARK_NONE), bj_tls_version_name(r->version));
	if (r->group)
		fprintf(t->stream, "  %s", bj_tls_group_name(r->group));
	if (r->suite)
		fprintf(t->stream, "  %s", bj_tls_suite_name(r->suite));
	if (r->signature_scheme)
		fprintf(t->stream, "  %s", bj_tls_scheme_name(r->signature_scheme));
	if (r->alpn.len > 0) {
		fputs("  ALPN ", t->stream);
		terminal_print(t, (const char *)r->alpn.ptr, r->alpn.len);
	}
	if (r->retried)
		fputs("  after HelloRetryRequest", t->stream);
	if (r->resumed)
		fputs("  resumed", t->stream);
	fputc('\n', t->stream);
	if (r->handshake_done && wish->alpn_count > 0 && r->alpn.len == 0)
		fprintf(t->stream, "  %sno application protocol was agreed on: the server has none of those, or does not choose\n", terminal_mark(t, MARK_WARN));
	if (r->handshake_done && !r->extended_master_secret)
		fprintf(t->stream, "  %sthe server has no extended master secret: this connection is never resumed\n", terminal_mark(t, MARK_WARN));
}

static void print_chain(const struct terminal *t, const struct connect_wish *wish, const struct connection *c)
{
	int64_t now = clock_unix_ms() / 1000;

	for (size_t i = 0; i < c->client.chain_count; i++) {
		struct cert cert;
		char name[SHOW_NAME_MAX], validity[DESCRIBE_VALIDITY_MAX];
		struct show_fields fields;

		if (cert_parse(c->client.chain[i], &cert) != BJ_OK) {
			fprintf(t->stream, "    %zu  cannot be read\n", i + 1);
			continue;
		}
		if (wish->options.verbose > 0) {
			describe_cert(t, &cert, i + 1, now);
			continue;
		}
		describe_short(&cert, name);
		describe_validity(&cert, now, validity);
		show_fields(&cert, &fields);
		fprintf(t->stream, "    %zu  ", i + 1);
		terminal_print(t, name, strlen(name));
		fprintf(t->stream, "  %s ", terminal_arrow(t));
		terminal_print(t, fields.issuer, strlen(fields.issuer));
		fprintf(t->stream, "   %s, %s\n", fields.key, validity);
	}
	for (size_t i = 0; wish->show_certs && i < c->client.chain_count; i++) {
		char line[BASE64_TEXT_LEN(48) + 1];
		struct bj_bytes der = c->client.chain[i];

		fputs("-----BEGIN CERTIFICATE-----\n", t->stream);
		for (size_t at = 0; at < der.len; at += 48) {
			base64_encode(der.ptr + at, der.len - at < 48 ? der.len - at : 48, line);
			fprintf(t->stream, "%s\n", line);
		}
		fputs("-----END CERTIFICATE-----\n", t->stream);
	}
}

static void print_compression(const struct terminal *t, const struct connect_wish *wish, const struct connection *c)
{
	if (c->client.compression)
		fprintf(t->stream, "  %sthe certificates came compressed by %s: %u bytes instead of %u\n", terminal_mark(t, MARK_NONE),
			bj_tls_compression_name(c->client.compression), c->client.compressed_len, c->client.plain_len);
	else if (wish->compression_count > 0 && c->client.chain_count > 0 && c->report.handshake_done && !c->report.resumed)
		fprintf(t->stream, "  %sthe certificates came uncompressed\n", terminal_mark(t, MARK_NONE));
}

struct signed_by {
	const struct cert *cert;
	struct cert issuer;
};

/* The one whose key it is: of a CA that has several, timestamps are for that. */
static bool has_signed(void *self, const struct cert *issuer)
{
	struct signed_by *s = self;

	s->issuer = *issuer;
	return pubkey_verify(&issuer->key, s->cert->sig_alg, s->cert->tbs, s->cert->signature) == BJ_OK;
}

/* Calls one of them with what is known of the timestamps, if there is a certificate. */
static void with_timestamps(const struct connection *c, const struct terminal *terminal, struct json *json)
{
	struct cert cert;
	struct signed_by by = { .cert = &cert };
	struct ct_source source = { .cert = &cert, .handshake = c->report.sct_list, .logs = c->outfit->ct.logs ? &c->outfit->ct : NULL,
				    .now_ms = clock_unix_ms() };

	if (c->client.raw_key.len > 0 || c->client.chain_count == 0 || cert_parse(c->client.chain[0], &cert) != BJ_OK) {
		if (json)
			json_null(json, "timestamps");
		return;
	}
	if (issuers_find(c->outfit->trust, c->client.chain, c->client.chain_count, &cert, has_signed, &by))
		source.issuer = &by.issuer;
	if (json)
		ct_json(json, &source);
	else if (source.logs)
		ct_print(terminal, &source);
}

static const char *ech_words(const struct connection *c)
{
	switch (c->report.ech) {
	case BJ_TLS_ECH_ACCEPTED:
		return "accepted";
	case BJ_TLS_ECH_REJECTED:
		return "rejected";
	case BJ_TLS_ECH_GREASED:
		return "greased";
	case BJ_TLS_ECH_OFFERED:
		return "offered";
	default:
		return "none";
	}
}

static void print_ech(const struct terminal *t, const struct connect_wish *wish, const struct connection *c)
{
	if (c->ech_useless)
		fprintf(t->stream, "  %snothing in the ECH list can be used here, and the hello is not sent in the clear\n", terminal_mark(t, MARK_BAD));
	if (c->ech_retried)
		fprintf(t->stream, "  %sthe server could not open the hello: %s\n", terminal_mark(t, MARK_WARN),
			c->report.ech == BJ_TLS_ECH_NONE ? "it has no ECH any more, and said so with a good chain; tried again in the clear"
							 : "it told its new configuration, and this is the second try");
	if (c->report.ech == BJ_TLS_ECH_ACCEPTED)
		fprintf(t->stream, "  %sthe server opened the encrypted hello\n", terminal_mark(t, MARK_GOOD));
	else if (c->report.ech == BJ_TLS_ECH_REJECTED && c->report.ech_public_name)
		fprintf(t->stream, "  %sthe server could not open the hello: who it is then is judged by %s, the public name of the ECH configuration\n",
			terminal_mark(t, MARK_WARN), c->report.ech_public_name);
	else if (wish->ech_grease && c->report.handshake_done)
		fprintf(t->stream, "  %sthe hello looked as if it were encrypted\n", terminal_mark(t, MARK_NONE));
}

/* Keys from outside, and what was sent before the handshake. */
static void print_proofs(const struct terminal *t, const struct connect_wish *wish, const struct connection *c)
{
	const struct bj_tls_report *r = &c->report;

	if (!r->handshake_done)
		return;
	if (r->psk_identity.len > 0) {
		fprintf(t->stream, "  %sboth sides have the key ", terminal_mark(t, MARK_GOOD));
		terminal_print(t, (const char *)r->psk_identity.ptr, r->psk_identity.len);
		fputc('\n', t->stream);
	} else if (wish->proof.psk && !r->resumed) {
		fprintf(t->stream, "  %sthe server did not take the pre-shared key%s\n", terminal_mark(t, MARK_WARN),
			wish->proof.psk_raw ? "" : "; if it does not import keys (RFC 9258), as OpenSSL and GnuTLS, say --psk-raw");
	}
	if (wish->key_update && r->version == BJ_TLS_1_2)
		fprintf(t->stream, "  %sno key update: it is TLS 1.2\n", terminal_mark(t, MARK_WARN));
	if (c->client.early.len == 0)
		return;
	if (r->early_data == BJ_TLS_EARLY_ACCEPTED)
		fprintf(t->stream, "  %searly data: %zu bytes accepted\n", terminal_mark(t, MARK_GOOD), c->client.early_sent);
	else if (c->session_offered || !wish->reconnect)
		fprintf(t->stream, "  %sno early data: %s; sent after the handshake\n", terminal_mark(t, MARK_WARN), early_words(r->early_data));
}

static void print_verdict(const struct terminal *t, const struct connect_wish *wish, const struct connection *c)
{
	const struct bj_verdict *v = &c->client.verdict;

	if (!c->client.judged) {
		if (c->report.resumed && c->report.psk_identity.len == 0)
			fprintf(t->stream, "  %sno chain to judge: resumed from a session that was %s\n",
				terminal_mark(t, c->report.peer_verified ? MARK_GOOD : MARK_WARN),
				c->report.peer_verified ? "verified" : "not verified");
		return;
	}
	if (v->err == BJ_OK && c->client.raw_key.len > 0) {
		fprintf(t->stream, "  %sits raw public key is one of those that are expected: %s\n", terminal_mark(t, MARK_GOOD), v->anchor);
		return;
	}
	if (v->err == BJ_OK) {
		fprintf(t->stream, "  %strusted for ", terminal_mark(t, MARK_GOOD));
		terminal_print(t, c->client.name, strlen(c->client.name));
		fputs(" by ", t->stream);
		terminal_print(t, v->anchor, strlen(v->anchor));
		fputc('\n', t->stream);
		if (v->note[0]) {
			fprintf(t->stream, "  %s", terminal_mark(t, MARK_WARN));
			terminal_print(t, v->note, strlen(v->note));
			fputc('\n', t->stream);
		}
		return;
	}
	fprintf(t->stream, "  %snot trusted for ", terminal_mark(t, MARK_BAD));
	terminal_print(t, c->client.name, strlen(c->client.name));
	fprintf(t->stream, ": %s  (%s)\n", bj_err_text(v->err), bj_err_id(v->err));
	if (v->index >= 0 && v->subject[0]) {
		fprintf(t->stream, "      certificate %d: ", v->index + 1);
		terminal_print(t, v->subject, strlen(v->subject));
		fputc('\n', t->stream);
	}
	if (v->detail[0]) {
		fputs("      ", t->stream);
		terminal_print(t, v->detail, strlen(v->detail));
		fputc('\n', t->stream);
	}
	if (v->rule && v->rule[0])
		fprintf(t->stream, "      rule %s\n", v->rule);
	if (bj_verdict_fix(v)[0])
		fprintf(t->stream, "      fix: %s\n", bj_verdict_fix(v));
	if (wish->insecure)
		fprintf(t->stream, "  %sgoing on all the same: --insecure\n", terminal_mark(t, MARK_WARN));
}

static void print_staple(const struct terminal *t, const struct connection *c)
{
	const struct ocsp_answer *answer = &c->client.stapled.answer;
	enum bj_err verdict = c->client.verdict.err;
	char from[TIME_TEXT_MAX], until[TIME_TEXT_MAX];

	if (verdict == BJ_ERR_CERT_REVOKED || verdict == BJ_ERR_CERT_REVOCATION_UNKNOWN || verdict == BJ_ERR_OCSP)
		return; /* then the verdict says it */
	switch (c->client.stapled.kind) {
	case STAPLED_NOT_ASKED:
		return;
	case STAPLED_NOTHING:
		fprintf(t->stream, "  %sno OCSP response was stapled\n", terminal_mark(t, MARK_NONE));
		return;
	case STAPLED_USELESS:
		fprintf(t->stream, "  %sOCSP: %s\n", terminal_mark(t, MARK_WARN), answer->why);
		return;
	case STAPLED_REVOKED:
		time_text(answer->date, from);
		fprintf(t->stream, "  %sOCSP: revoked %s (%s)\n", terminal_mark(t, MARK_BAD), from, crl_reason_text(answer->reason));
		return;
	case STAPLED_GOOD:
		time_text(answer->this_update, from);
		time_text(answer->next_update, until);
		fprintf(t->stream, "  %sOCSP: good since %s, next answer %s\n", terminal_mark(t, MARK_GOOD), from,
			answer->next_update == TIME_NONE ? "unknown" : until);
		return;
	}
}

static void print_alerts(const struct terminal *t, const struct connection *c)
{
	if (c->report.alert_received > 0)
		fprintf(t->stream, "  %sthe server sent alert %d %s\n", terminal_mark(t, MARK_BAD), c->report.alert_received,
			bj_tls_alert_name(c->report.alert_received));
	if (c->report.alert_sent > 0)
		fprintf(t->stream, "  %swe sent alert %d %s\n", terminal_mark(t, MARK_BAD), c->report.alert_sent,
			bj_tls_alert_name(c->report.alert_sent));
}

static void print_missed(const struct terminal *t, const struct connect_wish *wish, const struct connection *c)
{
	int64_t took_us;

	for (enum slo_part part = 0; part < SLO_PARTS; part++)
		if (is_missed(wish, c, part, &took_us))
			fprintf(t->stream, "  %s%s took %.2f ms, and %" PRIu64 " ms was the most\n", terminal_mark(t, MARK_BAD), slo_part_name(part),
				ms_of(took_us), wish->slo.most_ms[part]);
}

static void print_failure(const struct terminal *t, const struct connect_wish *wish, const struct connection *c)
{
	enum bj_err err = c->err ? c->err : c->late_err;
	const struct explain_text *text = explain_text_find(err);
	enum exit_code code = connect_exit(wish, c);

	if (!err) {
		print_missed(t, wish, c);
		if (code == EXIT_THRESHOLD)
			fprintf(t->stream, "  exit %d: %s\n", code, explain_exit_find(code)->means);
		return;
	}
	print_alerts(t, c);
	if (!c->client.judged || err != c->client.verdict.err || c->client.verdict.err == BJ_OK) {
		fprintf(t->stream, "  %s%s", terminal_mark(t, MARK_BAD), bj_err_text(err));
		if (c->report.message && c->report.message[0] && strcmp(c->report.message, "record") != 0)
			fprintf(t->stream, ", at %s", c->report.message);
		fprintf(t->stream, "  (%s)\n", bj_err_id(err));
		if (err == BJ_ERR_ALERT_RECEIVED && explain_alert_find(c->report.alert_received))
			fprintf(t->stream, "      %s\n", explain_alert_find(c->report.alert_received)->means);
		else if (err == BJ_ERR_TRUNCATED && !c->report.handshake_done)
			fputs("      It ended within the handshake, and no alert said why: is this its port for TLS, and what does the server's log say?\n", t->stream);
		else if (text)
			fprintf(t->stream, "      %s\n", text->next);
	}
	if (code == EXIT_CLIENT_CERTIFICATE)
		fprintf(t->stream, "      give the client a certificate: -cert FILE -key FILE (bojagi cert client NAME makes one)\n");
	if (c->report.alert_received == 40 && wish->proof.psk && !wish->proof.psk_raw)
		fputs("      the server may not know the key, or not import keys (RFC 9258), as OpenSSL and GnuTLS: try --psk-raw\n", t->stream);
	if (c->report.alert_received == 43 && wish->proof.raw_public_key)
		fprintf(t->stream, "      the server shows certificates alone%s\n", wish->key_file ? "" : ", or wants a key of ours: -key FILE");
	fprintf(t->stream, "  exit %d: %s\n", code, explain_exit_find(code) ? explain_exit_find(code)->means : "");
}

void connect_print(const struct terminal *t, const struct connect_wish *wish, const struct connection *c)
{
	terminal_print(t, wish->target.host, strlen(wish->target.host));
	fprintf(t->stream, " port %u", wish->target.port);
	if (c->dialled.address[0] && strcmp(c->dialled.address, wish->target.host) != 0)
		fprintf(t->stream, " (%s)", c->dialled.address);
	fputc('\n', t->stream);
	if (c->dialled.address[0]) {
		fprintf(t->stream, "    name %.2f ms, TCP %.2f ms", ms_of(c->dialled.resolve_us), ms_of(c->dialled.connect_us));
		if (c->report.handshake_done)
			fprintf(t->stream, ", TLS %.2f ms", ms_of(c->handshake_us));
		fputc('\n', t->stream);
	}
	print_negotiated(t, wish, c);
	print_ech(t, wish, c);
	print_chain(t, wish, c);
	print_compression(t, wish, c);
	with_timestamps(c, t, NULL);
	print_verdict(t, wish, c);
	print_staple(t, c);
	print_proofs(t, wish, c);
	if (c->report.client_certificate_asked)
		fprintf(t->stream, "  %sthe server asks for a client certificate%s\n",
			terminal_mark(t, shows_own(wish) ? MARK_GOOD : MARK_WARN), shows_own(wish) ? "" : "; none was given");
	if (c->session_refused)
		fprintf(t->stream, "  %sthe saved session cannot be used: expired, damaged, or for another name or version\n", terminal_mark(t, MARK_WARN));
	else if (c->session_offered && c->report.handshake_done && !c->report.resumed)
		fprintf(t->stream, "  %sthe server did not resume the session\n", terminal_mark(t, MARK_WARN));
	if (c->report.handshake_done && !c->late_err) {
		if (c->client.tickets > 0)
			fprintf(t->stream, "  %s%u ticket%s for resumption\n", terminal_mark(t, MARK_GOOD), c->client.tickets,
				c->client.tickets == 1 ? "" : "s");
		else if (c->waited)
			fprintf(t->stream, "  %sno tickets\n", terminal_mark(t, MARK_NONE));
	}
	print_failure(t, wish, c);
}

void connect_print_second(const struct terminal *t, const struct connect_wish *wish, const struct connection *first,
			  const struct connection *second)
{
	if (second->err) {
		fprintf(t->stream, "  %sthe second connection failed\n", terminal_mark(t, MARK_BAD));
		print_failure(t, wish, second);
		return;
	}
	print_proofs(t, wish, second);
	fprintf(t->stream, "  %s1st %s %.2f ms, 2nd %s %.2f ms\n", terminal_mark(t, second->report.resumed ? MARK_GOOD : MARK_WARN),
		first->report.resumed ? "resumed" : "full", ms_of(first->handshake_us), second->report.resumed ? "resumed" : "not resumed", ms_of(second->handshake_us));
	if (!second->report.resumed)
		fprintf(t->stream, "      because %s\n",
			second->session_offered ? "the server refused the session" : "the server gave no session");
	print_failure(t, wish, second);
}

/* ---- JSON */

static void json_alert(struct json *json, const char *key, int alert)
{
	if (alert < 0) {
		json_null(json, key);
		return;
	}
	json_object(json, key);
	json_int(json, "number", alert);
	json_text(json, "name", bj_tls_alert_name(alert));
	json_object_end(json);
}

static void json_failure(struct json *json, const char *key, enum bj_err err)
{
	if (!err) {
		json_null(json, key);
		return;
	}
	json_object(json, key);
	json_text(json, "id", bj_err_id(err));
	json_text(json, "name", bj_err_name(err));
	json_text(json, "words", bj_err_text(err));
	json_object_end(json);
}

static void json_tls(struct json *json, const struct connection *c)
{
	const struct bj_tls_report *r = &c->report;

	json_object(json, "tls");
	json_text(json, "version", r->version ? bj_tls_version_name(r->version) : NULL);
	json_text(json, "suite", r->suite ? bj_tls_suite_name(r->suite) : NULL);
	json_text(json, "group", r->group ? bj_tls_group_name(r->group) : NULL);
	json_text(json, "signature_scheme", r->signature_scheme ? bj_tls_scheme_name(r->signature_scheme) : NULL);
	if (r->alpn.len > 0)
		json_bytes(json, "alpn", r->alpn.ptr, r->alpn.len);
	else
		json_null(json, "alpn");
	json_bool(json, "handshake_done", r->handshake_done);
	json_bool(json, "resumed", r->resumed);
	json_bool(json, "retried", r->retried);
	json_bool(json, "extended_master_secret", r->extended_master_secret);
	json_bool(json, "client_certificate_asked", r->client_certificate_asked);
	if (c->client.tickets > 0 || c->waited)
		json_int(json, "tickets", c->client.tickets);
	else
		json_null(json, "tickets"); /* nobody waited for them */
	if (r->psk_identity.len > 0)
		json_bytes(json, "psk_identity", r->psk_identity.ptr, r->psk_identity.len);
	else
		json_null(json, "psk_identity");
	json_text(json, "early_data", c->client.early.len == 0 ? NULL : early_words(r->early_data));
	json_int(json, "early_bytes", r->early_data == BJ_TLS_EARLY_ACCEPTED ? (int64_t)c->client.early_sent : 0);
	if (c->client.compression) {
		json_object(json, "certificate_compression");
		json_text(json, "algorithm", bj_tls_compression_name(c->client.compression));
		json_int(json, "bytes", c->client.compressed_len);
		json_int(json, "plain_bytes", c->client.plain_len);
		json_object_end(json);
	} else {
		json_null(json, "certificate_compression");
	}
	json_text(json, "ech", ech_words(c));
	json_bool(json, "ech_retried", c->ech_retried);
	json_alert(json, "alert_sent", r->alert_sent);
	json_alert(json, "alert_received", r->alert_received);
	json_text(json, "failed_at", r->message && r->message[0] ? r->message : NULL);
	json_object_end(json);
}

static void json_staple(struct json *json, const struct stapled *stapled)
{
	bool has_dates = stapled->kind == STAPLED_GOOD || stapled->kind == STAPLED_REVOKED;

	if (stapled->kind == STAPLED_NOT_ASKED) {
		json_null(json, "ocsp");
		return;
	}
	json_object(json, "ocsp");
	json_text(json, "status", stapled_word(stapled->kind));
	json_time(json, "this_update", has_dates ? stapled->answer.this_update : TIME_NONE);
	json_time(json, "next_update", has_dates ? stapled->answer.next_update : TIME_NONE);
	json_text(json, "why", stapled->kind == STAPLED_USELESS ? stapled->answer.why : NULL);
	json_object_end(json);
}

static void json_verdict(struct json *json, const struct connection *c)
{
	const struct bj_verdict *v = &c->client.verdict;
	char words[BJ_VERDICT_TEXT_MAX];

	if (!c->client.judged) {
		json_null(json, "verdict");
		return;
	}
	json_object(json, "verdict");
	json_bool(json, "trusted", v->err == BJ_OK);
	json_failure(json, "failure", v->err);
	json_int(json, "certificate", v->index);
	json_text(json, "subject", v->subject);
	json_text(json, "detail", v->detail);
	json_text(json, "rule", v->rule);
	json_text(json, "fix", bj_verdict_fix(v));
	json_text(json, "anchor", v->anchor);
	json_text(json, "note", v->note);
	bj_verdict_text(v, words, sizeof(words));
	json_text(json, "words", words);
	json_object_end(json);
}

static void json_missed(struct json *json, const struct connect_wish *wish, const struct connection *c)
{
	int64_t took_us;

	if (!wish->slo.given) {
		json_null(json, "slo_missed");
		return;
	}
	json_array(json, "slo_missed");
	for (enum slo_part part = 0; part < SLO_PARTS; part++)
		if (is_missed(wish, c, part, &took_us))
			json_text(json, NULL, slo_part_name(part));
	json_array_end(json);
}

static void json_connection(struct json *json, const struct connect_wish *wish, const struct connection *c)
{
	int64_t now = clock_unix_ms() / 1000;

	json_text(json, "address", c->dialled.address[0] ? c->dialled.address : NULL);
	json_object(json, "ms");
	json_ms(json, "resolve", ms_of(c->dialled.resolve_us));
	json_ms(json, "tcp", ms_of(c->dialled.connect_us));
	json_ms(json, "tls", ms_of(c->handshake_us));
	json_object_end(json);
	json_tls(json, c);
	json_verdict(json, c);
	json_staple(json, &c->client.stapled);
	json_array(json, "chain");
	for (size_t i = 0; i < c->client.chain_count; i++) {
		struct cert cert;

		if (cert_parse(c->client.chain[i], &cert) == BJ_OK)
			describe_cert_json(json, &cert, now);
		else
			json_null(json, NULL);
	}
	json_array_end(json);
	with_timestamps(c, NULL, json);
	json_missed(json, wish, c);
	json_failure(json, "failure", c->err ? c->err : c->late_err);
	json_int(json, "exit", connect_exit(wish, c));
}

void connect_print_json(FILE *stream, const struct connect_wish *wish, const struct connection *first,
			const struct connection *second)
{
	struct json json;

	json_document(&json, stream, "bojagi.connect/1");
	json_text(&json, "host", wish->target.host);
	json_int(&json, "port", wish->target.port);
	json_text(&json, "name", wish->server_name ? wish->server_name : wish->target.host);
	json_bool(&json, "insecure", wish->insecure);
	json_connection(&json, wish, first);
	if (second) {
		json_object(&json, "second");
		json_connection(&json, wish, second);
		json_object_end(&json);
	}
	json_document_end(&json);
}
