/* slab.c - see slab.h. */
#include "base/slab.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/wipe.h"

#define SLAB_ALIGN 16

#if defined(__SANITIZE_ADDRESS__)
#define SLAB_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SLAB_ASAN 1
#endif
#endif
#ifdef SLAB_ASAN
void __asan_poison_memory_region(const volatile void *ptr, size_t len);
void __asan_unpoison_memory_region(const volatile void *ptr, size_t len);
#endif

struct slab_chunk {
	struct list link;
	struct slab *owner; /* an object released to a wrong slab is found out */
	void *free;         /* released objects, each holding the next one's address */
	size_t used;
	size_t fresh;       /* objects from here on were never taken: their memory is not touched before */
};

#define CHUNK_HEAD ((sizeof(struct slab_chunk) + SLAB_ALIGN - 1) / SLAB_ALIGN * SLAB_ALIGN)

static void hide(void *ptr, size_t len)
{
#ifdef SLAB_ASAN
	__asan_poison_memory_region(ptr, len);
#else
	(void)ptr;
	(void)len;
#endif
}

static void show(void *ptr, size_t len)
{
#ifdef SLAB_ASAN
	__asan_unpoison_memory_region(ptr, len);
#else
	(void)ptr;
	(void)len;
#endif
}

enum bj_err slab_init(struct slab *s, const struct slab_options *options)
{
	size_t size = options->object_size, chunk = options->chunk_min ? options->chunk_min : SLAB_CHUNK_MIN;

	if (size == 0 || size > SLAB_OBJECT_MAX || chunk < SLAB_CHUNK_MIN || (chunk & (chunk - 1)))
		return BJ_ERR_ARGUMENT;
	size = (size + SLAB_ALIGN - 1) / SLAB_ALIGN * SLAB_ALIGN;
	while ((chunk - CHUNK_HEAD) / size < SLAB_CHUNK_OBJECTS_MIN)
		chunk *= 2;
	*s = (struct slab){ .options = *options };
	list_init(&s->partial);
	list_init(&s->full);
	list_init(&s->empty);
	s->stats.object_size = size;
	s->stats.chunk_size = chunk;
	s->per_chunk = (chunk - CHUNK_HEAD) / size;
	return BJ_OK;
}

static void chunk_release(struct slab *s, struct slab_chunk *c)
{
	list_remove(&c->link);
	s->stats.chunks--;
	show(c, s->stats.chunk_size);
	free(c);
}

void slab_trim(struct slab *s)
{
	while (s->empty_count > 0) {
		chunk_release(s, CONTAINER_OF(list_front(&s->empty), struct slab_chunk, link));
		s->empty_count--;
	}
}

void slab_fini(struct slab *s)
{
	if (s->per_chunk == 0)
		return;
	check(s->stats.objects == 0);
	slab_trim(s);
	check(s->stats.chunks == 0);
	*s = (struct slab){ 0 };
}

static struct slab_chunk *chunk_new(struct slab *s)
{
	struct slab_chunk *c = (struct slab_chunk *)aligned_alloc(s->stats.chunk_size, s->stats.chunk_size);

	if (!c)
		return NULL;
	*c = (struct slab_chunk){ .owner = s };
	list_init(&c->link);
	hide((uint8_t *)c + CHUNK_HEAD, s->stats.chunk_size - CHUNK_HEAD);
	s->stats.chunks++;
	return c;
}

/* A chunk with room; it is in no list, or in `partial`. */
static struct slab_chunk *chunk_with_room(struct slab *s)
{
	struct list *link = list_front(&s->partial);

	if (link)
		return CONTAINER_OF(link, struct slab_chunk, link);
	link = list_pop_front(&s->empty);
	if (link) {
		s->empty_count--;
		return CONTAINER_OF(link, struct slab_chunk, link);
	}
	return chunk_new(s);
}

static void *chunk_take(const struct slab *s, struct slab_chunk *c)
{
	void *object = c->free;

	if (object) {
		show(object, s->stats.object_size);
		memcpy(&c->free, object, sizeof(c->free));
		memset(object, 0, sizeof(c->free)); /* the list's pointer is no business of the object's */
	} else {
		object = (uint8_t *)c + CHUNK_HEAD + c->fresh * s->stats.object_size;
		c->fresh++;
		show(object, s->stats.object_size);
	}
	c->used++;
	return object;
}

void *slab_alloc(struct slab *s)
{
	struct slab_chunk *c = NULL;
	void *object;

	if (s->options.object_count_max == 0 || s->stats.objects < s->options.object_count_max)
		c = chunk_with_room(s);
	if (!c) {
		s->stats.refused++;
		return NULL;
	}
	object = chunk_take(s, c);
	if (c->used == s->per_chunk) {
		list_remove(&c->link);
		list_push_front(&s->full, &c->link);
	} else if (!list_is_linked(&c->link)) {
		list_push_front(&s->partial, &c->link);
	}
	s->stats.taken++;
	if (++s->stats.objects > s->stats.objects_peak)
		s->stats.objects_peak = s->stats.objects;
	return object;
}

void slab_free(struct slab *s, void *object)
{
	struct slab_chunk *c;

	if (!object)
		return;
	c = (struct slab_chunk *)((uintptr_t)object & ~(uintptr_t)(s->stats.chunk_size - 1));
	check(c->owner == s && c->used > 0);
	if (s->options.wipe)
		wipe(object, s->stats.object_size);
	memcpy(object, &c->free, sizeof(c->free));
	c->free = object;
	hide(object, s->stats.object_size);
	s->stats.objects--;
	c->used--;
	list_remove(&c->link);
	if (c->used > 0) {
		/* one that was full stands last: it is the least likely to become empty */
		if (c->used + 1 == s->per_chunk)
			list_push_back(&s->partial, &c->link);
		else
			list_push_front(&s->partial, &c->link);
	} else if (s->empty_count < s->options.reserve_chunks) {
		list_push_front(&s->empty, &c->link);
		s->empty_count++;
	} else {
		list_push_front(&s->empty, &c->link);
		chunk_release(s, c);
	}
}
