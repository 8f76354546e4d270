/* rng_os.h - the randomness of the operating system. */
#ifndef CRYPTO_RNG_OS_H
#define CRYPTO_RNG_OS_H

#include "base/bytes.h"

extern const struct bj_rng rng_os;

static inline enum bj_err rng_fill(const struct bj_rng *rng, void *out, size_t len)
{
	return rng->fill(rng->self, (uint8_t *)out, len);
}

#endif
