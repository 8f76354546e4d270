/* link.h - Ethernet under a stack: frames in and out, who is asked for and who answers.
 *
 * Leaves out   router discovery and address configuration (routes and addresses are given), duplicate address detection,
 *              redirects, VLAN tags
 * Implements   rfc894 rfc2464:4 rfc826 rfc4861:7.2 rfc1122:2.3
 */
#ifndef TCPIP_LINK_H
#define TCPIP_LINK_H

#include "tcpip/neighbour.h"

#define LINK_ROUTES_MAX 16
#define LINK_REPLIES_MAX 64      /* answers that wait for output */
#define LINK_REPLY_LEN_MAX 128

struct link_route {
	struct bj_ip prefix;
	unsigned bits;           /* of 128 */
	bool has_gateway;
	struct bj_ip gateway;
};

struct link_reply {
	size_t len;
	uint8_t bytes[LINK_REPLY_LEN_MAX];
};

struct bj_link {
	struct bj_stack *stack;
	struct bj_mac mac;
	struct neighbours neighbours;
	struct link_route routes[LINK_ROUTES_MAX];
	size_t route_count;
	struct link_reply replies[LINK_REPLIES_MAX];
	size_t reply_head, reply_count;
	int64_t now_us;
	struct bj_link_stats stats;
};

#endif
