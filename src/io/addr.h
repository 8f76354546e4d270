/* addr.h - socket addresses: IPv4, IPv6 and unix, as small values that can be parsed, printed and compared.
 *
 * Texts: "127.0.0.1:80", "[::1]:80", ":80" (every address, both families), "unix:/run/x.sock". No names are resolved here.
 */
#ifndef IO_ADDR_H
#define IO_ADDR_H

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/bytes.h"

#define ADDR_TEXT_MAX 128 /* the longest text with its final zero: a unix path has at most 107 bytes */

struct addr {
	socklen_t len;
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
		struct sockaddr_un un;
	} sa;
};

/* BJ_ERR_SYNTAX for what is none of the forms above; `default_port` is used where the text has no port, 0 means it needs one. */
BJ_MUST_USE enum bj_err addr_parse(const char *text, uint16_t default_port, struct addr *out);

/* Writes the text, with a final zero, and returns its length. IPv4 inside IPv6 is printed as IPv4. */
size_t addr_print(const struct addr *a, char out[ADDR_TEXT_MAX]);
/* The same without the port: for logs and forwarded fields. "unix:" for unix sockets. */
size_t addr_print_host(const struct addr *a, char out[ADDR_TEXT_MAX]);

uint16_t addr_port(const struct addr *a);
bool addr_equal(const struct addr *a, const struct addr *b);

/* The address itself, 4 or 16 bytes (IPv4 inside IPv6: 4), without the port; empty for unix. For hashing and networks. */
struct bj_bytes addr_host_bytes(const struct addr *a);

#endif
