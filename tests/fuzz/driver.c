/* driver.c - runs a fuzz target without libFuzzer: over files, folders of files, and every prefix of each.
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

int main(int argc, char **argv)
{
	int bad = 0;

	if (LLVMFuzzerInitialize)
		LLVMFuzzerInitialize(&argc, &argv);
	run_copy((const uint8_t *)"", 0);
	for (int i = 1; i < argc; i++)
		bad |= run_path(argv[i]);
	printf("%lu inputs\n", runs);
	return bad;
}
