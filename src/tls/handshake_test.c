/* handshake_test.c - walks every handshake table over every assignment of facts.
 *
 * Fails on: a fact asked before it is settled, two rows that fit, no row that fits, a row that is never taken, a handler of the wrong
 * kind, no end. Prints every legal path; they must be those of tests/snapshot/handshake_paths.txt, which somebody has read.
 * BOJAGI_WRITE_SNAPSHOT=1 writes that file anew.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <bojagi/tls.h>

#include "tls/handshake.h"

#define PATH_MAX_ROWS 64
#define LINES_MAX 512
#define LINE_MAX_LEN 1024
#define ROWS_MAX 128

struct walk {
	bool server;
	bool only_13; /* the walk of one version */
	size_t later; /* the length of the path to the open connection, when the walk goes on behind it; else 0 */
	struct state path_states[PATH_MAX_ROWS];
	const struct hs_row *path[PATH_MAX_ROWS];
	unsigned facts_at[PATH_MAX_ROWS]; /* settled << 8 | holds after each row */
	size_t depth;
	char (*lines)[LINE_MAX_LEN];
	size_t line_count;
	char (*mirror)[LINE_MAX_LEN];
	size_t mirror_count;
};

static bool row_was_taken[4][2][ROWS_MAX]; /* by role and version, start or version table */
static char lines[2][2][LINES_MAX][LINE_MAX_LEN], mirrors[2][2][LINES_MAX][LINE_MAX_LEN];
static size_t line_counts[2][2], mirror_counts[2][2];

static void append(char *line, const char *text)
{
	assert_true(strlen(line) + strlen(text) + 1 < LINE_MAX_LEN);
	strcat(line, text);
}

static void add_line(char (*list)[LINE_MAX_LEN], size_t *count, const char *line)
{
	for (size_t i = 0; i < *count; i++)
		if (strcmp(list[i], line) == 0)
			return;
	assert_true(*count < LINES_MAX);
	strcpy(list[(*count)++], line);
}

static void print_facts(char *line, const struct state *s, unsigned facts)
{
	for (unsigned i = 0; i < FACT_COUNT; i++) {
		if (!(facts >> i & 1) || !(s->settled >> i & 1))
			continue;
		append(line, s->holds >> i & 1 ? " +" : " -");
		append(line, fact_name(1u << i));
	}
}

/* The path as people read it: '<' received, '>' sent, '?' asked, and the facts in the end. */
static void print_path(struct walk *w, const struct state *end)
{
	static const char *const questions[] = { "", "?credential", "?sign", "?verify", "?early_data", "?ticket", "?psk", "?ticket_seal" };
	char line[LINE_MAX_LEN] = "";

	append(line, w->server ? "server" : "client");
	if (w->later)
		append(line, " later");
	print_facts(line, end, w->later ? F_CERT : (1u << FACT_COUNT) - 1);
	append(line, ":");
	for (size_t i = w->later; i < w->depth; i++) {
		const struct hs_row *row = w->path[i];

		if (row->op == OP_STEP && row->keys == 0)
			continue;
		append(line, " ");
		if (row->op == OP_ASK) {
			append(line, questions[row->what]);
		} else if (row->op != OP_STEP) {
			append(line, row->op == OP_RECV ? "<" : ">");
			append(line, hs_message_name(row->what));
		}
		if (row->keys & KEYS_EARLY)
			append(line, "[early keys]");
		if (row->keys & KEYS_EARLY_END)
			append(line, "[end of early keys]");
		if (row->keys & KEYS_HANDSHAKE)
			append(line, "[handshake keys]");
		if (row->keys & (KEYS_READ_APP | KEYS_READ_12))
			append(line, "[read keys]");
		if (row->keys & (KEYS_WRITE_APP | KEYS_WRITE_12))
			append(line, "[write keys]");
	}
	add_line(w->lines, &w->line_count, line);
}

/* The same as both sides must see it: who sends what, and the facts that both settle. Tickets of 1.3 stand outside of the handshake. */
static void print_mirror(struct walk *w, const struct state *end)
{
	bool is_13 = end->holds & F_13;
	char line[LINE_MAX_LEN] = "";

	for (size_t i = w->later; i < w->depth; i++) {
		const struct hs_row *row = w->path[i];

		if ((row->op != OP_RECV && row->op != OP_SEND) || row->what == MSG_ASK_LATER)
			continue;
		if (is_13 && row->what == MSG_NEW_SESSION_TICKET)
			continue;
		append(line, (row->op == OP_SEND) == w->server ? " S:" : " C:");
		append(line, hs_message_name(row->what));
	}
	if (w->later)
		append(line, " later");
	print_facts(line, end, w->later ? F_CERT : F_13 | F_RESUMED | F_AUTH | F_CERT | (is_13 ? (unsigned)F_EARLY : (unsigned)F_TICKET));
	add_line(w->mirror, &w->mirror_count, line);
}

