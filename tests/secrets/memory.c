/* memory.c - see memory.h. */
#include "memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MASK_BYTE 0xa7
#define MASK_WORD UINT64_C(0xa7a7a7a7a7a7a7a7)
#define MAPS_MAX 512

struct needle {
	uint8_t masked[NEEDLE_LEN_MAX];
	size_t len;
	const char *kind;
	enum needle_life life;
	bool found;
};

struct mapping {
	const uint8_t *start, *end;
	char name[64];
};

static struct needle needles[NEEDLES_MAX];
static size_t needle_count;
static uint64_t first_words[65536 / 64]; /* bit per hash of a needle's first eight bytes: most places fail here */

uint8_t memory_mask(uint8_t byte)
{
	return byte ^ MASK_BYTE;
}

size_t memory_noted(void)
{
	return needle_count;
}

void memory_forget(void)
{
	needle_count = 0;
	memset(first_words, 0, sizeof(first_words));
}

static uint64_t word_at(const uint8_t *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof(w));
	return w;
}

static unsigned filter_of(uint64_t masked_word)
{
	return (unsigned)((masked_word * UINT64_C(0x9e3779b97f4a7c15)) >> 48);
}

/* A secret has many different bytes; a run of equal ones would be found everywhere. */
static bool is_telling(const uint8_t *masked, size_t len)
{
	bool seen[256] = { false };
	size_t different = 0;

	for (size_t i = 0; i < len; i++) {
		different += !seen[masked[i]];
		seen[masked[i]] = true;
	}
	return different >= 8;
}

void memory_note_masked(const uint8_t *masked, size_t len, const char *kind, enum needle_life life)
{
	struct needle *n;

	if (len > NEEDLE_LEN_MAX)
		len = NEEDLE_LEN_MAX;
	if (len < NEEDLE_LEN_MIN || !is_telling(masked, len))
		return;
	for (size_t i = 0; i < needle_count; i++)
		if (needles[i].len == len && memcmp(needles[i].masked, masked, len) == 0)
			return;
	if (needle_count == NEEDLES_MAX)
		abort();
	n = &needles[needle_count++];
	memcpy(n->masked, masked, len);
	n->len = len;
	n->kind = kind;
	n->life = life;
	first_words[filter_of(word_at(masked)) / 64] |= UINT64_C(1) << (filter_of(word_at(masked)) % 64);
}

void memory_note(const void *ptr, size_t len, const char *kind, enum needle_life life)
{
	uint8_t masked[NEEDLE_LEN_MAX];
	const volatile uint8_t *p = ptr;

	if (len > NEEDLE_LEN_MAX)
		len = NEEDLE_LEN_MAX;
	for (size_t i = 0; i < len; i++)
		masked[i] = p[i] ^ MASK_BYTE;
	memory_note_masked(masked, len, kind, life);
}

/* The writable mappings. Their list is read before the search, so reading it changes nothing during it. */
static size_t list_mappings(struct mapping *out)
{
	FILE *f = fopen("/proc/self/maps", "r");
	char line[512];
	size_t count = 0;

	if (!f)
		abort();
	while (count < MAPS_MAX && fgets(line, sizeof(line), f)) {
		unsigned long start, end;
		char access[8];
		int at = 0;

		if (sscanf(line, "%lx-%lx %7s %*s %*s %*s %n", &start, &end, access, &at) < 3)
			continue;
		if (access[0] != 'r' || access[1] != 'w' || strstr(line, "[v"))
			continue;
		out[count].start = (const uint8_t *)start;
		out[count].end = (const uint8_t *)end;
		line[strcspn(line, "\n")] = 0;
		(void)snprintf(out[count].name, sizeof(out[count].name), "%s", at && line[at] ? line + at : "anonymous");
		count++;
	}
	(void)fclose(f);
	return count;
}

static bool is_here(const struct needle *n, const uint8_t *p)
{
	for (size_t i = 0; i < n->len; i++)
		if ((p[i] ^ MASK_BYTE) != n->masked[i])
			return false;
	return true;
}

static void look_at(const struct mapping *m, const uint8_t *p, enum needle_life life, bool loud)
{
	for (size_t i = 0; i < needle_count; i++) {
		struct needle *n = &needles[i];

		if (n->life > life || (size_t)(m->end - p) < n->len || !is_here(n, p))
			continue;
		if (loud && !n->found)
			(void)fprintf(stderr, "  found: %s (%zu bytes) at %p in %s\n", n->kind, n->len, (const void *)p, m->name);
		n->found = true;
	}
}

size_t memory_search(enum needle_life life, bool loud)
{
	static struct mapping maps[MAPS_MAX];
	size_t count = list_mappings(maps), found = 0;

	for (size_t i = 0; i < needle_count; i++)
		needles[i].found = false;
	for (size_t i = 0; i < count; i++) {
		for (const uint8_t *p = maps[i].start; p + NEEDLE_LEN_MIN <= maps[i].end; p++) {
			unsigned filter = filter_of(word_at(p) ^ MASK_WORD);

			if (first_words[filter / 64] >> (filter % 64) & 1)
				look_at(&maps[i], p, life, loud);
		}
	}
	for (size_t i = 0; i < needle_count; i++)
		found += needles[i].found;
	return found;
}
