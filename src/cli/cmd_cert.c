/* cmd_cert.c - `bojagi cert`: a local CA, certificates for servers and clients, and a look at any certificate. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/pem.h"
#include "base/wipe.h"
#include "cli/cert_describe.h"
#include "cli/cert_local.h"
#include "cli/clock.h"
#include "cli/command.h"
#include "cli/connect.h"
#include "cli/nearest.h"
#include "cli/options.h"
#include "cli/say.h"
#include "host/file.h"
#include "x509/time.h"

static const char help[] =
	"bojagi cert init [NAME...]          a local CA; NAME: further domains or addresses that it may sign\n"
	"bojagi cert server NAME...          certificate and key for a server, at most 90 days\n"
	"bojagi cert client NAME             certificate and key for a client\n"
	"bojagi cert show FILE|HOST[:PORT]   what stands in a file, or what a server shows, and whether it is trusted\n"
	"\n"
	"  --dir DIR      folder of the CA (default: ~/.local/share/bojagi)\n"
	"  --out BASE     write BASE.pem and BASE.key (default: the first name, here)\n"
	"  --days N       how long it is valid (default 90, for a CA five years)\n"
	"  --force        overwrite what is there\n"
	"  --ca FILE      show HOST: judge by these anchors instead of the system's\n"
	"  --json         as JSON\n"
	"\n"
	"The CA may only sign localhost, .test, .internal, 127.0.0.0/8, ::1 and the names it was made for.\n";

struct cert_options {
	struct options options;
	const char *folder;
	char folder_buf[FOLDER_PATH_MAX];
	const char *out;
	const char *ca_file;
	unsigned days;
	bool force;
	const char **names; /* operands behind the subcommand */
	size_t name_count;
};

/* ---- what was made */

/* The names that a CA may sign, as people write them. */
static void print_signs(const struct cert_options *o)
{
	fputs("  signs only   ", stdout);
	for (size_t i = 0; local_names[i]; i++)
		printf("%s%s", i ? ", " : "", local_names[i]);
	for (size_t i = 0; i < o->name_count; i++)
		printf(", %s", o->names[i]);
	puts("  (and names below)");
}

static void print_made(const struct cert_options *o, const struct local_pair *pair, const char *base, const char *what,
		       const char *next)
{
	struct terminal terminal = terminal_of(stdout, &o->options);
	char name[SHOW_NAME_MAX], until[TIME_TEXT_MAX], left[DESCRIBE_VALIDITY_MAX];
	int64_t now = clock_unix_ms() / 1000;

	if (o->options.json) {
		struct json json;
		char path[FOLDER_PATH_MAX + 8];

		json_begin(&json, stdout);
		json_object(&json, NULL);
		snprintf(path, sizeof(path), "%s.pem", base);
		json_text(&json, "certificate_file", path);
		snprintf(path, sizeof(path), "%s.key", base);
		json_text(&json, "key_file", path);
		json_array(&json, "certificates");
		describe_cert_json(&json, &pair->cert, now);
		json_array_end(&json);
		json_object_end(&json);
		json_end(&json);
		return;
	}
	if (o->options.quiet)
		return;
	describe_short(&pair->cert, name);
	time_text(pair->cert.not_after, until);
	describe_validity(&pair->cert, now, left);
	printf("%s%s \"%s\"  P-256\n", terminal_mark(&terminal, MARK_GOOD), what, name);
	printf("  certificate  %s.pem   until %s, %s\n", base, until, left);
	printf("  key          %s.key   (0600: keep it to yourself)\n", base);
	if (pair->cert.is_ca)
		print_signs(o);
	if (next)
		printf("  next         %s\n", next);
}

static int save_failure(enum bj_err err, const char *base)
{
	if (err == BJ_ERR_FILE_EXISTS)
		return say_failure(EXIT_USAGE, "%s.pem or %s.key is there already; --force overwrites it", base, base);
	if (err == BJ_ERR_FILE_WRITE)
		return say_failure(EXIT_USAGE, "cannot write %s.pem and %s.key: %s", base, base, strerror(errno));
	return say_err(EXIT_INTERNAL, err, "cannot write %s.pem", base);
}

/* ---- init */

