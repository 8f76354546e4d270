/* conf_test.c - configurations against what is said about them, word for word, and what good ones become.
 *
 * tests/snapshot/conf holds NAME.conf and what the checker prints, NAME.txt and NAME.json. With BOJAGI_UPDATE=1 in the environment the
 * files are written instead of compared; the difference is then reviewed like code. The world is made up: the name of a certificate's
 * file says what is wrong with it.
 */
#include "base/test.h"

#include <arpa/inet.h>
#include <dirent.h>

#include "base/bytes.h"
#include "gateway/conf_build.h"

#define TEXT_MAX 65536
#define NOW 1800000000

static char folder[4096];

/* ---- the made-up world */

struct fake {
	char name[64];
};
static int alive; /* credentials and anchors that were not freed */

static bool named(const char *path, const char *name)
{
	const char *slash = strrchr(path, '/');

	return strcmp(slash ? slash + 1 : path, name) == 0;
}

static struct fake *fake_new(const char *path)
{
	struct fake *fake = calloc(1, sizeof(*fake));
	const char *slash = path ? strrchr(path, '/') : NULL;

	assert_non_null(fake);
	snprintf(fake->name, sizeof(fake->name), "%s", !path ? "system" : slash ? slash + 1 : path);
	alive++;
	return fake;
}

static enum bj_err fake_credential(void *self, const char *chain, const char *key, const char *passphrase, struct bj_credential **out,
				   char why[BJ_WHY_MAX])
{
	if (named(chain, "sealed.p12") && !passphrase) {
		snprintf(why, BJ_WHY_MAX, "a passphrase is needed");
		return BJ_ERR_KEY_ENCRYPTED;
	}
	if (named(chain, "missing.pem") || (key && named(key, "missing.key")))
		return BJ_ERR_FILE_OPEN;
	if (named(chain, "mismatch.pem"))
		return BJ_ERR_KEY_MISMATCH;
	if (named(chain, "order.pem"))
		return BJ_ERR_CHAIN_ORDER;
	*out = (struct bj_credential *)fake_new(chain);
	return BJ_OK;
}

static enum bj_err fake_trust(void *self, const char *path, struct bj_trust **trust)
{
	if (path && named(path, "missing-ca.pem"))
		return BJ_ERR_FILE_OPEN;
	if (!*trust)
		*trust = (struct bj_trust *)fake_new(path);
	return BJ_OK;
}

static enum bj_err fake_staple(void *self, const char *path, struct bj_credential *const *credentials, size_t count, int64_t *out_next_update,
			       char why[BJ_WHY_MAX])
{
	if (named(path, "missing.ocsp"))
		return BJ_ERR_FILE_OPEN;
	if (named(path, "stranger.ocsp") || count == 0) {
		snprintf(why, BJ_WHY_MAX, "it is about none of the certificates of this block");
		return BJ_ERR_OCSP;
	}
	*out_next_update = NOW + (named(path, "soon.ocsp") ? 5 * 3600 + 5 : named(path, "old.ocsp") ? -7205 : 86400 * 5);
	return BJ_OK;
}

static enum bj_err fake_crl(void *self, const char *path, struct bj_crls **crls, int64_t *out_next_update, bool *out_unnumbered)
{
	if (named(path, "missing.crl"))
		return BJ_ERR_FILE_OPEN;
	if (!*crls)
		*crls = (struct bj_crls *)fake_new(path);
	*out_unnumbered = named(path, "unnumbered.crl");
	*out_next_update = named(path, "endless.crl") ? INT64_MIN : NOW + (named(path, "old.crl") ? -7205 : 86400 * 5);
	return BJ_OK;
}

static enum bj_revocation used_policy;

static void fake_use_crls(struct bj_trust *trust, struct bj_crls *crls, enum bj_revocation policy)
{
	assert_true(trust && crls);
	used_policy = policy;
}

static void fake_crls_free(struct bj_crls *crls)
{
	alive--;
	free(crls);
}

static void fake_credential_free(struct bj_credential *credential)
{
	alive--;
	free(credential);
}

