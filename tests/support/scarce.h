/* scarce.h - allocations that fail when a test says so.
 *
 * The linker puts these in the place of malloc, calloc, realloc and aligned_alloc in a program that depends on `scarce_dep`: only in what is
 * linked into it, not in shared libraries. For one thread.
 */
#ifndef SUPPORT_SCARCE_H
#define SUPPORT_SCARCE_H

#include <stdbool.h>

/* Of the allocations from here on, this one fails, once; 0: the next. */
void scarce_begin(unsigned long nth);

/* All succeed again. Says whether one failed since scarce_begin(). */
bool scarce_end(void);

#endif
