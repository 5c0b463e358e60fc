/*
 * The container's cgroup: one directory of the same path in the v2 hierarchy, in each v1 controller's hierarchy, or in
 * both (hybrid). The layout is detected once (cgroup_layout). Limits are written before the container's init enters,
 * and it enters by CLONE_INTO_CGROUP (v2) or by writing "0" to `tasks` itself (v1): a write to cgroup.procs from
 * outside costs 8 ms after idle.
 *
 * On a hybrid machine the v2 directory is there as well, though it may hold no controller: clone3 enters it for free,
 * it freezes and kills a whole tree in one write, and counts cpu time.
 *
 * One file per controller (memory.c, cpu.c, cpuset.c, pids.c, io.c, devices.c), each a table of flag, v1 file, v2 file
 * and conversion (driver.h). layout.c finds the hierarchies, tree.c makes and removes directories, members.c lists,
 * freezes and ends processes.
 *
 * Privilege: write access to the hierarchy (root, or a delegated subtree). A limit that this machine's cgroups can't
 * enforce is an error that names the controller and the flag, never silently dropped.
 * Source: Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/.
 */
#ifndef SAMPAN_RUNTIME_CGROUP_H
#define SAMPAN_RUNTIME_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cleanup.h"
#include "base/err.h"

struct spec;
struct spec_resources;

enum cgroup_controller {
    CGROUP_CPU,
    CGROUP_CPUACCT,
    CGROUP_CPUSET,
    CGROUP_MEMORY,
    CGROUP_PIDS,
    CGROUP_IO,      /* blkio in v1 */
    CGROUP_DEVICES, /* v1; in v2 a BPF program */
    CGROUP_FREEZER, /* v1; in v2 cgroup.freeze */
    CGROUP_CONTROLLER_COUNT,
};

/* Where the hierarchies are mounted on this machine: fds of their roots, -1 when absent. Found once per process. */
struct cgroup_layout {
    int v2_fd;               /* cgroup2, pure or hybrid */
    unsigned v2_controllers; /* bit per enum cgroup_controller that v2 can give */
    int v1_fd[CGROUP_CONTROLLER_COUNT];
    char v1_name[CGROUP_CONTROLLER_COUNT][128]; /* as mounted: "cpu,cpuacct"; the same text: the same hierarchy */
};
const struct cgroup_layout *cgroup_layout(void);

/* An open container cgroup. Fds are close-on-exec; -1 when that hierarchy is not used. The join fds are `tasks` (v1)
 * and cgroup.procs (v2), opened for writing beforehand: the child that writes to them is by then nobody on the host. */
struct cgroup {
    char *path;
    int v2_fd;
    int v2_join_fd;
    int v1_fd[CGROUP_CONTROLLER_COUNT];
    int v1_join_fd[CGROUP_CONTROLLER_COUNT]; /* one for each hierarchy: -1 for all but its first controller */
    bool created;
};
#define CGROUP_INIT                                                                                                    \
    ((struct cgroup){.v2_fd = -1,                                                                                      \
                     .v2_join_fd = -1,                                                                                 \
                     .v1_fd = {[0 ... CGROUP_CONTROLLER_COUNT - 1] = -1},                                              \
                     .v1_join_fd = {[0 ... CGROUP_CONTROLLER_COUNT - 1] = -1}})

/* The root's processes are the machine's: nothing is ever listed, frozen or killed there, so no path may lead to it. The
 * functions below refuse those for which this is false: without a name, or with "." or ".." in them. */
bool cgroup_path_is_below_root(const char *path);

/* Makes the directories and writes the limits. On failure removes what it made. */
int cgroup_create(const struct spec *spec, struct cgroup *ret, struct err *e);

/* Opens an existing one (exec). */
int cgroup_open(const char *path, struct cgroup *ret, struct err *e);

/* v2: the fd for clone_args.cgroup, or -1 when the child must join by itself. */
int cgroup_clone_fd(const struct cgroup *c);

/* In the child, before it unshares its cgroup namespace: enters every hierarchy that clone3 did not. Works with any
 * credentials, since the fds were opened by the parent. Async-signal-safe. */
int cgroup_join_self(const struct cgroup *c, bool cloned_into_v2, struct err *e);

/* Changes the limits of a running container: those that are set in r. A controller that the container was not started
 * with (cpuset and io in v1) is an error. */
int cgroup_update(const struct cgroup *c, const struct spec_resources *r, struct err *e);

/* Every process in it, and below it, in the reader's pid namespace. */
int cgroup_pids(const char *path, pid_t **ret, size_t *ret_n, struct err *e);

/* Ends every process: cgroup.kill in v2, else by pidfd until empty; bounded (-EBUSY after 5 s). */
int cgroup_kill(const char *path, struct err *e);

/* Freezes and thaws all of its processes. */
int cgroup_freeze(const char *path, bool freeze, struct err *e);

/* True when they have been asked to be frozen, by whomever. */
bool cgroup_is_frozen(const char *path);

/* True when the kernel's out-of-memory killer struck inside. */
bool cgroup_oom_killed(const struct cgroup *c);

/* rmdir in every hierarchy, children first (a nested container manager may have left some); a missing one is success.
 * The last container takes "/sampan" with it. Waits up to a second for processes that are still dying, then -EBUSY. */
int cgroup_remove(const char *path, struct err *e);

/* Ends what is left inside and removes it. The way to go after the init's end: as a rule nobody is left, and then it is
 * removed without the search that cgroup_kill makes. */
int cgroup_destroy(const char *path, struct err *e);

void cgroup_release(struct cgroup *c); /* closes; removes nothing */

/* For stats. What no hierarchy tells is 0, and so is a limit that is not set. */
struct cgroup_usage {
    uint64_t memory_bytes; /* without the file pages that can be dropped at once, as Docker counts */
    uint64_t memory_limit;
    uint64_t cpu_ns;
    uint64_t pids, pids_limit;
};
int cgroup_read_usage(const char *path, struct cgroup_usage *ret, struct err *e);

#endif
