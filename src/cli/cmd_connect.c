/* cmd_connect.c - `bojagi connect`: sees and judges a TLS connection.
 *
 * Verification is on, and a failure has the full report and its own exit code. Standard input is data for the server, never
 * commands; without any it disconnects after the report.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/wipe.h"
#include "cli/clock.h"
#include "cli/command.h"
#include "cli/connect.h"
#include "cli/say.h"
#include "cli/session_file.h"
#include "host/file.h"

#define TICKET_WAIT_MS 250  /* for tickets, and for a late refusal of the client's certificate */
#define SESSION_WAIT_MS 2000 /* for the first ticket, where a session is what was asked for */
#define CLOSE_WAIT_MS 1000  /* for the last bytes to go */
#define ANSWER_IDLE_MS 2000 /* silence that ends a conversation whose input has ended */
#define INPUT_BYTES 16384

static const char help[] =
	"bojagi connect example.com             see and judge its TLS\n"
	"bojagi connect localhost:8443 -CAfile ca.pem\n"
	"printf 'GET / HTTP/1.0\\r\\n\\r\\n' | bojagi connect example.com\n"
	"\n"
	"  -connect HOST:PORT   the same as a plain HOST[:PORT]; the port is 443 unless said\n"
	"  -servername NAME     the name to ask for and to verify (default: the host)\n"
	"  -CAfile FILE         trust these anchors instead of the system's; also --ca\n"
	"  -cert FILE -key FILE certificate chain and key (PEM, DER, P12, pkcs11: URI) to show when the server asks\n"
	"  -pass SOURCE         passphrase of the key or P12: file:PATH, env:NAME\n"
	"  --pin PIN            and one of the keys in its chain must be this: sha256//BASE64; may be repeated\n"
	"  -status              ask for an OCSP response and say what it says; --ocsp: without a good one the server is not trusted\n"
	"  --crl FILE           refuse what is on this revocation list; may be repeated\n"
	"  -tls1_2, -tls1_3     only this version, also --tls 1.3\n"
	"  -ciphersuites LIST   suites of TLS 1.3; -cipher LIST those of 1.2\n"
	"  -groups LIST         groups for the key exchange, preferred first\n"
	"  -alpn LIST           application protocols, such as h2,http/1.1\n"
	"  -showcerts           the server's certificates as PEM\n"
	"  -reconnect           connect again with the session, and say whether it was resumed; also --resume\n"
	"  -sess_out FILE       save the session; -sess_in FILE offers it; also --ticket-out, --ticket-in\n"
	"  --early-data FILE    send FILE before the server has answered (0-RTT), with -sess_in or -reconnect; it can be recorded and sent\n"
	"                       again by others, so only what may happen twice\n"
	"  --key-update         new keys for both directions before data is sent (TLS 1.3)\n"
	"  --psk SOURCE         a pre-shared key as hexadecimal digits: file:PATH, env:NAME; with --psk-identity NAME; imported (RFC 9258,\n"
	"                       with --psk-context TEXT, --psk-hash sha384), or used as it is by --psk-raw, as OpenSSL and GnuTLS do\n"
	"  --raw-public-key     the server shows a key instead of certificates (RFC 7250), and so do we with -key FILE alone;\n"
	"                       --peer-key KEY: this must be the server's: sha256//BASE64 or a file; may be repeated\n"
	"  --ech LIST           encrypt the hello to this configuration: base64 as in DNS, or a file; --ech-grease only looks so\n"
	"  --ct-logs FILE       check the timestamps of logs (certificate transparency): public keys in PEM, or the JSON that browsers publish\n"
	"  --cert-compression LIST  take certificates compressed (RFC 8879), and say what that saves: brotli,zstd,zlib\n"
	"  -keylogfile FILE     append the secrets, for Wireshark (also $SSLKEYLOGFILE)\n"
	"  -msg, -debug         every message, every byte, on standard error\n"
	"  -v                   certificates in full, as cert show has them; -vv: every message, too\n"
	"  -insecure            go on though the server is not trusted; the report still says so\n"
	"  --carrier DEVICE     by our own TCP/IP on this TUN, TAP or other interface, from an address of its own:\n"
	"                       --from ADDRESS[/BITS], --gateway ADDRESS, --packets FILE to capture, --congestion cubic|bbr|reno\n"
	"  --no-input           do not read standard input\n"
	"  --timeout TIME       for name, TCP and handshake together (default 10s)\n"
	"  --slo TIME           exit 4 if that took longer; also by part: --slo name=20ms,tcp=50ms,tls=100ms,total=150ms\n"
	"  --json               the report as one JSON object\n"
	"\n"
	"exit: 0 good, 4 took longer than --slo, 6 name, 7 refused, 28 timeout, 35 handshake, 56 broke later, 58 own certificate,\n"
	"      60 not trusted, 77 CA file or list, 90 pin, 91 OCSP, 98 client certificate wanted\n";