static int run_init(struct cert_options *o)
{
	char base[FOLDER_PATH_MAX + 4];
	struct local_pair *ca = calloc(1, sizeof(*ca));
	enum bj_err err;
	int code = EXIT_GOOD;

	if (!ca)
		return say_err(EXIT_INTERNAL, BJ_ERR_NO_MEMORY, "cert init");
	snprintf(base, sizeof(base), "%s/ca", o->folder);
	err = folder_make(o->folder);
	if (err) {
		code = say_failure(EXIT_USAGE, "cannot make the folder %s: %s", o->folder, strerror(errno));
		goto free_it;
	}
	err = local_make_ca(o->names, o->name_count, o->days ? o->days : LOCAL_CA_DAYS, clock_unix_ms() / 1000, ca);
	if (err) {
		code = say_err(err == BJ_ERR_ARGUMENT || err == BJ_ERR_LIMIT ? EXIT_USAGE : EXIT_INTERNAL, err,
			       "no CA can be made for these names");
		goto free_it;
	}
	err = local_save(ca, base, o->force);
	if (err)
		code = save_failure(err, base);
	else
		print_made(o, ca, base, "local CA", "bojagi cert server localhost");
	local_fini(ca);
free_it:
	free(ca);
	return code;
}

/* ---- server, client */

/* "*.example.test" is a poor file name. */
static void base_of_name(const char *name, char *out, size_t cap)
{
	size_t at = 0;

	for (; *name && at + 1 < cap; name++)
		out[at++] = *name == '*' || *name == '/' || *name == ':' || *name == '@' ? '_' : *name;
	out[at] = '\0';
}

static int load_ca(const struct cert_options *o, struct local_pair *ca)
{
	enum bj_err err = local_load_ca(o->folder, ca);

	if (err == BJ_ERR_FILE_OPEN && errno == ENOENT)
		return say_failure(EXIT_USAGE, "there is no CA in %s; make one with: bojagi cert init", o->folder);
	if (err == BJ_ERR_FILE_OPEN)
		return say_failure(EXIT_OWN_CERTIFICATE, "cannot read the CA in %s: %s", o->folder, strerror(errno));
	if (err)
		return say_err(EXIT_OWN_CERTIFICATE, err, "the CA in %s cannot be used", o->folder);
	return EXIT_GOOD;
}

static int issue_failure(enum bj_err err, const char *bad, const struct local_pair *ca)
{
	char name[SHOW_NAME_MAX];

	if (err == BJ_ERR_ARGUMENT && bad)
		return say_failure(EXIT_USAGE, "'%s' is neither a DNS name nor an address", bad);
	if (err != BJ_ERR_CERT_NAME_CONSTRAINT || !bad)
		return say_err(err == BJ_ERR_ARGUMENT ? EXIT_USAGE : EXIT_INTERNAL, err, "no certificate can be made for these names");
	describe_short(&ca->cert, name);
	return say_failure(EXIT_USAGE,
			   "\"%s\" may not sign %s: only local names and those that it was made for\n"
			   "  a CA for it: bojagi cert init %s --dir DIR",
			   name, bad, bad);
}

static int run_issue(struct cert_options *o, enum issue_kind kind)
{
	struct local_pair *pairs = calloc(2, sizeof(*pairs)), *ca = pairs, *leaf = pairs ? pairs + 1 : NULL;
	char base[FOLDER_PATH_MAX], next[3 * FOLDER_PATH_MAX + 128];
	const char *bad = NULL;
	enum bj_err err;
	int code;

	if (!pairs)
		return say_err(EXIT_INTERNAL, BJ_ERR_NO_MEMORY, "cert");
	if (o->days > LOCAL_LEAF_DAYS_MAX) {
		code = say_failure(EXIT_USAGE, "a certificate is made for at most %d days", LOCAL_LEAF_DAYS_MAX);
		goto free_them;
	}
	code = load_ca(o, ca);
	if (code)
		goto free_them;
	err = local_issue(ca, kind, o->names, o->name_count, o->days ? o->days : LOCAL_LEAF_DAYS_MAX, clock_unix_ms() / 1000, leaf, &bad);
	if (err) {
		code = issue_failure(err, bad, ca);
		goto free_them;
	}
	if (o->out)
		snprintf(base, sizeof(base), "%s", o->out);
	else
		base_of_name(o->names[0], base, sizeof(base));
	err = local_save(leaf, base, o->force);
	if (kind == ISSUE_SERVER)
		snprintf(next, sizeof(next), "bojagi serve --cert %s.pem --key %s.key", base, base);
	else
		snprintf(next, sizeof(next), "curl --cert %s.pem --key %s.key --cacert %s/ca.pem https://...", base, base, o->folder);
	if (err)
		code = save_failure(err, base);
	else
		print_made(o, leaf, base, kind == ISSUE_SERVER ? "certificate for server" : "certificate for client", next);
free_them:
	local_fini(ca);
	local_fini(leaf);
	free(pairs);
	return code;
}

