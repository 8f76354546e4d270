/* dial.h - from a target to a connected TCP socket, within a deadline.
 *
 * Addresses are tried in the resolver's order, IPv6 and IPv4 in turn, a new one every 250 ms until the first succeeds (rfc8305:5).
 */
#ifndef CLI_DIAL_H
#define CLI_DIAL_H

#include "cli/target.h"
#include "cli/wire.h"

#define DIAL_ADDRESSES_MAX 16
#define DIAL_STAGGER_MS 250
#define DIAL_TEXT_MAX 64

struct dialled {
	struct wire wire; /* the caller's to close; stays where it is */
	char address[DIAL_TEXT_MAX];
	int64_t resolve_us; /* how long it took */
	int64_t connect_us;
};

/* BJ_ERR_IO_NAME, BJ_ERR_IO_REFUSED, BJ_ERR_IO_TIMEOUT, BJ_ERR_IO_UNREACHABLE, BJ_ERR_IO. `out`'s times are written on failure, too. */
enum bj_err dial(const struct target *target, int64_t deadline_us, struct dialled *out) BJ_MUST_USE;
/* The same by our own TCP: the first address of the carrier's family. */
enum bj_err dial_by(struct carrier *carrier, const struct target *target, int64_t deadline_us, struct dialled *out) BJ_MUST_USE;

#endif
