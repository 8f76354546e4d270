/* json.h - writes one JSON value to a stream, member by member (rfc8259).
 *
 * Commas are its business; that braces match is the caller's, and is checked. Text need not be UTF-8: what is not becomes U+FFFD.
 */
#ifndef CLI_JSON_H
#define CLI_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define JSON_DEPTH_MAX 16

struct json {
	FILE *stream;
	unsigned depth;
	bool some[JSON_DEPTH_MAX + 1]; /* has this level a member already? */
};

void json_begin(struct json *json, FILE *stream);
/* Ends the line. */
void json_end(struct json *json);
/* A whole line that is one object, whose first member says what form it has: "bojagi.connect/1". */
void json_document(struct json *json, FILE *stream, const char *schema);
void json_document_end(struct json *json);
/* `key` is null within arrays and for the outermost value. */
void json_object(struct json *json, const char *key);
void json_object_end(struct json *json);
void json_array(struct json *json, const char *key);
void json_array_end(struct json *json);
void json_text(struct json *json, const char *key, const char *text); /* null becomes null */
void json_bytes(struct json *json, const char *key, const void *text, size_t len);
void json_int(struct json *json, const char *key, int64_t number);
void json_ms(struct json *json, const char *key, double ms); /* three decimals */
void json_bool(struct json *json, const char *key, bool value);
void json_time(struct json *json, const char *key, int64_t unix_s); /* as rfc3339:5.6 has it; TIME_NONE becomes null */
void json_null(struct json *json, const char *key);

#endif
