/* json.c - see json.h. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/check.h"
#include "base/utf8.h"
#include "cli/json.h"
#include "x509/time.h"

static void put_string(FILE *stream, struct bj_bytes text)
{
	struct bj_bytes one;

	fputc('"', stream);
	while (text.len > 0) {
		enum utf8_kind kind = utf8_take(&text, &one);

		if (kind == UTF8_NONE)
			fputs("\\ufffd", stream);
		else if (*one.ptr == '"' || *one.ptr == '\\')
			fprintf(stream, "\\%c", *one.ptr);
		else if (*one.ptr == '\n')
			fputs("\\n", stream);
		else if (kind == UTF8_CONTROL)
			fprintf(stream, "\\u%04x", one.ptr[one.len - 1]);
		else
			fwrite(one.ptr, 1, one.len, stream);
	}
	fputc('"', stream);
}

static void member(struct json *json, const char *key)
{
	if (json->some[json->depth])
		fputc(',', json->stream);
	json->some[json->depth] = true;
	if (key) {
		put_string(json->stream, bytes_text(key));
		fputc(':', json->stream);
	}
}

static void open_level(struct json *json, const char *key, char mark)
{
	member(json, key);
	fputc(mark, json->stream);
	check(json->depth < JSON_DEPTH_MAX);
	json->some[++json->depth] = false;
}

static void close_level(struct json *json, char mark)
{
	check(json->depth > 0);
	json->depth--;
	fputc(mark, json->stream);
}

void json_begin(struct json *json, FILE *stream)
{
	*json = (struct json){ .stream = stream };
}

void json_end(struct json *json)
{
	check(json->depth == 0);
	fputc('\n', json->stream);
}

void json_document(struct json *json, FILE *stream, const char *schema)
{
	json_begin(json, stream);
	json_object(json, NULL);
	json_text(json, "schema", schema);
}

void json_document_end(struct json *json)
{
	json_object_end(json);
	json_end(json);
}

void json_object(struct json *json, const char *key)
{
	open_level(json, key, '{');
}

void json_object_end(struct json *json)
{
	close_level(json, '}');
}

void json_array(struct json *json, const char *key)
{
	open_level(json, key, '[');
}

void json_array_end(struct json *json)
{
	close_level(json, ']');
}

void json_bytes(struct json *json, const char *key, const void *text, size_t len)
{
	member(json, key);
	put_string(json->stream, bytes_of(text, len));
}

void json_text(struct json *json, const char *key, const char *text)
{
	if (text)
		json_bytes(json, key, text, strlen(text));
	else
		json_null(json, key);
}

void json_int(struct json *json, const char *key, int64_t number)
{
	member(json, key);
	fprintf(json->stream, "%" PRId64, number);
}

void json_ms(struct json *json, const char *key, double ms)
{
	if (!isfinite(ms)) {
		json_null(json, key);
		return;
	}
	member(json, key);
	fprintf(json->stream, "%.3f", ms);
}

void json_bool(struct json *json, const char *key, bool value)
{
	member(json, key);
	fputs(value ? "true" : "false", json->stream);
}

void json_time(struct json *json, const char *key, int64_t unix_s)
{
	char text[TIME_TEXT_MAX];

	if (unix_s == TIME_NONE) {
		json_null(json, key);
		return;
	}
	time_text(unix_s, text);
	text[10] = 'T';
	text[19] = 'Z';
	json_bytes(json, key, text, 20);
}

void json_null(struct json *json, const char *key)
{
	member(json, key);
	fputs("null", json->stream);
}
