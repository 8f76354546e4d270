/* cert_local.h - the local CA in its folder, and what it signs.
 *
 * ca.pem and ca.key (mode 0600) lie in one folder, by default $XDG_DATA_HOME/bojagi or ~/.local/share/bojagi. The CA can only
 * sign local names and those that it was made for: name constraints say so in its certificate, so every client holds it to them.
 */
#ifndef CLI_CERT_LOCAL_H
#define CLI_CERT_LOCAL_H

#include <stdbool.h>
#include <stddef.h>

#include <bojagi/x509.h>

#include "cli/folder.h"
#include "crypto/pkey.h"
#include "x509/issue.h"

#define LOCAL_LEAF_DAYS_MAX 90
#define LOCAL_CA_DAYS 1826 /* five years */
#define LOCAL_KEY_DER_MAX 2048
#define LOCAL_NAMES_MAX 32 /* further names of a CA */

/* A certificate with its key, in memory. */
struct local_pair {
	uint8_t der[ISSUE_DER_MAX];
	size_t der_len;
	struct cert cert; /* views into der: the struct does not move */
	struct pkey *key;
};

/* The folder where a CA lies unless told otherwise. BJ_ERR_NOT_FOUND if there is no home. */
enum bj_err local_folder(char out[FOLDER_PATH_MAX]) BJ_MUST_USE;

/* What the names of every local CA are, besides those that it is given; ends with null. */
extern const char *const local_names[];

enum bj_err local_make_ca(const char *const *names, size_t name_count, unsigned days, int64_t now, struct local_pair *out) BJ_MUST_USE;
/* BJ_ERR_FILE_OPEN if there is none. */
enum bj_err local_load_ca(const char *folder, struct local_pair *out) BJ_MUST_USE;
/* A server's or client's certificate with a new P-256 key. For a client the first name is its common name. BJ_ERR_ARGUMENT
 * if something is no name, BJ_ERR_CERT_NAME_CONSTRAINT if the CA may not sign it; `out_bad` then says which. */
enum bj_err local_issue(const struct local_pair *ca, enum issue_kind kind, const char *const *names, size_t name_count, unsigned days,
			int64_t now, struct local_pair *out, const char **out_bad) BJ_MUST_USE;
void local_fini(struct local_pair *pair);
/* The first certificate of a text in PEM, or of DER; no key. */
enum bj_err local_cert_of(const void *bytes, size_t len, struct local_pair *out) BJ_MUST_USE;
enum bj_err local_pem(const char *label, const uint8_t *der, size_t len, char **out, size_t *out_len) BJ_MUST_USE;

/* PEM texts, allocated, with a zero byte at the end; the key's is to be wiped. */
enum bj_err local_cert_pem(const struct local_pair *pair, char **out, size_t *out_len) BJ_MUST_USE;
enum bj_err local_key_pem(const struct local_pair *pair, char **out, size_t *out_len) BJ_MUST_USE;
/* Writes BASE.pem and BASE.key (0600); neither if one exists and `overwrite` is not set. */
enum bj_err local_save(const struct local_pair *pair, const char *base, bool overwrite) BJ_MUST_USE;

/* A server's certificate below a CA that signs nothing else: the credential, and the root, which goes to the trust's anchors. */
enum bj_err local_once(const char *name, unsigned days, int64_t now, struct bj_trust *trust, struct bj_credential **out) BJ_MUST_USE;

#endif
