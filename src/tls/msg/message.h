/* message.h - the frame of handshake messages: type, length, body (rfc9846:4). */
#ifndef TLS_MSG_MESSAGE_H
#define TLS_MSG_MESSAGE_H

#include "base/reader.h"
#include "base/writer.h"
#include "tls/version.h"

#define MESSAGE_HEADER_LEN 4
#define RANDOM_LEN 32
#define SESSION_ID_MAX 32

/* Longest bodies that are accepted. */
#define MESSAGE_HELLO_MAX (64 * 1024)
#define MESSAGE_CERTIFICATE_MAX (96 * 1024)
#define MESSAGE_OTHER_MAX (64 * 1024 + 512) /* tickets and lists of authorities */
#define MESSAGE_SIGNATURE_MAX 5120          /* of ML-DSA-87 */
#define MESSAGE_SMALL_MAX 2048              /* points and classic signatures, Finished, KeyUpdate */

enum message_type {
	MSG_HELLO_REQUEST = 0, /* 1.2 */
	MSG_CLIENT_HELLO = 1,
	MSG_SERVER_HELLO = 2, /* HelloRetryRequest too */
	MSG_NEW_SESSION_TICKET = 4,
	MSG_END_OF_EARLY_DATA = 5,
	MSG_ENCRYPTED_EXTENSIONS = 8,
	MSG_CERTIFICATE = 11,
	MSG_SERVER_KEY_EXCHANGE = 12, /* 1.2 */
	MSG_CERTIFICATE_REQUEST = 13,
	MSG_SERVER_HELLO_DONE = 14, /* 1.2 */
	MSG_CERTIFICATE_VERIFY = 15,
	MSG_CLIENT_KEY_EXCHANGE = 16, /* 1.2 */
	MSG_FINISHED = 20,
	MSG_CERTIFICATE_STATUS = 22, /* 1.2 */
	MSG_KEY_UPDATE = 24,
	MSG_COMPRESSED_CERTIFICATE = 25,
	MSG_MESSAGE_HASH = 254,
};

/* The RFC's word, such as "ClientHello"; "unknown message" for others; never null. */
const char *message_name(uint8_t type);
/* How long the body of this type may be; 0 for a type that does not exist. */
size_t message_body_max(uint8_t type);

struct message {
	uint8_t type;
	struct bj_bytes body;
	struct bj_bytes whole; /* with its header: what the transcript takes */
};

/* The first message of `bytes`. False if it is not all there yet: then out_need says how many bytes are needed at
 * least. Judges nothing: ask message_body_max() with the type as soon as four bytes are there. */
bool message_take(struct bj_bytes bytes, struct message *out, size_t *out_need);

/* Writing: type and open length. */
size_t message_open(struct writer *w, enum message_type type);
void message_close(struct writer *w, size_t mark);

#endif