/* ---- options */

enum {
	OPTION_CONNECT = 1,
	OPTION_SERVERNAME,
	OPTION_CAFILE,
	OPTION_CERT,
	OPTION_KEY,
	OPTION_PASSIN,
	OPTION_PIN,
	OPTION_TLS12,
	OPTION_TLS13,
	OPTION_CIPHERSUITES,
	OPTION_CIPHER,
	OPTION_GROUPS,
	OPTION_ALPN,
	OPTION_SHOWCERTS,
	OPTION_RECONNECT,
	OPTION_SESS_OUT,
	OPTION_SESS_IN,
	OPTION_KEYLOG,
	OPTION_MSG,
	OPTION_DEBUG,
	OPTION_INSECURE,
	OPTION_STATUS,
	OPTION_OCSP,
	OPTION_CRL,
	OPTION_TLS,
	OPTION_SLO,
	OPTION_EARLY_DATA,
	OPTION_KEY_UPDATE,
	OPTION_ECH,
	OPTION_ECH_GREASE,
	OPTION_CT_LOGS,
	OPTION_CERT_COMPRESSION,
	OPTION_NOTHING, /* what s_client must be told and is so here anyway */
};

static const struct option own[] = {
	{ "connect", required_argument, NULL, OPTION_CONNECT },
	{ "servername", required_argument, NULL, OPTION_SERVERNAME },
	{ "CAfile", required_argument, NULL, OPTION_CAFILE },
	{ "cert", required_argument, NULL, OPTION_CERT },
	{ "key", required_argument, NULL, OPTION_KEY },
	{ "pass", required_argument, NULL, OPTION_PASSIN },
	{ "passin", required_argument, NULL, OPTION_PASSIN },
	{ "pin", required_argument, NULL, OPTION_PIN },
	{ "tls1_2", no_argument, NULL, OPTION_TLS12 },
	{ "tls1_3", no_argument, NULL, OPTION_TLS13 },
	{ "tls", required_argument, NULL, OPTION_TLS },
	{ "slo", required_argument, NULL, OPTION_SLO },
	{ "ciphersuites", required_argument, NULL, OPTION_CIPHERSUITES },
	{ "cipher", required_argument, NULL, OPTION_CIPHER },
	{ "groups", required_argument, NULL, OPTION_GROUPS },
	{ "alpn", required_argument, NULL, OPTION_ALPN },
	{ "showcerts", no_argument, NULL, OPTION_SHOWCERTS },
	{ "reconnect", no_argument, NULL, OPTION_RECONNECT },
	{ "sess_out", required_argument, NULL, OPTION_SESS_OUT },
	{ "sess_in", required_argument, NULL, OPTION_SESS_IN },
	{ "ca", required_argument, NULL, OPTION_CAFILE },
	{ "resume", no_argument, NULL, OPTION_RECONNECT },
	{ "ticket-out", required_argument, NULL, OPTION_SESS_OUT },
	{ "ticket-in", required_argument, NULL, OPTION_SESS_IN },
	{ "keylogfile", required_argument, NULL, OPTION_KEYLOG },
	{ "msg", no_argument, NULL, OPTION_MSG },
	{ "debug", no_argument, NULL, OPTION_DEBUG },
	{ "insecure", no_argument, NULL, OPTION_INSECURE },
	{ "status", no_argument, NULL, OPTION_STATUS },
	{ "ocsp", no_argument, NULL, OPTION_OCSP },
	{ "crl", required_argument, NULL, OPTION_CRL },
	{ "CRL", required_argument, NULL, OPTION_CRL },
	CARRIER_OPTIONS,
	{ "from", required_argument, NULL, OPTION_FROM },
	{ "early-data", required_argument, NULL, OPTION_EARLY_DATA },
	{ "early_data", required_argument, NULL, OPTION_EARLY_DATA },
	{ "key-update", no_argument, NULL, OPTION_KEY_UPDATE },
	{ "ech", required_argument, NULL, OPTION_ECH },
	{ "ech-grease", no_argument, NULL, OPTION_ECH_GREASE },
	{ "ct-logs", required_argument, NULL, OPTION_CT_LOGS },
	{ "ctlogfile", required_argument, NULL, OPTION_CT_LOGS },
	{ "cert-compression", required_argument, NULL, OPTION_CERT_COMPRESSION },
	PROOF_OPTIONS,
	{ "verify_return_error", no_argument, NULL, OPTION_NOTHING },
	{ "brief", no_argument, NULL, OPTION_NOTHING },
	{ 0 },
};

