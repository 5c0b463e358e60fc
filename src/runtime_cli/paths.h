/* Paths given on the command line: they are relative to where the caller was, and the program moves to the bundle. */
#ifndef SAMPAN_RUNTIME_CLI_PATHS_H
#define SAMPAN_RUNTIME_CLI_PATHS_H

#include <limits.h>

#include "base/err.h"

/* ret has room for PATH_MAX bytes. */
int path_absolute(const char *path, char *ret, struct err *e);

/* The same in place of a heap string; a NULL one stays NULL. */
int path_absolute_in(char **path, struct err *e);

#endif
