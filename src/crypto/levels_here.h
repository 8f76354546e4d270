/* levels_here.h - for tests: which levels of vector instructions this processor has. */
#ifndef CRYPTO_LEVELS_HERE_H
#define CRYPTO_LEVELS_HERE_H

#include <stdbool.h>
#include <string.h>

static inline bool level_is_here(const char *name)
{
	if (strcmp(name, "plain") == 0)
		return true;
#ifdef __x86_64__
	if (strcmp(name, "avx2") == 0)
		return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2");
	if (strcmp(name, "avx512") == 0)
		return __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq");
#endif
	return false;
}

#define LEVEL_TEXT_OF(name) #name
#define LEVEL_TEXT(name) LEVEL_TEXT_OF(name)

#endif
