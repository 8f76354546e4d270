/* memory.h - looks for secrets in the memory of the process that it runs in.
 *
 * Secrets are noted masked, so that the notes are not found themselves, and compared masked, so that the search leaves no copy
 * behind. All writable mappings are searched: heap, stacks, data, anonymous memory; also what was freed and not given back.
 */
#ifndef SECRETS_MEMORY_H
#define SECRETS_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NEEDLES_MAX 4096
#define NEEDLE_LEN_MIN 16 /* so static nonces alone are left out: that of the first record is one, and nonces are no secret */
#define NEEDLE_LEN_MAX 64

/* How long a secret may be in memory. */
enum needle_life {
	LIFE_CONNECTION = 1, /* until the connection is freed */
	LIFE_CONFIG,         /* until the configuration is freed: keys of tickets, cached sessions, credentials */
};

void memory_note(const void *ptr, size_t len, const char *kind, enum needle_life life);
/* The same for what is masked already (see memory_mask()). */
void memory_note_masked(const uint8_t *masked, size_t len, const char *kind, enum needle_life life);
uint8_t memory_mask(uint8_t byte);
size_t memory_noted(void);
void memory_forget(void);

/* Searches for secrets with this life or a shorter one, prints each place when `loud`, and gives how many different ones are there. */
size_t memory_search(enum needle_life life, bool loud);

#endif