static void fake_trust_free(struct bj_trust *trust)
{
	alive--;
	free(trust);
}

static bool fake_validity(void *self, const struct bj_credential *credential, int64_t *out_not_before, int64_t *out_not_after)
{
	const char *name = ((const struct fake *)credential)->name;

	*out_not_before = NOW - 86400;
	*out_not_after = NOW + 80 * 86400;
	if (strcmp(name, "expired.pem") == 0)
		*out_not_after = NOW - 12 * 86400 - 5;
	if (strcmp(name, "soon.pem") == 0)
		*out_not_after = NOW + 6 * 86400 + 5;
	if (strcmp(name, "future.pem") == 0)
		*out_not_before = NOW + 86400 + 5;
	return true;
}

/* Every made-up certificate is for *.example.com. */
static bool fake_covers(void *self, const struct bj_credential *credential, const char *host)
{
	size_t len = strlen(host);

	return len > 12 && strcmp(host + len - 12, ".example.com") == 0;
}

static bool fake_resolve(void *self, const char *name, uint16_t port, struct conf_address *out)
{
	return strcmp(name, "localhost") == 0 && conf_value_address(BYTES_LIT("127.0.0.1:9"), out);
}

static bool fake_folder_exists(void *self, const char *path)
{
	return strcmp(path, "/nosuch") != 0;
}

static unsigned fake_mode(void *self, const char *path)
{
	return named(path, "missing.key") || named(path, "missing.pem") ? 0 : named(path, "readable.pem") ? 0644 : 0600;
}

static const struct conf_world fake_world = {
	.now_s = NOW,
	.credential = fake_credential,
	.trust = fake_trust,
	.staple = fake_staple,
	.crl = fake_crl,
	.use_crls = fake_use_crls,
	.crls_free = fake_crls_free,
	.credential_free = fake_credential_free,
	.trust_free = fake_trust_free,
	.validity = fake_validity,
	.covers = fake_covers,
	.resolve = fake_resolve,
	.folder_exists = fake_folder_exists,
	.mode = fake_mode,
};

/* ---- files */

static size_t file_read(const char *path, char *out)
{
	FILE *file = fopen(path, "rb");
	size_t len;

	if (!file)
		return 0;
	len = fread(out, 1, TEXT_MAX - 1, file);
	fclose(file);
	out[len] = 0;
	return len;
}

