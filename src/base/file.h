/*
 * Small files and directories, relative to a directory fd (AT_FDCWD allowed). For paths that the engine itself owns;
 * paths inside a container's rootfs go through kernel/path.h instead. Modes are subject to the umask, as in open(2).
 */
#ifndef SAMPAN_BASE_FILE_H
#define SAMPAN_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

/* Reads a whole file of at most `max` bytes (ERR_INVALID with EFBIG beyond) into a NUL-terminated heap buffer. ret_len
 * may be NULL. Refuses what is not a regular file, so that a FIFO or a device cannot block or flood (procfs files are
 * regular). */
int file_read(int dir_fd, const char *path, size_t max, char **ret_text, size_t *ret_len, struct err *e);

/* Creates or truncates, writes, closes. No fsync. */
int file_write(int dir_fd, const char *path, const void *data, size_t len, mode_t mode, struct err *e);

/* Writes to a temporary name beside it and renames over it: readers see the old or the new file, whole. */
int file_write_atomic(int dir_fd, const char *path, const void *data, size_t len, mode_t mode, struct err *e);

/* Writes into an existing file (cgroup, procfs, sysfs) in one write(2), without truncating it. Returns -errno without
 * touching e when e is NULL, for callers that try. */
int file_write_existing(int dir_fd, const char *path, const char *text, struct err *e);

/* mkdir -p, `mode` for every directory that is made; existing directories (also through symlinks) are fine. ret_fd may
 * be NULL, else an O_PATH|O_DIRECTORY fd of the last one. */
int dir_make_all(int dir_fd, const char *path, mode_t mode, int *ret_fd, struct err *e);

/* The names of a directory's entries, but "." and "..", sorted; NULL where there is none. The vector is base/strv.h's. */
int dir_list(int dir_fd, const char *path, char ***ret, struct err *e);

/* Removes a file or a whole tree of any depth, never following symlinks (a symlink is itself removed), never crossing
 * a mount point: one inside the tree, or the tree's root being one, is ERR_CONFLICT with EBUSY, and what was not
 * reached stays. A missing path is success. Mount points are known since Linux 5.8 (STATX_ATTR_MOUNT_ROOT). */
int dir_remove_all(int dir_fd, const char *path, struct err *e);

/* True when the path leads to something; a dangling symlink does not. */
bool file_exists(int dir_fd, const char *path);

#endif
