/* cmd_serve.c - `bojagi serve`: HTTPS for a folder, now; an echo server for test suites; a server that tells its name. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/clock.h"
#include "cli/command.h"
#include "cli/json.h"
#include "cli/say.h"
#include "cli/serve_tls.h"
#include "cli/terminal.h"
#include "io/signals.h"

static const char help[] =
	"bojagi serve                         HTTPS for this folder on https://localhost:8443\n"
	"bojagi serve DIR --port 9000\n"
	"bojagi serve --echo --port 4433 --cert site.pem --key site.key\n"
	"bojagi serve --http --port 9001 --name a\n"
	"\n"
	"  --port N               port (default 8443, with --http 8080; 0: any free one)\n"
	"  --listen ADDRESS       address (default: this machine only)\n"
	"  --cert FILE, --key F   chain and key (default: from the local CA, which is made if there is none)\n"
	"  --passin SOURCE        passphrase of the key or P12: file:PATH, env:NAME\n"
	"  --staple FILE          an OCSP response for clients that ask (bojagi cert ocsp makes it)\n"
	"  --cert-compression L   compress certificates (RFC 8879) for clients that take one of this list: brotli,zstd,zlib\n"
	"  --dir DIR              folder of the local CA\n"
	"  --ca FILE              ask clients for a certificate of these CAs\n"
	"  --require-client-cert  and refuse those without\n"
	"  --echo                 a GET gets a page of what was negotiated, everything else comes back\n"
	"  --name NAME            every request gets a page with this name and the request itself\n"
	"  --http                 no TLS\n"
	"  -tls1_2, -tls1_3       only this version\n"
	"  --early-data BYTES     take so much before the handshake is done (0-RTT) from clients that resume; of requests only GET and HEAD\n"
	"                         are answered early\n"
	"  --psk SOURCE           a pre-shared key as hexadecimal digits: file:PATH, env:NAME; with --psk-identity NAME, and --psk-context,\n"
	"                         --psk-hash, --psk-raw as in connect; without --cert nobody else is served\n"
	"  --raw-public-key       show a key instead of certificates (RFC 7250): that of --key, or one made now; --peer-key KEY: clients with\n"
	"                         this key are known (sha256//BASE64 or a file)\n"
	"  --ech-key FILE         open encrypted hellos (bojagi cert ech makes the file); the first is told to clients, further ones are old\n"
	"  --key-update           with --echo: new keys for both directions before the first bytes go back (TLS 1.3)\n"
	"  --carrier DEVICE       by our own TCP/IP on this TUN, TAP or other interface; --listen ADDRESS[/BITS] is ours on it;\n"
	"                         --gateway ADDRESS, --packets FILE to capture, --congestion cubic|bbr|reno\n"
	"  --quiet                no log\n"
	"  --json                 one line of JSON when it is ready: url, port, ca_file\n";

/* ---- options */

enum {
	OPTION_PORT = 1,
	OPTION_LISTEN,
	OPTION_CERT,
	OPTION_KEY,
	OPTION_PASSIN,
	OPTION_DIR,
	OPTION_CA,
	OPTION_REQUIRE,
	OPTION_ECHO,
	OPTION_NAME,
	OPTION_HTTP,
	OPTION_TLS12,
	OPTION_TLS13,
	OPTION_EARLY_DATA,
	OPTION_ECH_KEY,
	OPTION_KEY_UPDATE,
	OPTION_STAPLE,
	OPTION_CERT_COMPRESSION,
};

static const struct option own[] = {
	{ "port", required_argument, NULL, OPTION_PORT },
	{ "listen", required_argument, NULL, OPTION_LISTEN },
	{ "cert", required_argument, NULL, OPTION_CERT },
	{ "key", required_argument, NULL, OPTION_KEY },
	{ "passin", required_argument, NULL, OPTION_PASSIN },
	{ "dir", required_argument, NULL, OPTION_DIR },
	{ "ca", required_argument, NULL, OPTION_CA },
	{ "require-client-cert", no_argument, NULL, OPTION_REQUIRE },
	{ "echo", no_argument, NULL, OPTION_ECHO },
	{ "name", required_argument, NULL, OPTION_NAME },
	{ "http", no_argument, NULL, OPTION_HTTP },
	{ "tls1_2", no_argument, NULL, OPTION_TLS12 },
	{ "tls1_3", no_argument, NULL, OPTION_TLS13 },
	CARRIER_OPTIONS,
	{ "early-data", required_argument, NULL, OPTION_EARLY_DATA },
	{ "ech-key", required_argument, NULL, OPTION_ECH_KEY },
	{ "key-update", no_argument, NULL, OPTION_KEY_UPDATE },
	{ "staple", required_argument, NULL, OPTION_STAPLE },
	{ "status_file", required_argument, NULL, OPTION_STAPLE },
	{ "cert-compression", required_argument, NULL, OPTION_CERT_COMPRESSION },
	PROOF_OPTIONS,
	{ 0 },
};

