/* conf_shape.c - are the right words in the right places? Statements against the patterns of the schema. */
#include "gateway/conf_schema.h"
#include "gateway/conf_value.h"
#include "io/xdp.h"

#define PATTERN_WORDS_MAX 32
#define EXPECTED_MAX 300

/* ---- kinds of words */

static bool is_number(const struct conf_word *w)
{
	uint64_t n;

	return conf_value_number(w->text, &n);
}
static bool is_size(const struct conf_word *w)
{
	uint64_t n;

	return conf_value_size(w->text, &n);
}
static bool is_time(const struct conf_word *w)
{
	uint64_t n;

	return conf_value_time(w->text, &n);
}
static bool is_percent(const struct conf_word *w)
{
	uint64_t n;

	return conf_value_percent(w->text, &n);
}
static bool is_rate(const struct conf_word *w)
{
	uint64_t n;

	return conf_value_rate(w->text, &n);
}
static bool is_address(const struct conf_word *w)
{
	struct conf_address a;

	return conf_value_address(w->text, &a);
}
static bool is_target(const struct conf_word *w)
{
	struct conf_address address;
	struct bj_bytes name;
	uint16_t port;

	return conf_value_unix(w->text, &address) || (is_address(w) && w->text.ptr[0] != ':') || conf_value_name_port(w->text, &name, &port);
}
static bool is_network(const struct conf_word *w)
{
	struct conf_network n;

	return conf_value_network(w->text, &n);
}
/* Bare, as networks are written, or in brackets, as addresses with a port are. */
static bool is_ip(const struct conf_word *w)
{
	bool in_brackets = w->text.len > 2 && w->text.ptr[0] == '[' && w->text.ptr[w->text.len - 1] == ']';
	struct bj_bytes ip = in_brackets ? bytes_of(w->text.ptr + 1, w->text.len - 2) : w->text;
	struct conf_network n;

	return !(ip.len > 0 && memchr(ip.ptr, '/', ip.len)) && conf_value_network(ip, &n) && !(in_brackets && n.family_len == 4);
}
static bool is_device(const struct conf_word *w)
{
	char words[DEVICE_WORDS_MAX] = { 0 }, interface[DEVICE_NAME_MAX];
	bool has_queue;
	unsigned queue;

	if (w->kind != CONF_WORD || w->text.len >= sizeof(words))
		return false;
	memcpy(words, w->text.ptr, w->text.len);
	if (xdp_is_name(words))
		return xdp_parse_name(words, interface, &has_queue, &queue) == BJ_OK && conf_value_name(bytes_text(interface));
	return conf_value_name(w->text) && w->text.len < DEVICE_NAME_MAX && w->text.ptr[0] != '.';
}
static bool is_file(const struct conf_word *w)
{
	return w->kind == CONF_STRING && w->text.len > 0 && !memchr(w->text.ptr, 0, w->text.len);
}
static bool is_name(const struct conf_word *w)
{
	return conf_value_name(w->text);
}
static bool is_host(const struct conf_word *w)
{
	return conf_value_host(w->text, false);
}
static bool is_text(const struct conf_word *w)
{
	return w->text.len > 0;
}

static const struct kind {
	const char *name;
	bool (*fits)(const struct conf_word *word);
	enum conf_rule_id rule;
	const char *what;     /* "'x' is not <what>" */
	const char *expected;
} kinds[] = {
	{ "NUMBER", is_number, CONF_R_BAD_NUMBER, "a number", "a number" },
	{ "SIZE", is_size, CONF_R_BAD_SIZE, "a size", "a size, such as 16k or 10m" },
	{ "TIME", is_time, CONF_R_BAD_TIME, "a time", "a time with its unit: ms, s, m, h or d" },
	{ "PERCENT", is_percent, CONF_R_BAD_PERCENT, "a percentage", "a percentage, such as 20%" },
	{ "RATE", is_rate, CONF_R_BAD_RATE, "a rate", "a rate, such as 100/s or 600/m" },
	{ "ADDRESS", is_address, CONF_R_BAD_ADDRESS, "an address to listen on", "IP:PORT, [IPV6]:PORT or :PORT" },
	{ "TARGET", is_target, CONF_R_BAD_ADDRESS, "a server's address", "IP:PORT, [IPV6]:PORT, NAME:PORT or unix:/PATH" },
	{ "NETWORK", is_network, CONF_R_BAD_NETWORK, "a network", "a network, such as 10.0.0.0/8, without host bits" },
	{ "IP", is_ip, CONF_R_BAD_ADDRESS, "an IP address", "an IP address" },
	{ "DEVICE", is_device, CONF_R_BAD_NAME, "a network interface", "a network interface, such as tun0 or xdp:eth0" },
	{ "FILE", is_file, CONF_R_QUOTES_WANTED, "a quoted file name", "a file name in double quotes" },
	{ "NAME", is_name, CONF_R_BAD_NAME, "a name", "a name of letters, digits, '-', '_' and '.'" },
	{ "HOST", is_host, CONF_R_BAD_HOST, "a host", "a host name without port" },
	{ "TEXT", is_text, CONF_R_MISSING_VALUE, "a text", "a text" },
};

