/* nearest.h - "did you mean": the nearest of some words.
 *
 * Nearness is the number of letters to change, insert, delete or swap (optimal string alignment), and at most a third of the word.
 */
#ifndef CLI_NEAREST_H
#define CLI_NEAREST_H

#include <stddef.h>

#define NEAREST_WORD_MAX 64 /* longer words have no nearest one */

size_t nearest_distance(const char *a, const char *b);
/* The nearest of `count` words, or null when none is near. */
const char *nearest_word(const char *word, const char *const *words, size_t count);

#endif
