/*
 * Running another program: the caller fills in what it wants, process_start makes it so, and says which step failed.
 *
 * The child is made with CLONE_VM|CLONE_VFORK semantics (posix_spawn is not enough: fd placement and a pidfd are
 * wanted), so the cost does not grow with the caller's memory. Every fd of the caller is close-on-exec; the child gets
 * exactly those in fds[] as 0, 1, 2, 3 …, default signal actions and an empty signal mask.
 *
 * Needs no privilege. Blocks until the execve (start) and until the end of the program (wait).
 * Source: clone(2), vfork(2), pidfd_open(2); Linux 5.11 for close_range(CLOSE_RANGE_CLOEXEC).
 */
#ifndef SAMPAN_BASE_PROCESS_H
#define SAMPAN_BASE_PROCESS_H

#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

enum { PROCESS_FDS_MAX = 16 };

struct process {
    /* wanted */
    const char *path;         /* what is executed: a path, never searched for */
    const char *const *argv;  /* NULL-terminated; argv[0] included */
    char *const *env;         /* NULL: the caller's */
    int fds[PROCESS_FDS_MAX]; /* fds[i] becomes i in the child; -1: /dev/null for 0..2, closed above */
    size_t n_fds;             /* 0…2 are set up always, with /dev/null for those not given */
    int new_session;          /* setsid() in the child */
    /* NULL, or what the child does to itself (limits, namespaces, ids) when its fds are in place: no heap, no stdio */
    int (*prepare)(void *arg, struct err *e);
    void *prepare_arg;
    /* result */
    pid_t pid;
    int pidfd; /* owned by the caller */
};

/* Returns after the child's execve worked, or with the error of the step that failed (and no child left). */
int process_start(struct process *p, struct err *e);

/* Waits by the pidfd, which stays open; the status is 0…255, or 128+n when signal n ended it. */
int process_wait(struct process *p, int *ret_status, struct err *e);

#endif
