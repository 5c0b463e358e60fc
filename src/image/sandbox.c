#include "image/sandbox.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "kernel/mount.h"
#include "kernel/syscalls.h"
#include "runtime/security/capabilities.h"

/* What owners, modes, device nodes, file capabilities and trusted.overlay attributes (SYS_ADMIN) take. */
static const uint64_t unpack_caps = CAP_BIT(CAP_CHOWN) | CAP_BIT(CAP_DAC_OVERRIDE) | CAP_BIT(CAP_FOWNER) |
                                    CAP_BIT(CAP_FSETID) | CAP_BIT(CAP_MKNOD) | CAP_BIT(CAP_SETFCAP) |
                                    CAP_BIT(CAP_SYS_ADMIN);

static int keep_caps(uint64_t caps, struct err *e)
{
    const struct spec_caps set = {.bounding = caps, .effective = caps, .permitted = caps};
    int r = caps_apply_bounding(&set, e);

    return r < 0 ? r : caps_apply(&set, e);
}

/* Device nodes can be made here, but not opened. */
static const struct mount_change inert = {.attr_set = MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC,
                                          .userns_fd = -1};

/* Makes the directory the root of this process's mount namespace, and forgets the old one. It is opened here, since a
 * mount of the namespace that was left cannot be cloned. */
static int pivot_into(const char *dir, struct err *e)
{
    _cleanup_close_ int dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC), mnt = -1;
    int r;

    if (dir_fd < 0)
        return err_sys(e, "open %s", dir);
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return err_sys(e, "make the mounts private");
    mnt = mount_clone(dir_fd, "", false, false, e);
    if (mnt < 0)
        return mnt;
    r = mount_change(mnt, &inert, e);
    if (r < 0)
        return r;
    r = mount_attach(mnt, dir_fd, e);
    if (r < 0)
        return r;
    if (fchdir(mnt) < 0 || sys_pivot_root(".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
        return err_sys(e, "pivot into the layers directory");
    return 0;
}

int sandbox_enter(const char *layers, struct err *e)
{
    int r;

    if (unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) < 0)
        return err_sys(e, "image sandbox: unshare namespaces");
    r = pivot_into(layers, e);
    if (r == 0)
        r = keep_caps(unpack_caps | CAP_BIT(CAP_SYS_CHROOT) | CAP_BIT(CAP_SETPCAP), e);
    return r < 0 ? err_context(e, "image sandbox") : 0;
}

static const int allowed_calls[] = {
    SCMP_SYS(read),           SCMP_SYS(pread64),       SCMP_SYS(write),        SCMP_SYS(pwrite64),
    SCMP_SYS(writev),         SCMP_SYS(readv),         SCMP_SYS(lseek),        SCMP_SYS(open),
    SCMP_SYS(openat),         SCMP_SYS(close),         SCMP_SYS(stat),         SCMP_SYS(fstat),
    SCMP_SYS(lstat),          SCMP_SYS(newfstatat),    SCMP_SYS(statx),        SCMP_SYS(fcntl),
    SCMP_SYS(ftruncate),      SCMP_SYS(fallocate),     SCMP_SYS(getdents64),   SCMP_SYS(access),
    SCMP_SYS(mkdir),          SCMP_SYS(mkdirat),       SCMP_SYS(rmdir),        SCMP_SYS(unlink),
    SCMP_SYS(unlinkat),       SCMP_SYS(link),          SCMP_SYS(linkat),       SCMP_SYS(symlink),
    SCMP_SYS(symlinkat),      SCMP_SYS(mknod),         SCMP_SYS(mknodat),      SCMP_SYS(rename),
    SCMP_SYS(renameat),       SCMP_SYS(renameat2),     SCMP_SYS(readlink),     SCMP_SYS(readlinkat),
    SCMP_SYS(chmod),          SCMP_SYS(fchmod),        SCMP_SYS(fchmodat),     SCMP_SYS(chown),
    SCMP_SYS(fchown),         SCMP_SYS(lchown),        SCMP_SYS(fchownat),     SCMP_SYS(utimensat),
    SCMP_SYS(futimesat),      SCMP_SYS(setxattr),      SCMP_SYS(lsetxattr),    SCMP_SYS(fsetxattr),
    SCMP_SYS(fgetxattr),      SCMP_SYS(lgetxattr),     SCMP_SYS(llistxattr),   SCMP_SYS(flistxattr),
    SCMP_SYS(fremovexattr),   SCMP_SYS(umask),         SCMP_SYS(fchdir),       SCMP_SYS(chdir),
    SCMP_SYS(getcwd),         SCMP_SYS(getuid),        SCMP_SYS(geteuid),      SCMP_SYS(getgid),
    SCMP_SYS(getegid),        SCMP_SYS(getpid),        SCMP_SYS(brk),          SCMP_SYS(mmap),
    SCMP_SYS(munmap),         SCMP_SYS(mremap),        SCMP_SYS(madvise),      SCMP_SYS(futex),
    SCMP_SYS(getrandom),      SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday), SCMP_SYS(time),
    SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),  SCMP_SYS(exit),         SCMP_SYS(exit_group),
    SCMP_SYS(statfs),         SCMP_SYS(fstatfs),       SCMP_SYS(mprotect),
};

static int filter_calls(struct err *e)
{
    /* ENOSYS: newer libraries try newer calls first, and fall back where there are none. */
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
    int r = ctx ? 0 : -ENOMEM;

    for (size_t i = 0; r == 0 && i < ARRAY_SIZE(allowed_calls); i++)
        r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, allowed_calls[i], 0);
    if (r == 0)
        r = seccomp_load(ctx);
    seccomp_release(ctx);
    return r < 0 ? err_set(e, ERR_SYS, -r, "load the system call filter") : 0;
}

int sandbox_enter_staging(const char *path, struct err *e)
{
    int r;

    if (chroot(path) < 0 || chdir("/") < 0)
        return err_sys(e, "image sandbox: enter %s", path);
    r = keep_caps(unpack_caps, e);
    if (r == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        r = err_sys(e, "set no_new_privs");
    if (r == 0)
        r = filter_calls(e);
    return r < 0 ? err_context(e, "image sandbox") : 0;
}
