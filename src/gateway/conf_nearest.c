/* conf_nearest.c - the word that somebody probably meant: the fewest letters changed, added, dropped or swapped. */
#include "gateway/conf_make.h"

#include "base/word.h"

struct conf_nearest conf_nearest_start(struct bj_bytes wanted)
{
	return (struct conf_nearest){ .wanted = wanted, .distance = 0, .word = "" };
}

void conf_nearest_try(struct conf_nearest *nearest, const char *word)
{
	size_t len = strlen(word), longer = len > nearest->wanted.len ? len : nearest->wanted.len;
	size_t limit = longer <= 3 ? 1 : longer <= 6 ? 2 : 3, d;

	if (len == 0 || len >= sizeof(nearest->word) || nearest->wanted.len == 0)
		return;
	d = word_distance(nearest->wanted, bytes_of(word, len));
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
