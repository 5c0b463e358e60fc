/*
 * How the shim and the container's init meet. One SOCK_SEQPACKET pair; every message has a step, and each side names
 * the step it waits for: anything else (another step, a short message, EOF) is an error that says what was expected.
 *
 *   parent (create.c)                            child (child.c)
 *     clone3 ------------------------------------> born in its user, pid, mount, uts namespaces (and v2 cgroup)
 *     writes uid_map, gid_map                      joins the v1 cgroups, unshares time
 *     SYNC_MAPPED -------------------------------> becomes root of its user namespace
 *     prepares rootfs and volumes, detached        unshares net, ipc, cgroup; hostname, loopback
 *     (needs the user namespace for idmaps)  <---- SYNC_NETWORK + fds  only with a network of ours: a route netlink socket
 *     SYNC_MOUNTS  + fds ------------------------> attaches them, pivots, masks, …
 *     makes interfaces, by that socket
 *     (waits)       <------------- SYNC_CONSOLE + fd  only with a terminal: the pty's master
 *     the caller's own work, then
 *     runtime_start: SYNC_EXEC ------------------> read when it is needed, after SYNC_READY
 *     (waits)       <------------- SYNC_READY     everything stands; capabilities dropped
 *     EOF (close-on-exec) <---------------------- loads seccomp, execve; exec worked
 *
 *   Where a user namespace is joined, the process that the parent cloned joins it and clones the init from inside, as a
 *   sibling of itself: only then do the init's own namespaces belong to the joined one. It sends SYNC_BORN with the
 *   init's pidfd, before all the others, and ends. exec.c has such a process, too.
 *
 *   At any point the child may send SYNC_ERROR with a struct err, and exits; EOF from the parent makes it exit.
 */
#ifndef SAMPAN_RUNTIME_SYNC_H
#define SAMPAN_RUNTIME_SYNC_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum sync_step {
    SYNC_MAPPED = 1,
    SYNC_MOUNTS,
    SYNC_CONSOLE,
    SYNC_READY,
    SYNC_EXEC,
    SYNC_ERROR,
    SYNC_BORN,
    SYNC_DETACH, /* in place of SYNC_EXEC: see detach.c */
    SYNC_NETWORK,
    SYNC_STEP_COUNT,
};

/* SCM_MAX_FD is 253; what is more goes in several packets, which sync_send and sync_wait do by themselves. */
enum { SYNC_FDS_MAX = 200 };

/* Both ends are close-on-exec and never 0, 1 or 2. */
int sync_pair(int *ret_parent, int *ret_child, struct err *e);

/* The fds are duplicated into the message; the caller's stay its own. */
int sync_send(int sock, enum sync_step step, const int *fds, size_t n_fds, struct err *e);
int sync_send_error(int sock, const struct err *error);

/* Waits for `step`. A SYNC_ERROR becomes *e with the sender's text. fds (may be NULL with max 0) get the received
 * fds, close-on-exec; *ret_n (may be NULL) their number. EOF is -ECONNRESET. */
int sync_wait(int sock, enum sync_step step, int *fds, size_t max_fds, size_t *ret_n, struct err *e);

/* Waits for a message and tells its step, without taking it. EOF is -ECONNRESET. */
int sync_next(int sock, enum sync_step *ret, struct err *e);

/* Waits for the other side's end without a word: 0, or what it had to say. */
int sync_wait_eof(int sock, struct err *e);

/* Takes an error that has arrived already: true and *e is replaced. Never blocks. For a step that failed because the
 * other side had failed before. */
bool sync_take_error(int sock, struct err *e);

#endif
