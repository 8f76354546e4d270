/* compression.c - which algorithms this build has. */
#include "tls/compression.h"

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
