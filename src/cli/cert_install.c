/* cert_install.c - `bojagi cert install` and `uninstall`: the local CA in the system's trust store and in the browsers'.
 *
 * Systems differ in where a CA is dropped and which program takes it in; browsers that use NSS have a database in each profile, which
 * certutil changes. What is not there is left alone. With --dry-run nothing is changed and every step is told.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/hex.h"
#include "cli/cert.h"
#include "cli/cert_describe.h"
#include "cli/command.h"
#include "cli/say.h"
#include "crypto/hash.h"
#include "host/file.h"

#define NICKNAME_MAX 80
#define DATABASES_MAX 32

extern char **environ;

static const struct system_store {
	const char *folder; /* it exists where the store does */
	const char *ending;
	const char *program[4];
} system_stores[] = {
	{ "/usr/local/share/ca-certificates", ".crt", { "update-ca-certificates" } },          /* Debian, Ubuntu, Alpine */
	{ "/etc/pki/ca-trust/source/anchors", ".pem", { "update-ca-trust", "extract" } },      /* Fedora, RHEL */
	{ "/etc/ca-certificates/trust-source/anchors", ".crt", { "trust", "extract-compat" } }, /* Arch */
	{ "/usr/share/pki/trust/anchors", ".pem", { "update-ca-certificates" } },              /* openSUSE */
};

/* Databases of Chromium and of Firefox in its several homes. */
static const char *const nss_patterns[] = {
	".pki/nssdb",
	".mozilla/firefox/*",
	".config/mozilla/firefox/*",
	"snap/firefox/common/.mozilla/firefox/*",
	"snap/chromium/current/.pki/nssdb",
	".var/app/org.mozilla.firefox/.mozilla/firefox/*",
	".var/app/org.chromium.Chromium/.pki/nssdb",
};

struct job {
	const struct cert_options *o;
	bool install;
	struct terminal terminal;
	struct json json;
	const char *ca_path;
	char nickname[NICKNAME_MAX]; /* the same for both directions: it holds the beginning of the certificate's digest */
	size_t done, failed;
};

static void tell(struct job *job, const char *kind, const char *place, bool good, const char *words)
{
	job->done += good;
	job->failed += !good;
	if (job->o->options.json) {
		json_object(&job->json, NULL);
		json_text(&job->json, "store", kind);
		json_text(&job->json, "place", place);
		json_bool(&job->json, "done", good && !job->o->dry_run);
		json_text(&job->json, "message", words);
		json_object_end(&job->json);
		return;
	}
	printf("%s%s  %s   %s\n", terminal_mark(&job->terminal, good ? MARK_GOOD : MARK_BAD), kind, place, words);
}

