/* connect_outfit.c - from a wish to a frozen configuration: anchors, certificate, key log, parameters. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/reader.h"
#include "cli/command.h"
#include "cli/connect.h"
#include "cli/own_credential.h"
#include "cli/say.h"

/* ---- what is told on the way */

static void write_keylog(void *self, const char *line)
{
	FILE *file = self;

	fprintf(file, "%s\n", line);
	fflush(file);
}

static const char *message_name(uint8_t type)
{
	switch (type) {
	case 0:
		return "hello_request";
	case 1:
		return "client_hello";
	case 2:
		return "server_hello";
	case 4:
		return "new_session_ticket";
	case 5:
		return "end_of_early_data";
	case 8:
		return "encrypted_extensions";
	case 11:
		return "certificate";
	case 12:
		return "server_key_exchange";
	case 13:
		return "certificate_request";
	case 14:
		return "server_hello_done";
	case 15:
		return "certificate_verify";
	case 16:
		return "client_key_exchange";
	case 20:
		return "finished";
	case 22:
		return "certificate_status";
	case 24:
		return "key_update";
	case 25:
		return "compressed_certificate";
	default:
		return "unknown";
	}
}

static void show_event(const struct bj_tls_event_info *event)
{
	static const char *const keys[] = { "handshake", "application", "updated", "early" };
	const char *arrow = event->sent ? "->" : "<-";

	switch (event->kind) {
	case BJ_TLS_SAW_MESSAGE:
		fprintf(stderr, "%s %s, %zu bytes\n", arrow, message_name(event->type), event->bytes.len);
		break;
	case BJ_TLS_SAW_ALERT:
		fprintf(stderr, "%s alert %u %s\n", arrow, event->type, bj_tls_alert_name(event->type));
		break;
	case BJ_TLS_SAW_KEYS:
		fprintf(stderr, "%s keys: %s\n", arrow, event->type < ARRAY_COUNT(keys) ? keys[event->type] : "unknown");
		break;
	case BJ_TLS_SAW_INNER_HELLO:
		fprintf(stderr, "%s inner ClientHello, %zu bytes\n", arrow, event->bytes.len);
		break;
	case BJ_TLS_SAW_CCS:
		fprintf(stderr, "%s change_cipher_spec\n", arrow);
		break;
	}
}

/* How the server's certificates came. */
static void keep_compression(struct tls_client *client, const struct bj_tls_event_info *event)
{
	enum { COMPRESSED_CERTIFICATE = 25 }; /* rfc8879:4 */
	struct reader r = rd_of(event->bytes);

	if (event->kind != BJ_TLS_SAW_MESSAGE || event->sent || event->type != COMPRESSED_CERTIFICATE)
		return;
	(void)rd_u32(&r); /* type and length */
	client->compression = rd_u16(&r);
	client->plain_len = rd_u24(&r);
	client->compressed_len = rd_u24(&r);
}

static void see_event(void *self, const struct bj_tls *conn, const struct bj_tls_event_info *event)
{
	const struct connect_wish *wish = self;

	keep_compression(bj_tls_owner(conn), event);
	if (wish->show_messages)
		show_event(event);
}

/* Standard suites where only the other version's were named. */
static enum bj_err set_suites(const struct connect_wish *wish, struct bj_tls_config *config)
{
	static const uint16_t all13[] = { 0x1301, 0x1302, 0x1303 };
	static const uint16_t all12[] = { 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8 };
	uint16_t suites[2 * CONNECT_LIST_MAX];
	size_t count = 0;

	if (wish->suite13_count == 0 && wish->suite12_count == 0)
		return BJ_OK;
	for (size_t i = 0; i < wish->suite13_count; i++)
		suites[count++] = wish->suites13[i];
	for (size_t i = 0; wish->suite13_count == 0 && !(wish->tls12 && !wish->tls13) && i < ARRAY_COUNT(all13); i++)
		suites[count++] = all13[i];
	for (size_t i = 0; i < wish->suite12_count; i++)
		suites[count++] = wish->suites12[i];
	for (size_t i = 0; wish->suite12_count == 0 && !(wish->tls13 && !wish->tls12) && i < ARRAY_COUNT(all12); i++)
		suites[count++] = all12[i];
	return bj_tls_config_suites(config, suites, count);
}

