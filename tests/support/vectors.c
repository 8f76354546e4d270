/* vectors.c - see vectors.h. */
#include "vectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static const char *folder(void)
{
	const char *env = getenv("BOJAGI_VECTORS");

	return env && *env ? env : BJ_VECTORS_FOLDER;
}

const char *vectors_path(const char *relative)
{
	static char path[4096];

	snprintf(path, sizeof(path), "%s/%s", folder(), relative);
	return path;
}

bool vectors_present(void)
{
	static bool said;
	struct stat st;

	if (stat(folder(), &st) == 0 && S_ISDIR(st.st_mode))
		return true;
	if (!said)
		fprintf(stderr, "SKIPPED: there are no test vectors in %s\n", folder());
	said = true;
	return false;
}
