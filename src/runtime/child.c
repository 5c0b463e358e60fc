/*
 * The container's init, from its birth in new namespaces to the payload's execve: the right-hand column of the diagram
 * in sync.h. Each step may fail with an error, which goes to the parent as it is.
 *
 * Should: end with the parent, at whatever step that dies; hold no fd of the host's once it has pivoted.
 * Mustn't: look anything up by a path of the container's before the pivot, or of the host's after it.
 */
#include "runtime/child.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "kernel/path.h"
#include "runtime/hooks.h"
#include "runtime/rootfs/rootfs.h"
#include "runtime/security/lsm.h"
#include "runtime/sync.h"

int child_die_with_parent(struct err *e)
{
    return prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 ? err_sys(e, "arrange to end with the parent") : 0;
}

int child_label_exec(const struct spec_process *p, struct err *e)
{
    _cleanup_close_ int proc_fd = -1;

    if (!p->apparmor_profile && !p->selinux_label)
        return 0;
    proc_fd = path_open_procfs(e);
    return proc_fd < 0 ? proc_fd : lsm_apply_exec(p, proc_fd, e);
}

/* ---- outside of the container's root, before the id maps ---- */

static int begin(struct child *c, struct err *e)
{
    fd_close(&c->parent_sync); /* or the parent's end would never be seen */
    umask(022);                /* whatever the caller's was; the payload's comes last */
    return child_die_with_parent(e);
}

/* Before it changes its ids: a v1 hierarchy is the host's root's to write. */
static int join_cgroups(struct child *c, struct err *e)
{
    return cgroup_join_self(c->cgroup, c->is_in_v2_cgroup, e);
}

static int enter_time(struct child *c, struct err *e)
{
    return ns_time_enter(c->spec, c->plan, e);
}

static int label_exec(struct child *c, struct err *e)
{
    return child_label_exec(&c->spec->process, e);
}

/* ---- root of its user namespace ---- */

static int become_root(struct child *c, struct err *e)
{
    int r = sync_wait(c->sync, SYNC_MAPPED, NULL, 0, NULL, e);

    if (r == 0)
        r = ns_user_become_root(&c->payload.can_setgroups, e);
    return r == 0 ? child_die_with_parent(e) : r;
}

static int enter_network(struct child *c, struct err *e)
{
    return ns_net_enter(c->spec, c->plan, c->sync, e);
}

static int enter_namespaces(struct child *c, struct err *e)
{
    static int (*const enter[])(const struct spec *, const struct ns_plan *, struct err *) = {
        ns_ipc_enter,
        ns_uts_enter,
        ns_cgroup_enter,
        ns_mount_enter,
    };
    int r = 0;

    for (size_t i = 0; i < ARRAY_SIZE(enter) && r == 0; i++)
        r = enter[i](c->spec, c->plan, e);
    return r;
}

static int start_session(struct child *c, struct err *e)
{
    (void)c;
    return setsid() < 0 ? err_sys(e, "start a session") : 0;
}

/* ---- the root file system ---- */

static int receive_mounts(struct child *c, struct rootfs_fds *ret, struct err *e)
{
    const struct spec *s = c->spec;
    size_t max = s->n_mounts + s->n_devices + 2; /* and the root, and /dev */
    _cleanup_free_ int *fds = calloc(max, sizeof(*fds));
    size_t n;
    int r;

    if (!fds)
        return err_set(e, ERR_SYS, ENOMEM, "receive the mounts");
    r = sync_wait(c->sync, SYNC_MOUNTS, fds, max, &n, e);
    if (r < 0 || !spec_has_own(s, NS_MOUNT))
        return r;
    return rootfs_fds_unpack(s, fds, n, ret, e);
}

