/* nearest.c - see nearest.h. */
#include <ctype.h>
#include <string.h>

#include "base/word.h"
#include "cli/nearest.h"

/* What is compared: lower case, with hyphens. */
static struct bj_bytes folded(const char *word, char out[WORD_MAX + 1])
{
	size_t len = 0;

	for (; word[len] && len <= WORD_MAX; len++)
		out[len] = word[len] == '_' ? '-' : (char)tolower((unsigned char)word[len]);
	return bytes_of(out, len);
}

const char *nearest_word(const char *word, const char *const *words, size_t count)
{
	char mine[WORD_MAX + 1], theirs[WORD_MAX + 1];
	struct bj_bytes wanted = folded(word, mine);
	size_t best = wanted.len < 3 ? 1 : wanted.len / 3 + 1;
	const char *found = NULL;

	for (size_t i = 0; i < count; i++) {
		size_t distance = word_distance(wanted, folded(words[i], theirs));

		if (distance < best || (distance == best && !found)) {
			best = distance;
			found = words[i];
		}
	}
	return found && best < wanted.len ? found : NULL;
}
