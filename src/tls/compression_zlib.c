/* compression_zlib.c - certificates in the zlib format (rfc1950). Its window of 32 KB is all that it uses. */
#include <zlib.h>

#include "tls/compression.h"

static size_t bound(size_t len)
{
	return compressBound((uLong)len);
}

static bool compress_bytes(struct bj_bytes in, uint8_t *out, size_t cap, size_t *out_len)
{
	uLongf len = (uLongf)cap;

	if (compress2(out, &len, in.ptr, (uLong)in.len, Z_BEST_COMPRESSION) != Z_OK)
		return false;
	*out_len = len;
	return true;
}

static bool decompress_bytes(struct bj_bytes in, uint8_t *out, size_t len)
{
	uLongf got = (uLongf)len;
	uLong used = (uLong)in.len;

	return uncompress2(out, &got, in.ptr, &used) == Z_OK && got == len && used == in.len;
}

const struct compression compression_zlib = { COMPRESSION_ZLIB, "zlib", bound, compress_bytes, decompress_bytes };
