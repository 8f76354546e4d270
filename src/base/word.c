/* word.c - the restricted edit distance, over three rows of the usual table. */
#include "base/word.h"

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

size_t word_distance(struct bj_bytes a, struct bj_bytes b)
{
	size_t rows[3][WORD_MAX + 1];
	size_t *before = rows[0], *last = rows[1], *row = rows[2];

	if (a.len > WORD_MAX || b.len > WORD_MAX)
		return WORD_MAX + 1;
	for (size_t j = 0; j <= b.len; j++)
		last[j] = before[j] = j;
	for (size_t i = 1; i <= a.len; i++) {
		size_t *spare = before;

		row[0] = i;
		for (size_t j = 1; j <= b.len; j++) {
			size_t best = least(least(last[j], row[j - 1]) + 1, last[j - 1] + (a.ptr[i - 1] != b.ptr[j - 1]));

			if (i > 1 && j > 1 && a.ptr[i - 1] == b.ptr[j - 2] && a.ptr[i - 2] == b.ptr[j - 1])
				best = least(best, before[j - 2] + 1);
			row[j] = best;
		}
		before = last;
		last = row;
		row = spare;
	}
	return last[b.len];
}
