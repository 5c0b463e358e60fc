/*
 * The kernel's file systems, and who makes them.
 *
 * Each shows what belongs to one of the namespaces of the process that mounts it, and wants CAP_SYS_ADMIN in the user
 * namespace which owns that. So the container's init makes those whose namespace is the container's. Those of a
 * namespace that is the host's, while the user namespace is not, are made by the shim, as new mounts and not as binds
 * of /proc or /sys: what the host has mounted below them does not come along.
 *
 * proc and sysfs inside a user namespace want an unobscured one of their kind in the mount namespace
 * (mount_too_revealing in fs/namespace.c), so they are mounted while the host's tree is still there.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/strv.h"
#include "runtime/rootfs/parts.h"

struct kernel_fs {
    const char *type;
    enum ns_kind ns; /* whose content it shows; NS_COUNT: nobody's */
    bool is_real;    /* its target must not be reached through symlinks */
    bool has_label;  /* takes SELinux's context= */
};

/* clang-format off */
static const struct kernel_fs kernel_fs_table[] = {
    /* type      shows      real   label */
    {"proc",    NS_PID,    true,  false},
    {"sysfs",   NS_NET,    true,  false},
    {"mqueue",  NS_IPC,    false, true},
    {"cgroup",  NS_CGROUP, false, false},
    {"cgroup2", NS_CGROUP, false, false},
    {"devpts",  NS_COUNT,  false, true},
    {"tmpfs",   NS_COUNT,  false, true},
};
/* clang-format on */

static const struct kernel_fs *find(const char *type)
{
    for (size_t i = 0; i < ARRAY_SIZE(kernel_fs_table); i++)
        if (strcmp(kernel_fs_table[i].type, type) == 0)
            return &kernel_fs_table[i];
    return NULL;
}

static bool is_cgroup(const struct spec_mount *m)
{
    return strcmp(m->type, "cgroup") == 0 || strcmp(m->type, "cgroup2") == 0;
}

bool mount_is_prepared(const struct spec *spec, const struct spec_mount *m)
{
    const struct kernel_fs *fs = find(m->type);

    if (!fs || dev_is_ours(m))
        return true;
    if (fs->ns == NS_COUNT || spec->ns[fs->ns].mode != SPEC_NS_INHERIT)
        return false;
    return is_cgroup(m) || spec->ns[NS_USER].mode != SPEC_NS_INHERIT;
}

bool mount_is_late_readonly(const struct spec_mount *m)
{
    return (m->attr_set & MOUNT_ATTR_RDONLY) && (dev_is_ours(m) || strcmp(m->type, "tmpfs") == 0);
}

bool mount_target_is_real(const struct spec_mount *m)
{
    const struct kernel_fs *fs = find(m->type);

    return (fs && fs->is_real) || dev_is_ours(m);
}

/* ---- making one */

static uint64_t new_attr(const struct spec_mount *m)
{
    uint64_t attr = m->attr_set | m->attr_recursive;

    return mount_is_late_readonly(m) ? attr & ~(uint64_t)MOUNT_ATTR_RDONLY : attr;
}

static int fs_new(const struct spec *spec, const struct spec_mount *m, struct fs_params *params, struct err *e)
{
    const struct kernel_fs *fs = find(m->type);
    int r = 0;

    if (spec->mount_label && fs && fs->has_label)
        r = fs_params_add(params, "context", spec->mount_label, e);
    return r < 0 ? r : mount_new(m->type, params->v, params->n, new_attr(m), e);
}

/* The group of terminals, gid 5, may have no mapping in the user namespace; then they belong to root's group. */
static int devpts_new(const struct spec *spec, const struct spec_mount *m, struct fs_params *params, struct err *e)
{
    struct err why = ERR_INIT;
    int fd = fs_new(spec, m, params, &why);

    if (fd == -EINVAL && spec->ns[NS_USER].mode != SPEC_NS_INHERIT && fs_params_drop(params, "gid"))
        return fs_new(spec, m, params, e);
    return fd >= 0 ? fd : err_set(e, why.kind, why.code, "%s", why.text);
}

