/* neighbour.c - see neighbour.h. */
#include "tcpip/neighbour.h"

#include <stdlib.h>

#include "base/check.h"

static struct bj_bytes key_of(const struct map_node *node)
{
	return bytes_of(CONTAINER_OF(node, const struct neighbour, node)->ip.bytes, sizeof(struct bj_ip));
}

/* For ever is a time to which the present can still be added. */
static int64_t time_of(int64_t option, int64_t otherwise)
{
	return option <= 0 ? otherwise : option < INT64_MAX / 4 ? option : INT64_MAX / 4;
}

void neighbours_init(struct neighbours *n, const struct bj_link_options *options, const struct siphash_key *key)
{
	*n = (struct neighbours){
		.max = options->neighbour_max ? options->neighbour_max : NEIGHBOUR_MAX,
		.reachable_us = time_of(options->reachable_us, NEIGHBOUR_REACHABLE_US),
		.retransmit_us = time_of(options->retransmit_us, NEIGHBOUR_RETRANSMIT_US),
	};
	map_init(&n->map, key, key_of, n->max);
	list_init(&n->by_use);
	list_init(&n->asking);
	list_init(&n->ready);
}

/* ---- packets that wait */

static void drop_one(struct neighbours *n, struct neighbour *e)
{
	struct neighbour_packet *p = CONTAINER_OF(list_pop_front(&e->waiting), struct neighbour_packet, link);

	e->waiting_count--;
	n->waiting_bytes -= p->len;
	free(p);
}

void neighbour_keep(struct neighbours *n, struct neighbour *e, struct bj_bytes packet, const struct bj_offload *offload)
{
	struct neighbour_packet *p;

	if (e->waiting_count == NEIGHBOUR_WAITING_MAX) {
		drop_one(n, e); /* the newest are kept: rfc4861:7.2.2 */
		n->no_answer++;
	}
	p = n->waiting_bytes + packet.len <= NEIGHBOUR_WAITING_BYTES_MAX ? (struct neighbour_packet *)malloc(sizeof(*p) + packet.len) : NULL;
	if (!p) {
		n->no_answer++;
		return;
	}
	p->offload = *offload;
	p->len = packet.len;
	bytes_copy(p->bytes, packet.ptr, packet.len);
	list_push_back(&e->waiting, &p->link);
	e->waiting_count++;
	n->waiting_bytes += p->len;
}

struct neighbour_packet *neighbour_next_ready(struct neighbours *n, struct neighbour **out)
{
	struct list *link;

	while ((link = list_front(&n->ready))) {
		struct neighbour *e = CONTAINER_OF(link, struct neighbour, ready);
		struct neighbour_packet *p;

		if (e->waiting_count == 0) {
			list_remove(link);
			continue;
		}
		p = CONTAINER_OF(list_pop_front(&e->waiting), struct neighbour_packet, link);
		e->waiting_count--;
		n->waiting_bytes -= p->len;
		*out = e;
		return p;
	}
	return NULL;
}

/* ---- entries */

static void forget(struct neighbours *n, struct neighbour *e)
{
	while (e->waiting_count > 0) {
		drop_one(n, e);
		n->no_answer++;
	}
	list_remove(&e->by_use);
	list_remove(&e->asking);
	list_remove(&e->ready);
	check(map_remove(&n->map, &e->node));
	free(e);
}

void neighbours_fini(struct neighbours *n)
{
	struct list *link;

	while ((link = list_front(&n->by_use)))
		forget(n, CONTAINER_OF(link, struct neighbour, by_use));
	map_fini(&n->map);
}

struct neighbour *neighbour_find(const struct neighbours *n, const struct bj_ip *ip)
{
	struct map_node *node = map_find(&n->map, bytes_of(ip->bytes, sizeof(ip->bytes)));

	return node ? CONTAINER_OF(node, struct neighbour, node) : NULL;
}

static struct neighbour *make(struct neighbours *n, const struct bj_ip *ip)
{
	struct neighbour *e;

	if (n->map.count >= n->max) {
		forget(n, CONTAINER_OF(list_front(&n->by_use), struct neighbour, by_use));
		n->evicted++;
	}
	e = (struct neighbour *)calloc(1, sizeof(*e));
	if (!e)
		return NULL;
	e->ip = *ip;
	e->at_us = INT64_MAX;
	list_init(&e->asking);
	list_init(&e->ready);
	list_init(&e->waiting);
	if (map_insert(&n->map, &e->node)) {
		free(e);
		return NULL;
	}
	list_init(&e->by_use);
	list_push_back(&n->by_use, &e->by_use);
	return e;
}

static void ask(struct neighbours *n, struct neighbour *e)
{
	if (!list_is_linked(&e->asking))
		list_push_back(&n->asking, &e->asking);
}

