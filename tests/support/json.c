/* json.c - see json.h. Recursive descent over rfc8259, depth limited. */
#include "json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 64

struct parser {
	const char *text;
	size_t at, len;
	bool bad;
};

static void *need(void *ptr)
{
	if (!ptr) {
		fputs("json: no memory\n", stderr);
		exit(2);
	}
	return ptr;
}

static int look(const struct parser *p)
{
	return p->at < p->len ? (unsigned char)p->text[p->at] : -1;
}

static void skip(struct parser *p)
{
	while (p->at < p->len && strchr(" \t\r\n", p->text[p->at]) && p->text[p->at])
		p->at++;
}

static bool take(struct parser *p, const char *word)
{
	size_t len = strlen(word);

	if (p->len - p->at < len || memcmp(p->text + p->at, word, len) != 0)
		return false;
	p->at += len;
	return true;
}

static unsigned hex4(struct parser *p)
{
	unsigned v = 0;

	for (int i = 0; i < 4; i++, p->at++) {
		int c = look(p) | 0x20;

		if (c >= '0' && c <= '9')
			v = v << 4 | (unsigned)(c - '0');
		else if (c >= 'a' && c <= 'f')
			v = v << 4 | (unsigned)(c - 'a' + 10);
		else
			p->bad = true;
	}
	return v;
}

static size_t put_utf8(char *out, unsigned c)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 63));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 63));
		out[2] = (char)(0x80 | (c & 63));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 63));
	out[2] = (char)(0x80 | (c >> 6 & 63));
	out[3] = (char)(0x80 | (c & 63));
	return 4;
}

static size_t escape(struct parser *p, char *out)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	int c = look(p);
	const char *hit = c > 0 ? strchr(from, c) : NULL;
	unsigned u;

	p->at++;
	if (hit) {
		out[0] = to[hit - from];
		return 1;
	}
	if (c != 'u') {
		p->bad = true;
		return 0;
	}
	u = hex4(p);
	if (u >= 0xd800 && u < 0xdc00 && take(p, "\\u"))
		u = 0x10000 + ((u & 0x3ff) << 10) + (hex4(p) & 0x3ff);
	return put_utf8(out, u);
}

static char *text_take(struct parser *p, size_t *out_len)
{
	size_t end = ++p->at, n = 0;
	char *out;

	while (end < p->len && p->text[end] != '"')
		end += p->text[end] == '\\' ? 2 : 1;
	if (end >= p->len) {
		p->bad = true;
		return NULL;
	}
	out = (char *)need(malloc(end - p->at + 1)); /* an escape is never shorter than what it means */
	while (p->at < end && !p->bad) {
		if (p->text[p->at] == '\\') {
			p->at++;
			n += escape(p, out + n);
		} else {
			out[n++] = p->text[p->at++];
		}
	}
	p->at = end + 1;
	out[n] = 0;
	*out_len = n;
	return out;
}

static struct json *value_take(struct parser *p, int depth);

static void list_take(struct parser *p, struct json *v, int depth)
{
	bool object = v->kind == JSON_OBJECT;
	char close = object ? '}' : ']';
	struct json **tail = &v->first;

	p->at++;
	skip(p);
	if (look(p) == close) {
		p->at++;
		return;
	}
	while (!p->bad) {
		char *name = NULL;
		size_t len;

		skip(p);
		if (object) {
			if (look(p) != '"')
				break;
			name = text_take(p, &len);
			skip(p);
			if (!take(p, ":")) {
				free(name);
				break;
			}
		}
		*tail = value_take(p, depth + 1);
		if (!*tail) {
			free(name);
			break;
		}
		(*tail)->name = name;
		tail = &(*tail)->next;
		v->count++;
		skip(p);
		if (look(p) == close) {
			p->at++;
			return;
		}
		if (!take(p, ","))
			break;
	}
	p->bad = true;
}

static void number_take(struct parser *p, struct json *v)
{
	char digits[64];
	size_t n = 0;
	char *end;

	while (n + 1 < sizeof(digits) && look(p) > 0 && strchr("+-.eE0123456789", look(p)))
		digits[n++] = p->text[p->at++];
	digits[n] = 0;
	v->number = strtod(digits, &end);
	if (n == 0 || *end)
		p->bad = true;
}

