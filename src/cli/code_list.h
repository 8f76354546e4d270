/* code_list.h - lists of code points by name, as options take them: groups, suites, compression. */
#ifndef CLI_CODE_LIST_H
#define CLI_CODE_LIST_H

#include <stddef.h>
#include <stdint.h>

#define CODE_LIST_MAX 16

enum code_kind {
	CODE_GROUP = 0,
	CODE_SUITE,
	CODE_COMPRESSION,
};

/* "A:B" or "A,B" -> code points, at most CODE_LIST_MAX and each once; OpenSSL's names are known, too. The list is cut up. An exit code after a
 * message. */
int code_list_take(enum code_kind kind, char *list, uint16_t *codes, size_t *count);

#endif