static const struct kind *kind_find(struct bj_bytes name)
{
	for (size_t i = 0; i < ARRAY_COUNT(kinds); i++)
		if (bytes_equal(name, bytes_text(kinds[i].name)))
			return &kinds[i];
	return NULL;
}

/* ---- patterns */

/* One word of a pattern: alternatives, and how it stands. */
struct atom {
	struct bj_bytes text; /* without brackets and dots */
	bool opens, closes;   /* a group in brackets */
	bool repeats;
};
struct pattern {
	size_t count;
	struct atom atoms[PATTERN_WORDS_MAX];
};

static struct pattern pattern_read(const char *text)
{
	struct pattern pattern = { 0 };

	while (*text && pattern.count < PATTERN_WORDS_MAX) {
		struct atom *atom = &pattern.atoms[pattern.count++];
		size_t len = strcspn(text, " ");

		atom->text = bytes_of(text, len);
		text += len + (text[len] == ' ');
		if (atom->text.ptr[0] == '[') {
			atom->opens = true;
			atom->text = bytes_of(atom->text.ptr + 1, atom->text.len - 1);
		}
		if (atom->text.ptr[atom->text.len - 1] == ']') {
			atom->closes = true;
			atom->text.len--;
		}
		if (atom->text.len > 3 && memcmp(atom->text.ptr + atom->text.len - 3, "...", 3) == 0) {
			atom->repeats = true;
			atom->text.len -= 3;
		}
	}
	return pattern;
}

/* The next of "a|b|c". */
static bool alternative_next(struct bj_bytes *rest, struct bj_bytes *out)
{
	const uint8_t *bar = rest->len > 0 ? memchr(rest->ptr, '|', rest->len) : NULL;
	size_t len = bar ? (size_t)(bar - rest->ptr) : rest->len, step = bar ? len + 1 : len;

	if (rest->len == 0)
		return false;
	*out = bytes_of(rest->ptr, len);
	*rest = bytes_of(rest->ptr + step, rest->len - step);
	return true;
}

static bool atom_fits(const struct atom *atom, const struct conf_word *word)
{
	struct bj_bytes rest = atom->text, one;

	while (alternative_next(&rest, &one)) {
		const struct kind *kind = kind_find(one);

		if (kind ? kind->fits(word) : word->kind == CONF_WORD && bytes_equal(word->text, one))
			return true;
	}
	return false;
}

static void append(char *out, size_t cap, const char *text, size_t len)
{
	size_t used = strlen(out);

	if (used + len + 1 <= cap) {
		memcpy(out + used, text, len);
		out[used + len] = 0;
	}
}

/* "none, optional, required" */
static void atom_expected(const struct atom *atom, char *out, size_t cap)
{
	struct bj_bytes rest = atom->text, one;

	while (alternative_next(&rest, &one)) {
		const struct kind *kind = kind_find(one);

		if (out[0])
			append(out, cap, ", ", 2);
		if (kind)
			append(out, cap, kind->expected, strlen(kind->expected));
		else
			append(out, cap, (const char *)one.ptr, one.len);
	}
}

static void atom_suggest(const struct atom *atom, struct conf_nearest *nearest)
{
	struct bj_bytes rest = atom->text, one;
	char word[CONF_NAME_MAX];

	while (alternative_next(&rest, &one)) {
		if (kind_find(one) || one.len >= sizeof(word))
			continue;
		memcpy(word, one.ptr, one.len);
		word[one.len] = 0;
		conf_nearest_try(nearest, word);
	}
}

