/* What follows runtime_create: letting the init go, and clearing up after it. */
#include <signal.h>

#include "base/fd.h"
#include "base/log.h"
#include "kernel/pidfd.h"
#include "runtime/runtime.h"
#include "runtime/sync.h"

/* The child has told why, and exits by itself; with `--init` its init is ended too. */
static void reap_failed(struct runtime_container *c)
{
    siginfo_t info;

    (void)pidfd_kill(c->pidfd, SIGKILL, NULL);
    (void)pidfd_wait(c->pidfd, &info, NULL);
}

int runtime_start(struct runtime_container *c, struct err *e)
{
    int r = sync_send(c->sync_fd, SYNC_EXEC, NULL, 0, e);

    if (r == 0)
        r = sync_wait_eof(c->sync_fd, e);
    else if (sync_take_error(c->sync_fd, e))
        r = err_to_errno(e);
    fd_close(&c->sync_fd);
    if (r < 0)
        reap_failed(c);
    return r;
}

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
    *c = RUNTIME_CONTAINER_INIT;
    return r;
}
