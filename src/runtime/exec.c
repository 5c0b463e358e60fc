/*
 * A further process in a running container.
 *
 *   caller                                         child
 *     opens the cgroup, becomes undumpable, joins
 *     the pid namespace for its children
 *     clone3 (into the v2 cgroup) ------------------> born in the container's pid namespace, the caller's child
 *     returns to its own pid namespace                enters the v1 cgroups, labels its execve
 *     SYNC_MAPPED, only with limits to raise -------> setns(pidfd, all the others at once)
 *     (waits)    <-- SYNC_CONSOLE + fd                becomes root inside, new session, terminal
 *     (waits)                                         payload_prepare, payload_execute
 *     EOF: it runs   <------------------------------- execve
 *
 * One clone and no process between: joining the pid namespace acts on the children to come, and can be taken back.
 *
 * Between its birth and its execve the child is seen by the container's processes, as one that has the caller's image
 * and, until it drops it, more privilege than they have. Hence it is not dumpable from before its birth: no ptrace, no
 * look into its /proc/PID/fd or exe (CVE-2016-9962, CVE-2019-5736). And it holds no fd but its socket and its stdio
 * when it enters.
 *
 * CAP_SYS_PTRACE overcomes that, in the user namespace that the caller's memory belongs to: the host's. So where the
 * container shares it, an usher that the container does not see goes first: it is cloned outside, takes the steps that
 * deal with what is the host's, joins everything, and only then clones the child, as its own sibling, who is born with
 * no root, directory or fd of the host's. Who holds the host's CAP_SYS_PTRACE may still trace it (as with other engines).
 *
 *   caller                            usher                              child
 *     clone3 -------------------------> … close_host_fds, setns(all)
 *     SYNC_BORN + pidfd <-------------- clone3(CLONE_PARENT) -------------> born in the container's pid namespace
 *     SYNC_MAPPED --------------------------------------------------------> becomes root inside, and so on, as above
 *
 * Mustn't: follow a path of the host's after setns, or trust one of the container's.
 */
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "kernel/namespaces.h"
#include "kernel/pidfd.h"
#include "kernel/syscalls.h"
#include "runtime/child.h"
#include "runtime/runtime.h"
#include "runtime/security/capabilities.h"
#include "runtime/security/seccomp.h"
#include "runtime/sync.h"

struct joiner {
    const struct runtime_exec *x;
    struct runtime_stdio *io;
    int parent_sync;
    int sync;
    int flags; /* what setns joins */
    bool has_usher;
    struct cgroup cgroup;
    bool is_in_v2_cgroup;
    struct spec_caps all_caps;
    struct payload payload;
    void *filter; /* what seccomp_resolve allocated */
    pid_t pid;
    int pidfd;
};

static void joiner_release(struct joiner *j)
{
    fd_close(&j->parent_sync);
    fd_close(&j->sync);
    fd_close(&j->pidfd);
    cgroup_release(&j->cgroup);
    free(j->filter);
}

/* ---- the child ---- */

static int begin(struct joiner *j, struct err *e)
{
    fd_close(&j->parent_sync);
    umask(022);
    return child_die_with_parent(e);
}

static int join_cgroups(struct joiner *j, struct err *e)
{
    return cgroup_join_self(&j->cgroup, j->is_in_v2_cgroup, e);
}

/* Behind an usher also for the order: SYNC_BORN has to come first. */
static bool has_work_for_parent(const struct joiner *j)
{
    const struct spec_process *p = j->x->process;

    return j->has_usher || p->n_rlimits > 0 || p->has_oom_score_adj;
}

static int wait_for_parent(struct joiner *j, struct err *e)
{
    return has_work_for_parent(j) ? sync_wait(j->sync, SYNC_MAPPED, NULL, 0, NULL, e) : 0;
}

static int label_exec(struct joiner *j, struct err *e)
{
    return child_label_exec(j->x->process, e);
}

static int close_host_fds(struct joiner *j, struct err *e)
{
    const int keep[] = {j->sync, j->x->target_pidfd, j->io->in, j->io->out, j->io->err};

    return stdio_close_others(j->payload.n_preserved, keep, ARRAY_SIZE(keep), e);
}

static int join_namespaces(struct joiner *j, struct err *e)
{
    int target = j->x->target_pidfd;

    if (sys_setns(target, j->flags) < 0) {
        err_sys(e, "join the container's namespaces");
        return errno == ESRCH ? err_advice(e, "it has ended") : err_to_errno(e);
    }
    fd_close(&target);
    return 0;
}

/* Returns in the child; the usher tells about it, and ends. */
static int be_born(struct joiner *j, struct err *e)
{
    int pidfd = -1;
    /* No exit signal: with CLONE_PARENT it is the one that this process has. */
    struct clone_args args = {.flags = CLONE_PIDFD | CLONE_PARENT, .pidfd = (uint64_t)(uintptr_t)&pidfd};
    pid_t pid = j->has_usher ? sys_clone3(&args) : 0;

    if (pid < 0)
        return err_sys(e, "clone a process into the container");
    if (pid == 0)
        return child_die_with_parent(e);
    if (sync_send(j->sync, SYNC_BORN, &pidfd, 1, e) < 0)
        return err_to_errno(e);
    _exit(0);
}

