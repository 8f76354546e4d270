/* quic.h - the runner's stand-in for QUIC: records that show their level and secret, so that both sides can compare them.
 *
 * A record: type, level, suite (2 bytes), length (4 bytes) of what follows: the secret of its level and direction (none at the initial
 * level), and the plaintext. Nothing is encrypted.
 */
#ifndef BOGO_QUIC_H
#define BOGO_QUIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <bojagi/tls.h>

#define QUIC_HEADER_LEN 8
#define QUIC_RECORD_MAX (1 << 18)
#define QUIC_PIECE_MAX 16384

struct quic_side {
	bool is_there;
	uint16_t suite;
	uint8_t len;
	uint8_t secret[48];
};

struct quic_mock {
	struct quic_side read[4], write[4];
	enum bj_tls_level write_level; /* the highest that there is a secret of, early data aside */
	uint8_t record[QUIC_RECORD_MAX]; /* the body of one that came */
	size_t record_len;
};

struct connection;

/* Takes the secrets and sends what waits; false if the runner is gone. */
bool quic_flush(struct connection *c);
/* Sends data at a level. */
bool quic_write(struct connection *c, enum bj_tls_level level, struct bj_bytes data);
/* Tells the runner that this end has failed. */
bool quic_alert(struct connection *c, int description);
/* Feeds until something is told, as run() does for records. */
enum bj_err quic_run(struct connection *c, enum bj_tls_event *out_event);

#endif