static bool is_of_tls13(uint16_t suite)
{
	return suite >> 8 == 0x13;
}

/* s_client has a list for each version, and so have we. */
static int take_suites(char *list, bool of_tls13, uint16_t *codes, size_t *count)
{
	int code = code_list_take(CODE_SUITE, list, codes, count);

	for (size_t i = 0; i < *count && !code; i++)
		if (is_of_tls13(codes[i]) != of_tls13)
			code = say_failure(EXIT_USAGE, "%s is a suite of TLS %s: it belongs to %s", bj_tls_suite_name(codes[i]), of_tls13 ? "1.2" : "1.3",
					   of_tls13 ? "-cipher" : "-ciphersuites");
	return code;
}

static int take_version(const char *text, struct connect_wish *wish)
{
	bool is_12 = strcmp(text, "1.2") == 0, is_13 = strcmp(text, "1.3") == 0;

	wish->tls12 |= is_12;
	wish->tls13 |= is_13;
	return is_12 || is_13 ? EXIT_GOOD : say_failure(EXIT_USAGE, "--tls is 1.2 or 1.3, not '%s'", text);
}

static int take_alpn(char *list, struct connect_wish *wish)
{
	char *rest = NULL;

	wish->alpn_count = 0;
	for (char *word = strtok_r(list, ",", &rest); word; word = strtok_r(NULL, ",", &rest)) {
		if (wish->alpn_count == CONNECT_LIST_MAX || strlen(word) > 255)
			return say_failure(EXIT_USAGE, "at most %d protocols of at most 255 bytes", CONNECT_LIST_MAX);
		wish->alpn[wish->alpn_count++] = word;
	}
	return wish->alpn_count ? EXIT_GOOD : say_failure(EXIT_USAGE, "the list of application protocols is empty");
}

static int take_target(struct connect_wish *wish, const char *text)
{
	if (wish->target.host[0])
		return say_failure(EXIT_USAGE, "one target at a time, not also '%s'", text);
	if (target_parse(text, 443, &wish->target) != BJ_OK)
		return say_failure(EXIT_USAGE, "'%s' is not HOST, HOST:PORT, [ADDRESS]:PORT or https://HOST", text);
	return EXIT_GOOD;
}

