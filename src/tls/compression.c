/* compression.c - which algorithms this build has. */
#include <string.h>

#include "tls/compression.h"
#include <bojagi/tls.h>

static const struct compression *const all[] = {
#ifdef BJ_HAVE_ZLIB
	&compression_zlib,
#endif
#ifdef BJ_HAVE_BROTLI
	&compression_brotli,
#endif
#ifdef BJ_HAVE_ZSTD
	&compression_zstd,
#endif
	NULL,
};

const struct compression *compression_find(uint16_t code)
{
	for (size_t i = 0; all[i]; i++)
		if (all[i]->code == code)
			return all[i];
	return NULL;
}

BJ_API const char *bj_tls_compression_name(uint16_t algorithm)
{
	const struct compression *row = compression_find(algorithm);

	return row ? row->name : "unknown";
}

BJ_API uint16_t bj_tls_compression_by_name(const char *name)
{
	for (size_t i = 0; name && all[i]; i++)
		if (strcmp(all[i]->name, name) == 0)
			return all[i]->code;
	return 0;
}
