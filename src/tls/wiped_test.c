/* wiped_test.c - after a connection and its configuration are gone, no secret of theirs is left in this process's memory.
 *
 * The secrets are learned from the key log and from the structures themselves, and kept inverted; then all writable memory (heap, stack,
 * data) is searched for them.
 */
#include <fcntl.h>
#include <unistd.h>

#include "crypto/rng_os.h"
#include "tls/early.h"
#include "tls/psk.h"
#include "tls/testkit.h"
#include "tls/ticket.h"

#if defined(__has_feature)
#define IS_SANITIZED (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer))
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED 1
#else
#define IS_SANITIZED 0
#endif

#define SECRETS_MAX 64
#define SECRET_LEN 16 /* the first bytes are enough to find it */

static struct pki pki;
static struct pair pair;

static struct {
	uint8_t inverted[SECRET_LEN];
	char what[40];
} secrets[SECRETS_MAX];
static size_t secret_count;

static void learn(const char *what, const uint8_t *bytes)
{
	assert_true(secret_count < SECRETS_MAX);
	for (size_t i = 0; i < SECRET_LEN; i++)
		secrets[secret_count].inverted[i] = (uint8_t)~bytes[i];
	snprintf(secrets[secret_count++].what, sizeof(secrets[0].what), "%s", what);
}

