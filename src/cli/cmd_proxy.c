/* cmd_proxy.c - `bojagi proxy`: runs the gateway. `bojagi check` is cmd_check.c's. */
#include <stdio.h>

#include "base/bytes.h"
#include "cli/command.h"
#include "cli/options.h"
#include "gateway/gateway.h"

#define WORKERS_MAX 256

static const char help[] =
	"bojagi proxy -c bojagi.conf      runs the gateway in the foreground\n"
	"\n"
	"  -c, --config FILE   the configuration; `bojagi check FILE` judges it without running\n"
	"  --example           print a configuration to begin with: a load balancer in eight lines\n"
	"  --workers N         threads that serve clients, instead of what the configuration says\n"
	"\n"
	"SIGHUP, or `bojagi reload FILE`, reads the configuration again; a bad file changes nothing. SIGTERM finishes what is in\n"
	"progress and ends; a second one ends at once.\n";

static const char example[] =
	"# first: bojagi cert init; bojagi cert server localhost --out site; then: bojagi check FILE; bojagi proxy -c FILE\n"
	"admin 127.0.0.1:9443;                       # dashboard and /metrics\n"
	"tls site { certificate \"site.pem\" key \"site.key\"; }\n"
	"listener web :8443 { protocol http; tls site; pool app; }\n"
	"pool app {\n"
	"    server a 127.0.0.1:3000;\n"
	"    server b 127.0.0.1:3001;\n"
	"}\n";

int cmd_proxy(int argc, char **argv)
{
	static const struct option own[] = { { "config", required_argument, NULL, 'c' },
					     { "example", no_argument, NULL, 'e' },
					     { "workers", required_argument, NULL, 'w' },
					     { 0 } };
	struct gateway_options options = { 0 };
	const char *path = NULL;
	struct options o;
	uint64_t number;
	int got;

	options_init(&o, argv[0], help, own);
	while ((got = options_next(&o, argc, argv, "c:")) != OPTIONS_END) {
		switch (got) {
		case 'c':
			path = optarg;
			break;
		case 'w':
			if (!options_number(optarg, 1, WORKERS_MAX, &number)) {
				fprintf(stderr, "bojagi proxy: --workers wants a number from 1 to %d\n", WORKERS_MAX);
				return EXIT_USAGE;
			}
			options.workers = (unsigned)number;
			break;
		case 'e':
			fputs(example, stdout);
			return EXIT_GOOD;
		case OPTIONS_DONE:
			return EXIT_GOOD;
		default:
			return EXIT_USAGE;
		}
	}
	if (!path && optind < argc)
		path = argv[optind++];
	if (!path || optind < argc) {
		fputs("bojagi proxy: which configuration? try: bojagi proxy -c bojagi.conf\n", stderr);
		return EXIT_USAGE;
	}
	options.quiet = o.quiet;
	return gateway_run(path, &options);
}
