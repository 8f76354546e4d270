/* field.c - the arena of fields, and the well-known names. */
#include "http/field.h"

#include "base/check.h"
#include "http/field_slots.inc"

static const struct {
	const char *text;
	uint8_t len;
} names[HTTP_N_COUNT] = {
	[HTTP_N_OTHER] = { "", 0 },
#define HTTP_NAME(id, spelling) [HTTP_N_##id] = { spelling, sizeof(spelling) - 1 },
#include "http/field_names.def"
#undef HTTP_NAME
};

_Static_assert(sizeof(struct http_field) == HTTP_FIELD_ENTRY, "an entry has its size");
_Static_assert(HTTP_N_COUNT <= 128, "names fit the bits of `present`");

void http_fields_init(struct http_fields *fields, void *arena, size_t cap, size_t count_max)
{
	check((uintptr_t)arena % 8 == 0 && cap <= HTTP_ARENA_MAX);
	fields->arena = (uint8_t *)arena;
	fields->cap = (uint32_t)(cap - cap % HTTP_FIELD_ENTRY);
	fields->count_max = (uint16_t)(count_max < UINT16_MAX ? count_max : UINT16_MAX);
	http_fields_clear(fields);
}

void http_fields_clear(struct http_fields *fields)
{
	fields->used = 0;
	fields->count = 0;
	fields->present[0] = fields->present[1] = 0;
}

enum http_name http_name_find(const uint8_t *name, size_t len)
{
	unsigned slot;
	uint8_t id;

	if (len == 0)
		return HTTP_N_OTHER;
	slot = (unsigned)len * HTTP_SLOT_LEN + (name[0] | 32u) * HTTP_SLOT_FIRST + (name[len / 2] | 32u) * HTTP_SLOT_MID +
	       (name[len * 3 / 4] | 32u) * HTTP_SLOT_LATE + (name[len - 1] | 32u) * HTTP_SLOT_LAST;
	id = http_slots[slot % HTTP_SLOTS];
	if (names[id].len != len)
		return HTTP_N_OTHER;
	if (memcmp(names[id].text, name, len) == 0 || http_same(http_name_text((enum http_name)id), bytes_of(name, len)))
		return (enum http_name)id;
	return HTTP_N_OTHER;
}

struct bj_bytes http_name_text(enum http_name name)
{
	return bytes_of(names[name].text, names[name].len);
}

static size_t arena_left(const struct http_fields *fields)
{
	return fields->cap - fields->used - (size_t)fields->count * HTTP_FIELD_ENTRY;
}

uint8_t *http_arena_room(struct http_fields *fields, size_t len)
{
	uint8_t *room = fields->arena + fields->used;

	if (len > arena_left(fields))
		return NULL;
	fields->used += (uint32_t)len;
	return room;
}

uint8_t *http_arena_put(struct http_fields *fields, const void *ptr, size_t len)
{
	uint8_t *room = http_arena_room(fields, len);

	if (room)
		bytes_copy(room, ptr, len);
	return room;
}

static struct http_field *entry(const struct http_fields *fields, size_t index)
{
	return (struct http_field *)(void *)(fields->arena + fields->cap - (index + 1) * HTTP_FIELD_ENTRY);
}

struct http_field *http_field_at(const struct http_fields *fields, size_t index)
{
	check(index < fields->count);
	return entry(fields, index);
}

static enum bj_err add(struct http_fields *fields, enum http_name id, struct bj_bytes name, struct bj_bytes value)
{
	size_t text_len = value.len + (id == HTTP_N_OTHER ? name.len : 0);
	struct http_field field = { .name = (uint8_t)id };

	if (fields->count >= fields->count_max || name.len > HTTP_FIELD_NAME_MAX || value.len > HTTP_ARENA_MAX ||
	    arena_left(fields) < text_len + HTTP_FIELD_ENTRY)
		return BJ_ERR_HTTP_HEADER_LIMIT;
	if (id == HTTP_N_OTHER) {
		field.name_off = fields->used;
		bytes_copy(fields->arena + fields->used, name.ptr, name.len);
		fields->used += (uint32_t)name.len;
	}
	field.name_len = (uint16_t)name.len;
	field.value_off = fields->used;
	field.value_len = (uint32_t)value.len;
	if (value.ptr) /* null: room for a value that is written later */
		bytes_copy(fields->arena + fields->used, value.ptr, value.len);
	fields->used += (uint32_t)value.len;
	*entry(fields, fields->count++) = field;
	fields->present[id / 64] |= 1ull << id % 64;
	return BJ_OK;
}

