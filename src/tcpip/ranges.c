/* ranges.c - see ranges.h. */
#include "tcpip/ranges.h"

#include <stdlib.h>
#include <string.h>

#include "tcpip/seq.h"

#define RANGES_FIRST 8

static bool touches(const struct range *r, uint32_t start, uint32_t end)
{
	return seq_le(r->start, end) && seq_le(start, r->end);
}

static bool make_room(struct ranges **ranges)
{
	uint32_t cap = *ranges ? (*ranges)->cap * 2 : RANGES_FIRST;
	struct ranges *bigger;

	if (*ranges && (*ranges)->count < (*ranges)->cap)
		return true;
	if (cap > RANGES_MAX)
		return false;
	bigger = (struct ranges *)realloc(*ranges, sizeof(**ranges) + cap * sizeof(struct range));
	if (!bigger)
		return false;
	if (!*ranges)
		bigger->count = 0;
	bigger->cap = cap;
	*ranges = bigger;
	return true;
}

static void remove_at(struct ranges *r, uint32_t i)
{
	r->count--;
	memmove(&r->at[i], &r->at[i + 1], (r->count - i) * sizeof(r->at[0]));
}

bool ranges_add(struct ranges **ranges, uint32_t start, uint32_t end)
{
	bool merged = false;

	for (uint32_t i = 0; *ranges && i < (*ranges)->count;) {
		struct range *r = &(*ranges)->at[i];

		if (!touches(r, start, end)) {
			i++;
			continue;
		}
		start = seq_min(start, r->start);
		end = seq_max(end, r->end);
		remove_at(*ranges, i);
		merged = true;
	}
	if (!merged && !make_room(ranges))
		return false;
	memmove(&(*ranges)->at[1], &(*ranges)->at[0], (*ranges)->count * sizeof(struct range));
	(*ranges)->at[0] = (struct range){ start, end };
	(*ranges)->count++;
	return true;
}

uint32_t ranges_take(struct ranges **ranges, uint32_t next)
{
	for (uint32_t i = 0; *ranges && i < (*ranges)->count;) {
		struct range *r = &(*ranges)->at[i];

		if (seq_gt(r->start, next)) {
			i++;
			continue;
		}
		next = seq_max(next, r->end);
		remove_at(*ranges, i);
		i = 0; /* what begins inside of it may stand before it */
	}
	if (*ranges && (*ranges)->count == 0)
		ranges_free(ranges);
	return next;
}

bool ranges_overlap(const struct ranges *ranges, uint32_t start, uint32_t end)
{
	for (uint32_t i = 0; ranges && i < ranges->count; i++)
		if (seq_lt(ranges->at[i].start, end) && seq_lt(start, ranges->at[i].end))
			return true;
	return false;
}

const struct range *ranges_find(const struct ranges *ranges, uint32_t seq)
{
	for (uint32_t i = 0; ranges && i < ranges->count; i++)
		if (seq_le(ranges->at[i].start, seq) && seq_lt(seq, ranges->at[i].end))
			return &ranges->at[i];
	return NULL;
}

bool ranges_first_overlap(const struct ranges *ranges, uint32_t start, uint32_t end, struct range *out)
{
	uint32_t stop = end;
	bool found = false;

	for (uint32_t i = 0; ranges && i < ranges->count; i++) {
		const struct range *r = &ranges->at[i];

		if (seq_ge(r->start, stop) || seq_ge(start, r->end))
			continue;
		*out = (struct range){ seq_max(r->start, start), seq_min(r->end, end) };
		stop = out->start; /* another one counts only if it stands before */
		found = true;
	}
	return found;
}

bool ranges_first_gap(const struct ranges *ranges, uint32_t start, uint32_t end, struct range *out)
{
	const struct range *r;

	while (seq_lt(start, end) && (r = ranges_find(ranges, start)))
		start = r->end;
	if (seq_ge(start, end))
		return false;
	for (uint32_t i = 0; ranges && i < ranges->count; i++)
		if (seq_gt(ranges->at[i].start, start))
			end = seq_min(end, ranges->at[i].start);
	*out = (struct range){ start, end };
	return true;
}

void ranges_free(struct ranges **ranges)
{
	free(*ranges);
	*ranges = NULL;
}
