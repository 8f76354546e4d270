/* cert_local.c - see cert_local.h. */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/pem.h"
#include "base/wipe.h"
#include "cli/cert_local.h"
#include "host/file.h"
#include "x509/dns_name.h"
#include "x509/general_name.h"
#include "x509/name_constraints.h"

#define PEM_LINE 64
#define NOT_BEFORE_SLACK_S 60 /* clocks of machines nearby differ a little */

const char *const local_names[] = { "localhost", "test", "internal", "127.0.0.0/8", "::1", NULL };

enum bj_err local_folder(char out[FOLDER_PATH_MAX])
{
	const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
	int n;

	if (data && data[0] == '/') {
		n = snprintf(out, FOLDER_PATH_MAX, "%s/bojagi", data);
	} else {
		if (!home || !*home) {
			const struct passwd *user = getpwuid(getuid());

			home = user ? user->pw_dir : NULL;
		}
		if (!home || !*home)
			return BJ_ERR_NOT_FOUND;
		n = snprintf(out, FOLDER_PATH_MAX, "%s/.local/share/bojagi", home);
	}
	return n > 0 && n < FOLDER_PATH_MAX ? BJ_OK : BJ_ERR_NOT_FOUND;
}

void local_fini(struct local_pair *pair)
{
	pkey_free(pair->key);
	pair->key = NULL;
}

static enum bj_err make(struct issue *issue, struct local_pair *out)
{
	struct pkey *key = NULL;
	enum bj_err err = pkey_generate(KEY_P256, 0, &key);

	if (err)
		return err;
	issue->key = key;
	err = issue_cert(issue, out->der, sizeof(out->der), &out->der_len);
	if (!err)
		err = cert_parse(bytes_of(out->der, out->der_len), &out->cert);
	if (err) {
		pkey_free(key);
		return err;
	}
	out->key = key;
	return BJ_OK;
}

enum bj_err local_make_ca(const char *const *names, size_t name_count, unsigned days, int64_t now, struct local_pair *out)
{
	const char *permitted[LOCAL_NAMES_MAX + 8];
	char host[64] = "", common_name[65];
	const struct passwd *user = getpwuid(getuid());
	size_t count = 0;

	if (name_count > LOCAL_NAMES_MAX)
		return BJ_ERR_LIMIT;
	for (; local_names[count]; count++)
		permitted[count] = local_names[count];
	for (size_t i = 0; i < name_count; i++)
		permitted[count++] = names[i];
	gethostname(host, sizeof(host) - 1);
	snprintf(common_name, sizeof(common_name), "bojagi local CA (%.20s@%.24s)", user ? user->pw_name : "user", host);
	return make(
		&(struct issue){
			.kind = ISSUE_CA,
			.common_name = common_name,
			.not_before = now - NOT_BEFORE_SLACK_S,
			.not_after = now + (int64_t)days * 86400 - 1,
			.permitted = permitted,
			.permitted_count = count,
			.has_path_len = true,
			.path_len = 0,
		},
		out);
}

/* An address, a mail address, a URI or a DNS name, perhaps with a wildcard. */
static bool is_name(const char *text)
{
	uint8_t address[16];

	return strchr(text, '@') || strstr(text, "://") || ip_parse(bytes_text(text), address) > 0 ||
	       dns_pattern_is_valid(bytes_text(text));
}

/* Would every client that looks at the CA's name constraints accept this name? */
static bool may_sign(const struct local_pair *ca, const char *text)
{
	struct general_name name = { .kind = GN_DNS, .value = bytes_text(text) };
	uint32_t steps = 10000;
	uint8_t address[16];
	size_t len = ip_parse(bytes_text(text), address);

	if (ca->cert.name_constraints.len == 0)
		return true;
	if (len > 0)
		name = (struct general_name){ .kind = GN_IP, .value = bytes_of(address, len) };
	else if (strchr(text, '@'))
		name.kind = GN_EMAIL;
	else if (strstr(text, "://"))
		name.kind = GN_URI;
	return name_constraints_judge(ca->cert.name_constraints, &name, &steps) == NC_ALLOWED;
}