static int enter_rootfs(struct child *c, struct err *e)
{
    _cleanup_(rootfs_fds_release) struct rootfs_fds fds = {.v = NULL};
    int r = receive_mounts(c, &fds, e);

    if (r == 0)
        r = hooks_run(c->spec, SPEC_HOOK_CREATE_CONTAINER, getpid(), "creating", e);
    return r == 0 && spec_has_own(c->spec, NS_MOUNT) ? rootfs_enter(c->spec, &fds, e) : r;
}

/* Only now: mounting the cgroup file system looks at the hierarchies outside. */
static int close_host_fds(struct child *c, struct err *e)
{
    const int keep[] = {c->sync, c->stdio[0], c->stdio[1], c->stdio[2]};

    return stdio_close_others(c->payload.n_preserved, keep, ARRAY_SIZE(keep), e);
}

static int write_sysctls(struct child *c, struct err *e)
{
    return ns_write_sysctls(c->spec, e);
}

static int open_console(struct child *c, struct err *e)
{
    int slave;
    int r;

    if (!c->spec->process.terminal)
        return 0;
    r = terminal_set_up(&c->spec->process, c->sync, &slave, e);
    if (r < 0)
        return err_context(e, "set up the terminal");
    c->stdio[0] = c->stdio[1] = c->stdio[2] = slave;
    return rootfs_bind_console(slave, e);
}

static int seal_rootfs(struct child *c, struct err *e)
{
    return spec_has_own(c->spec, NS_MOUNT) ? rootfs_seal(c->spec, e) : 0;
}

/* ---- the payload ---- */

static int place_stdio(struct child *c, struct err *e)
{
    return stdio_place(c->stdio, e);
}

static int prepare_payload(struct child *c, struct err *e)
{
    return payload_prepare(&c->payload, e);
}

static int wait_for_the_word(struct child *c, struct err *e)
{
    int r = sync_send(c->sync, SYNC_READY, NULL, 0, e);

    return r == 0 ? child_wait_for_word(c, e) : r;
}

static int run_start_hooks(struct child *c, struct err *e)
{
    return hooks_run(c->spec, SPEC_HOOK_START_CONTAINER, getpid(), "created", e);
}

static int execute_payload(struct child *c, struct err *e)
{
    return payload_execute(&c->payload, e);
}

typedef int (*child_step)(struct child *c, struct err *e);

static const child_step steps[] = {
    begin,             /* ends with the parent from here on */
    join_cgroups,      /* before it changes its ids */
    enter_time,        /* before it changes its ids */
    label_exec,        /* through the host's procfs */
    become_root,       /* of its user namespace, once that has maps */
    enter_network,     /* SYNC_NETWORK: the parent fills it meanwhile */
    enter_namespaces,  /* ipc, uts, cgroup, mount */
    start_session,     /* of its own: no terminal of the caller's */
    enter_rootfs,      /* SYNC_MOUNTS: attaches what the parent prepared, pivots */
    close_host_fds,    /* nothing of the host is left */
    write_sysctls,     /* while /proc/sys can be written */
    open_console,      /* while /dev can be mounted on */
    seal_rootfs,       /* masks, read-only paths and root */
    place_stdio,       /* 0, 1 and 2 */
    prepare_payload,   /* user, limits, capabilities */
    wait_for_the_word, /* SYNC_READY, SYNC_EXEC */
    run_start_hooks,   /* inside, by the container's paths */
    execute_payload,   /* filter, execve */
};

void child_main(struct child *c)
{
    struct err e = ERR_INIT;
    int r = 0;

    for (size_t i = 0; i < ARRAY_SIZE(steps) && r == 0; i++)
        r = steps[i](c, &e);
    child_fail(c->sync, &e);
}

/* The status is for whoever only sees that: a filter of the user's may forbid even the telling. */
void child_fail(int sync, const struct err *e)
{
    (void)sync_send_error(sync, e);
    if (e->kind == ERR_NO_COMMAND)
        _exit(127);
    _exit(e->kind == ERR_NOT_EXECUTABLE ? 126 : 125);
}
