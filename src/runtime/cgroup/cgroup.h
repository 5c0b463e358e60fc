/*
 * The container's cgroup: one directory of the same path in the v2 hierarchy, in each v1 controller's hierarchy, or in
 * both (hybrid). The layout is detected once (cgroup_layout). Limits are written before the container's init enters, and it
 * enters by CLONE_INTO_CGROUP (v2) or by writing "0" to `tasks` itself (v1): a write to cgroup.procs from outside
 * costs 8 ms after idle.
 *
 * One file per controller (memory.c, cpu.c, cpuset.c, pids.c, io.c, devices.c), each a table of spec member -> v1 file,
 * v2 file, conversion.
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
    int v2_fd;                           /* cgroup2, pure or hybrid */
    unsigned v2_controllers;             /* bit per enum cgroup_controller that v2 can give */
    int v1_fd[CGROUP_CONTROLLER_COUNT];
    char v1_name[CGROUP_CONTROLLER_COUNT][32]; /* as mounted: "cpu,cpuacct" */
};
const struct cgroup_layout *cgroup_layout(void);

/* An open container cgroup. Fds are close-on-exec; -1 when that hierarchy is not used. */
struct cgroup {
    char *path;
    int v2_fd;
    int v1_fd[CGROUP_CONTROLLER_COUNT];
    int device_prog_fd;
    bool created;
};
#define CGROUP_INIT ((struct cgroup){.v2_fd = -1, .v1_fd = {-1, -1, -1, -1, -1, -1, -1, -1}, .device_prog_fd = -1})

/* Makes the directories and writes the limits. On failure removes what it made. */
int cgroup_create(const struct spec *spec, struct cgroup *ret, struct err *e);

/* Opens an existing one (exec). */
int cgroup_open(const char *path, struct cgroup *ret, struct err *e);

/* v2: the fd for clone_args.cgroup, or -1 when the child must join by itself. */
int cgroup_clone_fd(const struct cgroup *c);

/* In the child, before it unshares its cgroup namespace: enters every hierarchy that clone3 did not. */
int cgroup_join_self(const struct cgroup *c, bool cloned_into_v2, struct err *e);

/* Changes the limits of a running container. */
int cgroup_update(const struct cgroup *c, const struct spec_resources *r, struct err *e);

/* Every process in it, and below it, in the reader's pid namespace. */
int cgroup_pids(const char *path, pid_t **ret, size_t *ret_n, struct err *e);

/* Ends every process: cgroup.kill in v2, else by pidfd until empty; bounded (-EBUSY after 5 s). */
int cgroup_kill(const char *path, struct err *e);

/* Freezes and thaws all of its processes. */
int cgroup_freeze(const char *path, bool freeze, struct err *e);

/* True when the kernel's out-of-memory killer struck inside. */
bool cgroup_oom_killed(const struct cgroup *c);

/* rmdir in every hierarchy, children first (a nested container manager may have left some); a missing one is success. */
int cgroup_remove(const char *path, struct err *e);

void cgroup_release(struct cgroup *c); /* closes; removes nothing */

/* One counter file's number, e.g. "memory.current"/"memory.usage_in_bytes" by meaning, for stats. */
struct cgroup_usage {
    uint64_t memory_bytes, memory_limit, cpu_ns, pids, pids_limit;
};
int cgroup_read_usage(const char *path, struct cgroup_usage *ret, struct err *e);

#endif
