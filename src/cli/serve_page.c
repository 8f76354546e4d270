/* serve_page.c - pages that the server writes itself, and its log lines. */
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/cert_describe.h"
#include "cli/early_words.h"
#include "cli/proof.h"
#include "cli/serve.h"
#include "http/token.h"

#define LISTING_MAX 4096 /* names in a listing */

static void put_html(FILE *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		switch (text[i]) {
		case '&':
			fputs("&amp;", out);
			break;
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		default:
			fputc(text[i], out);
		}
}

static void put_visible(FILE *out, struct bj_bytes text)
{
	for (size_t i = 0; i < text.len; i++)
		fputc(text.ptr[i] < 0x20 || text.ptr[i] >= 0x7f ? '?' : text.ptr[i], out);
}

/* ---- what was negotiated */

char *page_negotiated(const struct serve_session *s, size_t *out_len)
{
	char *text = NULL, peer[ADDR_TEXT_MAX];
	FILE *out = open_memstream(&text, out_len);
	struct bj_tls_report r;

	if (!out)
		return NULL;
	addr_print(&s->peer, peer);
	if (s->tls) {
		bj_tls_report(s->tls, &r);
		fprintf(out, "version      %s\nsuite        %s\n", bj_tls_version_name(r.version), bj_tls_suite_name(r.suite));
		fprintf(out, "group        %s\n", r.group ? bj_tls_group_name(r.group) : "none");
		fprintf(out, "signature    %s\n", r.signature_scheme ? bj_tls_scheme_name(r.signature_scheme) : "none");
		fputs("alpn         ", out);
		put_visible(out, r.alpn.len ? r.alpn : bytes_text("none"));
		fputs("\nserver name  ", out);
		put_visible(out, bytes_text(r.server_name ? r.server_name : "none"));
		fprintf(out, "\nresumed      %s\nretried      %s\n", r.resumed ? "yes" : "no", r.retried ? "yes" : "no");
		fprintf(out, "early data   %zu bytes, %s\n", s->early_len, early_words(r.early_data));
		fprintf(out, "ech          %s\n", r.ech == BJ_TLS_ECH_ACCEPTED ? "opened" : r.ech == BJ_TLS_ECH_REJECTED ? "not opened" : "none");
		fputs("psk          ", out);
		put_visible(out, r.psk_identity.len ? r.psk_identity : bytes_text("none"));
		fputs("\nclient       ", out);
		if (r.peer_public_key.len > 0) {
			char pin[PROOF_PIN_TEXT_MAX];

			proof_pin_text(r.peer_public_key, pin);
			fprintf(out, "%s\n", pin);
		} else if (r.peer_chain_count > 0) {
			struct cert cert;
			struct show_fields fields;

			if (cert_parse(r.peer_chain[0], &cert) == BJ_OK) {
				show_fields(&cert, &fields);
				fprintf(out, "%s\n", fields.subject);
			}
		} else {
			fprintf(out, "%s\n", r.peer_verified ? "verified" : "no certificate");
		}
	} else {
		fputs("version      none: plain text\n", out);
	}
	fprintf(out, "peer         %s\n", peer);
	return fclose(out) == 0 ? text : NULL;
}

/* ---- the name */

static void put_request(FILE *out, const struct serve_session *s, bool as_html)
{
	char *line = NULL;
	size_t len = 0;
	FILE *lines = open_memstream(&line, &len);

	if (!lines)
		return;
	put_visible(lines, s->request.method_text);
	fputc(' ', lines);
	put_visible(lines, s->request.target.path);
	if (s->request.target.has_query) {
		fputc('?', lines);
		put_visible(lines, s->request.target.query);
	}
	fputc('\n', lines);
	if (s->request_bytes > 0)
		fprintf(lines, "body %" PRIu64 " bytes\n", s->request_bytes);
	for (size_t i = 0; i < s->request.fields.count; i++) {
		const struct http_field *field = http_field_at(&s->request.fields, i);

		if (field->removed)
			continue;
		put_visible(lines, http_field_name(&s->request.fields, field));
		fputs(": ", lines);
		put_visible(lines, http_field_value(&s->request.fields, field));
		fputc('\n', lines);
	}
	if (fclose(lines) == 0) {
		if (as_html)
			put_html(out, line, len);
		else
			fwrite(line, 1, len, out);
	}
	free(line);
}

char *page_name(const struct serve_session *s, bool as_html, size_t *out_len)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, out_len);
	const char *name = s->server->name;

	if (!out)
		return NULL;
	if (as_html) {
		fputs("<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>server ", out);
		put_html(out, name, strlen(name));
		fputs("</title><style>body{font:16px/1.5 system-ui,sans-serif;margin:3em auto;max-width:44em;padding:0 1em}"
		      "h1{font-size:3em;margin:0}pre{background:#8881;padding:1em;overflow:auto}</style><h1>server ",
		      out);
		put_html(out, name, strlen(name));
		fprintf(out, "</h1><p>request %" PRIu64 " of this server; reload to see who answers next.</p><pre>", s->server->requests + 1);
		put_request(out, s, true);
		fputs("</pre></html>\n", out);
	} else {
		fprintf(out, "server %s\nrequest %" PRIu64 "\n", name, s->server->requests + 1);
		put_request(out, s, false);
	}
	return fclose(out) == 0 ? text : NULL;
}

