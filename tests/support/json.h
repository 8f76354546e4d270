/* json.h - a JSON reader for tests: a whole file becomes a tree, and asking for what is not there gives null or zero.
 *
 * Only for trusted files (test vectors): it checks syntax, but a broken file ends the test program.
 */
#ifndef SUPPORT_JSON_H
#define SUPPORT_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum json_kind { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_TEXT, JSON_ARRAY, JSON_OBJECT };

struct json {
	enum json_kind kind;
	bool truth;
	double number;
	char *name;          /* in an object: this member's name */
	char *text;          /* JSON_TEXT: UTF-8, ended by a zero byte; text_len counts without it */
	size_t text_len;
	struct json *first;  /* JSON_ARRAY, JSON_OBJECT */
	struct json *next;
	size_t count;
};

/* Null if the text is no JSON; then `out_at` (may be null) is where it stopped. */
struct json *json_parse(const char *text, size_t len, size_t *out_at);
/* Null if there is no such file; ends the program if the file is no JSON. */
struct json *json_load(const char *path);
void json_free(struct json *root);

/* All take null and values of another kind. */
const struct json *json_get(const struct json *object, const char *name);
const struct json *json_at(const struct json *array, size_t index);
size_t json_count(const struct json *v);
const char *json_text(const struct json *v); /* "" if it is no text */
long long json_int(const struct json *v);
bool json_bool(const struct json *v);
/* json_text(json_get(object, name)) and so on */
const char *json_get_text(const struct json *object, const char *name);
long long json_get_int(const struct json *object, const char *name);

/* The bytes of a text of hexadecimal digits, to be freed; never null, `out_len` bytes. Ends the program on other text. */
uint8_t *json_get_hex(const struct json *object, const char *name, size_t *out_len);

#define json_each(item, list) (const struct json *item = (list) ? (list)->first : NULL; item; item = item->next)

#endif