static void fail_at(const struct walk *w, const struct state *s, const char *why)
{
	for (size_t i = 0; i < w->depth; i++)
		print_message("  %s\n", state_name((enum hs_state)w->path[i]->from));
	fail_msg("%s: state %s, settled %02x, holds %02x: %s", w->server ? "server" : "client", state_name(state_at(s)), s->settled,
		 s->holds, why);
}

static void check_row(const struct walk *w, const struct state *s, const struct hs_row *row)
{
	if ((row->op == OP_RECV && !row->take) || (row->op == OP_ASK && (!row->take || !row->prepare)))
		fail_at(w, s, "a row without its handler");
	if (row->op == OP_SEND && !row->make && row->what != MSG_CHANGE_CIPHER_SPEC)
		fail_at(w, s, "a row without its handler");
	if ((row->decides & (row->sets | row->clears)) || (row->sets & row->clears))
		fail_at(w, s, "a row that settles a fact twice");
	if (row->op == OP_STEP && !row->take && row->decides)
		fail_at(w, s, "a row that decides without a handler");
}

static bool on_path(const struct walk *w, const struct state *s)
{
	for (size_t i = 0; i < w->depth; i++)
		if (state_at(s) != ST_OPEN && memcmp(&w->path_states[i], s, sizeof(*s)) == 0)
			return true;
	return false;
}

static void walk(struct walk *w, struct state s);

/* Takes one row with every assignment of the facts that its handler decides. */
static void walk_row(struct walk *w, const struct state *before, const struct hs_row *row)
{
	for (unsigned holds = 0; holds <= row->decides; holds++) {
		struct state s = *before;

		if (holds & ~(unsigned)row->decides)
			continue;
		state_enter(&s, row->decides);
		for (unsigned i = 0; i < FACT_COUNT; i++)
			if (row->decides >> i & 1)
				state_settle(&s, 1u << i, holds >> i & 1);
		state_leave(&s, row->sets, row->clears, (enum hs_state)row->to);
		assert_true(w->depth < PATH_MAX_ROWS);
		w->path_states[w->depth] = *before;
		w->path[w->depth++] = row;
		if (!on_path(w, &s))
			walk(w, s);
		w->depth--;
	}
}

/* What an open connection may go through, until it is as open as before. */
static void walk_later(struct walk *w, const struct state *s, const struct hs_row *const *fits, size_t count)
{
	w->later = w->depth;
	for (size_t i = 0; i < count; i++)
		if (fits[i]->to != ST_OPEN)
			walk_row(w, s, fits[i]);
	w->later = 0;
}

static void walk(struct walk *w, struct state s)
{
	const struct hs_table *table;
	const struct hs_row *fits[ROWS_MAX];
	size_t count = 0, own = 0, rows_here = 0;

	if (state_is_settled(&s, F_13) && state_holds(&s, F_13) != w->only_13)
		return;
	table = handshake_table(w->server, &s);
	for (size_t i = 0; i < table->count; i++) {
		const struct hs_row *row = &table->rows[i];

		if (row->from != state_at(&s))
			continue;
		rows_here++;
		if (!state_is_settled(&s, row->when | row->unless))
			fail_at(w, &s, "a fact is asked before it is settled");
		if (!state_fits(&s, row->when, row->unless))
			continue;
		check_row(w, &s, row);
		row_was_taken[w->server * 2 + w->only_13][table == handshake_table(w->server, &(struct state){ .at = ST_START })][i] = true;
		own += row->op != OP_RECV;
		fits[count++] = row;
	}
	if (state_at(&s) == ST_OPEN) {
		if (own > 0)
			fail_at(w, &s, "an open connection has a row of its own");
		print_path(w, &s);
		print_mirror(w, &s);
		if (!w->later)
			walk_later(w, &s, fits, count);
		return;
	}
	if (count == 0)
		fail_at(w, &s, rows_here ? "no row fits" : "a state without rows");
	if (own > 0 && count > 1)
		fail_at(w, &s, "two rows fit");
	for (size_t i = 0; i < count; i++)
		for (size_t j = i + 1; j < count; j++)
			if (fits[i]->what == fits[j]->what)
				fail_at(w, &s, "two rows receive the same message");
	for (size_t i = 0; i < count; i++)
		walk_row(w, &s, fits[i]);
}

