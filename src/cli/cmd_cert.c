/* cmd_cert.c - `bojagi cert`: a local CA, certificates for servers and clients, their revocation, and a look at any certificate. */
#include <stdio.h>
#include <string.h>

#include "cli/cert.h"
#include "cli/command.h"
#include "cli/nearest.h"
#include "cli/options.h"
#include "cli/say.h"

static const char help[] =
	"bojagi cert init [NAME...]          a local CA; NAME: further domains or addresses that it may sign\n"
	"bojagi cert server NAME...          certificate and key for a server, at most 90 days\n"
	"bojagi cert client NAME [--p12]     certificate and key for a client, for browsers as P12, too\n"
	"bojagi cert renew FILE...           the same again with a new key, in the same files\n"
	"bojagi cert show FILE|HOST[:PORT]   what stands in a file, or what a server shows, and whether it is trusted\n"
	"bojagi cert revoke FILE|SERIAL      take a certificate back, and write the CA's list of those\n"
	"bojagi cert crl                     write that list anew\n"
	"bojagi cert ocsp [FILE]             answer over HTTP whether certificates are good; FILE: one answer to staple\n"
	"bojagi cert ech PUBLIC-NAME         a key of Encrypted ClientHello, and the configuration to publish\n"
	"bojagi cert install                 let the system and the browsers trust the CA; uninstall takes it away\n"
	"\n"
	"  --dir DIR      folder of the CA (default: ~/.local/share/bojagi)\n"
	"  --out BASE     write BASE.pem and BASE.key (default: the first name, here); crl, ocsp, ech: the file to write\n"
	"  --days N       how long it is valid (default 90, for a CA five years, for lists 30, for answers 7)\n"
	"  --within N     renew only what ends within N days\n"
	"  --force        overwrite what is there\n"
	"  --p12          server, client, renew: write BASE.p12 with certificate, key and CA\n"
	"  --passout S    its passphrase: file:PATH or env:NAME (default: one is made and printed)\n"
	"  --passin S     show: passphrase of a P12\n"
	"  --reason WORD  revoke: unspecified, key-compromise, affiliation-changed, superseded, stopped, privilege-withdrawn\n"
	"  --listen A, --port N   ocsp: where to answer (default 127.0.0.1 and any free port)\n"
	"  --dry-run      install, uninstall: only say what would be done\n"
	"  --ca FILE      show HOST: judge by these anchors instead of the system's\n"
	"  --json         as JSON\n"
	"\n"
	"The CA may only sign localhost, .test, .internal, 127.0.0.0/8, ::1 and the names it was made for.\n";

enum {
	OPTION_DIR = 1,
	OPTION_OUT,
	OPTION_DAYS,
	OPTION_WITHIN,
	OPTION_FORCE,
	OPTION_CA,
	OPTION_P12,
	OPTION_PASSIN,
	OPTION_PASSOUT,
	OPTION_REASON,
	OPTION_LISTEN,
	OPTION_PORT,
	OPTION_DRY_RUN,
};

static const struct option own[] = {
	{ "dir", required_argument, NULL, OPTION_DIR },
	{ "out", required_argument, NULL, OPTION_OUT },
	{ "days", required_argument, NULL, OPTION_DAYS },
	{ "within", required_argument, NULL, OPTION_WITHIN },
	{ "force", no_argument, NULL, OPTION_FORCE },
	{ "ca", required_argument, NULL, OPTION_CA },
	{ "CAfile", required_argument, NULL, OPTION_CA },
	{ "p12", no_argument, NULL, OPTION_P12 },
	{ "passin", required_argument, NULL, OPTION_PASSIN },
	{ "passout", required_argument, NULL, OPTION_PASSOUT },
	{ "reason", required_argument, NULL, OPTION_REASON },
	{ "listen", required_argument, NULL, OPTION_LISTEN },
	{ "port", required_argument, NULL, OPTION_PORT },
	{ "dry-run", no_argument, NULL, OPTION_DRY_RUN },
	{ 0 },
};

static bool take_number(const char *option, uint64_t min, uint64_t max, uint64_t *out)
{
	if (options_number(optarg, min, max, out))
		return true;
	say_failure(EXIT_USAGE, "--%s is a number from %u to %u, not '%s'", option, (unsigned)min, (unsigned)max, optarg);
	return false;
}

/* False after a message. */
static bool take_option(struct cert_options *o, int option)
{
	uint64_t number;

	o->given |= 1u << option;
	switch (option) {
	case OPTION_DIR:
		o->folder = optarg;
		return true;
	case OPTION_OUT:
		o->out = optarg;
		return true;
	case OPTION_FORCE:
		o->force = true;
		return true;
	case OPTION_CA:
		o->ca_file = optarg;
		return true;
	case OPTION_P12:
		o->p12 = true;
		return true;
	case OPTION_PASSIN:
		o->passin = optarg;
		return true;
	case OPTION_PASSOUT:
		o->passout = optarg;
		return true;
	case OPTION_REASON:
		o->reason = optarg;
		return true;
	case OPTION_LISTEN:
		o->listen = optarg;
		return true;
	case OPTION_DRY_RUN:
		o->dry_run = true;
		return true;
	case OPTION_DAYS:
		if (!take_number("days", 1, 36500, &number))
			return false;
		o->days = (unsigned)number;
		return true;
	case OPTION_WITHIN:
		if (!take_number("within", 1, 36500, &number))
			return false;
		o->within = (unsigned)number;
		return true;
	case OPTION_PORT:
		if (!take_number("port", 0, 65535, &number))
			return false;
		o->port = (uint16_t)number;
		return true;
	default:
		return true;
	}
}

