/* conf_world.h - what a configuration needs of the world outside of its text: files, certificates, names, the time.
 *
 * The program uses conf_world_real(); tests and fuzz targets give their own, so that checking a text touches nothing.
 */
#ifndef GATEWAY_CONF_WORLD_H
#define GATEWAY_CONF_WORLD_H

#include "gateway/config.h"

struct conf_world {
	void *self;
	int64_t now_s; /* seconds since 1970 */
	/* BJ_ERR_FILE_*, BJ_ERR_PEM*, BJ_ERR_KEY_*, BJ_ERR_CERT_*, BJ_ERR_CHAIN_ORDER. `key` may be null: it is in the same file; and so may be
	 * the file with the passphrase. `why` gets more words, or stays empty. */
	enum bj_err (*credential)(void *self, const char *chain, const char *key, const char *passphrase, struct bj_credential **out,
				  char why[BJ_WHY_MAX]);
	/* Staples the OCSP response of a file to the one of these credentials that it is about, unless it is out of date. */
	enum bj_err (*staple)(void *self, const char *path, struct bj_credential *const *credentials, size_t count, int64_t *out_next_update,
			      char why[BJ_WHY_MAX]);
	/* Adds the lists of a file to `*crls`, which is made when it is null; the earliest end of them all, and whether one has no proper
	 * number, so that it clears nobody. */
	enum bj_err (*crl)(void *self, const char *path, struct bj_crls **crls, int64_t *out_next_update, bool *out_unnumbered);
	void (*use_crls)(struct bj_trust *trust, struct bj_crls *crls, enum bj_revocation policy);
	void (*crls_free)(struct bj_crls *crls);
	/* Adds the anchors of a file to `*trust`, which is made when it is null; a null path means the system's. On failure a `*trust`
	 * that was null stays so. */
	enum bj_err (*trust)(void *self, const char *path, struct bj_trust **trust);
	void (*credential_free)(struct bj_credential *credential);
	void (*trust_free)(struct bj_trust *trust);
	/* When the first certificate is valid, in seconds since 1970; false if that is not known. */
	bool (*validity)(void *self, const struct bj_credential *credential, int64_t *out_not_before, int64_t *out_not_after);
	/* Whether the first certificate is for that host; for "*.name": whether it has that wildcard. */
	bool (*covers)(void *self, const struct bj_credential *credential, const char *host);
	bool (*resolve)(void *self, const char *name, uint16_t port, struct conf_address *out);
	bool (*folder_exists)(void *self, const char *folder);
	/* The permission bits of a file; 0 if there is none. */
	unsigned (*mode)(void *self, const char *path);
};

void conf_world_real(struct conf_world *out);

/* conf_load() from a text that is in memory already and from whatever world. `path` names the text and its folder is where relative
 * file names begin. */
enum bj_err conf_load_text(const struct conf_world *world, const char *path, struct bj_bytes text, struct conf_report *report,
			   struct conf_snapshot **out) BJ_MUST_USE;

#endif
