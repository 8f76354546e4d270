/* fuzz_conf.c - configurations: no text harms, and every problem has a place in the text. The world outside says yes to everything. */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "gateway/conf_report.h"
#include "gateway/conf_world.h"

static enum bj_err credential(void *self, const char *chain, const char *key, const char *passphrase, struct bj_credential **out,
			      char why[BJ_WHY_MAX])
{
	(void)self;
	(void)key;
	if (chain[0] == 'x')
		return BJ_ERR_FILE_OPEN;
	*out = malloc(1);
	return *out ? BJ_OK : BJ_ERR_NO_MEMORY;
}

static enum bj_err trust(void *self, const char *path, struct bj_trust **to)
{
	(void)self;
	(void)path;
	if (!*to)
		*to = malloc(1);
	return *to ? BJ_OK : BJ_ERR_NO_MEMORY;
}

static void credential_free(struct bj_credential *c)
{
	free(c);
}

static void trust_free(struct bj_trust *t)
{
	free(t);
}

static bool validity(void *self, const struct bj_credential *c, int64_t *out_not_before, int64_t *out_not_after)
{
	(void)self;
	(void)c;
	*out_not_before = 0;
	*out_not_after = 1000;
	return true;
}

static bool covers(void *self, const struct bj_credential *c, const char *host)
{
	(void)self;
	(void)c;
	return host[0] == 'a';
}

static bool resolve(void *self, const char *name, uint16_t port, struct conf_address *out)
{
	(void)self;
	(void)port;
	memset(out, 0, sizeof(*out));
	return name[0] == 'a';
}

static enum bj_err staple(void *self, const char *path, struct bj_credential *const *credentials, size_t count, int64_t *out_next_update,
			  char why[BJ_WHY_MAX])
{
	(void)self;
	(void)credentials;
	*out_next_update = count == 1 ? 400 : 90000;
	why[0] = 0;
	return path[0] == 'x' ? BJ_ERR_OCSP : BJ_OK;
}

static char list;

static enum bj_err crl(void *self, const char *path, struct bj_crls **crls, int64_t *out_next_update, bool *out_unnumbered)
{
	(void)self;
	*crls = (struct bj_crls *)(void *)&list;
	*out_next_update = path[0] == 'a' ? INT64_MIN : 90000;
	*out_unnumbered = path[0] == 'n';
	return path[0] == 'x' ? BJ_ERR_CRL : BJ_OK;
}

static void use_crls(struct bj_trust *to, struct bj_crls *crls, enum bj_revocation policy)
{
	check(to && crls && policy);
}

static void crls_free(struct bj_crls *crls)
{
	check(crls != NULL);
}

static bool folder_exists(void *self, const char *folder)
{
	(void)self;
	return folder[0] == '.';
}

static unsigned mode(void *self, const char *path)
{
	(void)self;
	return path[0] == 'a' ? 0644 : 0600;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct conf_world world = {
		.now_s = 500, .credential = credential, .trust = trust, .credential_free = credential_free, .trust_free = trust_free,
		.validity = validity, .covers = covers, .resolve = resolve, .folder_exists = folder_exists, .mode = mode,
		.staple = staple, .crl = crl, .use_crls = use_crls, .crls_free = crls_free,
	};
	static FILE *nowhere;
	struct conf_report *report = conf_report_new();
	struct conf_snapshot *snapshot = NULL;
	enum bj_err err;

	if (!nowhere)
		nowhere = fopen("/dev/null", "w");
	check(report != NULL && nowhere != NULL);
	err = conf_load_text(&world, "fuzz.conf", bytes_of(data, size), report, &snapshot);
	check((err == BJ_OK) == (conf_report_errors(report) == 0));
	for (size_t i = 0; i < conf_report_count(report); i++)
		check(conf_report_at(report, i)->message[0] && conf_report_at(report, i)->length > 0);
	conf_report_print(report, nowhere, CONF_REPORT_COLOR);
	conf_report_print(report, nowhere, CONF_REPORT_JSON);
	conf_unref(snapshot);
	conf_report_free(report);
	return 0;
}