#define BIT(option) (1u << (option))
#define P12 (BIT(OPTION_P12) | BIT(OPTION_PASSOUT))
#define MAKE (BIT(OPTION_OUT) | BIT(OPTION_DAYS) | BIT(OPTION_FORCE))

/* One row for each subcommand: how many operands it wants, an example of them, and which options it has beside --dir: one that is of no use
 * is a mistake of whoever gives it (`revoke --dry-run` revokes). */
static const struct word {
	const char *name;
	int (*run)(struct cert_options *o);
	size_t min, max;
	const char *example;
	unsigned options;
} words[] = {
	{ "init", cert_init, 0, LOCAL_NAMES_MAX, "", BIT(OPTION_DAYS) | BIT(OPTION_FORCE) },
	{ "server", cert_server, 1, ISSUE_NAMES_MAX, "localhost", MAKE | P12 },
	{ "client", cert_client, 1, ISSUE_NAMES_MAX, "alice", MAKE | P12 },
	{ "renew", cert_renew, 1, SIZE_MAX, "localhost.pem", BIT(OPTION_DAYS) | BIT(OPTION_WITHIN) | BIT(OPTION_FORCE) | P12 },
	{ "show", cert_show, 1, 1, "site.pem", BIT(OPTION_CA) | BIT(OPTION_PASSIN) },
	{ "revoke", cert_revoke, 1, 1, "alice.pem", BIT(OPTION_REASON) | BIT(OPTION_OUT) | BIT(OPTION_DAYS) },
	{ "crl", cert_crl, 0, 0, "", MAKE },
	{ "ocsp", cert_ocsp, 0, 1, "site.pem --out site.ocsp", MAKE | BIT(OPTION_LISTEN) | BIT(OPTION_PORT) },
	{ "ech", cert_ech, 1, 1, "public.example", BIT(OPTION_OUT) | BIT(OPTION_FORCE) },
	{ "install", cert_install, 0, 0, "", BIT(OPTION_DRY_RUN) },
	{ "uninstall", cert_uninstall, 0, 0, "", BIT(OPTION_DRY_RUN) },
};

/* An exit code, with its message if it is none of success. */
static int check_options(const struct cert_options *o, const struct word *word)
{
	unsigned useless = o->given & ~(word->options | BIT(OPTION_DIR));

	for (size_t i = 0; own[i].name; i++)
		if (useless & BIT(own[i].val))
			return say_failure(EXIT_USAGE, "--%s is not for cert %s; see bojagi cert --help", own[i].name, word->name);
	if (o->passout && !o->p12)
		return say_failure(EXIT_USAGE, "--passout is the passphrase of a P12: say --p12, too");
	if (word->run == cert_ocsp && o->name_count > 0 && (o->given & (BIT(OPTION_LISTEN) | BIT(OPTION_PORT))))
		return say_failure(EXIT_USAGE, "cert ocsp FILE writes one answer and listens nowhere: --listen and --port are for cert ocsp alone");
	return EXIT_GOOD;
}

static int run_word(struct cert_options *o, const char *name)
{
	const char *names[ARRAY_COUNT(words)], *near;
	int code;

	for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
		names[i] = words[i].name;
		if (strcmp(name, words[i].name) != 0)
			continue;
		if (o->name_count < words[i].min)
			return say_failure(EXIT_USAGE, "cert %s needs a name, for example: bojagi cert %s %s", name, name, words[i].example);
		if (o->name_count > words[i].max)
			return say_failure(EXIT_USAGE, "cert %s does not take so many names: '%s' is too much", name, o->names[words[i].max]);
		code = check_options(o, &words[i]);
		return code ? code : words[i].run(o);
	}
	near = nearest_word(name, names, ARRAY_COUNT(words));
	return near ? say_failure(EXIT_USAGE, "there is no 'cert %s'; did you mean 'cert %s'?", name, near)
		    : say_failure(EXIT_USAGE, "there is no 'cert %s'; `bojagi cert --help` lists what there is", name);
}

int cmd_cert(int argc, char **argv)
{
	struct cert_options o = { 0 };
	int step;

	options_init(&o.options, "cert", help, own);
	while ((step = options_next(&o.options, argc, argv, NULL)) > 0)
		if (!take_option(&o, step))
			return EXIT_USAGE;
	if (step != OPTIONS_END)
		return step == OPTIONS_DONE ? EXIT_GOOD : EXIT_USAGE;
	if (optind >= argc) {
		fputs(help, stderr);
		return EXIT_USAGE;
	}
	o.names = (const char **)argv + optind + 1;
	o.name_count = (size_t)(argc - optind - 1);
	if (!o.folder) {
		if (local_folder(o.folder_buf) != BJ_OK)
			return say_failure(EXIT_USAGE, "there is no home folder for the CA; say where with --dir");
		o.folder = o.folder_buf;
	}
	return run_word(&o, argv[optind]);
}
