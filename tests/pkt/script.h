/* script.h - the packetdrill language, as far as our runner speaks it: text -> a list of steps.
 *
 *     0.100 < S 0:0(0) win 1000 <mss 1000,sackOK,nop,nop>     a packet comes
 *     +0 > S. 0:0(0) ack 1 <...>                              a packet must go out; <...> is not looked at
 *     +.1 write(4, ..., 1000) = 1000                          a call and its result
 *     0.2...0.3 read(4, ..., 10) = -1 ECONNRESET (text)       a call that ends later
 *     +0 < [1:1001(1000)] icmp unreachable frag_needed mtu 900
 *     +0 %{ assert tcpi_snd_cwnd == 10 }%                     expressions about the last connection used
 *     +0 `sysctl -q net.ipv4.tcp_sack=0`                      some are heeded, the others do nothing
 * Times are absolute, relative (+), any (*) or ranges (+.1~+.2). Comments are those of C and of the shell;
 * what stands between #ifdef and #endif counts if it is called STANDARD.
 */
#ifndef PKT_SCRIPT_H
#define PKT_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tcpip/wire/tcp.h"

#define SCRIPT_STEPS_MAX 4096
#define SCRIPT_ARGS_MAX 8
#define SCRIPT_TEXT_MAX 2048

enum step_kind {
	STEP_PACKET_IN,
	STEP_PACKET_OUT,
	STEP_CALL,
	STEP_CODE,
	STEP_COMMAND,
};

struct script_packet {
	bool is_icmp;
	uint8_t icmp_type, icmp_code; /* of version 4; the runner translates */
	uint32_t icmp_mtu;
	uint16_t flags;
	uint32_t seq, ack;
	size_t len;
	bool has_ack, has_window, has_urgent, any_options;
	uint32_t window, urgent;
	bool has_ecn;
	uint8_t ecn; /* of the IP header */
	struct tcp_options options;
	uint8_t raw[40]; /* options in the order written */
	size_t raw_len;
	size_t ts_at;   /* where in raw the timestamps' values stand; 0: nowhere */
	size_t sack_at; /* the same of the first SACK block */
};

struct script_call {
	char name[32];
	char *args[SCRIPT_ARGS_MAX];
	size_t arg_count;
	bool has_result, any_result;
	long result;
	char error[32]; /* ECONNRESET; empty: none */
};

struct script_step {
	int line;
	bool relative, any_time, range, range_relative, blocking;
	int64_t at_us, until_us; /* until: of a range or of a blocking call */
	enum step_kind kind;
	struct script_packet packet;
	struct script_call call;
	char *text; /* code, command */
};

struct script {
	struct script_step *steps;
	size_t count;
	int64_t tolerance_us;
	bool v6;
	uint32_t mtu;
	char error[256]; /* why it could not be read */
	int error_line;
};

/* False: error and error_line say why. */
bool script_parse(struct script *s, const char *text);
void script_free(struct script *s);

#endif
