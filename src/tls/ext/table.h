/* table.h - the extensions that we know, and the one walker over every list of extensions.
 *
 * The table says which extension may stand in which message (rfc9846:4.2). The walker refuses what stands twice (what we know as that;
 * what we do not know as a malformed list, since no more can be said of it), what stands where it must not, and answers to what nobody offered; pre_shared_key must be the last
 * of a ClientHello (rfc9846:4.2.11). What we do not know is passed over where the other side may offer what it likes.
 */
#ifndef TLS_EXT_TABLE_H
#define TLS_EXT_TABLE_H

#include "base/reader.h"
#include "base/writer.h"
#include "tls/version.h"

#define EXT_COUNT_MAX 128 /* extensions in one message */

/* Small numbers of the known extensions; their bits make sets. */
enum ext {
	EXT_SERVER_NAME = 0,
	EXT_MAX_FRAGMENT_LENGTH,
	EXT_STATUS_REQUEST,
	EXT_SUPPORTED_GROUPS,
	EXT_EC_POINT_FORMATS,
	EXT_SIGNATURE_ALGORITHMS,
	EXT_ALPN,
	EXT_SCT,
	EXT_CLIENT_CERTIFICATE_TYPE,
	EXT_SERVER_CERTIFICATE_TYPE,
	EXT_PADDING,
	EXT_COMPRESS_CERTIFICATE,
	EXT_EXTENDED_MASTER_SECRET,
	EXT_RECORD_SIZE_LIMIT,
	EXT_DELEGATED_CREDENTIAL,
	EXT_SESSION_TICKET,
	EXT_PRE_SHARED_KEY,
	EXT_EARLY_DATA,
	EXT_SUPPORTED_VERSIONS,
	EXT_COOKIE,
	EXT_PSK_KEY_EXCHANGE_MODES,
	EXT_CERTIFICATE_AUTHORITIES,
	EXT_OID_FILTERS,
	EXT_POST_HANDSHAKE_AUTH,
	EXT_SIGNATURE_ALGORITHMS_CERT,
	EXT_KEY_SHARE,
	EXT_QUIC_PARAMS,
	EXT_RENEGOTIATION_INFO,
	EXT_TICKET_REQUEST,
	EXT_TLS_FLAGS,
	EXT_KNOWN, /* how many */
};

#define EXT_BIT(ext) ((uint32_t)1 << (ext))

/* Messages that carry extensions. */
enum ext_place {
	EXT_IN_CH = 1 << 0,
	EXT_IN_SH = 1 << 1,   /* ServerHello of 1.3 */
	EXT_IN_HRR = 1 << 2,
	EXT_IN_EE = 1 << 3,
	EXT_IN_CR = 1 << 4,   /* CertificateRequest of 1.3 */
	EXT_IN_CT = 1 << 5,   /* an entry of a Certificate of 1.3 */
	EXT_IN_NST = 1 << 6,  /* NewSessionTicket of 1.3 */
	EXT_IN_SH12 = 1 << 7, /* ServerHello of 1.2 */
};

struct ext_row {
	uint16_t type; /* on the wire */
	uint8_t places;
	const char *name;
};

extern const struct ext_row ext_table[EXT_KNOWN]; /* by enum ext */

/* The extension of this type, or EXT_KNOWN. */
enum ext ext_find(uint16_t type);

/* What a walk found: bodies of known extensions, as views. */
struct ext_list {
	uint32_t has; /* EXT_BIT()s */
	struct bj_bytes body[EXT_KNOWN];
};

/* Walks over the content of a list of extensions. `offered`: what the message may answer (places where answers stand); for
 * EXT_IN_CH, EXT_IN_CR and EXT_IN_NST it is not looked at. Errors: BJ_ERR_DECODE, BJ_ERR_DUPLICATE_EXTENSION,
 * BJ_ERR_FORBIDDEN_EXTENSION, BJ_ERR_UNSUPPORTED_EXTENSION, BJ_ERR_ILLEGAL_PARAMETER (pre_shared_key not last). */
enum bj_err ext_walk(struct bj_bytes list, enum ext_place place, uint32_t offered, struct ext_list *out) BJ_MUST_USE;

/* The walk, then each known extension that was found to `parse`, in the order of enum ext. The first error ends it. */
typedef enum bj_err ext_parse_fn(enum ext ext, struct bj_bytes body, void *message);
enum bj_err ext_parse(struct bj_bytes list, enum ext_place place, uint32_t offered, ext_parse_fn *parse, void *message,
		      uint32_t *out_has) BJ_MUST_USE;

/* One extension after the other, whatever it is; false at the end, or where the list is malformed (then the reader is bad). */
struct ext_view {
	uint16_t type;
	struct bj_bytes body;
};
bool ext_next(struct reader *list, struct ext_view *out);
/* Does one of this type stand in the list, as far as that is well formed? */
bool ext_stands_in(struct bj_bytes list, uint16_t type);

/* Writing: the type and an open length; ext_close() fills it in. */
size_t ext_open(struct writer *w, enum ext ext);
void ext_close(struct writer *w, size_t mark);
/* An extension whose body is `body` as it is. */
void ext_write(struct writer *w, enum ext ext, struct bj_bytes body);
void ext_write_empty(struct writer *w, enum ext ext);
/* An extension that is one vector with a length of `width` bytes. */
void ext_write_vec(struct writer *w, enum ext ext, struct bj_bytes content, unsigned width);

/* ---- lists of 2-byte code points, as views in wire form */

bool codes_have(struct bj_bytes list, uint16_t code);
static inline size_t codes_count(struct bj_bytes list)
{
	return list.len / 2;
}
static inline uint16_t codes_at(struct bj_bytes list, size_t index)
{
	return (uint16_t)(list.ptr[2 * index] << 8 | list.ptr[2 * index + 1]);
}
/* A vector of codes behind a length of `width` bytes that fills the body exactly; not empty. */
enum bj_err codes_parse(struct bj_bytes body, unsigned width, struct bj_bytes *out) BJ_MUST_USE;

#endif
