/* check.h - states what must be true of our own code, in release too. It never judges input. */
#ifndef BASE_CHECK_H
#define BASE_CHECK_H

#include <stdbool.h>
#include <stdlib.h>

/* Ends the process when our own code is wrong: going on would be worse. */
static inline void check(bool holds)
{
	if (__builtin_expect(!holds, 0))
		abort();
}

#endif
