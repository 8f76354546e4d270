/* json.c - see json.h. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/check.h"
#include "cli/json.h"
#include "x509/time.h"

/* The length of the UTF-8 sequence at `at`, or 0 if it is none (rfc3629:4). */
static size_t sequence_len(const uint8_t *at, size_t len)
{
	static const struct {
		uint8_t first, last; /* of the lead byte */
		uint8_t low, high;   /* of the second byte */
		size_t len;
	} rows[] = {
		{ 0x00, 0x7f, 0, 0, 1 },       { 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 }, { 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (at[0] < rows[i].first || at[0] > rows[i].last)
			continue;
		if (rows[i].len > len || (rows[i].len > 1 && (at[1] < rows[i].low || at[1] > rows[i].high)))
			return 0;
		for (size_t k = 2; k < rows[i].len; k++)
			if ((at[k] & 0xc0) != 0x80)
				return 0;
		return rows[i].len;
	}
	return 0;
}

static void put_string(FILE *stream, const uint8_t *text, size_t len)
{
	fputc('"', stream);
	while (len > 0) {
		size_t n = sequence_len(text, len);

		if (n == 0)
			fputs("\\ufffd", stream);
		else if (n > 1)
			fwrite(text, 1, n, stream);
		else if (*text == '"' || *text == '\\')
			fprintf(stream, "\\%c", *text);
		else if (*text == '\n')
			fputs("\\n", stream);
		else if (*text < 0x20 || *text == 0x7f)
			fprintf(stream, "\\u%04x", *text);
		else
			fputc(*text, stream);
		text += n ? n : 1;
		len -= n ? n : 1;
	}
	fputc('"', stream);
}

static void member(struct json *json, const char *key)
{
	if (json->some[json->depth])
		fputc(',', json->stream);
	json->some[json->depth] = true;
	if (key) {
		put_string(json->stream, (const uint8_t *)key, strlen(key));
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
	put_string(json->stream, text, len);
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
