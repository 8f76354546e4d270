/* nearest.h - "did you mean": the nearest of some words, if it is near enough. Case and the kind of hyphen do not matter. */
#ifndef CLI_NEAREST_H
#define CLI_NEAREST_H

#include <stddef.h>

/* The nearest of `count` words, or null when none is nearer than a third of the word. */
const char *nearest_word(const char *word, const char *const *words, size_t count);

#endif
