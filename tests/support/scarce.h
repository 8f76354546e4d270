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

#define SCARCE_MAX 1000 /* allocations of a piece of work that is tried with each of them failing */

/* Runs `work` with its first allocation failing, then with its second, and so on until it went well with none failing; `undo` after each
 * run but the last. How many runs did not go well. */
unsigned scarce_each(bool (*work)(void), void (*undo)(void));

#endif
