/* rng_os.c - libcrypto's generator, which the operating system seeds and which is safe across fork and threads. */
#include "crypto/rng_os.h"

#include <openssl/err.h>
#include <openssl/rand.h>

#define RNG_CHUNK_MAX ((size_t)1 << 20)

static enum bj_err fill_from_os(void *self, uint8_t *out, size_t len)
{
	while (len > 0) {
		size_t take = len < RNG_CHUNK_MAX ? len : RNG_CHUNK_MAX;

		if (RAND_bytes(out, (int)take) != 1) {
			ERR_clear_error();
			return BJ_ERR_RANDOM;
		}
		out += take;
		len -= take;
	}
	return BJ_OK;
}

const struct bj_rng rng_os = { fill_from_os, NULL };