/* A client may have a plain name, such as alice, that is no alternative name. */
static bool is_alternative(const char *text)
{
	uint8_t address[16];

	return strchr(text, '@') || strstr(text, "://") || strchr(text, '.') || ip_parse(bytes_text(text), address) > 0;
}

enum bj_err local_issue(const struct local_pair *ca, enum issue_kind kind, const char *const *names, size_t name_count, unsigned days,
			int64_t now, struct local_pair *out, const char **out_bad)
{
	bool plain = kind == ISSUE_CLIENT && name_count > 0 && !is_alternative(names[0]);
	struct issue issue = {
		.kind = kind,
		.common_name = name_count > 0 && strlen(names[0]) <= 64 ? names[0] : NULL,
		.names = names + (plain ? 1 : 0),
		.name_count = name_count - (plain ? 1 : 0),
		.not_before = now - NOT_BEFORE_SLACK_S,
		.not_after = now + (int64_t)days * 86400 - 1,
		.issuer = &ca->cert,
		.issuer_key = ca->key,
	};

	*out_bad = NULL;
	for (size_t i = 0; i < issue.name_count; i++) {
		*out_bad = issue.names[i];
		if (!is_name(issue.names[i]))
			return BJ_ERR_ARGUMENT;
		if (!may_sign(ca, issue.names[i]))
			return BJ_ERR_CERT_NAME_CONSTRAINT;
	}
	*out_bad = NULL;
	if (issue.not_before < ca->cert.not_before)
		issue.not_before = ca->cert.not_before;
	if (issue.not_after > ca->cert.not_after)
		issue.not_after = ca->cert.not_after;
	return make(&issue, out);
}

/* ---- files */

enum bj_err local_cert_of(const void *bytes, size_t len, struct local_pair *out)
{
	uint8_t *der = malloc(PEM_DER_MAX(len));
	struct pem pem = pem_make(bytes, len);
	struct pem_block block = { .der = bytes_of(bytes, len) };
	enum bj_err err = BJ_OK;

	if (!der)
		return BJ_ERR_NO_MEMORY;
	if (len == 0 || *(const uint8_t *)bytes != 0x30) /* no PEM text starts like a SEQUENCE */
		err = pem_next_labelled(&pem, "CERTIFICATE", der, PEM_DER_MAX(len), &block);
	if (!err && block.der.len > sizeof(out->der))
		err = BJ_ERR_LIMIT;
	if (!err) {
		memcpy(out->der, block.der.ptr, block.der.len);
		out->der_len = block.der.len;
		err = cert_parse(bytes_of(out->der, out->der_len), &out->cert);
	}
	wipe(der, PEM_DER_MAX(len)); /* the text may hold a key, too */
	free(der);
	return err;
}

static enum bj_err load_cert(const char *path, struct local_pair *out)
{
	struct file_bytes text = { 0 };
	enum bj_err err = file_read(path, FILE_CREDENTIAL_MAX, &text);

	if (err)
		return err;
	err = local_cert_of(text.ptr, text.len, out);
	file_bytes_free(&text);
	return err;
}

static enum bj_err load_key(const char *path, struct pkey **out)
{
	struct file_bytes text = { 0 };
	uint8_t *der = NULL;
	struct pem_block block;
	struct pem pem;
	enum bj_err err = file_read(path, FILE_CREDENTIAL_MAX, &text);

	if (err)
		return err;
	der = malloc(PEM_DER_MAX(text.len));
	pem = pem_make(text.ptr, text.len);
	err = der ? pem_next_labelled(&pem, "PRIVATE KEY", der, PEM_DER_MAX(text.len), &block) : BJ_ERR_NO_MEMORY;
	if (!err)
		err = pkey_from_der(block.der, out);
	if (der)
		wipe(der, PEM_DER_MAX(text.len));
	free(der);
	file_bytes_free(&text);
	return err;
}

enum bj_err local_load_ca(const char *folder, struct local_pair *out)
{
	char path[FOLDER_PATH_MAX];
	enum bj_err err;

	if ((size_t)snprintf(path, sizeof(path), "%s/ca.pem", folder) >= sizeof(path))
		return BJ_ERR_FILE_OPEN;
	err = load_cert(path, out);
	if (err)
		return err;
	snprintf(path, sizeof(path), "%s/ca.key", folder);
	return load_key(path, &out->key);
}

