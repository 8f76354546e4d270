/* config.c - see config.h. */
#include <stdio.h>
#include <stdlib.h>

#include "config.h"

void must(enum bj_err err, const char *what)
{
	if (!err)
		return;
	fprintf(stderr, "bench: bojagi failed: %s: %s\n", what, bj_err_text(err));
	exit(1);
}

struct bj_tls_config *config_make(const struct chain *chain, bool is_server, enum bj_tls_version version)
{
	static const uint16_t suites[] = { 0x1301, 0xc02b };
	static const uint16_t groups[] = { 0x001d, 0x0017 }; /* the second for the curve of the certificates */
	struct bj_tls_config *config = bj_tls_config_new(is_server ? BJ_TLS_SERVER : BJ_TLS_CLIENT);

	must(config ? BJ_OK : BJ_ERR_NO_MEMORY, "configuration");
	must(bj_tls_config_versions(config, version, version), "versions");
	must(bj_tls_config_suites(config, suites, 2), "suites");
	must(bj_tls_config_groups(config, groups, 2), "groups");
	if (is_server) {
		struct bj_credential *credential;

		must(bj_credential_from_pem(chain->sent_pem, chain->sent_len, chain->key_pem, chain->key_len, &credential), "credential");
		must(bj_tls_config_credential(config, credential), "credential");
		bj_credential_free(credential);
	} else {
		struct bj_trust *trust = bj_trust_new();

		must(bj_trust_add_pem(trust, chain->root_pem, chain->root_len, NULL), "trust");
		must(bj_tls_config_trust(config, trust), "trust");
		bj_trust_free(trust);
	}
	return config;
}
