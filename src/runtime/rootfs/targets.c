#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/fd.h"
#include "kernel/path.h"
#include "runtime/rootfs/parts.h"

/* The files of procfs that lxcfs makes truthful inside containers; nothing in them is a switch. */
static const char *const lxcfs_files[] = {
    "/proc/cpuinfo",  "/proc/diskstats", "/proc/loadavg", "/proc/meminfo",
    "/proc/slabinfo", "/proc/stat",      "/proc/swaps",   "/proc/uptime",
};

static bool is_lxcfs_file(const char *target)
{
    for (size_t i = 0; i < ARRAY_SIZE(lxcfs_files); i++)
        if (strcmp(target, lxcfs_files[i]) == 0)
            return true;
    return false;
}

/* A mount inside /proc could fake what the container's own tools, and ours, read there (CVE-2019-16884). The fd is
 * asked, not the name: a symlink leads there just as well. */
static int refuse_procfs(int fd, const char *target, struct err *e)
{
    struct statfs fs;

    if (fstatfs(fd, &fs) < 0)
        return err_sys(e, "stat %s", target);
    if (fs.f_type == PROC_SUPER_MAGIC && !is_lxcfs_file(target))
        return err_invalid(e, "%s cannot be a mount's target, because it is inside /proc", target);
    return 0;
}

/* CVE-2019-19921, CVE-2023-27561, CVE-2026-41579: an image with /proc -> somewhere makes set-up act elsewhere. */
static int open_real(int root_fd, const char *target, struct err *e)
{
    struct err why = ERR_INIT;
    int fd = path_open_no_symlinks(root_fd, target, O_PATH | O_DIRECTORY, 0, &why);

    if (fd == -ENOENT) {
        _cleanup_close_ int made = path_make_dirs(root_fd, target, 0755, e);

        if (made < 0)
            return made;
        fd = path_open_no_symlinks(root_fd, target, O_PATH | O_DIRECTORY, 0, &why);
    }
    if (fd >= 0)
        return fd;
    if (why.code == ELOOP)
        return err_set(e, ERR_DENIED, ELOOP, "%s is a symbolic link in the root file system, which is refused", target);
    if (why.code == ENOTDIR)
        return err_set(e, ERR_INVALID, ENOTDIR, "%s is not a directory in the root file system", target);
    return err_set(e, why.kind, why.code, "%s", why.text);
}

int target_open(int root_fd, const char *target, bool is_dir, bool is_real, struct err *e)
{
    _cleanup_close_ int fd =
        is_real ? open_real(root_fd, target, e) : path_make_mount_target(root_fd, target, is_dir, e);
    int r = fd < 0 ? fd : refuse_procfs(fd, target, e);

    return r < 0 ? r : TAKE_FD(fd);
}

int target_attach(int root_fd, const char *target, bool is_real, int mnt_fd, struct err *e)
{
    _cleanup_close_ int fd = -1;
    struct stat st;

    if (fstat(mnt_fd, &st) < 0)
        return err_sys(e, "stat what is to be mounted at %s", target);
    fd = target_open(root_fd, target, S_ISDIR(st.st_mode), is_real, e);
    return fd < 0 ? fd : mount_attach(mnt_fd, fd, e);
}
