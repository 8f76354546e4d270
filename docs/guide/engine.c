/* engine.c - TLS without a socket: engine CHAIN-AND-KEY.pem CA.pem NAME. A client and a server, bytes carried by hand. */
#include <stdio.h>
#include <time.h>

#include <bojagi/tls.h>

/* Takes what `from` has to send, with `text` behind it if there is one, and feeds it to `to`. */
static enum bj_err carry(struct bj_tls *from, struct bj_tls *to, const char *name, struct bj_bytes text)
{
	static uint8_t wire[1 << 16];
	struct bj_tls_fed fed = { .event = BJ_TLS_DATA };
	size_t at = 0, used, len = text.len ? 0 : bj_tls_pull(from, wire, sizeof(wire));
	enum bj_err err = text.len ? bj_tls_seal(from, &text, 1, wire, sizeof(wire), &used, &len) : BJ_OK;

	for (; !err && fed.event != BJ_TLS_NONE; at += fed.used) {
		err = bj_tls_feed(to, (int64_t)time(NULL) * 1000, wire + at, len - at, &fed);
		if (fed.event == BJ_TLS_DONE) printf("%s: the handshake is complete\n", name);
		if (fed.event == BJ_TLS_DATA) printf("%s heard: %.*s\n", name, (int)fed.data.len, (const char *)fed.data.ptr);
	}
	return err;
}

int main(int argc, char **argv)
{
	struct bj_tls_config *ours = bj_tls_config_new(BJ_TLS_CLIENT), *theirs = bj_tls_config_new(BJ_TLS_SERVER);
	struct bj_trust *trust = bj_trust_new();
	struct bj_credential *credential = NULL;
	struct bj_tls *client = NULL, *server = NULL;
	struct bj_bytes hello = { (const uint8_t *)"hello", 5 }, none = { NULL, 0 };

	if (argc != 4 || bj_credential_from_files(argv[1], NULL, &credential) || bj_tls_config_credential(theirs, credential) ||
	    bj_trust_add_file(trust, argv[2], NULL) || bj_tls_config_trust(ours, trust) || bj_tls_config_freeze(theirs) ||
	    bj_tls_config_freeze(ours) || bj_tls_new(theirs, NULL, &server) || bj_tls_new(ours, argv[3], &client))
		return 2;
	enum bj_err err = bj_tls_start(client, (int64_t)time(NULL) * 1000);
	while (!err && (bj_tls_pending(client) || bj_tls_pending(server)))
		if (!(err = carry(client, server, "server", none))) err = carry(server, client, "client", none);
	if (!err && !(err = carry(client, server, "server", hello))) err = carry(server, client, "client", hello);
	return printf("%s\n", bj_err_text(err)) < 0 || err; /* a program that goes on frees what it made */
}
