/*
 * The runtime: makes a container's first process, and joins further ones to it. Used by sampan-shim (one container),
 * by sampan itself (exec) and by sampan-runtime (the OCI command line).
 *
 * A container is made in two halves, so that a caller can do work between them: runtime_create() returns when the init
 * has been given all that it needs, and sets itself up alone; runtime_start() lets it execute the payload and tells
 * whether all that worked. How the two processes meet is in runtime/sync.h; create.c and child.c read as the two lists
 * of steps.
 *
 * Privilege: CAP_SYS_ADMIN and friends in the caller's user namespace. The calling process must be single-threaded.
 */
#ifndef SAMPAN_RUNTIME_RUNTIME_H
#define SAMPAN_RUNTIME_RUNTIME_H

#include <sys/types.h>

#include "base/err.h"
#include "runtime/cgroup/cgroup.h"
#include "runtime/spec.h"

/* The payload's stdio. With a terminal all three are the pty's slave, and the master comes back in ret_master. */
struct runtime_stdio {
    int in, out, err;     /* borrowed; -1: /dev/null */
    int master;           /* result, owned by the caller; -1 without a terminal */
    unsigned n_preserved; /* the payload gets this many of the caller's fds from 3 on, too */
};

struct runtime_container {
    pid_t pid;   /* in the caller's pid namespace */
    int pidfd;   /* owned */
    int sync_fd; /* owned; the meeting point with the child until runtime_start */
    bool is_ready;
    /* Owned; -1: none. Its mount namespace, held so that taking it down (0.25 to 0.45 ms: the overlay is unmounted)
     * does not come before the news of the init's end, but in runtime_release. */
    int mounts_fd;
    int procfs_fd; /* the same for what the network's sysctls were written through (network/plan.h) */
    struct cgroup cgroup;
};

#define RUNTIME_CONTAINER_INIT                                                                                         \
    ((struct runtime_container){.pidfd = -1, .sync_fd = -1, .mounts_fd = -1, .procfs_fd = -1, .cgroup = CGROUP_INIT})

/* On failure nothing is left: no process, no cgroup, no mount. The child dies with the caller (PR_SET_PDEATHSIG, and
 * EOF on the sync socket while it is being set up). */
int runtime_create(const struct spec *spec, struct runtime_stdio *io, struct runtime_container *ret, struct err *e);

/* Waits until the init has set itself up: for callers that have something to do between that and the start. On failure
 * nothing is left, as above. */
int runtime_wait_ready(struct runtime_container *c, struct err *e);

/* ERR_NO_COMMAND and ERR_NOT_EXECUTABLE when execve failed; where anything failed, the child is gone and reaped. */
int runtime_start(struct runtime_container *c, struct err *e);

/* In place of runtime_start, after runtime_wait_ready: the init no longer dies with the caller, and waits on the
 * listening SOCK_SEQPACKET socket (borrowed; the caller closes it) for a start by another process. Closes sync_fd. On
 * failure kill and release as ever. */
int runtime_detach(struct runtime_container *c, int listen_fd, struct err *e);

/* The starter's side: `sock` is connected to that socket. Errors as runtime_start; the init is then gone, and reaped by
 * its parent. */
int runtime_start_detached(int sock, struct err *e);

/* After a step that failed: *e becomes what the init had to say, or how it ended, where that was the reason; the init is
 * killed and reaped, the rest released. Returns *e as a negative errno. */
int runtime_abandon(struct runtime_container *c, struct err *e);

/* After the init was reaped: ends what is left in the cgroup, removes it, closes fds. Idempotent. Negative, and logged,
 * when the cgroup could not be removed. */
int runtime_release(struct runtime_container *c);

/* As runtime_release, from another process and after a crash: `cgroup_path` as in the spec. */
int runtime_clean_up(const char *cgroup_path, struct err *e);

struct runtime_exec {
    int target_pidfd;        /* the container's init; borrowed */
    const struct spec *spec; /* the container's own: its seccomp, cgroup, maps */
    const struct spec_process *process;
    bool privileged; /* all capabilities, no seccomp */
};

/* Starts a further process in all namespaces and the cgroup of the target. ret->cgroup is borrowed state and not
 * removed by runtime_release. Returns after execve worked. The process is the caller's child. */
int runtime_exec(const struct runtime_exec *x, struct runtime_stdio *io, struct runtime_container *ret, struct err *e);

#endif
