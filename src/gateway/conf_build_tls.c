/* conf_build_tls.c - tls blocks: certificates, versions, sessions, client certificates. */
#include "gateway/conf_build.h"

#include "base/check.h"

#define CACHE_MAX 10000000u
#define TICKETS_DEFAULT 2
#define TICKET_KEEP_MAX 7            /* bj_tls_config_tickets() */
#define TICKET_ROTATE_MIN_MS 60000u
#define LIFETIME_MAX_S 604800u       /* rfc9846:4.6.1 */

static const char *const alpn_default[] = { "http/1.1" };

static bool is_bad_name(const struct conf_node *node)
{
	return node->word_count < 2 || !conf_value_name(node->words[1].text);
}

void conf_take_tls(struct conf_build *build, const struct conf_node *node, void *object)
{
	struct conf_tls_made *made = object;
	struct conf_tls *tls = made->tls;

	tls->name = is_bad_name(node) ? "" : conf_build_text(build, node->words[1].text);
	tls->place = conf_node_place(build, node);
	tls->profile = "intermediate";
	tls->version_min = BJ_TLS_1_2;
	tls->version_max = BJ_TLS_1_3;
	tls->alpn = alpn_default;
	tls->alpn_count = ARRAY_COUNT(alpn_default);
	tls->session_cache_entries = 1024;
	tls->session_timeout_s = 300;
	tls->tickets = TICKETS_DEFAULT;
	tls->ticket_rotate_s = 8 * 3600;
	tls->ticket_keep = 2;
	made->credentials = conf_memory_list(&build->owned->memory, conf_count(node->children, "certificate"), sizeof(*made->credentials));
	tls->credentials = made->credentials;
	if (!made->credentials)
		return;
	conf_build_block(build, node->children, made);
	conf_build_staples(build, made);
	if (made->has_profile_modern && !made->has_versions)
		tls->version_min = BJ_TLS_1_3;
}

/* For blocks that only group settings of what is around them. */
void conf_take_block(struct conf_build *build, const struct conf_node *node, void *object)
{
	conf_build_block(build, node->children, object);
}

void conf_take_certificate(struct conf_build *build, const struct conf_node *node, void *object)
{
	struct conf_tls_made *made = object;
	struct bj_credential *credential;

	if (node->words[1].kind == CONF_WORD) {
		conf_problem(build->report, CONF_R_UNSUPPORTED, &node->words[1].span, NULL, "a file name in double quotes",
			     "certificate auto is not supported yet");
		made->broken = true;
		return;
	}
	credential = conf_build_credential(build, node);
	if (credential)
		made->credentials[made->tls->credential_count++] = credential;
	else
		made->broken = true;
}

static void versions_agree(struct conf_build *build, const struct conf_tls_made *made, const struct conf_node *node)
{
	if (made->has_profile_modern && made->has_versions && made->tls->version_min != BJ_TLS_1_3)
		conf_problem(build->report, CONF_R_VERSIONS, &node->words[0].span, NULL, NULL,
			     "profile modern has no TLS 1.2, but versions asks for it");
}

void conf_take_profile(struct conf_build *build, const struct conf_node *node, void *object)
{
	struct conf_tls_made *made = object;

	made->has_profile_modern = conf_word_is(&node->words[1], "modern");
	made->tls->profile = made->has_profile_modern ? "modern" : "intermediate";
	versions_agree(build, made, node);
}

void conf_take_versions(struct conf_build *build, const struct conf_node *node, void *object)
{
	struct conf_tls_made *made = object;
	bool has_12 = conf_option(node, "1.2") != NULL, has_13 = conf_option(node, "1.3") != NULL;

	made->has_versions = true;
	made->tls->version_min = has_12 ? BJ_TLS_1_2 : BJ_TLS_1_3;
	made->tls->version_max = has_13 ? BJ_TLS_1_3 : BJ_TLS_1_2;
	versions_agree(build, made, node);
}

void conf_take_alpn(struct conf_build *build, const struct conf_node *node, void *object)
{
	struct conf_tls_made *made = object;
	const char **list = conf_memory_list(&build->owned->memory, node->word_count, sizeof(*list));

	for (size_t i = 1; i < node->word_count && list; i++) {
		if (conf_word_is(&node->words[i], "h2"))
			conf_problem(build->report, CONF_R_UNSUPPORTED, &node->words[i].span, NULL, "http/1.1", "HTTP/2 is not supported yet");
		list[i - 1] = conf_build_text(build, node->words[i].text);
	}
	made->tls->alpn = list;
	made->tls->alpn_count = list ? node->word_count - 1 : 0;
}