/* ---- reporting */

struct shape {
	struct conf_report *report;
	struct conf_memory *memory;
	const struct conf_node *node;
	const struct conf_entry *entry;
};

static struct conf_span behind(const struct conf_word *word)
{
	return (struct conf_span){ word->span.at + word->span.len, 1 };
}

static bool missing(const struct shape *shape, const struct conf_word *last, const struct atom *atom)
{
	struct conf_span span = behind(last);
	char expected[EXPECTED_MAX] = "";

	atom_expected(atom, expected, sizeof(expected));
	conf_problem(shape->report, CONF_R_MISSING_VALUE, &span, NULL, expected, "a value is missing behind '%.*s'",
		     (int)last->text.len, (const char *)last->text.ptr);
	return false;
}

/* Times without unit and files without quotes are the common slips: they get a hint that can be copied. */
static void kind_hint(const struct kind *kind, const struct conf_word *word, char out[CONF_HINT_MAX])
{
	int len = (int)(word->text.len < 60 ? word->text.len : 60);

	out[0] = 0;
	if (kind->rule == CONF_R_BAD_TIME && is_number(word))
		snprintf(out, CONF_HINT_MAX, "did you mean '%.*ss'?", len, (const char *)word->text.ptr);
	else if (kind->rule == CONF_R_BAD_PERCENT && is_number(word))
		snprintf(out, CONF_HINT_MAX, "did you mean '%.*s%%'?", len, (const char *)word->text.ptr);
	else if (kind->rule == CONF_R_BAD_RATE && is_number(word))
		snprintf(out, CONF_HINT_MAX, "did you mean '%.*s/s'?", len, (const char *)word->text.ptr);
	else if (kind->rule == CONF_R_QUOTES_WANTED)
		snprintf(out, CONF_HINT_MAX, "write \"%.*s\"", len, (const char *)word->text.ptr);
	else if (kind->rule == CONF_R_BAD_ADDRESS && is_number(word))
		snprintf(out, CONF_HINT_MAX, "did you mean ':%.*s'?", len, (const char *)word->text.ptr);
}

static bool wrong(const struct shape *shape, const struct conf_word *word, const struct atom *atom)
{
	struct conf_nearest nearest = conf_nearest_start(word->text);
	const struct kind *kind = kind_find(atom->text);
	char expected[EXPECTED_MAX] = "", hint[CONF_HINT_MAX];

	atom_expected(atom, expected, sizeof(expected));
	if (kind) {
		kind_hint(kind, word, hint);
		conf_problem(shape->report, kind->rule, &word->span, hint, expected, "'%.*s' is not %s", (int)word->text.len,
			     (const char *)word->text.ptr, kind->what);
		return false;
	}
	atom_suggest(atom, &nearest);
	conf_nearest_hint(&nearest, hint);
	conf_problem(shape->report, CONF_R_UNKNOWN_VALUE, &word->span, hint, expected, "unknown value '%.*s' for %s",
		     (int)word->text.len, (const char *)word->text.ptr, shape->entry->name);
	return false;
}

/* ---- words against a pattern */

struct cursor {
	const struct conf_word *at;
	const struct conf_word *end;
};

static bool match_atom(const struct shape *shape, const struct atom *atom, struct cursor *cursor)
{
	bool good = true;

	if (cursor->at == cursor->end)
		return missing(shape, cursor->at - 1, atom);
	do
		good &= atom_fits(atom, cursor->at) || wrong(shape, cursor->at, atom);
	while (++cursor->at < cursor->end && atom->repeats);
	return good;
}

/* The group that a word can begin, or -1. */
static int group_find(const struct pattern *pattern, size_t first, const struct conf_word *word)
{
	for (size_t i = first; i < pattern->count; i++)
		if (pattern->atoms[i].opens && atom_fits(&pattern->atoms[i], word))
			return (int)i;
	return -1;
}

