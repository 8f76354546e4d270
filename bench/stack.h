/* stack.h - what the TLS benchmark asks of a TLS implementation, so that it drives ours and its peers alike.
 *
 * A connection takes bytes and gives bytes; who moves them between the two ends, and which end's clock runs, is the driver's
 * business. The same certificates, suites, groups and steps for everybody.
 */
#ifndef BENCH_STACK_H
#define BENCH_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chain.h"

#define VERSION_12 0x0303
#define VERSION_13 0x0304

struct stack {
	const char *name;
	/* Both ends: one version, AES-128-GCM, X25519, two tickets after a full handshake. A client verifies chain and name. */
	void *(*config_new)(const struct chain *chain, bool server, int version);
	void (*config_free)(void *config);

	/* `session` is null for a full handshake (and always for servers). Clients begin with the first step. */
	void *(*open)(void *config, bool server, void *session);
	void (*close)(void *conn);
	/* Takes all of `in`, writes what is to be sent. False on any failure. Also drives what comes after the handshake. */
	bool (*step)(void *conn, uint8_t *in, size_t in_len, uint8_t *out, size_t cap, size_t *out_len);
	bool (*done)(void *conn);
	bool (*resumed)(void *conn);
	/* Clients: the newest session, to be freed; null if there is none. */
	void *(*session)(void *conn);
	void (*session_free)(void *session);

	/* Seals one record's worth of plaintext, leaving the result where the implementation puts it; nothing is moved further. */
	bool (*send)(void *conn, const uint8_t *text, size_t len, size_t *out_len);
	/* The same, and the records are written to `out`. */
	bool (*send_to)(void *conn, const uint8_t *text, size_t len, uint8_t *out, size_t cap, size_t *out_len);
	/* Takes whole records and gives the plaintext to nobody; returns how much it was. */
	size_t (*receive)(void *conn, const uint8_t *in, size_t len);
	/* Idle: whatever the implementation offers for a connection that waits. */
	void (*rest)(void *conn);
};

extern const struct stack stack_libssl;
extern const struct stack stack_bojagi;
/* What a file given with --peer exports (its library inside, or beside it under names of its own). */
extern const struct stack stack_peer;

#endif
