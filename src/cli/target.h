/* target.h - what stands on the command line for a peer: HOST, HOST:PORT, [ADDRESS]:PORT, https://HOST[:PORT][/...]. */
#ifndef CLI_TARGET_H
#define CLI_TARGET_H

#include <stdint.h>

#include <bojagi/base.h>

#define TARGET_HOST_MAX 256

struct target {
	char host[TARGET_HOST_MAX]; /* without brackets and without a final dot */
	uint16_t port;
};

/* BJ_ERR_SYNTAX. `port` is the one where none is said. */
enum bj_err target_parse(const char *text, uint16_t port, struct target *out) BJ_MUST_USE;

#endif