static struct json *value_take(struct parser *p, int depth)
{
	struct json *v = (struct json *)need(calloc(1, sizeof(*v)));

	skip(p);
	switch (depth < DEPTH_MAX ? look(p) : -1) {
	case '{':
		v->kind = JSON_OBJECT;
		list_take(p, v, depth);
		break;
	case '[':
		v->kind = JSON_ARRAY;
		list_take(p, v, depth);
		break;
	case '"':
		v->kind = JSON_TEXT;
		v->text = text_take(p, &v->text_len);
		break;
	case 't':
	case 'f':
		v->kind = JSON_BOOL;
		v->truth = look(p) == 't';
		p->bad |= !take(p, v->truth ? "true" : "false");
		break;
	case 'n':
		p->bad |= !take(p, "null");
		break;
	default:
		v->kind = JSON_NUMBER;
		number_take(p, v);
	}
	if (!p->bad)
		return v;
	json_free(v);
	return NULL;
}

struct json *json_parse(const char *text, size_t len, size_t *out_at)
{
	struct parser p = { text, 0, len, false };
	struct json *v = value_take(&p, 0);

	skip(&p);
	if (out_at)
		*out_at = p.at;
	if (v && p.at == len)
		return v;
	json_free(v);
	return NULL;
}

struct json *json_load(const char *path)
{
	FILE *f = fopen(path, "rb");
	char *text = NULL;
	size_t len = 0, cap = 0, got, at;
	struct json *v;

	if (!f)
		return NULL;
	do {
		if (cap - len < 65536)
			text = (char *)need(realloc(text, cap = cap * 2 + 65536));
		got = fread(text + len, 1, cap - len, f);
		len += got;
	} while (got > 0);
	fclose(f);
	v = json_parse(text, len, &at);
	if (!v) {
		fprintf(stderr, "%s: no JSON at byte %zu\n", path, at);
		exit(2);
	}
	free(text);
	return v;
}

void json_free(struct json *root)
{
	while (root) {
		struct json *next = root->next;

		json_free(root->first);
		free(root->name);
		free(root->text);
		free(root);
		root = next;
	}
}

const struct json *json_get(const struct json *object, const char *name)
{
	if (!object || object->kind != JSON_OBJECT)
		return NULL;
	for json_each (item, object)
		if (strcmp(item->name, name) == 0)
			return item;
	return NULL;
}

const struct json *json_at(const struct json *array, size_t index)
{
	if (!array || array->kind != JSON_ARRAY)
		return NULL;
	for json_each (item, array)
		if (index-- == 0)
			return item;
	return NULL;
}

size_t json_count(const struct json *v)
{
	return v ? v->count : 0;
}

const char *json_text(const struct json *v)
{
	return v && v->kind == JSON_TEXT ? v->text : "";
}

long long json_int(const struct json *v)
{
	return v && v->kind == JSON_NUMBER ? (long long)v->number : 0;
}

bool json_bool(const struct json *v)
{
	return v && v->kind == JSON_BOOL && v->truth;
}

const char *json_get_text(const struct json *object, const char *name)
{
	return json_text(json_get(object, name));
}

long long json_get_int(const struct json *object, const char *name)
{
	return json_int(json_get(object, name));
}

uint8_t *json_get_hex(const struct json *object, const char *name, size_t *out_len)
{
	const char *text = json_get_text(object, name);
	size_t len = strlen(text) / 2;
	uint8_t *out = (uint8_t *)need(malloc(len ? len : 1));

	for (size_t i = 0; i < len; i++) {
		char pair[3] = { text[2 * i], text[2 * i + 1], 0 };
		char *end;

		out[i] = (uint8_t)strtoul(pair, &end, 16);
		if (*end) {
			fprintf(stderr, "json: '%s' is not hexadecimal\n", name);
			exit(2);
		}
	}
	*out_len = len;
	return out;
}
