/* nearest.c - the distance of words, by dynamic programming over three rows. */
#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "cli/nearest.h"

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Case and the kind of hyphen do not matter to people. */
static char folded(char c)
{
	return c == '_' ? '-' : (char)tolower((unsigned char)c);
}

size_t nearest_distance(const char *a, const char *b)
{
	size_t a_len = strlen(a), b_len = strlen(b);
	size_t rows[3][NEAREST_WORD_MAX + 1];
	size_t *before = rows[0], *last = rows[1], *row = rows[2];

	if (a_len > NEAREST_WORD_MAX || b_len > NEAREST_WORD_MAX)
		return NEAREST_WORD_MAX + 1;
	for (size_t j = 0; j <= b_len; j++)
		last[j] = before[j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			bool same = folded(a[i - 1]) == folded(b[j - 1]);
			size_t best = least(least(last[j], row[j - 1]) + 1, last[j - 1] + !same);

			if (i > 1 && j > 1 && folded(a[i - 1]) == folded(b[j - 2]) && folded(a[i - 2]) == folded(b[j - 1]))
				best = least(best, before[j - 2] + 1);
			row[j] = best;
		}
		size_t *spare = before;
		before = last;
		last = row;
		row = spare;
	}
	return last[b_len];
}

const char *nearest_word(const char *word, const char *const *words, size_t count)
{
	size_t len = strlen(word), best = len < 3 ? 1 : len / 3 + 1;
	const char *found = NULL;

	if (len == 0)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		size_t distance = nearest_distance(word, words[i]);

		if (distance < best || (distance == best && !found)) {
			best = distance;
			found = words[i];
		}
	}
	return found && best < len ? found : NULL;
}
