/* secret.h - a secret of at most SECRET_MAX bytes: compared in constant time, wiped on every way out. */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include "base/bytes.h"
#include "base/check.h"
#include "base/ct.h"
#include "base/wipe.h"

#define SECRET_MAX 72 /* P-521 shared secrets have 66 bytes, hashes at most 64 */

struct secret {
	uint8_t len;
	uint8_t bytes[SECRET_MAX];
};

static inline void secret_set(struct secret *s, const void *ptr, size_t len)
{
	check(len <= SECRET_MAX);
	s->len = (uint8_t)len;
	bytes_copy(s->bytes, ptr, len);
}

static inline struct bj_bytes secret_view(const struct secret *s)
{
	return (struct bj_bytes){ s->bytes, s->len };
}

static inline void secret_wipe(struct secret *s)
{
	wipe(s, sizeof(*s));
}

/* Moves: `to` has it afterwards, `from` is wiped. */
static inline void secret_move(struct secret *to, struct secret *from)
{
	*to = *from;
	secret_wipe(from);
}

static inline bool secret_equal(const struct secret *a, const struct secret *b)
{
	return a->len == b->len && ct_equal(a->bytes, b->bytes, a->len);
}

#endif
