/* serve_tls.c - see serve_tls.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/wipe.h"
#include "cli/clock.h"
#include "cli/command.h"
#include "cli/ech_file.h"
#include "cli/own_credential.h"
#include "cli/say.h"
#include "cli/serve_tls.h"
#include "host/file.h"
#include "x509/ocsp.h"

/* ---- the certificate */

/* The local CA, made if there is none yet. */
static int find_ca(struct serve_wish *wish, struct local_pair *ca)
{
	char folder[FOLDER_PATH_MAX], base[FOLDER_PATH_MAX + 4];
	enum bj_err err;

	if (wish->ca_folder)
		snprintf(folder, sizeof(folder), "%s", wish->ca_folder);
	else if (local_folder(folder) != BJ_OK)
		return say_failure(EXIT_USAGE, "there is no home folder for a local CA; give --cert and --key, or --dir");
	snprintf(wish->ca_path, sizeof(wish->ca_path), "%s/ca.pem", folder);
	err = local_load_ca(folder, ca);
	if (!err)
		return EXIT_GOOD;
	if (err != BJ_ERR_FILE_OPEN || errno != ENOENT)
		return say_err(EXIT_OWN_CERTIFICATE, err, "the local CA in %s cannot be used", folder);
	snprintf(base, sizeof(base), "%s/ca", folder);
	local_fini(ca);
	err = folder_make(folder);
	if (!err)
		err = local_make_ca(NULL, 0, LOCAL_CA_DAYS, clock_unix_ms() / 1000, ca);
	if (!err)
		err = local_save(ca, base, false);
	return err ? say_err(EXIT_OWN_CERTIFICATE, err, "no local CA can be made in %s", folder) : EXIT_GOOD;
}

static int make_credential(struct serve_wish *wish, struct bj_credential **out)
{
	static const char *const names[] = { "localhost", "127.0.0.1", "::1" };
	struct local_pair *pairs = calloc(2, sizeof(*pairs));
	char *chain = NULL, *key = NULL;
	size_t chain_len = 0, key_len = 0;
	const char *bad;
	enum bj_err err;
	int code;

	if (!pairs)
		return say_err(EXIT_INTERNAL, BJ_ERR_NO_MEMORY, "serve");
	code = find_ca(wish, &pairs[0]);
	if (code)
		goto free_them;
	err = local_issue(&pairs[0], ISSUE_SERVER, names, 3, LOCAL_LEAF_DAYS_MAX, clock_unix_ms() / 1000, &pairs[1], &bad);
	if (!err)
		err = local_cert_pem(&pairs[1], &chain, &chain_len);
	if (!err)
		err = local_key_pem(&pairs[1], &key, &key_len);
	if (!err)
		err = bj_credential_from_pem(chain, chain_len, key, key_len, out);
	if (err)
		code = say_err(EXIT_OWN_CERTIFICATE, err, "no certificate for localhost can be made");
	if (key)
		wipe(key, key_len);
free_them:
	free(chain);
	free(key);
	local_fini(&pairs[0]);
	local_fini(&pairs[1]);
	free(pairs);
	return code;
}

/* A key alone: that of --key, or one made now. */
static int make_raw_key(struct serve_wish *wish, struct bj_credential **out)
{
	uint8_t der[LOCAL_KEY_DER_MAX];
	struct pkey *key = NULL;
	size_t len = 0;
	enum bj_err err;
	int code;

	if (wish->key) {
		code = proof_own_key("--key", wish->key, out);
	} else {
		err = pkey_generate(KEY_P256, 0, &key);
		if (!err)
			err = pkey_pkcs8(key, der, sizeof(der), &len);
		if (!err)
			err = bj_credential_from_key(der, len, out);
		pkey_free(key);
		wipe(der, sizeof(der));
		code = err ? say_err(EXIT_OWN_CERTIFICATE, err, "no key can be made") : EXIT_GOOD;
	}
	if (!code)
		proof_pin_text(bj_credential_public_key(*out), wish->own_pin);
	return code;
}

/* A response about another certificate would make every client that looks refuse us. */
static int load_staple(const struct serve_wish *wish, struct bj_credential *credential)
{
	struct file_bytes bytes = { 0 };
	struct ocsp_answer answer;
	struct cert leaf;
	enum bj_err err = file_read(wish->staple, BJ_STAPLE_MAX, &bytes);
	int code = EXIT_GOOD;

	if (err)
		return say_failure(EXIT_OWN_CERTIFICATE, "cannot read --staple %s: %s", wish->staple, errno ? strerror(errno) : bj_err_text(err));
	err = cert_parse(bj_credential_chain(credential, 0), &leaf);
	if (!err && !ocsp_mentions(bytes_of(bytes.ptr, bytes.len), leaf.serial, &answer))
		code = say_failure(EXIT_OWN_CERTIFICATE, "--staple %s is no OCSP response about the certificate in %s", wish->staple, wish->cert);
	if (!err && !code)
		err = bj_credential_staple_ocsp(credential, bytes.ptr, bytes.len);
	file_bytes_free(&bytes);
	return err ? say_err(EXIT_OWN_CERTIFICATE, err, "--staple %s", wish->staple) : code;
}