static int take_option(struct serve_wish *wish, int option)
{
	uint64_t number;

	if (option >= PROOF_FIRST && option < PROOF_END)
		return proof_take(&wish->proof, option);
	switch (option) {
	case OPTION_PORT:
		if (!options_number(optarg, 0, 65535, &number))
			return say_failure(EXIT_USAGE, "--port is a number from 0 to 65535, not '%s'", optarg);
		wish->port = (uint16_t)number;
		wish->port_given = true;
		return EXIT_GOOD;
	case OPTION_LISTEN:
		wish->listen = optarg;
		return EXIT_GOOD;
	case OPTION_CERT:
		wish->cert = optarg;
		return EXIT_GOOD;
	case OPTION_KEY:
		wish->key = optarg;
		return EXIT_GOOD;
	case OPTION_PASSIN:
		wish->passin = optarg;
		return EXIT_GOOD;
	case OPTION_DIR:
		wish->ca_folder = optarg;
		return EXIT_GOOD;
	case OPTION_CA:
		wish->client_ca = optarg;
		return EXIT_GOOD;
	case OPTION_REQUIRE:
		wish->require_client = true;
		return EXIT_GOOD;
	case OPTION_ECHO:
	case OPTION_NAME:
		if (wish->server->mode != SERVE_FILES && wish->server->mode != (option == OPTION_ECHO ? SERVE_ECHO : SERVE_NAME))
			return say_failure(EXIT_USAGE, "--echo is one kind of server, --name another: one of them");
		wish->server->mode = option == OPTION_ECHO ? SERVE_ECHO : SERVE_NAME;
		if (option == OPTION_ECHO)
			return EXIT_GOOD;
		wish->server->name = optarg;
		return EXIT_GOOD;
	case OPTION_HTTP:
		wish->plain = true;
		return EXIT_GOOD;
	case OPTION_TLS12:
		wish->tls12 = true;
		return EXIT_GOOD;
	case OPTION_TLS13:
		wish->tls13 = true;
		return EXIT_GOOD;
	case OPTION_CERT_COMPRESSION:
		return code_list_take(CODE_COMPRESSION, optarg, wish->compressions, &wish->compression_count);
	case OPTION_EARLY_DATA:
		if (!options_number(optarg, 1, SERVE_EARLY_MAX, &number))
			return say_failure(EXIT_USAGE, "--early-data is a number of bytes from 1 to %d, not '%s'", SERVE_EARLY_MAX, optarg);
		wish->early_bytes = (uint32_t)number;
		return EXIT_GOOD;
	case OPTION_ECH_KEY:
		if (wish->ech_key_count == SERVE_ECH_KEYS_MAX)
			return say_failure(EXIT_USAGE, "--ech-key can be given %d times", SERVE_ECH_KEYS_MAX);
		wish->ech_keys[wish->ech_key_count++] = optarg;
		return EXIT_GOOD;
	case OPTION_STAPLE:
		wish->staple = optarg;
		return EXIT_GOOD;
	case OPTION_KEY_UPDATE:
		wish->server->key_update = true;
		return EXIT_GOOD;
	default:
		return carrier_take_option(&wish->carrier, option, optarg) ? EXIT_GOOD : EXIT_USAGE;
	}
}

/* ---- listening */

static void accepted(struct listener *listener, const struct stream_source *source, const struct addr *peer)
{
	serve_session_start(CONTAINER_OF(listener->loop, struct server, loop), source, peer);
}

/* What the system says, where our own words for it say little. */
static int say_cannot_listen(enum bj_err err, const char *text)
{
	if (err == BJ_ERR_IO || err == BJ_ERR_IO_UNREACHABLE)
		return say_err(EXIT_USAGE, err, "cannot listen on %s: %s", text, strerror(errno));
	return say_err(EXIT_USAGE, err, "cannot listen on %s", text);
}

