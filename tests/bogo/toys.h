/* toys.h - the runner's own compressions of certificates: they shrink or expand by a few bytes and are no compressions. */
#ifndef BOGO_TOYS_H
#define BOGO_TOYS_H

#include <bojagi/tls.h>

#include "flags.h"

/* Puts those that the flags ask for into a configuration that is not frozen. */
void toys_install(struct bj_tls_config *config, const struct flags *flags);

#endif
