#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/fd.h"
#include "kernel/syscalls.h"
#include "runtime/rootfs/parts.h"

static int open_slash(struct err *e)
{
    int fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

    return fd >= 0 ? fd : err_sys(e, "open /");
}

/* Slave and not private: an unmount on the host still reaches this copy of its tree, so that a container being started
 * does not keep a disk busy. */
int pivot_isolate(struct err *e)
{
    _cleanup_close_ int slash = open_slash(e);
    struct mount_change change = {.propagation = MS_SLAVE, .userns_fd = -1, .recursive = true};

    if (slash < 0 || mount_change(slash, &change, e) < 0)
        return err_context(e, "separate the mounts from the host's");
    return 0;
}

/* On top of "/" itself: the one place that every mount namespace has. Path look-up does not notice it, because a
 * process's "/" is a place below whatever is mounted on it. */
int pivot_attach_root(int mnt_fd, struct err *e)
{
    _cleanup_close_ int slash = open_slash(e);

    return slash < 0 ? slash : mount_attach(mnt_fd, slash, e);
}

/* pivot_root(2), NOTES: with "." twice the old root ends up on top of the new one, and is what "." unmounts. */
int pivot_into(int root_fd, struct err *e)
{
    if (fchdir(root_fd) < 0)
        return err_sys(e, "enter the new root");
    if (sys_pivot_root(".", ".") < 0) {
        err_sys(e, "pivot_root");
        return errno == EINVAL ? err_advice(e, "the host's root must not be its initial ramfs") : err_to_errno(e);
    }
    if (umount2(".", MNT_DETACH) < 0)
        return err_sys(e, "unmount the old root");
    return chdir("/") == 0 ? 0 : err_sys(e, "enter the new root");
}
