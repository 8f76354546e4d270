/* conf_build.c - makes the snapshot: slots for everything that has a name first, then each statement into its place. */
#include "gateway/conf_build.h"

#include <errno.h>
#include <stdlib.h>

#include "base/check.h"

/* ---- helpers for whoever takes statements */

void conf_build_block(struct conf_build *build, const struct conf_node *first, void *object)
{
	for (; first; first = first->next)
		if (first->entry && first->entry->take)
			first->entry->take(build, first, object);
}

const char *conf_build_text(struct conf_build *build, struct bj_bytes text)
{
	const char *copy = conf_memory_text(&build->owned->memory, text);

	return copy ? copy : "";
}

const char *conf_build_path(struct conf_build *build, const struct conf_word *word)
{
	size_t folder_len = word->text.ptr[0] == '/' ? 0 : strlen(build->folder);
	char *path = conf_memory_take(&build->owned->memory, folder_len + word->text.len + 1);

	if (!path)
		return "";
	bytes_copy(path, build->folder, folder_len);
	bytes_copy(path + folder_len, word->text.ptr, word->text.len);
	return path;
}

const struct conf_word *conf_option(const struct conf_node *node, const char *keyword)
{
	for (size_t i = 1; i < node->word_count; i++)
		if (node->words[i].kind == CONF_WORD && conf_word_is(&node->words[i], keyword))
			return &node->words[i];
	return NULL;
}

bool conf_take_number(struct conf_build *build, const struct conf_word *word, uint64_t min, uint64_t max, uint64_t *out)
{
	uint64_t value = 0;
	char expected[80];

	check(conf_value_number(word->text, &value) || conf_value_size(word->text, &value) || conf_value_rate(word->text, &value) ||
	      conf_value_percent(word->text, &value));
	if (value < min || value > max) {
		snprintf(expected, sizeof(expected), "%llu to %llu", (unsigned long long)min, (unsigned long long)max);
		conf_problem(build->report, CONF_R_BAD_NUMBER, &word->span, NULL, expected, "%.*s is out of range", (int)word->text.len,
			     (const char *)word->text.ptr);
		return false;
	}
	*out = value;
	return true;
}

void conf_take_time(struct conf_build *build, const struct conf_node *node, const struct conf_word *word, bool zero_is_unlimited,
		    unsigned *out_ms)
{
	uint64_t ms = 0;

	check(conf_value_time(word->text, &ms));
	if (ms > UINT32_MAX / 2)
		ms = UINT32_MAX / 2; /* 24 days: timers hold no more, and nothing here lasts as long */
	if (ms == 0 && zero_is_unlimited)
		conf_problem(build->report, CONF_R_ZERO_TIME, &word->span, NULL, NULL, "%.*s 0 means no limit",
			     (int)node->words[0].text.len, (const char *)node->words[0].text.ptr);
	*out_ms = (unsigned)ms;
}

size_t conf_count(const struct conf_node *first, const char *name)
{
	size_t count = 0;

	for (; first; first = first->next)
		count += conf_word_is(&first->words[0], name);
	return count;
}

struct conf_place conf_node_place(const struct conf_build *build, const struct conf_node *node)
{
	return conf_report_place(build->report, node->words[0].span.at);
}

static bool names(const struct conf_node *node, struct bj_bytes name)
{
	return node->word_count >= 2 && bytes_equal(node->words[1].text, name);
}

static void no_such(struct conf_build *build, const struct conf_word *word, const char *what, struct conf_nearest *nearest)
{
	char hint[CONF_HINT_MAX];

	conf_nearest_hint(nearest, hint);
	conf_problem(build->report, CONF_R_NO_SUCH, &word->span, hint, NULL, "there is no %s '%.*s'", what, (int)word->text.len,
		     (const char *)word->text.ptr);
}

static void try_name(struct conf_nearest *nearest, const struct conf_node *node)
{
	char name[CONF_NAME_MAX + 1];

	if (node->word_count < 2 || node->words[1].text.len > CONF_NAME_MAX)
		return;
	bytes_copy(name, node->words[1].text.ptr, node->words[1].text.len);
	name[node->words[1].text.len] = 0;
	conf_nearest_try(nearest, name);
}

struct conf_tls_made *conf_tls_named(struct conf_build *build, const struct conf_word *word)
{
	struct conf_nearest nearest = conf_nearest_start(word->text);

	for (size_t i = 0; i < build->tls_count; i++) {
		if (names(build->tls[i].node, word->text))
			return &build->tls[i];
		try_name(&nearest, build->tls[i].node);
	}
	no_such(build, word, "tls block", &nearest);
	return NULL;
}

