/* reassembly.c - see reassembly.h. */
#include "tcpip/reassembly.h"

#include <stdlib.h>

#include <bojagi/tcpip.h>

#include "tcpip/ranges.h"

struct datagram {
	struct list link;
	struct fragment key; /* addresses, id, protocol */
	int64_t expires_us;
	struct ranges *have;
	uint32_t total;      /* 0: the last fragment has not come */
	uint32_t reach;      /* end of the furthest byte */
	bool spoiled;        /* fragments overlapped: the rest of them is swallowed */
	uint32_t cap;
	uint8_t *bytes;
};

void reassembly_init(struct reassembly *r)
{
	*r = (struct reassembly){ 0 };
	list_init(&r->open);
}

static void give_up(struct reassembly *r, struct datagram *d)
{
	list_remove(&d->link);
	r->count--;
	r->memory -= d->cap;
	ranges_free(&d->have);
	free(d->bytes);
	free(d);
}

static struct datagram *oldest(const struct reassembly *r)
{
	return list_is_empty(&r->open) ? NULL : CONTAINER_OF(r->open.next, struct datagram, link);
}

void reassembly_fini(struct reassembly *r)
{
	struct datagram *d;

	while ((d = oldest(r)))
		give_up(r, d);
}

void reassembly_done(struct reassembly *r, struct datagram *d)
{
	give_up(r, d);
}

void reassembly_expire(struct reassembly *r, int64_t now_us, uint64_t *dropped)
{
	struct datagram *d;

	while ((d = oldest(r)) && d->expires_us <= now_us) {
		(*dropped)++;
		give_up(r, d);
	}
}

int64_t reassembly_deadline(const struct reassembly *r)
{
	const struct datagram *d = oldest(r);

	return d ? d->expires_us : INT64_MAX;
}

/* The protocol is a part of the name in IPv4 (rfc791:3.2) and none in IPv6, where fragments may differ in it (rfc8200:4.5). */
static bool is_of(const struct datagram *d, const struct fragment *f)
{
	struct bj_ip from;

	if (d->key.id != f->id || memcmp(d->key.from, f->from, sizeof(f->from)) != 0 || memcmp(d->key.to, f->to, sizeof(f->to)) != 0)
		return false;
	memcpy(from.bytes, f->from, sizeof(from.bytes));
	return d->key.protocol == f->protocol || !bj_ip_is_v4(&from);
}

static struct datagram *find(const struct reassembly *r, const struct fragment *f)
{
	LIST_EACH(it, &r->open) {
		struct datagram *d = CONTAINER_OF(it, struct datagram, link);

		if (is_of(d, f))
			return d;
	}
	return NULL;
}

/* Who makes room for one of this source: its own oldest if it has many, else the oldest of all; null: there is room. */
static struct datagram *one_too_many(const struct reassembly *r, const struct fragment *f)
{
	struct datagram *first = NULL;
	unsigned count = 0;

	LIST_EACH(it, &r->open) {
		struct datagram *d = CONTAINER_OF(it, struct datagram, link);

		if (memcmp(d->key.from, f->from, sizeof(f->from)) != 0)
			continue;
		if (count++ == 0)
			first = d;
	}
	if (count >= REASSEMBLY_SOURCE_MAX)
		return first;
	return r->count == REASSEMBLY_DATAGRAMS_MAX ? oldest(r) : NULL;
}

static struct datagram *open_datagram(struct reassembly *r, int64_t now_us, const struct fragment *f, uint64_t *dropped)
{
	struct datagram *d = one_too_many(r, f);

	if (d) {
		(*dropped)++;
		give_up(r, d);
	}
	d = (struct datagram *)calloc(1, sizeof(*d));
	if (!d)
		return NULL;
	d->key = *f;
	d->key.payload = (struct bj_bytes){ 0 };
	d->expires_us = now_us + REASSEMBLY_TIMEOUT_US;
	list_push_back(&r->open, &d->link);
	r->count++;
	return d;
}

static bool grow(struct reassembly *r, struct datagram *d, uint32_t need, uint64_t *dropped)
{
	uint32_t cap = d->cap ? d->cap : 2048;
	uint8_t *bigger;

	while (cap < need)
		cap *= 2;
	if (cap == d->cap)
		return true;
	while (r->memory + cap - d->cap > REASSEMBLY_MEMORY_MAX && oldest(r) != d) {
		(*dropped)++;
		give_up(r, oldest(r));
	}
	if (r->memory + cap - d->cap > REASSEMBLY_MEMORY_MAX)
		return false;
	bigger = (uint8_t *)realloc(d->bytes, cap);
	if (!bigger)
		return false;
	r->memory += cap - d->cap;
	d->bytes = bigger;
	d->cap = cap;
	return true;
}

/* Puts the bytes in place; false: the datagram makes no sense any more. */
static bool put(struct reassembly *r, struct datagram *d, const struct fragment *f, uint64_t *dropped)
{
	uint32_t end = f->offset + (uint32_t)f->payload.len;
	const struct range *there = ranges_find(d->have, f->offset);

	if (there && end <= there->end && (f->more || d->total == end) && memcmp(d->bytes + f->offset, f->payload.ptr, f->payload.len) == 0)
		return true; /* a duplicate, perhaps cut in another way */
	if (ranges_overlap(d->have, f->offset, end))
		return false;
	if (!f->more && ((d->total && d->total != end) || d->reach > end))
		return false;
	if (d->total && end > d->total)
		return false;
	if (!grow(r, d, end, dropped) || !ranges_add(&d->have, f->offset, end))
		return false;
	bytes_copy(d->bytes + f->offset, f->payload.ptr, f->payload.len);
	if (end > d->reach)
		d->reach = end;
	if (!f->more)
		d->total = end;
	return true;
}

bool reassembly_add(struct reassembly *r, int64_t now_us, struct fragment *f, struct bj_bytes *out, struct datagram **out_done,
		    uint64_t *dropped)
{
	struct datagram *d;

	reassembly_expire(r, now_us, dropped);
	if (f->payload.len == 0 || f->offset + f->payload.len > REASSEMBLY_DATAGRAM_LEN_MAX) {
		(*dropped)++;
		return false;
	}
	d = find(r, f);
	if (!d)
		d = open_datagram(r, now_us, f, dropped);
	if (!d || d->spoiled)
		return false;
	if (!put(r, d, f, dropped)) {
		(*dropped)++;
		d->spoiled = true; /* stays until it expires, so that its other fragments start no new one */
		ranges_free(&d->have);
		free(d->bytes);
		d->bytes = NULL;
		r->memory -= d->cap;
		d->cap = 0;
		return false;
	}
	if (f->offset == 0)
		d->key.protocol = f->protocol;
	if (d->total == 0 || d->have->count != 1 || d->have->at[0].start != 0 || d->have->at[0].end != d->total)
		return false;
	*out = bytes_of(d->bytes, d->total);
	*out_done = d;
	f->protocol = d->key.protocol;
	return true;
}
