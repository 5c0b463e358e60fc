/*
 * What a controller is to the rest: a name in each version, and settings as a table. Internal to cgroup/.
 *
 * A setting formats its value from the spec or says that it is not set; one loop (driver.c) writes them all and makes
 * the error, so that every limit that cannot be enforced is told by its flag.
 */
#ifndef SAMPAN_RUNTIME_CGROUP_DRIVER_H
#define SAMPAN_RUNTIME_CGROUP_DRIVER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "runtime/cgroup/cgroup.h"
#include "runtime/spec.h"

enum cgroup_version { CGROUP_V1, CGROUP_V2 };

enum { CGROUP_VALUE_MAX = 256 };

struct cgroup_setting {
    const char *flag;    /* "--memory" */
    const char *v1_file; /* NULL: that version has no such thing */
    const char *v2_file;
    /* False when the spec does not set it. The value must fit, or is cut and refused by the kernel. */
    bool (*format)(const struct spec_resources *r, enum cgroup_version v, char value[CGROUP_VALUE_MAX]);
};

struct cgroup_driver {
    const char *v1_name; /* as in the mount's options: "blkio" */
    const char *v2_name; /* as in cgroup.controllers; NULL: not there, or without a controller */
    bool is_default;     /* joined without any limit, for update and stats */
    const struct cgroup_setting *settings;
    size_t n_settings;
    /* The flag of what is set beyond the settings, or NULL. Both may be NULL. */
    const char *(*extra_flag)(const struct spec_resources *r);
    int (*apply_extra)(const struct cgroup *c, int dir_fd, enum cgroup_version v, const struct spec_resources *r,
                       struct err *e);
    /* After a v1 directory was made, from the top down: dir_fd's parent is set up already. May be NULL. */
    int (*prepare_v1)(int parent_fd, int dir_fd, struct err *e);
};

extern const struct cgroup_driver cgroup_cpu, cgroup_cpuacct, cgroup_cpuset, cgroup_memory, cgroup_pids_driver,
    cgroup_io, cgroup_devices, cgroup_freezer;

extern const struct cgroup_driver *const cgroup_drivers[CGROUP_CONTROLLER_COUNT];

/* The first flag that asks something of this controller, or NULL. */
const char *cgroup_driver_wanted(const struct cgroup_driver *d, const struct spec_resources *r);

/* Writes all that is set. dir_fd is the container's directory in the hierarchy that has the controller. */
int cgroup_driver_apply(const struct cgroup_driver *d, const struct cgroup *c, int dir_fd, enum cgroup_version v,
                        const struct spec_resources *r, struct err *e);

/* Writes one value for a flag; a missing file is the error that names the controller and the flag. */
int cgroup_write_limit(int dir_fd, const char *file, const char *value, const char *flag, struct err *e);

/* "name value" lines of a flat keyed file, e.g. oom_kill in memory.events; -ENOENT when there is none. */
int cgroup_read_key(int dir_fd, const char *file, const char *key, uint64_t *ret);

/* A file with one number; "max" is UINT64_MAX. -errno without a message. */
int cgroup_read_number(int dir_fd, const char *file, uint64_t *ret);

/* devices_bpf.c: the v2 program for the rules, attached to the cgroup, which keeps it; it
 * replaces one that is there. */
int cgroup_devices_attach(int dir_fd, const struct spec_device_rule *rules, size_t n, struct err *e);

/* tree.c */

/* Makes `path` below the hierarchy's root, with its parents; returns an fd of it. `subtree_control` (v2, may be NULL)
 * is written into every parent. A path that exists and is not in use is made anew; one in use is ERR_CONFLICT. */
struct cgroup_tree {
    int root_fd;
    const char *subtree_control;
    int (*prepare)(int parent_fd, int dir_fd, struct err *e);
};
int cgroup_tree_make(const struct cgroup_tree *t, const char *path, struct err *e);

/* An existing one below the root; -ENOENT without a message when there is none. -EINVAL for the root itself, so that nobody
 * ever lists, freezes or kills what is in it. */
int cgroup_tree_open(int root_fd, const char *path);

/* With its children. Patient: waits for processes that are still dying, else -EBUSY at once. A missing one is
 * success. */
int cgroup_tree_remove(int root_fd, const char *path, bool is_patient, struct err *e);

/* layout.c: the first controller of the hierarchy that this v1 controller is in; itself unless co-mounted. */
int cgroup_v1_leader(const struct cgroup_layout *l, int controller);

#endif
