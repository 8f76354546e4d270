/* field.h - the fields of one message in one arena of fixed size (rfc9110:5).
 *
 * The caller gives the memory once per message; nothing is ever allocated and a message can never take more. Names and values
 * grow from the front, the entries (16 bytes each) from the back; when both meet, or the count is reached, adding fails with
 * BJ_ERR_HTTP_HEADER_LIMIT. So many tiny fields cost as much as they weigh.
 *
 * Well-known names are numbers (enum http_name): comparing is comparing numbers, and they are written in their one spelling
 * whatever the peer sent. Other names keep their spelling and compare without case. Views live as long as the arena's bytes
 * stay; removing never moves anything.
 */
#ifndef HTTP_FIELD_H
#define HTTP_FIELD_H

#include "http/token.h"

/* Well-known names; field_names.def holds the spelling. */
enum http_name {
	HTTP_N_OTHER = 0,
#define HTTP_NAME(id, text) HTTP_N_##id,
#include "http/field_names.def"
#undef HTTP_NAME
	HTTP_N_COUNT,
};

#define HTTP_FIELD_ENTRY 16            /* bytes of the arena that a field takes besides its text */
#define HTTP_FIELD_NAME_MAX 1024       /* bytes of a name */
#define HTTP_ARENA_MAX (1024 * 1024)

struct http_field {
	uint32_t name_off; /* unused for well-known names */
	uint32_t value_off;
	uint32_t value_len;
	uint16_t name_len;
	uint8_t name;      /* enum http_name */
	uint8_t removed;
};

struct http_fields {
	uint8_t *arena;      /* aligned for struct http_field */
	uint32_t cap;        /* multiple of HTTP_FIELD_ENTRY */
	uint32_t used;       /* bytes taken at the front */
	uint16_t count;      /* entries, removed ones too */
	uint16_t count_max;
	uint64_t present[2]; /* bit per well-known name that was ever added */
};

/* `arena` must be aligned to 8; `cap` is rounded down to whole entries and must be at most HTTP_ARENA_MAX. */
void http_fields_init(struct http_fields *fields, void *arena, size_t cap, size_t count_max);
/* Forgets all fields and bytes. */
void http_fields_clear(struct http_fields *fields);

/* The number of a name; HTTP_N_OTHER if it is not well known. Any case. */
enum http_name http_name_find(const uint8_t *name, size_t len);
/* The one spelling of a well-known name. */
struct bj_bytes http_name_text(enum http_name name);

/* Copies bytes into the arena (for targets, methods and the like); null if they do not fit. */
uint8_t *http_arena_put(struct http_fields *fields, const void *ptr, size_t len);
/* Room without content. */
uint8_t *http_arena_room(struct http_fields *fields, size_t len);

/* Adds at the end; name and value are copied and must be valid already (parsers check; for values that come from elsewhere use
 * http_value_valid()). BJ_ERR_HTTP_HEADER_LIMIT. */
enum bj_err http_field_add(struct http_fields *fields, struct bj_bytes name, struct bj_bytes value) BJ_MUST_USE;
/* Adds one whose value the caller writes: `value_len` bytes at *out_at. */
enum bj_err http_field_put_room(struct http_fields *fields, enum http_name name, size_t value_len, uint8_t **out_at) BJ_MUST_USE;

/* True if every byte may stand in a value: no control byte but tab, no space or tab at the ends. */
bool http_value_valid(struct bj_bytes value);

/* The entry at `index` (0..count-1); ask `removed`. */
struct http_field *http_field_at(const struct http_fields *fields, size_t index);
struct bj_bytes http_field_name(const struct http_fields *fields, const struct http_field *field);
struct bj_bytes http_field_value(const struct http_fields *fields, const struct http_field *field);

/* The first field of that name that is not removed, or null; `after` null starts at the first. */
const struct http_field *http_field_find(const struct http_fields *fields, enum http_name name, const struct http_field *after);
/* The same by text, for names that are not well known as well. */
const struct http_field *http_field_find_text(const struct http_fields *fields, struct bj_bytes name,
					      const struct http_field *after);
/* The value of the first one; false if there is none. */
bool http_field_get(const struct http_fields *fields, enum http_name name, struct bj_bytes *out_value);
/* How many there are that are not removed. */
size_t http_field_count(const struct http_fields *fields, enum http_name name);
/* Returns how many were removed. */
size_t http_field_remove(struct http_fields *fields, enum http_name name);
size_t http_field_remove_text(struct http_fields *fields, struct bj_bytes name);

/* The value of a cookie (rfc6265:4.2.1) over all Cookie fields; the first of that name. False if there is none. */
bool http_cookie_get(const struct http_fields *fields, struct bj_bytes name, struct bj_bytes *out_value);

#endif