enum bj_err http_field_add(struct http_fields *fields, struct bj_bytes name, struct bj_bytes value)
{
	return add(fields, http_name_find(name.ptr, name.len), name, value);
}

enum bj_err http_field_put_room(struct http_fields *fields, enum http_name name, size_t value_len, uint8_t **out_at)
{
	enum bj_err err = add(fields, name, http_name_text(name), bytes_of(NULL, value_len));

	if (!err)
		*out_at = fields->arena + entry(fields, fields->count - 1u)->value_off;
	return err;
}

typedef uint8_t block __attribute__((vector_size(16)));

/* True if one of 16 bytes is a control byte (tab too: the caller looks closer). */
static bool block_has_control(const uint8_t *ptr)
{
	block b, bad;
	uint64_t any[2];

	memcpy(&b, ptr, sizeof(b));
	bad = (block)(b < 0x20) | (block)(b == 0x7f);
	memcpy(any, &bad, sizeof(any));
	return (any[0] | any[1]) != 0;
}

static bool bytes_are_values(const uint8_t *ptr, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!http_char_is(ptr[i], HTTP_VALUE))
			return false;
	return true;
}

bool http_value_valid(struct bj_bytes value)
{
	size_t i = 0;

	if (value.len == 0)
		return true;
	if (value.ptr[0] == ' ' || value.ptr[0] == '\t' || value.ptr[value.len - 1] == ' ' || value.ptr[value.len - 1] == '\t')
		return false;
	for (; value.len - i >= sizeof(block); i += sizeof(block))
		if (block_has_control(value.ptr + i) && !bytes_are_values(value.ptr + i, sizeof(block)))
			return false;
	return bytes_are_values(value.ptr + i, value.len - i);
}

struct bj_bytes http_field_name(const struct http_fields *fields, const struct http_field *field)
{
	if (field->name != HTTP_N_OTHER)
		return http_name_text((enum http_name)field->name);
	return bytes_of(fields->arena + field->name_off, field->name_len);
}

struct bj_bytes http_field_value(const struct http_fields *fields, const struct http_field *field)
{
	return bytes_of(fields->arena + field->value_off, field->value_len);
}

static size_t index_after(const struct http_fields *fields, const struct http_field *after)
{
	return after ? (size_t)(entry(fields, 0) - after) + 1 : 0;
}

const struct http_field *http_field_find(const struct http_fields *fields, enum http_name name, const struct http_field *after)
{
	if (!(fields->present[name / 64] >> name % 64 & 1))
		return NULL;
	for (size_t i = index_after(fields, after); i < fields->count; i++) {
		const struct http_field *field = entry(fields, i);

		if (field->name == name && !field->removed)
			return field;
	}
	return NULL;
}

const struct http_field *http_field_find_text(const struct http_fields *fields, struct bj_bytes name,
					      const struct http_field *after)
{
	enum http_name id = http_name_find(name.ptr, name.len);

	if (id != HTTP_N_OTHER)
		return http_field_find(fields, id, after);
	for (size_t i = index_after(fields, after); i < fields->count; i++) {
		const struct http_field *field = entry(fields, i);

		if (field->name == HTTP_N_OTHER && !field->removed && http_same(http_field_name(fields, field), name))
			return field;
	}
	return NULL;
}

bool http_field_get(const struct http_fields *fields, enum http_name name, struct bj_bytes *out_value)
{
	const struct http_field *field = http_field_find(fields, name, NULL);

	if (!field)
		return false;
	*out_value = http_field_value(fields, field);
	return true;
}

size_t http_field_count(const struct http_fields *fields, enum http_name name)
{
	size_t count = 0;

	for (const struct http_field *f = NULL; (f = http_field_find(fields, name, f)) != NULL;)
		count++;
	return count;
}

size_t http_field_remove(struct http_fields *fields, enum http_name name)
{
	return http_field_remove_text(fields, http_name_text(name));
}

size_t http_field_remove_text(struct http_fields *fields, struct bj_bytes name)
{
	size_t count = 0;

	for (const struct http_field *f = NULL; (f = http_field_find_text(fields, name, f)) != NULL; count++)
		entry(fields, (size_t)(entry(fields, 0) - f))->removed = 1;
	return count;
}
