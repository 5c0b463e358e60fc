/*
 * Making a container, as seen by the parent: the left-hand column of the diagram in sync.h, until the init has all that
 * it needs. What follows is in start.c.
 *
 * Should: on failure leave neither process nor cgroup, and say what the step that failed said.
 * Mustn't: attach a mount, or change anything of its own but what it restores.
 */
#include <fcntl.h>
#include <stdlib.h>

#include "base/fd.h"
#include "kernel/pidfd.h"
#include "runtime/birth.h"
#include "runtime/child.h"
#include "runtime/hooks.h"
#include "runtime/rootfs/rootfs.h"
#include "runtime/runtime.h"
#include "runtime/security/seccomp.h"
#include "runtime/sync.h"

/* All that one runtime_create has in hand. */
struct creation {
    const struct spec *spec;
    struct runtime_stdio *io;
    struct runtime_container *container;
    struct ns_plan plan;
    struct child child;
    void *filter; /* what seccomp_resolve allocated */
};

static void creation_release(struct creation *c)
{
    ns_plan_release(&c->plan);
    fd_close(&c->child.sync);
    free(c->filter);
}

/* ---- before the clone: what can fail without a process to clean up ---- */

static int resolve_filter(struct creation *c, struct err *e)
{
    struct payload *p = &c->child.payload;

    if (c->spec->seccomp.profile && c->spec->seccomp.mode == SPEC_SECCOMP_NONE)
        return err_set(e, ERR_INTERNAL, 0, "linux.seccomp was not compiled");
    p->filter_flags = c->spec->seccomp.flags;
    return seccomp_resolve(c->spec, &p->filter, &p->n_filter, &c->filter, e);
}

static int give_stdio(struct creation *c, struct err *e)
{
    return stdio_give_to_root(c->child.stdio, c->spec, e);
}

static int open_sync(struct creation *c, struct err *e)
{
    int r = sync_pair(&c->container->sync_fd, &c->child.sync, e);

    c->child.parent_sync = r == 0 ? c->container->sync_fd : -1;
    return r;
}

static int make_cgroup(struct creation *c, struct err *e)
{
    return cgroup_create(c->spec, &c->container->cgroup, e);
}

static int open_namespaces(struct creation *c, struct err *e)
{
    return ns_plan_open(c->spec, &c->plan, e);
}

/* ---- the clone, and after it ---- */

static int clone_init(struct creation *c, struct err *e)
{
    const struct birth b = {
        .child = &c->child, .plan = &c->plan, .cgroup = &c->container->cgroup, .parent_sync = c->container->sync_fd};

    return birth_of_init(&b, &c->container->pid, &c->container->pidfd, e);
}

static int set_limits(struct creation *c, struct err *e)
{
    int r = rlimits_make_room(c->container->pid, &c->spec->process, e);

    return r == 0 ? oom_score_write(c->container->pid, &c->spec->process, e) : r;
}

static int map_ids(struct creation *c, struct err *e)
{
    int r = ns_user_write_maps(c->container->pid, c->spec, e);

    return r == 0 ? sync_send(c->container->sync_fd, SYNC_MAPPED, NULL, 0, e) : r;
}

/* The new one or the joined one; *ret stays -1 for the host's. */
static int open_userns(struct creation *c, int *ret, struct err *e)
{
    int joined = c->plan.join_fd[NS_USER];
    int fd;

    if (!spec_has_own(c->spec, NS_USER) && joined < 0)
        return 0;
    fd = joined < 0 ? ns_open(c->container->pid, NS_USER, e) : fcntl(joined, F_DUPFD_CLOEXEC, 0);
    if (fd < 0)
        return joined < 0 ? fd : err_sys(e, "duplicate the user namespace");
    *ret = fd;
    return 0;
}