static int become_root(struct joiner *j, struct err *e)
{
    int r = ns_user_become_root(&j->payload.can_setgroups, e);

    return r == 0 ? child_die_with_parent(e) : r;
}

static int start_session(struct joiner *j, struct err *e)
{
    (void)j;
    return setsid() < 0 ? err_sys(e, "start a session") : 0;
}

static int place_stdio(struct joiner *j, struct err *e)
{
    int fds[3] = {j->io->in, j->io->out, j->io->err};

    if (j->x->process->terminal) {
        int slave;
        int r = terminal_set_up(j->x->process, j->sync, &slave, e);

        if (r < 0)
            return err_context(e, "set up the terminal");
        fds[0] = fds[1] = fds[2] = slave;
    }
    return stdio_place(fds, e);
}

static int prepare_payload(struct joiner *j, struct err *e)
{
    return payload_prepare(&j->payload, e);
}

/* From here on it is the container's, and outlives whoever asked for it. */
static int execute_payload(struct joiner *j, struct err *e)
{
    if (prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0) < 0)
        return err_sys(e, "live on without the parent");
    return payload_execute(&j->payload, e);
}

typedef int (*joiner_step)(struct joiner *j, struct err *e);

static const joiner_step child_steps[] = {
    begin,           /* ends with the caller from here on */
    join_cgroups,    /* before it changes its ids */
    label_exec,      /* through the host's procfs */
    close_host_fds,  /* but the target's pidfd */
    join_namespaces, /* from here on all is the container's */
    be_born,         /* of the usher, if there is one */
    wait_for_parent, /* limits are raised from outside */
    become_root,     /* of its user namespace */
    start_session,   /* of its own: no terminal of the caller's */
    place_stdio,     /* or the terminal */
    prepare_payload, /* user, limits, capabilities */
    execute_payload, /* filter, execve */
};

static _Noreturn void joiner_main(struct joiner *j)
{
    struct err e = ERR_INIT;
    int r = 0;

    for (size_t i = 0; i < ARRAY_SIZE(child_steps) && r == 0; i++)
        r = child_steps[i](j, &e);
    child_fail(j->sync, &e);
}

/* ---- the caller ---- */

static int find_target(struct joiner *j, pid_t *ret, struct err *e)
{
    pid_t pid = pidfd_to_pid(j->x->target_pidfd);

    if (pid < 0)
        return err_set(e, ERR_CONFLICT, ESRCH, "the container is not running");
    *ret = pid;
    return 0;
}

/* setns(2) refuses the user namespace that one is in, which a container may have joined. */
static int is_shared_userns(pid_t target, bool *ret, struct err *e)
{
    uint64_t own = 0;
    uint64_t other = 0;
    int r = ns_inode(0, NS_USER, &own, e);

    if (r == 0)
        r = ns_inode(target, NS_USER, &other, e);
    *ret = r == 0 && own == other;
    return r;
}

static int plan_namespaces(struct joiner *j, struct err *e)
{
    const struct spec *spec = j->x->spec;
    bool is_shared = false;
    pid_t target;
    int r = find_target(j, &target, e);

    if (r == 0 && spec->ns[NS_USER].mode == SPEC_NS_JOIN)
        r = is_shared_userns(target, &is_shared, e);
    for (enum ns_kind kind = 0; kind < NS_COUNT; kind++) {
        if (spec->ns[kind].mode != SPEC_NS_INHERIT && kind != NS_PID && !(kind == NS_USER && is_shared))
            j->flags |= ns_kinds[kind].clone_flag;
    }
    j->has_usher = spec->ns[NS_PID].mode != SPEC_NS_INHERIT && !(j->flags & CLONE_NEWUSER);
    if (j->has_usher)
        j->flags |= CLONE_NEWPID;
    return r;
}

static int plan_payload(struct joiner *j, struct err *e)
{
    struct payload *p = &j->payload;

    p->process = j->x->process;
    p->caps = &j->x->process->caps;
    p->filter_flags = j->x->spec->seccomp.flags;
    p->n_preserved = j->io->n_preserved;
    if (!j->x->privileged)
        return seccomp_resolve(j->x->spec, &p->filter, &p->n_filter, &j->filter, e);
    j->all_caps = (struct spec_caps){.bounding = caps_all(), .permitted = caps_all(), .effective = caps_all()};
    p->caps = &j->all_caps;
    return 0;
}

static int open_cgroup(struct joiner *j, struct err *e)
{
    struct err own = ERR_INIT;
    int r = cgroup_open(j->x->spec->cgroup_path, &j->cgroup, &own);

    if (r < 0 && own.kind == ERR_NOT_FOUND && !ns_user_is_initial()) /* nor has the container one (cgroup_create) */
        return 0;
    if (r < 0 && e)
        *e = own;
    return r;
}