void conf_take_compression(struct conf_build *build, const struct conf_node *node, void *object)
{
	struct conf_tls_made *made = object;
	uint16_t *list = conf_memory_list(&build->owned->memory, node->word_count, sizeof(*list));

	for (size_t i = 1; i < node->word_count && list; i++) {
		uint16_t code = bj_tls_compression_by_name(conf_build_text(build, node->words[i].text));

		for (size_t k = 0; k < made->tls->compression_count; k++)
			if (list[k] == code)
				conf_problem(build->report, CONF_R_TWICE, &node->words[i].span, NULL, NULL, "'%s' is given twice", bj_tls_compression_name(code));
		if (code == 0)
			conf_problem(build->report, CONF_R_UNSUPPORTED, &node->words[i].span, NULL, NULL, "this build does not have it");
		else
			list[made->tls->compression_count++] = code;
	}
	made->tls->compressions = list;
}

void conf_take_cache(struct conf_build *build, const struct conf_node *node, void *object)
{
	struct conf_tls_made *made = object;
	uint64_t entries;

	if (conf_take_number(build, &node->words[1], 0, CACHE_MAX, &entries))
		made->tls->session_cache_entries = (size_t)entries;
}

void conf_take_session_timeout(struct conf_build *build, const struct conf_node *node, void *object)
{
	struct conf_tls_made *made = object;
	uint64_t ms = 0;

	check(conf_value_time(node->words[1].text, &ms));
	if (ms < 1000 || ms / 1000 > LIFETIME_MAX_S)
		conf_problem(build->report, CONF_R_BAD_TIME, &node->words[1].span, NULL, "1s to 7d", "%.*s is out of range",
			     (int)node->words[1].text.len, (const char *)node->words[1].text.ptr);
	else
		made->tls->session_timeout_s = (unsigned)(ms / 1000);
}

void conf_take_tickets(struct conf_build *build, const struct conf_node *node, void *object)
{
	struct conf_tls_made *made = object;
	const struct conf_word *keep = conf_option(node, "keep");
	const struct conf_word *time = node->word_count > 2 && &node->words[2] != keep ? &node->words[2] : keep ? keep + 2 : NULL;
	uint64_t value = 0;

	if (conf_word_is(&node->words[1], "off")) {
		if (node->word_count > 2)
			conf_problem(build->report, CONF_R_EXTRA_VALUE, &node->words[2].span, NULL, "';'", "tickets off has no more values");
		made->tls->tickets = 0;
		return;
	}
	if (keep && conf_take_number(build, keep + 1, 0, TICKET_KEEP_MAX, &value))
		made->tls->ticket_keep = (unsigned)value;
	if (!time || time >= node->words + node->word_count)
		return;
	check(conf_value_time(time->text, &value));
	if (value < TICKET_ROTATE_MIN_MS || value / 1000 > LIFETIME_MAX_S)
		conf_problem(build->report, CONF_R_BAD_TIME, &time->span, NULL, "1m to 7d", "%.*s is out of range", (int)time->text.len,
			     (const char *)time->text.ptr);
	else
		made->tls->ticket_rotate_s = (unsigned)(value / 1000);
}

void conf_take_client_certificate(struct conf_build *build, const struct conf_node *node, void *object)
{
	struct conf_tls_made *made = object;

	made->client_auth_node = node;
	if (conf_word_is(&node->words[1], "optional"))
		made->tls->client_auth = BJ_TLS_AUTH_OPTIONAL;
	else if (conf_word_is(&node->words[1], "required"))
		made->tls->client_auth = BJ_TLS_AUTH_REQUIRED;
	conf_build_block(build, node->children, made);
	conf_build_crls(build, made);
	if (made->tls->client_auth != BJ_TLS_AUTH_NONE && conf_count(node->children, "ca") == 0)
		conf_problem(build->report, CONF_R_CA_WANTED, &node->words[1].span, NULL, "{ ca \"FILE\"; }",
			     "client certificates cannot be judged without their ca");
}

void conf_take_client_ca(struct conf_build *build, const struct conf_node *node, void *object)
{
	struct conf_tls_made *made = object;

	conf_build_trust(build, &node->words[1], &made->tls->client_trust);
}

void conf_take_keylog(struct conf_build *build, const struct conf_node *node, void *object)
{
	struct conf_tls_made *made = object;

	made->tls->keylog_file = conf_build_path(build, &node->words[2]);
	conf_problem(build->report, CONF_R_KEYLOG, &node->words[0].span, NULL, NULL, "the secrets of every session are written to %s",
		     made->tls->keylog_file);
}
