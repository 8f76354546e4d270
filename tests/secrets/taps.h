/* taps.h - what the test may tell the taps. */
#ifndef SECRETS_TAPS_H
#define SECRETS_TAPS_H

#include <stdbool.h>

/* Ciphers come from libcrypto, also where this machine has something faster: both ways must wipe. */
extern bool taps_libcrypto_only;

#endif
