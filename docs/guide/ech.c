/* ech.c - an encrypted hello: ech CHAIN-AND-KEY.pem CA.pem NAME. The client knows an old key, is told the new one, and tries again. */
#include <stdio.h>
#include <time.h>

#include <bojagi/tls.h>

int main(int argc, char **argv)
{
	struct bj_tls_config *ours = bj_tls_config_new(BJ_TLS_CLIENT), *theirs = bj_tls_config_new(BJ_TLS_SERVER);
	struct bj_trust *trust = bj_trust_new();
	struct bj_credential *own = NULL;
	struct bj_ech_key old, new; /* NAME is also what can be seen on the wire: use one there that stands for many */
	struct bj_tls_report seen = { .err = BJ_ERR_ECH_REJECTED };
	static uint8_t dns[BJ_ECH_CONFIG_MAX], wire[1 << 16]; /* `dns`: what an HTTPS record has behind "ech=", in base64 */

	if (argc != 4 || bj_credential_from_files(argv[1], NULL, &own) || bj_tls_config_credential(theirs, own) ||
	    bj_ech_key_generate(argv[3], 64, -1, NULL, &old) || bj_ech_key_generate(argv[3], 64, -1, NULL, &new) ||
	    bj_tls_config_ech_key(theirs, new.config, new.config_len, new.private_key, new.private_len, true) || bj_tls_config_freeze(theirs) ||
	    bj_trust_add_file(trust, argv[2], NULL) || bj_tls_config_trust(ours, trust) || bj_tls_config_freeze(ours) ||
	    bj_ech_config_list(&old, 1, dns, sizeof(dns), &seen.ech_retry_configs.len))
		return 2;
	seen.ech_retry_configs.ptr = dns;
	for (int tries = 0; tries < 2 && seen.err == BJ_ERR_ECH_REJECTED; tries++) {
		struct bj_tls *sides[2]; /* those of the first try hold what the second goes on with; a program that goes on frees them */

		if (bj_tls_new(ours, argv[3], &sides[0]) || bj_tls_new(theirs, NULL, &sides[1]) ||
		    bj_tls_ech(sides[0], seen.ech_retry_configs.ptr, seen.ech_retry_configs.len) || bj_tls_start(sides[0], (int64_t)time(NULL) * 1000))
			return 2;
		for (int from = 0; bj_tls_pending(sides[0]) || bj_tls_pending(sides[1]); from = !from) { /* bytes by hand: see engine.c */
			struct bj_tls_fed fed = { .event = BJ_TLS_DATA };
			size_t at = 0, len = bj_tls_pull(sides[from], wire, sizeof(wire));

			for (; fed.event && !bj_tls_feed(sides[!from], (int64_t)time(NULL) * 1000, wire + at, len - at, &fed); at += fed.used) {}
		}
		bj_tls_report(sides[0], &seen);
		printf("%s\n", seen.err ? bj_err_text(seen.err) : seen.ech == BJ_TLS_ECH_ACCEPTED ? "the server opened the hello" : "in the clear");
	}
	return seen.err != BJ_OK;
}
