/*
 * The terminal as /dev/console. The source is the open slave itself and never a path: a symlink at /dev/pts/N, or a
 * devpts that is not one, changes nothing (CVE-2025-52565).
 */
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/major.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "base/fd.h"
#include "kernel/path.h"
#include "runtime/rootfs/parts.h"
#include "runtime/rootfs/rootfs.h"

static int check_slave(int fd, struct err *e)
{
    struct statfs fs;
    struct stat st;

    if (fstatfs(fd, &fs) < 0 || fstat(fd, &st) < 0)
        return err_sys(e, "stat the terminal");
    if (fs.f_type != DEVPTS_SUPER_MAGIC || !S_ISCHR(st.st_mode) || major(st.st_rdev) < UNIX98_PTY_SLAVE_MAJOR ||
        major(st.st_rdev) >= UNIX98_PTY_SLAVE_MAJOR + UNIX98_PTY_MAJOR_COUNT)
        return err_set(e, ERR_DENIED, 0, "the terminal is not a pseudo-terminal of the container's /dev/pts");
    return 0;
}

/* /dev/console is looked up without following links: only a file that is really there, or is made, is covered. */
static int open_target(struct err *e)
{
    _cleanup_close_ int dev = -1, target = -1;
    _cleanup_close_ int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (root < 0)
        return err_sys(e, "open /");
    dev = path_open_no_symlinks(root, "/dev", O_PATH | O_DIRECTORY, 0, e);
    if (dev < 0)
        return dev;
    if (mknodat(dev, "console", S_IFREG | 0600, 0) < 0 && errno != EEXIST)
        return err_sys(e, "make the file /dev/console");
    target = path_open_no_symlinks(dev, "console", O_PATH, 0, e);
    return target < 0 ? target : TAKE_FD(target);
}

int rootfs_bind_console(int slave_fd, struct err *e)
{
    _cleanup_close_ int target = -1, fd = -1;
    int r = check_slave(slave_fd, e);

    if (r == 0)
        r = target = open_target(e);
    if (r >= 0)
        r = fd = mount_clone(slave_fd, "", false, false, e);
    if (r >= 0)
        r = mount_attach(fd, target, e);
    return r < 0 ? err_context(e, "bind the terminal to /dev/console") : 0;
}
