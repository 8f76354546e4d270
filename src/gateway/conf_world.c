/* conf_world.c - the real world of a configuration: files, certificates, the resolver and the clock; and conf_load(). */
#include "gateway/conf_world.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "gateway/conf_tree.h"
#include "host/file.h"
#include "x509/content.h"
#include "x509/crls.h"
#include "x509/hostname.h"
#include "x509/ocsp.h"

static enum bj_err real_credential(void *self, const char *chain, const char *key, const char *passphrase, struct bj_credential **out,
				   char why[BJ_WHY_MAX])
{
	char source[4096 + 8];

	(void)self;
	snprintf(source, sizeof(source), "file:%s", passphrase ? passphrase : "");
	return bj_credential_open(chain, key, passphrase ? source : NULL, out, why);
}

/* What a response says of one of these certificates. The issuer stands in the chain, or the signature cannot be looked at here: clients
 * will. */
static enum bj_err staple_find(struct bj_bytes der, struct bj_credential *const *credentials, size_t count, int64_t now, size_t *out_index,
			       struct ocsp_answer *out, char why[BJ_WHY_MAX])
{
	snprintf(why, BJ_WHY_MAX, "it is about none of the certificates of this block");
	for (size_t i = 0; i < count; i++) {
		struct bj_bytes above = bj_credential_chain(credentials[i], 1);
		struct ocsp_asks asks = { .response = der, .now = now };
		struct cert cert, issuer;

		if (cert_parse(bj_credential_chain(credentials[i], 0), &cert) || !ocsp_mentions(der, cert.serial, out))
			continue;
		*out_index = i;
		why[0] = 0;
		if (above.len == 0 || cert_parse(above, &issuer))
			return BJ_OK;
		asks.cert = &cert;
		asks.issuer = &issuer;
		if (ocsp_check(&asks, out) != BJ_OK || out->status == OCSP_UNKNOWN) {
			snprintf(why, BJ_WHY_MAX, "%s", out->why);
			return BJ_ERR_OCSP;
		}
		return BJ_OK;
	}
	return BJ_ERR_OCSP;
}

static enum bj_err real_staple(void *self, const char *path, struct bj_credential *const *credentials, size_t count, int64_t *out_next_update,
			       char why[BJ_WHY_MAX])
{
	int64_t now = (int64_t)time(NULL);
	struct ocsp_response response;
	struct ocsp_answer answer;
	struct file_bytes bytes;
	size_t index = 0;
	enum bj_err err = file_read(path, BJ_STAPLE_MAX, &bytes);

	(void)self;
	why[0] = 0;
	if (err)
		return err;
	err = ocsp_parse(bytes_of(bytes.ptr, bytes.len), &response);
	if (err)
		snprintf(why, BJ_WHY_MAX, "it seems to be %s", content_text(content_of(bytes_of(bytes.ptr, bytes.len))));
	else
		err = staple_find(bytes_of(bytes.ptr, bytes.len), credentials, count, now, &index, &answer, why);
	if (!err) {
		*out_next_update = answer.next_update;
		if (now <= answer.next_update)
			err = bj_credential_staple_ocsp(credentials[index], bytes.ptr, bytes.len);
	}
	file_bytes_free(&bytes);
	return err;
}

static enum bj_err real_crl(void *self, const char *path, struct bj_crls **crls, int64_t *out_next_update, bool *out_unnumbered)
{
	struct bj_crls *to = *crls ? *crls : bj_crls_new();
	const struct crl_held *held = NULL;
	enum bj_err err = to ? bj_crls_add_file(to, path, NULL) : BJ_ERR_NO_MEMORY;

	(void)self;
	if (err) {
		if (!*crls)
			bj_crls_free(to);
		return err;
	}
	*crls = to;
	*out_next_update = INT64_MAX;
	*out_unnumbered = false;
	while ((held = crls_each(to, held)) != NULL) {
		if (held->crl.next_update < *out_next_update)
			*out_next_update = held->crl.next_update;
		*out_unnumbered = *out_unnumbered || !held->crl.has_number || held->crl.number_critical;
	}
	return BJ_OK;
}

static enum bj_err real_trust(void *self, const char *path, struct bj_trust **to)
{
	struct bj_trust *trust = *to ? *to : bj_trust_new();
	enum bj_err err = BJ_ERR_NO_MEMORY;

	(void)self;
	if (trust)
		err = path ? bj_trust_add_file(trust, path, NULL) : bj_trust_add_system(trust, NULL);
	if (!err)
		*to = trust;
	else if (!*to)
		bj_trust_free(trust);
	return err;
}

