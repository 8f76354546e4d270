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
		} else if (strcmp(argv[i], "--only") == 0 && i + 1 < argc) {
			o.only = argv[++i];
		} else {
			o.rounds = 0;
		}
	}
	if (o.rounds < 1 || o.rounds > ROUNDS_MAX) {
		fprintf(stderr, "usage: %s [--json] [--rounds 1..%d] [--only TEXT]\n", argv[0], ROUNDS_MAX);
		exit(2);
	}
	return o;
}

bool options_want(const struct options *o, const char *name)
{
	return !o->only || strstr(name, o->only);
}

void report(const struct options *o, const char *name, const char *side, const char *unit, double ours, double theirs, double bar,
	    enum measure_sense sense)
{
	static bool headed;
	double ratio = theirs > 0 ? ours / theirs : 0;
	const char *verdict = "";

	if (bar > 0)
		verdict = (sense == LESS_IS_BETTER ? ratio <= bar : ratio >= bar) ? "  reached" : "  MISSED";
	if (o->json) {
		printf("{\"bench\":\"%s\",\"side\":\"%s\",\"unit\":\"%s\",\"bojagi\":%.3f,\"openssl\":%.3f,\"ratio\":%.3f}\n", name, side,
		       unit, ours, theirs, ratio);
	} else {
		if (!headed)
			printf("%-34s %-8s %-10s %12s %12s %7s\n", "", "side", "unit", "bojagi", "openssl", "ratio");
		headed = true;
		printf("%-34s %-8s %-10s %12.3f %12.3f %7.2f", name, side, unit, ours, theirs, ratio);
		if (bar > 0)
			printf("  (bar %.2f)%s", bar, verdict);
		printf("\n");
	}
	fflush(stdout);
}