static int take_option(struct connect_wish *wish, int option)
{
	if (option >= PROOF_FIRST && option < PROOF_END)
		return proof_take(&wish->proof, option);
	switch (option) {
	case OPTION_CONNECT:
		return take_target(wish, optarg);
	case OPTION_SERVERNAME:
		wish->server_name = optarg;
		return EXIT_GOOD;
	case OPTION_CAFILE:
		wish->ca_file = optarg;
		return EXIT_GOOD;
	case OPTION_CERT:
		wish->cert_file = optarg;
		return EXIT_GOOD;
	case OPTION_KEY:
		wish->key_file = optarg;
		return EXIT_GOOD;
	case OPTION_PIN:
		if (wish->pin_count == CONNECT_PINS_MAX)
			return say_failure(EXIT_USAGE, "--pin can be given %d times", CONNECT_PINS_MAX);
		wish->pins[wish->pin_count++] = optarg;
		return EXIT_GOOD;
	case OPTION_PASSIN:
		wish->passin = optarg;
		return EXIT_GOOD;
	case OPTION_TLS12:
		wish->tls12 = true;
		return EXIT_GOOD;
	case OPTION_TLS13:
		wish->tls13 = true;
		return EXIT_GOOD;
	case OPTION_TLS:
		return take_version(optarg, wish);
	case OPTION_SLO:
		return slo_parse(optarg, &wish->slo) ? EXIT_GOOD
						     : say_failure(EXIT_USAGE, "--slo is a time for all of it, or name=, tcp=, tls= and total= "
									       "with times, such as tls=100ms,total=1s");
	case OPTION_CIPHERSUITES:
		return take_suites(optarg, true, wish->suites13, &wish->suite13_count);
	case OPTION_CIPHER:
		return take_suites(optarg, false, wish->suites12, &wish->suite12_count);
	case OPTION_GROUPS:
		return code_list_take(CODE_GROUP, optarg, wish->groups, &wish->group_count);
	case OPTION_ALPN:
		return take_alpn(optarg, wish);
	case OPTION_SHOWCERTS:
		wish->show_certs = true;
		return EXIT_GOOD;
	case OPTION_RECONNECT:
		wish->reconnect = true;
		return EXIT_GOOD;
	case OPTION_SESS_OUT:
		wish->session_out = optarg;
		return EXIT_GOOD;
	case OPTION_SESS_IN:
		wish->session_in = optarg;
		return EXIT_GOOD;
	case OPTION_KEYLOG:
		wish->keylog = optarg;
		return EXIT_GOOD;
	case OPTION_MSG:
		wish->show_messages = true;
		return EXIT_GOOD;
	case OPTION_DEBUG:
		wish->debug = true;
		return EXIT_GOOD;
	case OPTION_INSECURE:
		wish->insecure = true;
		return EXIT_GOOD;
	case OPTION_EARLY_DATA:
		wish->early_file = optarg;
		return EXIT_GOOD;
	case OPTION_KEY_UPDATE:
		wish->key_update = true;
		return EXIT_GOOD;
	case OPTION_ECH:
		wish->ech = optarg;
		return EXIT_GOOD;
	case OPTION_ECH_GREASE:
		wish->ech_grease = true;
		return EXIT_GOOD;
	case OPTION_CT_LOGS:
		wish->ct_logs = optarg;
		return EXIT_GOOD;
	case OPTION_CERT_COMPRESSION:
		return code_list_take(CODE_COMPRESSION, optarg, wish->compressions, &wish->compression_count);
	case OPTION_OCSP:
		wish->ocsp = true;
		wish->status = true;
		return EXIT_GOOD;
	case OPTION_STATUS:
		wish->status = true;
		return EXIT_GOOD;
	case OPTION_CRL:
		if (wish->crl_count == CONNECT_CRLS_MAX)
			return say_failure(EXIT_USAGE, "--crl can be given %d times", CONNECT_CRLS_MAX);
		wish->crls[wish->crl_count++] = optarg;
		return EXIT_GOOD;
	default:
		(void)carrier_take_option(&wish->carrier_wish, option, optarg);
		return EXIT_GOOD;
	}
}

