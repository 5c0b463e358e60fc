/*
 * The eight kinds of Linux namespaces as one table: name under /proc/PID/ns, CLONE_NEW* flag, OCI and Docker names.
 * Source: namespaces(7), ioctl_ns(2).
 */
#ifndef SAMPAN_KERNEL_NAMESPACES_H
#define SAMPAN_KERNEL_NAMESPACES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/* In the order in which they are joined: user first, so that its capabilities allow the others; mount late. */
enum ns_kind { NS_USER, NS_PID, NS_NET, NS_IPC, NS_UTS, NS_CGROUP, NS_TIME, NS_MOUNT, NS_COUNT };

struct ns_kind_info {
    const char *proc_name; /* "net": /proc/PID/ns/net */
    const char *oci_name;  /* "network" */
    int clone_flag;        /* CLONE_NEWNET */
};
extern const struct ns_kind_info ns_kinds[NS_COUNT];

/* The inode of a process's namespace (st_ino of /proc/PID/ns/NAME): its identity while it lives. pid 0 is the caller.
 * */
int ns_inode(pid_t pid, enum ns_kind kind, uint64_t *ret, struct err *e);
int ns_open(pid_t pid, enum ns_kind kind, struct err *e);

/* Whether the caller is in the user namespace that the kernel booted with. Below it, whatever capabilities it has there,
 * some things can't be: device nodes, idmapped mounts of the host's file systems, trusted.* attributes. */
bool ns_user_is_initial(void);

/* NS_GET_USERNS and NS_GET_PARENT; the owner's uid of a user namespace. -EPERM beyond one's own. */
int ns_owner_userns(int ns_fd, struct err *e);
int ns_parent(int ns_fd, struct err *e);
int ns_owner_uid(int userns_fd, uid_t *ret, struct err *e);
int ns_fd_inode(int ns_fd, uint64_t *ret, struct err *e);

#endif
