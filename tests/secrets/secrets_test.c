/* secrets_test.c - after a connection is freed none of its secrets is left in the memory of the process, and after a configuration
 * is freed no key of its tickets, cached session or private key either.
 *
 * Each row runs in a process of its own: client and server shake hands in memory, exchange data, close, and are freed; taps.c has
 * noted every secret that passed, masked; then all writable memory is searched. While the connection is open the same search
 * must find its keys, or the search itself is broken. Skipped under sanitizers, whose shadow and quarantine are not ours to wipe.
 */
#include "base/test.h"

#include <sys/wait.h>

#include "base/pem.h"
#include "base/prng.h"
#include "base/wipe.h"
#include "host/testkit.h"
#include "memory.h"
#include "taps.h"
#include <bojagi/tls.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#define SKIPPED 77
#define SCALAR_LEN 32 /* P-256 */
#define SESSION_MAX 8192
#define ROUNDS_MAX 20

struct row {
	const char *name;
	enum bj_tls_version version;
	uint16_t suite;
	uint16_t group;    /* the only one of the server; 0: any */
	bool resume;
	bool mutual;
	bool key_update;
	bool distrust;     /* the client refuses the server's chain */
	enum { ECH_NO = 0, ECH_YES, ECH_OLD } ech; /* the hello is encrypted: to the server's key, to another one */
	unsigned cut;      /* freed after so many flights; 0: at the end */
};

static const struct row rows[] = {
	{ .name = "1.3 AES-128-GCM", .version = BJ_TLS_1_3, .suite = 0x1301 },
	{ .name = "1.3 AES-256-GCM", .version = BJ_TLS_1_3, .suite = 0x1302 },
	{ .name = "1.3 ChaCha20-Poly1305", .version = BJ_TLS_1_3, .suite = 0x1303 },
	{ .name = "1.3 P-256 after a HelloRetryRequest", .version = BJ_TLS_1_3, .suite = 0x1301, .group = 0x0017 },
	{ .name = "1.3 P-384", .version = BJ_TLS_1_3, .suite = 0x1302, .group = 0x0018 },
	{ .name = "1.3 key update", .version = BJ_TLS_1_3, .suite = 0x1301, .key_update = true },
	{ .name = "1.3 client certificate", .version = BJ_TLS_1_3, .suite = 0x1301, .mutual = true },
	{ .name = "1.3 resumed", .version = BJ_TLS_1_3, .suite = 0x1301, .resume = true },
	{ .name = "1.3 resumed, SHA-384", .version = BJ_TLS_1_3, .suite = 0x1302, .resume = true },
	{ .name = "1.3 the client refuses", .version = BJ_TLS_1_3, .suite = 0x1301, .distrust = true },
	{ .name = "1.3 cut after the first flight", .version = BJ_TLS_1_3, .suite = 0x1301, .cut = 1 },
	{ .name = "1.3 cut after the second flight", .version = BJ_TLS_1_3, .suite = 0x1301, .cut = 2 },
	{ .name = "1.3 cut after the third flight", .version = BJ_TLS_1_3, .suite = 0x1301, .cut = 3 },
	{ .name = "1.3 encrypted hello", .version = BJ_TLS_1_3, .suite = 0x1301, .ech = ECH_YES },
	{ .name = "1.3 encrypted hellos, a retry and a session", .version = BJ_TLS_1_3, .suite = 0x1301, .group = 0x0018, .resume = true, .ech = ECH_YES },
	{ .name = "1.3 encrypted hello, rejected", .version = BJ_TLS_1_3, .suite = 0x1301, .ech = ECH_OLD },
	{ .name = "1.3 encrypted hello, cut after the first flight", .version = BJ_TLS_1_3, .suite = 0x1301, .ech = ECH_YES, .cut = 1 },
	{ .name = "1.3 encrypted hello, cut after the second flight", .version = BJ_TLS_1_3, .suite = 0x1301, .ech = ECH_YES, .cut = 2 },
	{ .name = "1.2 AES-128-GCM", .version = BJ_TLS_1_2, .suite = 0xc02b },
	{ .name = "1.2 AES-256-GCM", .version = BJ_TLS_1_2, .suite = 0xc02c },
	{ .name = "1.2 ChaCha20-Poly1305", .version = BJ_TLS_1_2, .suite = 0xcca9 },
	{ .name = "1.2 P-256", .version = BJ_TLS_1_2, .suite = 0xc02b, .group = 0x0017 },
	{ .name = "1.2 client certificate", .version = BJ_TLS_1_2, .suite = 0xc02b, .mutual = true },
	{ .name = "1.2 resumed", .version = BJ_TLS_1_2, .suite = 0xc02b, .resume = true },
	{ .name = "1.2 the client refuses", .version = BJ_TLS_1_2, .suite = 0xc02b, .distrust = true },
	{ .name = "1.2 cut after the first flight", .version = BJ_TLS_1_2, .suite = 0xc02b, .cut = 1 },
	{ .name = "1.2 cut after the second flight", .version = BJ_TLS_1_2, .suite = 0xc02b, .cut = 2 },
	{ .name = "1.2 cut after the third flight", .version = BJ_TLS_1_2, .suite = 0xc02b, .cut = 3 },
};