static int connect_check(const struct connect_wish *wish)
{
	if (wish->suite13_count > 0 && wish->tls12 && !wish->tls13)
		fputs("bojagi: -ciphersuites does nothing with TLS 1.2 alone\n", stderr);
	if (wish->suite12_count > 0 && wish->tls13 && !wish->tls12)
		fputs("bojagi: -cipher does nothing with TLS 1.3 alone\n", stderr);
	if (wish->early_file && !wish->session_in && !wish->reconnect)
		return say_failure(EXIT_USAGE, "--early-data is sent under a session: give -sess_in FILE (saved by -sess_out), or -reconnect");
	if (wish->early_file && wish->tls12 && !wish->tls13)
		return say_failure(EXIT_USAGE, "--early-data is for TLS 1.3, not with -tls1_2");
	if (wish->key_update && wish->tls12 && !wish->tls13)
		return say_failure(EXIT_USAGE, "--key-update is for TLS 1.3, not with -tls1_2");
	if (wish->compression_count > 0 && wish->tls12 && !wish->tls13)
		return say_failure(EXIT_USAGE, "--cert-compression is for TLS 1.3, not with -tls1_2");
	if (wish->ech && wish->tls12 && !wish->tls13)
		return say_failure(EXIT_USAGE, "--ech is for TLS 1.3, not with -tls1_2");
	if (wish->ech && wish->ech_grease)
		return say_failure(EXIT_USAGE, "--ech encrypts the hello and --ech-grease only looks so: one of them");
	if (wish->proof.raw_public_key && (wish->ocsp || wish->crl_count > 0))
		return say_failure(EXIT_USAGE, "--ocsp and --crl are about certificates, not with --raw-public-key");
	if (wish->proof.raw_public_key && wish->pin_count > 0)
		return say_failure(EXIT_USAGE, "--pin is for the keys of certificates; with --raw-public-key say --peer-key");
	return proof_check(&wish->proof, wish->tls12 && !wish->tls13);
}

/* ---- a connection */

static const char *name_of_wish(const struct connect_wish *wish)
{
	return wish->server_name ? wish->server_name : wish->target.host;
}

/* Tickets come after the handshake, and so does the refusal of a certificate in TLS 1.3. */
static void wait_for_tickets(const struct connect_wish *wish, struct connection *c)
{
	bool is_wanted = wish->reconnect || wish->session_out;
	int64_t deadline = clock_steady_us() + (is_wanted ? SESSION_WAIT_MS : TICKET_WAIT_MS) * 1000;
	struct bj_bytes data;
	unsigned tickets = c->client.tickets;

	if (c->report.version != BJ_TLS_1_3)
		return;
	c->waited = true;
	for (;;) {
		enum bj_err err = tls_client_read(&c->client, deadline, &data);

		if (err == BJ_ERR_WOULD_BLOCK && c->client.tickets > tickets) {
			tickets = c->client.tickets;
			deadline = 0; /* take what is there already */
			continue;
		}
		/* a server that just goes away from a client who says nothing does no wrong */
		if (err && err != BJ_ERR_WOULD_BLOCK && err != BJ_ERR_TRUNCATED && err != BJ_ERR_IO_RESET)
			c->late_err = err;
		return;
	}
}

/* The report stays readable. */
static void hang_up(struct connection *c)
{
	if (!wire_is_open(&c->dialled.wire))
		return;
	if (c->has_client)
		tls_client_close(&c->client, clock_steady_us() + CLOSE_WAIT_MS * 1000);
	wire_close(&c->dialled.wire);
}

static void end_connection(struct connection *c)
{
	hang_up(c);
	if (c->has_client)
		tls_client_fini(&c->client);
}

/* One try, as far as the handshake; c->err says how it ended. `ech`: an ECHConfigList, or nothing. */
static void try_connection(const struct connect_wish *wish, const struct connect_outfit *outfit, const struct session_file *session,
			   struct bj_bytes ech, int64_t deadline, struct connection *c)
{
	int64_t began;
	enum bj_err err;

