/* ech.c - what both sides of Encrypted ClientHello share: memory, the key log, the configuration of servers. */
#include "tls/ech.h"

#include <stdlib.h>

#include "base/hex.h"

struct ech *ech_new(uint8_t status)
{
	struct ech *ech = calloc(1, sizeof(*ech));

	if (ech)
		ech->status = status;
	return ech;
}

static void bytes_drop(uint8_t **bytes, size_t *len)
{
	if (*bytes)
		wipe(*bytes, *len);
	free(*bytes);
	*bytes = NULL;
	*len = 0;
}

void ech_inner_set(struct ech *ech, uint8_t *room)
{
	bytes_drop(&ech->inner, &ech->inner_len);
	ech->inner = room;
}

void ech_end(struct bj_tls *conn)
{
	struct ech *ech = conn->ech;

	if (!ech || ech->is_over)
		return;
	ech->is_over = true;
	hpke_fini(&ech->hpke);
	transcript_fini(&ech->outer);
	bytes_drop(&ech->inner, &ech->inner_len);
	bytes_drop(&ech->extension, &ech->extension_len);
	if (ech->status != BJ_TLS_ECH_REJECTED) /* nothing more is told than what it came to */
		bytes_drop(&ech->retry, &ech->retry_len);
	free(ech->list);
	ech->list = NULL;
	memset(&ech->config, 0, sizeof(ech->config));
}

void ech_free(struct bj_tls *conn)
{
	if (!conn->ech)
		return;
	ech_end(conn);
	free(conn->ech->retry);
	free(conn->ech);
	conn->ech = NULL;
}

const char *ech_verify_name(const struct bj_tls *conn)
{
	return !conn->is_server && ech_is(conn, BJ_TLS_ECH_REJECTED) ? conn->ech->public_name : conn->name;
}

static void keylog_line(struct bj_tls *conn, const char *label, const uint8_t random[RANDOM_LEN], struct bj_bytes value)
{
	size_t label_len = strlen(label), len = label_len + 2 * RANDOM_LEN + 2 * value.len + 3;
	char *line = malloc(len), *p = line;

	if (!line)
		return; /* a log that lacks a line is no failure of the connection */
	memcpy(p, label, label_len);
	p += label_len;
	*p++ = ' ';
	hex_encode(random, RANDOM_LEN, p);
	p += 2 * RANDOM_LEN;
	*p++ = ' ';
	hex_encode(value.ptr, value.len, p);
	conn->config->keylog(conn->config->keylog_self, line);
	wipe(line, len);
	free(line);
}

void ech_keylog(struct bj_tls *conn, const uint8_t outer_random[RANDOM_LEN], struct bj_bytes config)
{
	if (!conn->config->keylog)
		return;
	keylog_line(conn, "ECH_SECRET", outer_random, secret_view(&conn->ech->hpke.shared));
	keylog_line(conn, "ECH_CONFIG", outer_random, config);
}

/* ---- the configuration of servers */

static void key_fini(struct config_ech *key)
{
	kex_fini(&key->key);
	free(key->info);
	*key = (struct config_ech){ 0 };
}

void config_ech_free(struct bj_tls_config *config)
{
	for (size_t i = 0; i < config->ech_count; i++)
		key_fini(&config->ech_keys[i]);
	free(config->ech_keys);
	free(config->ech_retry);
}

static enum bj_err key_make(struct bj_bytes raw, struct bj_bytes private, bool is_retry, struct config_ech *out)
{
	static const char label[] = "tls ech";
	struct config_ech made = { .is_retry = is_retry, .info_len = sizeof(label) + raw.len };
	struct ech_config config;
	enum bj_err err = ech_config_parse(raw, &config);

	if (err)
		return err;
	if (!hpke_kem_known(config.kem))
		return BJ_ERR_UNSUPPORTED;
	err = hpke_private_load(config.kem, private, &made.key);
	if (err)
		return err;
	made.info = malloc(made.info_len);
	if (!made.info || !bytes_equal(kex_public(&made.key), config.public_key)) {
		err = made.info ? BJ_ERR_KEY_MISMATCH : BJ_ERR_NO_MEMORY;
		key_fini(&made);
		return err;
	}
	memcpy(made.info, label, sizeof(label)); /* with its zero: rfc9849:6.1 */
	memcpy(made.info + sizeof(label), raw.ptr, raw.len);
	err = ech_config_parse(bytes_of(made.info + sizeof(label), raw.len), &made.config);
	check(!err);
	*out = made;
	return BJ_OK;
}

enum bj_err config_ech_add(struct bj_tls_config *config, struct bj_bytes raw, struct bj_bytes private, bool is_retry)
{
	struct config_ech *grown, key;
	enum bj_err err;

	if (config->ech_count == BJ_TLS_ECH_KEY_MAX)
		return BJ_ERR_LIMIT;
	err = key_make(raw, private, is_retry, &key);
	if (err)
		return err;
	grown = realloc(config->ech_keys, (config->ech_count + 1) * sizeof(*grown));
	if (!grown) {
		key_fini(&key);
		return BJ_ERR_NO_MEMORY;
	}
	config->ech_keys = grown;
	config->ech_keys[config->ech_count++] = key;
	wipe(&key, sizeof(key));
	return BJ_OK;
}

/* The list that goes to clients whose hello did not open. */
enum bj_err config_ech_freeze(struct bj_tls_config *config)
{
	size_t len = 2;
	struct writer w;
	size_t list;

	if (config->ech_count == 0)
		return BJ_OK;
	for (size_t i = 0; i < config->ech_count; i++)
		len += config->ech_keys[i].is_retry ? config->ech_keys[i].config.raw.len : 0;
	if (len == 2)
		return BJ_ERR_CONFIG_ECH;
	config->ech_retry = malloc(len);
	if (!config->ech_retry)
		return BJ_ERR_NO_MEMORY;
	w = wr_make(config->ech_retry, len);
	list = wr_open(&w, 2);
	for (size_t i = 0; i < config->ech_count; i++)
		if (config->ech_keys[i].is_retry)
			wr_bytes(&w, config->ech_keys[i].config.raw);
	wr_close(&w, list, 2);
	config->ech_retry_len = w.len;
	return wr_ok(&w) ? BJ_OK : BJ_ERR_LIMIT; /* who freezes takes back what was made */
}
