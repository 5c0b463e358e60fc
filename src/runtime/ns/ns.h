/*
 * The namespaces of a container's first process, one file for each kind. A kind is INHERITed, NEW or JOINed
 * (runtime/spec.h), and there are three ways in:
 *
 *   by clone3   user, pid, mount, uts where NEW: the init is born in them. User first, so that it owns the others; pid
 *               can only be entered by being born.
 *   by unshare  net, ipc, cgroup, time where NEW, by the init itself: net and ipc once the id maps are written, or
 *               their sysctls and /dev/mqueue would belong to nobody; cgroup once it is in its cgroup; time because its
 *               offsets can be set only then. Meanwhile the parent prepares the root file system.
 *   by setns    whatever is JOINed: pid by the parent (before it clones), the others by the init.
 *
 * A JOINed user namespace must own the NEW ones: see birth.h.
 * Source: namespaces(7), clone(2), setns(2), user_namespaces(7).
 */
#ifndef SAMPAN_RUNTIME_NS_H
#define SAMPAN_RUNTIME_NS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "runtime/spec.h"

/* ---- plan.c */

struct ns_plan {
    uint64_t clone_flags; /* what clone3 makes */
    int join_fd[NS_COUNT];
};

#define NS_PLAN_INIT ((struct ns_plan){.join_fd = {-1, -1, -1, -1, -1, -1, -1, -1}})

/* Opens what is joined, and makes sure that each is a namespace of its kind. */
int ns_plan_open(const struct spec *spec, struct ns_plan *ret, struct err *e);
void ns_plan_release(struct ns_plan *p);
#define _cleanup_ns_plan_ _cleanup_(ns_plan_release)

/* What the files below share: setns for JOIN, unshare for NEW, nothing for INHERIT. */
int ns_enter(enum ns_kind kind, const struct spec *spec, const struct ns_plan *plan, struct err *e);

/* Adds what the user can do to a failed clone or unshare. Returns as err_advice. */
int ns_advise(uint64_t flags, struct err *e);

/* ---- user.c */

/* In the parent: writes the child's id maps. */
int ns_user_write_maps(pid_t pid, const struct spec *spec, struct err *e);

/* In the intermediate process: joins. */
int ns_user_join(const struct ns_plan *plan, struct err *e);

/* In the init, once the maps are there: becomes its namespace's root. ret_can_setgroups is false where setgroups(2) is
 * denied for good. */
int ns_user_become_root(bool *ret_can_setgroups, struct err *e);

/* ---- pid.c */

/* Makes the caller's next children be born in the pid namespace ns_fd (-1: does nothing). *ret_own is what
 * ns_pid_restore needs to undo it. */
int ns_pid_enter_for_children(int ns_fd, int *ret_own, struct err *e);
int ns_pid_restore(int own_fd, struct err *e);

/* ---- in the init */

int ns_ipc_enter(const struct spec *spec, const struct ns_plan *plan, struct err *e);
int ns_uts_enter(const struct spec *spec, const struct ns_plan *plan, struct err *e);
int ns_cgroup_enter(const struct spec *spec, const struct ns_plan *plan, struct err *e);
int ns_time_enter(const struct spec *spec, const struct ns_plan *plan, struct err *e);
int ns_mount_enter(const struct spec *spec, const struct ns_plan *plan, struct err *e);

/* ---- net.c */

/* In the init. With a network of ours (spec.h, `net`) it hands its new namespace over: SYNC_NETWORK. */
int ns_net_enter(const struct spec *spec, const struct ns_plan *plan, int sync, struct err *e);

/* In the parent, with a network of ours: waits for that and makes the interfaces, rules and ports. *ret_procfs: as
 * net_prepare_namespace has it; untouched without. */
int ns_net_fill(const struct spec *spec, int sync, int *ret_procfs, struct err *e);

/* ---- sysctl.c: the settings of its namespaces, through the container's own /proc, before that is sealed */

int ns_write_sysctls(const struct spec *spec, struct err *e);

#endif
