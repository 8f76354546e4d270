/* tape.h - randomness that a test knows: the bytes it was made with, then it fails. */
#ifndef SUPPORT_TAPE_H
#define SUPPORT_TAPE_H

#include <string.h>

#include <bojagi/base.h>

struct tape {
	const uint8_t *bytes;
	size_t left;
};

static inline enum bj_err tape_fill(void *self, uint8_t *out, size_t len)
{
	struct tape *t = (struct tape *)self;

	if (t->left < len)
		return BJ_ERR_RANDOM;
	memcpy(out, t->bytes, len);
	t->bytes += len;
	t->left -= len;
	return BJ_OK;
}

#endif
