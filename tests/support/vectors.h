/* vectors.h - where the test vectors are: $BOJAGI_VECTORS, else what the build was told, else ../shared/vectors. */
#ifndef SUPPORT_VECTORS_H
#define SUPPORT_VECTORS_H

#include <stdbool.h>
#include <stddef.h>

/* The path of a file below the folder of vectors; a static buffer, until the next call. */
const char *vectors_path(const char *relative);
/* Whether the folder is there at all. If not, says SKIPPED once on standard error. */
bool vectors_present(void);

#endif
