/* curve.h - the three NIST curves as shared group objects of libcrypto. Private to src/crypto. */
#ifndef CRYPTO_CURVE_H
#define CRYPTO_CURVE_H

#include <openssl/ec.h>

#include "base/bytes.h"

#define CURVE_FIELD_MAX 66

struct curve {
	uint8_t slot;
	uint8_t field_len; /* bytes of a coordinate, and of the order: the same for all three */
	uint8_t top_mask;  /* of the first byte of a scalar: bits that the order has at all */
	uint16_t bits;
	int nid;
	uint8_t order[CURVE_FIELD_MAX]; /* big-endian */
};

extern const struct curve curve_p256, curve_p384, curve_p521;

/* The group object, made at first use and kept for the process; null without memory. Never changed: threads share it. */
const EC_GROUP *curve_group(const struct curve *curve);

/* Whether a scalar of field_len bytes is in 1..order-1, in a time that says only yes or no. */
bool curve_scalar_fits(const struct curve *curve, const uint8_t *scalar);

#endif
