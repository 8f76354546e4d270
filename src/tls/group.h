/* group.h - names of the key exchange groups; what they do is crypto/kex.h. rfc9846:4.2.7 */
#ifndef TLS_GROUP_H
#define TLS_GROUP_H

#include "crypto/kex.h"
#include "tls/version.h"

struct group {
	uint16_t code;
	const char *name;
	bool in_12; /* may stand in a ServerKeyExchange */
	bool usual; /* stands in the profiles; others are asked for by name */
};

#define GROUP_COUNT 7
extern const struct group group_table[GROUP_COUNT]; /* in the order that we prefer */

/* Null for a group that does not exist for us. */
const struct group *group_find(uint16_t code);

#endif
