#include "kernel/namespaces.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

const struct ns_kind_info ns_kinds[NS_COUNT] = {
    [NS_USER] = {"user", "user", CLONE_NEWUSER}, [NS_PID] = {"pid", "pid", CLONE_NEWPID},
    [NS_NET] = {"net", "network", CLONE_NEWNET}, [NS_IPC] = {"ipc", "ipc", CLONE_NEWIPC},
    [NS_UTS] = {"uts", "uts", CLONE_NEWUTS},     [NS_CGROUP] = {"cgroup", "cgroup", CLONE_NEWCGROUP},
    [NS_TIME] = {"time", "time", CLONE_NEWTIME}, [NS_MOUNT] = {"mnt", "mount", CLONE_NEWNS},
};

struct ns_path {
    char path[48];
};

/* pid 0 is the caller itself. */
static struct ns_path ns_path(pid_t pid, enum ns_kind kind)
{
    struct ns_path p;

    if (pid == 0)
        snprintf(p.path, sizeof(p.path), "/proc/self/ns/%s", ns_kinds[kind].proc_name);
    else
        snprintf(p.path, sizeof(p.path), "/proc/%d/ns/%s", (int)pid, ns_kinds[kind].proc_name);
    return p;
}

int ns_inode(pid_t pid, enum ns_kind kind, uint64_t *ret, struct err *e)
{
    struct ns_path p = ns_path(pid, kind);
    struct stat st;

    if (stat(p.path, &st) < 0)
        return err_sys(e, "look at the %s namespace %s", ns_kinds[kind].oci_name, p.path);
    *ret = st.st_ino;
    return 0;
}

/* Source: linux/proc_ns.h, PROC_USER_INIT_INO; part of the interface since Linux 3.8. */
bool ns_user_is_initial(void)
{
    enum { USER_INIT_INODE = 0xEFFFFFFD };
    uint64_t inode;

    return ns_inode(0, NS_USER, &inode, NULL) == 0 && inode == (uint32_t)USER_INIT_INODE;
}

int ns_open(pid_t pid, enum ns_kind kind, struct err *e)
{
    struct ns_path p = ns_path(pid, kind);
    int fd = open(p.path, O_RDONLY | O_CLOEXEC);

    return fd < 0 ? err_sys(e, "open the %s namespace %s", ns_kinds[kind].oci_name, p.path) : fd;
}

int ns_owner_userns(int ns_fd, struct err *e)
{
    int fd = ioctl(ns_fd, NS_GET_USERNS);

    return fd < 0 ? err_sys(e, "find the user namespace that owns a namespace") : fd;
}

int ns_parent(int ns_fd, struct err *e)
{
    int fd = ioctl(ns_fd, NS_GET_PARENT);

    return fd < 0 ? err_sys(e, "find the parent of a namespace") : fd;
}

int ns_owner_uid(int userns_fd, uid_t *ret, struct err *e)
{
    uid_t uid;

    if (ioctl(userns_fd, NS_GET_OWNER_UID, &uid) < 0)
        return err_sys(e, "find the owner of a user namespace");
    *ret = uid;
    return 0;
}

int ns_fd_inode(int ns_fd, uint64_t *ret, struct err *e)
{
    struct stat st;

    if (fstat(ns_fd, &st) < 0)
        return err_sys(e, "look at a namespace");
    *ret = st.st_ino;
    return 0;
}
