/* compression_brotli.c - certificates in the brotli format (rfc7932).
 *
 * A stream may ask for a window of 16 MB before its first byte: the decoder gets its memory from a budget.
 */
#include <stdlib.h>

#include <brotli/decode.h>
#include <brotli/encode.h>

#include "tls/compression.h"

static size_t bound(size_t len)
{
	return BrotliEncoderMaxCompressedSize(len);
}

static bool compress_bytes(struct bj_bytes in, uint8_t *out, size_t cap, size_t *out_len)
{
	*out_len = cap;
	return BrotliEncoderCompress(BROTLI_MAX_QUALITY, BROTLI_DEFAULT_WINDOW, BROTLI_MODE_GENERIC, in.len, in.ptr, out_len, out) == BROTLI_TRUE;
}

static void *budget_alloc(void *self, size_t size)
{
	size_t *left = self;

	if (size > *left)
		return NULL;
	*left -= size; /* what is given back does not count: a certificate needs each piece once */
	return malloc(size);
}

static void budget_free(void *self, void *ptr)
{
	free(ptr);
}

static bool decompress_bytes(struct bj_bytes in, uint8_t *out, size_t len)
{
	size_t budget = COMPRESSION_WORK_MAX, in_left = in.len, out_left = len;
	BrotliDecoderState *decoder = BrotliDecoderCreateInstance(budget_alloc, budget_free, &budget);
	BrotliDecoderResult result;

	if (!decoder)
		return false;
	result = BrotliDecoderDecompressStream(decoder, &in_left, &in.ptr, &out_left, &out, NULL);
	BrotliDecoderDestroyInstance(decoder);
	return result == BROTLI_DECODER_RESULT_SUCCESS && in_left == 0 && out_left == 0;
}

const struct compression compression_brotli = { COMPRESSION_BROTLI, "brotli", bound, compress_bytes, decompress_bytes };
