/* conf_memory.h - memory that lives and dies as a whole: pieces of a snapshot or of a syntax tree.
 *
 * Every piece is zeroed and aligned for any type. Nothing is freed alone. One owner, no threads.
 */
#ifndef GATEWAY_CONF_MEMORY_H
#define GATEWAY_CONF_MEMORY_H

#include "base/bytes.h"

#define CONF_MEMORY_MAX (256u << 20) /* of one configuration */

struct conf_memory_block;
struct conf_memory {
	struct conf_memory_block *blocks;
	size_t used;  /* in the newest block */
	size_t total;
	bool failed;  /* an allocation failed: whatever is being made must be thrown away */
};

/* Null without memory or beyond the limit; `failed` then stays set. A length of zero gives a piece that is not null. */
void *conf_memory_take(struct conf_memory *memory, size_t len);
/* A list of `count` zeroed things. */
void *conf_memory_list(struct conf_memory *memory, size_t count, size_t size);
/* A copy with a final zero byte. Null without memory. */
char *conf_memory_text(struct conf_memory *memory, struct bj_bytes text);
void conf_memory_free(struct conf_memory *memory);

#endif