/* ---------------------------------------------------------------- certificates, made in another process */

struct material {
	char folder[64];
	uint8_t server_scalar[SCALAR_LEN], client_scalar[SCALAR_LEN]; /* masked */
	struct bj_ech_key ech[2]; /* of Encrypted ClientHello, all masked: the server's, and one that it does not have */
};

/* The private number in the PKCS#8 text of a P-256 key: an OCTET STRING of 32 bytes after the version. */
static void take_scalar(const struct kit *kit, const char *file, uint8_t *masked)
{
	static const uint8_t before[] = { 0x02, 0x01, 0x01, 0x04, SCALAR_LEN };
	struct file_bytes f;
	struct pem p;
	struct pem_block block;
	uint8_t der[4096];

	assert_int_equal(file_read(kit_path(kit, file), FILE_CREDENTIAL_MAX, &f), BJ_OK);
	p = pem_make(f.ptr, f.len);
	assert_int_equal(pem_next_labelled(&p, "PRIVATE KEY", der, sizeof(der), &block), BJ_OK);
	for (size_t i = 0; i + sizeof(before) + SCALAR_LEN <= block.der.len; i++)
		if (memcmp(der + i, before, sizeof(before)) == 0)
			for (size_t k = 0; k < SCALAR_LEN; k++)
				masked[k] = memory_mask(der[i + sizeof(before) + k]);
	file_bytes_free(&f);
}

/* Masks; and once more, unmasks. */
static void mask_all(void *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		((uint8_t *)bytes)[i] = memory_mask(((uint8_t *)bytes)[i]);
}

/* The CA and a key in one file. */
static void make_bundle(struct kit *kit)
{
	struct file_bytes ca, server;
	char text[16384];

	assert_int_equal(file_read(kit_path(kit, "ca.pem"), FILE_CREDENTIAL_MAX, &ca), BJ_OK);
	assert_int_equal(file_read(kit_path(kit, "server.pem"), FILE_CREDENTIAL_MAX, &server), BJ_OK);
	(void)snprintf(text, sizeof(text), "%s%s", (const char *)ca.ptr, strstr((const char *)server.ptr, "-----BEGIN PRIVATE KEY"));
	kit_write(kit, "bundle.pem", text, strlen(text));
}

static void make_material(int fd)
{
	static struct kit kit;
	static char text[3 * ISSUE_DER_MAX];
	struct material m = { { 0 } };

	kit_open(&kit);
	make_bundle(&kit);
	kit_issue(&kit, ISSUE_CLIENT, "client@example.com", text, sizeof(text));
	kit_write(&kit, "client.pem", text, strlen(text));
	pkey_free(kit.ca_key);
	kit_make_ca(&kit, "Somebody Else");
	kit_write(&kit, "stranger.der", kit.ca_der, kit.ca_len);
	memcpy(m.folder, kit.folder, sizeof(m.folder));
	take_scalar(&kit, "server.pem", m.server_scalar);
	take_scalar(&kit, "client.pem", m.client_scalar);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(bj_ech_key_generate(KIT_NAME, 0, 1, NULL, &m.ech[i]), BJ_OK);
		mask_all(&m.ech[i], sizeof(m.ech[i]));
	}
	if (write(fd, &m, sizeof(m)) != (ssize_t)sizeof(m))
		abort();
}

/* ---------------------------------------------------------------- one connection */

struct world {
	const struct row *row;
	const struct material *material;
	struct bj_tls_config *client_config, *server_config;
	struct bj_tls *client, *server;
	uint8_t session[SESSION_MAX]; /* masked */
	size_t session_len;
	unsigned flights;
};

static uint8_t wire[1 << 17];

