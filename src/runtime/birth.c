#include "runtime/birth.h"

#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/fd.h"
#include "kernel/pidfd.h"
#include "kernel/syscalls.h"
#include "runtime/sync.h"

static int clone_failed(uint64_t flags, struct err *e)
{
    err_sys(e, "clone the container's init");
    return ns_advise(flags, e);
}

/* Who is in the container's pid namespace already could look into its init before that has dropped anything: with the
 * same uid, and but for this flag (CVE-2016-9962). The flag is inherited, and lost at the execve. */
static bool hide_from_debuggers(const struct spec *spec)
{
    return !spec_has_own(spec, NS_PID) && prctl(PR_GET_DUMPABLE) == 1 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
}

static pid_t clone_child(const struct birth *b, uint64_t flags, int *ret_pidfd, struct err *e)
{
    int cgroup_fd = cgroup_clone_fd(b->cgroup);
    int pidfd = -1;
    struct clone_args args = {
        .flags = flags | CLONE_PIDFD | (cgroup_fd >= 0 ? CLONE_INTO_CGROUP : 0),
        .pidfd = (uint64_t)(uintptr_t)&pidfd,
        .exit_signal = SIGCHLD,
        .cgroup = cgroup_fd >= 0 ? (uint64_t)cgroup_fd : 0,
    };
    pid_t pid;

    b->child->is_in_v2_cgroup = cgroup_fd >= 0;
    pid = sys_clone3(&args);
    if (pid < 0)
        return clone_failed(flags, e);
    if (pid > 0)
        *ret_pidfd = pidfd;
    return pid;
}

static int clone_directly(const struct birth *b, pid_t *ret_pid, int *ret_pidfd, struct err *e)
{
    pid_t pid = clone_child(b, b->plan->clone_flags, ret_pidfd, e);

    if (pid < 0)
        return pid;
    if (pid == 0)
        child_main(b->child);
    *ret_pid = pid;
    return 0;
}

/* ---- inside ---- */

static int deliver(const struct birth *b, struct err *e)
{
    int pidfd = -1;
    /* No exit signal: with CLONE_PARENT it is the one that this process has. */
    struct clone_args args = {
        .flags = b->plan->clone_flags | CLONE_PIDFD | CLONE_PARENT,
        .pidfd = (uint64_t)(uintptr_t)&pidfd,
    };
    pid_t pid = sys_clone3(&args);

    if (pid < 0)
        return clone_failed(b->plan->clone_flags, e);
    if (pid == 0)
        child_main(b->child);
    return sync_send(b->child->sync, SYNC_BORN, &pidfd, 1, e);
}

static _Noreturn void be_midwife(const struct birth *b)
{
    struct err e = ERR_INIT;
    int r = child_die_with_parent(&e);

    if (r == 0)
        r = ns_user_join(b->plan, &e);
    if (r == 0)
        r = deliver(b, &e);
    if (r < 0)
        child_fail(b->child->sync, &e);
    _exit(0);
}

static int clone_inside(const struct birth *b, pid_t *ret_pid, int *ret_pidfd, struct err *e)
{
    _cleanup_close_ int midwife = -1;
    siginfo_t info;
    size_t n = 0;
    pid_t pid = clone_child(b, 0, &midwife, e);
    int r;

    if (pid < 0)
        return pid;
    if (pid == 0)
        be_midwife(b);
    /* Our copy of the child's end has to go first, or a dead midwife would leave us waiting. */
    fd_close(&b->child->sync);
    r = sync_wait(b->parent_sync, SYNC_BORN, ret_pidfd, 1, &n, e);
    (void)pidfd_wait(midwife, &info, NULL);
    if (r < 0)
        return r;
    if (n != 1)
        return err_set(e, ERR_INTERNAL, EPROTO, "the container's init was born without a pidfd");
    *ret_pid = pidfd_to_pid(*ret_pidfd);
    return *ret_pid > 0 ? 0 : err_set(e, ERR_SYS, ESRCH, "find the container's init");
}

/* ---- both ---- */

int birth_of_init(const struct birth *b, pid_t *ret_pid, int *ret_pidfd, struct err *e)
{
    bool is_hidden = hide_from_debuggers(b->child->spec);
    int own_pid_ns;
    int r = ns_pid_enter_for_children(b->plan->join_fd[NS_PID], &own_pid_ns, e);

    if (r == 0) {
        r = b->plan->join_fd[NS_USER] >= 0 ? clone_inside(b, ret_pid, ret_pidfd, e)
                                           : clone_directly(b, ret_pid, ret_pidfd, e);
        if (ns_pid_restore(own_pid_ns, r < 0 ? NULL : e) < 0 && r == 0)
            r = err_to_errno(e);
    }
    if (is_hidden)
        (void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    fd_close(&b->child->sync);
    return r;
}
