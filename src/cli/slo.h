/* slo.h - how long a connection may take at most: "tls=100ms,total=1s", or one time for all of it. */
#ifndef CLI_SLO_H
#define CLI_SLO_H

#include <stdbool.h>
#include <stdint.h>

enum slo_part {
	SLO_NAME = 0, /* its resolution */
	SLO_TCP,
	SLO_TLS,
	SLO_TOTAL,
	SLO_PARTS,
};

struct slo {
	bool given;
	uint64_t most_ms[SLO_PARTS]; /* 0: not limited */
};

/* False for what is none; `text` is taken apart. */
bool slo_parse(char *text, struct slo *out);
/* Whether this part took longer than was wanted. */
bool slo_is_missed(const struct slo *slo, enum slo_part part, int64_t took_us);
const char *slo_part_name(enum slo_part part);

#endif