static int load_credential(struct serve_wish *wish, struct bj_tls_config *config)
{
	struct bj_credential *credential = NULL;
	enum bj_err err = BJ_OK;
	int code = EXIT_GOOD;

	if (wish->proof.psk && !wish->cert && !wish->proof.raw_public_key)
		return EXIT_GOOD; /* the key is all that proves who we are */
	if (wish->proof.raw_public_key)
		code = make_raw_key(wish, &credential);
	else if (wish->cert)
		code = own_credential_open(&wish->options, "--cert", wish->cert, wish->key, wish->passin, &credential);
	else
		code = make_credential(wish, &credential);
	if (!code && wish->staple)
		code = load_staple(wish, credential);
	if (code) {
		bj_credential_free(credential);
		return code;
	}
	err = bj_tls_config_credential(config, credential);
	bj_credential_free(credential);
	return err ? say_err(EXIT_OWN_CERTIFICATE, err, "the certificate cannot be used") : EXIT_GOOD;
}

static int load_clients(const struct serve_wish *wish, struct bj_tls_config *config)
{
	struct bj_trust *trust;
	enum bj_err err;
	int code;

	if (!wish->client_ca)
		return EXIT_GOOD;
	trust = bj_trust_new();
	if (!trust)
		return say_err(EXIT_INTERNAL, BJ_ERR_NO_MEMORY, "serve");
	err = bj_trust_add_file(trust, wish->client_ca, NULL);
	if (err) {
		code = say_file_err(EXIT_CA_FILE, err, "--ca", wish->client_ca);
		bj_trust_free(trust);
		return code;
	}
	err = bj_tls_config_trust(config, trust);
	bj_trust_free(trust);
	if (!err)
		err = bj_tls_config_client_auth(config, wish->require_client ? BJ_TLS_AUTH_REQUIRED : BJ_TLS_AUTH_OPTIONAL);
	if (!err)
		err = bj_tls_config_keep_peer_chain(config, true);
	return err ? say_err(EXIT_INTERNAL, err, "serve") : EXIT_GOOD;
}

/* With --key-update: that the client's keys changed, too. */
static void saw_keys(void *self, const struct bj_tls *conn, const struct bj_tls_event_info *info)
{
	enum { UPDATED = 2 };

	if (info->kind == BJ_TLS_SAW_KEYS && info->type == UPDATED && !info->sent)
		fputs("the client has new keys\n", stderr);
}

/* Clients' raw keys. */
static int load_client_keys(struct serve_wish *wish, struct bj_tls_config *config)
{
	static const enum bj_tls_certificate_type raw[] = { BJ_TLS_RAW_PUBLIC_KEY };
	int code = proof_read_keys(&wish->proof);
	enum bj_err err = BJ_OK;

	if (code || wish->proof.expected.count == 0)
		return code;
	for (size_t i = 0; !err && i < wish->proof.expected.count; i++)
		err = bj_tls_config_peer_pin(config, wish->proof.expected.pins[i]);
	if (!err)
		err = bj_tls_config_peer_types(config, raw, 1);
	if (!err)
		err = bj_tls_config_client_auth(config, wish->require_client ? BJ_TLS_AUTH_REQUIRED : BJ_TLS_AUTH_OPTIONAL);
	if (!err)
		err = bj_tls_config_keep_peer_chain(config, true);
	return err ? say_err(EXIT_INTERNAL, err, "serve") : EXIT_GOOD;
}

static int load_ech_keys(const struct serve_wish *wish, struct bj_tls_config *config)
{
	for (size_t i = 0; i < wish->ech_key_count; i++) {
		struct bj_ech_key key;
		int code = ech_key_read("--ech-key", wish->ech_keys[i], &key);
		enum bj_err err;

		if (code)
			return code;
		err = bj_tls_config_ech_key(config, key.config, key.config_len, key.private_key, key.private_len, i == 0);
		wipe(&key, sizeof(key));
		if (err)
			return say_err(EXIT_USAGE, err, "--ech-key %s", wish->ech_keys[i]);
	}
	return EXIT_GOOD;
}

