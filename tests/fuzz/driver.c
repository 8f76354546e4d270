/* driver.c - runs a fuzz target without libFuzzer: over files, folders of files, and every prefix of each; or, with --random SEED COUNT, over
 * that many random inputs, the same ones for the same seed.
 *
 * A parser that survives a message cut at every byte has met the most common kind of bad input; so the corpus is worth running in
 * every build, with every compiler. Leaves out: mutation and coverage, which script/fuzz has.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));
void fuzz_report(void) __attribute__((weak)); /* what a target has to say at the end */

#define FILE_BYTES_MAX (1u << 20)
#define PREFIX_BYTES_MAX 4096

static unsigned long runs;

/* Each input is an allocation of its exact size, so that a read past its end is seen by the sanitizer. */
static void run_copy(const uint8_t *bytes, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);

	if (!copy)
		abort();
	memcpy(copy, bytes, len);
	LLVMFuzzerTestOneInput(copy, len);
	free(copy);
	runs++;
}

static int run_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *bytes = malloc(FILE_BYTES_MAX);
	size_t len;

	if (!file || !bytes) {
		fprintf(stderr, "cannot read %s\n", path);
		if (file)
			fclose(file);
		free(bytes);
		return 1;
	}
	len = fread(bytes, 1, FILE_BYTES_MAX, file);
	fclose(file);
	if (len <= PREFIX_BYTES_MAX)
		for (size_t cut = 0; cut < len; cut++)
			run_copy(bytes, cut);
	run_copy(bytes, len);
	free(bytes);
	return 0;
}

static int run_path(const char *path)
{
	struct stat st;
	DIR *dir;
	int bad = 0;

	if (stat(path, &st) != 0)
		return 0; /* a target may have no corpus yet */
	if (!S_ISDIR(st.st_mode))
		return run_file(path);
	dir = opendir(path);
	if (!dir)
		return 1;
	for (struct dirent *entry; (entry = readdir(dir));) {
		char inner[4096];
		int n = snprintf(inner, sizeof(inner), "%s/%s", path, entry->d_name);

		if (entry->d_name[0] != '.' && n > 0 && (size_t)n < sizeof(inner))
			bad |= run_file(inner);
	}
	closedir(dir);
	return bad;
}

#define RANDOM_BYTES_MAX 96

/* xorshift64*: which inputs come must not depend on the machine. */
static uint8_t random_byte(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return (uint8_t)(*state * UINT64_C(0x2545f4914f6cdd1d) >> 56);
}

static int run_random(const char *seed, const char *count)
{
	uint64_t state = strtoull(seed, NULL, 10) * 2 + 1;
	uint8_t bytes[RANDOM_BYTES_MAX];

	for (unsigned long n = strtoul(count, NULL, 10); n > 0; n--) {
		size_t len = random_byte(&state) % RANDOM_BYTES_MAX;

		for (size_t i = 0; i < len; i++)
			bytes[i] = random_byte(&state);
		run_copy(bytes, len);
	}
	return 0;
}

int main(int argc, char **argv)
{
	int bad = 0;

	if (LLVMFuzzerInitialize)
		LLVMFuzzerInitialize(&argc, &argv);
	run_copy((const uint8_t *)"", 0);
	if (argc == 4 && strcmp(argv[1], "--random") == 0) {
		bad = run_random(argv[2], argv[3]);
		argc = 1;
	}
	for (int i = 1; i < argc; i++)
		bad |= run_path(argv[i]);
	if (fuzz_report && runs > 0)
		fuzz_report();
	printf("%lu inputs\n", runs);
	return bad;
}