	*c = (struct connection){ .report = { .alert_sent = -1, .alert_received = -1 }, .outfit = outfit };
	c->err = wish->carrier ? dial_by(wish->carrier, &wish->target, deadline, &c->dialled) : dial(&wish->target, deadline, &c->dialled);
	if (c->err)
		return;
	c->err = tls_client_init(&c->client, outfit->config, &c->dialled.wire, name_of_wish(wish));
	if (c->err)
		return;
	c->has_client = true;
	c->client.trust = outfit->trust;
	c->client.insecure = wish->insecure;
	c->client.debug = wish->debug ? stderr : NULL;
	c->client.expected = &wish->proof.expected;
	c->client.wants_staple = wish->status;
	c->client.demands_staple = wish->ocsp;
	c->client.early = bytes_of(outfit->early.ptr, outfit->early.len);
	if (session->blob.len > 0) {
		c->client.remembered = session->chain;
		c->client.remembered_count = session->chain_count;
		c->session_refused = bj_tls_resume(c->client.tls, clock_unix_ms(), session->blob.ptr, session->blob.len) != BJ_OK;
		c->session_offered = !c->session_refused;
	}
	if (ech.len > 0) {
		err = bj_tls_ech(c->client.tls, ech.ptr, ech.len);
		c->ech_useless = err == BJ_ERR_NOT_FOUND;
		if (err) {
			c->err = c->ech_useless ? BJ_ERR_ECH_CONFIG : err; /* whoever asks to be hidden is not shown instead */
			return;
		}
	}
	began = clock_steady_us();
	c->err = tls_client_handshake(&c->client, deadline);
	c->handshake_us = clock_steady_us() - began;
	if (!c->err && !wish->insecure && c->client.judged)
		c->err = c->client.verdict.err; /* resumed, and what was good then is not good now */
	bj_tls_report(c->client.tls, &c->report);
}

/* The same, and once more where the server told what to encrypt to instead (rfc9849:6.1.6). */
static void make_connection(const struct connect_wish *wish, const struct connect_outfit *outfit, const struct session_file *session,
			    struct connection *c)
{
	int64_t deadline = clock_steady_us() + (int64_t)wish->options.timeout_ms * 1000;
	struct bj_bytes ech = outfit->ech ? bytes_of(outfit->ech->bytes, outfit->ech->len) : bytes_of(NULL, 0);
	struct ech_list *retry;

	try_connection(wish, outfit, session, ech, deadline, c);
	if (c->err != BJ_ERR_ECH_REJECTED || c->report.ech_retry_configs.len > ECH_LIST_MAX)
		return;
	retry = malloc(sizeof(*retry));
	if (!retry)
		return;
	retry->len = c->report.ech_retry_configs.len;
	bytes_copy(retry->bytes, c->report.ech_retry_configs.ptr, retry->len);
	end_connection(c);
	try_connection(wish, outfit, session, bytes_of(retry->bytes, retry->len), deadline, c);
	c->ech_retried = true;
	free(retry);
}

/* ---- data */

struct input {
	bool wanted;
	bool ended;
	uint8_t bytes[INPUT_BYTES];
	size_t len;
};

/* Is there anything on standard input that is for the server? Waits for the first bytes, or the end. */
static void look_at_input(const struct connect_wish *wish, struct input *input)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	ssize_t n = 0;

	input->ended = true;
	input->wanted = wish->early_file != NULL;
	if (wish->options.no_input || wish->reconnect || isatty(STDIN_FILENO))
		return;
	if (poll(&in, 1, (int)wish->options.timeout_ms) > 0)
		n = read(STDIN_FILENO, input->bytes, sizeof(input->bytes));
	if (n <= 0)
		return;
	input->len = (size_t)n;
	input->wanted = true;
	input->ended = false;
}

/* Carries standard input to the server and its answer to standard output, until one of them is done. */
static enum bj_err converse(struct connection *c, struct input *input, uint32_t timeout_ms)
{
	bool answered = false;
	unsigned tickets = c->client.tickets;

	for (;;) {
		int64_t wait_ms = input->ended && answered ? ANSWER_IDLE_MS : timeout_ms;
		struct bj_bytes data;
		enum bj_err err;
		bool typed;

		if (input->len > 0) {
			err = tls_client_write(&c->client, input->bytes, input->len, clock_steady_us() + (int64_t)timeout_ms * 1000);
			if (err)
				return err;
			input->len = 0;
		}
		err = tls_client_read(&c->client, 0, &data);
		if (err && err != BJ_ERR_WOULD_BLOCK)
			return err;
		if (!err && data.len == 0)
			return BJ_OK; /* closed in order */
		if (!err) {
			answered = true;
			if (fwrite(data.ptr, 1, data.len, stdout) != data.len || fflush(stdout) != 0)
				return BJ_OK; /* the connection is not to blame: main() says whose fault it was */
			continue;
		}
		if (c->client.tickets != tickets) {
			tickets = c->client.tickets;
			continue; /* there may be more behind the ticket */
		}
		err = wire_wait(&c->dialled.wire, false, input->ended ? -1 : STDIN_FILENO, clock_steady_us() + wait_ms * 1000, &typed);
		if (err == BJ_ERR_IO_TIMEOUT) {
			if (!input->ended)
				continue; /* whoever types may think */
			return answered ? BJ_OK : BJ_ERR_IO_TIMEOUT;
		}
		if (err)
			return err;
		if (typed) {
			ssize_t n = read(STDIN_FILENO, input->bytes, sizeof(input->bytes));

			input->ended = n <= 0;
			input->len = n > 0 ? (size_t)n : 0;
		}
	}
}