int serve_tls_check(const struct serve_wish *wish)
{
	bool only12 = wish->tls12 && !wish->tls13;

	if (wish->plain && (wish->cert || wish->client_ca || wish->require_client))
		return say_failure(EXIT_USAGE, "--http has no TLS, so no --cert, --ca or --require-client-cert");
	if (wish->plain && (wish->key || wish->passin || wish->ca_folder || wish->tls12 || wish->tls13))
		return say_failure(EXIT_USAGE, "--http has no TLS, so no --key, --passin, --dir, -tls1_2 or -tls1_3");
	if (wish->cert && wish->ca_folder)
		return say_failure(EXIT_USAGE, "--dir is the local CA that makes a certificate where --cert gives none: one of them");
	if (wish->staple && !wish->cert)
		return say_failure(EXIT_USAGE, "--staple is about the certificate of --cert: say that, too");
	if (wish->passin && !wish->cert)
		return say_failure(EXIT_USAGE, "--passin is the passphrase of a key: say --cert, too");
	if (wish->server->key_update && only12)
		return say_failure(EXIT_USAGE, "--key-update is for TLS 1.3, not with -tls1_2");
	if (wish->plain && (wish->early_bytes || wish->proof.psk || wish->proof.raw_public_key || wish->ech_key_count || wish->server->key_update ||
			    wish->compression_count))
		return say_failure(EXIT_USAGE, "--http has no TLS, so no --early-data, --psk, --raw-public-key, --ech-key, --key-update or "
					       "--cert-compression");
	if (wish->compression_count > 0 && only12)
		return say_failure(EXIT_USAGE, "--cert-compression is for TLS 1.3, not with -tls1_2");
	if (wish->compression_count > 0 && (wish->proof.raw_public_key || (wish->proof.psk && !wish->cert)))
		return say_failure(EXIT_USAGE, "--cert-compression is for certificates, and there are none with --raw-public-key or --psk alone");
	if (wish->server->key_update && wish->server->mode != SERVE_ECHO)
		return say_failure(EXIT_USAGE, "--key-update is for --echo");
	if (wish->early_bytes && only12)
		return say_failure(EXIT_USAGE, "--early-data is for TLS 1.3, not with -tls1_2");
	if (wish->ech_key_count && only12)
		return say_failure(EXIT_USAGE, "--ech-key is for TLS 1.3, not with -tls1_2");
	if (wish->key && !wish->cert && !wish->proof.raw_public_key)
		return say_failure(EXIT_USAGE, "--key needs --cert, too");
	if (wish->proof.raw_public_key && (wish->cert || wish->client_ca))
		return say_failure(EXIT_USAGE, "--raw-public-key shows and takes bare keys: no --cert and no --ca, but --key FILE and --peer-key KEY");
	if (wish->require_client && !wish->client_ca && wish->proof.peer_key_count == 0)
		return say_failure(EXIT_USAGE, "--require-client-cert needs --ca FILE, too");
	return proof_check(&wish->proof, only12);
}

int serve_tls_make(struct serve_wish *wish)
{
	static const char *const protocols[] = { "http/1.1" };
	struct bj_tls_config *config = bj_tls_config_new(BJ_TLS_SERVER);
	enum bj_err err = BJ_OK;
	int code;

	if (!config)
		return say_err(EXIT_INTERNAL, BJ_ERR_NO_MEMORY, "serve");
	code = proof_add_psk(&wish->proof, config); /* before the credential: whoever has the key is served by it */
	if (!code)
		code = load_credential(wish, config);
	if (!code)
		code = load_clients(wish, config);
	if (!code)
		code = load_client_keys(wish, config);
	if (!code)
		code = load_ech_keys(wish, config);
	if (code) {
		bj_tls_config_free(config);
		return code;
	}
	if (wish->tls12 != wish->tls13) {
		enum bj_tls_version only = wish->tls12 ? BJ_TLS_1_2 : BJ_TLS_1_3;

		err = bj_tls_config_versions(config, only, only);
	}
	if (!err && wish->server->mode != SERVE_ECHO)
		err = bj_tls_config_alpn(config, protocols, 1);
	if (!err && wish->server->key_update && !wish->options.quiet)
		err = bj_tls_config_observer(config, saw_keys, NULL);
	if (!err && wish->compression_count > 0)
		err = bj_tls_config_certificate_compression(config, wish->compressions, wish->compression_count);
	if (!err && wish->early_bytes)
		err = bj_tls_config_early_data(config, wish->early_bytes, SERVE_EARLY_WINDOW_S);
	if (!err)
		err = bj_tls_config_freeze(config);
	if (err) {
		bj_tls_config_free(config);
		return say_err(EXIT_USAGE, err, "serve");
	}
	wish->server->tls = config;
	return EXIT_GOOD;
}
