/* testkit.h - for the tests of this folder: a temporary folder, and a CA with its certificates as PEM files.
 *
 * The short way reads the real clock, so the certificates are valid around now. Include base/test.h before.
 */
#ifndef HOST_TESTKIT_H
#define HOST_TESTKIT_H

#include <dirent.h>
#include <ftw.h>
#include <limits.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/base64.h"
#include "host/file.h"
#include "x509/issue.h"

#define KIT_NAME "www.example.com"

struct kit {
	char folder[64];
	struct pkey *ca_key;
	uint8_t ca_der[ISSUE_DER_MAX];
	size_t ca_len;
	struct cert ca;
};

static char kit_path_text[PATH_MAX];

/* A path in the temporary folder; good until the next call. */
static inline const char *kit_path(const struct kit *kit, const char *name)
{
	(void)snprintf(kit_path_text, sizeof(kit_path_text), "%s/%s", kit->folder, name);
	return kit_path_text;
}

static inline void kit_write(const struct kit *kit, const char *name, const void *ptr, size_t len)
{
	assert_int_equal(file_write(kit_path(kit, name), ptr, len, 0600, true), BJ_OK);
}

/* Appends a PEM block to a text. */
static inline void kit_add_pem(char *text, size_t cap, const char *label, const uint8_t *der, size_t len)
{
	size_t at = strlen(text), room = BASE64_TEXT_LEN(len) + 2 * strlen(label) + 40;

	assert_true(at + room <= cap);
	at += (size_t)snprintf(text + at, cap - at, "-----BEGIN %s-----\n", label);
	at += base64_encode(der, len, text + at);
	(void)snprintf(text + at, cap - at, "\n-----END %s-----\n", label);
}

/* A certificate of the CA's for a name, with its key, in one text: chain first. */
static inline void kit_issue(const struct kit *kit, enum issue_kind kind, const char *name, char *text, size_t cap)
{
	struct issue in = { .kind = kind, .names = &name, .name_count = 1, .issuer = &kit->ca, .issuer_key = kit->ca_key };
	uint8_t der[ISSUE_DER_MAX];
	struct pkey *key;
	size_t len;

	assert_int_equal(pkey_generate(KEY_P256, 0, &key), BJ_OK);
	in.key = key;
	in.not_before = (int64_t)time(NULL) - 3600;
	in.not_after = in.not_before + 7200;
	assert_int_equal(issue_cert(&in, der, sizeof(der), &len), BJ_OK);
	text[0] = 0;
	kit_add_pem(text, cap, "CERTIFICATE", der, len);
	assert_int_equal(pkey_pkcs8(key, der, sizeof(der), &len), BJ_OK);
	kit_add_pem(text, cap, "PRIVATE KEY", der, len);
	pkey_free(key);
}

static inline void kit_make_ca(struct kit *kit, const char *name)
{
	struct issue in = { .kind = ISSUE_CA, .common_name = name };

	assert_int_equal(pkey_generate(KEY_P256, 0, &kit->ca_key), BJ_OK);
	in.key = kit->ca_key;
	in.not_before = (int64_t)time(NULL) - 3600;
	in.not_after = in.not_before + 86400;
	assert_int_equal(issue_cert(&in, kit->ca_der, sizeof(kit->ca_der), &kit->ca_len), BJ_OK);
	assert_int_equal(cert_parse(bytes_of(kit->ca_der, kit->ca_len), &kit->ca), BJ_OK);
}

/* Makes the folder with ca.pem, ca.der and server.pem (chain and key for KIT_NAME). */
static inline void kit_open(struct kit *kit)
{
	static char text[3 * ISSUE_DER_MAX];

	(void)snprintf(kit->folder, sizeof(kit->folder), "/tmp/bojagi-test-XXXXXX");
	assert_non_null(mkdtemp(kit->folder));
	kit_make_ca(kit, "Test CA");
	text[0] = 0;
	kit_add_pem(text, sizeof(text), "CERTIFICATE", kit->ca_der, kit->ca_len);
	kit_write(kit, "ca.pem", text, strlen(text));
	kit_write(kit, "ca.der", kit->ca_der, kit->ca_len);
	kit_issue(kit, ISSUE_SERVER, KIT_NAME, text, sizeof(text));
	kit_write(kit, "server.pem", text, strlen(text));
}

static inline int kit_remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

/* Removes a folder with all in it. */
static inline void kit_remove(const char *folder)
{
	(void)nftw(folder, kit_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline void kit_close(struct kit *kit)
{
	kit_remove(kit->folder);
	pkey_free(kit->ca_key);
}

#endif