static void file_write(const char *path, const char *text)
{
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void compare(const char *name, const char *ending, const struct conf_report *report, enum conf_report_style style)
{
	static char wanted[TEXT_MAX];
	char path[8192], *text = NULL;
	size_t len = 0;
	FILE *memory = open_memstream(&text, &len);

	assert_non_null(memory);
	conf_report_print(report, memory, style);
	fclose(memory);
	snprintf(path, sizeof(path), "%s/%.*s.%s", folder, (int)(strlen(name) - 5), name, ending);
	if (getenv("BOJAGI_UPDATE")) {
		file_write(path, text);
	} else {
		wanted[0] = 0;
		file_read(path, wanted);
		if (strcmp(wanted, text) != 0)
			fail_msg("%s says\n%s\ninstead of\n%s", name, text, wanted);
	}
	free(text);
}

static void check_file(const char *name)
{
	static char text[TEXT_MAX];
	struct conf_report *report = conf_report_new();
	struct conf_snapshot *snapshot = NULL;
	char path[8192];
	size_t len;
	enum bj_err err;

	assert_non_null(report);
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	len = file_read(path, text);
	err = conf_load_text(&fake_world, name, bytes_of(text, len), report, &snapshot);
	compare(name, "txt", report, CONF_REPORT_PLAIN);
	compare(name, "json", report, CONF_REPORT_JSON);
	assert_true((err == BJ_OK) == (conf_report_errors(report) == 0));
	assert_true(strncmp(name, "bad_", 4) != 0 || err == BJ_ERR_SYNTAX);
	assert_true(strncmp(name, "good_", 5) != 0 || conf_report_warnings(report) == 0);
	conf_unref(snapshot);
	conf_report_free(report);
	assert_int_equal(alive, 0);
}

static void every_file_gets_the_words_that_are_written_beside_it(void **state)
{
	DIR *dir = opendir(folder);
	size_t count = 0;

	assert_non_null(dir);
	for (struct dirent *entry; (entry = readdir(dir));) {
		size_t len = strlen(entry->d_name);

		if (len > 5 && strcmp(entry->d_name + len - 5, ".conf") == 0) {
			check_file(entry->d_name);
			count++;
		}
	}
	closedir(dir);
	assert_true(count >= 8);
}

/* ---- what becomes of good ones */

static struct conf_snapshot *load(const char *text)
{
	struct conf_report *report = conf_report_new();
	struct conf_snapshot *snapshot = NULL;

	if (conf_load_text(&fake_world, "/etc/bojagi/bojagi.conf", bytes_text(text), report, &snapshot)) {
		conf_report_print(report, stderr, CONF_REPORT_PLAIN);
		fail();
	}
	conf_report_free(report);
	return snapshot;
}

static void a_snapshot_has_what_the_file_says(void **state)
{
	static char text[TEXT_MAX];
	char path[8192];
	struct conf_snapshot *s;
	const struct conf_listener *web;
	const struct conf_pool *app;

	snprintf(path, sizeof(path), "%s/good_full.conf", folder);
	file_read(path, text);
	s = load(text);
	assert_int_equal(s->workers, 2);
	assert_true(s->has_admin);
	assert_string_equal(s->access_log.file, "/etc/bojagi/access.log");
	assert_int_equal(s->access_log.format, CONF_LOG_JSON);
	assert_int_equal(s->tls_count, 1);
	assert_int_equal(s->tls[0].credential_count, 2);
	assert_int_equal(s->tls[0].client_auth, BJ_TLS_AUTH_OPTIONAL);
	assert_non_null(s->tls[0].client_trust);
	assert_int_equal(s->tls[0].session_cache_entries, 20480);
	assert_int_equal(s->tls[0].ticket_rotate_s, 8 * 3600);
	assert_int_equal(s->listener_count, 6);
	assert_null(s->listeners[0].device);
	assert_string_equal(s->listeners[3].device, "tun0");
	assert_int_equal(s->listeners[3].network_bits, 16);
	assert_int_equal(s->listeners[3].gateway->sockaddr.ss_family, AF_INET);
	assert_true(s->listeners[3].no_offload);
	assert_string_equal(s->listeners[4].device, "xdp:eth1:2");
	assert_int_equal(s->listeners[4].gateway->sockaddr.ss_family, AF_INET6);
	assert_false(s->listeners[4].no_offload);
	assert_int_equal(s->listeners[3].congestion, BJ_CONGESTION_BBR);
	assert_int_equal(s->listeners[4].congestion, BJ_CONGESTION_CUBIC);
	assert_null(s->listeners[5].device);
	web = &s->listeners[0];
	assert_ptr_equal(web->tls, &s->tls[0]);
	assert_int_equal(web->address.sockaddr.ss_family, AF_INET6);
	assert_int_equal(web->limits.header_size, 32768);
	assert_int_equal(web->limits.body, 10 << 20);
	assert_int_equal(web->limits.requests_per_client_per_min, 60 * 100);
	assert_int_equal(web->limits.requests_per_client_burst, 200);
	assert_int_equal(web->route_count, 4);
	assert_true(web->routes[0].require_client_certificate);
	assert_string_equal(web->routes[0].require_sans[0], "*.ops.example.com");
	assert_string_equal(web->routes[0].matches[0].value, "www.example.com");
	assert_int_equal(web->routes[0].matches[1].kind, CONF_MATCH_PATH);
	assert_ptr_equal(web->routes[0].pool, &s->pools[2]);
	assert_int_equal(web->routes[3].action, CONF_ACTION_REJECT);
	assert_int_equal(web->routes[3].status, 405);
	assert_ptr_equal(web->otherwise.pool, &s->pools[0]);
	app = &s->pools[0];
	assert_int_equal(app->balance, CONF_WEIGHTED_ROUND_ROBIN);
	assert_int_equal(app->server_count, 3);
	assert_int_equal(app->servers[0].weight, 3);
	assert_true(app->servers[2].backup);
	assert_int_equal(app->retries, 2);
	assert_int_equal(app->slow_start_ms, 30000);
	assert_string_equal(s->pools[2].tls->name, "admin.internal");
	assert_int_equal(s->pools[3].keepalive, 8);
	assert_int_equal(s->pools[3].idle_time_ms, 3600000);
	assert_int_equal(s->listeners[2].flow_idle_ms, 5000);
	conf_ref(s);
	conf_unref(s);
	assert_true(alive > 0);
	conf_unref(s);
	assert_int_equal(alive, 0);
}

static void defaults_are_filled_in(void **state)
{
	struct conf_snapshot *s = load("listener web :80 { protocol http; } pool app { server a localhost:9; }");

	assert_int_equal(s->workers, 0);
	assert_false(s->has_admin);
	assert_int_equal(s->access_log.target, CONF_LOG_STDERR);
	assert_int_equal(s->listeners[0].otherwise.action, CONF_ACTION_REJECT);
	assert_int_equal(s->listeners[0].otherwise.status, 404);
	assert_int_equal(s->listeners[0].limits.header_time_ms, 10000);
	assert_int_equal(s->pools[0].retries, 1);
	assert_true(s->pools[0].eject);
	assert_int_equal(s->pools[0].servers[0].weight, 1);
	assert_string_equal(s->pools[0].servers[0].host, "localhost");
	assert_string_equal(s->pools[0].servers[0].authority, "localhost:9");
	conf_unref(s);
}

static void networks_contain_their_addresses(void **state)
{
	static const struct {
		const char *network, *address;
		bool inside;
	} rows[] = {
		{ "10.0.0.0/8", "11.0.0.1", false },	 { "10.0.0.0/8", "10.255.1.2", true },
		{ "203.0.113.0/25", "203.0.113.128", false }, { "203.0.113.0/25", "203.0.113.127", true },
		{ "192.0.2.1", "192.0.2.2", false },	 { "192.0.2.1", "192.0.2.1", true },
		{ "10.0.0.0/8", "::ffff:10.1.2.3", true },   { "10.0.0.0/8", "2001:db8::1", false },
		{ "2001:db8::/32", "2001:db9::1", false },   { "2001:db8::/32", "2001:db8:1::1", true },
		{ "0.0.0.0/0", "198.51.100.7", true },	 { "::/0", "198.51.100.7", false },
		{ "::ffff:10.0.0.0/104", "11.1.2.3", false }, { "::ffff:10.0.0.0/104", "10.1.2.3", true },
		{ "::ffff:192.0.2.1", "::ffff:192.0.2.1", true }, { "::ffff:0:0/96", "2001:db8::1", false },
		{ "::ffff:0:0/96", "198.51.100.7", true },
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct conf_network network;
		struct sockaddr_in v4 = { .sin_family = AF_INET };
		struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
		bool is_v4 = inet_pton(AF_INET, rows[i].address, &v4.sin_addr) == 1;

		assert_true(is_v4 || inet_pton(AF_INET6, rows[i].address, &v6.sin6_addr) == 1);
		assert_true(conf_value_network(bytes_text(rows[i].network), &network));
		assert_int_equal(conf_networks_have(&network, 1, is_v4 ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6), rows[i].inside);
	}
}

static void lists_are_required_unless_said_otherwise(void **state)
{
	static const char form[] = "tls t { certificate \"site.pem\"; client_certificate required { ca \"ca.pem\"; crl \"a.crl\"; %s} }\n"
				   "listener l :1 { protocol http; tls t; otherwise { reject 403; } }\n";
	char text[256];

	for (unsigned i = 0; i < 2; i++) {
		struct conf_snapshot *s;

		snprintf(text, sizeof(text), form, i ? "revocation if_present; " : "");
		used_policy = BJ_REVOCATION_OFF;
		s = load(text);
		assert_int_equal(used_policy, i ? BJ_REVOCATION_IF_PRESENT : BJ_REVOCATION_REQUIRED);
		assert_non_null(s->watches);
		assert_string_equal(s->watches->path, "/etc/bojagi/a.crl");
		assert_null(s->watches->next);
		conf_unref(s);
	}
	assert_int_equal(alive, 0);
}

static void certificates_are_compressed_in_the_order_of_the_list(void **state)
{
	static const char form[] = "tls t { certificate \"site.pem\"; certificate_compression %s; }\n"
				   "listener l :1 { protocol http; tls t; otherwise { reject 403; } }\n";
	uint16_t zlib = bj_tls_compression_by_name("zlib"), zstd = bj_tls_compression_by_name("zstd");
	struct conf_report *report = conf_report_new();
	struct conf_snapshot *s = NULL;
	char text[256];

	if (!zlib || !zstd)
		skip();
	snprintf(text, sizeof(text), form, "zstd zlib zstd");
	assert_int_equal(conf_load_text(&fake_world, "x.conf", bytes_text(text), report, &s), BJ_ERR_SYNTAX);
	conf_report_free(report);
	snprintf(text, sizeof(text), form, "zstd zlib");
	s = load(text);
	assert_int_equal(s->listeners[0].tls->compression_count, 2);
	assert_int_equal(s->listeners[0].tls->compressions[0], zstd);
	assert_int_equal(s->listeners[0].tls->compressions[1], zlib);
	conf_unref(s);
	assert_int_equal(alive, 0);
}

static void a_text_cut_anywhere_is_refused_or_read_without_harm(void **state)
{
	static char text[TEXT_MAX];
	char path[8192];
	size_t len;

	snprintf(path, sizeof(path), "%s/good_full.conf", folder);
	len = file_read(path, text);
	for (size_t cut = 0; cut <= len; cut++) {
		struct conf_report *report = conf_report_new();
		struct conf_snapshot *snapshot = NULL;
		char *copy = malloc(cut + 1);

		memcpy(copy, text, cut);
		if (conf_load_text(&fake_world, "x.conf", bytes_of(copy, cut), report, &snapshot) == BJ_OK)
			conf_unref(snapshot);
		free(copy);
		conf_report_free(report);
		assert_int_equal(alive, 0);
	}
}

/* ---- documentation */

/* Compares a file of the docs with what the tables say; the same switch writes it. */
static void document(const char *root, const char *name, void (*print)(FILE *to))
{
	static char wanted[TEXT_MAX * 2];
	char path[8192], *text = NULL;
	size_t len = 0;
	FILE *memory = open_memstream(&text, &len), *file;

	assert_non_null(memory);
	print(memory);
	fclose(memory);
	snprintf(path, sizeof(path), "%s/%s", root, name);
	if (getenv("BOJAGI_UPDATE")) {
		file_write(path, text);
	} else {
		file = fopen(path, "rb");
		assert_non_null(file);
		wanted[fread(wanted, 1, sizeof(wanted) - 1, file)] = 0;
		fclose(file);
		if (strcmp(wanted, text) != 0)
			fail_msg("%s does not say what the table says; write it with BOJAGI_UPDATE=1", name);
	}
	free(text);
}

static void print_rules(FILE *to)
{
	fputs("# What `bojagi check` says\n\n"
	      "Each problem has a number that never changes. Errors keep a configuration from being used; warnings do not.\n"
	      "This page is written from `src/gateway/conf_rules.def`; a test compares the two.\n\n", to);
	for (const struct conf_rule *rule = conf_rules; rule->number; rule++)
		fprintf(to, "## conf-%03u: %s (%s)\n\n%s\n\n", rule->number, rule->title,
			rule->severity == CONF_ERROR ? "error" : "warning", rule->text);
}

static const char guide_head[] =
	"# The configuration\n\n"
	"Statements end with `;` or have a block in `{` `}`. `#` begins a comment. Sizes are `16k`, `10m`; times `500ms`, `30s`, `8h`.\n"
	"File names stand in double quotes and are relative to the configuration's own folder. `bojagi check FILE` finds every problem\n"
	"in one run; [conf-errors.md](../conf-errors.md) explains each.\n\n"
	"A whole one, that balances two servers, and sends `/admin/` and whoever has a certain cookie to another one:\n\n"
	"```\n"
	"listener web 127.0.0.1:8080 {\n"
	"    protocol http;\n"
	"    route host www.example.com path /admin/ { pool admin; }\n"
	"    route cookie version = canary { pool admin; }\n"
	"    otherwise { pool app; }\n"
	"}\n"
	"pool app {\n"
	"    balance least_connections;\n"
	"    server a 127.0.0.1:9001;\n"
	"    server b 127.0.0.1:9002;\n"
	"    server c 127.0.0.1:9003 backup;\n"
	"}\n"
	"pool admin { server d 127.0.0.1:9004; }\n"
	"```\n\n"
	"In the forms below, words in small letters are written as they are, `a|b` is one of them, `X...` is one or more, and what stands in\n"
	"`[` `]` may be left out. This page is written from `src/gateway/conf_schema.c`; a test compares the two.\n";

static void print_guide(FILE *to)
{
	const char *context = NULL;

	fputs(guide_head, to);
	for (const struct conf_entry *entry = conf_schema; entry->name; entry++) {
		if (!context || strcmp(context, entry->context) != 0)
			fprintf(to, "\n## %s\n\n| setting | what it does |\n|-|-|\n", entry->context[0] ? entry->context : "outermost");
		context = entry->context;
		fprintf(to, "| `");
		for (const char *p = entry->name; *p; p++)
			fputc(*p, to);
		if (entry->pattern[0])
			fputc(' ', to);
		for (const char *p = entry->pattern; *p; p++)
			fprintf(to, *p == '|' ? "\\|" : "%c", *p);
		fprintf(to, "%s` | %s%s |\n", entry->block ? entry->flags & CONF_BLOCK_IS_OPTIONAL ? " [{ }]" : " { }" : "",
			entry->flags & CONF_UNSUPPORTED ? "Not supported yet. " : entry->flags & CONF_MUST ? "Must be given. " : "",
			entry->text);
	}
}

static const char *root;

static void the_pages_about_configuration_say_what_the_tables_say(void **state)
{
	document(root, "docs/conf-errors.md", print_rules);
	document(root, "docs/guide/configuration.md", print_guide);
}

/* Rows of one context stand together, and a row with a block has rows for it. */
static void the_schema_is_in_order(void **state)
{
	for (const struct conf_entry *entry = conf_schema; entry->name; entry++) {
		assert_ptr_equal(conf_entry_find(entry->context, bytes_text(entry->name)), entry);
		assert_true((entry->flags & CONF_UNSUPPORTED) != 0 || entry->take != NULL);
		if (entry->block && !(entry->flags & CONF_UNSUPPORTED)) {
			const struct conf_entry *inner = conf_schema;

			while (inner->name && strcmp(inner->context, entry->block) != 0)
				inner++;
			assert_non_null(inner->name);
		}
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_schema_is_in_order),
		cmocka_unit_test(networks_contain_their_addresses),
		cmocka_unit_test(every_file_gets_the_words_that_are_written_beside_it),
		cmocka_unit_test(a_snapshot_has_what_the_file_says),
		cmocka_unit_test(defaults_are_filled_in),
		cmocka_unit_test(lists_are_required_unless_said_otherwise),
		cmocka_unit_test(certificates_are_compressed_in_the_order_of_the_list),
		cmocka_unit_test(a_text_cut_anywhere_is_refused_or_read_without_harm),
		cmocka_unit_test(the_pages_about_configuration_say_what_the_tables_say),
	};

	root = argc > 1 ? argv[1] : ".";
	snprintf(folder, sizeof(folder), "%s/tests/snapshot/conf", root);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