/* Machines without IPv6 have no [::1]. Where it is there and somebody else listens, half of those who say localhost would go to him. */
static bool may_lack(enum bj_err err, bool any_port)
{
	return err != BJ_ERR_IO_ADDRESS_IN_USE || any_port;
}

static int listen_at(struct serve_wish *wish, const char *text, bool must, bool any_port)
{
	static const struct listener_options listener_options = { 0 };
	struct server *server = wish->server;
	struct listener *listener = &server->listeners[server->listener_count];
	struct addr addr, bound;
	enum bj_err err = addr_parse(text, 0, &addr);
	int fd = -1;

	if (err)
		return say_failure(EXIT_USAGE, "--listen is an address such as 127.0.0.1 or [::], not '%s'", wish->listen);
	err = listener_open(&addr, &listener_options, &fd, &bound);
	if (!err)
		err = listener_init(listener, &server->loop, fd, accepted);
	if (err)
		return must || !may_lack(err, any_port) ? say_cannot_listen(err, text) : EXIT_GOOD;
	listener->addr = bound;
	wish->port = addr_port(&bound);
	server->listener_count++;
	return EXIT_GOOD;
}

/* On our own TCP/IP. */
static int listen_on_carrier(struct serve_wish *wish)
{
	struct server *server = wish->server;
	struct bj_endpoint at = { .port = wish->port };
	struct addr addr;
	enum bj_err err;
	int code;

	wish->carrier.address = wish->listen;
	code = carrier_open(&server->carrier, &server->loop, &wish->carrier);
	if (code)
		return code;
	at.ip = server->carrier.address;
	addr = net_addr_of(&at);
	err = listener_init_net(&server->listeners[0], &server->carrier.net, &addr, server->carrier.congestion, accepted);
	if (err)
		return say_err(EXIT_USAGE, err, "cannot listen on port %u of %s", wish->port, wish->listen);
	server->listener_count = 1;
	return EXIT_GOOD;
}

static int listen_all(struct serve_wish *wish)
{
	char text[ADDR_TEXT_MAX];
	bool any_port = wish->port == 0;
	int code;

	if (wish->carrier.device)
		return listen_on_carrier(wish);
	if (wish->carrier.gateway || wish->carrier.packets || wish->carrier.congestion)
		return say_failure(EXIT_USAGE, "--gateway, --packets and --congestion need --carrier DEVICE");

	if (wish->listen) {
		bool bare6 = strchr(wish->listen, ':') && wish->listen[0] != '[';

		snprintf(text, sizeof(text), bare6 ? "[%s]:%u" : "%s:%u", wish->listen, wish->port);
		return listen_at(wish, text, true, any_port);
	}
	snprintf(text, sizeof(text), "127.0.0.1:%u", wish->port);
	code = listen_at(wish, text, true, any_port);
	if (code)
		return code;
	snprintf(text, sizeof(text), "[::1]:%u", wish->port);
	return listen_at(wish, text, false, any_port);
}

/* For who starts it from a script with --port 0. */
static void print_ready_json(const struct serve_wish *wish)
{
	static const char *const modes[] = { [SERVE_FILES] = "files", [SERVE_ECHO] = "echo", [SERVE_NAME] = "name" };
	char url[300];
	struct json json;

	snprintf(url, sizeof(url), "%s://%s:%u/", wish->plain ? "http" : "https", wish->listen ? wish->listen : "localhost", wish->port);
	json_document(&json, stdout, "bojagi.serve/1");
	json_text(&json, "url", url);
	json_int(&json, "port", wish->port);
	json_text(&json, "mode", modes[wish->server->mode]);
	json_text(&json, "folder", wish->server->mode == SERVE_FILES ? wish->folder : NULL);
	json_text(&json, "ca_file", wish->ca_path[0] ? wish->ca_path : NULL);
	json_text(&json, "public_key", wish->own_pin[0] ? wish->own_pin : NULL);
	json_document_end(&json);
	fflush(stdout);
}