/* ---- sessions */

/* What a connection leaves for a later one; views, as long as the connection is there. */
static struct session_file session_of(const struct connection *c)
{
	struct session_file file = { .blob = bj_tls_session(c->client.tls), .chain_count = c->client.chain_count };

	memcpy(file.chain, c->client.chain, sizeof(file.chain));
	return file;
}

static int load_session(const struct connect_wish *wish, struct file_bytes *bytes, struct session_file *out)
{
	*out = (struct session_file){ 0 };
	if (!wish->session_in)
		return EXIT_GOOD;
	if (file_read(wish->session_in, SESSION_FILE_MAX, bytes) != BJ_OK)
		return say_failure(EXIT_USAGE, "cannot read the session %s: %s", wish->session_in, strerror(errno));
	if (session_file_parse(bytes_of(bytes->ptr, bytes->len), out) != BJ_OK)
		return say_failure(EXIT_USAGE, "%s is not a session that -sess_out saved", wish->session_in);
	return EXIT_GOOD;
}

static int save_session(const struct connect_wish *wish, const struct connection *c)
{
	struct session_file file;
	uint8_t *bytes;
	size_t len;
	enum bj_err err;

	/* many servers just go away, and their sessions are good all the same (rfc5246:7.2.1) */
	if (!wish->session_out || c->err || (c->late_err && c->late_err != BJ_ERR_TRUNCATED && c->late_err != BJ_ERR_IO_RESET))
		return EXIT_GOOD;
	file = session_of(c);
	if (file.blob.len == 0)
		return say_failure(EXIT_GOOD, "-sess_out: the server gave no session; nothing was saved");
	err = session_file_write(&file, &bytes, &len);
	if (err)
		return say_err(EXIT_INTERNAL, err, "the session");
	err = file_write(wish->session_out, bytes, len, 0600, true);
	wipe(bytes, len);
	free(bytes);
	if (err)
		return say_failure(EXIT_USAGE, "cannot write the session %s: %s", wish->session_out, strerror(errno));
	if (!wish->options.quiet)
		fprintf(stderr, "saved a session of %zu bytes to %s: it is secret\n", len, wish->session_out);
	return EXIT_GOOD;
}

/* ---- */

static void print_report(const struct connect_wish *wish, const struct connection *first, const struct connection *second,
			 FILE *stream)
{
	struct terminal terminal = terminal_of(stream, &wish->options);

	if (wish->options.json) {
		connect_print_json(stream, wish, first, second);
	} else if (!wish->options.quiet) {
		connect_print(&terminal, wish, first);
		if (second)
			connect_print_second(&terminal, wish, first, second);
	}
	fflush(stream);
}

/* What comes before the first data of the open connection: new keys, and early data that did not arrive as such. */
static enum bj_err begin_data(const struct connect_wish *wish, struct connection *c)
{
	int64_t deadline = clock_steady_us() + (int64_t)wish->options.timeout_ms * 1000;
	enum bj_err err = BJ_OK;

	if (wish->key_update && c->report.version == BJ_TLS_1_3)
		err = bj_tls_key_update(c->client.tls, true);
	return err ? err : tls_client_write_late(&c->client, deadline);
}

