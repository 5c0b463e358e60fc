/*
 * /sys/fs/cgroup as a container with a cgroup namespace sees it: its own cgroup is the root.
 *
 * cgroup v2 alone is one mount. With v1 controllers (also "hybrid") it is what every distribution shows: a tmpfs with
 * one mount for each hierarchy, links for controllers that share one (cpu -> cpu,cpuacct), and v2 at unified. Only
 * hierarchies in which the container has a cgroup are mounted; in the others its root would be somebody else's.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/strv.h"
#include "runtime/cgroup/cgroup.h"
#include "runtime/rootfs/parts.h"

static const struct mount_param tmpfs_params[] = {
    {.key = "size", .value = "64k", .fd = -1},
    {.key = "mode", .value = "755", .fd = -1},
};

static int place_at(int dir_fd, const char *name, int mnt_fd, struct err *e)
{
    _cleanup_close_ int target = -1;

    if (mkdirat(dir_fd, name, 0755) < 0)
        return err_sys(e, "make directory %s", name);
    target = openat(dir_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return target >= 0 ? mount_attach(mnt_fd, target, e) : err_sys(e, "open directory %s", name);
}

static bool has_cgroup(int hierarchy_fd, const struct spec *spec)
{
    const char *path = spec->cgroup_path ? spec->cgroup_path + strspn(spec->cgroup_path, "/") : "";

    return hierarchy_fd >= 0 && path[0] && faccessat(hierarchy_fd, path, F_OK, 0) == 0;
}

/* One hierarchy, named by its controllers: "cpu,cpuacct". */
static int place_v1(int dir_fd, const char *name, uint64_t attr, struct err *e)
{
    _cleanup_strv_ char **controllers = NULL;
    _cleanup_fs_params_ struct fs_params params = FS_PARAMS_INIT;
    _cleanup_close_ int fd = -1;
    int r = strv_split(name, ',', &controllers, e);

    STRV_FOREACH (c, controllers)
        if (r == 0)
            r = fs_params_add(&params, *c, NULL, e);
    if (r == 0)
        r = fd = mount_new("cgroup", params.v, params.n, attr, e);
    if (r >= 0)
        r = place_at(dir_fd, name, fd, e);
    STRV_FOREACH (c, controllers)
        if (r == 0 && controllers[1] && symlinkat(name, dir_fd, *c) < 0)
            r = err_sys(e, "make link %s", *c);
    return r < 0 ? r : 0;
}

static int place_unified(int dir_fd, uint64_t attr, struct err *e)
{
    _cleanup_close_ int fd = mount_new("cgroup2", NULL, 0, attr, e);

    return fd < 0 ? fd : place_at(dir_fd, "unified", fd, e);
}

/* True when an earlier controller lies in the same hierarchy. */
static bool is_repeated(const struct cgroup_layout *layout, int controller)
{
    for (int i = 0; i < controller; i++)
        if (layout->v1_fd[i] >= 0 && strcmp(layout->v1_name[i], layout->v1_name[controller]) == 0)
            return true;
    return false;
}

static int place_hierarchies(const struct spec *spec, const struct cgroup_layout *layout, int dir_fd, uint64_t attr,
                             struct err *e)
{
    int r = 0;

    for (int i = 0; r == 0 && i < CGROUP_CONTROLLER_COUNT; i++)
        if (has_cgroup(layout->v1_fd[i], spec) && !is_repeated(layout, i))
            r = place_v1(dir_fd, layout->v1_name[i], attr, e);
    if (r == 0 && has_cgroup(layout->v2_fd, spec))
        r = place_unified(dir_fd, attr, e);
    return r;
}

static bool is_pure_v2(const struct cgroup_layout *layout)
{
    for (int i = 0; i < CGROUP_CONTROLLER_COUNT; i++)
        if (layout->v1_fd[i] >= 0)
            return false;
    return true;
}

int cgroupfs_place(const struct spec *spec, const struct spec_mount *m, int target_fd, struct err *e)
{
    const struct cgroup_layout *layout = cgroup_layout();
    bool pure = is_pure_v2(layout);
    struct mount_change readonly = {.attr_set = m->attr_set & MOUNT_ATTR_RDONLY, .userns_fd = -1};
    _cleanup_close_ int fd = -1;
    int r;

    if (pure)
        fd = mount_new("cgroup2", NULL, 0, m->attr_set, e);
    else
        fd = mount_new("tmpfs", tmpfs_params, ARRAY_SIZE(tmpfs_params), m->attr_set & ~(uint64_t)MOUNT_ATTR_RDONLY, e);
    r = fd < 0 ? fd : mount_attach(fd, target_fd, e);
    if (r < 0 || pure)
        return r;
    r = place_hierarchies(spec, layout, fd, m->attr_set, e);
    return r < 0 ? r : mount_change(fd, &readonly, e);
}
