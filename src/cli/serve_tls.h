/* serve_tls.h - what `bojagi serve` was asked for, and the configuration of TLS that comes of it: whom it shows and whom it believes. */
#ifndef CLI_SERVE_TLS_H
#define CLI_SERVE_TLS_H

#include "cli/cert_local.h"
#include "cli/code_list.h"
#include "cli/proof.h"
#include "cli/serve.h"

#define SERVE_EARLY_MAX 65536
#define SERVE_EARLY_WINDOW_S 10
#define SERVE_ECH_KEYS_MAX 8

struct serve_wish {
	struct options options;
	struct server *server;
	const char *folder;
	const char *listen;
	const char *cert, *key, *passin;
	const char *staple; /* an OCSP response */
	const char *ca_folder;
	const char *client_ca;
	bool require_client;
	bool plain;
	bool tls12, tls13;
	uint16_t port;
	bool port_given;
	struct carrier_wish carrier;
	struct proof_wish proof;
	uint32_t early_bytes; /* 0: none */
	uint16_t compressions[CODE_LIST_MAX]; /* of certificates */
	size_t compression_count;
	const char *ech_keys[SERVE_ECH_KEYS_MAX];
	size_t ech_key_count;
	char own_pin[PROOF_PIN_TEXT_MAX]; /* of our raw public key, where there is one */
	char ca_path[FOLDER_PATH_MAX + 8]; /* of the local CA, where it was used */
};

/* Do the words go together? An exit code after a message. */
int serve_tls_check(const struct serve_wish *wish);
/* wish->server->tls, frozen. An exit code after a message. */
int serve_tls_make(struct serve_wish *wish);

#endif
