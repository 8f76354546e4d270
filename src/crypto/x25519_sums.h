/* x25519_sums.h - the sums of table entries that make a multiple of the base point of Curve25519. Private to src/crypto.
 *
 * Points are on the equivalent Edwards curve (rfc7748:4.1). x25519_base.c makes the table and can add up its entries on any processor;
 * x25519_sums.c does it in vectors of AVX-512 IFMA.
 */
#ifndef CRYPTO_X25519_SUMS_H
#define CRYPTO_X25519_SUMS_H

#include <stdbool.h>

#include "crypto/fe25519.h"

#define X25519_WINDOWS 32
#define X25519_MULTIPLES 8
#define X25519_DIGITS 64 /* of a scalar, each -8..8, to the base 16 */

struct x25519_point { /* x = X/Z, y = Y/Z, xy = T/Z */
	struct fe x, y, z, t;
};

enum x25519_lane { LANE_DIFFERENCE, LANE_SUM, LANE_PRODUCT, LANE_TWO, LANE_COUNT };

struct x25519_entry { /* affine: limb by limb y - x, y + x, 2dxy, and the number two, which is what 2Z takes of it */
	_Alignas(32) uint64_t limb[5][LANE_COUNT];
};

struct x25519_table { /* row i holds 1..8 times 256^i times the base point */
	struct x25519_entry rows[X25519_WINDOWS][X25519_MULTIPLES];
};

/* Whether this build and this processor have the vectors. */
bool x25519_sums_here(void);

/* Adds up the entries of the digits at odd places, and those at even places: digit i stands for so many times 256^(i / 2). Every entry of
 * the table is read, in constant time. Only where it is here. */
void x25519_sums(const struct x25519_table *table, const int8_t digits[X25519_DIGITS],
		 struct x25519_point *out_odd, struct x25519_point *out_even);

#endif