static int run(const struct connect_wish *wish, const struct connect_outfit *outfit)
{
	struct connection first, second, *last = &first;
	struct input *input = calloc(1, sizeof(*input));
	struct file_bytes bytes = { 0 };
	struct session_file session;
	bool again = false;
	int code, saved;

	if (!input)
		return EXIT_INTERNAL;
	code = load_session(wish, &bytes, &session);
	if (code) {
		file_bytes_free(&bytes);
		free(input);
		return code;
	}
	make_connection(wish, outfit, &session, &first);
	if (!first.err && !wish->reconnect) {
		look_at_input(wish, input);
		first.late_err = begin_data(wish, &first);
	}
	if (!first.err && !first.late_err && !input->wanted)
		wait_for_tickets(wish, &first);
	if (first.has_client)
		bj_tls_report(first.client.tls, &first.report);
	if (wish->reconnect && !first.err && !first.late_err) {
		hang_up(&first); /* many test servers serve one client at a time */
		session = session_of(&first);
		make_connection(wish, outfit, &session, &second);
		last = &second;
		look_at_input(wish, input);
		if (!second.err)
			second.late_err = begin_data(wish, &second);
	}
	again = last == &second;
	input->wanted = input->wanted && !last->err && !last->late_err;
	print_report(wish, &first, again ? &second : NULL, input->wanted ? stderr : stdout);
	if (input->wanted) {
		last->late_err = converse(last, input, wish->options.timeout_ms);
		bj_tls_report(last->client.tls, &last->report);
		if (last->late_err && !wish->options.quiet)
			say_err(EXIT_GOOD, last->late_err, "the connection ended");
	}
	saved = save_session(wish, &first);
	code = connect_exit(wish, &first);
	if (again) {
		if (!code)
			code = connect_exit(wish, &second);
		end_connection(&second);
	}
	end_connection(&first);
	file_bytes_free(&bytes);
	wipe(input, sizeof(*input));
	free(input);
	return code ? code : saved;
}

int connect_look(struct connect_wish *wish, connect_then_fn *then, void *self)
{
	struct connection c;
	struct connect_outfit outfit;
	int code = connect_outfit_init(&outfit, wish);

	if (!code) {
		make_connection(wish, &outfit, &(const struct session_file){ 0 }, &c);
		then(self, &c);
		code = connect_exit(wish, &c);
		end_connection(&c);
	}
	connect_outfit_fini(&outfit);
	return code;
}

static int run_on_carrier(struct connect_wish *wish, struct connect_outfit *outfit)
{
	struct carrier *carrier;
	int code;

	if (!wish->carrier_wish.device) {
		if (wish->carrier_wish.address || wish->carrier_wish.gateway || wish->carrier_wish.packets ||
		    wish->carrier_wish.congestion)
			return say_failure(EXIT_USAGE, "--from, --gateway, --packets and --congestion need --carrier DEVICE");
		return run(wish, outfit);
	}
	carrier = calloc(1, sizeof(*carrier));
	if (!carrier)
		return say_err(EXIT_INTERNAL, BJ_ERR_NO_MEMORY, "connect");
	code = carrier_open(carrier, NULL, &wish->carrier_wish);
	if (!code) {
		wish->carrier = carrier;
		code = run(wish, outfit);
		carrier_close(carrier);
	}
	free(carrier);
	return code;
}

int cmd_connect(int argc, char **argv)
{
	struct connect_wish wish = { 0 };
	struct connect_outfit outfit;
	int step, code = EXIT_GOOD;

	options_init(&wish.options, "connect", help, own);
	while ((step = options_next(&wish.options, argc, argv, NULL)) > 0) {
		code = take_option(&wish, step);
		if (code)
			return code;
	}
	if (step != OPTIONS_END)
		return step == OPTIONS_DONE ? EXIT_GOOD : EXIT_USAGE;
	for (; optind < argc && !code; optind++)
		code = take_target(&wish, argv[optind]);
	if (code)
		return code;
	if (!wish.target.host[0])
		return say_failure(EXIT_USAGE, "connect needs a host, for example: bojagi connect example.com");
	code = connect_check(&wish);
	if (code)
		return code;
	wish.show_messages |= wish.options.verbose > 1;
	code = connect_outfit_init(&outfit, &wish);
	if (!code)
		code = run_on_carrier(&wish, &outfit);
	connect_outfit_fini(&outfit);
	return code;
}
