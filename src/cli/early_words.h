/* early_words.h - what became of early data, for people. */
#ifndef CLI_EARLY_WORDS_H
#define CLI_EARLY_WORDS_H

#include <bojagi/tls.h>

/* "accepted", or why not; static. */
const char *early_words(enum bj_tls_early early);

#endif
