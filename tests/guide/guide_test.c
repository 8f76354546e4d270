/* guide_test.c - the programs of docs/guide do what they say: run with the paths of engine, client and server, then of their
 * sources. Certificates are made on the spot; client and server talk over the loopback interface.
 */
#include "base/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "host/testkit.h"

#define LINES_MAX 55
#define OUTPUT_MAX 4096
#define CONNECT_TRIES 200

static struct kit kit;
static const char *engine, *client, *server, *quic, *ktls, *early;
static char *const *sources;
static char ca[PATH_MAX], credential[PATH_MAX];

static int setup(void **state)
{
	(void)state;
	kit_open(&kit);
	(void)snprintf(ca, sizeof(ca), "%s", kit_path(&kit, "ca.pem"));
	(void)snprintf(credential, sizeof(credential), "%s", kit_path(&kit, "local.pem"));
	{
		static char text[3 * ISSUE_DER_MAX];

		kit_issue(&kit, ISSUE_SERVER, "127.0.0.1", text, sizeof(text));
		kit_write(&kit, "local.pem", text, strlen(text));
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	kit_close(&kit);
	return 0;
}

static pid_t start(const char *program, const char *const *args, int out_fd)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid > 0)
		return pid;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves no server behind */
	if (out_fd >= 0 && (dup2(out_fd, STDOUT_FILENO) < 0 || dup2(out_fd, STDERR_FILENO) < 0))
		_exit(126);
	(void)execv(program, (char *const *)(uintptr_t)args);
	_exit(127);
}

/* Runs a program to its end; gives its exit code and what it said. */
static int run(const char *program, const char *a, const char *b, const char *c, char output[OUTPUT_MAX])
{
	const char *args[] = { program, a, b, c, NULL };
	int fds[2], status;
	size_t len = 0;
	ssize_t got;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = start(program, args, fds[1]);
	(void)close(fds[1]);
	while ((got = read(fds[0], output + len, OUTPUT_MAX - 1 - len)) > 0)
		len += (size_t)got;
	output[len] = 0;
	(void)close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void no_program_is_longer_than_a_screen(void **state)
{
	(void)state;
	for (size_t i = 0; sources[i]; i++) {
		struct file_bytes f;
		size_t lines = 0;

		assert_int_equal(file_read(sources[i], 100000, &f), BJ_OK);
		for (size_t at = 0; at < f.len; at++)
			lines += f.ptr[at] == '\n';
		assert_in_range(lines, 10, LINES_MAX);
		file_bytes_free(&f);
	}
}

static void the_engine_shakes_hands_and_carries_words(void **state)
{
	char output[OUTPUT_MAX];

	(void)state;
	assert_int_equal(run(engine, credential, ca, "127.0.0.2", output), 1);
	assert_non_null(strstr(output, "for other names"));
	assert_int_equal(run(engine, credential, "/nowhere", "127.0.0.1", output), 2);
	assert_int_equal(run(engine, credential, ca, "127.0.0.1", output), 0);
	assert_non_null(strstr(output, "server: the handshake is complete"));
	assert_non_null(strstr(output, "client: the handshake is complete"));
	assert_non_null(strstr(output, "server heard: hello"));
	assert_non_null(strstr(output, "client heard: hello"));
}

static void early_data_is_taken_under_a_session(void **state)
{
	char output[OUTPUT_MAX];

	(void)state;
	assert_int_equal(run(early, credential, ca, "127.0.0.2", output), 1);
	assert_null(strstr(output, "done 1"));
	assert_int_equal(run(early, credential, ca, "127.0.0.1", output), 0);
	assert_string_equal(output, "done 1, resumed 0, accepted 0\nserver heard early: GET /\ndone 1, resumed 1, accepted 1\n");
}

static void quic_gets_its_secrets_in_order(void **state)
{
	char output[OUTPUT_MAX];
	const char *at = output;
	static const char *const lines[] = {
		"server: handshake, suite 1301, to read\n", "server: handshake, suite 1301, to send\n", "server: application, suite 1301, to send\n",
		"client: handshake, suite 1301, to read\n", "client: handshake, suite 1301, to send\n", "client: application, suite 1301, to read\n",
		"client: application, suite 1301, to send\n", "the parameters of client: client'\n", "server: application, suite 1301, to read\n",
	};

	(void)state;
	assert_int_equal(run(quic, credential, ca, "127.0.0.2", output), 1);
	assert_non_null(strstr(output, "for other names"));
	assert_int_equal(run(quic, credential, ca, "127.0.0.1", output), 0);
	for (size_t i = 0; i < ARRAY_COUNT(lines); i++) {
		at = strstr(at, lines[i]);
		if (!at)
			fail_msg("%s", lines[i]);
	}
	assert_non_null(strstr(output, "the parameters of server: server'"));
}

/* A port that is free now. */
static void free_port(char text[8])
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	(void)snprintf(text, 8, "%u", (unsigned)ntohs(address.sin_port));
	(void)close(fd);
}

/* Waits until somebody listens there. */
static void wait_for_port(const char *port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int connected = -1;

	address.sin_port = htons((uint16_t)atoi(port));
	for (int i = 0; i < CONNECT_TRIES && connected != 0; i++) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);

		connected = connect(fd, (struct sockaddr *)&address, sizeof(address));
		(void)close(fd);
		if (connected != 0)
			(void)usleep(20000);
	}
	assert_int_equal(connected, 0);
}

static void the_client_reads_the_servers_page_and_refuses_strangers(void **state)
{
	char port[8], output[OUTPUT_MAX];
	const char *args[] = { server, port, credential, NULL };
	pid_t pid;

	(void)state;
	free_port(port);
	pid = start(server, args, -1);
	wait_for_port(port);
	assert_int_equal(run(client, "127.0.0.1", port, ca, output), 0);
	assert_non_null(strstr(output, "hello over TLS"));
	assert_int_equal(run(client, "localhost", port, ca, output), 1); /* not the name in the certificate */
	assert_null(strstr(output, "hello over TLS"));
	assert_int_equal(run(client, "127.0.0.1", port, credential, output), 1); /* not the CA */
	assert_int_equal(run(client, "127.0.0.1", port, ca, output), 0); /* the server goes on */
	assert_int_equal(run(ktls, "127.0.0.1", port, ca, output), 0);
	assert_non_null(strstr(output, "records by the "));
	assert_non_null(strstr(output, "hello over TLS"));
	assert_int_equal(run(ktls, "127.0.0.1", port, credential, output), 1);
	assert_int_equal(kill(pid, SIGTERM), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(run(client, "127.0.0.1", port, ca, output), 1);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_program_is_longer_than_a_screen),
		cmocka_unit_test(the_engine_shakes_hands_and_carries_words),
		cmocka_unit_test(early_data_is_taken_under_a_session),
		cmocka_unit_test(quic_gets_its_secrets_in_order),
		cmocka_unit_test(the_client_reads_the_servers_page_and_refuses_strangers),
	};

	if (argc < 8) {
		(void)fprintf(stderr, "usage: guide_test ENGINE CLIENT SERVER QUIC KTLS EARLY SOURCE...\n");
		return 2;
	}
	/* the programs leave it to the system to take back what they hold at their end */
	(void)setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
	engine = argv[1];
	client = argv[2];
	server = argv[3];
	quic = argv[4];
	ktls = argv[5];
	early = argv[6];
	sources = argv + 7;
	return cmocka_run_group_tests(tests, setup, teardown);
}
