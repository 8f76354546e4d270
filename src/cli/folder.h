/* folder.h - paths and folders of the commands; whole files are host/file.h's. */
#ifndef CLI_FOLDER_H
#define CLI_FOLDER_H

#include <stdbool.h>

#include <bojagi/base.h>

#define FOLDER_PATH_MAX 4096

/* Makes the folder and those above it, with mode 0700. BJ_ERR_FILE_WRITE; errno says more. */
enum bj_err folder_make(const char *path) BJ_MUST_USE;
/* Is there anything under this name? */
bool path_exists(const char *path);

#endif
