/* bytes.h - views of bytes and the few things done with them.
 *
 * A view (`struct bj_bytes`) owns nothing; it is good for as long as the bytes behind it are.
 */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <string.h>

#include <bojagi/base.h>

#define BYTES_LIT(text) ((struct bj_bytes){ (const uint8_t *)(text), sizeof(text) - 1 })
#define ARRAY_COUNT(a) (sizeof(a) / sizeof((a)[0]))

static inline struct bj_bytes bytes_of(const void *ptr, size_t len)
{
	return (struct bj_bytes){ (const uint8_t *)ptr, len };
}

static inline struct bj_bytes bytes_text(const char *text)
{
	return (struct bj_bytes){ (const uint8_t *)text, text ? strlen(text) : 0 };
}

static inline bool bytes_equal(struct bj_bytes a, struct bj_bytes b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* memcpy that allows a null source when there is nothing to copy. */
static inline void bytes_copy(void *to, const void *from, size_t len)
{
	if (len > 0)
		memcpy(to, from, len);
}

#endif