/* ---- show */

struct show {
	const struct cert_options *o;
	struct terminal terminal;
	struct json json;
	int64_t now;
	size_t count;
	enum bj_err verdict; /* of a host's chain, or why there is none */
};

static enum bj_err show_der(struct show *show, struct bj_bytes der)
{
	struct cert cert;
	enum bj_err err = cert_parse(der, &cert);

	if (err)
		return err;
	show->count++;
	if (show->o->options.json) {
		describe_cert_json(&show->json, &cert, show->now);
		return BJ_OK;
	}
	if (show->count > 1)
		putchar('\n');
	describe_cert(&show->terminal, &cert, show->count, show->now);
	return BJ_OK;
}

/* PEM with any blocks, of which certificates are shown, or the DER of one certificate. */
static enum bj_err show_bytes(struct show *show, const uint8_t *bytes, size_t len, uint32_t *out_line)
{
	struct pem pem = pem_make(bytes, len);
	struct pem_block block;
	uint8_t *der;
	enum bj_err err;

	*out_line = 0;
	if (len > 0 && bytes[0] == 0x30) /* SEQUENCE */
		return show_der(show, bytes_of(bytes, len));
	der = malloc(PEM_DER_MAX(len));
	if (!der)
		return BJ_ERR_NO_MEMORY;
	for (;;) {
		err = pem_next_labelled(&pem, "CERTIFICATE", der, PEM_DER_MAX(len), &block);
		*out_line = err ? pem.line : block.line;
		if (!err)
			err = show_der(show, block.der);
		if (err)
			break;
	}
	wipe(der, PEM_DER_MAX(len)); /* the file may hold a key, too */
	free(der);
	return err == BJ_ERR_PEM_NONE && show->count > 0 ? BJ_OK : err;
}

/* The certificates of a connection, whatever is thought of them. */
static void show_connection(void *self, const struct connection *c)
{
	struct show *show = self;
	const struct bj_verdict *v = &c->client.verdict;
	bool trusted = c->client.judged && v->err == BJ_OK;

	show->verdict = c->client.judged ? v->err : c->err;
	if (show->o->options.json) {
		json_begin(&show->json, stdout);
		json_object(&show->json, NULL);
		json_text(&show->json, "host", show->o->names[0]);
		json_array(&show->json, "certificates");
	}
	for (size_t i = 0; i < c->client.chain_count; i++)
		if (show_der(show, c->client.chain[i]) != BJ_OK)
			say_err(EXIT_GOOD, BJ_ERR_CERT_DER, "certificate %zu", i + 1);
	if (show->o->options.json) {
		json_array_end(&show->json);
		json_bool(&show->json, "trusted", trusted);
		json_text(&show->json, "error", show->verdict ? bj_err_name(show->verdict) : NULL);
		json_object_end(&show->json);
		json_end(&show->json);
	} else if (c->client.judged) {
		printf("\n%s%s: %s%s", terminal_mark(&show->terminal, trusted ? MARK_GOOD : MARK_BAD), c->client.name,
		       trusted ? "trusted by " : bj_err_text(v->err), trusted ? "" : "; ");
		terminal_print(&show->terminal, trusted ? v->anchor : v->detail, strlen(trusted ? v->anchor : v->detail));
		putchar('\n');
	}
}

static int show_host(struct cert_options *o)
{
	struct show show = { .o = o, .terminal = terminal_of(stdout, &o->options), .now = clock_unix_ms() / 1000 };
	struct connect_wish wish = { .options = o->options, .insecure = true, .ca_file = o->ca_file };
	int code;

	if (target_parse(o->names[0], 443, &wish.target) != BJ_OK)
		return say_failure(EXIT_USAGE, "%s is neither a file nor HOST[:PORT]", o->names[0]);
	code = connect_look(&wish, show_connection, &show);
	if (code)
		return say_err((enum exit_code)code, show.verdict, "%s", o->names[0]);
	return show.verdict ? EXIT_NOT_TRUSTED : EXIT_GOOD;
}

/* People who mean a file write a path or an ending, and nobody calls a host so. */
static bool looks_like_file(const char *text)
{
	static const char *const endings[] = { ".pem", ".crt", ".cer", ".der", ".key" };
	size_t len = strlen(text);

	if (path_exists(text))
		return true;
	for (size_t i = 0; i < ARRAY_COUNT(endings); i++)
		if (len > 4 && strcmp(text + len - 4, endings[i]) == 0)
			return true;
	return strchr(text, '/') && strncmp(text, "https://", 8) != 0;
}

