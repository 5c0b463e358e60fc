/* What follows runtime_create: letting the init go, and clearing up after it. */
#include <signal.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/parse.h"
#include "kernel/pidfd.h"
#include "runtime/runtime.h"
#include "runtime/sync.h"

/* ---- when it fails ---- */

/* The init's own end, when that is the reason. */
static void explain_end(const siginfo_t *info, struct err *e)
{
    const char *name = signal_name(info->si_status);

    if (info->si_code != CLD_KILLED && info->si_code != CLD_DUMPED)
        return;
    err_set(e, ERR_SYS, 0, "the container's init was ended by %s while it was set up", name ? name : "a signal");
    if (info->si_status == SIGKILL)
        err_advice(e, "is the memory limit too small?");
}

/* The one who failed first is the one to be heard: what we met may only be the echo of the child's failure. */
static void explain(struct runtime_container *c, struct err *e)
{
    bool is_echo = e->code == ECONNRESET || e->code == EPIPE || e->code == ESRCH;
    siginfo_t info = {.si_code = 0};

    if (sync_take_error(c->sync_fd, e) || c->pidfd < 0 || !is_echo)
        return;
    if (pidfd_has_exited(c->pidfd, 1000) && pidfd_wait(c->pidfd, &info, NULL) == 0)
        explain_end(&info, e);
}

/* It exits by itself when it has told why; with `--init` its init is ended too. */
static void end_init(struct runtime_container *c)
{
    siginfo_t info;

    if (c->pidfd < 0)
        return;
    (void)pidfd_kill(c->pidfd, SIGKILL, NULL);
    (void)pidfd_wait(c->pidfd, &info, NULL);
}

int runtime_abandon(struct runtime_container *c, struct err *e)
{
    explain(c, e);
    end_init(c);
    runtime_release(c);
    return err_to_errno(e);
}

/* ---- the start ---- */

static int wait_ready(struct runtime_container *c, struct err *e)
{
    int r = c->is_ready ? 0 : sync_wait(c->sync_fd, SYNC_READY, NULL, 0, NULL, e);

    c->is_ready = r == 0;
    return r;
}

int runtime_wait_ready(struct runtime_container *c, struct err *e)
{
    return wait_ready(c, e) < 0 ? runtime_abandon(c, e) : 0;
}

/* The word is given before the init is there to hear it: it then need not wait until we have woken up and said it. */
int runtime_start(struct runtime_container *c, struct err *e)
{
    int r = sync_send(c->sync_fd, SYNC_EXEC, NULL, 0, e);

    if (r == 0)
        r = wait_ready(c, e);
    if (r == 0)
        r = sync_wait_eof(c->sync_fd, e);
    if (r < 0) {
        explain(c, e);
        end_init(c);
        r = err_to_errno(e);
    }
    fd_close(&c->sync_fd);
    return r;
}

/* ---- the end ---- */

int runtime_clean_up(const char *cgroup_path, struct err *e)
{
    return cgroup_destroy(cgroup_path, e);
}

int runtime_release(struct runtime_container *c)
{
    struct err e = ERR_INIT;
    int r = c->cgroup.created ? runtime_clean_up(c->cgroup.path, &e) : 0;

    if (r < 0)
        log_warning("clean up the cgroup %s: %s", c->cgroup.path, e.text);
    cgroup_release(&c->cgroup);
    fd_close(&c->pidfd);
    fd_close(&c->sync_fd);
    fd_close(&c->mounts_fd);
    fd_close(&c->procfs_fd);
    *c = RUNTIME_CONTAINER_INIT;
    return r;
}
