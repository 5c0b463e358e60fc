/*
 * The container's init between its birth and its execve. Private to create.c and exec.c.
 */
#ifndef SAMPAN_RUNTIME_CHILD_H
#define SAMPAN_RUNTIME_CHILD_H

#include "runtime/cgroup/cgroup.h"
#include "runtime/ns/ns.h"
#include "runtime/process/process.h"
#include "runtime/spec.h"

/* What the init is given at birth: it has a copy of the parent's memory, so all of it is as the parent had it. */
struct child {
    const struct spec *spec;
    const struct ns_plan *plan;
    const struct cgroup *cgroup;
    bool is_in_v2_cgroup; /* clone3 put it there */
    int stdio[3];         /* -1: /dev/null */
    int sync;
    int parent_sync; /* the parent's end, closed at once; -1: not inherited */
    struct payload payload;
};

/* Takes the steps of child.c; on failure sends the error and exits with Docker's status for it. */
_Noreturn void child_main(struct child *c);

/* Tells the other side and exits. */
_Noreturn void child_fail(int sync, const struct err *e);

/* The word to execute: from the parent, or, after a SYNC_DETACH, from whoever connects; c->sync is then that
 * connection. In detach.c. */
int child_wait_for_word(struct child *c, struct err *e);

/* Asks for SIGKILL when the parent dies. A parent that died before is noticed by EOF at the next sync_wait. */
int child_die_with_parent(struct err *e);

/* Labels the execve to come, through the host's procfs. */
int child_label_exec(const struct spec_process *p, struct err *e);

#endif