/* A tmpfs has the mode of the directory that it covers, unless the spec says otherwise. */
static int tmpfs_new(const struct spec *spec, const struct spec_mount *m, struct fs_params *params, int target_fd,
                     struct err *e)
{
    _cleanup_close_ int fd = -1;
    struct stat st;
    char mode[16];
    int r = 0;

    if (fstat(target_fd, &st) < 0)
        return err_sys(e, "stat %s", m->target);
    snprintf(mode, sizeof(mode), "%o", st.st_mode & 07777);
    if (!fs_params_has(params, "mode"))
        r = fs_params_add(params, "mode", mode, e);
    if (r == 0)
        r = fd = fs_new(spec, m, params, e);
    if (r >= 0 && m->copy_up)
        r = copy_up(target_fd, fd, e);
    return r < 0 ? r : TAKE_FD(fd);
}

static int make_inside(const struct spec *spec, const struct spec_mount *m, int target_fd, struct err *e)
{
    _cleanup_fs_params_ struct fs_params params = FS_PARAMS_INIT;
    int r = fs_params_add_data(&params, m->data, e);

    if (r < 0)
        return r;
    if (strcmp(m->type, "devpts") == 0)
        return devpts_new(spec, m, &params, e);
    if (strcmp(m->type, "tmpfs") == 0)
        return tmpfs_new(spec, m, &params, target_fd, e);
    r = fs_new(spec, m, &params, e);
    if (r == -EPERM)
        return err_advice(e,
                          "a user namespace may mount it only for a %s namespace of its own, and where the host's "
                          "is not partly hidden: use --userns host",
                          ns_kinds[find(m->type)->ns].oci_name);
    return r;
}

/* ---- outside */

/* The host's whole cgroup tree, for a container without a cgroup namespace. */
static int cgroup_tree_prepare(const struct spec_mount *m, struct err *e)
{
    struct spec_mount host = *m;

    host.source = (char *)"/sys/fs/cgroup";
    host.recursive = true;
    host.attr_recursive |= m->attr_set;
    return bind_prepare(&host, -1, e);
}

int kernel_fs_prepare(const struct spec *spec, const struct spec_mount *m, int userns_fd, struct err *e)
{
    _cleanup_fs_params_ struct fs_params params = FS_PARAMS_INIT;
    _cleanup_close_ int fd = -1;
    int r = 0;

    if (is_cgroup(m))
        return cgroup_tree_prepare(m, e);
    if (!find(m->type) && m->source)
        r = fs_params_add(&params, "source", m->source, e);
    if (r == 0)
        r = fs_params_add_data(&params, m->data, e);
    if (r == 0)
        r = fd = fs_new(spec, m, &params, e);
    if (r >= 0)
        r = mount_finish(fd, m, userns_fd, e);
    return r < 0 ? r : TAKE_FD(fd);
}

/* ---- inside */

static int apply_propagation(int mnt_fd, const struct spec_mount *m, struct err *e)
{
    struct mount_change change = {.propagation = m->propagation & ~(uint64_t)MS_REC, .userns_fd = -1};

    return mount_change(mnt_fd, &change, e);
}

int kernel_fs_place(const struct spec *spec, const struct spec_mount *m, int root_fd, int *ret_fd, struct err *e)
{
    _cleanup_close_ int target = target_open(root_fd, m->target, true, mount_target_is_real(m), e);
    _cleanup_close_ int fd = -1;
    int r = target;

    if (r < 0)
        return r;
    if (is_cgroup(m))
        return cgroupfs_place(spec, m, target, e);
    r = fd = make_inside(spec, m, target, e);
    if (r >= 0)
        r = mount_attach(fd, target, e);
    if (r >= 0)
        r = apply_propagation(fd, m, e);
    if (r < 0)
        return r;
    *ret_fd = TAKE_FD(fd);
    return 0;
}
