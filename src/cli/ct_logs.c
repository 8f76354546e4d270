/* ct_logs.c - see ct_logs.h. */
#include "cli/ct_logs.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/pem.h"
#include "cli/say.h"
#include "crypto/hash.h"
#include "host/file.h"
#include "x509/content.h"
#include "x509/show.h"
#include "x509/text.h"
#include "x509/time.h"

/* ---- a list of logs */

static enum bj_err add_key(void *to, const void *der, size_t len)
{
	struct ct_logs *logs = to;
	struct ct_log *log;
	uint8_t digest[HASH_MAX];
	struct cert key;

	if (len > CT_LOG_KEY_MAX || cert_of_key(bytes_of(der, len), &key) != BJ_OK)
		return BJ_ERR_CERT_KEY;
	if (logs->count == CT_LOGS_MAX)
		return BJ_ERR_LIMIT;
	log = &logs->logs[logs->count++];
	hash_once(HASH_SHA256, bytes_of(der, len), digest);
	memcpy(log->id, digest, sizeof(log->id));
	memcpy(log->key, der, len);
	log->key_len = len;
	return BJ_OK;
}

static bool is_word(uint8_t c)
{
	return isalnum(c) || c == '_' || c == '-';
}

/* The value behind a word: past quotes, spaces and one of ":=", until a quote or the line's end. Empty if there is none. */
static struct bj_bytes value_at(struct bj_bytes text, size_t at)
{
	bool is_quoted = false;
	size_t start;

	while (at < text.len && strchr("\" \t", text.ptr[at]))
		at++;
	if (at == text.len || (text.ptr[at] != ':' && text.ptr[at] != '='))
		return bytes_of(NULL, 0);
	at++;
	for (; at < text.len && strchr("\" \t\r\n", text.ptr[at]); at++)
		is_quoted |= text.ptr[at] == '"';
	start = at;
	while (at < text.len && text.ptr[at] != '"' && (is_quoted || !strchr("\r\n,", text.ptr[at])))
		at++;
	return bytes_of(text.ptr + start, at - start);
}

/* Is this word here, and no longer one? */
static bool is_at(struct bj_bytes text, size_t at, struct bj_bytes word)
{
	return text.len - at > word.len && memcmp(text.ptr + at, word.ptr, word.len) == 0 && !is_word(text.ptr[at + word.len]) &&
	       (at == 0 || !is_word(text.ptr[at - 1]));
}

/* "description" names the "key" that follows it. */
static enum bj_err parse_words(struct bj_bytes text, struct ct_logs *out)
{
	struct bj_bytes name = { 0 };

	for (size_t at = 0; at < text.len; at++) {
		struct text copy;
		uint8_t der[CT_LOG_KEY_MAX];
		size_t len;
		enum bj_err err;

		if (is_at(text, at, BYTES_LIT("description")))
			name = value_at(text, at + strlen("description"));
		if (!is_at(text, at, BYTES_LIT("key")))
			continue;
		if (base64_decode_lenient(value_at(text, at + strlen("key")), der, sizeof(der), &len, NULL) != BJ_OK || len == 0)
			continue;
		err = add_key(out, der, len);
		if (err)
			return err;
		copy = text_make(out->logs[out->count - 1].name, CT_LOG_NAME_MAX);
		text_safe(&copy, name, "");
		name = bytes_of(NULL, 0);
	}
	return out->count > 0 ? BJ_OK : BJ_ERR_NOT_FOUND;
}

enum bj_err ct_logs_parse(struct bj_bytes text, struct ct_logs *out)
{
	enum bj_err err;

	*out = (struct ct_logs){ .logs = calloc(CT_LOGS_MAX, sizeof(*out->logs)) };
	if (!out->logs)
		return BJ_ERR_NO_MEMORY;
	err = pem_each(text.ptr, text.len, "PUBLIC KEY", add_key, out, NULL);
	return err == BJ_ERR_PEM_NONE ? parse_words(text, out) : err;
}

int ct_logs_load(const char *option, const char *path, struct ct_logs *out)
{
	struct file_bytes bytes = { 0 };
	enum content kind;
	enum bj_err err;

	*out = (struct ct_logs){ 0 };
	if (file_read(path, FILE_PEM_MAX, &bytes) != BJ_OK)
		return say_failure(EXIT_USAGE, "cannot read %s %s: %s", option, path, strerror(errno));
	err = ct_logs_parse(bytes_of(bytes.ptr, bytes.len), out);
	kind = content_of(bytes_of(bytes.ptr, bytes.len));
	file_bytes_free(&bytes);
	if (err == BJ_ERR_NOT_FOUND)
		return say_failure(EXIT_USAGE, "%s %s: no keys of logs in it (public keys in PEM, or a list with \"key\"); it seems to be %s", option, path,
				   content_text(kind));
	return err ? say_err(EXIT_USAGE, err, "%s %s, log %zu", option, path, out->count + 1) : EXIT_GOOD;
}

void ct_logs_free(struct ct_logs *logs)
{
	free(logs->logs);
	*logs = (struct ct_logs){ 0 };
}

/* ---- what timestamps are worth */

