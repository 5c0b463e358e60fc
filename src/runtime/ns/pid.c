/*
 * The pid namespace: which processes there are.
 *
 *   new    clone3 makes it, and the init is its process 1: when that ends, the kernel ends all the others.
 *   join   a process cannot change its own pid namespace, only that of its children to come: the parent joins, clones,
 *          and goes back. Going back is allowed because its own is the one that it is in.
 *   host   nothing to do; what outlives the init is found in the cgroup.
 *
 * Mustn't: leave the caller's later children in the container.
 * Source: pid_namespaces(7), setns(2).
 */
#include <fcntl.h>
#include <sched.h>

#include "base/fd.h"
#include "kernel/syscalls.h"
#include "runtime/ns/ns.h"

int ns_pid_enter_for_children(int ns_fd, int *ret_own, struct err *e)
{
    _cleanup_close_ int own = -1;

    if (ns_fd < 0) {
        *ret_own = -1;
        return 0;
    }
    own = ns_open(0, NS_PID, e);
    if (own < 0)
        return own;
    if (sys_setns(ns_fd, CLONE_NEWPID) < 0)
        return err_sys(e, "join the pid namespace");
    *ret_own = TAKE_FD(own);
    return 0;
}

int ns_pid_restore(int own_fd, struct err *e)
{
    int r = 0;

    if (own_fd < 0)
        return 0;
    /* An unprivileged user's process can't: its pid namespace belongs to the host. It stays where it is, and only children
     * made from now on would be born over there: neither the shim nor a command makes any. */
    if (sys_setns(own_fd, CLONE_NEWPID) < 0 && (errno != EPERM || ns_user_is_initial()))
        r = err_sys(e, "return to the own pid namespace");
    fd_close(&own_fd);
    return r;
}
