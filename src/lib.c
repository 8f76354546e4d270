/* lib.c - nothing but the version: the library is made of the folders below it. */
#include <bojagi/base.h>
#include <bojagi/version.h>

BJ_API const char *bj_version(void)
{
	return BJ_VERSION_TEXT;
}
