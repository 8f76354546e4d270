/* route.c - see route.h. The option is: kind, length, pointer, addresses. The pointer counts from 1; where it stands beyond
 * the end, all stations are passed. */
#include "tcpip/route.h"

#define ROUTE_HEAD 3u

bool route_take(struct bj_stack *stack, struct bj_bytes options, struct bj_bytes *out_route)
{
	struct bj_bytes o = ipv4_find_option(options, IPV4_OPTION_LOOSE_ROUTE);
	struct reader r;
	uint8_t pointer;

	if (o.len == 0)
		o = ipv4_find_option(options, IPV4_OPTION_STRICT_ROUTE);
	if (o.len == 0)
		return true;
	r = rd_of(o);
	(void)rd_u16(&r);
	pointer = rd_u8(&r);
	if (r.bad || pointer <= o.len) {
		stack->stats.not_ours++;
		return false;
	}
	if (stack->options.source_routes && o.len > ROUTE_HEAD && (o.len - ROUTE_HEAD) % 4 == 0)
		*out_route = o;
	return true;
}

/* The option for these stations (4 bytes each) behind the first, and the end of the way. */
static void write_route(struct ip_route *route, uint8_t kind, const uint8_t (*stations)[4], size_t count, const uint8_t last[4])
{
	struct writer w = wr_make(route->option, sizeof(route->option));

	memcpy(route->first, stations[0], 4);
	wr_u8(&w, kind);
	wr_u8(&w, (uint8_t)(ROUTE_HEAD + 4 * count));
	wr_u8(&w, ROUTE_HEAD + 1);
	for (size_t i = 1; i < count; i++)
		wr_raw(&w, stations[i], 4);
	wr_raw(&w, last, 4);
	route->len = (uint8_t)w.len;
}

enum bj_err route_choose(struct bj_tcp *t)
{
	const struct bj_source_route *r = &tcp_options_of(t)->source_route;
	uint8_t stations[BJ_SOURCE_ROUTE_MAX][4];

	if (r->count == 0)
		return BJ_OK;
	if (r->count > BJ_SOURCE_ROUTE_MAX || !tcp_is_v4(t))
		return BJ_ERR_ARGUMENT;
	for (size_t i = 0; i < r->count; i++) {
		if (!bj_ip_is_v4(&r->hops[i]) || !ip_is_unicast(&r->hops[i]))
			return BJ_ERR_ARGUMENT;
		memcpy(stations[i], &r->hops[i].bytes[12], 4);
	}
	if (!rare_of(t))
		return BJ_ERR_NO_MEMORY;
	write_route(&t->rare->route, r->strict ? IPV4_OPTION_STRICT_ROUTE : IPV4_OPTION_LOOSE_ROUTE, (const uint8_t (*)[4])stations,
		    r->count, &t->key.remote.bytes[12]);
	t->rare->route.chosen = true;
	tcp_update_mss(t);
	return BJ_OK;
}

void route_learn(struct bj_tcp *t, struct bj_bytes came)
{
	uint8_t stations[IPV4_OPTIONS_LEN_MAX / 4][4];
	struct ip_route route = { 0 };
	struct reader r = rd_of(came);
	uint8_t kind = rd_u8(&r);
	size_t count = came.len > ROUTE_HEAD ? (came.len - ROUTE_HEAD) / 4 : 0;

	if (count == 0 || count >= ARRAY_COUNT(stations) || (t->rare && t->rare->route.chosen))
		return;
	(void)rd_u16(&r);
	for (size_t i = 0; i < count; i++)
		memcpy(stations[count - 1 - i], rd_bytes(&r, 4).ptr, 4);
	write_route(&route, kind, (const uint8_t (*)[4])stations, count, &t->key.remote.bytes[12]);
	if (!rare_of(t))
		return;
	t->rare->route = route;
	tcp_update_mss(t);
}
