/* early.c - a session, then early data under it: early CHAIN-AND-KEY.pem CA.pem NAME. Client and server, bytes carried by hand. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <bojagi/tls.h>

static uint8_t wire[1 << 16], session[1 << 16]; /* the session as it would lie in a file; it is secret */
static size_t session_len;

/* Feeds what stands on the wire. */
static void carry(size_t len, struct bj_tls *to, const char *name)
{
	struct bj_tls_fed fed = { .event = BJ_TLS_DATA };

	for (size_t at = 0; fed.event != BJ_TLS_NONE; at += fed.used) {
		if (bj_tls_feed(to, (int64_t)time(NULL) * 1000, wire + at, len - at, &fed)) return;
		if (fed.event == BJ_TLS_EARLY_DATA) printf("%s heard early: %.*s\n", name, (int)fed.data.len, (const char *)fed.data.ptr);
		if (fed.event == BJ_TLS_TICKET) memcpy(session, bj_tls_session(to).ptr, session_len = bj_tls_session(to).len);
	}
}

static int connection(struct bj_tls *client, struct bj_tls *server)
{
	struct bj_bytes request = { (const uint8_t *)"GET /", 5 }; /* must do no harm when it comes twice */
	struct bj_tls_report report;
	size_t used, len;

	if (session_len && bj_tls_resume(client, (int64_t)time(NULL) * 1000, session, session_len)) return 2;
	if (bj_tls_start(client, (int64_t)time(NULL) * 1000)) return 2;
	bj_tls_report(client, &report);
	if (report.early_data == BJ_TLS_EARLY_OFFERED && !bj_tls_seal(client, &request, 1, wire, sizeof(wire), &used, &len))
		carry(len, server, "server");
	for (; bj_tls_pending(client) || bj_tls_pending(server); carry(bj_tls_pull(server, wire, sizeof(wire)), client, "client"))
		carry(bj_tls_pull(client, wire, sizeof(wire)), server, "server");
	bj_tls_report(client, &report); /* what was not accepted must be sealed again now */
	printf("done %d, resumed %d, accepted %d\n", report.handshake_done, report.resumed, report.early_data == BJ_TLS_EARLY_ACCEPTED);
	return !report.handshake_done;
}

int main(int argc, char **argv)
{
	struct bj_tls_config *ours = bj_tls_config_new(BJ_TLS_CLIENT), *theirs = bj_tls_config_new(BJ_TLS_SERVER);
	struct bj_trust *trust = bj_trust_new();
	struct bj_credential *credential = NULL;
	struct bj_tls *c[2], *s[2];

	if (argc != 4 || bj_credential_from_files(argv[1], NULL, &credential) || bj_tls_config_credential(theirs, credential) ||
	    bj_trust_add_file(trust, argv[2], NULL) || bj_tls_config_trust(ours, trust) || bj_tls_config_early_data(ours, 16384, 0) ||
	    bj_tls_config_early_data(theirs, 16384, 10) || bj_tls_config_freeze(theirs) || bj_tls_config_freeze(ours)) return 2;
	for (int i = 0; i < 2; i++)
		if (bj_tls_new(theirs, NULL, &s[i]) || bj_tls_new(ours, argv[3], &c[i])) return 2;
	return connection(c[0], s[0]) || connection(c[1], s[1]); /* a program that goes on frees what it made */
}
