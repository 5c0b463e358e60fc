#include "base/process.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"

/*
 * The child runs in the parent's memory (CLONE_VM) while the parent's thread stands still (CLONE_VFORK) until the
 * child has executed or exited. Hence
 *
 *   - the child writes its error straight into the caller's struct err;
 *   - its stack is an array in the parent's frame, which cannot go away meanwhile: no mmap for each start (of the 16 kB
 *     it uses 5 on the deepest way, 7 with AddressSanitizer);
 *   - no signal handler may run in it, as that would change the parent's memory twice: all signals are blocked from
 *     before the clone until the child has no handlers left;
 *   - fds and signal actions are its own (neither CLONE_FILES nor CLONE_SIGHAND), so it shuffles them freely.
 */
enum { STACK_BYTES = 16 * 1024, CHILD_FAILED = 127, SIGNALS_MAX = 64 };

/* For the frames that execve and _exit leave without return: AddressSanitizer would keep their variables marked as dead
 * in what is the parent's stack again. */
#define LEFT_WITHOUT_RETURN __attribute__((no_sanitize("address")))

struct child {
    const struct process *process;
    struct err *e;
    int result; /* of the setup; 0 when the execve worked */
};

/* ---- in the child ---- */

/* The fds as they come to be: from[i] is what becomes i, or -1 for "closed". */
struct placement {
    int n;
    int from[PROCESS_FDS_MAX];
};

static int plan_placement(const struct process *p, struct placement *plan, struct err *e)
{
    int null_fd = -1;

    plan->n = p->n_fds < 3 ? 3 : (int)p->n_fds;
    for (int i = 0; i < plan->n; i++) {
        plan->from[i] = (size_t)i < p->n_fds ? p->fds[i] : -1;
        if (plan->from[i] >= 0 || i > 2)
            continue;
        if (null_fd < 0)
            null_fd = open("/dev/null", O_RDWR | O_CLOEXEC | O_NOCTTY);
        if (null_fd < 0)
            return err_sys(e, "open /dev/null");
        plan->from[i] = null_fd;
    }
    return 0;
}

/* Duplicates every source that lies among the targets to a number above them, so that placing one fd cannot overwrite
 * another that is still to be placed. */
static int lift_sources(struct placement *plan, struct err *e)
{
    for (int i = 0; i < plan->n; i++) {
        int fd = plan->from[i];

        if (fd < 0 || fd == i || fd >= plan->n)
            continue;
        plan->from[i] = fcntl(fd, F_DUPFD_CLOEXEC, plan->n);
        if (plan->from[i] < 0)
            return err_sys(e, "duplicate fd %d", fd);
    }
    return 0;
}

static int place_fd(int from, int to, struct err *e)
{
    int r;

    if (from < 0) {
        close(to);
        return 0;
    }
    if (from != to)
        return dup2(from, to) < 0 ? err_sys(e, "make fd %d the program's fd %d", from, to) : 0;
    r = fd_set_cloexec(to, false);
    return r < 0 ? err_set(e, ERR_SYS, -r, "pass fd %d", to) : 0;
}

static int place_fds(const struct process *p, struct err *e)
{
    struct placement plan;
    int r;

    r = plan_placement(p, &plan, e);
    if (r < 0)
        return r;
    r = lift_sources(&plan, e);
    if (r < 0)
        return r;
    for (int i = 0; i < plan.n; i++) {
        r = place_fd(plan.from[i], i, e);
        if (r < 0)
            return r;
    }
    /* All others should be close-on-exec already; one that a library or our own caller left open must not leak. */
    r = fd_cloexec_from((unsigned)plan.n, NULL, 0);
    return r < 0 ? err_set(e, ERR_SYS, -r, "close the other fds") : 0;
}

/* Ignored signals too: execve would hand them on. Those that libc or the kernel keep to themselves answer EINVAL. */
static void reset_signals(void)
{
    const struct sigaction dfl = {.sa_handler = SIG_DFL};
    sigset_t none;

    for (int signo = 1; signo <= SIGNALS_MAX; signo++)
        (void)sigaction(signo, &dfl, NULL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static LEFT_WITHOUT_RETURN int become(const struct process *p, struct err *e)
{
    int r;

    reset_signals();
    if (p->new_session && setsid() < 0)
        return err_sys(e, "start a session for %s", p->path);
    r = place_fds(p, e);
    if (r == 0 && p->prepare)
        r = p->prepare(p->prepare_arg, e);
    if (r < 0)
        return err_context(e, "start %s", p->path);
    execve(p->path, (char *const *)p->argv, p->env ? p->env : environ);
    return err_sys(e, "execute %s", p->path);
}

static LEFT_WITHOUT_RETURN int child_main(void *arg)
{
    struct child *child = arg;

    child->result = become(child->process, child->e);
    _exit(CHILD_FAILED);
}

/* ---- in the parent ---- */

static int clone_child(struct child *child, int *ret_pidfd)
{
    _Alignas(16) char stack[STACK_BYTES];
    sigset_t all;
    sigset_t old;
    int pid;
    int saved;

    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &old);
    pid = clone(child_main, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, child, ret_pidfd);
    saved = errno;
    sigprocmask(SIG_SETMASK, &old, NULL);
    return pid < 0 ? -saved : pid;
}

static int wait_pidfd(int pidfd, siginfo_t *ret)
{
    int r;

    do
        r = waitid(P_PIDFD, (id_t)pidfd, ret, WEXITED);
    while (r < 0 && errno == EINTR);
    return r < 0 ? -errno : 0;
}

int process_start(struct process *p, struct err *e)
{
    struct child child = {.process = p, .e = e};
    _cleanup_close_ int pidfd = -1;
    siginfo_t info;
    int pid;

    if (p->n_fds > PROCESS_FDS_MAX)
        return err_set(e, ERR_INTERNAL, 0, "start %s: %zu fds, at most %d are passed", p->path, p->n_fds,
                       PROCESS_FDS_MAX);
    pid = clone_child(&child, &pidfd);
    if (pid < 0)
        return err_set(e, ERR_SYS, -pid, "make a process for %s", p->path);
    if (child.result < 0) {
        (void)wait_pidfd(pidfd, &info);
        return child.result;
    }
    p->pid = pid;
    p->pidfd = TAKE_FD(pidfd);
    return 0;
}

int process_wait(struct process *p, int *ret_status, struct err *e)
{
    siginfo_t info;
    int r = wait_pidfd(p->pidfd, &info);

    if (r < 0)
        return err_set(e, ERR_SYS, -r, "wait for process %d", (int)p->pid);
    *ret_status = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
    return 0;
}
