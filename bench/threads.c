/* threads.c - whether two threads do twice the work of one: handshakes of our engine, both ends, on one thread alone, on several at once
 * that share their configurations, and on as many processes that share nothing.
 *
 * A lock, or a cache line that handshakes of different threads write, makes threads dearer than processes; what processes lose against one
 * alone is the machine's (its caches, its clock, and who else is on it). Counted is processor time, and the time that passed.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ends.h"
#include "measure.h"

#define WORKERS_MAX 16

struct kind {
	const char *name;
	int version;
	bool resumes;
	unsigned count; /* handshakes of a worker in a round */
};

struct team {
	const struct kind *kind;
	void *client, *server; /* configurations */
	pthread_barrier_t start;
	struct worker {
		struct team *team;
		double begin, end, cpu; /* nanoseconds */
	} workers[WORKERS_MAX];
};

struct rate {
	double cpu, wall; /* nanoseconds a handshake: of a worker's processor, and of the time that passed for each handshake of all */
};

static double wall_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void *work(void *arg)
{
	struct worker *w = (struct worker *)arg;
	struct team *team = w->team;
	const struct stack *s = &stack_bojagi;
	struct ends e = connect_ends(s, team->client, team->server, NULL, NULL); /* warm, and the session to resume */
	void *session = team->kind->resumes ? s->session(e.client) : NULL;

	close_ends(s, &e, NULL);
	(void)pthread_barrier_wait(&team->start);
	w->begin = wall_ns();
	w->cpu = cpu_ns();
	for (unsigned i = 0; i < team->kind->count; i++) {
		e = connect_ends(s, team->client, team->server, session, NULL);
		if (s->resumed(e.client) != team->kind->resumes)
			die(s, "resumption is not as asked for");
		close_ends(s, &e, NULL);
	}
	w->cpu = cpu_ns() - w->cpu;
	w->end = wall_ns();
	s->session_free(session);
	return NULL;
}

static void run_threads(struct team *team, unsigned count)
{
	pthread_t threads[WORKERS_MAX];

	for (unsigned i = 0; i < count; i++)
		if (pthread_create(&threads[i], NULL, work, &team->workers[i]) != 0)
			die(&stack_bojagi, "no thread");
	for (unsigned i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
}

static void run_processes(struct team *team, unsigned count)
{
	pid_t pids[WORKERS_MAX];
	int status;

	for (unsigned i = 0; i < count; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			(void)work(&team->workers[i]);
			_exit(0);
		}
	}
	for (unsigned i = 0; i < count; i++)
		if (pids[i] < 0 || waitpid(pids[i], &status, 0) != pids[i] || status != 0)
			die(&stack_bojagi, "a process failed");
}

static struct rate round_of(struct team *team, unsigned count, bool processes)
{
	double begin = 0, end = 0, all = (double)count * team->kind->count;
	struct rate r = { 0 };
	pthread_barrierattr_t shared;

	pthread_barrierattr_init(&shared);
	pthread_barrierattr_setpshared(&shared, PTHREAD_PROCESS_SHARED);
	if (pthread_barrier_init(&team->start, &shared, count) != 0)
		die(&stack_bojagi, "no barrier");
	for (unsigned i = 0; i < count; i++)
		team->workers[i] = (struct worker){ .team = team };
	(processes ? run_processes : run_threads)(team, count);
	for (unsigned i = 0; i < count; i++) {
		const struct worker *w = &team->workers[i];

		begin = i == 0 || w->begin < begin ? w->begin : begin;
		end = w->end > end ? w->end : end;
		r.cpu += w->cpu / all;
	}
	r.wall = (end - begin) / all;
	pthread_barrier_destroy(&team->start);
	pthread_barrierattr_destroy(&shared);
	return r;
}

static void keep_less(struct rate *best, struct rate r)
{
	best->cpu = best->cpu == 0 || r.cpu < best->cpu ? r.cpu : best->cpu;
	best->wall = best->wall == 0 || r.wall < best->wall ? r.wall : best->wall;
}

static void measure(const struct options *o, struct team *team, unsigned count)
{
	struct rate one = { 0 }, threads = { 0 }, processes = { 0 };

	for (unsigned i = 0; i < o->rounds; i++) { /* the least of each: others are on the machine too */
		keep_less(&one, round_of(team, 1, false));
		keep_less(&threads, round_of(team, count, false));
		keep_less(&processes, round_of(team, count, true));
	}
	if (o->json)
		printf("{\"bench\":\"%s\",\"threads\":%u,\"one_us\":%.3f,\"threads_us\":%.3f,\"processes_us\":%.3f,\"times_cpu\":%.3f,"
		       "\"times_wall\":%.3f,\"processes_times_wall\":%.3f}\n",
		       team->kind->name, count, one.cpu / 1000, threads.cpu / 1000, processes.cpu / 1000, count * one.cpu / threads.cpu,
		       one.wall / threads.wall, one.wall / processes.wall);
	else
		printf("%-24s %10.3f %10.3f %10.3f %12.2f %12.2f %12.2f\n", team->kind->name, one.cpu / 1000, threads.cpu / 1000,
		       processes.cpu / 1000, count * one.cpu / threads.cpu, one.wall / threads.wall, one.wall / processes.wall);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	static const struct kind kinds[] = {
		{ "tls13-full", VERSION_13, false, 1000 },
		{ "tls13-resumed", VERSION_13, true, 2000 },
		{ "tls12-full", VERSION_12, false, 1000 },
		{ "tls12-resumed", VERSION_12, true, 8000 },
	};
	struct options o = options_parse(argc, argv);
	unsigned count = o.threads > 0 ? o.threads : 2;
	struct chain chain;
	struct team *team = (struct team *)mmap(NULL, sizeof(*team), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (team == MAP_FAILED || count > WORKERS_MAX)
		die(&stack_bojagi, "at most sixteen threads, and memory for them");
	chain_make(&chain);
	if (!o.json)
		printf("both ends of a handshake; the least of %u rounds; %u at once\n\n%-24s %10s %10s %10s %12s %12s %12s\n", o.rounds, count, "",
		       "one us", "threads us", "procs us", "times, cpu", "times, wall", "procs, wall");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!options_want(&o, kinds[i].name))
			continue;
		team->kind = &kinds[i];
		team->client = stack_bojagi.config_new(&chain, false, kinds[i].version);
		team->server = stack_bojagi.config_new(&chain, true, kinds[i].version);
		measure(&o, team, count);
		stack_bojagi.config_free(team->client);
		stack_bojagi.config_free(team->server);
	}
	chain_free(&chain);
	munmap(team, sizeof(*team));
	return 0;
}
