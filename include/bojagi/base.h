/* base.h - the few plain types that every public header uses.
 *
 * Time is an argument everywhere: `now_ms` is Unix time in milliseconds, UTC. Randomness is an argument too: a source
 * is a small value, and the one that the operating system offers is the default wherever none is given.
 */
#ifndef BOJAGI_BASE_H
#define BOJAGI_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <bojagi/err.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define BJ_API __attribute__((visibility("default")))
#define BJ_MUST_USE __attribute__((warn_unused_result))
#else
#define BJ_API
#define BJ_MUST_USE
#endif

/* A view of bytes that somebody else owns. An empty view may have a null pointer. */
struct bj_bytes {
	const uint8_t *ptr;
	size_t len;
};

/* A source of random bytes. `fill` writes exactly `len` bytes or fails with BJ_ERR_RANDOM and writes nothing that is
 * used. It may be called from every thread that uses the object which holds it. */
struct bj_rng {
	enum bj_err (*fill)(void *self, uint8_t *out, size_t len);
	void *self;
};

#ifdef __cplusplus
}
#endif

#endif
