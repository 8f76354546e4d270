/* pkey_own.h - the libcrypto object inside of a private key. Private to src/crypto. */
#ifndef CRYPTO_PKEY_OWN_H
#define CRYPTO_PKEY_OWN_H

#include <openssl/types.h>

#include "crypto/pkey.h"

/* A view. */
EVP_PKEY *pkey_evp(const struct pkey *key);
/* A key whose private half stays where it is (a token, a service): signatures are asked of `evp`, which is taken over, also on failure. */
enum bj_err pkey_wrap_remote(EVP_PKEY *evp, struct pkey **out) BJ_MUST_USE;

#endif
