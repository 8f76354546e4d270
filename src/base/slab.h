/* slab.h - pools of objects of one size: allocation and release in constant time, memory that comes back.
 *
 * Objects live in chunks of a power of two, aligned to their own size, so an object finds its chunk by its address. A
 * chunk whose last object is released goes back to the system, except for a reserve of `reserve_chunks` empty ones. New
 * objects come from the fullest use of old chunks first, so that others can empty. A slab belongs to one thread.
 *
 * Objects are not cleared when they are taken. With `wipe` they are overwritten when they are released, all of them.
 * Under the address sanitizer released objects are poisoned.
 */
#ifndef BASE_SLAB_H
#define BASE_SLAB_H

#include "base/list.h"
#include <bojagi/base.h>

#define SLAB_OBJECT_MAX (64 * 1024)
#define SLAB_CHUNK_MIN (16 * 1024)
#define SLAB_CHUNK_OBJECTS_MIN 7 /* a chunk holds at least so many */

struct slab_options {
	size_t object_size;    /* 1 .. SLAB_OBJECT_MAX */
	size_t object_count_max; /* 0: no limit but memory */
	size_t reserve_chunks; /* empty chunks that are kept */
	size_t chunk_min;      /* 0: SLAB_CHUNK_MIN. A power of two: larger where there are many objects, as each chunk costs pages */
	bool wipe;             /* overwrite objects on release: they hold secrets */
};

struct slab_stats {
	size_t object_size;  /* as stored, rounded up for alignment */
	size_t objects;      /* in use now */
	size_t objects_peak;
	size_t chunks;       /* now, in use or in reserve */
	size_t chunk_size;
	uint64_t taken;      /* ever */
	uint64_t refused;    /* allocations that failed */
};

struct slab {
	struct list partial; /* chunks with room and at least one object */
	struct list full;
	struct list empty;
	struct slab_options options;
	struct slab_stats stats;
	size_t empty_count;
	size_t per_chunk;
};

/* BJ_ERR_ARGUMENT for a size out of range. Allocates nothing. */
BJ_MUST_USE enum bj_err slab_init(struct slab *s, const struct slab_options *options);
/* Every object must have been released. Takes a zeroed slab too. */
void slab_fini(struct slab *s);

/* An object aligned to 16 bytes, or null: no memory, or object_count_max is reached. */
void *slab_alloc(struct slab *s);
/* Takes null. The object must be of this slab. */
void slab_free(struct slab *s, void *object);
/* Returns the reserve to the system. */
void slab_trim(struct slab *s);

static inline struct slab_stats slab_stats(const struct slab *s)
{
	return s->stats;
}

#endif