static bool extra(const struct shape *shape, const struct pattern *pattern, size_t first, const struct conf_word *word)
{
	struct conf_nearest nearest = conf_nearest_start(word->text);
	char hint[CONF_HINT_MAX], expected[EXPECTED_MAX] = "";

	for (size_t i = first; i < pattern->count; i++) {
		if (!pattern->atoms[i].opens)
			continue;
		atom_suggest(&pattern->atoms[i], &nearest);
		atom_expected(&pattern->atoms[i], expected, sizeof(expected));
	}
	conf_nearest_hint(&nearest, hint);
	conf_problem(shape->report, CONF_R_EXTRA_VALUE, &word->span, hint, expected[0] ? expected : "';'",
		     "'%.*s' has no place in %s", (int)word->text.len, (const char *)word->text.ptr, shape->entry->name);
	return false;
}

static bool match_groups(const struct shape *shape, const struct pattern *pattern, size_t first, struct cursor *cursor)
{
	bool used[PATTERN_WORDS_MAX] = { false }, good = true;

	while (cursor->at < cursor->end) {
		const struct conf_word *word = cursor->at;
		int group = group_find(pattern, first, word);

		if (group < 0)
			return extra(shape, pattern, first, word);
		if (used[group]) {
			conf_problem(shape->report, CONF_R_TWICE, &word->span, NULL, NULL, "'%.*s' is given twice", (int)word->text.len,
				     (const char *)word->text.ptr);
			good = false;
		}
		used[group] = true;
		for (size_t i = (size_t)group;; i++) {
			good &= match_atom(shape, &pattern->atoms[i], cursor);
			if (pattern->atoms[i].closes)
				break;
		}
	}
	return good;
}

/* Words that must still come from here on, before the groups at the end. */
static size_t words_needed(const struct pattern *pattern, size_t first)
{
	size_t count = 0;

	while (first + count < pattern->count && !pattern->atoms[first + count].opens)
		count++;
	return count;
}

/* One word in brackets before others. */
static bool is_middle(const struct pattern *pattern, size_t i)
{
	return pattern->atoms[i].opens && pattern->atoms[i].closes && i + 1 < pattern->count && !pattern->atoms[i + 1].opens;
}

static bool match(const struct shape *shape)
{
	struct pattern pattern = pattern_read(shape->entry->pattern);
	struct cursor cursor = { shape->node->words + 1, shape->node->words + shape->node->word_count };
	size_t i = 0;
	bool good = true;

	for (; i < pattern.count && (!pattern.atoms[i].opens || is_middle(&pattern, i)); i++) {
		if (is_middle(&pattern, i) && (size_t)(cursor.end - cursor.at) <= words_needed(&pattern, i + 1))
			continue;
		if (cursor.at == cursor.end)
			return missing(shape, cursor.at - 1, &pattern.atoms[i]);
		good &= match_atom(shape, &pattern.atoms[i], &cursor);
	}
	return good & match_groups(shape, &pattern, i, &cursor);
}

/* ---- statements */

const struct conf_entry *conf_entry_find(const char *context, struct bj_bytes name)
{
	for (const struct conf_entry *entry = conf_schema; entry->name; entry++)
		if (strcmp(entry->context, context) == 0 && bytes_equal(name, bytes_text(entry->name)))
			return entry;
	return NULL;
}

static const char *context_words(const char *context)
{
	return context[0] ? context : "the outermost block";
}

/* The name is in no row of this context: it stands elsewhere, or is misspelt. */
static void unknown(struct conf_report *report, const struct conf_node *node, const char *context)
{
	const struct conf_word *word = &node->words[0];
	struct conf_nearest nearest = conf_nearest_start(word->text);
	char hint[CONF_HINT_MAX];

	for (const struct conf_entry *entry = conf_schema; entry->name; entry++)
		if (strcmp(entry->context, context) == 0)
			conf_nearest_try(&nearest, entry->name);
	for (const struct conf_entry *entry = conf_schema; entry->name; entry++) {
		if (!bytes_equal(word->text, bytes_text(entry->name)))
			continue;
		conf_nearest_hint(&nearest, hint);
		conf_problem(report, CONF_R_WRONG_PLACE, &word->span, hint, NULL, "'%s' does not stand in %s but in %s", entry->name,
			     context_words(context), context_words(entry->context));
		return;
	}
	conf_nearest_hint(&nearest, hint);
	conf_problem(report, CONF_R_UNKNOWN, &word->span, hint, NULL, "unknown setting '%.*s' in %s", (int)word->text.len,
		     (const char *)word->text.ptr, context_words(context));
}

