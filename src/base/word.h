/* word.h - how far two words are apart, for "did you mean".
 *
 * Counted are letters to change, insert, delete, or swap with their neighbour (the restricted edit distance).
 */
#ifndef BASE_WORD_H
#define BASE_WORD_H

#include "base/bytes.h"

#define WORD_MAX 64 /* longer words are far from everything */

/* WORD_MAX + 1 if one of them is too long. */
size_t word_distance(struct bj_bytes a, struct bj_bytes b);

#endif
