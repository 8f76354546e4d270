/* cert_compression.c - see cert_compression.h. */
#include "tls/cert_compression.h"

#include <stdlib.h>

#include "tls/auth.h"
#include "tls/compression.h"
#include "tls/msg/certificate.h"
#include "tls/msg/compressed_certificate.h"
#include "x509/credential.h"

#define WITH_OCSP 1
#define WITH_SCTS 2

BJ_API enum bj_err bj_tls_config_certificate_compression(struct bj_tls_config *config, const uint16_t *algorithms, size_t count)
{
	enum bj_err err = config_may_change(config);

	if (err)
		return err;
	if (count > CONFIG_COMPRESSION_MAX || (count > 0 && !algorithms))
		return BJ_ERR_ARGUMENT;
	for (size_t i = 0; i < count; i++) {
		if (!compression_find(algorithms[i]))
			return BJ_ERR_ARGUMENT;
		for (size_t k = 0; k < i; k++)
			if (algorithms[k] == algorithms[i])
				return BJ_ERR_ARGUMENT;
	}
	for (size_t i = 0; i < count; i++)
		config->compressions[i] = compression_find(algorithms[i]);
	config->compression_count = (uint8_t)count;
	return BJ_OK;
}

struct bj_bytes config_compressions_write(const struct bj_tls_config *config, uint8_t wire[2 * CONFIG_COMPRESSION_MAX])
{
	for (size_t i = 0; i < config->compression_count; i++) {
		wire[2 * i] = (uint8_t)(config->compressions[i]->code >> 8);
		wire[2 * i + 1] = (uint8_t)config->compressions[i]->code;
	}
	return bytes_of(wire, 2 * (size_t)config->compression_count);
}

const struct compression *cert_compression_choose(const struct bj_tls_config *config, struct bj_bytes peers)
{
	for (size_t i = 0; i < config->compression_count; i++)
		if (codes_have(peers, config->compressions[i]->code))
			return config->compressions[i];
	return NULL;
}

/* ---- ours */

enum bj_err cert_compression_make(const struct compression *by, struct bj_bytes message, uint8_t **out, size_t *out_len)
{
	struct bj_bytes body = bytes_of(message.ptr + MESSAGE_HEADER_LEN, message.len - MESSAGE_HEADER_LEN);
	size_t cap = by->bound(body.len), len;
	uint8_t *packed = malloc(cap), *buf = malloc(cap + COMPRESSED_CERTIFICATE_OVERHEAD);
	enum bj_err err = packed && buf ? BJ_OK : BJ_ERR_NO_MEMORY;

	if (!err && !by->compress(body, packed, cap, &len))
		err = BJ_ERR_INTERNAL;
	if (!err) {
		const struct compressed_certificate cert = { by->code, body.len, bytes_of(packed, len) };
		struct writer w = wr_make(buf, cap + COMPRESSED_CERTIFICATE_OVERHEAD);

		compressed_certificate_write(&w, &cert);
		check(wr_ok(&w));
		*out_len = w.len;
	}
	free(packed);
	if (err)
		free(buf);
	else
		*out = buf;
	return err;
}

static enum bj_err row_add(struct config_credential *row, const struct compression *by, uint8_t staples)
{
	struct config_compressed made = { .by = by, .staples = staples };
	struct config_compressed *list;
	struct certificate cert;
	struct writer w;
	uint8_t *message;
	size_t len;
	enum bj_err err = auth_own_chain(row->credential, &cert, &len);

	if (err)
		return err;
	cert.ocsp = staples & WITH_OCSP ? credential_ocsp(row->credential) : (struct bj_bytes){ NULL, 0 };
	cert.scts = staples & WITH_SCTS ? credential_scts(row->credential) : (struct bj_bytes){ NULL, 0 };
	len += cert.ocsp.len + cert.scts.len;
	message = malloc(len);
	if (!message)
		return BJ_ERR_NO_MEMORY;
	w = wr_make(message, len);
	certificate_write(&w, &cert);
	err = wr_ok(&w) ? cert_compression_make(by, wr_view(&w), &made.message, &made.len) : BJ_ERR_LIMIT;
	free(message);
	if (err)
		return err;
	list = realloc(row->compressed, (row->compressed_count + 1) * sizeof(*list));
	if (!list) {
		free(made.message);
		return BJ_ERR_NO_MEMORY;
	}
	row->compressed = list;
	list[row->compressed_count++] = made;
	return BJ_OK;
}

enum bj_err cert_compression_freeze(const struct bj_tls_config *config, struct config_credential *row)
{
	uint8_t all = (credential_ocsp(row->credential).len > 0 ? WITH_OCSP : 0) | (credential_scts(row->credential).len > 0 ? WITH_SCTS : 0);
	enum bj_err err = BJ_OK;

	cert_compression_free(row);
	for (size_t i = 0; i < config->compression_count; i++)
		for (uint8_t staples = 0; staples <= all && !err; staples++)
			if ((staples & all) == staples)
				err = row_add(row, config->compressions[i], staples);
	return err;
}

void cert_compression_free(struct config_credential *row)
{
	for (size_t i = 0; i < row->compressed_count; i++)
		free(row->compressed[i].message);
	free(row->compressed);
	row->compressed = NULL;
	row->compressed_count = 0;
}

struct bj_bytes cert_compression_message(const struct bj_tls *conn)
{
	const struct config_credential *row = conn->hs->credential;
	uint8_t staples = (auth_ocsp(conn).len > 0 ? WITH_OCSP : 0) | (auth_scts(conn).len > 0 ? WITH_SCTS : 0);

	for (size_t i = 0; i < row->compressed_count && conn->hs->compression; i++)
		if (row->compressed[i].by == conn->hs->compression && row->compressed[i].staples == staples)
			return bytes_of(row->compressed[i].message, row->compressed[i].len);
	return (struct bj_bytes){ NULL, 0 };
}

enum bj_err cert_compression_replace(struct bj_tls *conn, struct writer *w)
{
	struct bj_bytes message = wr_view(w);
	uint8_t *packed;
	size_t len;
	enum bj_err err;

	if (!wr_ok(w))
		return BJ_ERR_INTERNAL;
	err = cert_compression_make(conn->hs->compression, message, &packed, &len);
	if (err)
		return err;
	w->len = 0;
	err = conn_room(conn, w, len);
	if (!err)
		wr_raw(w, packed, len);
	free(packed);
	return err;
}

/* ---- the peer's */

static const struct compression *offered(const struct bj_tls_config *config, uint16_t code)
{
	for (size_t i = 0; i < config->compression_count; i++)
		if (config->compressions[i]->code == code)
			return config->compressions[i];
	return NULL;
}

enum bj_err cert_compression_take(struct bj_tls *conn, struct bj_bytes body, hs_take_fn *take)
{
	struct compressed_certificate cert;
	const struct compression *by;
	uint8_t *message;
	enum bj_err err;

	err = compressed_certificate_parse(body, &cert);
	if (err)
		return err;
	by = offered(conn->config, cert.algorithm);
	if (!by)
		return BJ_ERR_ILLEGAL_PARAMETER;
	if (cert.len == 0 || cert.len > MESSAGE_CERTIFICATE_MAX)
		return BJ_ERR_CERT_COMPRESSION; /* nothing is allocated for it. rfc8879:5 */
	message = malloc(cert.len);
	if (!message)
		return BJ_ERR_NO_MEMORY;
	err = by->decompress(cert.content, message, cert.len) ? take(conn, bytes_of(message, cert.len)) : BJ_ERR_CERT_COMPRESSION;
	free(message);
	return err;
}