/* A word that begins a line and is a setting of this block: the ';' before it was forgotten. The statement is cut there, so that both
 * halves are understood. */
static void split_forgotten(const struct shape *shape, struct conf_node *node, const char *context)
{
	for (size_t i = 1; i < node->word_count; i++) {
		const struct conf_word *word = &node->words[i], *last = word - 1;
		struct conf_node *rest;
		struct conf_span span = behind(last);

		if (word->kind != CONF_WORD || !conf_entry_find(context, word->text) ||
		    conf_report_place(shape->report, last->span.at).line == conf_report_place(shape->report, word->span.at).line)
			continue;
		rest = conf_memory_take(shape->memory, sizeof(*rest));
		if (!rest)
			return;
		conf_problem(shape->report, CONF_R_MISSING_SEMICOLON, &span, NULL, NULL, "';' is missing");
		*rest = *node;
		rest->words = word;
		rest->word_count = node->word_count - i;
		node->word_count = i;
		node->has_block = false;
		node->children = NULL;
		node->next = rest;
		return;
	}
}

static bool block_is_right(const struct shape *shape)
{
	const struct conf_word *name = &shape->node->words[0];
	const struct conf_word *last = shape->node->words + shape->node->word_count - 1;
	struct conf_span span = behind(last);

	if (shape->node->has_block && !shape->entry->block) {
		conf_problem(shape->report, CONF_R_BLOCK_UNWANTED, &shape->node->open, NULL, "';'", "%.*s has no block",
			     (int)name->text.len, (const char *)name->text.ptr);
		return false;
	}
	if (!shape->node->has_block && shape->entry->block && !(shape->entry->flags & CONF_BLOCK_IS_OPTIONAL)) {
		conf_problem(shape->report, CONF_R_BLOCK_WANTED, &span, NULL, "'{'", "%.*s needs a block", (int)name->text.len,
			     (const char *)name->text.ptr);
		return false;
	}
	return true;
}

static void twice(struct conf_report *report, const struct conf_node *first, const struct conf_node *node,
		  const struct conf_entry *entry)
{
	for (const struct conf_node *earlier = first; earlier != node; earlier = earlier->next) {
		if (!bytes_equal(earlier->words[0].text, node->words[0].text))
			continue;
		conf_problem(report, CONF_R_TWICE, &node->words[0].span, NULL, NULL, "'%s' is given twice; the first stands in line %u",
			     entry->name, conf_report_place(report, earlier->words[0].span.at).line);
		return;
	}
}

static void statement(struct conf_report *report, struct conf_memory *memory, struct conf_node *first, struct conf_node *node,
		      const char *context)
{
	struct shape shape = { report, memory, node, conf_entry_find(context, node->words[0].text) };
	bool good;

	split_forgotten(&shape, node, context);
	if (!shape.entry) {
		unknown(report, node, context);
		return;
	}
	if (shape.entry->flags & CONF_UNSUPPORTED) {
		conf_problem(report, CONF_R_UNSUPPORTED, &node->words[0].span, NULL, NULL, "%s is not supported yet", shape.entry->name);
		return;
	}
	if (!(shape.entry->flags & CONF_MANY))
		twice(report, first, node, shape.entry);
	good = (shape.entry->flags & CONF_FREE_FORM) != 0 || match(&shape);
	good &= block_is_right(&shape);
	if (node->has_block && shape.entry->block)
		conf_shape(report, memory, node->children, shape.entry->block, &node->words[0]);
	if (good)
		node->entry = shape.entry;
}

static bool stands(const struct conf_node *first, const char *name)
{
	for (; first; first = first->next)
		if (conf_word_is(&first->words[0], name))
			return true;
	return false;
}

void conf_shape(struct conf_report *report, struct conf_memory *memory, struct conf_node *first, const char *context,
		const struct conf_word *parent)
{
	for (struct conf_node *node = first; node; node = node->next)
		statement(report, memory, first, node, context);
	for (const struct conf_entry *entry = conf_schema; entry->name; entry++)
		if (parent && strcmp(entry->context, context) == 0 && entry->flags & CONF_MUST && !stands(first, entry->name))
			conf_problem(report, CONF_R_MISSING, &parent->span, NULL, NULL, "%.*s needs %s", (int)parent->text.len,
				     (const char *)parent->text.ptr, entry->name);
}