static int64_t now(void)
{
	return (int64_t)time(NULL) * 1000;
}

/* Carries what one side has to send, with `text` behind it. The engine says itself what is wrong, later. */
static void carry(struct world *w, struct bj_tls *from, struct bj_tls *to, const char *text)
{
	struct bj_bytes piece = { (const uint8_t *)text, text ? strlen(text) : 0 };
	struct bj_tls_fed fed = { .event = BJ_TLS_DATA };
	size_t at = 0, len = 0, used;

	if (text)
		assert_int_equal(bj_tls_seal(from, &piece, 1, wire, sizeof(wire), &used, &len), BJ_OK);
	else
		len = bj_tls_pull(from, wire, sizeof(wire));
	w->flights += len > 0;
	while (fed.event != BJ_TLS_NONE && !bj_tls_feed(to, now(), wire + at, len - at, &fed))
		at += fed.used;
}

static bool is_cut(const struct world *w)
{
	return w->row->cut > 0 && w->flights >= w->row->cut;
}

static void shake(struct world *w)
{
	assert_int_equal(bj_tls_start(w->client, now()), BJ_OK);
	for (unsigned i = 0; i < ROUNDS_MAX && !is_cut(w); i++) {
		carry(w, w->client, w->server, NULL);
		if (!is_cut(w))
			carry(w, w->server, w->client, NULL);
	}
}

static struct bj_tls_report report_of(const struct bj_tls *conn)
{
	struct bj_tls_report report;

	bj_tls_report(conn, &report);
	return report;
}

static void keep_session(struct world *w)
{
	struct bj_bytes session = bj_tls_session(w->client);

	assert_in_range(session.len, 1, SESSION_MAX);
	w->session_len = session.len;
	for (size_t i = 0; i < session.len; i++)
		w->session[i] = memory_mask(session.ptr[i]);
}

static void offer_session(struct world *w)
{
	uint8_t plain[SESSION_MAX];

	for (size_t i = 0; i < w->session_len; i++)
		plain[i] = memory_mask(w->session[i]);
	assert_int_equal(bj_tls_resume(w->client, now(), plain, w->session_len), BJ_OK);
	wipe(plain, sizeof(plain));
}

static void use(struct world *w)
{
	uint8_t exported[32];

	if (w->row->key_update) {
		assert_int_equal(bj_tls_key_update(w->client, true), BJ_OK);
		carry(w, w->client, w->server, NULL);
		carry(w, w->server, w->client, NULL);
	}
	carry(w, w->client, w->server, "some words");
	carry(w, w->server, w->client, "an answer");
	assert_int_equal(report_of(w->client).bytes_in, 9);
	assert_int_equal(report_of(w->server).bytes_in, 10);
	assert_int_equal(bj_tls_export(w->client, "EXPORTER-test", NULL, 0, exported, sizeof(exported)), BJ_OK);
	wipe(exported, sizeof(exported));
	if (memory_search(LIFE_CONNECTION, false) < 2)
		fail_msg("%s: the search does not even find the keys of an open connection", w->row->name);
	bj_tls_close(w->client);
	carry(w, w->client, w->server, NULL);
	bj_tls_close(w->server);
	carry(w, w->server, w->client, NULL);
	assert_true(report_of(w->client).close_received && report_of(w->server).close_received);
}

static void encrypt_hello(struct world *w)
{
	struct bj_ech_key key = w->material->ech[w->row->ech == ECH_OLD];
	uint8_t list[BJ_ECH_CONFIG_MAX + 2];
	size_t len;

	mask_all(&key, sizeof(key));
	assert_int_equal(bj_ech_config_list(&key, 1, list, sizeof(list), &len), BJ_OK);
	wipe(&key, sizeof(key));
	assert_int_equal(bj_tls_ech(w->client, list, len), BJ_OK);
}