static uint8_t nibble(char c)
{
	return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static void keylog(void *self, const char *line)
{
	const char *end = strrchr(line, ' ') + 1;
	uint8_t bytes[SECRET_LEN];
	char label[40];

	for (size_t i = 0; i < SECRET_LEN; i++)
		bytes[i] = (uint8_t)(nibble(end[2 * i]) << 4 | nibble(end[2 * i + 1]));
	snprintf(label, sizeof(label), "%.*s", (int)(strchr(line, ' ') - line), line);
	learn(label, bytes);
	memset(bytes, 0, sizeof(bytes));
}

/* How often a secret stands in [at, at + len). */
static unsigned count_in(const uint8_t *at, size_t len, size_t secret)
{
	uint8_t first = (uint8_t)~secrets[secret].inverted[0];
	const uint8_t *p = at, *end = at + len;
	unsigned found = 0;

	while (p + SECRET_LEN <= end && (p = memchr(p, first, (size_t)(end - p) - SECRET_LEN + 1)) != NULL) {
		size_t i = 1;

		while (i < SECRET_LEN && (p[i] ^ secrets[secret].inverted[i]) == 0xff)
			i++;
		found += i == SECRET_LEN;
		p++;
	}
	return found;
}

/* All writable memory of this process; the copies are made in a mapping of their own that is left out. */
static unsigned search(bool say)
{
	static uint8_t window[1 << 20];
	FILE *maps = fopen("/proc/self/maps", "r");
	int mem = open("/proc/self/mem", O_RDONLY);
	unsigned found = 0;
	char line[512];

	assert_non_null(maps);
	assert_true(mem >= 0);
	while (fgets(line, sizeof(line), maps)) {
		unsigned long from, to;
		char mode[8];

		if (sscanf(line, "%lx-%lx %7s", &from, &to, mode) != 3 || mode[0] != 'r' || mode[1] != 'w')
			continue;
		for (unsigned long at = from; at < to;) {
			size_t want = to - at < sizeof(window) ? to - at : sizeof(window);
			ssize_t got = pread(mem, window, want, (off_t)at);

			if (got <= SECRET_LEN)
				break;
			for (size_t s = 0; s < secret_count; s++) {
				unsigned n;

				if (at + (size_t)got > (uintptr_t)window && at < (uintptr_t)window + sizeof(window))
					continue; /* the window itself */
				n = count_in(window, (size_t)got, s);
				if (n > 0 && say)
					print_message("%u of %s in %s", n, secrets[s].what, line);
				found += n;
			}
			at += got == (ssize_t)want && at + want < to ? want - SECRET_LEN : want;
		}
	}
	memset(window, 0, sizeof(window));
	fclose(maps);
	close(mem);
	return found;
}

static void learn_connection(const struct bj_tls *conn)
{
	learn("record key (read)", conn->rd.aead.key);
	learn("record key (write)", conn->wr.aead.key);
	if (conn->version == BJ_TLS_1_2)
		learn("master secret", conn->s12.master.bytes);
	else if (!conn->is_server)
		learn("resumption secret", conn->s13.resumption.bytes);
}

static void connect_and_forget(enum bj_tls_version version, bool searches_before)
{
	struct bj_tls_config *client = pki_client_config(&pki), *server = pki_server_config(&pki, KEY_P256);

	secret_count = 0;
	assert_int_equal(bj_tls_config_versions(client, version, version), BJ_OK);
	assert_int_equal(bj_tls_config_keylog(client, keylog, NULL), BJ_OK);
	pair_start(&pair, client, server, PKI_NAME);
	pair_shake(&pair);
	assert_int_equal(pair.server.done, 1);
	pair_echo(&pair);
	assert_true(version == BJ_TLS_1_2 || bj_tls_key_update(pair.client.conn, true) == BJ_OK);
	pair_run(&pair);
	pair_echo(&pair);
	learn_connection(pair.client.conn);
	learn_connection(pair.server.conn);
	if (searches_before) /* proves that the search finds what is there */
		assert_true(search(false) >= 4);
	pair_fini(&pair);
	bj_tls_config_free(client);
	bj_tls_config_free(server);
	assert_true(secret_count >= 5);
}

static void nothing_is_left_of_13(void **state)
{
	connect_and_forget(BJ_TLS_1_3, true);
	assert_int_equal(search(true), 0);
}

static void nothing_is_left_of_12(void **state)
{
	connect_and_forget(BJ_TLS_1_2, true);
	assert_int_equal(search(true), 0);
}

/* A key from outside, a session under it, early data under that: the key, what is imported of it, and all early secrets. */
static void nothing_is_left_of_keys_from_outside_and_early_data(void **state)
{
	struct bj_tls_config *client = bj_tls_config_new(BJ_TLS_CLIENT), *server = bj_tls_config_new(BJ_TLS_SERVER);
	struct bj_tls_psk psk = { .identity = "psk1", .identity_len = 4, .key_len = 32 };
	struct bj_bytes early = BYTES_LIT("early");
	uint8_t key[32];
	size_t used, len;

	secret_count = 0;
	assert_int_equal(rng_fill(&client->rng, key, sizeof(key)), BJ_OK);
	psk.key = key;
	assert_int_equal(bj_tls_config_psk(client, &psk), BJ_OK);
	assert_int_equal(bj_tls_config_psk(server, &psk), BJ_OK);
	learn("the key", key);
	wipe(key, sizeof(key));
	learn("its import", server->psks[0].imports[0].key.bytes);
	assert_int_equal(bj_tls_config_early_data(client, 100, 0), BJ_OK);
	assert_int_equal(bj_tls_config_early_data(server, 100, 10), BJ_OK);
	assert_int_equal(bj_tls_config_keylog(client, keylog, NULL), BJ_OK);
	pair_start(&pair, client, server, NULL);
	pair_shake(&pair);
	pair_echo(&pair);
	learn_connection(pair.client.conn);
	{
		struct pair *next = calloc(1, sizeof(*next));
		struct bj_bytes session = bj_tls_session(pair.client.conn);

		assert_non_null(next);
		pair_start(next, client, server, NULL);
		assert_int_equal(bj_tls_resume(next->client.conn, NOW_MS, session.ptr, session.len), BJ_OK);
		pair_fini(&pair);
		assert_int_equal(bj_tls_start(next->client.conn, NOW_MS), BJ_OK);
		assert_int_equal(bj_tls_seal(next->client.conn, &early, 1, next->server.wire, WIRE_CAP, &used, &len), BJ_OK);
		next->server.wire_len = len;
		learn("early exporter", next->client.conn->hs->early_data->exporter.bytes);
		learn("session", next->client.conn->hs->session->secret.bytes);
		assert_true(search(false) >= 4);
		pair_run(next);
		assert_int_equal(report_of(&next->server).early_data, BJ_TLS_EARLY_ACCEPTED);
		pair_fini(next);
		free(next);
	}
	bj_tls_config_free(client);
	bj_tls_config_free(server);
	assert_int_equal(search(true), 0);
}

static void nothing_is_left_of_ticket_keys(void **state)
{
	struct bj_tls_config *server = pki_server_config(&pki, KEY_P256);
	uint8_t *newest;

	secret_count = 0;
	assert_int_equal(bj_tls_config_freeze(server), BJ_OK);
	/* the first slot begins behind the set's own fields: its words are found by the name that a ticket shows */
	{
		uint8_t bytes[TICKET_LEN_MAX];
		struct writer w = wr_make(bytes, sizeof(bytes));
		struct session s = { .version = BJ_TLS_1_3, .suite = 0x1301 };
		struct ticket_use use = { 0 };

		secret_set(&s.secret, "0123456789abcdef0123456789abcdef", 32);
		assert_int_equal(ticket_seal(server->tickets, &use, &server->rng, NOW_MS, &s, &w), BJ_OK);
		ticket_use_fini(&use);
		newest = memmem(server->tickets, 256, bytes, TICKET_NAME_LEN);
		assert_non_null(newest);
		learn("ticket key", newest + TICKET_NAME_LEN);
		memset(bytes, 0, sizeof(bytes));
	}
	assert_true(search(false) >= 1);
	bj_tls_config_free(server);
	assert_int_equal(search(true), 0);
}

static int group_setup(void **state)
{
	if (IS_SANITIZED) {
		print_message("SKIPPED: a sanitizer keeps copies of its own\n");
		exit(0);
	}
	pki_make(&pki);
	return 0;
}

static int group_teardown(void **state)
{
	pki_fini(&pki);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_left_of_13),
		cmocka_unit_test(nothing_is_left_of_12),
		cmocka_unit_test(nothing_is_left_of_keys_from_outside_and_early_data),
		cmocka_unit_test(nothing_is_left_of_ticket_keys),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
