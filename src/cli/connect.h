/* connect.h - what `bojagi connect` was asked for and what it found. */
#ifndef CLI_CONNECT_H
#define CLI_CONNECT_H

#include "cli/code_list.h"
#include "cli/ct_logs.h"
#include "cli/dial.h"
#include "cli/ech_file.h"
#include "cli/options.h"
#include "cli/proof.h"
#include "cli/slo.h"
#include "cli/terminal.h"
#include "cli/tls_client.h"
#include "host/file.h"

#define CONNECT_LIST_MAX CODE_LIST_MAX

#define CONNECT_PINS_MAX 16
#define CONNECT_CRLS_MAX 16
#define CONNECT_EARLY_MAX 65536 /* bytes of a file of early data */

struct connect_wish {
	struct options options;
	struct target target;
	const char *server_name; /* null: the target's host */
	const char *ca_file;     /* null: the system's anchors */
	const char *cert_file, *key_file, *passin;
	const char *pins[CONNECT_PINS_MAX];
	size_t pin_count;
	const char *alpn[CONNECT_LIST_MAX];
	size_t alpn_count;
	uint16_t groups[CONNECT_LIST_MAX];
	size_t group_count;
	uint16_t suites13[CONNECT_LIST_MAX], suites12[CONNECT_LIST_MAX];
	size_t suite13_count, suite12_count;
	uint16_t compressions[CONNECT_LIST_MAX]; /* of certificates */
	size_t compression_count;
	bool tls12, tls13; /* neither: both */
	bool insecure;
	bool show_certs;
	bool show_messages;
	bool debug;
	bool reconnect;
	bool status; /* ask for an OCSP response */
	bool ocsp;   /* and demand a good one */
	const char *crls[CONNECT_CRLS_MAX];
	size_t crl_count;
	const char *session_in, *session_out;
	const char *keylog;
	const char *ct_logs;     /* a list of logs to check timestamps against; null: they are not asked for */
	struct slo slo;
	struct proof_wish proof;
	const char *early_file;
	const char *ech;    /* base64 or a file */
	bool ech_grease;
	bool key_update;
	struct carrier_wish carrier_wish;
	struct carrier *carrier; /* null: the kernel's sockets */
};

/* What a wish needs before the first connection. */
struct connect_outfit {
	struct bj_tls_config *config;
	struct bj_trust *trust;
	FILE *keylog;
	struct file_bytes early;  /* data to send early */
	struct ech_list *ech;     /* null: none */
	struct ct_logs ct;
};

/* Reads the files that the wish names, the peer's keys into it. An exit code, with its message already printed; connect_outfit_fini() in any case. */
int connect_outfit_init(struct connect_outfit *outfit, struct connect_wish *wish);
void connect_outfit_fini(struct connect_outfit *outfit);

/* One connection: how far it came. The report's views live as long as `client`. */
struct connection {
	struct dialled dialled;
	struct tls_client client;
	bool has_client;
	int64_t handshake_us;
	enum bj_err err;          /* what ended it, before or in the handshake */
	enum bj_err late_err;     /* what ended it afterwards */
	struct bj_tls_report report;
	bool waited;              /* for tickets: where there are none then, there are none */
	bool session_offered;
	bool session_refused;     /* by ourselves: expired, or for another name */
	bool ech_retried;         /* the first try was rejected, and this is the second */
	bool ech_useless;         /* nothing in the list could be used */
	const struct connect_outfit *outfit;
};

/* Connects as wished, shows the connection to `then` while it is open, and closes it. The exit code of what went wrong before or in the
 * handshake; with wish->insecure the verdict is no such thing. */
typedef void connect_then_fn(void *self, const struct connection *c);
int connect_look(struct connect_wish *wish, connect_then_fn *then, void *self);

/* Whether somebody has to worry: the exit code of a finished connection. */
enum exit_code connect_exit(const struct connect_wish *wish, const struct connection *c);

void connect_print(const struct terminal *terminal, const struct connect_wish *wish, const struct connection *c);
/* `second` is null unless the wish was to reconnect. */
void connect_print_second(const struct terminal *terminal, const struct connect_wish *wish, const struct connection *first,
			  const struct connection *second);
void connect_print_json(FILE *stream, const struct connect_wish *wish, const struct connection *first,
			const struct connection *second);

#endif