static int run_show(struct cert_options *o)
{
	struct show show = { .o = o, .terminal = terminal_of(stdout, &o->options), .now = clock_unix_ms() / 1000 };
	const char *path = o->names[0];
	struct file_bytes bytes = { 0 };
	uint32_t line;
	enum bj_err err;

	if (!looks_like_file(path))
		return show_host(o);
	err = file_read(path, FILE_PEM_MAX, &bytes);
	if (err)
		return say_failure(EXIT_USAGE, "cannot read %s: %s", path, strerror(errno));
	if (o->options.json) {
		json_begin(&show.json, stdout);
		json_object(&show.json, NULL);
		json_text(&show.json, "file", path);
		json_array(&show.json, "certificates");
	}
	err = show_bytes(&show, bytes.ptr, bytes.len, &line);
	file_bytes_free(&bytes);
	if (o->options.json) {
		json_array_end(&show.json);
		json_text(&show.json, "error", err ? bj_err_name(err) : NULL);
		json_object_end(&show.json);
		json_end(&show.json);
	}
	if (!err)
		return EXIT_GOOD;
	fflush(stdout);
	if (line > 0)
		return say_err(EXIT_OWN_CERTIFICATE, err, "%s:%" PRIu32, path, line);
	return say_err(EXIT_OWN_CERTIFICATE, err, "%s", path);
}

/* ---- */

enum { OPTION_DIR = 1, OPTION_OUT, OPTION_DAYS, OPTION_FORCE, OPTION_CA };

static int take_options(struct cert_options *o, int argc, char **argv)
{
	static const struct option own[] = {
		{ "dir", required_argument, NULL, OPTION_DIR },
		{ "out", required_argument, NULL, OPTION_OUT },
		{ "days", required_argument, NULL, OPTION_DAYS },
		{ "force", no_argument, NULL, OPTION_FORCE },
		{ "ca", required_argument, NULL, OPTION_CA },
		{ "CAfile", required_argument, NULL, OPTION_CA },
		{ 0 },
	};
	uint64_t days;
	int step;

	options_init(&o->options, "cert", help, own);
	while ((step = options_next(&o->options, argc, argv, NULL)) > 0)
		switch (step) {
		case OPTION_DIR:
			o->folder = optarg;
			break;
		case OPTION_OUT:
			o->out = optarg;
			break;
		case OPTION_FORCE:
			o->force = true;
			break;
		case OPTION_CA:
			o->ca_file = optarg;
			break;
		case OPTION_DAYS:
			if (!options_number(optarg, 1, 36500, &days)) {
				say_failure(EXIT_USAGE, "--days is a number from 1 to 36500, not '%s'", optarg);
				return OPTIONS_BAD;
			}
			o->days = (unsigned)days;
			break;
		}
	return step;
}

int cmd_cert(int argc, char **argv)
{
	static const char *const words[] = { "init", "server", "client", "show" };
	struct cert_options o = { 0 };
	const char *word, *near;
	int step = take_options(&o, argc, argv);

	if (step != OPTIONS_END)
		return step == OPTIONS_DONE ? EXIT_GOOD : EXIT_USAGE;
	if (optind >= argc) {
		fputs(help, stderr);
		return EXIT_USAGE;
	}
	word = argv[optind];
	o.names = (const char **)argv + optind + 1;
	o.name_count = (size_t)(argc - optind - 1);
	if (!o.folder) {
		if (local_folder(o.folder_buf) != BJ_OK)
			return say_failure(EXIT_USAGE, "there is no home folder for the CA; say where with --dir");
		o.folder = o.folder_buf;
	}
	if (strcmp(word, "init") == 0)
		return run_init(&o);
	if (strcmp(word, "server") == 0 || strcmp(word, "client") == 0) {
		if (o.name_count == 0)
			return say_failure(EXIT_USAGE, "cert %s needs a name, for example: bojagi cert %s %s", word, word,
					   word[0] == 's' ? "localhost" : "alice");
		return run_issue(&o, word[0] == 's' ? ISSUE_SERVER : ISSUE_CLIENT);
	}
	if (strcmp(word, "show") == 0) {
		if (o.name_count != 1)
			return say_failure(EXIT_USAGE, "cert show needs one file or host, for example: bojagi cert show site.pem");
		return run_show(&o);
	}
	near = nearest_word(word, words, ARRAY_COUNT(words));
	return near ? say_failure(EXIT_USAGE, "there is no 'cert %s'; did you mean 'cert %s'?", word, near)
		    : say_failure(EXIT_USAGE, "there is no 'cert %s'; there are: init server client show", word);
}
