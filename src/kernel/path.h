/*
 * Paths inside a tree that an attacker owns. Every resolution goes through openat2(2) with RESOLVE_IN_ROOT (symlinks
 * are followed as if root_fd were "/") or RESOLVE_NO_SYMLINKS, and yields an fd; nothing is ever done "by path".
 * EAGAIN (a race with rename, or .. crossing) is retried a bounded number of times.
 *
 * Source: openat2(2); CVE-2021-30465, CVE-2024-45310, CVE-2025-31133, CVE-2025-52881.
 */
#ifndef SAMPAN_KERNEL_PATH_H
#define SAMPAN_KERNEL_PATH_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

/* Opens `path` inside root_fd as a chroot would see it. flags as open(2) (O_CLOEXEC is added; with O_CREAT, mode). */
int path_open_in_root(int root_fd, const char *path, int flags, mode_t mode, struct err *e);

/* As above, but refuses symlinks in every component. */
int path_open_no_symlinks(int root_fd, const char *path, int flags, mode_t mode, struct err *e);

/* mkdir -p inside root_fd, one component at a time, each opened through its parent's fd; returns an O_PATH fd of the
 * last directory. Existing symlinks are followed inside the root. */
int path_make_dirs(int root_fd, const char *path, mode_t mode, struct err *e);

/* The place for a mount: an O_PATH fd of `path` inside root_fd, made (a directory, or an empty file with its parents)
 * if it does not exist. is_dir is what the source is; a target of the other kind is an error that says so. */
int path_make_mount_target(int root_fd, const char *path, bool is_dir, struct err *e);

/* An O_PATH fd of /proc, proven to be the root of a procfs (f_type and inode). Taken before a container's own mounts
 * exist, it stays good whatever is mounted over /proc later. */
int path_open_procfs(struct err *e);

/* Opens below such an fd and refuses to cross a mount (a file bound over /proc/self/attr/exec) or a magic link. */
int path_open_below_procfs(int proc_fd, const char *path, int flags, struct err *e);

#endif
