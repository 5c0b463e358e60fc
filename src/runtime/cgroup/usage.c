/* What a cgroup has used, and whether the out-of-memory killer came by. */
#include <stdint.h>

#include "base/fd.h"
#include "runtime/cgroup/driver.h"

/* Version 1 has no word for "unlimited", only the largest number of pages. */
#define V1_UNLIMITED (INT64_MAX / 4096 * 4096)

/* The directory that has the controller, v1 before v2, or -1; owned by the caller. */
static int open_controller(const char *path, enum cgroup_controller controller, enum cgroup_version *ret)
{
    const struct cgroup_layout *l = cgroup_layout();
    *ret = l->v1_fd[controller] >= 0 ? CGROUP_V1 : CGROUP_V2;
    int fd = *ret == CGROUP_V1 ? cgroup_tree_open(l->v1_fd[controller], path) : -1;
    if (fd < 0 && l->v2_fd >= 0) {
        *ret = CGROUP_V2;
        fd = cgroup_tree_open(l->v2_fd, path);
    }
    return fd;
}

static void read_memory(const char *path, struct cgroup_usage *ret)
{
    static const struct {
        const char *current, *limit, *inactive;
    } files[] = {
        [CGROUP_V1] = {"memory.usage_in_bytes", "memory.limit_in_bytes", "total_inactive_file"},
        [CGROUP_V2] = {"memory.current", "memory.max", "inactive_file"},
    };
    enum cgroup_version v;
    uint64_t limit, inactive = 0;
    _cleanup_close_ int fd = open_controller(path, CGROUP_MEMORY, &v);
    if (fd < 0 || cgroup_read_number(fd, files[v].current, &ret->memory_bytes) < 0)
        return;
    cgroup_read_key(fd, "memory.stat", files[v].inactive, &inactive);
    ret->memory_bytes -= inactive < ret->memory_bytes ? inactive : ret->memory_bytes;
    if (cgroup_read_number(fd, files[v].limit, &limit) == 0 && limit < V1_UNLIMITED)
        ret->memory_limit = limit;
}

static void read_cpu(const char *path, struct cgroup_usage *ret)
{
    enum cgroup_version v;
    uint64_t us;
    _cleanup_close_ int fd = open_controller(path, CGROUP_CPUACCT, &v);
    if (fd < 0)
        return;
    if (v == CGROUP_V1)
        cgroup_read_number(fd, "cpuacct.usage", &ret->cpu_ns);
    else if (cgroup_read_key(fd, "cpu.stat", "usage_usec", &us) == 0)
        ret->cpu_ns = us * 1000;
}

static void read_pids(const char *path, struct cgroup_usage *ret)
{
    enum cgroup_version v;
    uint64_t limit;
    _cleanup_close_ int fd = open_controller(path, CGROUP_PIDS, &v);
    if (fd < 0)
        return;
    cgroup_read_number(fd, "pids.current", &ret->pids);
    if (cgroup_read_number(fd, "pids.max", &limit) == 0 && limit != UINT64_MAX)
        ret->pids_limit = limit;
}

int cgroup_read_usage(const char *path, struct cgroup_usage *ret, struct err *e)
{
    enum cgroup_version v;
    _cleanup_close_ int fd = open_controller(path, CGROUP_PIDS, &v);
    if (fd < 0)
        return err_not_found(e, "no cgroup %s", path);
    *ret = (struct cgroup_usage){0};
    read_memory(path, ret);
    read_cpu(path, ret);
    read_pids(path, ret);
    return 0;
}

bool cgroup_oom_killed(const struct cgroup *c)
{
    uint64_t n = 0;
    if (c->v1_fd[CGROUP_MEMORY] >= 0)
        cgroup_read_key(c->v1_fd[CGROUP_MEMORY], "memory.oom_control", "oom_kill", &n);
    else if (c->v2_fd >= 0)
        cgroup_read_key(c->v2_fd, "memory.events", "oom_kill", &n);
    return n > 0;
}