struct conf_pool_made *conf_pool_named(struct conf_build *build, const struct conf_word *word)
{
	struct conf_nearest nearest = conf_nearest_start(word->text);

	for (size_t i = 0; i < build->pool_count; i++) {
		if (names(build->pools[i].node, word->text))
			return &build->pools[i];
		try_name(&nearest, build->pools[i].node);
	}
	no_such(build, word, "pool", &nearest);
	return NULL;
}

/* ---- files that are loaded */

static bool hold(struct conf_build *build, struct bj_credential *credential, struct bj_trust *trust)
{
	struct conf_holding *holding = conf_memory_take(&build->owned->memory, sizeof(*holding));

	if (!holding) {
		if (credential)
			build->world->credential_free(credential);
		if (trust)
			build->world->trust_free(trust);
		return false;
	}
	*holding = (struct conf_holding){ credential, trust, build->owned->holdings };
	build->owned->holdings = holding;
	return true;
}

void conf_file_problem(struct conf_build *build, enum conf_rule_id rule, const struct conf_word *word, const char *path, enum bj_err err)
{
	bool has_why = (err == BJ_ERR_FILE_OPEN || err == BJ_ERR_FILE_READ) && errno != 0;

	conf_problem(build->report, rule, &word->span, NULL, NULL, "%s: %s%s%s", path, bj_err_text(err), has_why ? ": " : "",
		     has_why ? strerror(errno) : "");
}

void conf_build_trust(struct conf_build *build, const struct conf_word *word, struct bj_trust **trust)
{
	const char *path = word ? conf_build_path(build, word) : NULL;
	bool is_new = !*trust;
	enum bj_err err;

	errno = 0;
	err = build->world->trust(build->world->self, path, trust);
	if (err && word)
		conf_file_problem(build, CONF_R_CA_FILE, word, path, err);
	if (!err && is_new && !hold(build, NULL, *trust))
		*trust = NULL;
}

static void certificate_problem(struct conf_build *build, const struct conf_word *word, const char *path, enum bj_err err,
				const char *why)
{
	enum conf_rule_id rule = err == BJ_ERR_KEY_MISMATCH ? CONF_R_KEY_MISMATCH
				 : err == BJ_ERR_CHAIN_ORDER ? CONF_R_CHAIN_ORDER
							     : CONF_R_CERTIFICATE;

	conf_problem(build->report, rule, &word->span, NULL, NULL, "%s: %s%s%s", path, bj_err_text(err), *why ? ": " : "", why);
}

struct bj_credential *conf_build_credential(struct conf_build *build, const struct conf_node *node)
{
	const struct conf_word *key_word = conf_option(node, "key");
	const char *chain = conf_build_path(build, &node->words[1]);
	const struct conf_word *pass_word = conf_option(node, "passphrase");
	bool in_token = key_word && key_word[1].text.len > 7 && memcmp(key_word[1].text.ptr, "pkcs11:", 7) == 0;
	const char *key = !key_word ? NULL : in_token ? conf_build_text(build, key_word[1].text) : conf_build_path(build, key_word + 1);
	const char *passphrase = pass_word ? conf_build_path(build, pass_word + 1) : NULL;
	char why[BJ_WHY_MAX] = "";
	const struct conf_word *key_file = key_word ? key_word + 1 : &node->words[1];
	struct bj_credential *credential = NULL;
	enum bj_err err = build->world->credential(build->world->self, chain, key, passphrase, &credential, why);

	if (err) {
		bool about_key = key && (err == BJ_ERR_KEY_FORMAT || err == BJ_ERR_KEY_KIND || err == BJ_ERR_KEY_ENCRYPTED || err == BJ_ERR_KEY_PASSPHRASE ||
					 (err == BJ_ERR_FILE_OPEN && build->world->mode(build->world->self, chain)));

		certificate_problem(build, about_key ? key_file : &node->words[1], about_key ? key : chain, err, why);
		return NULL;
	}
	if (!in_token && build->world->mode(build->world->self, key ? key : chain) & 07)
		conf_problem(build->report, CONF_R_KEY_MODE, &key_file->span, NULL, NULL, "%s can be read by every user of this machine",
			     key ? key : chain);
	return hold(build, credential, NULL) ? credential : NULL;
}

/* ---- the outermost block */

void conf_take_workers(struct conf_build *build, const struct conf_node *node, void *object)
{
	uint64_t workers;

	(void)object;
	if (conf_take_number(build, &node->words[1], 1, CONF_WORKERS_MAX, &workers))
		build->snapshot->workers = (unsigned)workers;
}

