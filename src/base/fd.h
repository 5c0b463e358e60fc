/*
 * File descriptors: -1 is "none", every fd is born O_CLOEXEC, close is never retried (close(2), NOTES), and an fd that
 * outlives its scope is taken with TAKE_FD.
 */
#ifndef SAMPAN_BASE_FD_H
#define SAMPAN_BASE_FD_H

#include <stddef.h>
#include <sys/types.h>

#include "base/cleanup.h"
#include "base/err.h"

/* Closes *fd when it is >= 0 and sets it to -1. Keeps errno. */
void fd_close(int *fd);

#define _cleanup_close_ _cleanup_(fd_close)

#define TAKE_FD(fd)                                                                                                    \
    ({                                                                                                                 \
        int *_take_fdp = &(fd);                                                                                        \
        int _take_fd = *_take_fdp;                                                                                     \
        *_take_fdp = -1;                                                                                               \
        _take_fd;                                                                                                      \
    })

/* Writes all of it, resuming after short writes and EINTR; 0 or -errno. Blocks. */
int fd_write_all(int fd, const void *data, size_t len);

/* Reads until EOF or `len` bytes; the count or -errno. Blocks. */
ssize_t fd_read_full(int fd, void *data, size_t len);

int fd_set_cloexec(int fd, int on);
int fd_set_nonblock(int fd, int on);

/* "/proc/self/fd/N": a path to what the fd refers to, for system calls that have no fd form. */
struct fd_path {
    char path[32];
};
struct fd_path fd_path(int fd);

/* Marks every fd from `from` on close-on-exec, except those in keep[] (sorted ascending), which lose the flag.
 * Source: close_range(2), CVE-2024-21626. */
int fd_cloexec_from(unsigned from, const int *keep, size_t n_keep);

#endif
