/* compression.h - the algorithms that certificates may be compressed with (rfc8879:7.3): zlib, brotli, zstd, where this build has them.
 *
 * A decompressor writes exactly as many bytes as were announced, into memory of that size, or fails: a stream that would become longer is
 * never followed beyond it. What it uses beside that memory is bounded too (COMPRESSION_WORK_MAX).
 */
#ifndef TLS_COMPRESSION_H
#define TLS_COMPRESSION_H

#include "base/bytes.h"

#define COMPRESSION_ZLIB 1
#define COMPRESSION_BROTLI 2
#define COMPRESSION_ZSTD 3

#define COMPRESSION_WORK_MAX (5 * 1024 * 1024) /* bytes: brotli's window of 4 MB, which is what encoders usually announce */

struct compression {
	uint16_t code;
	const char *name;
	/* How long the compressed form of `len` bytes may be. */
	size_t (*bound)(size_t len);
	/* False: it did not work. `cap` is at least the bound. */
	bool (*compress)(struct bj_bytes in, uint8_t *out, size_t cap, size_t *out_len);
	/* True: `in`, to its last byte, is exactly `len` bytes, which stand in `out`. */
	bool (*decompress)(struct bj_bytes in, uint8_t *out, size_t len);
};

/* Null where this build does not have it. */
const struct compression *compression_find(uint16_t code);

extern const struct compression compression_zlib, compression_brotli, compression_zstd;

#endif