static void walk_all(void)
{
	static bool done;

	for (int role = 0; role < 2 && !done; role++)
		for (int version = 0; version < 2; version++) {
			struct walk w = { .server = role, .only_13 = version, .lines = lines[role][version], .mirror = mirrors[role][version] };
			struct state s;

			state_start(&s);
			walk(&w, s);
			line_counts[role][version] = w.line_count;
			mirror_counts[role][version] = w.mirror_count;
		}
	done = true;
}

static void every_path_is_well_formed_and_ends(void **state)
{
	walk_all();
	for (int role = 0; role < 2; role++)
		for (int version = 0; version < 2; version++)
			assert_true(line_counts[role][version] > 0);
}

static void every_row_is_taken_by_some_path(void **state)
{
	static const struct hs_table *const tables[4][2] = {
		{ &table_client12, &table_client_start }, { &table_client13, &table_client_start },
		{ &table_server12, &table_server_start }, { &table_server13, &table_server_start },
	};

	walk_all();
	for (int t = 0; t < 4; t++)
		for (size_t i = 0; i < tables[t][0]->count; i++)
			if (!row_was_taken[t][0][i])
				fail_msg("table %d: row %zu (from %s) is never taken", t, i, state_name((enum hs_state)tables[t][0]->rows[i].from));
	for (int t = 0; t < 4; t += 2)
		for (size_t i = 0; i < tables[t][1]->count; i++)
			assert_true(row_was_taken[t][1][i] || row_was_taken[t + 1][1][i]);
}

static void rows_of_one_state_stand_together(void **state)
{
	static const struct hs_table *const tables[] = {
		&table_client_start, &table_client12, &table_client13, &table_server_start, &table_server12, &table_server13,
	};

	for (size_t t = 0; t < ARRAY_COUNT(tables); t++) {
		bool seen[ST_COUNT] = { false };

		for (size_t i = 0; i < tables[t]->count; i++) {
			unsigned from = tables[t]->rows[i].from;

			if (i > 0 && from == tables[t]->rows[i - 1].from)
				continue;
			if (seen[from])
				fail_msg("table %zu: row %zu is away from the others of %s", t, i, state_name((enum hs_state)from));
			seen[from] = true;
		}
	}
}

static bool has_line(char (*list)[LINE_MAX_LEN], size_t count, const char *line)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(list[i], line) == 0)
			return true;
	print_message("the other side has no such path:%s\n", line);
	return false;
}

static void clients_mirror_servers(void **state)
{
	unsigned missing = 0;

	walk_all();
	for (int version = 0; version < 2; version++) {
		for (size_t i = 0; i < mirror_counts[0][version]; i++)
			missing += !has_line(mirrors[1][version], mirror_counts[1][version], mirrors[0][version][i]);
		for (size_t i = 0; i < mirror_counts[1][version]; i++)
			missing += !has_line(mirrors[0][version], mirror_counts[0][version], mirrors[1][version][i]);
	}
	assert_int_equal(missing, 0);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void the_paths_are_those_that_were_read(void **state)
{
	static char text[4 * LINES_MAX * 256], expected[sizeof(text)];
	size_t len = 0, expected_len = 0;
	FILE *file;

	walk_all();
	for (int version = 1; version >= 0; version--)
		for (int role = 1; role >= 0; role--) {
			qsort(lines[role][version], line_counts[role][version], LINE_MAX_LEN, by_text);
			for (size_t i = 0; i < line_counts[role][version]; i++)
				len += (size_t)snprintf(text + len, sizeof(text) - len, "%s\n", lines[role][version][i]);
		}
	if (getenv("BOJAGI_WRITE_SNAPSHOT")) {
		file = fopen(BJ_SNAPSHOT_FOLDER "/handshake_paths.txt", "w");
		assert_non_null(file);
		assert_int_equal(fwrite(text, 1, len, file), len);
		fclose(file);
		return;
	}
	file = fopen(BJ_SNAPSHOT_FOLDER "/handshake_paths.txt", "r");
	assert_non_null(file);
	expected_len = fread(expected, 1, sizeof(expected), file);
	fclose(file);
	assert_int_equal(len, expected_len);
	assert_memory_equal(text, expected, len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_path_is_well_formed_and_ends),
		cmocka_unit_test(every_row_is_taken_by_some_path),
		cmocka_unit_test(rows_of_one_state_stand_together),
		cmocka_unit_test(clients_mirror_servers),
		cmocka_unit_test(the_paths_are_those_that_were_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