static bool real_validity(void *self, const struct bj_credential *credential, int64_t *out_not_before, int64_t *out_not_after)
{
	struct cert cert;

	(void)self;
	if (cert_parse(bj_credential_chain(credential, 0), &cert))
		return false;
	*out_not_before = cert.not_before;
	*out_not_after = cert.not_after;
	return true;
}

/* A wildcard in a certificate covers whatever label comes first, so any label shows whether it is there. */
static bool real_covers(void *self, const struct bj_credential *credential, const char *host)
{
	char name[BJ_TLS_NAME_MAX + 1];
	struct host_id id;
	struct cert cert;
	int len = host[0] == '*' ? snprintf(name, sizeof(name), "any%s", host + 1) : snprintf(name, sizeof(name), "%s", host);

	(void)self;
	return len > 0 && (size_t)len < sizeof(name) && cert_parse(bj_credential_chain(credential, 0), &cert) == BJ_OK &&
	       host_id_parse(bytes_text(name), &id) && hostname_matches(&cert, &id);
}

static bool real_resolve(void *self, const char *name, uint16_t port, struct conf_address *out)
{
	struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV };
	struct addrinfo *list = NULL, *best;
	char service[8];

	(void)self;
	snprintf(service, sizeof(service), "%u", port);
	if (getaddrinfo(name, service, &hints, &list) != 0)
		return false;
	best = list;
	for (const struct addrinfo *a = list; a; a = a->ai_next) /* IPv4 first: "localhost" is 127.0.0.1 for most servers */
		if (a->ai_family == AF_INET) {
			best = (struct addrinfo *)a;
			break;
		}
	memset(&out->sockaddr, 0, sizeof(out->sockaddr));
	memcpy(&out->sockaddr, best->ai_addr, best->ai_addrlen);
	out->len = best->ai_addrlen;
	freeaddrinfo(list);
	return true;
}

static bool real_folder_exists(void *self, const char *folder)
{
	struct stat st;

	(void)self;
	return stat(folder, &st) == 0 && S_ISDIR(st.st_mode);
}

static unsigned real_mode(void *self, const char *path)
{
	struct stat st;

	(void)self;
	return stat(path, &st) == 0 ? (unsigned)st.st_mode & 0777 : 0;
}

void conf_world_real(struct conf_world *out)
{
	*out = (struct conf_world){
		.now_s = (int64_t)time(NULL),
		.credential = real_credential,
		.trust = real_trust,
		.staple = real_staple,
		.crl = real_crl,
		.use_crls = bj_trust_use_crls,
		.crls_free = bj_crls_free,
		.credential_free = bj_credential_free,
		.trust_free = bj_trust_free,
		.validity = real_validity,
		.covers = real_covers,
		.resolve = real_resolve,
		.folder_exists = real_folder_exists,
		.mode = real_mode,
	};
}

/* Reads one byte more than is allowed, so that a file which is too large is seen to be. errno says why it cannot be read. */
static enum bj_err read_text(const char *path, char **out_text, size_t *out_len)
{
	FILE *file = fopen(path, "re");
	char *text;
	size_t len;
	int saved;
	bool bad;

	if (!file)
		return BJ_ERR_FILE_OPEN;
	text = malloc(CONF_TEXT_MAX + 1);
	len = text ? fread(text, 1, CONF_TEXT_MAX + 1, file) : 0;
	bad = ferror(file) != 0;
	saved = errno;
	fclose(file);
	errno = saved;
	if (bad || !text) {
		free(text);
		return bad ? BJ_ERR_FILE_READ : BJ_ERR_NO_MEMORY;
	}
	*out_text = text;
	*out_len = len;
	return BJ_OK;
}

enum bj_err conf_load(const char *path, struct conf_report *report, struct conf_snapshot **out)
{
	struct conf_world world;
	char *text = NULL;
	size_t len = 0;
	enum bj_err err = read_text(path, &text, &len);

	if (err) {
		const char *why = err == BJ_ERR_NO_MEMORY ? "no memory" : strerror(errno);

		if (conf_report_text(report, path, bytes_of(NULL, 0)))
			conf_problem(report, CONF_R_UNREADABLE, NULL, NULL, NULL, "%s: %s", bj_err_text(err), why);
		return err;
	}
	conf_world_real(&world);
	err = conf_load_text(&world, path, bytes_of(text, len), report, out);
	free(text);
	return err;
}