enum bj_err local_pem(const char *label, const uint8_t *der, size_t len, char **out, size_t *out_len)
{
	size_t base64_len = BASE64_TEXT_LEN(len), at = 0;
	size_t cap = base64_len + base64_len / PEM_LINE + 2 * strlen(label) + 64;
	char *base64 = malloc(base64_len + 1), *text = malloc(cap);

	if (!base64 || !text) {
		free(base64);
		free(text);
		return BJ_ERR_NO_MEMORY;
	}
	base64_encode(der, len, base64);
	at += (size_t)snprintf(text, cap, "-----BEGIN %s-----\n", label);
	for (size_t i = 0; i < base64_len; i += PEM_LINE) {
		size_t part = base64_len - i < PEM_LINE ? base64_len - i : PEM_LINE;

		memcpy(text + at, base64 + i, part);
		at += part;
		text[at++] = '\n';
	}
	at += (size_t)snprintf(text + at, cap - at, "-----END %s-----\n", label);
	wipe(base64, base64_len);
	free(base64);
	*out = text;
	*out_len = at;
	return BJ_OK;
}

enum bj_err local_cert_pem(const struct local_pair *pair, char **out, size_t *out_len)
{
	return local_pem("CERTIFICATE", pair->der, pair->der_len, out, out_len);
}

enum bj_err local_key_pem(const struct local_pair *pair, char **out, size_t *out_len)
{
	uint8_t der[LOCAL_KEY_DER_MAX];
	size_t len = 0;
	enum bj_err err = pkey_pkcs8(pair->key, der, sizeof(der), &len);

	if (!err)
		err = local_pem("PRIVATE KEY", der, len, out, out_len);
	wipe(der, sizeof(der));
	return err;
}

enum bj_err local_save(const struct local_pair *pair, const char *base, bool overwrite)
{
	char cert_path[FOLDER_PATH_MAX], key_path[FOLDER_PATH_MAX];
	char *cert = NULL, *key = NULL;
	size_t cert_len = 0, key_len = 0;
	enum bj_err err;

	if ((size_t)snprintf(cert_path, sizeof(cert_path), "%s.pem", base) >= sizeof(cert_path) ||
	    (size_t)snprintf(key_path, sizeof(key_path), "%s.key", base) >= sizeof(key_path)) {
		errno = ENAMETOOLONG;
		return BJ_ERR_FILE_WRITE;
	}
	if (!overwrite && (path_exists(cert_path) || path_exists(key_path)))
		return BJ_ERR_FILE_EXISTS;
	err = local_cert_pem(pair, &cert, &cert_len);
	if (!err)
		err = local_key_pem(pair, &key, &key_len);
	if (!err)
		err = file_write(key_path, key, key_len, 0600, overwrite);
	if (!err)
		err = file_write(cert_path, cert, cert_len, 0644, overwrite);
	if (key)
		wipe(key, key_len);
	free(key);
	free(cert);
	return err;
}

enum bj_err local_once(const char *name, unsigned days, int64_t now, struct bj_trust *trust, struct bj_credential **out)
{
	struct local_pair *pairs = calloc(2, sizeof(*pairs));
	char *ca = NULL, *chain = NULL, *key = NULL;
	size_t ca_len, chain_len, key_len = 0;
	const char *bad;
	enum bj_err err;

	if (!pairs)
		return BJ_ERR_NO_MEMORY;
	err = local_make_ca(NULL, 0, days, now, &pairs[0]);
	if (!err)
		err = local_issue(&pairs[0], ISSUE_SERVER, &name, 1, days, now, &pairs[1], &bad);
	if (!err)
		err = local_cert_pem(&pairs[0], &ca, &ca_len);
	if (!err)
		err = local_cert_pem(&pairs[1], &chain, &chain_len);
	if (!err)
		err = local_key_pem(&pairs[1], &key, &key_len);
	if (!err)
		err = bj_trust_add_pem(trust, ca, ca_len, NULL);
	if (!err)
		err = bj_credential_from_pem(chain, chain_len, key, key_len, out);
	if (key)
		wipe(key, key_len);
	free(ca);
	free(chain);
	free(key);
	local_fini(&pairs[0]);
	local_fini(&pairs[1]);
	free(pairs);
	return err;
}
