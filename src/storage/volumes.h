/*
 * Volumes: ROOT/volumes/NAME/_data, owned on disk as the containers see it. The row comes before the directory and
 * goes after it, so that a directory without a row cannot be.
 *
 * An anonymous volume belongs to one container (`owner`), and may go when it goes.
 */
#ifndef SAMPAN_STORAGE_VOLUMES_H
#define SAMPAN_STORAGE_VOLUMES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct db;

/* Docker's rule: [a-zA-Z0-9][a-zA-Z0-9_.-]+ */
int volumes_check_name(const char *name, struct err *e);

int volumes_path(const char *root, const char *name, char **ret, struct err *e);

/* The row; one that exists already stays as it is. owner: NULL for a named volume. */
int volumes_put(struct db *db, const char *name, int64_t created, const char *owner, struct err *e);

/* The directory, mode 0755; ret_fd an O_PATH fd of _data, ret_new whether it was made now. */
int volumes_make(int root_fd, const char *name, int *ret_fd, bool *ret_new, struct err *e);

/* The anonymous volumes of a container: directories, then rows. */
int volumes_remove_owned(struct db *db, int root_fd, const char *owner, struct err *e);

#endif
