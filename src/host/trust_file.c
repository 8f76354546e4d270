/* trust_file.c - trust anchors from files: bj_trust_add_file() and bj_trust_add_system().
 *
 * $SSL_CERT_FILE and $SSL_CERT_DIR replace the system's places, as with other TLS libraries; a program that runs with more
 * rights than its user does not look at them.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bojagi/x509.h>

#include "base/bytes.h"
#include "base/pem.h"
#include "base/wipe.h"
#include "host/file.h"

#define TRUST_FOLDER_FILES_MAX 8192 /* entries looked at in one folder */
#define TRUST_FOLDERS_MAX 16        /* folders in $SSL_CERT_DIR */

static const char *const system_files[] = {
	"/etc/ssl/certs/ca-certificates.crt",                /* Debian, Ubuntu, Arch, Gentoo */
	"/etc/pki/tls/certs/ca-bundle.crt",                  /* Fedora, RHEL */
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", /* Fedora 43 and later, RHEL 7 */
	"/etc/ssl/ca-bundle.pem",                            /* openSUSE */
	"/etc/ssl/cert.pem",                                 /* Alpine, the BSDs */
};

static const char *const system_folders[] = {
	"/etc/ssl/certs",
	"/etc/pki/tls/certs",
};

BJ_API enum bj_err bj_trust_add_file(struct bj_trust *trust, const char *path, size_t *out_count)
{
	struct file_bytes f;
	enum bj_err err = file_read(path, FILE_PEM_MAX, &f);

	if (err)
		return err;
	if (file_is_der(&f)) {
		err = bj_trust_add_der(trust, f.ptr, f.len);
		if (!err && out_count)
			*out_count = 1;
	} else {
		err = bj_trust_add_pem(trust, f.ptr, f.len, out_count);
	}
	file_bytes_free(&f);
	return err;
}

/* Adds what is good in a PEM text; only a lack of memory stops it. */
static enum bj_err add_good_of_text(struct bj_trust *trust, const struct file_bytes *f, size_t *count)
{
	struct pem p = pem_make(f->ptr, f->len);
	size_t cap = PEM_DER_MAX(f->len);
	uint8_t *der = malloc(cap);
	struct pem_block block;
	enum bj_err err = BJ_OK;

	if (!der)
		return BJ_ERR_NO_MEMORY;
	while (!pem_next_labelled(&p, "CERTIFICATE", der, cap, &block)) {
		err = bj_trust_add_der(trust, block.der.ptr, block.der.len);
		if (err == BJ_ERR_NO_MEMORY || err == BJ_ERR_LIMIT)
			break;
		*count += !err;
		err = BJ_OK;
	}
	wipe(der, cap); /* other blocks may have been keys */
	free(der);
	return err;
}

/* The same for a file of either kind; one that cannot be read adds nothing. */
static enum bj_err add_good_of_file(struct bj_trust *trust, const char *path, size_t *count)
{
	struct file_bytes f;
	enum bj_err err = file_read(path, FILE_PEM_MAX, &f);

	if (err)
		return err == BJ_ERR_NO_MEMORY ? err : BJ_OK;
	if (file_is_der(&f)) {
		err = bj_trust_add_der(trust, f.ptr, f.len);
		*count += !err;
		if (err != BJ_ERR_NO_MEMORY && err != BJ_ERR_LIMIT)
			err = BJ_OK;
	} else {
		err = add_good_of_text(trust, &f, count);
	}
	file_bytes_free(&f);
	return err;
}

static enum bj_err add_good_of_folder(struct bj_trust *trust, const char *folder, size_t *count)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	char path[PATH_MAX];
	enum bj_err err = BJ_OK;

	if (!dir)
		return BJ_OK;
	for (size_t i = 0; i < TRUST_FOLDER_FILES_MAX && !err && (entry = readdir(dir)); i++) {
		int n = snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);

		if (entry->d_name[0] != '.' && n > 0 && (size_t)n < sizeof(path))
			err = add_good_of_file(trust, path, count);
	}
	(void)closedir(dir);
	return err;
}

/* A list of folders with colons between, as in $PATH. */
static enum bj_err add_good_of_folders(struct bj_trust *trust, const char *list, size_t *count)
{
	char folder[PATH_MAX];
	enum bj_err err = BJ_OK;

	for (size_t i = 0; i < TRUST_FOLDERS_MAX && *list && !err; i++) {
		size_t len = strcspn(list, ":");

		if (len > 0 && len < sizeof(folder)) {
			memcpy(folder, list, len);
			folder[len] = 0;
			err = add_good_of_folder(trust, folder, count);
		}
		list += len + (list[len] == ':');
	}
	return err;
}

/* The first of the system's places that has any anchor. */
static enum bj_err add_known_places(struct bj_trust *trust, size_t *count)
{
	enum bj_err err = BJ_OK;

	for (size_t i = 0; i < ARRAY_COUNT(system_files) && *count == 0 && !err; i++)
		err = add_good_of_file(trust, system_files[i], count);
	for (size_t i = 0; i < ARRAY_COUNT(system_folders) && *count == 0 && !err; i++)
		err = add_good_of_folder(trust, system_folders[i], count);
	return err;
}

BJ_API enum bj_err bj_trust_add_system(struct bj_trust *trust, size_t *out_count)
{
	const char *file = secure_getenv("SSL_CERT_FILE"), *folders = secure_getenv("SSL_CERT_DIR");
	size_t count = 0;
	enum bj_err err = BJ_OK;

	if (file && *file)
		err = add_good_of_file(trust, file, &count);
	if (!err && folders && *folders)
		err = add_good_of_folders(trust, folders, &count);
	if (!(file && *file) && !(folders && *folders))
		err = add_known_places(trust, &count);
	if (err)
		return err;
	if (count == 0)
		return BJ_ERR_FILE_OPEN;
	if (out_count)
		*out_count = count;
	return BJ_OK;
}
