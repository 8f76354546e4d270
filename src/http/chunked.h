/* chunked.h - the chunked transfer coding: a strict decoder that gives views, and an encoder (rfc9112:7.1).
 *
 * The decoder keeps no bytes of the body: data comes out as views into what was fed. Extensions are checked and dropped; trailers are
 * checked, bounded and dropped, and those that frame a message (Content-Length, Transfer-Encoding, Host ...) are refused.
 */
#ifndef HTTP_CHUNKED_H
#define HTTP_CHUNKED_H

#include "base/writer.h"
#include "http/token.h"

#define CHUNKED_EXTENSION_MAX 256       /* bytes of extensions of one chunk */
#define CHUNKED_EXTENSIONS_MAX 4096     /* of all chunks of a body */
#define CHUNKED_TRAILER_MAX 8192        /* bytes of all trailer lines */
#define CHUNKED_TRAILER_COUNT_MAX 64
#define CHUNKED_NAME_MAX 20             /* the longest name that is refused in a trailer fits */
#define CHUNKED_SIZE_LINE_MAX 20        /* what chunked_size_write() writes at most */

struct chunked {
	uint8_t state;
	uint8_t digits;
	uint8_t name_len;         /* of a trailer line; saturates */
	uint8_t trailer_count;
	uint16_t extension_len;
	uint16_t extensions_len;
	uint16_t trailer_len;
	bool began;               /* the first chunk's size line was good: a held-back head may go */
	enum bj_err err;
	uint64_t left;            /* bytes of the chunk that are to come */
	const char *why;
	uint8_t name[CHUNKED_NAME_MAX];
};

enum chunked_event {
	CHUNKED_MORE = 0, /* all was taken, feed more */
	CHUNKED_DATA,     /* `out_data` is a piece of the body; call again with what is left */
	CHUNKED_END,      /* the body is over; what is left belongs to the next message */
};

void chunked_init(struct chunked *c);
/* BJ_ERR_HTTP_CHUNK, which sticks. */
enum bj_err chunked_feed(struct chunked *c, const void *buf, size_t len, size_t *out_used, struct bj_bytes *out_data,
			 enum chunked_event *out_event) BJ_MUST_USE;

/* Encoding: for each piece of 1..2^63-1 bytes the size line, the piece, CHUNKED_DATA_END; at the end CHUNKED_LAST. */
#define CHUNKED_DATA_END "\r\n"
#define CHUNKED_LAST "0\r\n\r\n"
void chunked_size_write(struct writer *w, uint64_t len);

#endif