static const struct ct_log *find(const struct ct_logs *logs, struct bj_bytes id)
{
	for (size_t i = 0; logs && i < logs->count; i++)
		if (bytes_equal(id, bytes_of(logs->logs[i].id, SCT_LOG_ID_LEN)))
			return &logs->logs[i];
	return NULL;
}

enum ct_finding ct_check(const struct ct_source *source, const struct sct *sct, bool is_embedded, const struct ct_log **out_log)
{
	const struct ct_log *log = sct->version == 0 ? find(source->logs, sct->log_id) : NULL;

	*out_log = log;
	if (sct->version != 0)
		return CT_UNSUPPORTED;
	if (!log)
		return CT_UNKNOWN_LOG;
	if (is_embedded && !source->issuer)
		return CT_NO_ISSUER;
	switch (sct_verify(sct, source->cert, is_embedded ? source->issuer : NULL, bytes_of(log->key, log->key_len))) {
	case BJ_OK:
		return source->now_ms < 0 || sct->timestamp_ms > (uint64_t)source->now_ms ? CT_FUTURE : CT_GOOD;
	case BJ_ERR_BAD_SIGNATURE:
		return CT_BAD;
	default:
		return CT_UNSUPPORTED;
	}
}

static const char *const words[] = {
	[CT_GOOD] = "good",
	[CT_BAD] = "the log has not signed this",
	[CT_UNKNOWN_LOG] = "a log that is not in the list",
	[CT_NO_ISSUER] = "not checked: the certificate of the issuer is not there",
	[CT_UNSUPPORTED] = "of a kind that is not known here",
	[CT_FUTURE] = "its time has not come",
};

typedef void each_fn(void *self, const struct ct_source *source, const struct sct *sct, bool is_embedded);

/* False if the list is malformed. */
static bool each_of(struct reader list, const struct ct_source *source, bool is_embedded, each_fn *each, void *self)
{
	struct sct sct;

	while (rd_more(&list) && sct_next(&list, &sct) == BJ_OK)
		each(self, source, &sct, is_embedded);
	return !list.bad;
}

/* Those in the certificate first. */
static bool for_each(const struct ct_source *source, each_fn *each, void *self)
{
	bool good = each_of(sct_of_cert(source->cert), source, true, each, self);

	if (source->handshake.len > 0)
		good &= each_of(sct_of_list(source->handshake), source, false, each, self);
	return good;
}

struct printing {
	const struct terminal *terminal;
	size_t count;
};

static void print_one(void *self, const struct ct_source *source, const struct sct *sct, bool is_embedded)
{
	struct printing *p = self;
	const struct ct_log *log;
	enum ct_finding finding = ct_check(source, sct, is_embedded, &log);
	char what[SHOW_NAME_MAX], when[TIME_TEXT_MAX];
	struct text text = text_make(what, sizeof(what));

	p->count++;
	if (log && log->name[0]) {
		time_text((int64_t)(sct->timestamp_ms / 1000), when);
		text_str(&text, when);
		text_str(&text, ", ");
		text_str(&text, log->name);
	} else {
		show_sct(sct, &text);
	}
	fprintf(p->terminal->stream, "  %stimestamp %s (%s): %s\n",
		terminal_mark(p->terminal, finding == CT_GOOD ? MARK_GOOD : finding == CT_BAD || finding == CT_FUTURE ? MARK_BAD : MARK_WARN), what,
		is_embedded ? "certificate" : "handshake", words[finding]);
}

void ct_print(const struct terminal *terminal, const struct ct_source *source)
{
	struct printing p = { terminal, 0 };

	if (!for_each(source, print_one, &p))
		fprintf(terminal->stream, "  %sa list of timestamps is malformed\n", terminal_mark(terminal, MARK_BAD));
	else if (p.count == 0)
		fprintf(terminal->stream, "  %sno timestamps of logs (RFC 6962), neither in the certificate nor in the handshake\n",
			terminal_mark(terminal, MARK_WARN));
}

static void json_one(void *self, const struct ct_source *source, const struct sct *sct, bool is_embedded)
{
	static const char *const results[] = { "good", "bad", "unknown log", "no issuer", "unsupported", "future" };
	struct json *json = self;
	const struct ct_log *log;
	enum ct_finding finding = ct_check(source, sct, is_embedded, &log);
	char id[BASE64_TEXT_LEN(SCT_LOG_ID_LEN) + 1];

	json_object(json, NULL);
	json_text(json, "from", is_embedded ? "certificate" : "handshake");
	json_int(json, "version", sct->version + 1);
	if (sct->version == 0) {
		base64_encode(sct->log_id.ptr, sct->log_id.len, id);
		json_text(json, "log_id", id);
		json_text(json, "log", log && log->name[0] ? log->name : NULL);
		json_time(json, "time", (int64_t)(sct->timestamp_ms / 1000));
	}
	json_text(json, "checked", source->logs ? results[finding] : NULL);
	json_object_end(json);
}

void ct_json(struct json *json, const struct ct_source *source)
{
	json_array(json, "timestamps");
	(void)for_each(source, json_one, json);
	json_array_end(json);
}