/* From a new connection to its end; then its secrets must be gone. */
static size_t connect_once(struct world *w, bool resuming)
{
	w->flights = 0;
	assert_int_equal(bj_tls_new(w->client_config, KIT_NAME, &w->client), BJ_OK);
	assert_int_equal(bj_tls_new(w->server_config, NULL, &w->server), BJ_OK);
	if (w->row->ech)
		encrypt_hello(w);
	if (resuming)
		offer_session(w);
	shake(w);
	if (w->row->distrust) {
		assert_int_equal(bj_tls_error(w->client), BJ_ERR_CERT_UNKNOWN_CA);
	} else if (w->row->ech == ECH_OLD) {
		assert_int_equal(bj_tls_error(w->client), BJ_ERR_ECH_REJECTED);
	} else if (!w->row->cut) {
		if (bj_tls_error(w->client) || bj_tls_error(w->server))
			fail_msg("%s: client %s, server %s", w->row->name, bj_err_name(bj_tls_error(w->client)),
				 bj_err_name(bj_tls_error(w->server)));
		assert_true(report_of(w->client).handshake_done && report_of(w->server).handshake_done);
		assert_int_equal(report_of(w->client).version, w->row->version);
		assert_int_equal(report_of(w->client).suite, w->row->suite);
		assert_int_equal(report_of(w->server).resumed, resuming);
		assert_int_equal(report_of(w->server).ech, w->row->ech ? BJ_TLS_ECH_ACCEPTED : BJ_TLS_ECH_NONE);
		if (w->row->resume && !resuming)
			keep_session(w);
		use(w);
	}
	bj_tls_free(w->client);
	bj_tls_free(w->server);
	return memory_search(LIFE_CONNECTION, true);
}

static struct bj_tls_config *make_config(const struct row *row, const struct material *m, bool is_server)
{
	struct bj_tls_config *config = bj_tls_config_new(is_server ? BJ_TLS_SERVER : BJ_TLS_CLIENT);
	struct bj_credential *credential = NULL;
	struct bj_trust *trust = bj_trust_new();
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", m->folder, is_server ? "server.pem" : "client.pem");
	if (is_server || row->mutual) {
		assert_int_equal(bj_credential_from_files(path, NULL, &credential), BJ_OK);
		assert_int_equal(bj_tls_config_credential(config, credential), BJ_OK);
		bj_credential_free(credential);
	}
	(void)snprintf(path, sizeof(path), "%s/%s", m->folder, row->distrust ? "stranger.der" : "ca.pem");
	assert_int_equal(bj_trust_add_file(trust, path, NULL), BJ_OK);
	assert_int_equal(bj_tls_config_trust(config, trust), BJ_OK);
	bj_trust_free(trust);
	assert_int_equal(bj_tls_config_versions(config, row->version, row->version), BJ_OK);
	if (!is_server)
		assert_int_equal(bj_tls_config_suites(config, &row->suite, 1), BJ_OK);
	if (is_server && row->group)
		assert_int_equal(bj_tls_config_groups(config, &row->group, 1), BJ_OK);
	if (is_server && row->ech) {
		struct bj_ech_key key = m->ech[0];

		mask_all(&key, sizeof(key));
		assert_int_equal(bj_tls_config_ech_key(config, key.config, key.config_len, key.private_key, key.private_len, true), BJ_OK);
		wipe(&key, sizeof(key));
	}
	if (is_server && row->mutual)
		assert_int_equal(bj_tls_config_client_auth(config, BJ_TLS_AUTH_REQUIRED), BJ_OK);
	assert_int_equal(bj_tls_config_freeze(config), BJ_OK);
	return config;
}

static size_t run_row(const struct row *row, const struct material *m)
{
	static struct world w;
	size_t found;

	memory_note_masked(m->server_scalar, SCALAR_LEN, "private key of the server", LIFE_CONFIG);
	if (row->mutual)
		memory_note_masked(m->client_scalar, SCALAR_LEN, "private key of the client", LIFE_CONFIG);
	w.row = row;
	w.material = m;
	w.client_config = make_config(row, m, false);
	w.server_config = make_config(row, m, true);
	found = connect_once(&w, false);
	if (row->resume)
		found += connect_once(&w, true);
	bj_tls_config_free(w.client_config);
	bj_tls_config_free(w.server_config);
	found += memory_search(LIFE_CONFIG, true);
	(void)printf("%-40s %4zu secrets noted, %zu found\n", row->name, memory_noted(), found);
	return found;
}

/* ---------------------------------------------------------------- the search itself */

/* Leaves a copy in the stack, as a function does that forgets to wipe its locals; so deep that the search does not reach it. */
static __attribute__((noinline)) void leave_on_stack(const uint8_t *masked, size_t len)
{
	volatile uint8_t copy[1 << 16];

	for (size_t i = 0; i < len; i++)
		copy[i] = memory_mask(masked[i]);
	__asm__ __volatile__("" : : "r"(copy) : "memory");
}

static void unmask(uint8_t *to, const uint8_t *masked, size_t len)
{
	for (size_t i = 0; i < len; i++)
		to[i] = memory_mask(masked[i]);
}

