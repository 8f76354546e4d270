/* scarce.c - the allocators as the linker's --wrap puts them in. */
#include "support/scarce.h"

#include <stddef.h>
#include <stdlib.h>

void *__real_malloc(size_t len);
void *__real_calloc(size_t count, size_t len);
void *__real_realloc(void *ptr, size_t len);
void *__real_aligned_alloc(size_t align, size_t len);
void *__wrap_malloc(size_t len);
void *__wrap_calloc(size_t count, size_t len);
void *__wrap_realloc(void *ptr, size_t len);
void *__wrap_aligned_alloc(size_t align, size_t len);

static bool counts, failed;
static unsigned long left;

void scarce_begin(unsigned long nth)
{
	counts = true;
	failed = false;
	left = nth;
}

bool scarce_end(void)
{
	counts = false;
	return failed;
}

unsigned scarce_each(bool (*work)(void), void (*undo)(void))
{
	unsigned bad = 0;

	for (unsigned long nth = 0; nth < SCARCE_MAX; nth++) {
		bool good;

		scarce_begin(nth);
		good = work();
		bad += !good;
		if (!scarce_end() && good)
			return bad;
		undo();
	}
	abort();
}

static bool fails(void)
{
	if (!counts || left-- > 0)
		return false;
	counts = false;
	failed = true;
	return true;
}

void *__wrap_malloc(size_t len)
{
	return fails() ? NULL : __real_malloc(len);
}

void *__wrap_calloc(size_t count, size_t len)
{
	return fails() ? NULL : __real_calloc(count, len);
}

void *__wrap_realloc(void *ptr, size_t len)
{
	return fails() ? NULL : __real_realloc(ptr, len);
}

void *__wrap_aligned_alloc(size_t align, size_t len)
{
	return fails() ? NULL : __real_aligned_alloc(align, len);
}