void conf_take_admin(struct conf_build *build, const struct conf_node *node, void *object)
{
	struct conf_address *admin = &build->snapshot->admin;

	(void)object;
	check(conf_value_address(node->words[1].text, admin));
	admin->text = conf_build_text(build, node->words[1].text);
	build->snapshot->has_admin = true;
	build->admin_node = node;
}

void conf_take_log(struct conf_build *build, const struct conf_node *node, void *object)
{
	(void)object;
	conf_build_block(build, node->children, &build->snapshot->access_log);
}

void conf_take_log_file(struct conf_build *build, const struct conf_node *node, void *object)
{
	struct conf_log *log = object;
	const struct conf_word *word = &node->words[1];
	char folder[4096];
	const char *slash;

	if (word->kind == CONF_WORD) {
		log->target = conf_word_is(word, "stdout") ? CONF_LOG_STDOUT : conf_word_is(word, "off") ? CONF_LOG_OFF : CONF_LOG_STDERR;
		return;
	}
	log->target = CONF_LOG_FILE;
	log->file = conf_build_path(build, word);
	slash = strrchr(log->file, '/');
	snprintf(folder, sizeof(folder), "%.*s", slash && slash > log->file ? (int)(slash - log->file) : 1, slash ? log->file : ".");
	if (!build->world->folder_exists(build->world->self, folder))
		conf_problem(build->report, CONF_R_BAD_FILE, &word->span, NULL, NULL, "the folder %s does not exist", folder);
}

void conf_take_log_format(struct conf_build *build, const struct conf_node *node, void *object)
{
	struct conf_log *log = object;

	(void)build;
	log->format = conf_word_is(&node->words[1], "json") ? CONF_LOG_JSON : CONF_LOG_TEXT;
}

/* ---- the whole */

static void name_taken(struct conf_build *build, const struct conf_node *node, const struct conf_node *earlier)
{
	conf_problem(build->report, CONF_R_NAME_TAKEN, &node->words[1].span, NULL, NULL, "the %.*s '%.*s' is defined already in line %u",
		     (int)node->words[0].text.len, (const char *)node->words[0].text.ptr, (int)node->words[1].text.len,
		     (const char *)node->words[1].text.ptr, conf_node_place(build, earlier).line);
}

/* How many of a kind there are, once with each name. */
static bool limit_holds(struct conf_build *build, const struct conf_node *first, const char *name, size_t max)
{
	if (conf_count(first, name) <= max)
		return true;
	conf_problem(build->report, CONF_R_TOO_LARGE, NULL, NULL, NULL, "there are more than %zu of %s", max, name);
	return false;
}

static bool is_earlier_name(struct conf_build *build, const struct conf_node *first, const struct conf_node *node)
{
	for (const struct conf_node *earlier = first; earlier != node && node->word_count >= 2; earlier = earlier->next) {
		if (bytes_equal(earlier->words[0].text, node->words[0].text) && names(earlier, node->words[1].text)) {
			name_taken(build, node, earlier);
			return true;
		}
	}
	return false;
}

/* Slots for all blocks that have a name, so that they can be referred to before they are read. */
static bool slots_make(struct conf_build *build, const struct conf_node *first)
{
	struct conf_memory *memory = &build->owned->memory;
	struct conf_tls *tls = conf_memory_list(memory, conf_count(first, "tls"), sizeof(*tls));
	struct conf_pool *pools = conf_memory_list(memory, conf_count(first, "pool"), sizeof(*pools));
	struct conf_listener *listeners = conf_memory_list(memory, conf_count(first, "listener"), sizeof(*listeners));

	build->tls = conf_memory_list(memory, conf_count(first, "tls"), sizeof(*build->tls));
	build->pools = conf_memory_list(memory, conf_count(first, "pool"), sizeof(*build->pools));
	build->listeners = conf_memory_list(memory, conf_count(first, "listener"), sizeof(*build->listeners));
	if (memory->failed)
		return false;
	for (const struct conf_node *node = first; node; node = node->next) {
		bool is_tls = conf_word_is(&node->words[0], "tls"), is_pool = conf_word_is(&node->words[0], "pool");

		if (!is_tls && !is_pool && !conf_word_is(&node->words[0], "listener"))
			continue;
		if (is_earlier_name(build, first, node))
			continue;
		if (is_tls) {
			build->tls[build->tls_count].tls = &tls[build->tls_count];
			build->tls[build->tls_count++].node = node;
		} else if (is_pool) {
			pools[build->pool_count].index = build->pool_count;
			build->pools[build->pool_count].pool = &pools[build->pool_count];
			build->pools[build->pool_count++].node = node;
		} else {
			build->listeners[build->listener_count].listener = &listeners[build->listener_count];
			build->listeners[build->listener_count++].node = node;
		}
	}
	build->snapshot->tls = tls;
	build->snapshot->pools = pools;
	build->snapshot->listeners = listeners;
	build->snapshot->tls_count = build->tls_count;
	build->snapshot->pool_count = build->pool_count;
	build->snapshot->listener_count = build->listener_count;
	return true;
}

