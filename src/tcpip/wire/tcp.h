/* tcp.h - TCP segments with their options: bytes <-> plain values.
 *
 * The checksum covers the addresses (4 or 16 bytes each), so both calls take them. Options are read to the end-of-list
 * mark or the end of the header; one whose length is wrong spoils the segment, one that is unknown is skipped by its
 * length (rfc9293:3.1 MUST-6, MUST-7, MUST-64). What a known option says wrongly is as if it were not there.
 *
 * Implements   rfc9293:3.1 rfc9293:3.2 rfc7323:2 rfc7323:3 rfc2018:3 rfc5482:2 rfc7413:4.1 rfc9768:3.2.3
 */
#ifndef TCPIP_WIRE_TCP_H
#define TCPIP_WIRE_TCP_H

#include "base/reader.h"
#include "base/writer.h"

#define TCP_HEADER_LEN 20
#define TCP_CHECKSUM_AT 16
#define TCP_OPTIONS_LEN_MAX 40
#define TCP_SACK_BLOCKS_MAX 4
#define TCP_ECN_FIELDS_MAX 3
#define TCP_WINDOW_SHIFT_MAX 14
#define TCP_FAST_OPEN_COOKIE_MAX 16
#define TCP_FAST_OPEN_EXPERIMENT 0xf989 /* of option 254, what it was before it had a number */

enum tcp_flag {
	TCP_FIN = 0x01,
	TCP_SYN = 0x02,
	TCP_RST = 0x04,
	TCP_PSH = 0x08,
	TCP_ACK = 0x10,
	TCP_URG = 0x20,
	TCP_ECE = 0x40,
	TCP_CWR = 0x80,
	TCP_AE = 0x100, /* rfc9768 */
};

enum tcp_option {
	TCP_OPTION_END = 0,
	TCP_OPTION_NOP = 1,
	TCP_OPTION_MSS = 2,
	TCP_OPTION_WINDOW_SCALE = 3,
	TCP_OPTION_SACK_PERMITTED = 4,
	TCP_OPTION_SACK = 5,
	TCP_OPTION_TIMESTAMPS = 8,
	TCP_OPTION_MD5 = 19,
	TCP_OPTION_USER_TIMEOUT = 28,
	TCP_OPTION_AO = 29,
	TCP_OPTION_FAST_OPEN = 34,
	TCP_OPTION_ACCURATE_ECN_0 = 172, /* bytes that came as ECT(0), CE, ECT(1) */
	TCP_OPTION_ACCURATE_ECN_1 = 174, /* as ECT(1), CE, ECT(0) */
	TCP_OPTION_EXPERIMENT = 254,
};

struct tcp_block {
	uint32_t start;
	uint32_t end;
};

struct tcp_options {
	bool has_mss, has_window_scale, sack_permitted, has_timestamps, has_user_timeout, has_fast_open;
	bool fast_open_experimental;
	bool has_ecn, ecn_ect1_first; /* which of the two kinds */
	uint8_t ecn_count;            /* fields from the first on; what is left out has not changed */
	uint32_t ecn[TCP_ECN_FIELDS_MAX]; /* 24 bits each */
	uint16_t mss;
	uint8_t window_scale;
	uint32_t ts_val, ts_ecr;
	uint16_t user_timeout; /* as on the wire: high bit minutes, else seconds */
	uint8_t sack_count;
	struct tcp_block sack[TCP_SACK_BLOCKS_MAX];
	struct bj_bytes fast_open; /* the cookie; empty asks for one */
	struct bj_bytes md5;       /* the digest, if there is one */
	struct bj_bytes ao;        /* key ids and MAC, if there is one */
};

struct tcp_segment {
	uint16_t source_port;
	uint16_t destination_port;
	uint32_t seq;
	uint32_t ack;
	uint16_t flags;  /* of enum tcp_flag */
	uint16_t window; /* not scaled */
	uint16_t urgent;
	struct tcp_options options;
	struct bj_bytes raw_options; /* as they were; tcp_write() takes these instead when not empty */
	struct bj_bytes payload;
};

BJ_MUST_USE enum bj_err tcp_parse(struct bj_bytes packet, struct bj_bytes from, struct bj_bytes to, struct tcp_segment *out);
/* A segment whose checksum was vouched for by the device, or cannot be checked: an ICMP quote. */
BJ_MUST_USE enum bj_err tcp_parse_unchecked(struct bj_bytes packet, struct tcp_segment *out);
void tcp_write(struct writer *w, const struct tcp_segment *s, struct bj_bytes from, struct bj_bytes to);

/* The same in two steps, for payload that is gathered behind the header: the first returns where the segment starts. */
size_t tcp_write_header(struct writer *w, const struct tcp_segment *s);
void tcp_write_checksum(struct writer *w, size_t start, struct bj_bytes from, struct bj_bytes to, const struct bj_bytes tail[2]);
/* Instead: the sum of the pseudo-header alone, for a device that adds the rest. */
void tcp_write_checksum_seed(struct writer *w, size_t start, struct bj_bytes from, struct bj_bytes to, size_t tail_len);

BJ_MUST_USE enum bj_err tcp_options_parse(struct bj_bytes bytes, struct tcp_options *out);
/* The codepoint of the IP header that a field of accurate ECN's option counts. */
static inline unsigned tcp_ecn_codepoint(bool ect1_first, size_t field)
{
	return field == 1 ? 3 : (field == 0) == ect1_first ? 1 : 2;
}

/* In the order that everybody uses, padded with zeros to four bytes (MUST-69 of rfc9293:3.1). */
void tcp_options_write(struct writer *w, const struct tcp_options *o);
/* How many bytes tcp_options_write() will write. */
size_t tcp_options_len(const struct tcp_options *o);

/* The length in sequence space: SYN and FIN count one each. */
static inline uint32_t tcp_segment_len(const struct tcp_segment *s)
{
	return (uint32_t)s->payload.len + (s->flags & TCP_SYN ? 1 : 0) + (s->flags & TCP_FIN ? 1 : 0);
}

#endif
