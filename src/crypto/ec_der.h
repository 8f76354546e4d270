/* ec_der.h - reads the DER of private keys on the NIST curves. Private to src/crypto. */
#ifndef CRYPTO_EC_DER_H
#define CRYPTO_EC_DER_H

#include <openssl/types.h>

#include "base/bytes.h"

/* BJ_ERR_NOT_FOUND: this is no key on a named NIST curve, another reader shall look at it; BJ_ERR_KEY_FORMAT: it is one, but
 * damaged; BJ_ERR_NO_MEMORY. Whether the public point belongs to the private number is for the caller to check. */
enum bj_err ec_key_from_der(struct bj_bytes der, EC_KEY **out) BJ_MUST_USE;

#endif