static int give_stdio(struct joiner *j, struct err *e)
{
    const int fds[] = {j->io->in, j->io->out, j->io->err};

    return stdio_give_to_root(fds, j->x->spec, e);
}

static int open_sync(struct joiner *j, struct err *e)
{
    return sync_pair(&j->parent_sync, &j->sync, e);
}

static int clone_joiner(struct joiner *j, struct err *e)
{
    int cgroup_fd = cgroup_clone_fd(&j->cgroup);
    struct clone_args args = {
        .flags = CLONE_PIDFD | (cgroup_fd >= 0 ? CLONE_INTO_CGROUP : 0),
        .pidfd = (uint64_t)(uintptr_t)&j->pidfd,
        .exit_signal = SIGCHLD,
        .cgroup = cgroup_fd >= 0 ? (uint64_t)cgroup_fd : 0,
    };

    j->is_in_v2_cgroup = cgroup_fd >= 0;
    j->pid = sys_clone3(&args);
    if (j->pid < 0) {
        err_sys(e, "clone a process into the container");
        return ns_advise(0, e);
    }
    if (j->pid == 0)
        joiner_main(j);
    return 0;
}

static int clone_into_container(struct joiner *j, struct err *e)
{
    bool has_pid_ns = j->x->spec->ns[NS_PID].mode != SPEC_NS_INHERIT;
    bool was_dumpable = prctl(PR_GET_DUMPABLE) == 1;
    int own_pid_ns;
    int r;

    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        return err_sys(e, "protect the new process");
    r = ns_pid_enter_for_children(has_pid_ns && !j->has_usher ? j->x->target_pidfd : -1, &own_pid_ns, e);
    if (r == 0) {
        r = clone_joiner(j, e);
        if (ns_pid_restore(own_pid_ns, r < 0 ? NULL : e) < 0 && r == 0)
            r = err_to_errno(e);
    }
    if (was_dumpable)
        (void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    fd_close(&j->sync);
    return r;
}

static int replace_usher(struct joiner *j, struct err *e)
{
    _cleanup_close_ int usher = -1;
    siginfo_t info;
    int r;

    if (!j->has_usher)
        return 0;
    usher = TAKE_FD(j->pidfd);
    r = sync_wait(j->parent_sync, SYNC_BORN, &j->pidfd, 1, NULL, e);
    if (r < 0)
        (void)pidfd_kill(usher, SIGKILL, NULL);
    (void)pidfd_wait(usher, &info, NULL);
    if (r < 0)
        return r;
    j->pid = pidfd_to_pid(j->pidfd);
    return j->pid > 0 ? 0 : err_set(e, ERR_SYS, ESRCH, "find the process in the container");
}

static int do_parents_work(struct joiner *j, struct err *e)
{
    const struct spec_process *p = j->x->process;
    int r;

    if (!has_work_for_parent(j))
        return 0;
    r = rlimits_make_room(j->pid, p, e);
    if (r == 0)
        r = oom_score_write(j->pid, p, e);
    return r == 0 ? sync_send(j->parent_sync, SYNC_MAPPED, NULL, 0, e) : r;
}

static int receive_console(struct joiner *j, struct err *e)
{
    return j->x->process->terminal ? terminal_receive(j->parent_sync, &j->io->master, e) : 0;
}

static int wait_for_execve(struct joiner *j, struct err *e)
{
    return sync_wait_eof(j->parent_sync, e);
}

static const joiner_step caller_steps[] = {
    plan_namespaces,      /* which to join */
    plan_payload,         /* capabilities, filter */
    open_cgroup,          /* to be cloned into */
    give_stdio,           /* pipes to the container's root */
    open_sync,            /* close-on-exec: its end is the success */
    clone_into_container, /* the child goes on in joiner_main */
    replace_usher,        /* SYNC_BORN, if there is one */
    do_parents_work,      /* limits that only the host can raise */
    receive_console,      /* SYNC_CONSOLE */
    wait_for_execve,      /* EOF */
};

static void reap_failed(struct joiner *j, struct err *e)
{
    siginfo_t info;

    fd_close(&j->io->master);
    (void)(j->parent_sync >= 0 && sync_take_error(j->parent_sync, e));
    if (j->pidfd < 0)
        return;
    (void)pidfd_kill(j->pidfd, SIGKILL, NULL);
    (void)pidfd_wait(j->pidfd, &info, NULL);
}

int runtime_exec(const struct runtime_exec *x, struct runtime_stdio *io, struct runtime_container *ret, struct err *e)
{
    _cleanup_(joiner_release) struct joiner j = {
        .x = x, .io = io, .parent_sync = -1, .sync = -1, .pidfd = -1, .cgroup = CGROUP_INIT};
    int r = 0;

    io->master = -1;
    for (size_t i = 0; i < ARRAY_SIZE(caller_steps) && r == 0; i++)
        r = caller_steps[i](&j, e);
    if (r < 0) {
        reap_failed(&j, e);
        return err_to_errno(e);
    }
    *ret = RUNTIME_CONTAINER_INIT;
    ret->pid = j.pid;
    ret->pidfd = TAKE_FD(j.pidfd);
    return 0;
}
