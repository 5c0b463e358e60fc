/*
 * Which processors and memory nodes. In version 1 a new cpuset is empty, and no process may enter an empty one: what is
 * not asked for is copied from the parent, all the way down. Source: cgroup-v1/cpusets.rst.
 */
#include <stdio.h>

#include "base/file.h"
#include "runtime/cgroup/driver.h"

static bool format_list(const char *list, char value[CGROUP_VALUE_MAX])
{
    snprintf(value, CGROUP_VALUE_MAX, "%s", list ? list : "");
    return list && *list;
}

static bool format_cpus(const struct spec_resources *r, enum cgroup_version v, char value[CGROUP_VALUE_MAX])
{
    (void)v;
    return format_list(r->cpuset_cpus, value);
}

static bool format_mems(const struct spec_resources *r, enum cgroup_version v, char value[CGROUP_VALUE_MAX])
{
    (void)v;
    return format_list(r->cpuset_mems, value);
}

static const struct cgroup_setting settings[] = {
    {"--cpuset-cpus", "cpuset.cpus", "cpuset.cpus", format_cpus},
    {"--cpuset-mems", "cpuset.mems", "cpuset.mems", format_mems},
};

static int copy_from_parent(int parent_fd, int dir_fd, const char *file, struct err *e)
{
    enum { LIST_MAX = 4096 };
    _cleanup_free_ char *own = NULL;
    _cleanup_free_ char *parents = NULL;
    int r = file_read(dir_fd, file, LIST_MAX, &own, NULL, e);
    if (r < 0 || (own[0] != '\n' && own[0] != '\0'))
        return r; /* an error, or a list that is there already */
    r = file_read(parent_fd, file, LIST_MAX, &parents, NULL, e);
    return r < 0 ? r : file_write_existing(dir_fd, file, parents, e);
}

static int prepare_v1(int parent_fd, int dir_fd, struct err *e)
{
    int r = copy_from_parent(parent_fd, dir_fd, "cpuset.cpus", e);
    return r < 0 ? r : copy_from_parent(parent_fd, dir_fd, "cpuset.mems", e);
}

const struct cgroup_driver cgroup_cpuset = {
    .v1_name = "cpuset",
    .v2_name = "cpuset",
    .settings = settings,
    .n_settings = ARRAY_SIZE(settings),
    .prepare_v1 = prepare_v1,
};