static void print_ready(const struct serve_wish *wish)
{
	struct terminal terminal = terminal_of(stdout, &wish->options);
	const char *what = wish->server->mode == SERVE_ECHO ? "echo" : wish->server->mode == SERVE_NAME ? wish->server->name : wish->folder;

	if (wish->options.json) {
		print_ready_json(wish);
		return;
	}
	if (wish->ca_path[0])
		printf("%scertificate for localhost, 127.0.0.1, ::1 from the local CA %s\n", terminal_mark(&terminal, MARK_GOOD), wish->ca_path);
	if (wish->own_pin[0])
		printf("%sraw public key %s\n", terminal_mark(&terminal, MARK_GOOD), wish->own_pin);
	printf("%s://%s:%u  serving %s\n", wish->plain ? "http" : "https", wish->listen ? wish->listen : "localhost", wish->port, what);
	if (wish->own_pin[0] && !wish->options.quiet)
		printf("try: bojagi connect %s:%u --raw-public-key --peer-key %s\n", wish->listen ? wish->listen : "localhost", wish->port, wish->own_pin);
	if (wish->ca_path[0] && !wish->options.quiet)
		printf("try: curl --cacert %s https://localhost:%u/\n", wish->ca_path, wish->port);
	fflush(stdout);
}

/* ---- running */

struct stopper {
	struct signals signals;
	struct loop *loop;
	int signo;
};

static void stop(struct signals *signals, int signo)
{
	struct stopper *stopper = CONTAINER_OF(signals, struct stopper, signals);

	stopper->signo = signo;
	loop_stop(stopper->loop);
}

static int run(struct serve_wish *wish)
{
	static const int signos[] = { SIGINT, SIGTERM, 0 };
	struct server *server = wish->server;
	struct stopper stopper = { .loop = &server->loop };
	int code;

	signals_block(signos);
	if (loop_init(&server->loop) != BJ_OK)
		return say_failure(EXIT_INTERNAL, "no event loop: %s", strerror(errno));
	list_init(&server->sessions);
	code = listen_all(wish);
	if (!code && signals_init(&stopper.signals, &server->loop, signos, stop) != BJ_OK)
		code = say_failure(EXIT_INTERNAL, "no signals: %s", strerror(errno));
	if (!code) {
		print_ready(wish);
		loop_run(&server->loop);
		serve_sessions_end(server);
		signals_fini(&stopper.signals);
		code = stopper.signo == SIGINT ? EXIT_INTERRUPTED : EXIT_TERMINATED;
	}
	for (size_t i = 0; i < server->listener_count; i++)
		listener_fini(&server->listeners[i]);
	if (wish->carrier.device)
		carrier_close(&server->carrier);
	loop_fini(&server->loop);
	return code;
}

static int prepare_and_run(struct serve_wish *wish)
{
	struct server *server = wish->server;
	int code = EXIT_GOOD;

	server->quiet = wish->options.quiet;
	if (!wish->port_given)
		wish->port = wish->plain ? 8080 : 8443;
	if (server->mode == SERVE_FILES) {
		server->folder_fd = open(wish->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (server->folder_fd < 0)
			return say_failure(EXIT_USAGE, "cannot serve %s: %s", wish->folder, strerror(errno));
	}
	code = serve_tls_check(wish);
	if (code)
		return code;
	if (!wish->plain)
		code = serve_tls_make(wish);
	return code ? code : run(wish);
}

int cmd_serve(int argc, char **argv)
{
	struct serve_wish wish = { .folder = "." };
	int step, code;

	wish.server = calloc(1, sizeof(*wish.server));
	if (!wish.server)
		return say_err(EXIT_INTERNAL, BJ_ERR_NO_MEMORY, "serve");
	wish.server->mode = SERVE_FILES;
	wish.server->folder_fd = -1;
	options_init(&wish.options, "serve", help, own);
	code = EXIT_GOOD;
	while (!code && (step = options_next(&wish.options, argc, argv, NULL)) > 0)
		code = take_option(&wish, step);
	if (!code && step != OPTIONS_END) {
		code = step == OPTIONS_DONE ? EXIT_GOOD : EXIT_USAGE;
	} else if (!code && argc - optind > 1) {
		code = say_failure(EXIT_USAGE, "serve takes one folder");
	} else if (!code && optind < argc && wish.server->mode != SERVE_FILES) {
		code = say_failure(EXIT_USAGE, "with --echo and --name no folder is served: '%s' is too much", argv[optind]);
	} else if (!code) {
		if (optind < argc)
			wish.folder = argv[optind];
		code = prepare_and_run(&wish);
	}
	bj_tls_config_free(wish.server->tls);
	if (wish.server->folder_fd >= 0)
		close(wish.server->folder_fd);
	free(wish.server);
	return code;
}
