/* route.h - which route a request takes: the first whose matches all hold. */
#ifndef GATEWAY_ROUTE_H
#define GATEWAY_ROUTE_H

#include "gateway/config.h"
#include "gateway/identity.h"
#include "http/message.h"

/* `request` and `identity` may be null: raw connections have neither. Never null: the last one is `otherwise`. */
const struct conf_route *route_find(const struct conf_listener *listener, const struct http_request *request,
				    const struct identity *identity);
/* Does the client show what the route requires? */
bool route_admits(const struct conf_route *route, const struct identity *identity);

#endif
