/* server_hello.h - what a server chose: ServerHello of both versions, and HelloRetryRequest (rfc9846:4.1.3 rfc9846:4.1.4 rfc5246:7.4.1.3). */
#ifndef TLS_MSG_SERVER_HELLO_H
#define TLS_MSG_SERVER_HELLO_H

#include "tls/msg/message.h"
#include "tls/ext/key_share.h"
#include "tls/ext/table.h"

extern const uint8_t server_hello_retry_random[RANDOM_LEN]; /* the random of a HelloRetryRequest */

struct server_hello {
	bool is_retry;              /* the random is that of a HelloRetryRequest, and the version is chosen by supported_versions */
	uint16_t legacy_version;
	struct bj_bytes random;     /* RANDOM_LEN; not looked at when a retry is written */
	struct bj_bytes session_id; /* at most SESSION_ID_MAX */
	uint16_t suite;
	uint16_t version;           /* chosen: by supported_versions, else legacy_version */
	uint32_t has;               /* EXT_BIT()s: which of the following are there; supported_versions says 1.3 */
	struct key_share share;     /* 1.3; in a retry only its group */
	uint16_t psk_index;         /* 1.3 */
	struct bj_bytes cookie;     /* retry */
	struct bj_bytes ech;        /* retry: the confirmation */
	struct bj_bytes alpn;       /* 1.2 */
	struct bj_bytes scts;       /* 1.2: the whole list, with its length */
	uint16_t record_size_limit; /* 1.2 */
	uint8_t max_fragment;       /* 1.2: max_fragment_length's code */
	uint8_t client_type, server_type; /* 1.2: forms of certificates */
};

/* `offered`: the extensions of the ClientHello (its `has`; and EXT_RENEGOTIATION_INFO where it had the signal among its
 * suites). */
enum bj_err server_hello_parse(struct bj_bytes body, uint32_t offered, struct server_hello *out) BJ_MUST_USE;
void server_hello_write(struct writer *w, const struct server_hello *hello);

/* The downgrade sentinel in the last 8 bytes of the random (rfc9846:4.1.3). */
enum sentinel {
	SENTINEL_NONE = 0,
	SENTINEL_1_2,
	SENTINEL_1_1,
};
enum sentinel server_hello_sentinel(const struct server_hello *hello);
/* What a server that could have done 1.3 does to the random of a 1.2 ServerHello. */
void server_random_mark_1_2(uint8_t random[RANDOM_LEN]);

#endif
