/* conf_build_revocation.c - revocation lists and stapled responses: read, warned about, watched. */
#include "gateway/conf_build.h"

#include <errno.h>

#define STAPLE_SOON_S 86400       /* before its end: a day */
#define CRL_SOON_S (2 * 86400)

void conf_build_watch(struct conf_build *build, const char *path)
{
	struct conf_watch *watch = conf_memory_take(&build->owned->memory, sizeof(*watch));

	if (!watch)
		return;
	*watch = (struct conf_watch){ path, build->snapshot->watches };
	build->snapshot->watches = watch;
}

/* Says when something is or will soon be out of date. */
static void say_end(struct conf_build *build, const struct conf_word *word, const char *what, int64_t next_update, int64_t soon)
{
	int64_t left = next_update == INT64_MIN ? 0 : next_update - build->world->now_s;

	if (next_update == INT64_MIN)
		conf_problem(build->report, CONF_R_STALE, &word->span, NULL, NULL, "this %s does not say until when it is in force", what);
	else if (left >= soon)
		return;
	else if (left < 0)
		conf_problem(build->report, CONF_R_STALE, &word->span, NULL, NULL, "this %s has been out of date for %lld hours", what,
			     (long long)(-left / 3600));
	else
		conf_problem(build->report, CONF_R_STALE, &word->span, NULL, NULL, "this %s will be out of date in %lld hours", what,
			     (long long)(left / 3600));
}

/* Read when the whole block is: the certificate may stand behind it. */
void conf_take_ocsp(struct conf_build *build, const struct conf_node *node, void *object)
{
	(void)object;
	conf_build_watch(build, conf_build_path(build, &node->words[2]));
}

void conf_build_staples(struct conf_build *build, struct conf_tls_made *made)
{
	for (const struct conf_node *node = made->node->children; node; node = node->next) {
		char why[BJ_WHY_MAX] = "";
		int64_t next_update = INT64_MAX;
		const char *path;
		enum bj_err err;

		if (!node->entry || !conf_word_is(&node->words[0], "ocsp") || made->broken)
			continue;
		path = conf_build_path(build, &node->words[2]);
		err = build->world->staple(build->world->self, path, made->tls->credentials, made->tls->credential_count, &next_update, why);
		if (err)
			conf_problem(build->report, CONF_R_STAPLE, &node->words[2].span, NULL, NULL, "%s: %s%s%s", path, bj_err_text(err),
				     *why ? ": " : "", why);
		else
			say_end(build, &node->words[2], "OCSP response", next_update, STAPLE_SOON_S);
	}
}

void conf_take_client_crl(struct conf_build *build, const struct conf_node *node, void *object)
{
	struct conf_tls_made *made = object;
	const char *path = conf_build_path(build, &node->words[1]);
	int64_t next_update = INT64_MAX;
	bool unnumbered = false;
	enum bj_err err;

	conf_build_watch(build, path);
	errno = 0;
	err = build->world->crl(build->world->self, path, &made->crls, &next_update, &unnumbered);
	if (err)
		conf_file_problem(build, CONF_R_CRL_FILE, &node->words[1], path, err);
	else
		say_end(build, &node->words[1], "revocation list", next_update, CRL_SOON_S);
	if (!err && unnumbered)
		conf_problem(build->report, CONF_R_UNNUMBERED, &node->words[1].span,
			     "have the CA number its lists (openssl ca: crlnumber in its section)", NULL, "this revocation list has no number, or a critical one");
}

void conf_take_revocation(struct conf_build *build, const struct conf_node *node, void *object)
{
	struct conf_tls_made *made = object;

	(void)build;
	made->revocation = conf_word_is(&node->words[1], "if_present") ? BJ_REVOCATION_IF_PRESENT : BJ_REVOCATION_REQUIRED;
}

void conf_build_crls(struct conf_build *build, struct conf_tls_made *made)
{
	if (!made->crls)
		return;
	if (made->tls->client_trust)
		build->world->use_crls(made->tls->client_trust, made->crls, made->revocation ? made->revocation : BJ_REVOCATION_REQUIRED);
	build->world->crls_free(made->crls);
	made->crls = NULL;
}
