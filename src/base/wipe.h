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

#endif
