/* toys.c - see toys.h. */
#include "toys.h"

#include <string.h>

#include "crypto/rng_os.h"
#include "tls/compression.h"
#include "tls/config.h"

#define SHRINKING 0xff01
#define EXPANDING 0xff02
#define RANDOM 0xff03

static const uint8_t zeros[2], counted[4] = { 1, 2, 3, 4 };

static size_t bound(size_t len)
{
	return len + sizeof(counted);
}

/* What a Certificate begins with is left out. */
static bool shrink(struct bj_bytes in, uint8_t *out, size_t cap, size_t *out_len)
{
	if (in.len < sizeof(zeros) || memcmp(in.ptr, zeros, sizeof(zeros)) != 0)
		return false;
	*out_len = in.len - sizeof(zeros);
	memcpy(out, in.ptr + sizeof(zeros), *out_len);
	return true;
}

static bool unshrink(struct bj_bytes in, uint8_t *out, size_t len)
{
	if (in.len + sizeof(zeros) != len)
		return false;
	memcpy(out, zeros, sizeof(zeros));
	memcpy(out + sizeof(zeros), in.ptr, in.len);
	return true;
}

static bool expand(struct bj_bytes in, uint8_t *out, size_t cap, size_t *out_len)
{
	*out_len = in.len + sizeof(counted);
	memcpy(out, counted, sizeof(counted));
	memcpy(out + sizeof(counted), in.ptr, in.len);
	return true;
}

static bool unexpand(struct bj_bytes in, uint8_t *out, size_t len)
{
	if (in.len != len + sizeof(counted) || memcmp(in.ptr, counted, sizeof(counted)) != 0)
		return false;
	memcpy(out, in.ptr + sizeof(counted), len);
	return true;
}

static bool randomize(struct bj_bytes in, uint8_t *out, size_t cap, size_t *out_len)
{
	*out_len = in.len + 1;
	memcpy(out + 1, in.ptr, in.len);
	return rng_fill(&rng_os, out, 1) == BJ_OK;
}

static bool unrandomize(struct bj_bytes in, uint8_t *out, size_t len)
{
	if (in.len != len + 1)
		return false;
	memcpy(out, in.ptr + 1, len);
	return true;
}

/* In the order of preference that the runner expects. */
static const struct compression toys[] = {
	{ EXPANDING, "expanding", bound, expand, unexpand },
	{ SHRINKING, "shrinking", bound, shrink, unshrink },
	{ RANDOM, "random", bound, randomize, unrandomize },
};

void toys_install(struct bj_tls_config *config, const struct flags *flags)
{
	for (size_t i = 0; i < sizeof(toys) / sizeof(toys[0]); i++)
		if (flags->compressions || flags->one_compression == toys[i].code)
			config->compressions[config->compression_count++] = &toys[i];
}