static int run_hooks(struct creation *c, struct err *e)
{
    int r = hooks_run(c->spec, SPEC_HOOK_PRESTART, c->container->pid, "creating", e);

    return r == 0 ? hooks_run(c->spec, SPEC_HOOK_CREATE_RUNTIME, c->container->pid, "creating", e) : r;
}

static int send_mounts(struct creation *c, const struct rootfs_fds *fds, struct err *e)
{
    _cleanup_free_ int *packed = calloc(fds->n + 1, sizeof(*packed));

    if (!packed)
        return err_set(e, ERR_SYS, ENOMEM, "hand the mounts over");
    return sync_send(c->container->sync_fd, SYNC_MOUNTS, packed, rootfs_fds_pack(fds, packed), e);
}

static int hand_over_rootfs(struct creation *c, struct err *e)
{
    _cleanup_(rootfs_fds_release) struct rootfs_fds fds = {.v = NULL};
    _cleanup_close_ int userns = -1;
    int r = 0;

    if (spec_has_own(c->spec, NS_MOUNT)) {
        if (!spec_keeps_all_ids(c->spec))
            r = open_userns(c, &userns, e);
        if (r == 0)
            r = rootfs_prepare(c->spec, userns, &fds, e);
    }
    if (r == 0)
        r = run_hooks(c, e);
    return r == 0 ? send_mounts(c, &fds, e) : r;
}

/* While the init goes on with its mounts. */
static int make_network(struct creation *c, struct err *e)
{
    return ns_net_fill(c->spec, c->container->sync_fd, &c->container->procfs_fd, e);
}

/* Without it the end is only slower. */
static int hold_mounts(struct creation *c, struct err *e)
{
    (void)e;
    if (spec_has_own(c->spec, NS_MOUNT))
        c->container->mounts_fd = ns_open(c->container->pid, NS_MOUNT, NULL);
    return 0;
}

static int receive_console(struct creation *c, struct err *e)
{
    return c->spec->process.terminal ? terminal_receive(c->container->sync_fd, &c->io->master, e) : 0;
}

/* ---- the plan ---- */

typedef int (*creation_step)(struct creation *c, struct err *e);

static const creation_step steps[] = {
    resolve_filter,   /* what can fail without a process fails first */
    open_namespaces,  /* those to join */
    give_stdio,       /* pipes to the container's root */
    open_sync,        /* close-on-exec: its end is the success */
    make_cgroup,      /* with its limits */
    clone_init,       /* the child goes on in child_main */
    set_limits,       /* that only the host can raise */
    map_ids,          /* SYNC_MAPPED */
    hand_over_rootfs, /* SYNC_MOUNTS */
    make_network,     /* SYNC_NETWORK */
    hold_mounts,      /* beyond the init's end */
    receive_console,  /* SYNC_CONSOLE */
};

int runtime_create(const struct spec *spec, struct runtime_stdio *io, struct runtime_container *ret, struct err *e)
{
    struct runtime_container container = RUNTIME_CONTAINER_INIT;
    _cleanup_(creation_release) struct creation c = {
        .spec = spec,
        .io = io,
        .container = &container,
        .plan = NS_PLAN_INIT,
    };
    int r = 0;

    c.child = (struct child){
        .spec = spec,
        .plan = &c.plan,
        .cgroup = &container.cgroup,
        .stdio = {io->in, io->out, io->err},
        .sync = -1,
        .parent_sync = -1,
        .payload = {.process = &spec->process,
                    .caps = &spec->process.caps,
                    .may_make_cwd = true,
                    .with_init = spec->process.init,
                    .n_preserved = io->n_preserved},
    };
    io->master = -1;
    if (!spec->has_process)
        return err_invalid(e, "process: a container needs a program to run");
    for (size_t i = 0; i < ARRAY_SIZE(steps) && r == 0; i++)
        r = steps[i](&c, e);
    if (r < 0) {
        fd_close(&io->master);
        return runtime_abandon(&container, e);
    }
    *ret = container;
    return 0;
}
