/* measure.h - clocks, medians and the form of results that every benchmark shares. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ROUNDS_DEFAULT 7
#define ROUNDS_MAX 99
#define PEERS_MAX 6

/* Processor time of this thread in nanoseconds. */
double cpu_ns(void);
/* What one call of cpu_ns() costs by itself, measured once. */
double cpu_ns_cost(void);

/* Sorts. */
double median(double *values, size_t count);

struct options {
	bool json;
	unsigned rounds;
	const char *only; /* part of a name, or null: all */
	const char *peers[PEERS_MAX]; /* files given with --peer */
	unsigned peer_count;
	unsigned threads; /* 0: not said */
};

/* --json, --rounds N, --only TEXT, --peer FILE, --threads N. Ends the program with a usage text on anything else. */
struct options options_parse(int argc, char **argv);
bool options_want(const struct options *o, const char *name);

enum measure_sense { LESS_IS_BETTER, MORE_IS_BETTER };

struct measured {
	const char *name;
	double value;
};
/* Prints one row: a line of a table, or one JSON object. `beside` is who or what ours stands beside, `bar` the ratio to reach, 0 if there
 * is none. */
void report(const struct options *o, const char *name, const char *side, const char *unit, double ours, struct measured beside, double bar,
	    enum measure_sense sense);
/* The same for several: the first is ours, the bar is for the ratio to the best of the others. */
void report_all(const struct options *o, const char *name, const char *side, const char *unit, const struct measured *all, unsigned count,
		double bar, enum measure_sense sense);

#endif
