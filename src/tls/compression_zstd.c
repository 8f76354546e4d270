/* compression_zstd.c - certificates in the Zstandard format (rfc8878). Into memory of a known size no window is needed beside it. */
#include <zstd.h>

#include "tls/compression.h"

#define LEVEL 19 /* certificates are compressed once */

static size_t bound(size_t len)
{
	return ZSTD_compressBound(len);
}

static bool compress_bytes(struct bj_bytes in, uint8_t *out, size_t cap, size_t *out_len)
{
	size_t len = ZSTD_compress(out, cap, in.ptr, in.len, LEVEL);

	if (ZSTD_isError(len))
		return false;
	*out_len = len;
	return true;
}

static bool decompress_bytes(struct bj_bytes in, uint8_t *out, size_t len)
{
	size_t got = ZSTD_decompress(out, len, in.ptr, in.len);

	return !ZSTD_isError(got) && got == len;
}

const struct compression compression_zstd = { COMPRESSION_ZSTD, "zstd", bound, compress_bytes, decompress_bytes };
