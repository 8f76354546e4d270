/* pcap.h - capture files of the classic form: read and written as a stream, one packet a call.
 *
 * Read: both byte orders, microseconds and nanoseconds, Ethernet and raw IP. Written: microseconds, our byte order.
 */
#ifndef IO_PCAP_H
#define IO_PCAP_H

#include <stdint.h>
#include <stdio.h>

#include "base/bytes.h"

#define PCAP_PACKET_MAX 262144

enum pcap_link {
	PCAP_ETHERNET = 1,
	PCAP_RAW_IP = 101,
};

struct pcap_reader {
	FILE *file;
	bool swapped, nanoseconds;
	enum pcap_link link;
};

struct pcap_writer {
	FILE *file;
};

/* BJ_ERR_DECODE: no such file, or a link that we do not know. The file stays the caller's. */
BJ_MUST_USE enum bj_err pcap_read_start(struct pcap_reader *reader, FILE *file);
/* The next packet, cut off at `cap`. BJ_ERR_CLOSED at the end; BJ_ERR_TRUNCATED in the middle of a packet; BJ_ERR_DECODE. */
BJ_MUST_USE enum bj_err pcap_read(struct pcap_reader *reader, uint8_t *buf, size_t cap, size_t *out_len, int64_t *out_at_us);

BJ_MUST_USE enum bj_err pcap_write_start(struct pcap_writer *writer, FILE *file, enum pcap_link link);
BJ_MUST_USE enum bj_err pcap_write(struct pcap_writer *writer, int64_t at_us, struct bj_bytes packet);

#endif