static enum bj_err set_parameters(struct connect_wish *wish, struct bj_tls_config *config)
{
	static const enum bj_tls_certificate_type raw[] = { BJ_TLS_RAW_PUBLIC_KEY };
	enum bj_err err = BJ_OK;

	if (wish->tls12 != wish->tls13) {
		enum bj_tls_version only = wish->tls12 ? BJ_TLS_1_2 : BJ_TLS_1_3;

		err = bj_tls_config_versions(config, only, only);
	}
	if (!err)
		err = set_suites(wish, config);
	if (!err && wish->group_count > 0)
		err = bj_tls_config_groups(config, wish->groups, wish->group_count);
	if (!err && wish->alpn_count > 0)
		err = bj_tls_config_alpn(config, wish->alpn, wish->alpn_count);
	if (!err && wish->compression_count > 0)
		err = bj_tls_config_certificate_compression(config, wish->compressions, wish->compression_count);
	if (!err && (wish->show_messages || wish->compression_count > 0))
		err = bj_tls_config_observer(config, see_event, wish);
	if (!err)
		err = bj_tls_config_keep_peer_chain(config, true);
	if (!err && (wish->status || wish->ct_logs))
		err = bj_tls_config_stapling(config, wish->status, wish->ct_logs != NULL);
	if (!err && wish->ech_grease)
		err = bj_tls_config_ech_grease(config, true);
	if (!err && wish->proof.raw_public_key)
		err = bj_tls_config_peer_types(config, raw, 1);
	if (!err)
		err = wish->insecure ? bj_tls_config_insecure_no_verify(config) : bj_tls_config_ask(config, 1u << BJ_TLS_Q_VERIFY);
	return err;
}

/* Lists and stapled responses refuse what is revoked; what they do not know is said. */
static int load_lists(const struct connect_wish *wish, struct bj_trust *trust)
{
	struct bj_crls *crls;
	enum bj_err err = BJ_OK;
	int code = EXIT_GOOD;

	if (!wish->status && wish->crl_count == 0)
		return EXIT_GOOD;
	crls = bj_crls_new();
	if (!crls)
		return say_err(EXIT_INTERNAL, BJ_ERR_NO_MEMORY, "connect");
	for (size_t i = 0; i < wish->crl_count && !code; i++) {
		err = bj_crls_add_file(crls, wish->crls[i], NULL);
		if (err)
			code = say_file_err(EXIT_CA_FILE, err, "--crl", wish->crls[i]);
	}
	bj_trust_use_crls(trust, crls, BJ_REVOCATION_IF_PRESENT);
	bj_crls_free(crls);
	return code;
}

static int load_trust(const struct connect_wish *wish, struct bj_trust **out)
{
	struct bj_trust *trust = bj_trust_new();
	enum bj_err err;
	int code;

	if (!trust)
		return say_err(EXIT_INTERNAL, BJ_ERR_NO_MEMORY, "connect");
	if (wish->ca_file)
		err = bj_trust_add_file(trust, wish->ca_file, NULL);
	else
		err = bj_trust_add_system(trust, NULL);
	if (err && (wish->ca_file || !(wish->insecure || wish->proof.psk || wish->proof.raw_public_key))) {
		code = wish->ca_file ? say_file_err(EXIT_CA_FILE, err, "-CAfile", wish->ca_file)
				     : say_err(EXIT_CA_FILE, err, "there are no trust anchors on this system (install ca-certificates, or give -CAfile)");
		bj_trust_free(trust);
		return code;
	}
	for (size_t i = 0; i < wish->pin_count; i++)
		if (bj_trust_pin_text(trust, wish->pins[i]) != BJ_OK) {
			bj_trust_free(trust);
			return say_failure(EXIT_USAGE, "--pin is sha256//BASE64 or 64 hexadecimal digits, not '%s'; `bojagi cert show HOST` prints it",
					   wish->pins[i]);
		}
	*out = trust;
	return load_lists(wish, trust);
}

