/*
 * The clone that makes a container's init, in the two ways in which it can be born; see ns/ns.h for what is made here
 * and what later. Private to create.c.
 *
 *   directly   one clone3 with the new namespaces, into the v2 cgroup
 *   inside     where the user namespace is joined: a process between the parent and the init joins it and clones the
 *              init from there, so that the joined namespace owns the init's new ones. CLONE_PARENT makes the init the
 *              parent's child all the same.
 *
 * In both, a pid namespace to join is entered for the clone, and left again.
 */
#ifndef SAMPAN_RUNTIME_BIRTH_H
#define SAMPAN_RUNTIME_BIRTH_H

#include <sys/types.h>

#include "base/err.h"
#include "runtime/child.h"

struct birth {
    struct child *child; /* its sync end is closed in the caller */
    const struct ns_plan *plan;
    const struct cgroup *cgroup;
    int parent_sync;
};

/* Returns in the parent only; the init goes on in child_main. *ret_pidfd may be set on failure, too: the caller ends
 * that process and closes it. Errors say which sysctl or flag helps. */
int birth_of_init(const struct birth *b, pid_t *ret_pid, int *ret_pidfd, struct err *e);

#endif