static void enter(struct neighbour *e, enum neighbour_state state, int64_t at_us)
{
	e->state = (uint8_t)state;
	e->at_us = at_us;
	e->questions = 0;
}

struct neighbour *neighbour_use(struct neighbours *n, const struct bj_ip *ip, int64_t now_us)
{
	struct neighbour *e = neighbour_find(n, ip);

	if (!e) {
		e = make(n, ip);
		if (!e)
			return NULL;
		enter(e, NEIGHBOUR_INCOMPLETE, INT64_MAX);
		ask(n, e);
		return e;
	}
	list_remove(&e->by_use);
	list_push_back(&n->by_use, &e->by_use);
	if (e->state == NEIGHBOUR_REACHABLE && now_us >= e->at_us)
		enter(e, NEIGHBOUR_STALE, INT64_MAX);
	if (e->state == NEIGHBOUR_STALE)
		enter(e, NEIGHBOUR_DELAY, now_us + NEIGHBOUR_DELAY_US);
	return e;
}

struct neighbour *neighbour_next_question(struct neighbours *n, int64_t now_us)
{
	struct list *link = list_pop_front(&n->asking);
	struct neighbour *e;

	if (!link)
		return NULL;
	e = CONTAINER_OF(link, struct neighbour, asking);
	e->questions++;
	e->at_us = now_us + n->retransmit_us;
	return e;
}

/* ---- what others say */

/* The station is known now: what waited may go. */
static void resolved(struct neighbours *n, struct neighbour *e, const struct bj_mac *mac)
{
	e->mac = *mac;
	list_remove(&e->asking);
	if (e->waiting_count > 0 && !list_is_linked(&e->ready))
		list_push_back(&n->ready, &e->ready);
}

void neighbour_heard(struct neighbours *n, const struct bj_ip *ip, const struct bj_mac *mac, int64_t now_us)
{
	struct neighbour *e = neighbour_find(n, ip);

	(void)now_us;
	if (!e) {
		e = make(n, ip);
		if (!e)
			return;
	} else if (neighbour_is_known(e) && memcmp(&e->mac, mac, sizeof(*mac)) == 0) {
		return;
	}
	resolved(n, e, mac);
	enter(e, NEIGHBOUR_STALE, INT64_MAX);
}

void neighbour_answered(struct neighbours *n, const struct bj_ip *ip, const struct neighbour_answer *a, int64_t now_us)
{
	struct neighbour *e = neighbour_find(n, ip);
	bool differs;

	if (!e)
		return;
	if (!neighbour_is_known(e)) {
		if (!a->mac)
			return;
		resolved(n, e, a->mac);
		e->is_router = a->is_router;
		enter(e, a->solicited ? NEIGHBOUR_REACHABLE : NEIGHBOUR_STALE, a->solicited ? now_us + n->reachable_us : INT64_MAX);
		return;
	}
	differs = a->mac && memcmp(&e->mac, a->mac, sizeof(*a->mac)) != 0;
	if (differs && !a->override) {
		if (e->state == NEIGHBOUR_REACHABLE)
			enter(e, NEIGHBOUR_STALE, INT64_MAX);
		return;
	}
	if (differs)
		resolved(n, e, a->mac);
	e->is_router = a->is_router;
	if (a->solicited) {
		list_remove(&e->asking);
		enter(e, NEIGHBOUR_REACHABLE, now_us + n->reachable_us);
	} else if (differs) {
		enter(e, NEIGHBOUR_STALE, INT64_MAX);
	}
}

/* ---- time */

/* States that end by themselves; the others are looked at when they are used. */
static bool is_timed(const struct neighbour *e)
{
	return e->state == NEIGHBOUR_INCOMPLETE || e->state == NEIGHBOUR_DELAY || e->state == NEIGHBOUR_PROBE;
}

int64_t neighbours_deadline(const struct neighbours *n)
{
	int64_t first = INT64_MAX;

	LIST_EACH(link, &n->by_use) {
		const struct neighbour *e = CONTAINER_OF(link, const struct neighbour, by_use);

		if (is_timed(e) && e->at_us < first)
			first = e->at_us;
	}
	return first;
}

void neighbours_tick(struct neighbours *n, int64_t now_us)
{
	LIST_EACH_SAFE(link, &n->by_use) {
		struct neighbour *e = CONTAINER_OF(link, struct neighbour, by_use);

		if (!is_timed(e) || e->at_us > now_us)
			continue;
		if (e->state == NEIGHBOUR_DELAY) {
			enter(e, NEIGHBOUR_PROBE, INT64_MAX);
			ask(n, e);
		} else if (e->questions >= NEIGHBOUR_QUESTIONS_MAX) {
			forget(n, e);
		} else {
			e->at_us = INT64_MAX; /* until the question is out */
			ask(n, e);
		}
	}
}