static int load_credential(const struct connect_wish *wish, struct bj_tls_config *config)
{
	struct bj_credential *credential = NULL;
	enum bj_err err;
	int code;

	if (!wish->cert_file && wish->key_file && wish->proof.raw_public_key) {
		code = proof_own_key("-key", wish->key_file, &credential);
		if (code)
			return code;
		err = bj_tls_config_credential(config, credential);
		bj_credential_free(credential);
		return err ? say_err(EXIT_OWN_CERTIFICATE, err, "-key %s", wish->key_file) : EXIT_GOOD;
	}
	if (!wish->cert_file)
		return wish->key_file ? say_failure(EXIT_USAGE, "-key needs -cert, too") : EXIT_GOOD;
	code = own_credential_open(&wish->options, "-cert", wish->cert_file, wish->key_file, wish->passin, &credential);
	if (code)
		return code;
	err = bj_tls_config_credential(config, credential);
	bj_credential_free(credential);
	return err ? say_err(EXIT_OWN_CERTIFICATE, err, "-cert %s", wish->cert_file) : EXIT_GOOD;
}

static int open_keylog(const struct connect_wish *wish, struct bj_tls_config *config, FILE **out)
{
	const char *path = wish->keylog ? wish->keylog : getenv("SSLKEYLOGFILE");
	int fd;

	if (!path || !*path)
		return EXIT_GOOD;
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	*out = fd >= 0 ? fdopen(fd, "a") : NULL;
	if (!*out) {
		if (fd >= 0)
			close(fd);
		return say_failure(EXIT_USAGE, "cannot write the key log %s: %s", path, strerror(errno));
	}
	return bj_tls_config_keylog(config, write_keylog, *out) == BJ_OK ? EXIT_GOOD : EXIT_INTERNAL;
}

static int load_early(const struct connect_wish *wish, struct connect_outfit *outfit)
{
	if (!wish->early_file)
		return EXIT_GOOD;
	if (file_read(wish->early_file, CONNECT_EARLY_MAX, &outfit->early) != BJ_OK)
		return say_failure(EXIT_USAGE, "cannot read --early-data %s (at most %d bytes): %s", wish->early_file, CONNECT_EARLY_MAX, strerror(errno));
	if (outfit->early.len == 0)
		return say_failure(EXIT_USAGE, "--early-data %s is empty", wish->early_file);
	return bj_tls_config_early_data(outfit->config, CONNECT_EARLY_MAX, 0) == BJ_OK ? EXIT_GOOD : EXIT_INTERNAL;
}

static int load_ech(const struct connect_wish *wish, struct connect_outfit *outfit)
{
	if (!wish->ech)
		return EXIT_GOOD;
	outfit->ech = malloc(sizeof(*outfit->ech));
	return outfit->ech ? ech_list_read("--ech", wish->ech, outfit->ech) : say_err(EXIT_INTERNAL, BJ_ERR_NO_MEMORY, "connect");
}

int connect_outfit_init(struct connect_outfit *outfit, struct connect_wish *wish)
{
	enum bj_err err;
	int code;

	*outfit = (struct connect_outfit){ .config = bj_tls_config_new(BJ_TLS_CLIENT) };
	if (!outfit->config)
		return say_err(EXIT_INTERNAL, BJ_ERR_NO_MEMORY, "connect");
	code = load_trust(wish, &outfit->trust);
	if (!code)
		code = proof_add_psk(&wish->proof, outfit->config);
	if (!code)
		code = proof_read_keys(&wish->proof);
	if (!code)
		code = load_early(wish, outfit);
	if (!code)
		code = load_ech(wish, outfit);
	if (!code && wish->ct_logs)
		code = ct_logs_load("--ct-logs", wish->ct_logs, &outfit->ct);
	if (!code)
		code = load_credential(wish, outfit->config);
	if (!code)
		code = open_keylog(wish, outfit->config, &outfit->keylog);
	if (code)
		return code;
	err = set_parameters(wish, outfit->config);
	if (!err)
		err = bj_tls_config_freeze(outfit->config);
	return err ? say_err(EXIT_USAGE, err, "connect") : EXIT_GOOD;
}

void connect_outfit_fini(struct connect_outfit *outfit)
{
	bj_tls_config_free(outfit->config);
	bj_trust_free(outfit->trust);
	file_bytes_free(&outfit->early);
	free(outfit->ech);
	ct_logs_free(&outfit->ct);
	if (outfit->keylog) {
		bool lost = ferror(outfit->keylog) != 0;

		if (fclose(outfit->keylog) != 0 || lost)
			fputs("bojagi: not all secrets could be written to the key log\n", stderr);
	}
}