static void what_is_left_anywhere_is_found(void **state)
{
	static uint8_t in_data[SCALAR_LEN];
	uint8_t masked[4][SCALAR_LEN];
	struct prng g = { 14 };
	uint8_t *on_heap = malloc(4000);

	(void)state;
	prng_fill(&g, masked, sizeof(masked));
	for (size_t i = 0; i < ARRAY_COUNT(masked); i++)
		memory_note_masked(masked[i], SCALAR_LEN, "planted", LIFE_CONNECTION);
	assert_int_equal(memory_search(LIFE_CONNECTION, true), 0);
	unmask(in_data, masked[0], SCALAR_LEN);
	assert_int_equal(memory_search(LIFE_CONNECTION, false), 1);
	unmask(on_heap + 1001, masked[1], SCALAR_LEN);
	assert_int_equal(memory_search(LIFE_CONNECTION, false), 2);
	__asm__ __volatile__("" : : "r"(on_heap) : "memory");
	free(on_heap); /* freed and not wiped is there still */
	assert_int_equal(memory_search(LIFE_CONNECTION, false), 2);
	leave_on_stack(masked[2], SCALAR_LEN);
	assert_int_equal(memory_search(LIFE_CONNECTION, false), 3);
	wipe(in_data, sizeof(in_data));
	memory_forget();
}

/* ---------------------------------------------------------------- the test */

static struct material material;

/* People give a file with a key in it where only certificates are wanted. */
static void a_key_among_anchors_is_not_left(void **state)
{
	char path[128];
	int status;
	pid_t pid;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/bundle.pem", material.folder);
	(void)fflush(stdout);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct bj_trust *trust = bj_trust_new();
		size_t found;

		memory_note_masked(material.server_scalar, SCALAR_LEN, "private key of the server", LIFE_CONFIG);
		found = bj_trust_add_file(trust, path, NULL) != BJ_OK;
		found += memory_search(LIFE_CONFIG, true);
		(void)fflush(stdout);
		_exit(found > 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

struct trial {
	const struct row *row;
	bool libcrypto_only;
};

static void nothing_is_left(void **state)
{
	const struct trial *trial = *state;
	const struct row *row = trial->row;
	int status;
	pid_t pid;

	(void)fflush(stdout);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		size_t found;

		(void)setenv("CMOCKA_TEST_ABORT", "1", 1); /* a failure ends this process, not only the test */
		taps_libcrypto_only = trial->libcrypto_only;
		found = run_row(row, &material);
		(void)fflush(stdout);
		_exit(found > 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fail_msg("%s: secrets are left, or the connection failed", row->name);
}

static int setup(void **state)
{
	int fds[2], status;
	pid_t pid;

	(void)state;
	if (pipe(fds) != 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		make_material(fds[1]);
		_exit(0);
	}
	if (read(fds[0], &material, sizeof(material)) != (ssize_t)sizeof(material))
		return -1;
	return waitpid(pid, &status, 0) == pid && status == 0 ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	kit_remove(material.folder);
	return 0;
}

int main(int argc, char **argv)
{
	enum { OWN = 2 };
	struct CMUnitTest tests[2 * ARRAY_COUNT(rows) + OWN] = { cmocka_unit_test(what_is_left_anywhere_is_found),
								 cmocka_unit_test(a_key_among_anchors_is_not_left) };
	static struct trial trials[2 * ARRAY_COUNT(rows)];
	static char names[2 * ARRAY_COUNT(rows)][96];

	if (SANITIZED) {
		(void)printf("SKIPPED: a sanitizer keeps copies of memory\n");
		return SKIPPED;
	}
	/* it makes free() overwrite, and so hides what was not wiped */
	if (argc > 0 && getenv("MALLOC_PERTURB_")) {
		(void)unsetenv("MALLOC_PERTURB_");
		(void)execv("/proc/self/exe", argv);
		return 2;
	}
	for (size_t i = 0; i < ARRAY_COUNT(trials); i++) {
		trials[i] = (struct trial){ &rows[i / 2], i % 2 };
		(void)snprintf(names[i], sizeof(names[i]), "nothing is left in memory: %s%s", rows[i / 2].name, i % 2 ? ", by libcrypto" : "");
		tests[i + OWN] = (struct CMUnitTest){ names[i], nothing_is_left, NULL, NULL, &trials[i] };
	}
	return cmocka_run_group_tests(tests, setup, teardown);
}