static void build_all(struct conf_build *build, const struct conf_node *first)
{
	if (!limit_holds(build, first, "tls", CONF_POOLS_MAX) || !limit_holds(build, first, "pool", CONF_POOLS_MAX) ||
	    !limit_holds(build, first, "listener", CONF_LISTENERS_MAX) || !slots_make(build, first))
		return;
	/* tls blocks and pools before the listeners, which ask what is in them */
	for (size_t i = 0; i < build->tls_count; i++)
		conf_take_tls(build, build->tls[i].node, &build->tls[i]);
	for (size_t i = 0; i < build->pool_count; i++)
		conf_take_pool(build, build->pools[i].node, &build->pools[i]);
	for (size_t i = 0; i < build->listener_count; i++)
		conf_take_listener(build, build->listeners[i].node, &build->listeners[i]);
	for (const struct conf_node *node = first; node; node = node->next)
		if (node->entry && !(node->entry->flags & CONF_MANY))
			node->entry->take(build, node, build->snapshot);
	if (!build->owned->memory.failed)
		conf_lint(build);
}

/* "dir/" of "dir/file", or "". */
static const char *folder_of(struct conf_build *build, const char *path)
{
	const char *slash = strrchr(path, '/');

	return conf_build_text(build, bytes_of(path, slash ? (size_t)(slash - path) + 1 : 0));
}

static struct conf_snapshot *snapshot_new(const struct conf_world *world)
{
	struct conf_snapshot *snapshot = calloc(1, sizeof(*snapshot));
	struct conf_owned *owned = calloc(1, sizeof(*owned));

	if (!snapshot || !owned) {
		free(snapshot);
		free(owned);
		return NULL;
	}
	atomic_init(&snapshot->refs, 1);
	snapshot->memory = owned;
	owned->credential_free = world->credential_free;
	owned->trust_free = world->trust_free;
	return snapshot;
}

enum bj_err conf_load_text(const struct conf_world *world, const char *path, struct bj_bytes text, struct conf_report *report,
			   struct conf_snapshot **out)
{
	struct conf_memory tree_memory = { NULL, 0, 0, false };
	struct conf_snapshot *snapshot = snapshot_new(world);
	struct conf_build build = { .world = world, .report = report, .snapshot = snapshot };
	const struct conf_word *words;
	struct conf_node *tree;
	bool no_memory = !snapshot || !conf_report_text(report, path, text);

	if (!no_memory) {
		build.owned = snapshot->memory;
		build.folder = folder_of(&build, path);
		snapshot->path = conf_build_text(&build, bytes_text(path));
		words = conf_lex(&tree_memory, report, text);
		tree = words ? conf_parse(&tree_memory, report, words) : NULL;
		if (words && !tree_memory.failed) {
			conf_shape(report, &tree_memory, tree, "", NULL);
			build_all(&build, tree);
		}
		no_memory = tree_memory.failed || build.owned->memory.failed;
	}
	conf_memory_free(&tree_memory);
	if (no_memory || conf_report_errors(report) > 0) {
		conf_unref(snapshot);
		return no_memory ? BJ_ERR_NO_MEMORY : BJ_ERR_SYNTAX;
	}
	*out = snapshot;
	return BJ_OK;
}

/* ---- the life of a snapshot */

struct conf_snapshot *conf_ref(struct conf_snapshot *snapshot)
{
	atomic_fetch_add_explicit(&snapshot->refs, 1, memory_order_relaxed);
	return snapshot;
}

void conf_unref(struct conf_snapshot *snapshot)
{
	struct conf_owned *owned;

	if (!snapshot || atomic_fetch_sub_explicit(&snapshot->refs, 1, memory_order_acq_rel) != 1)
		return;
	owned = snapshot->memory;
	for (struct conf_holding *holding = owned->holdings; holding; holding = holding->next) {
		if (holding->credential)
			owned->credential_free(holding->credential);
		if (holding->trust)
			owned->trust_free(holding->trust);
	}
	conf_memory_free(&owned->memory);
	free(owned);
	free(snapshot);
}
