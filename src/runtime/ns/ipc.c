/*
 * The IPC namespace: System V shared memory, semaphores and queues, and POSIX message queues.
 *
 *   new    unshared by the init once it is root of its user namespace: the mqueue file system belongs to whoever is
 *          root in it at that moment. /dev/mqueue and /dev/shm are mounted with the rest of the file systems.
 *   join   setns; the spec binds the other's /dev/shm where that is to be shared too.
 *   host   the host's own.
 *
 * Source: ipc_namespaces(7).
 */
#include "runtime/ns/ns.h"

int ns_ipc_enter(const struct spec *spec, const struct ns_plan *plan, struct err *e)
{
    return ns_enter(NS_IPC, spec, plan, e);
}
