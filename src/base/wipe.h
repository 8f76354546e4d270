/* wipe.h - overwrites secrets in a way that a compiler does not remove. */
#ifndef BASE_WIPE_H
#define BASE_WIPE_H

#include <stddef.h>
#include <string.h>

static inline void wipe(void *ptr, size_t len)
{
	if (len == 0)
		return;
	memset(ptr, 0, len);
	__asm__ __volatile__("" : : "r"(ptr) : "memory");
}

#define WIPE_STACK_LEN 4096

/* Overwrites what calls that have returned left on the stack: libcrypto, for one, leaves the result of its X25519 ladder there. */
static __attribute__((noinline, unused)) void wipe_stack(void)
{
	unsigned char below[WIPE_STACK_LEN];

	wipe(below, sizeof(below));
}

#endif
