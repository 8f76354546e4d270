/* seen.h - what the observer of a connection saw: the trace of its messages, and what the report does not keep. */
#ifndef BOGO_SEEN_H
#define BOGO_SEEN_H

#include <bojagi/tls.h>

#define SEEN_TEXT_MAX 4096

struct seen {
	char text[SEEN_TEXT_MAX]; /* a line for each message, in the words that the runner expects */
	size_t text_len;
	uint16_t peer_scheme;     /* of the peer's handshake signature; 0: none came */
	const struct bj_credential *credential; /* that we signed with */
	int last_received;        /* type of the message that came last */
	uint8_t session_id_len;   /* of the ServerHello that we sent */
	uint8_t schemes[128];
	size_t schemes_len;
	uint8_t types[16];        /* certificate_types of a request in 1.2 */
	size_t types_len;
	char authorities[4096];   /* of a request: names in hex, with commas between */
	uint8_t alpn_offered[512]; /* of the client, in wire form */
	size_t alpn_offered_len;
};

void seen_take(void *self, const struct bj_tls *conn, const struct bj_tls_event_info *info);

#endif
