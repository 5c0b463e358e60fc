/*
 * Masked paths show nothing, read-only paths lose their write access. What does not exist in this kernel's /proc or
 * /sys is skipped.
 *
 * A file is covered by the container's /dev/null, which is opened once, without following links, and proven to be
 * character device 1:3; all binds are made from that fd, so swapping the path does nothing (CVE-2025-31133). A
 * directory is covered by an empty read-only tmpfs; the first one is attached, further ones are clones of it.
 */
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/fd.h"
#include "base/strv.h"
#include "kernel/path.h"
#include "runtime/rootfs/parts.h"

static const struct mount_param empty_params[] = {
    {.key = "size", .value = "4k", .fd = -1},
    {.key = "nr_inodes", .value = "1", .fd = -1},
    {.key = "mode", .value = "0555", .fd = -1},
};

static const uint64_t empty_attr = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;

/* What covers, made on first use. */
struct covers {
    int null_fd;  /* /dev/null in the container, O_PATH */
    int empty_fd; /* the tmpfs, attached */
};

static void covers_release(struct covers *c)
{
    fd_close(&c->null_fd);
    fd_close(&c->empty_fd);
}

static int open_null(int root_fd, struct err *e)
{
    _cleanup_close_ int fd = path_open_no_symlinks(root_fd, "/dev/null", O_PATH, 0, e);
    struct stat st;

    if (fd < 0)
        return fd;
    if (fstat(fd, &st) < 0)
        return err_sys(e, "stat /dev/null");
    if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3))
        return err_set(e, ERR_DENIED, 0,
                       "/dev/null in the container is not the null device, so nothing can be masked with it");
    return TAKE_FD(fd);
}

static int cover_file(struct covers *c, int root_fd, int target_fd, struct err *e)
{
    _cleanup_close_ int fd = -1;

    if (c->null_fd < 0)
        c->null_fd = open_null(root_fd, e);
    if (c->null_fd < 0)
        return c->null_fd;
    fd = mount_clone(c->null_fd, "", false, false, e);
    return fd < 0 ? fd : mount_attach(fd, target_fd, e);
}

static int cover_dir(struct covers *c, int target_fd, struct err *e)
{
    _cleanup_close_ int fd = -1;

    if (c->empty_fd < 0) {
        c->empty_fd = mount_new("tmpfs", empty_params, ARRAY_SIZE(empty_params), empty_attr, e);
        return c->empty_fd < 0 ? c->empty_fd : mount_attach(c->empty_fd, target_fd, e);
    }
    fd = mount_clone(c->empty_fd, "", false, false, e);
    return fd < 0 ? fd : mount_attach(fd, target_fd, e);
}

/* -ENOENT, with no error set, for a path that is not there. */
static int open_existing(int root_fd, const char *path, struct err *e)
{
    struct err why = ERR_INIT;
    int fd = path_open_in_root(root_fd, path, O_PATH, 0, &why);

    if (fd >= 0)
        return fd;
    if (why.code == ENOENT || why.code == ENOTDIR)
        return -ENOENT;
    return err_set(e, why.kind, why.code, "%s", why.text);
}

static int mask(struct covers *c, int root_fd, const char *path, struct err *e)
{
    _cleanup_close_ int fd = open_existing(root_fd, path, e);
    struct stat st;

    if (fd < 0)
        return fd == -ENOENT ? 0 : fd;
    if (fstat(fd, &st) < 0)
        return err_sys(e, "stat %s", path);
    return S_ISDIR(st.st_mode) ? cover_dir(c, fd, e) : cover_file(c, root_fd, fd, e);
}

int masks_apply(int root_fd, char *const *paths, struct err *e)
{
    _cleanup_(covers_release) struct covers covers = {.null_fd = -1, .empty_fd = -1};

    STRV_FOREACH (path, paths)
        if (mask(&covers, root_fd, *path, e) < 0)
            return err_context(e, "mask %s", *path);
    return 0;
}

static int make_readonly(int root_fd, const char *path, struct err *e)
{
    _cleanup_close_ int fd = open_existing(root_fd, path, e);
    _cleanup_close_ int copy = -1;
    struct mount_change change = {.attr_set = MOUNT_ATTR_RDONLY, .userns_fd = -1, .recursive = true};
    int r;

    if (fd < 0)
        return fd == -ENOENT ? 0 : fd;
    copy = mount_clone(fd, "", true, false, e);
    r = copy < 0 ? copy : mount_change(copy, &change, e);
    return r < 0 ? r : mount_attach(copy, fd, e);
}

int readonly_paths_apply(int root_fd, char *const *paths, struct err *e)
{
    STRV_FOREACH (path, paths)
        if (make_readonly(root_fd, *path, e) < 0)
            return err_context(e, "make %s read-only", *path);
    return 0;
}