/* Runs a program; its words go nowhere. 0, its exit code, or -1 if there is no such program. */
static int run(const char *const *command)
{
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int status, failed;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	failed = posix_spawnp(&pid, command[0], &actions, NULL, (char *const *)command, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (failed)
		return -1;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* ---- the system */

static const char *change_system(struct job *job, const struct system_store *store, const char *path)
{
	struct file_bytes pem = { 0 };
	enum bj_err err;
	int code;

	if (job->install) {
		err = file_read(job->ca_path, FILE_CREDENTIAL_MAX, &pem);
		if (!err)
			err = file_write(path, pem.ptr, pem.len, 0644, true);
		file_bytes_free(&pem);
		if (err)
			return errno == EACCES || errno == EPERM || errno == EROFS ? "needs more rights: repeat it with sudo and --dir" :
										      strerror(errno);
	} else if (unlink(path) != 0) {
		return errno == EACCES || errno == EPERM || errno == EROFS ? "needs more rights: repeat it with sudo and --dir" : strerror(errno);
	}
	code = run(store->program);
	return code == 0 ? NULL : code < 0 ? "the program that takes it in is not installed" : "the program that takes it in failed";
}

static void do_system(struct job *job)
{
	for (size_t i = 0; i < ARRAY_COUNT(system_stores); i++) {
		const struct system_store *store = &system_stores[i];
		char path[FOLDER_PATH_MAX];
		struct stat st;
		const char *trouble;

		if (stat(store->folder, &st) != 0 || !S_ISDIR(st.st_mode))
			continue;
		snprintf(path, sizeof(path), "%s/%s%s", store->folder, job->nickname, store->ending);
		if (!job->install && !path_exists(path))
			continue;
		if (job->o->dry_run) {
			tell(job, "system", path, true, job->install ? "would be added" : "would be removed");
			continue;
		}
		trouble = change_system(job, store, path);
		tell(job, "system", path, !trouble, trouble ? trouble : job->install ? "added" : "removed");
	}
}

/* ---- the browsers */

static void change_nss(struct job *job, const char *database)
{
	char where[FOLDER_PATH_MAX + 8];
	const char *add[] = { "certutil", "-A", "-d", where, "-t", "C,,", "-n", job->nickname, "-i", job->ca_path, NULL };
	const char *find[] = { "certutil", "-L", "-d", where, "-n", job->nickname, NULL };
	const char *take[] = { "certutil", "-D", "-d", where, "-n", job->nickname, NULL };
	int found, code;

	snprintf(where, sizeof(where), "sql:%s", database);
	found = run(find);
	if (found < 0) {
		tell(job, "browser", database, false, "certutil is not installed (Debian: libnss3-tools)");
		return;
	}
	if (!job->install && found != 0)
		return;
	if (job->o->dry_run) {
		tell(job, "browser", database, true, !job->install ? "would be removed" : found == 0 ? "is there already" : "would be added");
		return;
	}
	if (job->install && found == 0) {
		tell(job, "browser", database, true, "is there already");
		return;
	}
	code = run(job->install ? add : take);
	tell(job, "browser", database, code == 0, code ? "certutil failed; is the browser's database locked by a password?" :
					       job->install ? "added" : "removed");
}

static void do_browsers(struct job *job)
{
	const char *home = getenv("HOME");
	size_t seen = 0;

	for (size_t i = 0; home && *home && i < ARRAY_COUNT(nss_patterns); i++) {
		char pattern[FOLDER_PATH_MAX];
		glob_t found;

		snprintf(pattern, sizeof(pattern), "%s/%s/cert9.db", home, nss_patterns[i]);
		if (glob(pattern, 0, NULL, &found) != 0)
			continue;
		for (size_t k = 0; k < found.gl_pathc && seen < DATABASES_MAX; k++, seen++) {
			char *slash = strrchr(found.gl_pathv[k], '/');

			*slash = 0;
			change_nss(job, found.gl_pathv[k]);
		}
		globfree(&found);
	}
}

/* ---- */

static int do_all(struct cert_options *o, bool install)
{
	struct job job = { .o = o, .install = install, .terminal = terminal_of(stdout, &o->options) };
	struct local_pair *ca = calloc(1, sizeof(*ca));
	char path[FOLDER_PATH_MAX], print[17];
	uint8_t digest[HASH_MAX];
	int code;

	if (!ca)
		return say_err(EXIT_INTERNAL, BJ_ERR_NO_MEMORY, "cert");
	code = cert_load_ca(o, ca);
	if (code) {
		free(ca);
		return code;
	}
	hash_once(HASH_SHA256, ca->cert.der, digest);
	hex_encode(digest, 8, print);
	snprintf(job.nickname, sizeof(job.nickname), "bojagi-local-ca-%s", print);
	snprintf(path, sizeof(path), "%s/ca.pem", o->folder);
	job.ca_path = path;
	if (o->options.json) {
		json_document(&job.json, stdout, "bojagi.cert/1");
		json_text(&job.json, "certificate_file", path);
		json_bool(&job.json, "dry_run", o->dry_run);
		json_array(&job.json, "stores");
	}
	do_system(&job);
	do_browsers(&job);
	if (o->options.json) {
		json_array_end(&job.json);
		json_document_end(&job.json);
	} else if (job.done + job.failed == 0) {
		printf("%s%s\n", terminal_mark(&job.terminal, MARK_NONE), install ? "no trust store was found here" : "it is in no trust store");
	} else if (install && !o->dry_run && job.done > 0 && !o->options.quiet) {
		printf("  undo with: bojagi cert uninstall\n");
	}
	local_fini(ca);
	free(ca);
	return job.failed > 0 ? EXIT_USAGE : EXIT_GOOD;
}

int cert_install(struct cert_options *o)
{
	return do_all(o, true);
}

int cert_uninstall(struct cert_options *o)
{
	return do_all(o, false);
}
