/* slo.c - see slo.h. */
#include <string.h>

#include "cli/options.h"
#include "cli/slo.h"

static const char *const parts[SLO_PARTS] = { "name", "tcp", "tls", "total" };

static bool take_one(char *word, struct slo *slo)
{
	char *equals = strchr(word, '=');
	enum slo_part part = SLO_TOTAL;
	uint64_t ms;

	if (equals) {
		*equals = '\0';
		for (part = 0; part < SLO_PARTS && strcmp(word, parts[part]) != 0; part++)
			;
	}
	if (part == SLO_PARTS || slo->most_ms[part] != 0 || !options_duration_ms(equals ? equals + 1 : word, &ms) || ms == 0)
		return false;
	slo->most_ms[part] = ms;
	return true;
}

bool slo_parse(char *text, struct slo *out)
{
	struct slo slo = { .given = true };
	char *rest = NULL, *word = strtok_r(text, ",", &rest);

	if (!word)
		return false;
	for (; word; word = strtok_r(NULL, ",", &rest))
		if (!take_one(word, &slo))
			return false;
	*out = slo;
	return true;
}

bool slo_is_missed(const struct slo *slo, enum slo_part part, int64_t took_us)
{
	return slo->most_ms[part] != 0 && took_us > (int64_t)slo->most_ms[part] * 1000;
}

const char *slo_part_name(enum slo_part part)
{
	return parts[part];
}
