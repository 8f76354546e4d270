/* measure.c - see measure.h. */
#include "measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

double cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

double cpu_ns_cost(void)
{
	static double cost;
	double start;

	if (cost > 0)
		return cost;
	for (int i = 0; i < 1000; i++)
		(void)cpu_ns();
	start = cpu_ns();
	for (int i = 0; i < 10000; i++)
		(void)cpu_ns();
	cost = (cpu_ns() - start) / 10001;
	return cost;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), by_size);
	return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

struct options options_parse(int argc, char **argv)
{
	struct options o = { .rounds = ROUNDS_DEFAULT };

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0) {
			o.json = true;
		} else if (strcmp(argv[i], "--rounds") == 0 && i + 1 < argc) {
			o.rounds = (unsigned)strtoul(argv[++i], NULL, 10);
		} else if (strcmp(argv[i], "--threads") == 0 && i + 1 < argc) {
			o.threads = (unsigned)strtoul(argv[++i], NULL, 10);
		} else if (strcmp(argv[i], "--only") == 0 && i + 1 < argc) {
			o.only = argv[++i];
		} else if (strcmp(argv[i], "--peer") == 0 && i + 1 < argc && o.peer_count < PEERS_MAX) {
			o.peers[o.peer_count++] = argv[++i];
		} else {
			o.rounds = 0;
		}
	}
	if (o.rounds < 1 || o.rounds > ROUNDS_MAX) {
		fprintf(stderr, "usage: %s [--json] [--rounds 1..%d] [--only TEXT] [--peer FILE.so]... [--threads N]\n", argv[0], ROUNDS_MAX);
		exit(2);
	}
	return o;
}

bool options_want(const struct options *o, const char *name)
{
	return !o->only || strstr(name, o->only);
}

static double ratio_to_best(const struct measured *all, unsigned count, enum measure_sense sense)
{
	double best = 0;

	for (unsigned i = 1; i < count; i++)
		if (all[i].value > 0 && (best == 0 || (sense == LESS_IS_BETTER ? all[i].value < best : all[i].value > best)))
			best = all[i].value;
	return best > 0 ? all[0].value / best : 0;
}

/* Over the columns, when they are others than the row's before; how many there are. */
static unsigned head(const struct measured *all, unsigned count)
{
	static const char *names[2 + PEERS_MAX]; /* ours, the one that is linked, those given */
	static unsigned columns;
	bool same = count <= columns;

	for (unsigned i = 0; i < count && same; i++)
		same = strcmp(names[i], all[i].name) == 0;
	if (same)
		return columns;
	columns = count;
	for (unsigned i = 0; i < count; i++)
		names[i] = all[i].name;
	printf("%-34s %-8s %-10s", "", "side", "unit");
	for (unsigned i = 0; i < count; i++)
		printf(" %12s", all[i].name);
	printf(" %7s\n", "ratio");
	return columns;
}

void report_all(const struct options *o, const char *name, const char *side, const char *unit, const struct measured *all, unsigned count,
		double bar, enum measure_sense sense)
{
	double ratio = ratio_to_best(all, count, sense);

	if (o->json) {
		printf("{\"bench\":\"%s\",\"side\":\"%s\",\"unit\":\"%s\"", name, side, unit);
		for (unsigned i = 0; i < count; i++)
			printf(",\"%s\":%.3f", all[i].name, all[i].value);
		printf(",\"ratio\":%.3f}\n", ratio);
	} else {
		unsigned columns = head(all, count);

		printf("%-34s %-8s %-10s", name, side, unit);
		for (unsigned i = 0; i < count; i++)
			printf(" %12.3f", all[i].value);
		for (unsigned i = count; i < columns; i++)
			printf(" %12s", "");
		printf(" %7.2f", ratio);
		if (bar > 0)
			printf("  (bar %.2f)%s", bar, (sense == LESS_IS_BETTER ? ratio <= bar : ratio >= bar) ? "  reached" : "  MISSED");
		printf("\n");
	}
	fflush(stdout);
}

void report(const struct options *o, const char *name, const char *side, const char *unit, double ours, struct measured beside, double bar,
	    enum measure_sense sense)
{
	const struct measured all[] = { { "bojagi", ours }, beside };

	report_all(o, name, side, unit, all, 2, bar, sense);
}
