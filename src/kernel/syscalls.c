#include "kernel/syscalls.h"

#include <linux/keyctl.h>
#include <sys/syscall.h>
#include <unistd.h>

pid_t sys_clone3(struct clone_args *args)
{
    return (pid_t)syscall(SYS_clone3, args, sizeof(*args));
}

int sys_pidfd_open(pid_t pid, unsigned flags)
{
    return (int)syscall(SYS_pidfd_open, pid, flags);
}

int sys_pidfd_send_signal(int pidfd, int sig, siginfo_t *info, unsigned flags)
{
    return (int)syscall(SYS_pidfd_send_signal, pidfd, sig, info, flags);
}

int sys_openat2(int dir_fd, const char *path, const struct open_how *how)
{
    return (int)syscall(SYS_openat2, dir_fd, path, how, sizeof(*how));
}

int sys_capset(struct __user_cap_header_struct *hdr, const struct __user_cap_data_struct *data)
{
    return (int)syscall(SYS_capset, hdr, data);
}

int sys_capget(struct __user_cap_header_struct *hdr, struct __user_cap_data_struct *data)
{
    return (int)syscall(SYS_capget, hdr, data);
}

int sys_setns(int fd, int flags)
{
    return (int)syscall(SYS_setns, fd, flags);
}

int sys_pivot_root(const char *new_root, const char *put_old)
{
    return (int)syscall(SYS_pivot_root, new_root, put_old);
}

int sys_seccomp(unsigned op, unsigned flags, void *args)
{
    return (int)syscall(SYS_seccomp, op, flags, args);
}

int sys_keyctl_join_session(const char *name)
{
    return (int)syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name);
}

int sys_bpf(int cmd, void *attr, unsigned size)
{
    return (int)syscall(SYS_bpf, cmd, attr, size);
}

int sys_setresuid(uid_t r, uid_t e, uid_t s)
{
    return (int)syscall(SYS_setresuid, r, e, s);
}

int sys_setresgid(gid_t r, gid_t e, gid_t s)
{
    return (int)syscall(SYS_setresgid, r, e, s);
}

int sys_setgroups(size_t n, const gid_t *groups)
{
    return (int)syscall(SYS_setgroups, n, groups);
}

long sys_getcwd(char *buf, size_t size)
{
    return syscall(SYS_getcwd, buf, size);
}

int sys_close_range(unsigned first, unsigned last, unsigned flags)
{
    return (int)syscall(SYS_close_range, first, last, flags);
}