/* ---- a folder */

static int visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && (entry->d_type == DT_REG || entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN);
}

static void put_href(FILE *out, const char *name)
{
	for (; *name; name++) {
		uint8_t c = (uint8_t)*name;

		if (http_char_is(c, HTTP_UNRESERVED))
			fputc(c, out);
		else
			fprintf(out, "%%%02X", c);
	}
}

static int by_name(const void *a, const void *b)
{
	return strcmp((*(struct dirent *const *)a)->d_name, (*(struct dirent *const *)b)->d_name);
}

/* Copies of the visible entries, sorted. */
static size_t read_names(DIR *folder, struct dirent **names)
{
	size_t count = 0;

	for (struct dirent *entry; count < LISTING_MAX && (entry = readdir(folder));)
		if (visible(entry) && (names[count] = malloc(entry->d_reclen))) {
			memcpy(names[count], entry, entry->d_reclen);
			count++;
		}
	qsort(names, count, sizeof(*names), by_name);
	return count;
}

char *page_listing(int folder_fd, struct bj_bytes path, size_t *out_len)
{
	struct dirent **names = calloc(LISTING_MAX, sizeof(*names));
	DIR *folder = fdopendir(folder_fd);
	char *text = NULL;
	FILE *out = NULL;
	size_t count;

	if (!folder)
		close(folder_fd);
	if (!names || !folder || !(out = open_memstream(&text, out_len))) {
		free(names);
		if (folder)
			closedir(folder);
		return NULL;
	}
	count = read_names(folder, names);
	fputs("<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>", out);
	put_html(out, (const char *)path.ptr, path.len);
	fputs("</title><style>body{font:16px/1.6 system-ui,sans-serif;margin:2em auto;max-width:44em;padding:0 1em}"
	      "li{list-style:none}</style><h1>",
	      out);
	put_html(out, (const char *)path.ptr, path.len);
	fputs("</h1><ul>", out);
	if (path.len > 1)
		fputs("<li><a href=\"../\">../</a>", out);
	for (size_t i = 0; i < count; i++) {
		const char *slash = names[i]->d_type == DT_DIR ? "/" : "";

		fputs("<li><a href=\"", out);
		put_href(out, names[i]->d_name);
		fprintf(out, "%s\">", slash);
		put_html(out, names[i]->d_name, strlen(names[i]->d_name));
		fprintf(out, "%s</a>", slash);
		free(names[i]);
	}
	fputs("</ul></html>\n", out);
	free(names);
	closedir(folder);
	return fclose(out) == 0 ? text : NULL;
}

/* ---- log */

static void begin_line(const struct serve_session *s)
{
	time_t now = (time_t)(s->server->loop.unix_ms / 1000);
	char when[16], peer[ADDR_TEXT_MAX];
	struct tm local;

	localtime_r(&now, &local);
	strftime(when, sizeof(when), "%H:%M:%S", &local);
	addr_print_host(&s->peer, peer);
	fprintf(stderr, "%s %s", when, peer);
}

static void put_tls(const struct serve_session *s)
{
	struct bj_tls_report r;

	if (!s->tls)
		return;
	bj_tls_report(s->tls, &r);
	fprintf(stderr, " %s %s %s %s %.1f ms", bj_tls_version_name(r.version), r.group ? bj_tls_group_name(r.group) : "-",
		bj_tls_suite_name(r.suite), r.resumed ? "resumed" : "full", (double)s->handshake_us / 1000.0);
}

void serve_log_request(const struct serve_session *s)
{
	if (s->server->quiet)
		return;
	begin_line(s);
	put_tls(s);
	fputs("  ", stderr);
	put_visible(stderr, s->request.method_text);
	fputc(' ', stderr);
	put_visible(stderr, s->request.target.path);
	fprintf(stderr, " %u %" PRIu64 "\n", s->status, s->response_bytes);
}

void serve_log_failure(const struct serve_session *s, enum bj_err err)
{
	struct bj_tls_report r = { .alert_sent = -1, .alert_received = -1 };

	if (s->server->quiet)
		return;
	if (s->tls)
		bj_tls_report(s->tls, &r);
	begin_line(s);
	fprintf(stderr, " %s: %s (%s)", s->tls && !s->handshake_done ? "handshake failed" : "connection failed", bj_err_text(err),
		bj_err_id(err));
	if (r.alert_received >= 0)
		fprintf(stderr, ", the client sent alert %d %s", r.alert_received, bj_tls_alert_name(r.alert_received));
	if (r.alert_sent >= 0)
		fprintf(stderr, ", we sent alert %d %s", r.alert_sent, bj_tls_alert_name(r.alert_sent));
	if (r.server_name) {
		fputs(", name ", stderr);
		put_visible(stderr, bytes_text(r.server_name));
	}
	fputc('\n', stderr);
}
