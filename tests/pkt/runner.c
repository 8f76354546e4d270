/* runner.c - pkt-runner: one packetdrill script against our TCP in virtual time.
 *
 *     pkt-runner [--isn=N] [-v] FILE.pkt      exit 0: it holds; 1: it does not, and the line that failed is on stderr
 *
 * The language is in script.h. Every script runs with peers' sequence numbers from N on, so that wraps can be met.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pkt/world.h"

struct waiting {
	const struct script_step *step; /* a call that has begun and not ended */
	int64_t until_us;
};

static char *slurp(const char *path)
{
	FILE *file = fopen(path, "rb");
	char *text = calloc(1, 1 << 20);
	size_t len = 0;

	if (file && text)
		len = fread(text, 1, (1 << 20) - 1, file);
	if (file)
		fclose(file);
	if (!file || len == 0) {
		free(text);
		return NULL;
	}
	return text;
}

static bool check_result(struct world *w, const struct script_call *c, long got, const char *error)
{
	if (got == WORLD_UNKNOWN) {
		snprintf(w->error, sizeof(w->error), "%s() is not supported", c->name);
		return false;
	}
	if (!c->has_result || c->any_result)
		return true;
	if (got == -1 && strcmp(error, "EAGAIN") == 0 && strcmp(c->error, "EWOULDBLOCK") == 0)
		error = c->error; /* the same, by another name */
	if (got != c->result || ((c->error[0] || got != -1) && strcmp(error, c->error) != 0)) { /* -1 alone: for any reason */
		snprintf(w->error, sizeof(w->error), "%s(): expected %ld %s, got %ld %s", c->name, c->result, c->error, got, error);
		return false;
	}
	return true;
}

/* A call that waits is asked again whenever something may have happened. */
static bool ask_again(struct world *w, struct waiting *waiting, bool last_chance)
{
	char error[32];
	long got;
	int64_t tolerance = w->script->tolerance_us;

	if (!waiting->step)
		return true;
	got = world_call(w, &waiting->step->call, error);
	if (got == WORLD_WOULD_BLOCK && !last_chance)
		return true;
	if (got == WORLD_WOULD_BLOCK) {
		snprintf(w->error, sizeof(w->error), "%s() still waits", waiting->step->call.name);
		return false;
	}
	if (w->now_us < waiting->until_us - tolerance || w->now_us > waiting->until_us + tolerance) {
		snprintf(w->error, sizeof(w->error), "%s() of line %d ended at %.6f", waiting->step->call.name, waiting->step->line,
			 (double)(w->now_us - w->start_us) / 1e6);
		return false;
	}
	if (!check_result(w, &waiting->step->call, got, error))
		return false;
	waiting->step = NULL;
	world_gather(w);
	return true;
}

static bool run_call(struct world *w, const struct script_step *s, struct waiting *waiting, int64_t until_us)
{
	char error[32];
	long got = world_call(w, &s->call, error);

	world_gather(w);
	if (got == WORLD_WOULD_BLOCK && s->blocking) {
		*waiting = (struct waiting){ s, until_us };
		return true;
	}
	if (got == WORLD_WOULD_BLOCK) {
		snprintf(w->error, sizeof(w->error), "%s() waits", s->call.name);
		return false;
	}
	return check_result(w, &s->call, got, error);
}

static bool run_expect(struct world *w, const struct script_step *s, int64_t from_us, int64_t until_us, int64_t *out_at_us)
{
	int64_t tolerance = w->script->tolerance_us;

	if (s->any_time)
		until_us = w->now_us + INT64_C(3600000000);
	if (!world_wait_packet(w, until_us + (s->any_time ? 0 : tolerance))) {
		snprintf(w->error, sizeof(w->error), "no packet was sent");
		return false;
	}
	if (!world_expect(w, &s->packet, out_at_us))
		return false;
	if (!s->any_time && (*out_at_us < from_us - tolerance || *out_at_us > until_us + tolerance)) {
		snprintf(w->error, sizeof(w->error), "sent at %.6f, expected at %.6f", (double)(*out_at_us - w->start_us) / 1e6,
			 (double)(from_us - w->start_us) / 1e6);
		return false;
	}
	return true;
}

static bool run_step(struct world *w, const struct script_step *s, int64_t *last_us, struct waiting *waiting)
{
	int64_t base = s->relative ? *last_us : w->start_us, from_us = base + s->at_us;
	int64_t until_us = s->range || s->blocking ? (s->range_relative ? *last_us : w->start_us) + s->until_us : from_us;
	int64_t at_us = from_us;
	bool good = true;

	if (s->any_time)
		from_us = until_us = at_us = w->now_us;
	if (s->kind == STEP_PACKET_OUT) {
		good = run_expect(w, s, from_us, until_us, &at_us);
		*last_us = w->foreign ? w->now_us : s->any_time || s->range ? at_us : from_us; /* theirs count from when it was seen */
		return good;
	}
	while (waiting->step && bj_stack_deadline(w->stack) <= from_us && good) {
		world_run_until(w, bj_stack_deadline(w->stack) > w->now_us ? bj_stack_deadline(w->stack) : w->now_us);
		good = ask_again(w, waiting, false);
	}
	if (!good)
		return false;
	world_run_until(w, from_us);
	*last_us = from_us;
	switch (s->kind) {
	case STEP_PACKET_IN:
		good = world_inject(w, &s->packet);
		world_gather(w);
		return good;
	case STEP_CALL:
		return run_call(w, s, waiting, until_us);
	case STEP_CODE:
		return world_assert(w, s->text);
	default:
		world_command(w, s->text);
		return true;
	}
}

static bool run(struct world *w, const char *path)
{
	const struct script *script = w->script;
	struct waiting waiting = { 0 };
	int64_t last_us = w->start_us;

	for (size_t i = 0; i < script->count; i++) {
		const struct script_step *s = &script->steps[i];
		bool good = run_step(w, s, &last_us, &waiting) && ask_again(w, &waiting, false);

		if (w->verbose)
			fprintf(stderr, "%s:%d: at %.6f %s\n", path, s->line, (double)(w->now_us - w->start_us) / 1e6, good ? "" : "FAILED");
		if (!good) {
			fprintf(stderr, "%s:%d: %s\n", path, s->line, w->error);
			return false;
		}
	}
	if (!ask_again(w, &waiting, true)) {
		fprintf(stderr, "%s: at the end: %s\n", path, w->error);
		return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	static struct world world;
	const char *path = NULL;
	uint32_t isn = 0;
	bool verbose = false, good;
	struct script script;
	char *text;

	for (int i = 1; i < argc; i++) {
		if (strncmp(argv[i], "--isn=", 6) == 0)
			isn = (uint32_t)strtoul(argv[i] + 6, NULL, 0);
		else if (strcmp(argv[i], "-v") == 0)
			verbose = true;
		else
			path = argv[i];
	}
	text = path ? slurp(path) : NULL;
	if (!text) {
		fprintf(stderr, "usage: pkt-runner [--isn=N] [-v] FILE.pkt\n");
		return 1;
	}
	good = script_parse(&script, text);
	if (!good) {
		fprintf(stderr, "%s:%d: %s\n", path, script.error_line, script.error);
	} else if (script.mtu && script.mtu < 1280) {
		fprintf(stderr, "%s:1: an MTU below that of every stack\n", path);
		good = false;
	} else {
		world_init(&world, &script, isn, verbose);
		good = run(&world, path);
		world_fini(&world);
	}
	script_free(&script);
	free(text);
	return good ? 0 : 1;
}
