/* conf_nearest.c - the word that somebody probably meant: the fewest letters changed, added, dropped or swapped. */
#include "gateway/conf_make.h"

#define WORD_MAX 63

struct conf_nearest conf_nearest_start(struct bj_bytes wanted)
{
	return (struct conf_nearest){ .wanted = wanted, .distance = 0, .word = "" };
}

/* The restricted edit distance; swapping two neighbours counts as one change. */
static unsigned distance(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
	unsigned rows[3][WORD_MAX + 2];
	unsigned *before = rows[0], *last = rows[1], *now = rows[2];

	for (size_t j = 0; j <= b_len; j++)
		last[j] = (unsigned)j;
	for (size_t i = 1; i <= a_len; i++) {
		unsigned *spare;

		now[0] = (unsigned)i;
		for (size_t j = 1; j <= b_len; j++) {
			unsigned best = last[j - 1] + (a[i - 1] != b[j - 1]);

			if (last[j] + 1 < best)
				best = last[j] + 1;
			if (now[j - 1] + 1 < best)
				best = now[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 1 < best)
				best = before[j - 2] + 1;
			now[j] = best;
		}
		spare = before;
		before = last;
		last = now;
		now = spare;
	}
	return last[b_len];
}

void conf_nearest_try(struct conf_nearest *nearest, const char *word)
{
	size_t len = strlen(word), longer = len > nearest->wanted.len ? len : nearest->wanted.len;
	unsigned limit = longer <= 3 ? 1 : longer <= 6 ? 2 : 3, d;

	if (len == 0 || len > WORD_MAX || nearest->wanted.len == 0 || nearest->wanted.len > WORD_MAX)
		return;
	d = distance(nearest->wanted.ptr, nearest->wanted.len, (const uint8_t *)word, len);
	if (d > limit || d >= longer || (nearest->word[0] && d >= nearest->distance))
		return;
	nearest->distance = d;
	memcpy(nearest->word, word, len + 1);
}

const char *conf_nearest_hint(const struct conf_nearest *nearest, char out[CONF_HINT_MAX])
{
	out[0] = 0;
	if (nearest->word[0])
		snprintf(out, CONF_HINT_MAX, "did you mean '%s'?", nearest->word);
	return out;
}
