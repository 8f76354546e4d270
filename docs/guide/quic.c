/* quic.c - the handshake of QUIC: quic CHAIN-AND-KEY.pem CA.pem NAME. Two ends in one process, bytes carried level by level. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <bojagi/tls.h>

/* What a transport does after every call: it installs the secrets, and sends the bytes at their level. */
static enum bj_err carry(struct bj_tls *from, struct bj_tls *to, const char *name)
{
	static const char *const levels[] = { "initial", "early", "handshake", "application" };
	struct bj_tls_quic_secret secret;
	enum bj_tls_event event = BJ_TLS_NONE;
	enum bj_tls_level level = BJ_TLS_LEVEL_INITIAL;
	enum bj_err err = BJ_OK;
	uint8_t bytes[1200]; /* a datagram */
	size_t len;

	for (; bj_tls_quic_secret(from, &secret); explicit_bzero(&secret, sizeof(secret)))
		printf("%s: %s, suite %04x, %s\n", name, levels[secret.level], secret.suite, secret.write ? "to send" : "to read");
	while (!err && ((len = bj_tls_quic_pull(from, &level, bytes, sizeof(bytes))) > 0 || event != BJ_TLS_NONE)) {
		err = bj_tls_quic_feed(to, (int64_t)time(NULL) * 1000, level, bytes, len, &event);
		if (event == BJ_TLS_DONE) printf("complete; the parameters of %s: %.*s\n", name, 7, bj_tls_quic_peer_params(to).ptr);
	}
	return err;
}

int main(int argc, char **argv)
{
	struct bj_tls_config *ours = bj_tls_config_new(BJ_TLS_CLIENT), *theirs = bj_tls_config_new(BJ_TLS_SERVER);
	const char *const h3 = "h3";
	struct bj_credential *credential = NULL;
	struct bj_trust *trust = bj_trust_new();
	struct bj_tls *client = NULL, *server = NULL;

	if (argc != 4 || bj_credential_from_files(argv[1], NULL, &credential) || bj_tls_config_credential(theirs, credential) ||
	    bj_trust_add_file(trust, argv[2], NULL) || bj_tls_config_trust(ours, trust) || bj_tls_config_alpn(ours, &h3, 1) ||
	    bj_tls_config_alpn(theirs, &h3, 1) || bj_tls_config_quic(ours, true) || bj_tls_config_quic(theirs, true) ||
	    bj_tls_config_freeze(theirs) || bj_tls_config_freeze(ours) || bj_tls_new(theirs, NULL, &server) ||
	    bj_tls_new(ours, argv[3], &client) || bj_tls_quic_set_params(client, "client'", 7) || bj_tls_quic_set_params(server, "server'", 7))
		return 2;
	enum bj_err err = bj_tls_start(client, (int64_t)time(NULL) * 1000);
	while (!err && (bj_tls_pending(client) || bj_tls_pending(server)))
		if (!(err = carry(client, server, "client"))) err = carry(server, client, "server");
	return printf("%s\n", bj_err_text(err)) < 0 || err; /* a failure goes out as CONNECTION_CLOSE 0x0100 + alert_sent */
}
