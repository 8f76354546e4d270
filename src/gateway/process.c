/* process.c - see process.h. */
#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "gateway/process.h"

static uint64_t resident_bytes(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	unsigned long all = 0, resident = 0;

	if (!file)
		return 0;
	if (fscanf(file, "%lu %lu", &all, &resident) != 2)
		resident = 0;
	fclose(file);
	return (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

static uint64_t count_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	uint64_t count = 0;

	if (!folder)
		return 0;
	while (readdir(folder))
		count++;
	closedir(folder);
	return count > 3 ? count - 3 : 0; /* ".", ".." and the folder itself */
}

void process_facts(struct process_facts *out)
{
	struct rusage usage;
	struct rlimit limit;

	*out = (struct process_facts){ .resident_bytes = resident_bytes(), .descriptors = count_descriptors() };
	if (getrusage(RUSAGE_SELF, &usage) == 0)
		out->cpu_us = (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
			      (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
		out->descriptors_max = limit.rlim_cur;
}
