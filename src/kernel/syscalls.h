/*
 * System calls that glibc 2.36 has no wrapper for, under their own names with a `sys_` prefix: they return what the
 * kernel returns, -1 and errno on failure. src/kernel is the only place with raw syscall().
 */
#ifndef SAMPAN_KERNEL_SYSCALLS_H
#define SAMPAN_KERNEL_SYSCALLS_H

#include <linux/capability.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct clone_args; /* linux/sched.h */

pid_t sys_clone3(struct clone_args *args);
int sys_pidfd_open(pid_t pid, unsigned flags);
int sys_pidfd_send_signal(int pidfd, int sig, siginfo_t *info, unsigned flags);
int sys_openat2(int dir_fd, const char *path, const struct open_how *how);
int sys_capset(struct __user_cap_header_struct *hdr, const struct __user_cap_data_struct *data);
int sys_capget(struct __user_cap_header_struct *hdr, struct __user_cap_data_struct *data);
int sys_setns(int fd, int flags);
int sys_pivot_root(const char *new_root, const char *put_old);
int sys_seccomp(unsigned op, unsigned flags, void *args);
int sys_keyctl_join_session(const char *name);
int sys_bpf(int cmd, void *attr, unsigned size);
/* uids as the kernel has them: glibc's setters act on all threads and its static variants drag that code in. */
int sys_setresuid(uid_t r, uid_t e, uid_t s);
int sys_setresgid(gid_t r, gid_t e, gid_t s);
int sys_setgroups(size_t n, const gid_t *groups);
/* The length of the path with its NUL. glibc's getcwd hides what this one tells: "(unreachable)/x" for a directory
 * outside the process's root (CVE-2024-21626). */
long sys_getcwd(char *buf, size_t size);
/* Closes first…last. glibc has close_range, musl has not. */
int sys_close_range(unsigned first, unsigned last, unsigned flags);

#endif
