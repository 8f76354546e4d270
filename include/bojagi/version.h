/* version.h - the version of the library and of its interface. */
#ifndef BOJAGI_VERSION_H
#define BOJAGI_VERSION_H

#define BJ_VERSION_MAJOR 0
#define BJ_VERSION_MINOR 1
#define BJ_VERSION_PATCH 0
#define BJ_VERSION_TEXT "0.1.0"


#ifdef __cplusplus
extern "C" {
#endif

/* The version of the library that runs, as BJ_VERSION_TEXT was when it was built. */
const char *bj_version(void);

#ifdef __cplusplus
}
#endif

#endif
